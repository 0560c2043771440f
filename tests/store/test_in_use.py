"""What uses a type, asked of every body of the store."""

from __future__ import annotations

from typing import Any

import pytest

from tests.catalog import ACTOR, TABLE, Catalog, entity, ref, target
from tidings.model.errors import TypeInUse
from tidings.store.base import Store
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


def test_definitions_are_in_force_in_a_catalog_opened_again(catalog: Catalog) -> None:
    made(catalog, "entityDefs", {"name": "Box", "superTypes": ["Asset"]})
    catalog.save(entity("Box", "b"))
    assert Catalog(catalog.store).save(entity("Box", "b")).changes.assets == []
    assert catalog.inspect().problems == []
