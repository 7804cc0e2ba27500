"""`python -m gateway --home DIR`: serve a city's current release over HTTP."""

from __future__ import annotations

import argparse
import os
import sys


def main() -> int:
    """Serve until stopped. Exit code 0 when stopped, 2 when an option or a setting is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m gateway",
        description="Serve a city's current release. Every option is also a variable CIVICLAKE_GATEWAY_<NAME>.",
    )
    parser.add_argument("--home", help="workspace of the city: the folder that holds releases/")
    parser.add_argument("--host", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", help="port to listen on (8000)")
    parser.add_argument("--workers", help="server processes (1)")
    for name, value in vars(parser.parse_args()).items():
        if value is not None:
            os.environ[f"CIVICLAKE_GATEWAY_{name.upper()}"] = value
    from gateway.server import serve

    return serve()


if __name__ == "__main__":
    sys.exit(main())
