"""A copy outlives whatever ends its process: killed at any moment, it is finished by the same command, and nothing is twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.postgres import open_store
from tests.store.furnished import furnish
from tests.store.test_copying import contents
from tidings.store.base import Store
from tidings.store.sqlite import SqliteStore

pytestmark = pytest.mark.acceptance
KILLED = [
    ("part", 1), ("filled", 1), ("part", 3), ("filled", 2), ("part", 5), ("filled", 6), ("filled", 10), ("part", 2),
    ("filled", 5), ("unmarked", 1), ("end", 1),
]  # fmt: skip
"""Places at which one process after the other is killed, each counted from where it took the copy up."""


def program(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TIDINGS_")}
    return subprocess.run(
        [sys.executable, "-m", *arguments], env=environment, cwd=Path(__file__).parents[2], check=False,
        capture_output=True, text=True, timeout=100,
    )  # fmt: skip


def opened(url: str) -> Store:
    return SqliteStore(url.removeprefix("sqlite:///")) if url.startswith("sqlite:") else open_store(url)


@pytest.fixture
def source(tmp_path: Path) -> str:
    store = SqliteStore(str(tmp_path / "source.db"))
    furnish(store)
    store.close()
    return f"sqlite:///{tmp_path}/source.db"


@pytest.fixture(params=["sqlite", "postgres"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/target.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.mark.slow
def test_a_copy_killed_again_and_again_is_finished(source: str, target: str) -> None:
    for number, (place, count) in enumerate(KILLED):
        ended = program("tests.acceptance.copying", str(int(signal.SIGKILL)), place, str(count), source, target)
        assert (place, count, ended.returncode) == (place, count, -signal.SIGKILL), ended.stderr
        if number == 2:  # the first two fell before anything was on disk
            assert "unfinished copy" in program("tidings", "check", "--database", target).stderr

    finished = program("tidings", "copy", source, target)

    assert (finished.returncode, json.loads(finished.stdout)["verified"]) == (0, True)
    made, wanted = opened(target), opened(source)
    assert contents(made) == contents(wanted)
    made.close()
    wanted.close()
    assert json.loads(program("tidings", "check", "--database", target).stdout)["sound"] is True


def test_an_interrupted_copy_says_how_to_go_on(source: str, target: str) -> None:
    ended = program("tests.acceptance.copying", str(int(signal.SIGINT)), "filled", "4", source, target)

    assert (ended.returncode, ended.stdout) == (130, "")
    assert ended.stderr == "stopped; what was copied so far is kept: run the same command again to go on\n"
    assert program("tidings", "copy", source, target).returncode == 0
