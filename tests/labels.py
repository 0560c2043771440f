"""A few tags and a set of custom metadata, and short ways to put them on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.catalog import SHIPPED, Catalog
from tidings.model.registry import TypeRegistry
from tidings.model.typedefs import AttributeDef, CustomAttributeDef, CustomSetDef, TagDef
from tidings.store.base import Store
from tidings.store.types import Types
from tidings.write.commands import EntityInput

PII, SECRET, BADGE = "p" * 22, "s" * 22, "b" * 22
QUALITY = "q" * 22
OWNER, TEAMS, SCORE, OLD, SNOW = "owner", "teams", "score", "old", "snow"


def _custom(name: str, label: str, type_name: str = "string", **more: Any) -> CustomAttributeDef:
    cardinality: Any = "SET" if type_name.startswith("array<") else "SINGLE"
    return CustomAttributeDef(AttributeDef(name, type_name, cardinality), label, **more)


TAGS = {
    PII: TagDef(PII, "PII", attributes={"level": AttributeDef("level", "int"), "why": AttributeDef("why", "string")}),
    SECRET: TagDef(SECRET, "Secret"),
    BADGE: TagDef(BADGE, "For columns", entity_types=("Column",)),
}
SETS = {
    QUALITY: CustomSetDef(
        QUALITY,
        "Quality",
        {
            OWNER: _custom(OWNER, "Owner"),
            TEAMS: _custom(TEAMS, "Teams", "array<string>"),
            SCORE: _custom(SCORE, "Score", "int", entity_types=frozenset({"SQL"})),
            OLD: _custom(OLD, "Old", archived=True),
            SNOW: _custom(SNOW, "Snow", connections=frozenset({"default/snowflake/1"})),
        },
    )
}
SYSTEM = replace(SHIPPED, tags=TAGS, custom_sets=SETS)
LABELLED = TypeRegistry(SYSTEM)


def labelled(store: Store, **more: Any) -> Catalog:
    """A catalog in which these tags and custom metadata are in force."""
    catalog = Catalog(store, **more)
    catalog.types = Types(SYSTEM)
    return catalog


def tag(name: str = PII, **flags: Any) -> dict[str, Any]:
    """A tag as a client sends it."""
    return {"typeName": name, **flags}


def tagged(one: EntityInput, *tags: str | dict[str, Any]) -> EntityInput:
    one.classifications = [tag(each) if isinstance(each, str) else each for each in tags]
    return one


def customised(one: EntityInput, values: Any) -> EntityInput:
    one.business_attributes = {QUALITY: values}
    return one
