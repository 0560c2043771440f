"""Every asset as of one position: the lines, what bounds them, and that the log from there on tells the rest."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import count
from typing import Any

import httpx
import pytest

from tests.api.door import Door, asset, guids, named, serving, until
from tidings.api import snapshot as module
from tidings.client import Client
from tidings.model.errors import ClientError, StoreUnavailable
from tidings.model.events import decode
from tidings.read import snapshot as reading
from tidings.store.sqlite import SqliteStore
from tidings.store.sqlite.reader import SqliteSnapshot
from tidings.testing import TOKEN

PATH = "/api/snapshot"


@pytest.fixture
def own() -> Iterator[Door]:
    with serving() as (door, _):
        yield door


def lines(door: Door, **params: Any) -> list[dict[str, Any]]:
    return [decode(one) for one in door.ask("GET", PATH, params=params).content.splitlines()]


def test_an_empty_catalog(own: Door) -> None:
    first, last = lines(own)
    catalog_id = own.read("/api/status")["catalogId"]
    assert first == {"position": 0, "catalogId": catalog_id, "time": first["time"]}
    assert last == {"end": True, "assets": 0, "position": 0}


def test_each_asset_in_full_as_it_is_read_archived_ones_too(own: Door) -> None:
    saved = own.save(
        asset("Table", "t", description="d"),
        *(asset("Column", f"t/c{one}", table=named("Table", "t")) for one in range(3)),
    )
    own.ask("POST", "/api/delete", body={"targets": [{"guid": guids(saved)[1]}]})
    answer = own.ask("GET", PATH)
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    first, *assets, last = lines(own)
    assert (first["position"], last) == (5, {"end": True, "assets": 4, "position": 5})
    assert [one["guid"] for one in assets] == sorted(guids(saved))
    assert assets == [own.entity(one["guid"]) for one in assets]
    assert sorted(one["status"] for one in assets) == ["ACTIVE", "ACTIVE", "ACTIVE", "DELETED"]


def test_more_than_a_page_in_pages(own: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading.snapshot_lines, "__defaults__", (7,))
    own.save(*(asset("Table", f"t{one:02}") for one in range(30)), asset("View", "v"))
    _, *assets, last = lines(own)
    assert (len(assets), last["assets"]) == (31, 31)
    _, *assets, last = lines(own, type="Table", qualifiedNamePrefix="t2")
    assert [one["attributes"]["name"] for one in assets] == [f"t{one}" for one in range(20, 30)]
    assert last["assets"] == 10


def test_a_type_that_is_not_there(own: Door) -> None:
    assert own.refusal("GET", PATH, 404, params={"type": "Tabel"})["errorCode"] == "ATLAS-404-00-001"


def test_a_database_that_is_away_is_told_of_before_anything_is_sent(own: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_: object) -> None:
        raise StoreUnavailable("away")

    monkeypatch.setattr(SqliteStore, "snapshot", away)
    assert own.refusal("GET", "/api/snapshot", 503)["errorMessage"] == "away"


def test_head_has_no_body(own: Door) -> None:
    assert own.ask("HEAD", PATH).content == b""


def test_a_write_meanwhile_is_not_in_it(own: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading.snapshot_lines, "__defaults__", (2,))
    own.save(*(asset("Table", f"t{one}") for one in range(9)))
    read = SqliteSnapshot.assets_in_guid_order

    def writing(self: SqliteSnapshot, after: str, limit: int) -> Any:
        if not done.is_set():
            done.set()
            threading.Thread(target=own.save, args=[asset("Table", "new")]).start()
        else:
            until(lambda: own.head() == 10)
        return read(self, after, limit)

    done = threading.Event()
    monkeypatch.setattr(SqliteSnapshot, "assets_in_guid_order", writing)
    first, *assets, last = lines(own)
    assert (first["position"], len(assets), last["assets"]) == (9, 9, 9)


# --- bounds ---------------------------------------------------------------------------------------------------------


def test_so_many_at_once_and_no_more(own: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 1)
    begun, go = threading.Event(), threading.Event()
    read = SqliteSnapshot.assets_in_guid_order

    def slow(self: SqliteSnapshot, after: str, limit: int) -> Any:
        begun.set()
        assert go.wait(30)
        return read(self, after, limit)

    monkeypatch.setattr(SqliteSnapshot, "assets_in_guid_order", slow)
    found: list[list[dict[str, Any]]] = []
    reading_it = threading.Thread(target=lambda: found.append(lines(own)))
    reading_it.start()
    assert begun.wait(30)
    refused = own.ask("GET", PATH, 429)
    assert "may be at once (1)" in refused.json()["errorMessage"]
    assert refused.headers["retry-after"] == "1"
    go.set()
    reading_it.join()
    assert found[0][-1]["end"]
    until(lambda: own.http.get(PATH, headers=own.bearer).status_code == 200)


def test_one_that_takes_too_long_ends_with_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(snapshot_seconds=1) as (door, server):
        door.save(*(asset("Table", f"t{one}") for one in range(9)))
        monkeypatch.setattr(server._parts, "config", _Hurried(server._parts.config))
        *_, last = lines(door)
        assert last["error"]["errorCode"] == "TIDINGS-408-000"
        assert "snapshot_seconds" in last["error"]["errorMessage"]
        with (
            Client(server.address, TOKEN) as client,
            client.snapshot() as found,
            pytest.raises(ClientError, match="is not whole"),
        ):
            list(found)


class _Hurried:
    """Settings with which every snapshot is late."""

    snapshot_seconds = -1.0

    def __init__(self, config: Any) -> None:
        self._config = config

    def __getattr__(self, name: str) -> Any:
        return getattr(self._config, name)


def test_a_reader_that_stops_reading_does_not_hold_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.2)
    with serving(snapshot_seconds=1) as (door, server):
        text = "x" * 900_000
        for one in range(30):
            door.save(asset("Table", f"t{one}", description=text))
        with door.socket() as connection:
            request = f"GET {PATH} HTTP/1.1\r\nhost: x\r\nauthorization: {door.bearer['authorization']}\r\n\r\n"
            connection.sendall(request.encode())
            until(lambda: server._parts.snapshots == 1)
            until(lambda: server._parts.snapshots == 0)


def test_revoking_a_token_ends_its_snapshot_before_the_next_page(own: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading.snapshot_lines, "__defaults__", (2,))
    own.save(*(asset("Table", f"t{one}") for one in range(9)))
    made = own.ask("POST", "/api/tokens", 201, {"name": "reader", "role": "read"}).json()
    read, pages = SqliteSnapshot.assets_in_guid_order, count(1)

    def revoking(self: SqliteSnapshot, after: str, limit: int) -> Any:
        if next(pages) == 2:
            own.ask("DELETE", "/api/tokens/reader", 204)
        return read(self, after, limit)

    monkeypatch.setattr(SqliteSnapshot, "assets_in_guid_order", revoking)
    _, *assets, last = lines(own.with_token(made["token"]))
    assert (len(assets), last["error"]["errorCode"]) == (2, "TIDINGS-401-000")


def test_a_server_that_stops_says_so(own: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as (door, server):
        monkeypatch.setattr(type(server._parts.feed), "closed", property(lambda feed: True))
        *_, last = lines(door)
        assert last["error"]["errorCode"] == "TIDINGS-503-000"


@pytest.mark.parametrize(
    ("error", "code"),
    [(StoreUnavailable("the disk is full"), "TIDINGS-503-000"), (ZeroDivisionError(), "TIDINGS-500-000")],
)
def test_what_fails_in_the_middle_is_the_last_line(
    own: Door, monkeypatch: pytest.MonkeyPatch, error: Exception, code: str
) -> None:
    def fail(self: SqliteSnapshot, after: str, limit: int) -> Any:
        raise error

    monkeypatch.setattr(SqliteSnapshot, "assets_in_guid_order", fail)
    first, last = lines(own)
    assert (first["position"], last["error"]["errorCode"]) == (0, code)


# --- the client -----------------------------------------------------------------------------------------------------


def client_of(*answer: bytes) -> Client:
    """A client whose server answers with these lines."""
    body = b"".join(one + b"\n" for one in answer)
    return Client("http://x", "t", transport=httpx.MockTransport(lambda request: httpx.Response(200, content=body)))


HEAD = b'{"position":7,"catalogId":"c","time":5}'
ONE = b'{"typeName":"Table","guid":"g"}'


def test_a_client_reads_it_to_its_proven_end(own: Door) -> None:
    saved = own.save(*(asset("Table", f"t{one}") for one in range(3)))
    with Client(str(own.http.base_url), TOKEN) as client, client.snapshot() as found:
        assert (found.position, found.catalog_id) == (3, client.status()["catalogId"])
        assert [one["guid"] for one in found] == guids(saved)


def test_a_client_takes_lines_as_they_are() -> None:
    with client_of(HEAD, ONE, b'{"end":true,"assets":1,"position":7}') as client, client.snapshot() as found:
        assert (found.position, found.catalog_id, found.time, list(found.lines())) == (7, "c", 5, [ONE])


@pytest.mark.parametrize(
    "answer",
    [(), (HEAD,), (HEAD, ONE), (HEAD, b'{"end":true,"assets":1,"position":7}')],
    ids=["", "head", "cut", "count"],
)
def test_a_client_does_not_take_a_part_for_the_whole(answer: tuple[bytes, ...]) -> None:
    with client_of(*answer) as client, pytest.raises(ClientError, match="is not whole"), client.snapshot() as found:
        list(found)
