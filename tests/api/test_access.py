"""Who may do what: tokens, roles, both ways to present a token, and what needs none."""

from __future__ import annotations

import base64
import threading
from pathlib import Path

import pytest

from tests.api.conftest import Pair
from tests.api.door import BULK, NAMED, Door, asset, serving
from tidings.api.access import Gatekeeper
from tidings.model.errors import Forbidden
from tidings.testing import TOKEN, catalog

READS = ["/api/status", "/api/events", "/api/assets", "/api/openapi.json", "/metrics", "/api/service/roles"]
WRITES: list[tuple[str, str, object]] = [
    ("POST", BULK, {"entities": []}), ("POST", "/api/meta/entity", {}), ("PUT", f"{NAMED}/Table", {}),
    ("PUT", "/api/meta/entity/guid/x", 1), ("DELETE", BULK, None), ("DELETE", "/api/meta/entity/guid/x", None),
    ("DELETE", f"{NAMED}/Table", None), ("POST", "/api/meta/entity/restore/bulk", None),
    ("PUT", "/api/meta/admin/purge", []), ("PUT", "/api/atlas/admin/purge", []), ("POST", "/api/delete", {}),
    ("POST", "/api/restore", {}),
]  # fmt: skip
TOKENS: list[tuple[str, str, object]] = [
    ("GET", "/api/tokens", None),
    ("POST", "/api/tokens", {}),
    ("DELETE", "/api/tokens/x", None),
]


@pytest.fixture(scope="module")
def reader(door: Door) -> Door:
    return _with_role(door, "read")


@pytest.fixture(scope="module")
def writer(door: Door) -> Door:
    return _with_role(door, "write")


def _with_role(door: Door, role: str) -> Door:
    made = door.ask("POST", "/api/tokens", 201, body={"name": f"the {role}r", "role": role})
    return door.with_token(made.json()["token"])


@pytest.mark.parametrize("path", ["/health", "/health/ready"])
def test_health_needs_no_token(door: Door, path: str) -> None:
    assert door.with_token("").read(path)["status"] in ("ok", "ready")


@pytest.mark.parametrize("path", READS)
def test_everything_else_does(door: Door, path: str) -> None:
    stranger = door.with_token("")
    answer = stranger.ask("GET", path, 401)
    assert answer.headers["www-authenticate"].startswith("Basic")
    assert "token" in answer.json()["errorMessage"]


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"bearer   {TOKEN}", 200),
        ("Basic " + base64.b64encode(f"anybody:{TOKEN}".encode()).decode(), 200),
        ("Basic " + base64.b64encode(f":{TOKEN}".encode()).decode(), 200),
        ("Basic " + base64.b64encode(TOKEN.encode()).decode(), 401),
        ("Basic =", 401),
        ("Basic " + base64.b64encode(b"a:\xff").decode(), 401),
        ("Bearer", 401),
        ("Bearer wrong-token", 401),
        ("Bearer t\u00f6ken", 401),
        (f"Digest {TOKEN}", 401),
        (TOKEN, 401),
    ],
)
def test_a_token_comes_as_bearer_or_as_a_password(door: Door, header: str, status: int) -> None:
    door.with_token("").ask("GET", "/api/status", status, headers={"authorization": header.encode("latin-1")})


def test_a_reader_may_read(reader: Door, pair: Pair) -> None:
    for path in READS:
        reader.ask("GET", path)
    assert reader.entity(pair.table)["status"] == "ACTIVE"


@pytest.mark.parametrize(("method", "path", "body"), [*WRITES, *TOKENS])
def test_a_reader_may_do_nothing_else(reader: Door, method: str, path: str, body: object) -> None:
    problem = reader.refusal(method, path, 403, body=body)
    assert "has the role read" in problem["errorMessage"]


@pytest.mark.parametrize(("method", "path", "body"), TOKENS)
def test_a_writer_may_not_administer(writer: Door, method: str, path: str, body: object) -> None:
    problem = writer.refusal(method, path, 403, body=body)
    assert "needs a token with the role admin" in problem["errorMessage"]


def test_a_writer_writes_under_its_own_name(door: Door, writer: Door, place: str) -> None:
    [made] = writer.save(asset("Table", f"{place}/t"))["mutatedEntities"]["CREATE"]
    [event] = door.events(0, guid=made["guid"])
    assert event["tidings"]["actor"] == event["message"]["entity"]["createdBy"] == made["createdBy"] == "the writer"


def test_a_token_lives_from_its_making_to_its_revoking(door: Door) -> None:
    made = door.ask("POST", "/api/tokens", 201, body={"name": "Night crawl ✓", "role": "write"}).json()
    assert made.keys() == {"name", "role", "token"}
    listed = {one["name"]: one for one in door.read("/api/tokens")["tokens"]}
    assert listed["Night crawl ✓"].keys() == {"name", "role", "createdAt"}
    user = door.with_token(made["token"])
    user.read("/api/status")
    answer = door.ask("DELETE", "/api/tokens/Night crawl ✓", 204)
    assert answer.content == b""
    user.ask("GET", "/api/status", 401)
    assert "no token named Night crawl" in door.refusal("DELETE", "/api/tokens/Night crawl ✓", 404)["errorMessage"]


def test_two_tokens_cannot_share_a_name(door: Door) -> None:
    problem = door.refusal("POST", "/api/tokens", 409, body={"name": "admin", "role": "read"})
    assert "admin" in problem["errorMessage"]


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 129, "a/b"])
def test_a_name_that_could_not_be_shown_or_revoked_is_refused(door: Door, name: str) -> None:
    door.refusal("POST", "/api/tokens", 400, body={"name": name, "role": "read"})


def test_a_role_that_is_none_is_refused(door: Door) -> None:
    problem = door.refusal("POST", "/api/tokens", 400, body={"name": "x", "role": "owner"})
    assert "read, write, admin" in problem["errorMessage"]


def test_the_last_admin_cannot_be_revoked(door: Door) -> None:
    assert "last admin" in door.refusal("DELETE", "/api/tokens/admin", 403)["errorMessage"]


def test_two_admins_revoked_at_once_leave_one() -> None:
    with catalog() as it:
        gate = Gatekeeper(it.store)
        for _ in range(50):
            for name in ("a", "b"):
                if name not in [token.name for token in gate.tokens()]:
                    gate.add(name, "admin")
            both = threading.Barrier(2)
            threads = [threading.Thread(target=_revoke, args=(gate, name, both)) for name in ("a", "b")]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert len(gate.tokens()) == 1


def _revoke(gate: Gatekeeper, name: str, both: threading.Barrier) -> None:
    both.wait()
    try:
        gate.remove(name)
    except Forbidden:
        return


def test_the_first_token_is_wanted_or_made_and_only_on_a_new_catalog() -> None:
    with catalog() as it:
        gate = Gatekeeper(it.store)
        assert gate.first_token("chosen-by-me") == "chosen-by-me"
        assert gate.first_token("another-one") is None
        assert (gate.knows("chosen-by-me"), gate.knows("another-one")) == (True, False)
    with catalog() as it:
        made = Gatekeeper(it.store).first_token("")
        assert made is not None
        assert Gatekeeper(it.store).knows(made)


def test_a_wanted_token_is_not_taken_twice(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    where = f"sqlite:///{tmp_path}/c.db"
    with serving(database=where) as (door, _):
        door.ask("GET", "/api/status")
    with serving(database=where, admin_token="another-token") as (door, _):
        door.ask("GET", "/api/status")
        door.with_token("another-token").ask("GET", "/api/status", 401)
    assert "admin_token was not taken" in caplog.text


def test_a_token_that_nobody_chose_is_shown_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = f"sqlite:///{tmp_path}/c.db"
    with serving(database=where, admin_token="") as (door, _):
        [line] = capsys.readouterr().err.splitlines()
        door.with_token(line.rpartition(" ")[2]).ask("GET", "/api/status")
    with serving(database=where, admin_token=""):
        assert capsys.readouterr().err == ""
