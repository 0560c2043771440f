"""For every test: generated inputs are not hurried, and continuous integration skips nothing in silence."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.postgres import postgres_server, postgres_url

__all__ = ["postgres_server", "postgres_url"]  # fixtures for every test

if TYPE_CHECKING:
    from collections.abc import Generator

# A slow machine is no reason to fail: timing never decides a test.
settings.register_profile("tidings", deadline=None, print_blob=True)
settings.load_profile("tidings")

# The only reasons for which a test may be skipped where CI is set; compared to the letter.
SKIPS_ALLOWED_IN_CI: frozenset[str] = frozenset()


def pytest_configure(config: pytest.Config) -> None:
    # A shell that starts the tests in the background has Ctrl-C ignored, and every program that they start would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    config.pluginmanager.register(_SkipsFail(), "tidings-skips-fail")


class _SkipsFail:
    """Collects what was skipped and, where CI is set, fails the session for it."""

    def __init__(self) -> None:
        self._skips: list[tuple[str, str]] = []  # test, reason

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if not hasattr(report, "wasxfail"):  # an expected failure is reported as skipped, but it ran
            self._note(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._note(report)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None]:
        if self._offences() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        yield

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        offences = self._offences()
        if offences:
            terminalreporter.section("skipped, which CI does not allow", red=True)
            for nodeid, reason in offences:
                terminalreporter.line(f"{nodeid}: {reason}")

    def _note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if report.skipped:
            _, _, text = report.longrepr if isinstance(report.longrepr, tuple) else ("", 0, str(report.longrepr))
            self._skips.append((report.nodeid, text.removeprefix("Skipped: ")))

    def _offences(self) -> list[tuple[str, str]]:
        if not os.environ.get("CI"):
            return []
        return [skip for skip in self._skips if skip[1] not in SKIPS_ALLOWED_IN_CI]
