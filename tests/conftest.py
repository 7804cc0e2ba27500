"""What a test wants shown at the end of every run, also from other processes: its property `printed`."""

from __future__ import annotations

import pytest

PRINTED = "printed"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the property `printed` of every test that recorded one."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, text in report.user_properties:
                if name == PRINTED and report.when == "call":
                    terminalreporter.section(report.nodeid)
                    terminalreporter.write_line(str(text))
