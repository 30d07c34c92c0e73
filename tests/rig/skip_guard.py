"""Fail a run in which tests were skipped for want of a browser or a library.

Odoo skips its browser tests silently when Chromium or websocket-client is missing, and
pytest-odoo all HTTP tests without ``--odoo-http``: a run that tested nothing of the
web client would look like one that passed.
"""

import re

import pytest

UNWANTED_REASONS = re.compile(
    r"chrom|browser|websocket|odoo-http|aiosmtpd|devtools", re.IGNORECASE
)


class SkipGuard:
    """Collects unwanted skips of a run, also from xdist's workers."""

    def __init__(self) -> None:
        self.unwanted: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a skip whose reason is something missing."""
        if report.skipped and isinstance(report.longrepr, tuple):
            reason = report.longrepr[2]
            if UNWANTED_REASONS.search(reason):
                self.unwanted[report.nodeid] = reason

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Turn a passed run into a failed one."""
        if self.unwanted and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> None:
        """Say which tests could not run and why."""
        if self.unwanted:
            terminalreporter.section("skipped, which fails the run", red=True)
            for name, reason in self.unwanted.items():
                terminalreporter.line(f"{name}: {reason}")


def pytest_configure(config: pytest.Config) -> None:
    """Register the guard."""
    config.pluginmanager.register(SkipGuard(), "mgp-skip-guard")
