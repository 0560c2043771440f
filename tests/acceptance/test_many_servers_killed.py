"""Two servers share one PostgreSQL, and whatever can end is ended at random: nothing acknowledged is lost, nothing done twice,
and a tag that travels meanwhile reaches everybody once.

`make faults ARGS="--database postgres"` does the same for as long as one likes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.faults_postgres import plan, run

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.postgres,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # sockets whose server is gone
]


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that another user may enter, as whom PostgreSQL runs where the tests are root's."""
    with tempfile.TemporaryDirectory(prefix="tidings-") as name:
        yield Path(name)


def test_servers_and_their_postgres_are_killed_and_every_promise_is_kept(folder: Path) -> None:
    summary = run(3, 3, folder, plan(tags=True))
    assert summary.violations == []
    assert set(summary.strikes) == {"server killed", "PostgreSQL killed", "connections cut"}
    assert summary.acknowledged > 0


@pytest.mark.parametrize("only", ["worker killed", "watcher killed"])
def test_processes_of_a_server_are_killed_and_every_promise_is_kept(folder: Path, only: str) -> None:
    summary = run(1, 5, folder, plan(workers=2, only=only))
    assert summary.violations == []
    assert summary.acknowledged > 0
