"""What uses a type, asked of every body of the store."""

from __future__ import annotations

from typing import Any

import pytest

from tests.catalog import ACTOR, TABLE, Catalog, entity, ref, target
from tidings.model.errors import TypeInUse
from tidings.store.base import Store
from tidings.write.commands import Target
from tidings.write.define import define, undefine

COLUMN = f"{TABLE}/id"


def made(catalog: Catalog, member: str, *definitions: dict[str, Any]) -> list[str]:
    return define(catalog.store, catalog.types, "create", {member: definitions}, ACTOR.name).names


def changed(catalog: Catalog, member: str, *definitions: dict[str, Any]) -> int:
    return define(catalog.store, catalog.types, "change", {member: definitions}, ACTOR.name).changed


def stamp(store: Store) -> str:
    with store.snapshot() as snapshot:
        return snapshot.types_stamp()


@pytest.fixture
def filled(catalog: Catalog) -> Catalog:
    catalog.save(
        entity("Table", TABLE, rowCount=3, certificateStatus="DRAFT"),
        entity("Column", COLUMN, table=ref("Table", TABLE), order=1),
    )
    return catalog


def test_nothing_is_used_in_an_empty_catalog(store: Store) -> None:
    with store.snapshot() as seen:
        assert seen.assets_by_type(["Table"]) == seen.links_by_relationship(["table_columns"]) == {}
        assert seen.attachments_by_tag(["t"]) == seen.assets_by_type([]) == {}
        assert seen.attribute_holders(["Table"], "name") == seen.custom_holders("set") == 0


def test_assets_and_links_are_counted(filled: Catalog) -> None:
    filled.archive(target("Column", COLUMN))
    with filled.store.snapshot() as seen:
        assert seen.assets_by_type(["Table", "Column", "View"]) == {"Table": 1, "Column": 1}
        assert seen.links_by_relationship(["table_columns", "nothing"]) == {"table_columns": 1}


def test_holders_of_an_attribute_and_of_its_values(filled: Catalog) -> None:
    with filled.store.snapshot() as seen:
        assert seen.attribute_holders(["Table", "View"], "rowCount") == 1
        assert seen.attribute_holders(["Column"], "rowCount") == seen.attribute_holders(["Table"], "sizeBytes") == 0
        assert seen.attribute_holders(["Table"], "certificateStatus", ["DRAFT", "VERIFIED"]) == 1
        assert seen.attribute_holders(["Table"], "certificateStatus", ["VERIFIED"]) == 0


def test_values_in_lists_are_values(catalog: Catalog) -> None:
    catalog.save(entity("Table", TABLE, ownerUsers=["jo", "mia"]))
    with catalog.store.snapshot() as seen:
        assert seen.attribute_holders(["Table"], "ownerUsers", ["mia"]) == 1
        assert seen.attribute_holders(["Table"], "ownerUsers", ["ownerUsers"]) == 0


def test_an_unchanged_definition_leaves_the_stamp(catalog: Catalog) -> None:
    colour = {"name": "Colour", "elementDefs": [{"value": "red", "ordinal": 0}]}
    made(catalog, "enumDefs", colour)
    before = stamp(catalog.store)
    assert changed(catalog, "enumDefs", colour) == 0
    assert stamp(catalog.store) == before
    assert changed(catalog, "enumDefs", {"name": "Colour", "elementDefs": [{"value": "red"}, {"value": "blue"}]}) == 1
    assert stamp(catalog.store) != before


def test_a_refused_request_writes_nothing(catalog: Catalog) -> None:
    made(catalog, "entityDefs", {"name": "Box", "superTypes": ["Asset"]})
    catalog.save(entity("Box", "b"))
    before = stamp(catalog.store)
    with pytest.raises(TypeInUse, match="1 asset of type Box"):
        undefine(catalog.store, catalog.types, ["Box"])
    with pytest.raises(TypeInUse, match="1 asset of type Box; superTypes cannot change"):
        changed(catalog, "entityDefs", {"name": "Box", "superTypes": ["Catalog"]})
    assert stamp(catalog.store) == before
    catalog.purge(target("Box", "b"))
    assert undefine(catalog.store, catalog.types, ["Box"]).changed == 1
    assert stamp(catalog.store) != before


def test_an_attribute_with_values_keeps_its_type(catalog: Catalog) -> None:
    def box(type_name: str) -> dict[str, Any]:
        return {"name": "Box", "superTypes": ["Asset"], "attributeDefs": [{"name": "size", "typeName": type_name}]}

    made(catalog, "entityDefs", box("int"))
    catalog.save(entity("Box", "b"))
    assert changed(catalog, "entityDefs", box("string")) == 1
    catalog.save(entity("Box", "b", size="large"))
    with pytest.raises(TypeInUse, match="1 asset with a value of size"):
        changed(catalog, "entityDefs", box("int"))


def test_a_value_of_an_enum_in_use_stays(catalog: Catalog) -> None:
    made(catalog, "enumDefs", {"name": "Colour", "elementDefs": [{"value": "red"}, {"value": "blue"}]})
    attribute = {"name": "colours", "typeName": "array<Colour>", "cardinality": "SET"}
    made(catalog, "entityDefs", {"name": "Box", "superTypes": ["Asset"], "attributeDefs": [attribute]})
    catalog.save(entity("Box", "b", colours=["red"]))
    assert changed(catalog, "enumDefs", {"name": "Colour", "elementDefs": [{"value": "red"}]}) == 1
    with pytest.raises(TypeInUse, match="cannot be taken away"):
        changed(catalog, "enumDefs", {"name": "Colour", "elementDefs": [{"value": "green"}]})


BOX = {"name": "Box", "superTypes": ["Asset"], "attributeDefs": [{"name": "size", "typeName": "string"}]}
HANGS = {
    "name": "my_rel",
    "relationshipCategory": "ASSOCIATION",
    "endDef1": {"type": "Box", "name": "myDown", "cardinality": "SET"},
    "endDef2": {"type": "Table", "name": "myUp", "cardinality": "SET"},
}


@pytest.fixture
def hanging(catalog: Catalog) -> Catalog:
    """A box with a table under it, by types that are not shipped."""
    made(catalog, "entityDefs", BOX)
    made(catalog, "relationshipDefs", HANGS)
    catalog.save(entity("Table", TABLE), entity("Box", "b", size="large", myDown=[ref("Table", TABLE)]))
    return catalog


@pytest.mark.parametrize("end", [None, target("Box", "b"), target("Table", TABLE)])
def test_a_relationship_that_was_used_and_removed_leaves_a_sound_catalog(hanging: Catalog, end: Target | None) -> None:
    if end is None:
        hanging.save(entity("Box", "b", myDown=[]))
    else:
        hanging.purge(end)
    undefine(hanging.store, hanging.types, ["my_rel"])
    assert hanging.inspect().problems == []


def test_a_type_whose_assets_were_purged_leaves_a_sound_catalog(hanging: Catalog) -> None:
    hanging.save(entity("Box", "b", myDown=[], size="small"))
    hanging.save(entity("Box", "b", myDown=[ref("Table", TABLE)]))
    hanging.purge(target("Box", "b"))
    undefine(hanging.store, hanging.types, ["my_rel", "Box"])
    assert hanging.inspect().problems == []


def test_names_that_came_back_as_something_else_leave_a_sound_catalog(hanging: Catalog) -> None:
    hanging.purge(target("Box", "b"))
    undefine(hanging.store, hanging.types, ["my_rel", "Box"])
    attribute = {"name": "myDown", "typeName": "string"}
    made(hanging, "entityDefs", {**BOX, "attributeDefs": [attribute]})
    ends = {"endDef1": {"type": "Box", "name": "size"}, "endDef2": {"type": "Table", "name": "sized"}}
    made(hanging, "relationshipDefs", {"name": "sizes", "relationshipCategory": "ASSOCIATION", **ends})
    hanging.save(entity("Box", "b", size=ref("Table", TABLE), myDown="d"))
    hanging.save(entity("Box", "b", myDown=None))
    assert hanging.inspect().problems == []


def test_definitions_are_in_force_in_a_catalog_opened_again(catalog: Catalog) -> None:
    made(catalog, "entityDefs", {"name": "Box", "superTypes": ["Asset"]})
    catalog.save(entity("Box", "b"))
    assert Catalog(catalog.store).save(entity("Box", "b")).changes.assets == []
    assert catalog.inspect().problems == []
