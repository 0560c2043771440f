"""Reads the type model that ships with Tidings (``data/typemodel``) into definitions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import Any, cast

import msgspec

from tidings.model.typedefs import (
    AttributeDef,
    Cardinality,
    EntityDef,
    EnumDef,
    Reading,
    RelationshipDef,
    RelationshipEnd,
    StructDef,
    TypeSystem,
)

ALWAYS_IN_EVENTS = frozenset({"name", "description", "owner", "createTime"})
"""Attributes that every event's entity shows, whatever their flag says."""

_Table = dict[str, dict[str, Any]]


def shipped_types() -> TypeSystem:
    """The whole shipped type system: about 510 entity types, 110 enums, 50 structs, 490 relationships.

    Takes some 20 ms; raises nothing that a good installation could see.
    """
    entities: _Table = {}
    for entry in sorted(_folder().joinpath("entities").iterdir(), key=lambda path: path.name):
        entities.update(_decode(entry.read_bytes()))
    flags = _read("notification_flags.json")
    relationships = _relationships(_read("relationships.json"), _read("ownership.json"))
    one_sided = _one_sided(msgspec.json.decode(_folder().joinpath("relationships_one_sided.json").read_bytes()))
    return TypeSystem(
        entities={name: _entity(name, raw, flags.get(name, {})) for name, raw in entities.items()},
        enums={name: EnumDef(name, tuple(raw["values"])) for name, raw in _read("enums.json").items()},
        structs={
            name: StructDef(name, _attributes(raw["attributes"], {})) for name, raw in _read("structs.json").items()
        },
        relationships={**relationships, **one_sided},
    )


def _folder() -> Any:
    return files("tidings.model").joinpath("data", "typemodel")


def _decode(raw: bytes) -> _Table:
    return cast(_Table, msgspec.json.decode(raw))


def _read(name: str) -> _Table:
    return _decode(_folder().joinpath(name).read_bytes())


def _entity(name: str, raw: Mapping[str, Any], flags: Mapping[str, Any]) -> EntityDef:
    links = {key: link.get("rel") or one_sided_name(name, key) for key, link in raw.get("relationships", {}).items()}
    return EntityDef(name, tuple(raw["superTypes"]), _attributes(raw["attributes"], flags), links)


def _attributes(raw: Mapping[str, Mapping[str, Any]], flags: Mapping[str, Any]) -> dict[str, AttributeDef]:
    hidden = frozenset(flags.get("no", ()))
    return {
        name: AttributeDef(
            name=name,
            type_name=one["type"],
            cardinality=_cardinality(one),
            optional=one.get("optional", True),
            unique=one.get("unique", False),
            default=one.get("default"),
            flagged=name not in hidden or name in ALWAYS_IN_EVENTS or one.get("unique", False),
            auto_update={who: tuple(what) for who, what in one.get("autoUpdate", {}).items()},
            reading=_reading(name, one),
        )
        for name, one in raw.items()
    }


def _reading(name: str, raw: Mapping[str, Any]) -> Reading:
    """How searches read the attribute under its bare name: ``es`` has all its names there, ``ci`` those that fold case."""
    if name in raw.get("ci", ()):
        return "folded"
    return "words" if raw.get("idx") == "T" or f"{name}.keyword" in raw.get("es", ()) else "exact"


def _cardinality(raw: Mapping[str, Any]) -> Cardinality:
    return cast(Cardinality, raw.get("card") or ("LIST" if raw["type"].startswith("array<") else "SINGLE"))


def _end(raw: Mapping[str, Any]) -> RelationshipEnd:
    return RelationshipEnd(raw["type"], raw["name"], raw.get("card", "SINGLE") == "SINGLE", raw.get("container", False))


def _relationships(raw: _Table, owning: Mapping[str, Any]) -> dict[str, RelationshipDef]:
    return {
        name: RelationshipDef(
            name=name,
            end1=_end(one["end1"]),
            end2=_end(one["end2"]),
            category=one["category"],
            tag_flow=one["propagateTags"],
            attributes=one.get("attributes", {}),
            owns=name in owning,
        )
        for name, one in raw.items()
    }


def one_sided_name(type_name: str, attribute: str) -> str:
    """The name given to a relationship of which only one end is known."""
    return f"{type_name}_{attribute}"


def _one_sided(raw: Iterable[Mapping[str, Any]]) -> dict[str, RelationshipDef]:
    known: dict[str, RelationshipDef] = {}
    for one in raw:
        name = one_sided_name(one["type"], one["name"])
        near = RelationshipEnd(one["type"], one["name"], one["card"] == "SINGLE", False)
        far = RelationshipEnd(one["target"], f"{name}__other", False, False)
        known[name] = RelationshipDef(name, near, far, "ASSOCIATION", "NONE", {})
    return known
