"""Log lines of the real program: whoever sees an event finds the line of the request that caused it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.program import TOKEN, Program, running
from tests.api.door import BULK, Door, asset, door_to

pytestmark = pytest.mark.acceptance


def lines(program: Program) -> list[dict[str, Any]]:
    """What an ended server said, behind where it listens."""
    return [json.loads(line) for line in program.said]


def ask(door: Door, *args: Any, **more: Any) -> httpx.Response:
    return door.with_token(TOKEN).ask(*args, **more)


def save(door: Door, *names: str, **headers: str) -> httpx.Response:
    return ask(door, "POST", BULK, body={"entities": [asset("Table", name) for name in names]}, headers=headers)


def test_the_cause_of_an_event_leads_to_the_line_of_its_request(tmp_path: Path) -> None:
    with running(tmp_path / "c.db", "--log-format", "json") as program, door_to(program.url) as door:
        given = save(door, "a", **{"x-atlan-request-id": "r-1"})
        made = save(door, "b")
        again = save(door, "c", **{"x-atlan-request-id": "r-1"})
        ask(door, "GET", "/api/status")
        causes = [one["tidings"]["cause"] for one in door.with_token(TOKEN).events(0)]
    written = [line for line in lines(program) if line["logger"] == "tidings.requests"]
    assert [line["cause"] for line in written] == causes
    assert len(set(causes)) == 3, "a client's own id may come twice, a cause never does"
    assert [answer.headers["x-request-id"] for answer in (given, made, again)] == ["r-1", causes[1], "r-1"]
    assert [line.get("request") for line in written] == ["r-1", None, "r-1"]
    for line in written:
        assert (line["method"], line["path"], line["status"], line["caller"]) == ("POST", BULK, 200, "admin")
        assert line["seconds"] > 0
        assert line["client"] == "127.0.0.1"


def test_a_refusal_is_told_with_its_code_and_no_token_is_told_ever(tmp_path: Path) -> None:
    with (
        running(tmp_path / "c.db", "--log-format", "json", "--log-requests", "all", "--log-level", "debug") as program,
        door_to(program.url) as door,
    ):
        added = ask(door, "POST", "/api/tokens", 201, body={"name": "jo", "role": "read"}).json()["token"]
        door.with_token(added).ask("POST", BULK, 403, body={"entities": []})
        door.with_token("not-a-token").ask("GET", "/api/status", 401)
        door.with_token("").ask("GET", "/api/nowhere", 404)
    text = "".join(program.said)
    assert not [secret for secret in (TOKEN, added, "not-a-token") if secret in text]
    told = [line for line in lines(program) if line["logger"] == "tidings.requests"]
    assert [(line["status"], line.get("error", "")[:12], line.get("caller")) for line in told] == [
        (201, "", "admin"), (403, "TIDINGS-403-", "jo"), (401, "TIDINGS-401-", None), (404, "TIDINGS-404-", None),
    ]  # fmt: skip
    assert "jo has the role read" in told[1]["problem"]


def test_requests_are_told_of_only_as_wanted(tmp_path: Path) -> None:
    with running(tmp_path / "c.db", "--log-requests", "none") as program, door_to(program.url) as door:
        save(door, "a")
    with running(tmp_path / "c.db") as plain, door_to(plain.url) as door:
        save(door, "b")
        ask(door, "GET", "/api/status")
    assert not any("tidings.requests" in line for line in program.said)
    [line] = [line for line in plain.said if "tidings.requests" in line]
    assert f"method=POST path={BULK} status=200" in line


def test_everything_under_a_connection_is_deleted_under_the_cause_of_its_request(tmp_path: Path) -> None:
    with running(tmp_path / "c.db", "--log-format", "json") as program, door_to(program.url) as door:
        ask(door, "POST", BULK, body={"entities": [asset("Connection", "default/postgres/1")]})
        answer = ask(door, "DELETE", "/api/connections", params={"qualifiedName": "default/postgres/1"}).json()
    assert answer["cause"] == lines(program)[-2]["cause"]


def test_a_forwarded_address_is_believed_only_of_proxies_that_are_trusted(tmp_path: Path) -> None:
    forwarded = {"x-forwarded-for": "203.0.113.7"}
    with running(tmp_path / "c.db", "--log-format", "json") as wary, door_to(wary.url) as door:
        save(door, "a", **forwarded)
    with (
        running(tmp_path / "c.db", "--log-format", "json", "--trusted-proxies", "127.0.0.0/8") as trusting,
        door_to(trusting.url) as door,
    ):
        save(door, "b", **forwarded)
    clients = [[line["client"] for line in lines(one) if "client" in line] for one in (wary, trusting)]
    assert clients == [["127.0.0.1"], ["203.0.113.7"]]


def test_a_new_catalog_gets_no_token_that_would_stand_in_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        pytest.raises(AssertionError, match="set admin_token"),
        running(tmp_path / "c.db", "--log-format", "json", "--admin-token", ""),
    ):
        pass
    with running(tmp_path / "c.db"):
        pass
    with running(tmp_path / "c.db", "--log-format", "json", "--admin-token", ""):
        pass
