"""Cursors at the door: exact JSON, roles, and what is refused."""

from __future__ import annotations

from itertools import count

import pytest

from tests.api.door import Door, asset, serving
from tidings.api.app import ENDPOINTS
from tidings.api.cursors import GROUP

_numbers = count(1)


@pytest.fixture
def name() -> str:
    return f"consumer {next(_numbers)}"


@pytest.fixture
def head(door: Door, place: str) -> int:
    door.save(*(asset("Table", f"{place}/t{one}") for one in range(5)))
    return door.head()


def path(name: str, more: str = "") -> str:
    return f"/api/cursors/{name}{more}"


def test_made_read_moved_and_removed(door: Door, name: str, head: int) -> None:
    made = door.ask("PUT", path(name), body={"position": head - 3}).json()
    times = {key: made[key] for key in ("createdAt", "updatedAt")}
    assert made == {"name": name, "position": head - 3, **times, "behind": 3, "lost": 0, "lease": None}
    assert door.read(path(name)) == made
    assert made in door.read("/api/cursors")["cursors"]
    moved = door.ask("PUT", path(name), body={"position": head}).json()
    assert (moved["position"], moved["behind"], moved["createdAt"]) == (head, 0, made["createdAt"])
    assert door.ask("DELETE", path(name), 204).content == b""
    assert name in door.refusal("GET", path(name), 404)["errorMessage"]
    assert door.refusal("DELETE", path(name), 404)["errorCode"] == "TIDINGS-404-000"


def test_steps_that_are_refused(door: Door, name: str, head: int) -> None:
    door.ask("PUT", path(name), body={"position": head - 1})
    assert "rewind" in door.refusal("PUT", path(name), 409, body={"position": head - 2})["errorMessage"]
    door.ask("PUT", path(name), body={"position": head - 2, "rewind": True})
    assert "beyond" in door.refusal("PUT", path(name), 400, body={"position": head + 1_000})["errorMessage"]
    for body in ({}, {"position": -1}, {"position": "1"}, {"position": 1, "holder": ""}, [1]):
        door.refusal("PUT", path(name), 400, body=body)
    door.refusal("PUT", path("x" * 200), 400, body={"position": 1})
    assert (
        "dryRun"
        in door.refusal("PUT", path(name), 400, body={"position": 1}, params={"dryRun": "true"})["errorMessage"]
    )
    assert door.read(path(name))["position"] == head - 2


def test_a_lease_is_taken_renewed_refused_and_given_back(door: Door, name: str, head: int) -> None:
    taken = door.ask("POST", path(name, "/lease"), body={"holder": "me", "seconds": 60}).json()
    assert taken == {"holder": "me", "until": taken["until"], "position": None}
    door.ask("PUT", path(name), body={"position": head - 1, "holder": "me"})
    assert door.read(path(name))["lease"] == {"holder": "me", "until": taken["until"]}
    again = door.ask("POST", path(name, "/lease"), body={"holder": "me", "seconds": 600}).json()
    assert again["until"] > taken["until"]
    assert again["position"] == head - 1
    for method, where, more in (
        ("POST", "/lease", {"body": {"holder": "other"}}),
        ("PUT", "", {"body": {"position": head, "holder": "other"}}),
        ("PUT", "", {"body": {"position": head}}),
        ("DELETE", "", {}),
        ("DELETE", "/lease", {"params": {"holder": "other"}}),
    ):
        refused = door.refusal(method, path(name, where), 409, **more)
        assert f"the cursor {name} is held by me until 2" in refused["errorMessage"]
    door.ask("DELETE", path(name, "/lease"), 204, params={"holder": "me"})
    assert door.read(path(name))["lease"] is None
    assert door.ask("POST", path(name, "/lease"), body={"holder": "other"}).json()["holder"] == "other"
    door.ask("DELETE", path(name), 204, params={"holder": "other"})


@pytest.mark.parametrize(
    "body", [{}, {"holder": ""}, {"holder": "a\nb"}, {"holder": "me", "seconds": 0}, {"holder": "me", "seconds": 601}]
)
def test_leases_that_nobody_takes(door: Door, name: str, body: object) -> None:
    door.refusal("POST", path(name, "/lease"), 400, body=body)


def test_a_lease_given_back_names_its_holder(door: Door, name: str) -> None:
    assert "holder" in door.refusal("DELETE", path(name, "/lease"), 400)["errorMessage"]
    door.ask("DELETE", path(name, "/lease"), 204, params={"holder": "nobody"})


def test_who_may_do_what(door: Door, name: str) -> None:
    rows = [one for one in ENDPOINTS if one.group == GROUP]
    assert {(one.method, one.role) for one in rows} == {
        ("GET", "read"), ("PUT", "write"), ("DELETE", "write"), ("POST", "write"),
    }  # fmt: skip


def test_what_trimming_took_from_a_cursor_is_told() -> None:
    with serving() as (door, _):
        door.save(*(asset("Table", f"t{one}") for one in range(10)))
        door.ask("PUT", path("slow"), body={"position": 2})
        door.ask("PUT", "/api/retention", body={"maxEvents": 3})
        door.ask("POST", "/api/retention/run", params={"force": "true"})
        assert door.read(path("slow"))["lost"] == 5
        assert door.read("/api/cursors") | {"cursors": []} == {"cursors": [], "firstPosition": 8, "head": 10}
        refused = door.refusal("PUT", path("new"), 410, body={"position": 5})
        assert (refused["errorCode"], "first position left is 8" in refused["errorMessage"]) == (
            "TIDINGS-410-000",
            True,
        )
        door.ask("PUT", path("slow"), body={"position": 7})
