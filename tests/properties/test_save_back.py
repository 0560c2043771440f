"""Saving an asset back as it was read emits nothing, for every type and every attribute, however it is written."""

from __future__ import annotations

from typing import Any

import pytest

from tests.catalog import TYPES, Catalog, ref_to
from tidings.model.asset import Asset
from tidings.model.events import decode
from tidings.model.registry import AssetType
from tidings.model.values import ValueType
from tidings.store.base import AssetQuery
from tidings.write.commands import EntityInput
from tidings.write.made_names import is_made

ASSET_TYPES = [name for name in TYPES if TYPES.type(name).is_asset]
PLAIN: dict[str, Any] = {"string": "text", "boolean": True}
REAL = ("float", "double", "bigdecimal")
WHOLE = ("byte", "short", "int", "long", "biginteger", "date")


def value(kind: ValueType, depth: int = 0) -> Any:
    """A value that is not what an unset attribute shows; fields of structs too, as deep as structs hold each other."""
    name = kind.name
    if name in PLAIN:
        return PLAIN[name]
    if name in REAL:
        return 7.0
    if name in WHOLE:
        return 7
    if name in TYPES.system.enums:
        return TYPES.system.enums[name].values[0]
    if name.startswith("array<"):
        element = TYPES.value_type(name[6:-1])
        return [value(element, depth), *([] if element.name != "string" else ["other"])]
    if name.startswith("map<"):
        return {"key": value(TYPES.value_type(name[4:-1].split(",", 1)[1].strip()), depth)}
    if name in TYPES.system.structs:
        fields = TYPES.system.structs[name].attributes if depth < 3 else {}
        return {key: value(TYPES.value_type(one.type_name), depth + 1) for key, one in fields.items()}
    return {"any": "thing"}


def full(asset_type: AssetType) -> dict[str, Any]:
    """A value for each attribute that a client may set."""
    given = {
        name: value(one.value_type) for name, one in asset_type.attributes.items() if name not in asset_type.stamped
    }
    flipped = {name: not one.unset for name, one in asset_type.attributes.items() if one.value_type.name == "boolean"}
    others = {
        name: TYPES.system.enums[one.value_type.name].values[-1]
        for name, one in asset_type.attributes.items()
        if one.unset is not None and one.value_type.name in TYPES.system.enums
    }
    return given | flipped | others | {"qualifiedName": f"{asset_type.name}/1"}


def known(catalog: Catalog, name: str, given: dict[str, Any]) -> EntityInput:
    """The asset of this type, by guid where its qualifiedName is not the one that was sent."""
    return EntityInput(name, catalog.guid(name, given["name"]) if is_made(name) else None, attributes=given)


def owner(catalog: Catalog, asset_type: AssetType) -> dict[str, Any]:
    return {link.name: ref_to(catalog.guid(link.far.type_name, "owner")) for link in asset_type.mandatory_links}


def otherwise(given: Any) -> Any:
    """The same value written differently: 7 for 7.0 and 7.0 for 7, structs in the long form, keys in another order."""
    if isinstance(given, bool) or not isinstance(given, (int, float, dict, list)):
        return given
    if isinstance(given, int):
        return float(given)
    if isinstance(given, float):
        return int(given)
    if isinstance(given, list):
        return [otherwise(one) for one in given]
    return {key: otherwise(given[key]) for key in reversed(given)}


def turned(asset_type: AssetType, given: dict[str, Any]) -> dict[str, Any]:
    """The same attributes written differently; arrays of cardinality SET backwards and with a duplicate."""
    found = {name: otherwise(one) for name, one in given.items()}
    for name, one in asset_type.attributes.items():
        if one.value_type.unordered and name in found:
            found[name] = [*reversed(found[name]), found[name][0]]
        if one.definition.type_name == "AtlasServer" or "AtlasServer" in one.definition.type_name:
            found[name] = given[name]  # the model does not say what it is, so that only the same is the same
    return found


def stored(catalog: Catalog, type_name: str) -> dict[str, Any]:
    with catalog.store.snapshot() as snapshot:
        [asset] = [one for one in snapshot.list_assets(AssetQuery(frozenset([type_name]))) if _full(one)]
    return asset.attributes


def _full(asset: Asset) -> bool:
    return asset.attributes.get("name") != "owner"


@pytest.fixture
def filled(catalog: Catalog) -> Catalog:
    """One asset of each type, every attribute set."""
    catalog.save(EntityInput(type_name="AtlasGlossary", attributes={"name": "owner", "qualifiedName": "owner"}))
    types = [TYPES.type(name) for name in ASSET_TYPES]
    receipt = catalog.save(
        *(EntityInput(type_name=one.name, attributes=full(one) | owner(catalog, one)) for one in types), strict=True
    )
    assert sum(event.operation == "ENTITY_CREATE" for event in receipt.events) == len(ASSET_TYPES) > 500
    return catalog


def test_every_attribute_was_really_set(filled: Catalog) -> None:
    for name in ASSET_TYPES:
        asset_type = TYPES.type(name)
        assert stored(filled, name).keys() >= asset_type.attributes.keys() - asset_type.stamped


def test_saved_back_as_stored_nothing_is_said(filled: Catalog) -> None:
    back = [EntityInput(type_name=name, attributes=stored(filled, name)) for name in ASSET_TYPES]

    assert filled.save(*back).events == []


def test_saved_back_as_the_event_shows_it_nothing_is_said(filled: Catalog) -> None:
    shown = [decode(record.message)["message"]["entity"] for record in filled.log()]
    back = [EntityInput(type_name=one["typeName"], guid=one["guid"], attributes=one["attributes"]) for one in shown]

    assert filled.save(*(one for one in back if one.attributes and one.attributes.get("name") != "owner")).events == []


def test_written_differently_nothing_is_said(filled: Catalog) -> None:
    back = [known(filled, name, turned(TYPES.type(name), full(TYPES.type(name)))) for name in ASSET_TYPES]

    assert [decode(event.detail)["after"] for event in filled.save(*back).events] == []


def test_nulls_and_empty_values_for_what_is_unset_say_nothing(catalog: Catalog) -> None:
    catalog.save(EntityInput(type_name="AtlasGlossary", attributes={"name": "owner", "qualifiedName": "owner"}))
    bare = {
        name: {key: full(TYPES.type(name))[key] for key in TYPES.type(name).mandatory_attributes}
        for name in ASSET_TYPES
    }
    catalog.save(
        *(
            EntityInput(type_name=name, attributes=given | owner(catalog, TYPES.type(name)))
            for name, given in bare.items()
        )
    )

    nulls = [known(catalog, name, dict.fromkeys(TYPES.type(name).attributes) | given) for name, given in bare.items()]
    unset = [
        known(catalog, name, {key: one.unset for key, one in TYPES.type(name).attributes.items()} | given)
        for name, given in bare.items()
    ]

    assert catalog.save(*nulls).events == catalog.save(*unset).events == []
