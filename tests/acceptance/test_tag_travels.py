"""A tag that reaches thousands, while the program is killed again and again: each asset hears of it exactly once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.program import TOKEN, running
from tests.api.door import door_to, until
from tests.docs.scenarios import ORDERS, asset, ref
from tidings.client import Client, JsonObject
from tidings.config import Config
from tidings.testing import Catalog
from tidings.wiring import load_types, open_store

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]
COLUMNS = 6_000
AT_ONCE = ("--propagation-at-once", "50")


def made(path: Path) -> int:
    """A catalog with a table of many columns and a tag; the head of its log."""
    store = open_store(Config(database=f"sqlite:///{path}"))
    it = Catalog(store, load_types(), "documented")
    it.define({"classificationDefs": [{"name": "PII", "displayName": "PII"}]})
    it.save(
        asset("Table", ORDERS),
        *(asset("Column", f"{ORDERS}/{one}", table=ref("Table", ORDERS)) for one in range(COLUMNS)),
    )
    head = store.head()
    store.close()
    return head


def all_events(client: Client, after: int) -> list[JsonObject]:
    found: list[JsonObject] = []
    while (page := client.events(after, 5_000)).events:
        found += page.events
        after = page.next
    return found


def killed_on_the_way(path: Path, head: int, before: int, put: bool) -> int:
    """Tag the table if asked, and kill the server once more than ``before`` events are there; how many there were."""
    with running(path, *AT_ONCE) as program, Client(program.url, TOKEN) as client:
        if put:
            guid = client.get_by_name("Table", ORDERS)["guid"]
            client.put_tag({"typeName": "PII"}, [guid])
        until(lambda: client.head() - head > before)
        program.process.kill()
        program.process.wait(60)
    store = open_store(Config(database=f"sqlite:///{path}"))
    try:
        return store.head() - head
    finally:
        store.close()


def test_killed_on_the_way(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    head = made(path)

    first = killed_on_the_way(path, head, 100, put=True)
    second = killed_on_the_way(path, head, first + 100, put=False)

    assert 100 < first < second < COLUMNS
    with running(path, *AT_ONCE) as program, Client(program.url, TOKEN) as client:
        with door_to(program.url) as door:
            until(lambda: not door.with_token(TOKEN).read("/api/tasks")["tasks"])
        events = all_events(client, head)
    told = [one["tidings"] for one in events]
    assert {one["message"]["operationType"] for one in events} == {"CLASSIFICATION_ADD"}
    assert len({one["message"]["entity"]["guid"] for one in events}) == COLUMNS + 1
    assert [one["causeIndex"] for one in told] == list(range(1, COLUMNS + 2))
    assert {one["causeCount"] for one in told[1:]} == {COLUMNS + 1}
    assert len({one["cause"] for one in told}) == 1
    checked(path)


def checked(path: Path) -> None:
    command = [sys.executable, "-m", "tidings", "check", "--database", f"sqlite:///{path}"]
    report = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert (report["sound"], report["assets"]) == (True, COLUMNS + 1)
