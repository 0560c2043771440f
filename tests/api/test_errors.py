"""Errors: one JSON shape, the protocol's own texts, and the limits."""

from __future__ import annotations

import json
import threading
from typing import Any, cast

import pytest

from tests.api.conftest import Pair
from tests.api.door import BULK, NAMED, Door, asset, door_to, named, serving, until
from tidings.api import catalog
from tidings.write.commands import MOST_ASSETS

GUID = "12345678-1234-1234-1234-123456789abc"
UNKNOWN_TYPE = "Given typename Tabel was invalid; did you mean Table?"


@pytest.mark.parametrize(
    ("status", "method", "path", "sent"),
    [
        (400, "POST", BULK, b"{"),
        (401, "GET", "/api/status", None),
        (404, "GET", f"/api/meta/entity/guid/{GUID}", None),
        (404, "GET", "/nowhere", None),
        (405, "PATCH", "/api/status", None),
        (409, "GET", f"{NAMED}/SQL?attr:qualifiedName=two", None),
        (413, "POST", BULK, b'{"entities":[{"attributes":{"x":' + b"[" * 100_000),
    ],
)
def test_every_error_has_one_shape(door: Door, status: int, method: str, path: str, sent: bytes | None) -> None:
    door.save(asset("Table", "two"), asset("View", "two"))
    headers = {"x-atlan-request-id": "mine"} | ({"authorization": "Bearer wrong-token"} if status == 401 else {})
    answer = door.ask(method, path, status, content=sent, headers=headers)
    problem = answer.json()
    assert problem.keys() == {"errorCode", "errorMessage", "causes", "requestId"}
    assert problem["errorCode"]
    assert problem["errorMessage"]
    assert isinstance(problem["causes"], list)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-request-id"] == problem["requestId"] == "mine"


def test_a_request_without_an_id_gets_one(door: Door) -> None:
    first, second = door.ask("GET", "/health"), door.refusal("GET", "/nowhere", 404)
    assert len(first.headers["x-request-id"]) == len(second["requestId"]) == len(GUID)


@pytest.mark.parametrize(
    ("method", "path", "code", "text"),
    [
        ("GET", f"/api/meta/entity/guid/{GUID}", "ATLAS-404-00-005", f"Given instance guid {GUID} is invalid/not found"),
        ("DELETE", f"{BULK}?guid={GUID}", "ATLAS-404-00-005", f"Given instance guid {GUID} is invalid/not found"),
        ("GET", "/api/meta/entity/guid/-1", "ATLAS-404-00-005", "Given instance guid -1 is invalid/not found"),
        (
            "GET", f"{NAMED}/Table?attr:qualifiedName=a%2Fb", "ATLAS-404-00-009",
            "Instance Table with unique attribute {qualifiedName=a/b} does not exist",
        ),
        (
            "DELETE", f"{NAMED}/Table?attr:qualifiedName=a/b", "ATLAS-404-00-009",
            "Instance Table with unique attribute {qualifiedName=a/b} does not exist",
        ),
        ("GET", f"{NAMED}/Tabel?attr:qualifiedName=x", "ATLAS-404-00-001", UNKNOWN_TYPE),
        ("GET", "/api/assets?type=Xyzzy", "ATLAS-404-00-001", "Given typename Xyzzy was invalid"),
    ],
)  # fmt: skip
def test_the_texts_that_clients_match(door: Door, method: str, path: str, code: str, text: str) -> None:
    problem = door.refusal(method, path, 404)
    assert (problem["errorCode"], problem["errorMessage"]) == (code, text)


def test_a_reference_to_nothing_says_who_refers(door: Door, place: str) -> None:
    column = asset("Column", f"{place}/c", table=named("Table", f"{place}/t"))
    problem = door.refusal("POST", BULK, 404, body={"entities": [column]})
    assert problem["errorMessage"].startswith(
        f"Instance Table with unique attribute {{qualifiedName={place}/t}} does not exist"
    )
    assert problem["causes"][0]["location"] == "entities[0].attributes.table"


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        (b"", "no body"),
        (b"{", "not valid JSON"),
        (b"\xff", "not valid JSON"),
        (b'{"entities":[{"typeName":"\\ud800"}]}', "not valid JSON"),
        (b"[]", "Expected `object`"),
        (b"{}", "entities"),
        (b'{"entities":{}}', "$.entities"),
        (b'{"entities":[5]}', "$.entities[0]"),
        (b'{"entities":[{"typeName":5}]}', "$.entities[0].typeName"),
        (b'{"entities":[{"attributes":[]}]}', "$.entities[0].attributes"),
        (b'{"entities":[{}]}', "no typeName"),
        (b'{"entities":[{"typeName":"Table","attributes":{"name":"x"}}]}', "qualifiedName"),
        (b'{"entities":[{"typeName":"Table","attributes":{"name":"x","qualifiedName":5}}]}', "string"),
        (b'{"entities":[{"typeName":"Table","attributes":{"name":"x","qualifiedName":"a\\u0000b"}}]}', "printable"),
        (b'{"entities":[{"typeName":"Table","attributes":{"rowCount":1e999}}]}', "out of range"),
        (b'{"entities":[{"typeName":"Table","attributes":{"rowCount":' + b"9" * 400 + b"}}]}", "rowCount"),
        (b'{"entities":[{"typeName":"Table","attributes":{"columns":"x"}}]}', "columns"),
        (b'{"entities":[{"typeName":"Internal","attributes":{}}]}', "typeName"),
    ],
)
def test_a_body_that_makes_no_sense_is_explained(door: Door, sent: bytes, says: str) -> None:
    answer = door.ask("POST", BULK, 404 if b"Internal" in sent else 400, content=sent)
    assert says in answer.text


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/api/meta/entity/bulk", "guid is missing"),
        ("/api/meta/entity/bulk?guid=", "guid is missing"),
        (f"{NAMED}/Table", "attr:qualifiedName is missing"),
        (f"/api/meta/entity/guid/{GUID}?ignoreRelationships=maybe", "ignoreRelationships ('maybe')"),
        ("/api/assets?limit=0", "from 1 to 1000"),
        ("/api/assets?limit=1001", "from 1 to 1000"),
        ("/api/assets?status=PURGED", "ACTIVE or DELETED"),
        ("/api/assets?cursor=nonsense", "cursor"),
        ("/api/assets?cursor=W10%3D", "cursor"),
        ("/api/assets?cursor=%C3%A4", "cursor"),
        ("/api/events?limit=5001", "from 1 to 5000"),
        ("/api/events?limit=-1", "limit"),
        ("/api/events?after=x", "after"),
        ("/api/events?after=%D9%A3", "after"),
        ("/api/events?after=" + "0" * 30 + "9" * 30, "after"),
        ("/api/events?after=" + "9" * 5000, "after"),
        ("/api/events?after=9223372036854775808", "after"),
        ("/api/events?wait=61", "wait"),
        ("/api/events?since=1.5", "since"),
        ("/api/events?form=json", "full or wire"),
        ("/api/events?operation=ENTITY_EXPLODE", "ENTITY_CREATE"),
        ("/api/events/stream?operation=x", "operation"),
        ("/api/events/stream?after=-1", "after"),
    ],
)
def test_a_parameter_that_makes_no_sense_is_named(door: Door, pair: Pair, path: str, says: str) -> None:
    assert says in door.refusal("GET", path.replace(GUID, pair.table), 400)["errorMessage"]


def test_a_wrong_delete_type_is_named(door: Door, pair: Pair) -> None:
    problem = door.refusal("DELETE", f"/api/meta/entity/guid/{pair.table}?deleteType=BURN", 400)
    assert "DEFAULT, SOFT, HARD, PURGE" in problem["errorMessage"]


@pytest.mark.parametrize("method", ["PATCH", "PROPFIND", "DELETE"])
def test_a_method_that_is_not_taken_says_which_are(door: Door, method: str) -> None:
    answer = door.ask(method, "/api/events", 405)
    assert "GET" in answer.json()["errorMessage"]
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}


@pytest.mark.parametrize("target", ["/", "/api/status?" + "x" * 70_000, "/\u00e4"])
def test_what_is_no_request_at_all_is_refused_in_the_same_shape(door: Door, target: str) -> None:
    with door.socket() as connection:
        connection.sendall(f"GET {target} {'COFFEE/1.0' if target == '/' else 'HTTP/1.1'}\r\nhost: x\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(10_000), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert json.loads(body).keys() == {"errorCode", "errorMessage", "causes", "requestId"}
    assert "POST /api/delete" in json.loads(body)["errorMessage"]


def test_too_many_assets_at_once(door: Door) -> None:
    body = {"entities": [{"typeName": "Table"}] * (MOST_ASSETS + 1)}
    assert "10,000" in door.refusal("POST", BULK, 413, body=body)["errorMessage"]


def test_a_body_that_is_too_large_is_refused_as_it_arrives() -> None:
    with serving(max_body_bytes=1024) as (door, _):
        assert "1,024" in door.refusal("POST", BULK, 413, content=b" " * 1025)["errorMessage"]
        assert "1,024" in door.refusal("POST", BULK, 413, content=iter([b" " * 600, b" " * 600]))["errorMessage"]
        fits = json.dumps({"entities": [asset("Table", "t")]}).encode()
        door.ask("POST", BULK, content=fits + b" " * (1024 - len(fits)))
        assert door.metric("tidings_request_bytes_pending") == 0


def test_a_body_that_does_not_arrive_times_out() -> None:
    with serving(request_seconds=1) as (door, _), door.socket() as connection:
        door.half_a_save(connection, 5, 10)
        answer = connection.recv(10_000)
        assert b" 408 " in answer
        assert b"did not arrive within 1 seconds" in answer


def test_a_client_that_goes_away_leaves_nothing_behind() -> None:
    with serving() as (door, _):
        with door.socket() as connection:
            door.half_a_save(connection, 5, 10)
            until(lambda: door.metric("tidings_request_bytes_pending") == 5)
        until(lambda: door.metric('tidings_requests_total{method="POST",status="408"}'))
        assert door.metric("tidings_request_bytes_pending") == 0
        assert door.head() == 0


def test_more_than_the_server_will_hold_is_told_to_come_back() -> None:
    with serving(max_pending_bytes=1024) as (door, _):
        with door.socket() as connection:
            door.half_a_save(connection, 1000, 2000)
            until(lambda: door.metric("tidings_request_bytes_pending") == 1000)
            answer = door.ask("POST", BULK, 429, content=b" " * 100)
            assert answer.headers["retry-after"] == "1"
        until(lambda: door.metric("tidings_request_bytes_pending") == 0)
        door.save(asset("Table", "t"))


def test_a_stopping_catalog_says_so_in_the_same_shape() -> None:
    with serving() as (door, server):
        server._parts.store.close()
        for method, path, body in (("GET", "/health/ready", None), ("POST", BULK, {"entities": [asset("Table", "t")]})):
            problem = door.refusal(method, path, 503, body=body)
            assert problem["errorCode"] == "TIDINGS-503-000"
        assert door.read("/health") == {"status": "ok"}


def test_a_server_whose_writer_has_no_turn_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "READY_SECONDS", 0.2)
    done = threading.Event()
    with serving() as (door, server):
        busy = server._parts.store.enqueue(lambda _tx: done.wait(60))
        problem = door.refusal("GET", "/health/ready", 503)
        assert "did not give us our turn within 0.2 seconds" in problem["errorMessage"]
        done.set()
        busy.result(60)
        monkeypatch.undo()
        assert door.read("/health/ready") == {"status": "ready"}


def test_a_fault_of_ours_is_told_without_its_details(caplog: pytest.LogCaptureFixture) -> None:
    with serving() as (door, server):
        server._parts.version = cast(str, object())  # what no answer can hold
        answer = door.ask("GET", "/api/status", 500, headers={"x-atlan-request-id": "r-17"})
    assert answer.json() == {
        "errorCode": "TIDINGS-500-000",
        "errorMessage": "something went wrong inside; nothing was acknowledged. The server's log has it under r-17",
        "causes": [],
        "requestId": "r-17",
    }
    assert "a request failed" in caplog.text


def test_head_answers_as_get_without_a_body(door: Door) -> None:
    for path in ("/api/status", "/api/events/stream"):
        answer = door.ask("HEAD", path)
        assert (answer.content, answer.headers["content-type"].partition(";")[0]) in (
            (b"", "application/json"), (b"", "text/event-stream"),
        )  # fmt: skip


def nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = {"a": value}
    return value


@pytest.mark.parametrize("depth", [10, 200, 900])
def test_deep_values_are_refused_or_taken_never_a_crash(door: Door, place: str, depth: int) -> None:
    entity = asset("Table", f"{place}/t", tableImpalaParameters=nested(depth), unknown=nested(depth))
    door.ask("POST", BULK, 400, body={"entities": [entity]})


def test_the_connection_goes_on_after_an_error(door: Door) -> None:
    with door_to(str(door.http.base_url)) as fresh:
        fresh.ask("POST", BULK, 400, content=b"{")
        fresh.ask("GET", "/api/status")
