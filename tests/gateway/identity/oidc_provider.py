"""A real OpenID provider over HTTP for the time of a test, run as a program of its own.

oidc-provider-mock speaks the protocol but does not check PKCE; the layer in front of it does, as city providers do.
"""

from __future__ import annotations

import base64
import hashlib
import io
import sys
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs, urlsplit


class ProofKeys:
    """WSGI layer: every code is bound to the challenge it was asked with, and given out against its verifier only."""

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self._app = app
        self._challenges: dict[str, str] = {}

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        query = parse_qs(environ["QUERY_STRING"])
        if environ["PATH_INFO"] == "/oauth2/authorize":
            if query.get("code_challenge_method") != ["S256"] or not query.get("nonce"):
                return self._refuse(start)

            def bound(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
                for name, value in headers:
                    if name == "Location":
                        for code in parse_qs(urlsplit(value).query).get("code", ()):
                            self._challenges[code] = query["code_challenge"][0]
                return start(status, headers, *rest)

            return self._app(environ, bound)
        if environ["PATH_INFO"] == "/oauth2/token":
            body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            environ["wsgi.input"] = io.BytesIO(body)
            form = parse_qs(body.decode())
            digest = hashlib.sha256(form.get("code_verifier", [""])[0].encode()).digest()
            proof = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            if self._challenges.pop(form.get("code", [""])[0], None) != proof:
                return self._refuse(start)
        return self._app(environ, start)

    @staticmethod
    def _refuse(start: Callable[..., Any]) -> Iterable[bytes]:
        start("400 Bad Request", [("Content-Type", "application/json")])
        return [b'{"error": "invalid_grant"}']


def main() -> None:
    """Serve on a free port, which is written to standard output, until ended."""
    import oidc_provider_mock
    from werkzeug.serving import make_server

    users = [
        oidc_provider_mock.User(sub="ann-1", claims={"email": "ann@city.example", "email_verified": True}),
        oidc_provider_mock.User(sub="eve-9", claims={"email": "ann@city.example", "email_verified": False}),
    ]
    app = oidc_provider_mock.app(require_client_registration=True, require_nonce=True, user_claims=users)
    server = make_server("localhost", 0, ProofKeys(app), threaded=True)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
