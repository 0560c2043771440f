"""Stored definitions as what is in force."""

from __future__ import annotations

from typing import Any

import pytest

from tests.catalog import SHIPPED
from tidings.model.definitions import (
    element_types,
    is_generated,
    new_name,
    type_guid,
    with_definitions,
)
from tidings.model.events import encode
from tidings.model.registry import TypeRegistry
from tidings.model.typedefs import AttributeDef, Definition, TypeSystem

APART = ("entities", "enums", "structs", "relationships", "tags", "custom_sets")


def system(*definitions: tuple[str, dict[str, Any]]) -> TypeSystem:
    stored = [
        Definition(body["name"], category, type_guid(body["name"]), encode(body)) for category, body in definitions
    ]
    return with_definitions(SHIPPED, stored)


def attribute(name: str, type_name: str = "string", **more: Any) -> dict[str, Any]:
    return {"name": name, "typeName": type_name, **more}


def custom(options: dict[str, Any], type_name: str = "string") -> Any:
    body = {"name": "S", "displayName": "set", "attributeDefs": [attribute("A", type_name, options=options)]}
    return system(("BUSINESS_METADATA", body)).custom_sets["S"].attributes["A"]


def end(type_name: str, name: str, cardinality: str = "SINGLE", *, container: bool = False) -> dict[str, Any]:
    return {"type": type_name, "name": name, "cardinality": cardinality, "isContainer": container}


@pytest.mark.parametrize(
    ("category", "body", "changed"),
    [
        ("ENUM", {"name": "e", "elementDefs": [{"value": "a"}]}, {"enums"}),
        ("STRUCT", {"name": "s"}, {"structs"}),
        ("CLASSIFICATION", {"name": "t"}, {"tags"}),
        ("BUSINESS_METADATA", {"name": "b"}, {"custom_sets"}),
        ("ENTITY", {"name": "E"}, {"entities"}),
        (
            "RELATIONSHIP",
            {
                "name": "r",
                "relationshipCategory": "ASSOCIATION",
                "endDef1": end("Table", "x"),
                "endDef2": end("View", "y"),
            },
            {"relationships", "entities"},
        ),
    ],
)
def test_what_nothing_was_added_to_stays_the_same_object(category: str, body: Any, changed: set[str]) -> None:
    found = system((category, body))
    assert {part for part in APART if getattr(found, part) is not getattr(SHIPPED, part)} == changed
    assert found.stored.keys() == {body["name"]}


def test_another_tag_leaves_the_types_of_assets_as_they_were() -> None:
    before = TypeRegistry(SHIPPED)
    table = before.type("Table")
    assert TypeRegistry(system(("CLASSIFICATION", {"name": "t"})), before).type("Table") is table


def test_an_entity_type_inherits_and_adds() -> None:
    body = {
        "name": "Box",
        "superTypes": ["Asset"],
        "attributeDefs": [attribute("weight", "int"), attribute("tags", "array<string>")],
    }
    box = TypeRegistry(system(("ENTITY", body))).type("Box")
    assert box.is_asset
    assert {"name", "qualifiedName", "weight"} <= box.attributes.keys()
    assert box.attributes["tags"].definition.cardinality == "LIST"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, AttributeDef("x", "int")),
        (
            {"isOptional": False, "includeInNotification": False},
            AttributeDef("x", "int", optional=False, flagged=False),
        ),
        ({"isUnique": True, "includeInNotification": False}, AttributeDef("x", "int", unique=True)),
        ({"defaultValue": ""}, AttributeDef("x", "int")),
        ({"defaultValue": "3"}, AttributeDef("x", "int", default="3")),
    ],
)
def test_an_attribute_is_what_its_members_say(more: dict[str, Any], expected: AttributeDef) -> None:
    body = {"name": "Box", "superTypes": ["Asset"], "attributeDefs": [attribute("x", "int", **more)]}
    assert system(("ENTITY", body)).entities["Box"].attributes["x"] == expected


def test_both_ends_of_a_relationship_see_it_and_a_composition_owns() -> None:
    body = {
        "name": "box_things", "relationshipCategory": "COMPOSITION", "propagateTags": "ONE_TO_TWO",
        "endDef1": end("Box", "things", "SET", container=True), "endDef2": end("Thing", "box"),
    }  # fmt: skip
    kinds = [("ENTITY", {"name": name, "superTypes": ["Asset"]}) for name in ("Box", "Thing")]
    types = TypeRegistry(system(*kinds, ("RELATIONSHIP", body)))
    assert not types.type("Box").links["things"].single
    assert types.type("Thing").links["box"].mandatory
    assert types.relationship("box_things").owns


def test_a_reference_without_a_relationship_is_a_link_of_its_own_end() -> None:
    body = {
        "name": "Box",
        "superTypes": ["Asset"],
        "attributeDefs": [attribute("tables", "array<Table>"), attribute("one", "Table")],
    }
    types = TypeRegistry(system(("ENTITY", body)))
    links = types.type("Box").links
    assert (links["tables"].single, links["one"].single) == (False, True)
    assert links["one"].far.type_name == "Table"
    assert "Box_one__other" not in types.type("Table").links
    assert "tables" not in types.type("Box").attributes


def test_a_reference_with_a_relationship_is_that_relationship() -> None:
    box = {"name": "Box", "superTypes": ["Asset"], "attributeDefs": [attribute("table", "Table")]}
    body = {
        "name": "r",
        "relationshipCategory": "ASSOCIATION",
        "endDef1": end("Box", "table"),
        "endDef2": end("Table", "boxes", "SET"),
    }
    found = system(("ENTITY", box), ("RELATIONSHIP", body))
    assert found.entities["Box"].relationships == {"table": "r"}
    assert "Box_table" not in found.relationships


def test_shipped_types_take_more_attributes_and_more_values() -> None:
    known = SHIPPED.enums["certificate_status"].values
    found = system(
        ("ENTITY", {"name": "Table", "attributeDefs": [attribute("shelf")]}),
        ("ENUM", {"name": "certificate_status", "elementDefs": [{"value": known[1]}, {"value": "LOST"}]}),
    )
    assert found.entities["Table"].attributes.keys() == {*SHIPPED.entities["Table"].attributes, "shelf"}
    assert set(found.enums["certificate_status"].values) == {*known, "LOST"}


def test_a_tag_has_the_values_of_the_tags_above_it() -> None:
    above = {"name": "a", "attributeDefs": [attribute("level", "int")]}
    found = system(
        ("CLASSIFICATION", above), ("CLASSIFICATION", {"name": "b", "displayName": "B", "superTypes": ["a"]})
    )
    assert (found.tags["b"].display_name, found.tags["a"].display_name) == ("B", "a")
    assert found.tags["b"].attributes.keys() == {"level"}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, None),
        ({"applicableEntityTypes": '["Asset"]'}, {"Asset"}),
        ({"applicableEntityTypes": '["Asset"]', "assetTypesList": '["Table"]', "glossaryTypeList": "[]"}, {"Table"}),
        ({"assetTypesList": '["Table"]', "otherAssetTypeList": '["File"]'}, {"Table", "File"}),
    ],
)
def test_which_assets_may_have_custom_metadata(options: dict[str, str], expected: set[str] | None) -> None:
    assert custom(options).entity_types == expected


def test_bounds_of_custom_metadata() -> None:
    given = {"applicableConnections": '["c"]', "applicableGlossaries": "[]", "applicableDomains": '["*/super"]'}
    found = custom(given)
    assert (found.connections, found.glossaries, found.domains) == ({"c"}, None, None)


@pytest.mark.parametrize(("given", "archived"), [(True, True), ("true", True), ("false", False), (None, False)])
def test_archived_is_text_or_truth(given: object, archived: bool) -> None:
    assert custom({"isArchived": given}).archived is archived


def test_several_values_of_custom_metadata_are_a_set() -> None:
    assert custom({}, "array<int>").definition == AttributeDef("A", "array<int>", "SET")


def test_generated_names() -> None:
    assert is_generated(new_name())
    assert new_name() != new_name()
    assert not is_generated("a word of 22 letters ..")
    assert not is_generated(None)


@pytest.mark.parametrize(
    ("type_name", "parts"),
    [("int", ("int",)), ("array<map<string,int>>", ("string", "int")), ("array<x", ("array<x",))],
)
def test_what_a_type_is_made_of(type_name: str, parts: tuple[str, ...]) -> None:
    assert element_types(type_name) == parts
