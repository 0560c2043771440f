"""Inheritance, hints, defaults, and the sides of links."""

from __future__ import annotations

import pytest

from tests.catalog import TYPES
from tidings.model.errors import UnknownType
from tidings.model.registry import TypeRegistry
from tidings.model.typedefs import AttributeDef, EntityDef, RelationshipDef, RelationshipEnd, TypeSystem


def attribute(name: str, type_name: str = "string", default: object = None) -> AttributeDef:
    return AttributeDef(name, type_name, default=default)


def system(*entities: EntityDef, relationships: tuple[RelationshipDef, ...] = ()) -> TypeRegistry:
    return TypeRegistry(
        TypeSystem({one.name: one for one in entities}, {}, {}, {one.name: one for one in relationships})
    )


def entity(name: str, *super_types: str, attributes: tuple[AttributeDef, ...] = (), **links: str) -> EntityDef:
    return EntityDef(name, super_types, {one.name: one for one in attributes}, links)


def test_a_type_inherits_attributes_and_links_of_all_above_it() -> None:
    column = TYPES.type("Column")

    assert {"qualifiedName", "certificateStatus", "dataType"} <= column.attributes.keys()
    assert {"meanings", "table", "inputToProcesses"} <= column.links.keys()
    assert column.ancestors[0] == "Column"
    assert column.is_a("Asset")
    assert not column.is_a("Table")


def test_the_nearest_declaration_wins() -> None:
    types = system(
        entity("Top", attributes=(attribute("size", "int"),)),
        entity("Left", "Top", attributes=(attribute("size", "string"),)),
        entity("Right", "Top"),
        entity("Bottom", "Right", "Left"),
    )

    assert types.type("Bottom").ancestors == ("Bottom", "Right", "Left", "Top")
    assert types.type("Bottom").attributes["size"].value_type.name == "string"


@pytest.mark.parametrize(
    ("name", "hint"), [("Tabel", "; did you mean Table?"), ("table", "; did you mean Table?"), ("%&/()", "")]
)
def test_an_unknown_type_names_the_nearest_known(name: str, hint: str) -> None:
    with pytest.raises(UnknownType) as caught:
        TYPES.type(name)

    assert str(caught.value) == f"Given typename {name} was invalid{hint}"
    assert name not in TYPES


@pytest.mark.parametrize(("name", "nearest"), [("descriptoin", "description"), ("tabel", "table"), ("§§§", None)])
def test_an_unknown_attribute_has_a_nearest_known(name: str, nearest: str | None) -> None:
    assert TYPES.type("Column").nearest(name) == nearest


def test_only_types_with_a_qualified_name_are_assets() -> None:
    types = list(TYPES)

    assert TYPES.type("Table").is_asset
    assert all(TYPES.type(name).is_asset == ("qualifiedName" in TYPES.type(name).attributes) for name in types)


def test_subtypes_reach_all_the_way_down() -> None:
    assert {"Process", "ColumnProcess"} <= TYPES.subtypes("Process")
    assert "Table" in TYPES.subtypes("Asset")
    assert "Table" not in TYPES.subtypes("Process")
    with pytest.raises(UnknownType):
        TYPES.subtypes("Nothing")


@pytest.mark.parametrize(
    ("type_name", "link", "side", "single"),
    [
        ("Column", "table", 2, True),
        ("Table", "columns", 1, False),
        ("Process", "inputs", 1, False),
        ("Table", "inputToProcesses", 2, False),
        ("AtlasGlossaryTerm", "anchor", 2, True),
        ("AtlasGlossaryTerm", "isA", 2, False),
        ("AtlasGlossaryTerm", "classifies", 1, False),
    ],
)
def test_the_side_on_which_an_asset_stands(type_name: str, link: str, side: int, single: bool) -> None:
    found = TYPES.type(type_name).links[link]

    assert (found.name, found.side, found.single) == (found.near.name, side, single)
    assert found.near is (found.relationship.end1 if found.side == 1 else found.relationship.end2)
    assert found.far is not found.near
    other = TYPES.type(found.far.type_name).links[found.far.name]
    assert (other.relationship, other.side) == (found.relationship, 3 - found.side)


def test_every_link_stands_where_its_relationship_says() -> None:
    links = [(TYPES.type(name), link) for name in TYPES for link in TYPES.type(name).links.values()]

    assert len(links) > 10_000
    assert all(link.name == link.near.name and one.is_a(link.near.type_name) for one, link in links)


def test_no_name_is_an_attribute_and_a_link_at_once() -> None:
    assert [name for name in TYPES if TYPES.type(name).attributes.keys() & TYPES.type(name).links.keys()] == []


def test_a_glossary_owns_its_terms_and_categories() -> None:
    assert {one.end2.type_name for one in TYPES.owning} == {"AtlasGlossaryTerm", "AtlasGlossaryCategory"}
    assert [link.name for link in TYPES.type("AtlasGlossaryTerm").mandatory_links] == ["anchor"]
    assert TYPES.type("Column").mandatory_links == ()


def test_what_the_server_stamps() -> None:
    table = TYPES.type("Table")

    assert {"certificateUpdatedBy", "certificateUpdatedAt"} <= table.stamped
    assert "certificateStatus" in table.stamps
    assert {"name", "qualifiedName"} <= set(table.mandatory_attributes)


@pytest.mark.parametrize(
    ("type_name", "default", "unset"),
    [
        ("int", None, 0),
        ("int", 7.0, 7),
        ("int", "seven", 0),
        ("boolean", "True", True),
        ("boolean", "no", False),
        ("string", None, None),
        ("string", "x", "x"),
        ("array<string>", None, []),
    ],
)
def test_what_an_attribute_shows_when_nothing_is_set(type_name: str, default: object, unset: object) -> None:
    types = system(entity("Thing", attributes=(attribute("one", type_name, default),)))

    assert types.type("Thing").attributes["one"].unset == unset


def test_a_relationship_of_one_type_with_itself_has_two_sides() -> None:
    up, down = RelationshipEnd("Node", "up", True, False), RelationshipEnd("Node", "down", False, True)
    tree = RelationshipDef("tree", up, down, "ASSOCIATION", "NONE", {})
    node = system(entity("Node", up="tree", down="tree"), relationships=(tree,)).type("Node")

    assert (node.links["up"].side, node.links["down"].side) == (1, 2)
    assert not tree.symmetric


def test_value_types_and_relationships_are_made_once() -> None:
    assert TYPES.value_type("array<string>") is TYPES.value_type("array<string>")
    assert TYPES.value_type("array<string>", unordered=True) is not TYPES.value_type("array<string>")
    assert TYPES.relationship("AtlasGlossarySynonym").symmetric
