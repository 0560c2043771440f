"""Our events beside real ones: six example payloads of the protocol, key by key and type by type.

``tests/data/payload_inventory.tsv`` holds facts about them: which key paths there are, and of which type, no value. Each is
brought about here with an asset of the same type in the same state. Every difference is explained by a line of
``tidings.model.differences``, and every line explains one.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from tests.catalog import Catalog, entity, ref_to, target
from tests.labels import OWNER, PII, QUALITY, customised, labelled, tag, tagged
from tidings.model.differences import ABSENT, DIFFERENCES, Difference
from tidings.model.events import Event, decode
from tidings.store.sqlite import SqliteStore
from tidings.write.commands import EntityInput, Save
from tidings.write.submit import Actor, submit

pytestmark = pytest.mark.acceptance

Inventory = dict[str, str]
FACTS = Path(__file__).parents[1] / "data" / "payload_inventory.tsv"
ATTRIBUTES = "message.entity.attributes."
ANCHOR = "message.entity.relationshipAttributes.anchor.attributes."
NAME = "default/snowflake/1/db/schema/orders/id"
LONG_AGO = 1_600_000_000_000
GENERATED = {QUALITY: "<cmId>", OWNER: "<attrId>"}


def facts() -> dict[str, Inventory]:
    with FACTS.open(encoding="utf-8", newline="") as file:
        found: dict[str, Inventory] = {}
        for row in csv.DictReader(file, delimiter="\t"):
            found.setdefault(row["payload"], {})[row["key_path"]] = row["types"]
        return found


REAL = facts()


def inventory(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Key paths and types of a JSON value, by the rules of the facts."""
    if isinstance(value, dict) and value:
        for key, one in value.items():
            yield from inventory(one, f"{path}.{GENERATED.get(key, key)}" if path else key)
    elif isinstance(value, list):
        yield path, f"[{len(value)}]"
        for one in value:
            yield from inventory(one, f"{path}[]")
    else:
        yield path, "{}" if value == {} else _type(value)


def _type(value: Any) -> str:
    is_time = isinstance(value, int) and value > 10**12
    return "ms" if is_time else type(value).__name__


def state(it: Catalog, type_name: str, payload: str, start: str = ATTRIBUTES) -> dict[str, Any]:
    """Values for every attribute that the real payload shows as set; what it shows as 0, false or [] is unset."""
    types = it.types.latest
    known = types.type(type_name).attributes
    found = {}
    for path, kind in REAL[payload].items():
        name = path.removeprefix(start)
        if path.startswith(start) and name in known and kind in ("str", "ms", "[1]"):
            found[name] = _value(known[name].definition.type_name, types.system.enums)
    return found


def _value(type_name: str, enums: Any) -> Any:
    if type_name in enums:
        return enums[type_name].values[0]
    return {"date": LONG_AGO, "array<string>": ["x"]}.get(type_name, "x")


def saved(it: Catalog, one: EntityInput, headers: dict[str, str] | None = None, **options: Any) -> Event:
    """The first event of a save, made by somebody at a screen where there are headers."""
    actor = Actor("jo", headers or {}, "10.0.0.1")
    return submit(it.store, it.types, Save([one], **options), actor, it.profile).events[0]


def asset(it: Catalog, type_name: str, payload: str) -> EntityInput:
    return entity(type_name, **state(it, type_name, payload) | {"name": "id", "qualifiedName": NAME})


def create(it: Catalog) -> Event:
    return saved(it, asset(it, "Column", "entity_create"))


def update(it: Catalog) -> Event:
    glossary = state(it, "AtlasGlossary", "entity_update", ANCHOR)
    saved(it, EntityInput("AtlasGlossary", attributes=glossary | {"name": "g"}))
    attributes = state(it, "AtlasGlossaryTerm", "entity_update")
    anchor = ref_to(it.guid("AtlasGlossary", "g"))
    saved(it, EntityInput("AtlasGlossaryTerm", attributes=attributes | {"name": "t", "anchor": anchor}))
    change = EntityInput("AtlasGlossaryTerm", it.guid("AtlasGlossaryTerm", "t"), attributes={"userDescription": "new"})
    return saved(it, change, {"x-atlan-request-id": "r", "x-atlan-via-ui": "true"})


def delete(it: Catalog) -> Event:
    saved(it, asset(it, "Connection", "entity_delete"))
    return it.purge(target("Connection", NAME)).events[0]


def customise(it: Catalog) -> Event:
    saved(it, asset(it, "Table", "business_attribute_update"))
    return saved(it, customised(EntityInput("Table", attributes={"qualifiedName": NAME}), {OWNER: "x"}), custom="merge")


def put_tag(it: Catalog) -> Event:
    saved(it, asset(it, "Column", "classification_add"))
    bare = EntityInput("Column", attributes={"qualifiedName": NAME})
    return saved(it, tagged(bare, tag(PII)), tagging="append")


def take_tag(it: Catalog) -> Event:
    put_tag(it)
    bare = EntityInput("Column", attributes={"qualifiedName": NAME})
    bare.remove_classifications = [PII]
    return saved(it, bare)


ACTS: dict[str, Callable[[Catalog], Event]] = {
    "entity_create": create,
    "entity_update": update,
    "entity_delete": delete,
    "business_attribute_update": customise,
    "classification_add": put_tag,
    "classification_delete": take_tag,
}


def ours(payload: str) -> Inventory:
    store = SqliteStore(None)
    try:
        event = ACTS[payload](labelled(store))
    finally:
        store.close()
    return dict(inventory(decode(event.message)))


def differences(payload: str) -> list[tuple[str, str, str]]:
    """Key path, type there, type here."""
    real, here = REAL[payload], ours(payload)
    return [
        (path, real.get(path, ABSENT), here.get(path, ABSENT))
        for path in sorted(real.keys() | here.keys())
        if real.get(path) != here.get(path)
    ]


def explains(line: Difference, key: str, path: str, there: str, here: str) -> bool:
    return there == line.real and here in line.here and fits(key, path)


def fits(key: str, path: str) -> bool:
    return re.fullmatch(r"message\." + re.escape(key).replace(r"\*", ".*"), path) is not None


@pytest.mark.parametrize("payload", ACTS)
def test_every_difference_is_explained(payload: str) -> None:
    lines = [(line, key) for line in DIFFERENCES if payload.upper() in line.operations for key in line.keys]

    assert [one for one in differences(payload) if not any(explains(*line, *one) for line in lines)] == []


def test_every_explanation_is_needed() -> None:
    found = {payload: differences(payload) for payload in ACTS}
    for line in DIFFERENCES:
        for operation, key in product(line.operations, line.keys):
            assert any(explains(line, key, *one) for one in found[operation.lower()]), f"{operation}: {key}"


def test_the_facts_are_of_all_six_operations() -> None:
    assert REAL.keys() == ACTS.keys()
    assert all(len(one) > 20 for one in REAL.values())
