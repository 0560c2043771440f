"""Archiving, purging and restoring, in each form the protocol and our own calls have."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Pair
from tests.api.door import NAMED, Door, Json, guids, operations

DELETES = [
    ("DELETE", "/api/meta/entity/bulk", lambda pair: {"params": {"guid": pair.column}}),
    ("DELETE", "/api/atlas/v2/entity/bulk/", lambda pair: {"params": {"guid": pair.column, "deleteType": "SOFT"}}),
    ("DELETE", "/api/meta/entity/guid/{column}", lambda pair: {}),
    ("DELETE", f"{NAMED}/Column", lambda pair: {"params": {"attr:qualifiedName": pair.column_name}}),
    ("DELETE", f"{NAMED}/SQL/", lambda pair: {"params": {"attr:qualifiedName": pair.column_name}}),
    ("POST", "/api/delete", lambda pair: {"body": {"guids": [pair.column]}}),
    ("POST", "/api/delete/", lambda pair: {"body": {"targets": [{"guid": pair.column}], "deleteType": "SOFT"}}),
    ("POST", "/api/delete", lambda pair: {"body": {"targets": [{"typeName": "Asset", "qualifiedName": pair.column_name}]}}),
]  # fmt: skip
PURGES = [
    ("DELETE", "/api/meta/entity/bulk", lambda pair: {"params": {"guid": pair.column, "deleteType": "PURGE"}}),
    ("DELETE", "/api/meta/entity/bulk", lambda pair: {"params": {"guid": pair.column, "deleteType": "hard"}}),
    ("DELETE", "/api/meta/entity/guid/{column}?deleteType=HARD", lambda pair: {}),
    ("DELETE", f"{NAMED}/Column", lambda pair: {"params": {"attr:qualifiedName": pair.column_name, "deleteType": "PURGE"}}),
    ("POST", "/api/delete", lambda pair: {"body": {"guids": [pair.column], "deleteType": "PURGE"}}),
    ("PUT", "/api/meta/admin/purge", lambda pair: {"body": [pair.column]}),
    ("PUT", "/api/atlas/v2/admin/purge", lambda pair: {"body": [pair.column]}),
    ("PUT", "/api/atlas/admin/purge/", lambda pair: {"body": [pair.column.upper()]}),
]  # fmt: skip
RESTORES = [
    ("POST", "/api/meta/entity/restore/bulk", lambda pair: {"params": {"guid": pair.column}}),
    ("POST", "/api/restore", lambda pair: {"body": {"guids": [pair.column]}}),
    ("POST", "/api/restore/", lambda pair: {"body": {"targets": [{"typeName": "Column", "qualifiedName": pair.column_name}]}}),
]  # fmt: skip


def do(door: Door, pair: Pair, call: tuple[str, str, Any], **params: str) -> Json:
    method, path, rest = call
    more = rest(pair)
    more["params"] = {**more.get("params", {}), **params} or None
    answer: Json = door.ask(method, path.replace("{column}", pair.column), **more).json()
    return answer


@pytest.mark.parametrize("call", DELETES)
def test_every_form_archives_once(door: Door, pair: Pair, call: tuple[str, str, Any]) -> None:
    head = door.head()
    [header] = do(door, pair, call)["mutatedEntities"]["DELETE"]
    assert (header["guid"], header["status"]) == (pair.column, "DELETED")
    assert header["deleteHandler"] in ("SOFT", "DEFAULT")
    assert header["attributes"]["qualifiedName"] == pair.column_name
    assert door.entity(pair.column)["status"] == "DELETED"
    assert do(door, pair, call) == {"mutatedEntities": {}}
    assert operations(door.events(head)) == [("DELETE", "c")]


@pytest.mark.parametrize("call", PURGES)
def test_every_form_purges(door: Door, pair: Pair, call: tuple[str, str, Any]) -> None:
    head = door.head()
    [header] = do(door, pair, call)["mutatedEntities"]["DELETE"]
    assert (header["guid"], header["status"]) == (pair.column, "DELETED")
    assert header["deleteHandler"] in ("HARD", "PURGE")
    door.refusal("GET", f"/api/meta/entity/guid/{pair.column}", 404)
    assert operations(door.events(head)) == [("DELETE", "c")]
    assert door.entity(pair.table)["relationshipAttributes"]["columns"] == []


@pytest.mark.parametrize("call", RESTORES)
def test_every_form_restores_with_links(door: Door, pair: Pair, call: tuple[str, str, Any]) -> None:
    assert do(door, pair, call) == {"mutatedEntities": {}}
    door.ask("DELETE", f"/api/meta/entity/guid/{pair.column}")
    head = door.head()
    assert guids(do(door, pair, call), "UPDATE") == [pair.column]
    [event] = door.events(head)
    assert event["message"]["mutatedDetails"]["attributes"] == {"__state": "ACTIVE"}
    assert event["tidings"]["origin"] == "restore"
    assert [one["guid"] for one in door.entity(pair.table)["relationshipAttributes"]["columns"]] == [pair.column]


@pytest.mark.parametrize("call", [*DELETES[:3], *PURGES])
def test_a_dry_run_deletes_nothing(door: Door, pair: Pair, call: tuple[str, str, Any]) -> None:
    head = door.head()
    told = do(door, pair, call, dryRun="true")
    assert operations(told["events"]) == [("DELETE", "c")]
    assert guids(told, "DELETE") == [pair.column]
    assert door.entity(pair.column)["status"] == "ACTIVE"
    assert door.head() == head


def test_a_dry_run_restores_nothing(door: Door, pair: Pair) -> None:
    door.ask("DELETE", f"/api/meta/entity/guid/{pair.column}")
    assert operations(do(door, pair, RESTORES[1], dryRun="true")["events"]) == [("UPDATE", "c")]
    assert door.entity(pair.column)["status"] == "DELETED"


def test_archive_then_purge_is_two_events(door: Door, pair: Pair) -> None:
    head = door.head()
    do(door, pair, DELETES[0])
    do(door, pair, PURGES[0])
    states = [(one["tidings"]["before"], one["tidings"]["after"]) for one in door.events(head)]
    assert states == [
        ({"__state": "ACTIVE"}, {"__state": "DELETED"}), ({"__state": "DELETED"}, {"__state": "PURGED"}),
    ]  # fmt: skip


def test_one_unknown_guid_keeps_all_from_being_deleted(door: Door, pair: Pair) -> None:
    door.refusal("DELETE", "/api/meta/entity/bulk", 404, params={"guid": [pair.column, "none"]})
    assert door.entity(pair.column)["status"] == "ACTIVE"


def test_many_are_deleted_children_first_and_each_once(door: Door, pair: Pair) -> None:
    body = {"guids": [pair.table, pair.column, pair.table]}
    assert guids(door.ask("POST", "/api/delete", body=body).json(), "DELETE") == [pair.column, pair.table]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "names no asset"),
        ({"targets": [{"typeName": "Table"}]}, "targets[0] names no asset"),
        ({"guids": ["x"], "deleteType": "BURN"}, "deleteType 'BURN'"),
        ({"guids": "x"}, "$.guids"),
    ],
)
def test_a_delete_that_makes_no_sense_is_refused(door: Door, body: Json, says: str) -> None:
    assert says in door.refusal("POST", "/api/delete", 400, body=body)["errorMessage"]
