"""A purge of 15,514 assets by the real program, killed in the middle twice: each asset is still purged exactly once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.program import TOKEN, running
from tests.docs.scenarios import save_connection
from tidings.client import Client, JsonObject
from tidings.config import Config
from tidings.model.errors import ClientError
from tidings.testing import Catalog
from tidings.wiring import load_types, open_store

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]
HOME = "default/postgres/1700000000"
COUNT = 15_514


def made(path: Path) -> int:
    """A catalog with the whole connection; the head of its log."""
    store = open_store(Config(database=f"sqlite:///{path}"))
    save_connection(Catalog(store, load_types(), "documented"))
    head = store.head()
    store.close()
    return head


def all_events(client: Client, after: int) -> list[JsonObject]:
    found: list[JsonObject] = []
    while (page := client.events(after, 5_000)).events:
        found += page.events
        after = page.next
    return found


def killed_in_the_middle(path: Path) -> int:
    """Ask for the purge, and kill the server when it tells of more than it began with; how far it was."""
    seen: list[int] = []
    with running(path) as program, Client(program.url, TOKEN) as client:

        def progress(done: int, total: int) -> None:
            seen.append(done)
            assert total == COUNT
            if done > seen[0]:
                program.process.kill()

        with pytest.raises(ClientError, match="ask again"):
            client.delete_connection(HOME, delete_type="PURGE", progress=progress)
    return seen[0]


def test_killed_twice_and_asked_again(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    head = made(path)

    first, second = killed_in_the_middle(path), killed_in_the_middle(path)

    assert 0 == first < second < COUNT
    with running(path) as program, Client(program.url, TOKEN) as client:
        answer = client.delete_connection(HOME, delete_type="PURGE")
        assert (answer["total"], answer["resumed"], answer["firstPosition"]) == (COUNT, True, head + 1)
        events = all_events(client, head)
    assert [one["tidings"]["causeIndex"] for one in events] == list(range(1, COUNT + 1))
    assert {one["tidings"]["cause"] for one in events} == {answer["cause"]}
    assert len({one["message"]["entity"]["guid"] for one in events}) == COUNT
    assert events[-1]["message"]["entity"]["typeName"] == "Connection"
    checked(path)


def checked(path: Path) -> None:
    command = [sys.executable, "-m", "tidings", "check", "--database", f"sqlite:///{path}"]
    report = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert (report["sound"], report["assets"]) == (True, 0)
