"""Pages of the log: filters, paging, the long poll, both forms, and the history of one asset."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.api.conftest import Pair
from tests.api.door import Door, Json, asset, named, operations, serving, until
from tidings.consumers import tail
from tidings.model.events import EVERYTHING


@pytest.fixture
def story(door: Door, pair: Pair) -> Pair:
    """Five events: the two creates of the pair, an update of the table, an archive and a purge of the column."""
    door.save(asset("Table", pair.table_name, description="new"))
    door.ask("DELETE", f"/api/meta/entity/guid/{pair.column}")
    door.ask("DELETE", f"/api/meta/entity/guid/{pair.column}?deleteType=PURGE")
    return pair


WANTED: list[tuple[Callable[[Pair, list[Json]], Json], list[int]]] = [
    (lambda story, all_: {}, [0, 1, 2, 3, 4]),
    (lambda story, all_: {"type": "Column"}, [1, 3, 4]),
    (lambda story, all_: {"type": ["Column", "Table"]}, [0, 1, 2, 3, 4]),
    (lambda story, all_: {"type": "View"}, []),
    (lambda story, all_: {"operation": "ENTITY_UPDATE"}, [2]),
    (lambda story, all_: {"operation": ["ENTITY_CREATE", "ENTITY_UPDATE"]}, [0, 1, 2]),
    (lambda story, all_: {"guid": story.table}, [0, 2]),
    (lambda story, all_: {"guid": story.table.upper()}, [0, 2]),
    (lambda story, all_: {"guid": "no such"}, []),
    (lambda story, all_: {"guid": "", "type": ""}, [0, 1, 2, 3, 4]),
    (lambda story, all_: {"qualifiedNamePrefix": f"{story.table_name}/"}, [1, 3, 4]),
    (lambda story, all_: {"qualifiedNamePrefix": story.table_name}, [0, 1, 2, 3, 4]),
    (lambda story, all_: {"qualifiedNamePrefix": f"{story.table_name}%"}, []),
    (lambda story, all_: {"type": "Column", "operation": "ENTITY_DELETE", "guid": story.column}, [3, 4]),
    (lambda story, all_: {"type": "Table", "operation": "ENTITY_DELETE"}, []),
    (lambda story, all_: {"since": all_[0]["message"]["eventTime"]}, [0, 1, 2, 3, 4]),
    (lambda story, all_: {"since": all_[4]["message"]["eventTime"] + 1}, []),
    (lambda story, all_: {"until": all_[0]["message"]["eventTime"]}, []),
    (lambda story, all_: {"until": all_[4]["message"]["eventTime"] + 1}, [0, 1, 2, 3, 4]),
]


@pytest.mark.parametrize(("params", "expected"), WANTED)
def test_filters(door: Door, story: Pair, params: Callable[[Pair, list[Json]], Json], expected: list[int]) -> None:
    everything = door.events(door.head() - 5)
    assert [one["tidings"]["position"] for one in everything] == list(range(door.head() - 4, door.head() + 1))
    found = door.events(door.head() - 5, **params(story, everything))
    assert found == [everything[index] for index in expected]


def test_since_is_in_and_until_is_out(door: Door, place: str) -> None:
    head = door.head()
    for number in range(3):
        before = door.events(head)
        door.save(asset("Table", f"{place}/t{number}"))
        until(lambda seen=before: door.events(head) != seen)  # type: ignore[misc]
    events = door.events(head)
    first, last = events[0]["message"]["eventTime"], events[-1]["message"]["eventTime"]
    between = door.events(head, since=first, until=last)
    assert between == [one for one in events if first <= one["message"]["eventTime"] < last]


def test_paging_reaches_the_end_without_gap_or_repeat(door: Door, place: str) -> None:
    head = door.head()
    door.save(*(asset("Table", f"{place}/t{number}") for number in range(7)))
    positions: list[int] = []
    after, sizes = head, []
    while after < door.head():
        page = door.read("/api/events", after=after, limit=3)
        assert page["head"] == head + 7
        sizes.append(len(page["events"]))
        positions += [one["tidings"]["position"] for one in page["events"]]
        after = page["next"]
    assert positions == list(range(head + 1, head + 8))
    assert sizes == [3, 3, 1]
    assert door.read("/api/events", after=after) == {"events": [], "next": after, "head": after}


def test_paging_with_a_filter_moves_over_what_does_not_pass(door: Door, place: str) -> None:
    head = door.head()
    door.save(*(asset("Table" if number % 3 else "View", f"{place}/t{number}") for number in range(9)))
    page = door.read("/api/events", after=head, type="View", limit=2)
    assert [one["tidings"]["position"] for one in page["events"]] == [head + 1, head + 4]
    rest = door.read("/api/events", after=page["next"], type="View", limit=2)
    assert [one["tidings"]["position"] for one in rest["events"]] == [head + 7]
    assert door.read("/api/events", after=rest["next"], type="View")["next"] == head + 9


def test_a_full_event_says_who_did_what_why(door: Door, pair: Pair, place: str) -> None:
    head = door.head()
    door.save(asset("Column", f"{place}/t/d", table=named("Table", pair.table_name)))
    created, touched = (one["tidings"] for one in door.events(head))
    assert created["id"] == f"{created['cause']}.1"
    assert touched["id"] == f"{created['cause']}.2"
    assert (created["position"], touched["position"]) == (head + 1, head + 2)
    assert [(one["causeIndex"], one["causeCount"]) for one in (created, touched)] == [(1, 2), (2, 2)]
    assert (created["origin"], touched["origin"]) == ("direct", "related")
    assert (created["version"], touched["version"]) == (1, 2)
    assert created["actor"] == touched["actor"] == "admin"
    assert (created["before"], touched["before"]) == ({}, {})


def test_the_wire_form_is_the_stored_envelope_and_the_full_one_adds_a_block() -> None:
    with serving() as (door, server):
        door.save(asset("Table", "t"), asset("View", "v"))
        with server._parts.store.snapshot() as snapshot:
            records, _ = snapshot.log(0, 10, EVERYTHING)
        bodies = b",".join(record.message for record in records)
        wire = door.ask("GET", "/api/events", params={"form": "wire"})
        assert wire.content == b'{"events":[%b],"next":2,"head":2}' % bodies
        full = door.events(0)
        assert [one.pop("tidings")["position"] for one in full] == [1, 2]
        assert full == wire.json()["events"]


def test_headers_of_the_request_travel_in_its_events(door: Door, place: str) -> None:
    head = door.head()
    sent = {"x-atlan-request-id": "r-1", "x-atlan-agent": "sdk", "accept-language": "de"}
    door.ask("POST", "/api/meta/entity/bulk", body={"entities": [asset("Table", f"{place}/t")]}, headers=sent)
    [event] = door.events(head)
    told = event["message"]["headers"]
    assert {key: told.get(key) for key in sent} == sent | {"accept-language": None}
    assert "authorization" not in told
    assert event["msgCreationTime"] >= event["message"]["eventTime"]


def test_a_long_poll_is_woken_by_a_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "LOOK_AGAIN_SECONDS", 3600.0)  # so that nothing but the commit can wake it
    with serving() as (door, server):
        pages: list[Any] = []
        query = {"wait": 60, "type": "View"}
        waiting = threading.Thread(target=lambda: pages.append(door.read("/api/events", **query)))
        waiting.start()
        until(lambda: server.server_state.tasks)  # the request is being answered
        door.save(asset("Table", "t"))  # this one does not pass
        assert waiting.is_alive()
        door.save(asset("View", "v"))
        waiting.join()
        assert operations(pages[0]["events"]) == [("CREATE", "v")]
        assert (pages[0]["next"], pages[0]["head"]) == (2, 2)


def test_a_long_poll_whose_token_was_revoked_meanwhile_is_told_nothing() -> None:
    with serving() as (door, server):
        made = door.ask("POST", "/api/tokens", 201, {"name": "reader", "role": "read"}).json()
        reader, told = door.with_token(made["token"]), list[Any]()
        waiting = threading.Thread(
            target=lambda: told.append(reader.refusal("GET", "/api/events", 401, params={"wait": 60}))
        )
        waiting.start()
        until(lambda: server.server_state.tasks)
        door.ask("DELETE", "/api/tokens/reader", 204)
        door.save(asset("Table", "unseen"))
        waiting.join()
        assert "revoked" in told[0]["errorMessage"]


def test_a_long_poll_that_waited_in_vain_is_an_empty_page(door: Door) -> None:
    head = door.head()
    assert door.read("/api/events", after=head, wait=1) == {"events": [], "next": head, "head": head}


def test_a_stopping_server_answers_its_long_polls() -> None:
    with serving() as (door, server):
        answered: list[Any] = []
        waiting = threading.Thread(target=lambda: answered.append(door.read("/api/events", wait=60)))
        waiting.start()
        until(lambda: server.server_state.tasks)
        server.should_exit = True
        waiting.join()
    assert answered == [{"events": [], "next": 0, "head": 0}]


def test_the_history_of_a_purged_asset_is_still_there(door: Door, story: Pair) -> None:
    address = f"/api/assets/{story.column.upper()}/history"
    history = door.read(address)
    assert [one["message"]["operationType"] for one in history["events"]] == [
        "ENTITY_CREATE", "ENTITY_DELETE", "ENTITY_DELETE",
    ]  # fmt: skip
    assert [one["tidings"]["version"] for one in history["events"]] == [1, 2, 3]
    first = door.read(address, limit=1, form="wire")
    assert first["events"] == [{key: value for key, value in history["events"][0].items() if key != "tidings"}]
    assert door.read(address, after=first["next"])["events"] == history["events"][1:]


def test_nobody_has_no_history(door: Door) -> None:
    assert door.read("/api/assets/nobody/history")["events"] == []
