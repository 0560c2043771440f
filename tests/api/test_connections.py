"""Deleting everything under a connection through the door, and what there is to see meanwhile."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from tests.api.door import Door, asset, named, serving, some_connection
from tidings.api import connections
from tidings.model.errors import TidingsError
from tidings.write import connection as subject

LINES = {"accept": "application/x-ndjson"}
COUNTS = {"Column": 6, "Connection": 1, "Schema": 1, "Table": 3}
PATH = "/api/connections"


@pytest.fixture
def home(door: Door) -> str:
    return filled(door)


def filled(door: Door, tables: int = 3) -> str:
    """A connection with a schema, tables and two columns in each."""
    home = some_connection()
    door.save(asset("Connection", home), asset("Schema", f"{home}/s"))
    for table in range(tables):
        name = f"{home}/s/t{table}"
        columns = [asset("Column", f"{name}/c{n}", order=n, table=named("Table", name)) for n in (1, 2)]
        door.save(asset("Table", name, atlanSchema=named("Schema", f"{home}/s")), *columns)
    return home


def ask(door: Door, home: str, **params: Any) -> Any:
    return door.ask("DELETE", PATH, params={"qualifiedName": home, **params}).json()


def test_archive_archive_again_and_purge(door: Door, home: str) -> None:
    after = door.head()
    archived = ask(door, home)
    assert (archived["deleted"], archived["total"], archived["resumed"]) == (COUNTS, 11, False)
    assert (archived["firstPosition"], archived["lastPosition"]) == (after + 1, after + 11)
    assert {one["tidings"]["cause"] for one in door.events(after)} == {archived["cause"]}
    again = ask(door, home, deleteType="soft")
    assert (again["deleted"], again["cause"], door.head()) == ({}, None, after + 11)
    assert ask(door, home, deleteType="PURGE")["deleted"] == COUNTS
    assert door.refusal("DELETE", PATH, 404, params={"qualifiedName": home})["errorCode"] == "ATLAS-404-00-009"


def test_a_dry_run_counts_and_writes_nothing(door: Door, home: str) -> None:
    after = door.head()
    told = ask(door, home, deleteType="PURGE", dryRun="true")

    assert told == {"connection": home, "deleteType": "PURGE", "dryRun": True, "deleted": COUNTS, "total": 11}
    assert door.head() == after


def test_progress_comes_line_by_line(door: Door, home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "CHUNK", 3)
    params = {"qualifiedName": home, "deleteType": "PURGE"}
    answer = door.ask("DELETE", PATH, params=params, headers=LINES)

    *lines, last = [json.loads(line) for line in answer.text.splitlines()]
    assert lines == [{"done": done, "total": 11} for done in (0, 3, 6, 9, 11)]
    assert (last["summary"]["deleted"], answer.headers["content-type"]) == (COUNTS, LINES["accept"])


@pytest.mark.parametrize("headers", [{}, LINES])
def test_refusals_are_answers_as_everywhere(door: Door, home: str, headers: dict[str, str]) -> None:
    def refused(status: int, **params: str) -> str:
        return str(door.refusal("DELETE", PATH, status, params=params, headers=headers)["errorMessage"])

    assert "qualifiedName is missing" in refused(400)
    assert "is a Schema, not a connection" in refused(400, qualifiedName=f"{home}/s")
    assert "SOFT, HARD, PURGE" in refused(400, qualifiedName=home, deleteType="gone")
    assert "does not exist" in refused(404, qualifiedName="default/x/none")


def test_what_is_deleted_is_counted_in_the_metrics(door: Door, home: str) -> None:
    line = 'tidings_assets_changed_total{kind="purge"}'
    before = door.metric(line) or 0
    ask(door, home, deleteType="PURGE")
    assert door.metric(line) == before + 11


class Held:
    """Stops a deletion behind each of its transactions until it is let go on."""

    def __init__(self) -> None:
        self.reached, self.go_on = threading.Semaphore(0), threading.Semaphore(0)

    def __call__(self, *arguments: Any) -> Any:
        *others, told = arguments

        def tell(done: int, total: int) -> None:
            self.reached.release()
            assert self.go_on.acquire(timeout=60)
            told(done, total)

        work: Any = subject.delete_connection
        return work(*others, tell)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    held = Held()
    monkeypatch.setattr(subject, "CHUNK", 3)
    monkeypatch.setattr("tidings.api.connections.delete_connection", held)
    yield held
    held.go_on.release(1_000)


def asked_aside(door: Door, home: str, status: int = 200) -> tuple[threading.Thread, list[Any]]:
    answers: list[Any] = []
    params = {"qualifiedName": home, "deleteType": "PURGE"}
    thread = threading.Thread(target=lambda: answers.append(door.ask("DELETE", PATH, status, params=params).json()))
    thread.start()
    return thread, answers


def test_others_are_served_meanwhile_and_see_how_far_it_is(held: Held) -> None:
    with serving() as (door, _):
        home = filled(door)
        thread, answers = asked_aside(door, home)
        held.go_on.release()
        for _ in range(2):
            assert held.reached.acquire(timeout=60)
        [task] = door.read("/api/tasks")["tasks"]
        assert (task["kind"], task["subject"]) == ("connection", home)
        assert (task["state"]["done"], task["state"]["total"], task["state"]["deleteType"]) == (3, 11, "PURGE")
        held.go_on.release(100)
        thread.join()
        assert (answers[0]["total"], answers[0]["cause"]) == (11, task["state"]["cause"])
        assert door.read("/api/tasks") == {"tasks": []}


def test_a_server_that_stops_ends_it_behind_a_transaction(held: Held, tmp_path: Any) -> None:
    database = f"sqlite:///{tmp_path}/c.db"
    with serving(database=database, shutdown_seconds=30.0) as (door, server):
        home = filled(door)
        thread, answers = asked_aside(door, home, 503)
        held.go_on.release()
        for _ in range(2):
            assert held.reached.acquire(timeout=60)
        server.should_exit = True
        while not server._parts.feed.closed:
            pass
        held.go_on.release(100)
        thread.join()
        assert "3 of 11 assets are deleted, ask again" in answers[0]["errorMessage"]
    with serving(database=database) as (door, _):
        rest = ask(door, home, deleteType="PURGE")
        assert (rest["total"], rest["resumed"]) == (11, True)


def noticed(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set once the server knows that nobody reads its lines any more."""
    lines: Any = connections._lines
    over = threading.Event()

    async def watched(*arguments: Any) -> AsyncIterator[bytes]:
        try:
            async with contextlib.aclosing(lines(*arguments)) as found:
                async for line in found:
                    yield line
        finally:
            over.set()

    monkeypatch.setattr(connections, "_lines", watched)
    return over


def test_a_client_that_goes_away_leaves_what_is_done(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = noticed(monkeypatch)
    with serving() as (door, _):
        home = filled(door)
        params = {"qualifiedName": home, "deleteType": "PURGE"}
        held.go_on.release(2)
        with door.http.stream("DELETE", PATH, params=params, headers={**door.bearer, **LINES}) as answer:
            found = answer.iter_lines()
            assert [json.loads(next(found))["done"] for _ in range(2)] == [0, 3]
        assert gone.wait(60)
        held.go_on.release(100)
        rest = ask(door, home, deleteType="PURGE")
        assert rest["total"] == 11
        assert len(door.events(door.head() - 11)) == 11


def test_a_fault_in_the_middle_ends_the_lines_with_it(door: Door, home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(error: Exception) -> Any:
        def work(*arguments: Any) -> None:
            arguments[-1](0, 11)
            raise error

        monkeypatch.setattr("tidings.api.connections.delete_connection", work)
        params = {"qualifiedName": home}
        lines = door.ask("DELETE", PATH, params=params, headers=LINES).text.splitlines()
        return json.loads(lines[-1])["error"]

    assert failing(TidingsError("the disk is full"))["errorMessage"] == "the disk is full"
    assert "server's log" in failing(ValueError("secret"))["errorMessage"]
