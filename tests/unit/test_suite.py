"""The rule of the test suite itself: with CI set, a skipped test fails the run."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

CONFTEST = Path(__file__).parents[1] / "conftest.py"
SKIPPING = """
    import pytest

    @pytest.mark.skip(reason="no such server")
    def test_skipped(): ...

    @pytest.mark.xfail(reason="known")
    def test_expected_to_fail(): assert False

    def test_passes(): ...
"""


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv(
        "PYTHONPATH", str(CONFTEST.parents[1])
    )  # our conftest has fixtures from elsewhere among the tests
    pytester.makeconftest(CONFTEST.read_text(encoding="utf-8"))
    return pytester


def test_a_skip_fails_the_run_in_ci(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    suite.makepyfile(SKIPPING)

    result = suite.runpytest_subprocess()

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*test_skipped: no such server"])
    result.stdout.no_fnmatch_line("*test_expected_to_fail: *")


def test_a_module_that_skips_itself_fails_the_run_in_ci(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    suite.makepyfile(
        test_absent="import pytest; pytest.importorskip('no_such_module')", test_here="def test_passes(): ..."
    )

    result = suite.runpytest_subprocess()

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["test_absent.py: could not import 'no_such_module'*"])


def test_elsewhere_a_skip_is_only_reported(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    suite.makepyfile(SKIPPING)

    result = suite.runpytest_subprocess("-rs")

    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["SKIPPED*no such server"])
