"""Several processes behind one address: replaced when they die, ended with the one that started them, of one mind."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.acceptance.program import TOKEN, Program, running
from tests.api.door import Door, asset, door_to
from tests.postgres import connect
from tidings.client import Client
from tidings.model.errors import ClientError

pytestmark = pytest.mark.acceptance
WORKERS = 2


@pytest.fixture
def program(postgres_url: str) -> Iterator[Program]:
    with running(postgres_url, "--workers", str(WORKERS)) as program:
        yield program


@pytest.fixture
def door(program: Program) -> Iterator[Door]:
    with door_to(program.url) as door:
        yield door.with_token(TOKEN)


def workers_of(program: Program) -> set[int]:
    """The processes that serve: children of the program that run Python's own way to start one."""
    found = set()
    for folder in Path("/proc").iterdir():
        try:
            status, words = (folder / "status").read_text(), (folder / "cmdline").read_text()
        except OSError:
            continue
        if f"PPid:\t{program.process.pid}\n" in status and "spawn_main" in words:
            found.add(int(folder.name))
    return found


def until(wanted: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not wanted():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return "State:\tZ" in Path(f"/proc/{process}/status").read_text()


def saved(door: Door, name: str) -> bool:
    """Whether a save was acknowledged; a connection to a process that just died is cut."""
    try:
        door.save(asset("Table", name))
    except httpx.TransportError:
        return False
    return True


def test_a_worker_that_is_killed_is_replaced(program: Program, door: Door) -> None:
    before = workers_of(program)
    assert len(before) == WORKERS
    killed = min(before)
    os.kill(killed, signal.SIGKILL)
    until(lambda: len(workers_of(program) - {killed}) == WORKERS)
    names = [f"default/postgres/1/t{number}" for number in range(20)]
    kept = [name for name in names if saved(door, name)]
    assert len(kept) >= len(names) - 1
    assert door.head() >= len(kept)
    assert program.stop() == 0
    assert all(map(gone, before))
    assert any(f"server process {killed} ended" in line for line in program.said)


def test_all_end_when_the_program_is_told_to(program: Program) -> None:
    workers = workers_of(program)
    assert program.stop(signal.SIGINT) == 0
    assert all(map(gone, workers))
    assert not any("Traceback" in line for line in program.said)


def test_workers_end_with_the_one_that_started_them(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with running(postgres_url, "--workers", "2") as program:
        workers = workers_of(program)
        assert list(tmp_path.glob("tidings-metrics-*"))
        program.process.kill()
        until(lambda: all(map(gone, workers)))
    assert not list(tmp_path.iterdir())


def test_a_token_made_and_revoked_at_one_server_counts_at_another(postgres_url: str) -> None:
    with running(postgres_url) as here, running(postgres_url) as there, door_to(here.url) as door:
        admin = door.with_token(TOKEN)
        token = admin.ask("POST", "/api/tokens", 201, {"name": "guest", "role": "read"}).json()["token"]
        with Client(there.url, token) as guest:
            until(lambda: _is_let_in(guest))
            admin.ask("DELETE", "/api/tokens/guest", 204)
            until(lambda: not _is_let_in(guest))


def _is_let_in(client: Client) -> bool:
    try:
        client.status()
    except ClientError as error:
        if error.http_status != 401:
            raise
        return False
    return True


def test_metrics_are_those_of_all_processes(program: Program, door: Door) -> None:
    for number in range(10):
        with door_to(program.url) as fresh:  # each connection may be taken by another worker
            fresh.with_token(TOKEN).save(asset("Table", f"default/postgres/1/m{number}"))
    for _ in range(4):
        with door_to(program.url) as fresh:
            told = fresh.with_token(TOKEN).ask("GET", "/metrics").text
        assert 'tidings_events_total{operation="ENTITY_CREATE"} 10.0' in told


@pytest.mark.parametrize(
    "options", [["--workers", "2"], ["--workers", "2", "--database", "postgresql://127.0.0.1:1/none"]]
)
def test_what_cannot_be_is_said_before_anything_starts(tmp_path: Path, options: list[str]) -> None:
    with (
        pytest.raises(AssertionError, match=r"several need a catalog in PostgreSQL|127\.0\.0\.1"),
        running(tmp_path / "c.db", *options),
    ):
        pass


def test_a_worker_that_cannot_begin_says_why(program: Program, postgres_url: str) -> None:
    with connect(postgres_url) as admin:
        admin.execute("INSERT INTO migration (number) VALUES (9999)")  # as a newer Tidings leaves it
    killed = min(workers_of(program))
    os.kill(killed, signal.SIGKILL)
    until(lambda: any("written by a newer Tidings" in line for line in program.said))
