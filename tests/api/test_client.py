"""The client against a real server."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.api.alone import client, saved, table
from tidings.client import Client
from tidings.model.errors import ClientError
from tidings.model.events import LogFilter
from tidings.testing import said

TABLE = "default/x/1/d/s/orders"


__all__ = ["client"]  # a fixture


def test_save_then_get(client: Client) -> None:
    guid = saved(client)
    assert client.get(guid)["attributes"]["name"] == "orders"
    assert client.get_by_name("Table", TABLE)["guid"] == guid


def test_a_dry_run_writes_nothing(client: Client) -> None:
    answer = client.save([table()], dry_run=True)
    assert said(answer["events"]) == [("ENTITY_CREATE", "Table", "orders")]
    assert answer["dryRun"] is True
    assert client.head() == 0


def test_unknown_attributes_are_refused_or_counted(client: Client) -> None:
    odd = table(colour="red")
    with pytest.raises(ClientError) as caught:
        client.save([odd])
    assert caught.value.http_status == 400
    assert caught.value.server_code == "TIDINGS-400-003"
    assert [problem.location for problem in caught.value.problems] == ["entities[0].attributes.colour"]
    assert client.save([odd], strict=False)["ignoredAttributes"] == 1


def test_delete_and_restore_by_guid_and_name(client: Client) -> None:
    guid = saved(client)
    assert client.delete([guid], dry_run=True)["dryRun"] is True
    assert [one["guid"] for one in client.delete([guid])["mutatedEntities"]["DELETE"]] == [guid]
    assert len(client.restore([("Table", TABLE)], dry_run=True)["events"]) == 1
    assert [one["guid"] for one in client.restore([("Table", TABLE)])["mutatedEntities"]["UPDATE"]] == [guid]
    client.delete([("Table", TABLE)], delete_type="PURGE")
    operations = [one["message"]["operationType"] for one in client.history(guid)]
    assert operations == ["ENTITY_CREATE", "ENTITY_DELETE", "ENTITY_UPDATE", "ENTITY_DELETE"]
    with pytest.raises(ClientError, match=guid):
        client.get(guid)


def test_events_come_in_pages_and_filtered(client: Client) -> None:
    for name in ("a", "b", "c"):
        saved(client, name)
    page = client.events(limit=2)
    assert (len(page.events), page.next, page.head) == (2, 2, 3)
    assert said(client.events(page.next).events) == [("ENTITY_CREATE", "Table", "c")]
    assert len(client.events(wanted=LogFilter(name_prefix="default/x/1/d/s/b")).events) == 1
    assert client.events(wanted=LogFilter(type_names=frozenset({"Column", "View"}))).events == []
    assert "tidings" not in client.events(form="wire").events[0]


def test_waiting_for_events_ends_when_there_are_some(client: Client) -> None:
    found: list[Any] = []
    waiting = threading.Thread(target=lambda: found.append(client.events(wait=60)))
    waiting.start()
    saved(client)
    waiting.join()
    assert said(found[0].events) == [("ENTITY_CREATE", "Table", "orders")]


def test_a_stream_gives_what_happens_after_it_was_made(client: Client) -> None:
    saved(client, "before")
    stream = client.stream()
    saved(client, "after")
    position, event = next(stream)
    stream.close()
    assert (position, event["tidings"]["position"]) == (2, 2)
    assert said([event]) == [("ENTITY_CREATE", "Table", "after")]


def test_assets_come_from_all_pages(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tidings.client.client.ASSETS_A_PAGE", 2)
    client.save([table(name) for name in "abcde"])
    client.delete([("Table", "default/x/1/d/s/c")])
    names = [one["attributes"]["name"] for one in client.assets(type_names=["Table"])]
    assert names == ["a", "b", "c", "d", "e"]
    assert len(list(client.assets(status="DELETED"))) == 1
    assert len(list(client.assets(name_prefix="default/x/1/d/s/a"))) == 1


def test_tokens_come_and_go(client: Client) -> None:
    made = client.add_token("jo & co", "read")
    with Client(client.base_url, f" {made['token']}\n") as reader:
        assert reader.status()["head"] == 0
        with pytest.raises(ClientError) as caught:
            reader.save([table()])
    assert caught.value.http_status == 403
    assert [one["name"] for one in client.tokens()] == ["admin", "jo & co"]
    client.remove_token("jo & co")
    assert [one["name"] for one in client.tokens()] == ["admin"]


def test_without_a_token(client: Client) -> None:
    with Client(client.base_url, "") as stranger, pytest.raises(ClientError, match="token is needed") as caught:
        stranger.status()
    assert caught.value.http_status == 401
