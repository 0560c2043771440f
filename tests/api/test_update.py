"""Updates of one asset that must be there: by its name, and one attribute by its guid."""

from __future__ import annotations

from tests.api.conftest import Pair
from tests.api.door import NAMED, Door, guids, operations


def test_an_asset_is_updated_by_its_name(door: Door, pair: Pair) -> None:
    body = {"entity": {"typeName": "Table", "attributes": {"description": "now"}}}
    params = {"attr:qualifiedName": pair.table_name}
    answer = door.ask("PUT", f"{NAMED}/Table/", body=body, params=params).json()
    assert guids(answer, "UPDATE") == [pair.table]
    assert door.entity(pair.table)["attributes"]["description"] == "now"
    assert door.ask("PUT", f"{NAMED}/Table", body=body, params=params).json() == {"mutatedEntities": {}}


def test_a_super_type_finds_what_to_update(door: Door, pair: Pair) -> None:
    body = {"entity": {"attributes": {"description": "now"}}}
    answer = door.ask("PUT", f"{NAMED}/Asset", body=body, params={"attr:qualifiedName": pair.table_name}).json()
    assert answer["mutatedEntities"]["UPDATE"][0]["typeName"] == "Table"


def test_nothing_is_created_by_name(door: Door, place: str) -> None:
    body = {"entity": {"typeName": "Table", "attributes": {"name": "t", "qualifiedName": f"{place}/t"}}}
    problem = door.refusal("PUT", f"{NAMED}/Table", 404, body=body, params={"attr:qualifiedName": f"{place}/t"})
    assert problem["errorCode"] == "ATLAS-404-00-009"
    expected = f"Instance Table with unique attribute {{qualifiedName={place}/t}} does not exist"
    assert problem["errorMessage"] == expected


def test_an_update_by_name_can_rename(door: Door, pair: Pair) -> None:
    body = {"entity": {"typeName": "Table", "attributes": {"qualifiedName": f"{pair.table_name}2"}}}
    door.ask("PUT", f"{NAMED}/Table", body=body, params={"attr:qualifiedName": pair.table_name})
    assert door.entity(pair.table)["attributes"]["qualifiedName"] == f"{pair.table_name}2"


def test_one_attribute_is_set_by_guid(door: Door, pair: Pair) -> None:
    head = door.head()
    address = f"/api/meta/entity/guid/{pair.table}"
    door.ask("PUT", address, params={"name": "rowCount"}, body=7)
    door.ask("PUT", address, params={"name": "ownerUsers"}, body=["a"])
    assert door.entity(pair.table)["attributes"]["rowCount"] == 7
    assert operations(door.events(head)) == [("UPDATE", "t")] * 2


def test_one_attribute_by_guid_can_be_tried_and_refused(door: Door, pair: Pair) -> None:
    address = f"/api/meta/entity/guid/{pair.table}"
    tried = door.ask("PUT", address, params={"name": "rowCount", "dryRun": "true"}, body=7).json()
    assert [one["tidings"]["after"] for one in tried["events"]] == [{"rowCount": 7}]
    assert door.entity(pair.table)["attributes"]["rowCount"] == 0
    assert "name" in door.refusal("PUT", address, 400, body=7)["errorMessage"]
    assert "rowCount" in door.refusal("PUT", f"{address}?name=rowCount", 400, body="many")["errorMessage"]
    assert "rowCount" in door.refusal("PUT", f"{address}?name=rowCont&strict=true", 400, body=7)["errorMessage"]


def test_one_attribute_of_an_unknown_guid(door: Door) -> None:
    problem = door.refusal("PUT", "/api/meta/entity/guid/none?name=rowCount", 404, body=7)
    assert problem["errorMessage"] == "Given instance guid none is invalid/not found"
