"""Reading assets by guid and by name, with and without relationships."""

from __future__ import annotations

import pytest

from tests.api.conftest import Pair
from tests.api.door import NAMED, Door, asset, named
from tidings.model.registry import TypeRegistry
from tidings.model.typemodel import shipped_types

TYPES = TypeRegistry(shipped_types())


def test_a_whole_entity_has_every_key_that_clients_read(door: Door, pair: Pair) -> None:
    answer = door.read(f"/api/meta/entity/guid/{pair.table}")
    entity = answer["entity"]
    assert answer["referredEntities"] == {}
    assert entity["createTime"] == entity["updateTime"] > 1_700_000_000_000
    expected = {
        "typeName": "Table", "guid": pair.table, "status": "ACTIVE", "displayText": "t", "isIncomplete": False,
        "createdBy": "admin", "updatedBy": "admin", "classifications": [], "classificationNames": [],
        "labels": [], "version": 1,
    }  # fmt: skip
    assert {key: entity[key] for key in expected} == expected


@pytest.mark.parametrize("type_name", ["Table", "AtlasGlossary", "Process", "Connection"])
def test_every_relationship_attribute_of_the_type_is_there(door: Door, place: str, type_name: str) -> None:
    [guid] = [one["guid"] for one in door.save(asset(type_name, f"{place}/x"))["mutatedEntities"]["CREATE"]]
    shown = door.entity(guid, ignoreRelationships="false")["relationshipAttributes"]
    assert shown == {name: None if link.single else [] for name, link in TYPES.type(type_name).links.items()}


@pytest.mark.parametrize("value", ["true", "True"])
def test_relationships_are_left_out_on_request(door: Door, pair: Pair, value: str) -> None:
    entity = door.entity(pair.table, ignoreRelationships=value, minExtInfo="true")
    assert "relationshipAttributes" not in entity


def test_unset_values_are_filled_in(door: Door, pair: Pair) -> None:
    attributes = door.entity(pair.table)["attributes"]
    assert (attributes["rowCount"], attributes["isPartitioned"], attributes["ownerUsers"]) == (0, False, [])
    assert "description" not in attributes


def test_a_reference_says_all_about_the_other_end(door: Door, pair: Pair) -> None:
    [reference] = door.entity(pair.table)["relationshipAttributes"]["columns"]
    assert reference.pop("relationshipGuid")
    assert reference == {
        "guid": pair.column, "typeName": "Column", "entityStatus": "ACTIVE", "displayText": "c",
        "relationshipType": "table_columns", "relationshipStatus": "ACTIVE",
        "relationshipAttributes": {"typeName": "table_columns"},
        "uniqueAttributes": {"qualifiedName": pair.column_name},
    }  # fmt: skip
    back = door.entity(pair.column)["relationshipAttributes"]["table"]
    assert back["guid"] == pair.table


def test_attributes_of_a_link_are_shown_with_it(door: Door, place: str) -> None:
    own = {"typeName": "any", "attributes": {"description": "why"}}
    glossary = asset("AtlasGlossary", place, "-1", name=f"{place} one")
    terms = [asset("AtlasGlossaryTerm", f"{place}/{n}", anchor={"guid": "-1"}) for n in "ab"]
    terms[1]["attributes"]["seeAlso"] = [named("AtlasGlossaryTerm", f"{place}/a") | {"relationshipAttributes": own}]
    made = door.save(glossary, *terms)["mutatedEntities"]["CREATE"]
    shown = door.entity(made[1]["guid"])["relationshipAttributes"]["seeAlso"]
    assert [one["relationshipAttributes"]["attributes"] for one in shown] == [{"description": "why"}]


def test_a_symmetric_link_to_itself_is_shown_once(door: Door, place: str) -> None:
    term = asset("AtlasGlossaryTerm", f"{place}/a", "-1", anchor=named("AtlasGlossary", place))
    term["attributes"]["synonyms"] = [{"typeName": "AtlasGlossaryTerm", "guid": "-1"}]
    made = door.save(asset("AtlasGlossary", place, name=f"{place} two"), term)["guidAssignments"]["-1"]
    assert [one["guid"] for one in door.entity(made)["relationshipAttributes"]["synonyms"]] == [made]


def test_an_archived_neighbour_vanishes_from_an_active_asset_only(door: Door, pair: Pair) -> None:
    door.ask("DELETE", f"/api/meta/entity/guid/{pair.column}")
    assert door.entity(pair.table)["relationshipAttributes"]["columns"] == []
    archived = door.entity(pair.column)
    assert archived["status"] == "DELETED"
    seen = archived["relationshipAttributes"]["table"]
    assert (seen["guid"], seen["relationshipStatus"], seen["entityStatus"]) == (pair.table, "DELETED", "ACTIVE")


@pytest.mark.parametrize("type_name", ["Table", "SQL", "Asset", "Referenceable"])
def test_a_super_type_finds_the_asset_and_shows_its_real_type(door: Door, pair: Pair, type_name: str) -> None:
    found = door.read(f"{NAMED}/{type_name}", **{"attr:qualifiedName": pair.table_name})["entity"]
    assert (found["guid"], found["typeName"]) == (pair.table, "Table")


def test_names_are_case_sensitive(door: Door, pair: Pair) -> None:
    door.refusal("GET", f"{NAMED}/Table", 404, params={"attr:qualifiedName": pair.table_name.upper()})


def test_a_super_type_that_fits_two_assets_is_a_conflict(door: Door, place: str) -> None:
    door.save(asset("Table", f"{place}/same"), asset("View", f"{place}/same"))
    problem = door.refusal("GET", f"{NAMED}/SQL", 409, params={"attr:qualifiedName": f"{place}/same"})
    assert "Table, View" in problem["errorMessage"]
    assert door.read(f"{NAMED}/View", **{"attr:qualifiedName": f"{place}/same"})["entity"]["typeName"] == "View"


def test_several_by_guid_in_the_order_asked_for(door: Door, pair: Pair) -> None:
    wanted = [pair.column, pair.table.upper()]
    found = door.read("/api/meta/entity/bulk", guid=wanted, ignoreRelationships="true")
    assert [one["guid"] for one in found["entities"]] == [pair.column, pair.table]


def test_guids_in_capitals_are_the_same_guids(door: Door, pair: Pair) -> None:
    assert door.entity(pair.table.upper())["guid"] == pair.table


def test_headers_by_guid_and_by_name(door: Door, pair: Pair) -> None:
    header = door.read(f"/api/meta/entity/guid/{pair.table}/header")
    assert header["attributes"] == {"name": "t", "qualifiedName": pair.table_name}
    assert door.read(f"{NAMED}/Table/header", **{"attr:qualifiedName": pair.table_name}) == header


def test_assets_are_listed_page_by_page(door: Door, place: str) -> None:
    names = [f"{place}/t{n}" for n in range(5)]
    door.save(*(asset("Table", name) for name in reversed(names)), asset("View", f"{place}/v"))
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = door.read("/api/assets", type="Table", qualifiedNamePrefix=place, limit=2, cursor=cursor)
        found += [one["attributes"]["qualifiedName"] for one in page["assets"]]
        cursor = page["next"]
    assert found == names


def test_assets_are_listed_by_status_and_by_several_types(door: Door, pair: Pair, place: str) -> None:
    door.ask("DELETE", f"/api/meta/entity/guid/{pair.column}")

    def listed(**params: object) -> list[str]:
        page = door.read("/api/assets", qualifiedNamePrefix=place, **params)
        return [one["guid"] for one in page["assets"]]

    assert listed() == [pair.table, pair.column] == listed(type=["Column", "Table"])
    assert listed(status="ACTIVE") == [pair.table]
    assert listed(status="DELETED") == [pair.column]
    assert listed(type="View") == []


def test_the_status_counts(door: Door, pair: Pair) -> None:
    before = door.read("/api/status")
    door.ask("DELETE", f"/api/meta/entity/guid/{pair.column}")
    after = door.read("/api/status")
    assert after["assets"]["archived"] == before["assets"]["archived"] + 1
    assert after["assets"]["active"] == before["assets"]["active"] - 1
    assert after["head"] == before["head"] + 1
    assert after["links"] == before["links"]
    assert {"version", "catalogId", "profile", "uptimeSeconds"} < after.keys()
