"""How much of the log is kept: setting it, trimming, and what a reader hears who asks for what is gone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.api.door import Door, asset, serving, until
from tests.api.test_stream import STREAM, stream, take
from tidings.client import Client
from tidings.consumers import retention
from tidings.consumers.tail import Feed
from tidings.model.errors import ClientError
from tidings.testing import TOKEN
from tidings.wiring import Server

OFF = {"maxAgeDays": None, "maxEvents": None, "maxBytes": None}
GONE = "TIDINGS-410-000"


@pytest.fixture
def own() -> Iterator[Door]:
    """A server of the test's own, with ten events, which trims only when it is asked."""
    with serving() as (door, server):
        server._parts.retention.close()
        door.save(*(asset("Table", f"t{one}") for one in range(10)))
        yield door


def trim(door: Door, keep: int, **params: Any) -> Any:
    door.ask("PUT", "/api/retention", body={"maxEvents": keep})
    return door.ask("POST", "/api/retention/run", params=params).json()


def test_off_by_default_and_set_as_a_whole(own: Door) -> None:
    ends = {"firstPosition": 1, "head": 10}
    assert own.read("/api/retention") == OFF | ends
    wanted = {"maxAgeDays": 30.5, "maxEvents": 100, "maxBytes": 10**12}
    assert own.ask("PUT", "/api/retention", body=wanted).json() == wanted | ends
    assert own.ask("PUT", "/api/retention", body={"maxEvents": 50}).json() == OFF | {"maxEvents": 50} | ends
    assert own.ask("PUT", "/api/retention", body={}).json() == OFF | ends


@pytest.mark.parametrize(
    "body",
    [{"maxAgeDays": 0}, {"maxEvents": 0}, {"maxEvents": 1.5}, {"maxBytes": -1}, {"maxAge": 1}, [], {"maxEvents": "1"}],
)
def test_bounds_that_make_no_sense(own: Door, body: Any) -> None:
    own.refusal("PUT", "/api/retention", 400, body=body)
    assert own.read("/api/retention")["maxEvents"] is None


def test_only_an_admin_sets_it_and_trims(own: Door) -> None:
    token = own.ask("POST", "/api/tokens", 201, body={"name": "w", "role": "write"}).json()["token"]
    writer = own.with_token(token)
    assert writer.read("/api/retention")["head"] == 10
    writer.refusal("PUT", "/api/retention", 403, body={})
    writer.refusal("POST", "/api/retention/run", 403)


def test_a_run_tells_what_went_and_a_dry_run_what_would(own: Door) -> None:
    own.ask("PUT", "/api/cursors/slow", body={"position": 4})
    held = {"cursor": "slow", "events": 4}
    told = {"trimmed": 4, "firstPosition": 5, "head": 10, "heldBack": held, "lost": []}
    assert trim(own, 2, dryRun="true") == {"dryRun": True, **told}
    assert own.read("/api/status")["firstPosition"] == 1
    assert own.ask("POST", "/api/retention/run").json()["firstPosition"] == 5
    assert own.metric("tidings_events_trimmed_total") == 4
    lost = [{"cursor": "slow", "events": 4}]
    forced = {"dryRun": True, "trimmed": 4, "firstPosition": 9, "head": 10, "heldBack": None, "lost": lost}
    assert own.ask("POST", "/api/retention/run", params={"force": "true", "dryRun": "true"}).json() == forced
    assert own.ask("POST", "/api/retention/run", params={"force": "true"}).json() == forced | {"dryRun": False}
    status = own.read("/api/status")
    assert (status["firstPosition"], status["head"]) == (9, 10)


def test_the_server_trims_by_itself_once_it_is_told_to() -> None:
    with serving() as (door, _):
        door.save(*(asset("Table", f"t{one}") for one in range(10)))
        door.ask("PUT", "/api/retention", body={"maxEvents": 3})
        until(lambda: door.read("/api/status")["firstPosition"] == 8)
        until(lambda: door.metric("tidings_events_trimmed_total") == 7)


def test_a_dry_run_of_the_setting_is_refused(own: Door) -> None:
    own.refusal("PUT", "/api/retention", 400, body={}, params={"dryRun": "true"})


# --- who asks for what is gone --------------------------------------------------------------------------------------


def test_pages(own: Door) -> None:
    guid = own.events(0)[0]["message"]["entity"]["guid"]
    trim(own, 3)
    for path in ("/api/events", f"/api/assets/{guid}/history"):
        refused = own.refusal("GET", path, 410, params={"after": 6})
        assert refused["errorCode"] == GONE
        for words in ("behind position 6", "first position left is 8", "GET /api/snapshot", "after 7"):
            assert words in refused["errorMessage"]
        assert refused["causes"] == [{"errorType": "LogTrimmed", "errorMessage": "8", "location": "firstPosition"}]
    assert [one["tidings"]["position"] for one in own.events(7)] == [8, 9, 10]
    page = own.read("/api/events")
    assert ([one["tidings"]["position"] for one in page["events"]], page["next"]) == ([8, 9, 10], 10)
    assert own.read(f"/api/assets/{guid}/history")["events"] == []


def test_without_a_place_to_begin_a_filter_begins_with_the_first_that_is_left(own: Door) -> None:
    trim(own, 3)
    assert [one["tidings"]["position"] for one in own.read("/api/events", type="Table", limit=2)["events"]] == [8, 9]


def test_streams(own: Door) -> None:
    trim(own, 3)
    assert own.refusal("GET", STREAM, 410, params={"after": 0})["errorCode"] == GONE
    assert own.refusal("GET", STREAM, 410, headers={"last-event-id": "6"})["errorCode"] == GONE
    assert own.ask("HEAD", STREAM, 410, params={"after": 0}).content == b""
    with stream(own, after=7) as found:
        assert [one.position for one in take(found, 3)] == [8, 9, 10]
    with stream(own) as found:
        own.save(asset("Table", "new"))
        assert take(found, 1)[0].position == 11


class Overtaken:
    """Trims the log between two reads of the feed."""

    def __init__(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        self.read_once = threading.Event()
        store = server._parts.store
        read = Feed.read

        async def slow(feed: Feed, after: int | None, limit: int, *more: Any) -> Any:
            found = await read(feed, after, 1, *more)
            if not self.read_once.is_set():
                self.read_once.set()
                store.transact(lambda tx: tx.trim(9))
            return found

        monkeypatch.setattr(Feed, "read", slow)


def test_a_live_reader_that_is_overtaken_hears_so_and_skips_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as (door, server):
        door.save(*(asset("Table", f"t{one}") for one in range(10)))
        Overtaken(server, monkeypatch)
        with door.http.stream("GET", STREAM, params={"after": 0}, headers=door.bearer) as response:
            seen = b"".join(response.iter_raw())
        assert seen.count(b"\nid: ") + seen.startswith(b"id: ") == 1
        assert b": the log behind position 1 was trimmed: the first position left is 9" in seen
        assert door.refusal("GET", STREAM, 410, headers={"last-event-id": "1"})["errorCode"] == GONE


def test_a_client_that_is_overtaken_raises_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as (door, server):
        door.save(*(asset("Table", f"t{one}") for one in range(10)))
        Overtaken(server, monkeypatch)
        with Client(server.address, TOKEN, pause=lambda seconds: None) as client:
            seen = []
            with pytest.raises(ClientError) as raised, closing(client.stream(0)) as events:
                seen += [position for position, _ in events]
            assert raised.value.http_status == 410
            assert raised.value.server_code == GONE


def test_a_client_of_a_trimmed_log(own: Door) -> None:
    guid = own.events(0)[9]["message"]["entity"]["guid"]
    trim(own, 3)
    with Client(str(own.http.base_url), TOKEN) as client:
        assert (client.head(), client.events().next) == (10, 10)
        assert [one["tidings"]["position"] for one in client.history(guid)] == [10]
        for ask in (lambda: client.events(0), lambda: next(client.stream(0))):
            with pytest.raises(ClientError, match="first position left is 8") as raised:
                ask()
            assert raised.value.server_code == GONE


def test_followers_of_the_live_log_go_on_when_it_is_trimmed_to_its_end(own: Door) -> None:
    with stream(own) as found:
        own.save(*(asset("Table", f"n{one}") for one in range(3)))
        assert [one.position for one in take(found, 3)] == [11, 12, 13]
        trim(own, 1)
        own.save(asset("Table", "last"))
        assert take(found, 1)[0].position == 14


def test_a_run_ends_with_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as (door, server):
        door.save(*(asset("Table", f"t{one}") for one in range(10)))
        server._parts.retention.close()
        door.ask("PUT", "/api/retention", body={"maxEvents": 3})
        monkeypatch.setattr(retention, "TRIM_AT_ONCE", 2)
        monkeypatch.setattr(type(server._parts.feed), "closed", property(lambda feed: True))
        assert "stopping" in door.refusal("POST", "/api/retention/run", 503)["errorMessage"]
