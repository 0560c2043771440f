"""Spans of the real program, as a collector gets them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.program import TOKEN, running
from tests.acceptance.receiver import Receiver, SpanSeen, receiving
from tests.api.door import BULK, Door, asset, door_to, until
from tidings.config import Config
from tidings.model.errors import ConfigError
from tidings.wiring import open_server

pytestmark = pytest.mark.acceptance
TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = {"traceparent": f"00-{TRACE}-{CALLER}-01"}


def save(door: Door, name: str, **more: Any) -> None:
    door.ask("POST", BULK, body={"entities": [asset("Table", name)]}, **more)


def spans_of_a_save(receiver: Receiver) -> tuple[SpanSeen, list[SpanSeen]]:
    """The request's, then those of its transaction."""
    [request] = receiver.named(f"POST {BULK}")
    [transaction] = receiver.below(request)
    assert transaction.name == "transaction"
    return request, [transaction, *receiver.below(transaction)]


def test_a_save_is_seen_with_its_wait_its_work_and_its_commit(tmp_path: Path) -> None:
    with receiving() as receiver:
        options = ("--trace-endpoint", receiver.url, "--log-format", "json")
        with running(tmp_path / "c.db", *options) as program, door_to(program.url) as stranger:
            door = stranger.with_token(TOKEN)
            save(door, "t", headers={**PARENT, "x-atlan-request-id": "r-1"})
            [event] = door.events(0)
        # A server that has ended has sent everything.
        request, (transaction, wait, work, commit) = spans_of_a_save(receiver)
    assert (request.trace, request.parent) == (TRACE, CALLER)
    assert {span.trace for span in (transaction, wait, work, commit)} == {TRACE}
    assert [wait.name, work.name, commit.name] == ["transaction wait", "transaction work", "transaction commit"]
    times = [request.start, transaction.start, work.start, commit.start, transaction.end, request.end]
    assert times == sorted(times)
    assert request.told == {
        "http.request.method": "POST", "http.route": BULK, "http.response.status_code": 200,
        "tidings.cause": event["tidings"]["cause"], "tidings.request": "r-1", "tidings.caller": "admin",
    }  # fmt: skip
    assert (request.service["service.name"], request.failed) == ("tidings", False)
    assert event["message"]["headers"]["traceparent"] == f"00-{TRACE}-{request.id}-01", "a handler can go on from here"
    [line] = [json.loads(line) for line in program.said if "tidings.requests" in line]
    assert line["trace"] == TRACE


def test_reads_refusals_and_streamed_work_are_seen(tmp_path: Path) -> None:
    with (
        receiving() as receiver,
        running(tmp_path / "c.db", "--trace-endpoint", f"{receiver.url}/v1/traces") as program,
        door_to(program.url) as stranger,
    ):
        door = stranger.with_token(TOKEN)
        door.ask("POST", BULK, body={"entities": [asset("Connection", "default/postgres/1")]})
        door.ask("GET", "/api/status")
        stranger.with_token("").ask("GET", "/api/tokens", 401)
        lines = {"accept": "application/x-ndjson"}
        door.ask("DELETE", "/api/connections", params={"qualifiedName": "default/postgres/1"}, headers=lines)
    [status], [refused], [deleted] = (
        receiver.named(name) for name in ("GET /api/status", "GET /api/tokens", "DELETE /api/connections")
    )
    assert "snapshot" in [one.name for one in receiver.below(status)]
    assert (refused.told["error.type"], refused.failed) == ("TIDINGS-401-000", False)
    assert "transaction" in [one.name for one in receiver.below(deleted)]


def test_a_tag_that_travels_on_in_the_background_is_a_task_of_its_cause(tmp_path: Path) -> None:
    with receiving() as receiver:
        options = ("--trace-endpoint", receiver.url, "--propagation-at-once", "1")
        with running(tmp_path / "c.db", *options) as program, door_to(program.url) as stranger:
            door = stranger.with_token(TOKEN)
            tag = {"classificationDefs": [{"name": "pii", "displayName": "pii"}]}
            made = door.ask("POST", "/api/meta/types/typedefs", body=tag).json()
            schema = {"typeName": "Table", "uniqueAttributes": {"qualifiedName": "t"}}
            columns = [asset("Column", f"t/{number}", table=schema, order=number) for number in range(3)]
            door.save(asset("Table", "t"), *columns)
            name = made["classificationDefs"][0]["name"]
            door.ask(
                "POST", "/api/meta/entity/uniqueAttribute/type/Table/classifications", 204,
                params={"attr:qualifiedName": "t"}, body=[{"typeName": name, "propagate": True}],
            )  # fmt: skip
            until(lambda: door.read("/api/tasks")["tasks"] == [])
            causes = {one["tidings"]["cause"] for one in door.events(4)}
    tasks = [span for span in receiver.spans if span.name.startswith("task ")]
    assert tasks
    assert {span.told["tidings.cause"] for span in tasks} == causes
    assert all({one.name for one in receiver.below(span)} == {"transaction"} for span in tasks)


def test_a_collector_that_is_not_there_disturbs_nobody(tmp_path: Path) -> None:
    with receiving() as gone:
        pass
    with running(tmp_path / "c.db", "--trace-endpoint", gone.url) as program, door_to(program.url) as door:
        save(door.with_token(TOKEN), "t")
        assert program.stop() == 0


def test_the_packages_for_traces_are_asked_for_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "tidings.telemetry.otel", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.resources", None)
    with (
        pytest.raises(ConfigError, match=r"pip install 'tidings\[otel\]'"),
        open_server(Config(port=0, database="sqlite://", trace_endpoint="http://127.0.0.1:4318")),
    ):
        pass
