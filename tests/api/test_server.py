"""The server as a whole: where it listens, what it cannot open, and the room for users' own tests."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path

import pytest

from tests.api.door import asset, serving
from tidings import wiring
from tidings.config import Config
from tidings.model.errors import ConfigError, StoreInUse
from tidings.model.events import LogFilter
from tidings.testing import IN_MEMORY, TOKEN, catalog, said, server
from tidings.wiring import open_server, open_store, open_to_read


def test_an_address_that_is_taken_is_named() -> None:
    with serving() as (door, _):
        port = door.http.base_url.port or 0
        with (
            pytest.raises(ConfigError, match=f"cannot listen on 127.0.0.1:{port} .*; choose another --host or --port"),
            open_server(Config(port=port, database=IN_MEMORY)),
        ):
            pass


def test_an_address_of_the_newer_kind() -> None:
    with serving(host="::1") as (door, running):
        assert running.address.startswith("http://[::1]:")
        door.read("/api/status")


def test_a_catalog_in_use_can_be_read_but_not_opened_again(tmp_path: Path) -> None:
    config = Config(database=f"sqlite:///{tmp_path}/c.db")
    with serving(database=config.database) as (door, _):
        door.save(asset("Table", "t"))
        beside = open_to_read(config)
        assert beside.head() == 1
        beside.close()
        with pytest.raises(StoreInUse):
            open_store(config)


def test_a_catalog_in_memory_cannot_be_read_from_outside() -> None:
    with pytest.raises(ConfigError, match="name its file with --database"):
        open_to_read(Config(database=IN_MEMORY))


def test_a_catalog_for_tests_tells_what_happened() -> None:
    with catalog() as it:
        [made] = it.save(asset("Table", "t"), asset("View", "v"), actor="jo").changes.assets[:1]
        it.delete(made.after.guid)
        it.restore(made.after.guid)
        assert said(it.events(1)) == [
            ("ENTITY_CREATE", "View", "v"), ("ENTITY_DELETE", "Table", "t"), ("ENTITY_UPDATE", "Table", "t"),
        ]  # fmt: skip
        views = it.events(wanted=LogFilter(type_names=frozenset({"View"})))
        assert [one["tidings"]["actor"] for one in views] == ["jo"]
        assert "tidings" not in it.events(wire=True)[0]


@pytest.mark.parametrize(("profile", "handler"), [("documented", "HARD"), ("server", "PURGE")])
def test_a_server_for_tests_speaks_in_the_profile_asked_for(profile: str, handler: str) -> None:
    with server(profile=profile) as client:
        [made] = client.save([asset("Table", "t")])["mutatedEntities"]["CREATE"]
        client.delete([made["guid"]], delete_type="PURGE")
        assert client.status()["profile"] == profile
        assert client.events().events[1]["message"]["entity"]["deleteHandler"] == handler
        assert client.tokens()[0]["name"] == "admin"
        assert TOKEN not in str(client.tokens())


def test_headers_without_end_are_refused_before_they_fill_the_memory() -> None:
    with serving() as (door, _), door.socket() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nhost: x\r\nx-a: ")
        with contextlib.suppress(ConnectionError):
            for _ in range(64):
                connection.sendall(b"a" * 64 * 1024)
        assert b"headers are too large" in _all_of(connection)
        assert door.ask("GET", "/health").status_code == 200


def test_a_request_that_never_names_itself_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wiring, "HEAD_SECONDS", 0.05)
    with serving() as (door, _), door.socket() as connection:
        connection.sendall(b"GET / HTT")
        assert _all_of(connection) == b""


def _all_of(connection: socket.socket) -> bytes:
    """What comes until the server closes the connection."""
    found = b""
    with contextlib.suppress(ConnectionError):
        while piece := connection.recv(65_536):
            found += piece
    return found
