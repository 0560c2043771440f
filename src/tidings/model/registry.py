"""The types in force: definitions with everything inherited, worked out when a type is first needed.

A registry never changes; new definitions make a new one.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tidings.model.errors import UnknownType
from tidings.model.typedefs import (
    AttributeDef,
    CustomSetDef,
    EntityDef,
    RelationshipDef,
    RelationshipEnd,
    TagDef,
    TypeSystem,
)
from tidings.model.values import PRIMITIVES, ValueType, array_type, enum_type, map_type, struct_type, undefined_type

ASSET_ROOT = "Referenceable"
"""Only types below this one have a qualifiedName, and so can be assets."""
HAS_LINEAGE = "__hasLineage"
DERIVED = frozenset({HAS_LINEAGE})
"""Attributes that nobody sets: they are worked out from links whenever they are read, and are never stored."""


@dataclass(frozen=True, slots=True, eq=False)
class Attribute:
    """An attribute in force: its definition, its value type, and what it shows when nothing is set."""

    definition: AttributeDef
    value_type: ValueType
    unset: Any

    @property
    def name(self) -> str:
        return self.definition.name


class LinkAttribute:
    """A relationship seen from one end. ``side`` is the end (1 or 2) where the asset itself stands.

    ``single``: at most one link at a time. ``mandatory``: the owned end cannot be without its owner; events show this
    link and no other.
    """

    __slots__ = ("far", "mandatory", "name", "near", "own", "relationship", "side", "single")

    def __init__(
        self, name: str, relationship: RelationshipDef, side: int, own: Mapping[str, ValueType] | None = None
    ) -> None:
        ends = relationship.end1, relationship.end2
        self.name = name
        self.relationship = relationship
        self.side = side
        self.near: RelationshipEnd = ends[side - 1]
        self.far: RelationshipEnd = ends[2 - side]
        self.single = self.near.single
        self.mandatory = relationship.owns and side == 2
        self.own: Mapping[str, ValueType] = own or {}
        """The attributes that a link has for itself."""


class AssetType:
    """A type with all that it inherits. Made by the registry."""

    def __init__(
        self,
        name: str,
        ancestors: tuple[str, ...],
        attributes: Mapping[str, Attribute],
        links: Mapping[str, LinkAttribute],
    ) -> None:
        self.name = name
        self.ancestors = ancestors
        """The type itself first, then every super-type."""
        self.lineage = frozenset(ancestors)
        self.attributes = attributes
        self.links = links
        self.is_asset = ASSET_ROOT in self.lineage
        self.is_internal = name.startswith("__")
        self.memo: dict[object, Any] = {}
        """Room for what other rooms derive from this type and want to keep with it."""

    @cached_property
    def mandatory_attributes(self) -> tuple[str, ...]:
        return tuple(name for name, one in self.attributes.items() if not one.definition.optional)

    @cached_property
    def mandatory_links(self) -> tuple[LinkAttribute, ...]:
        return tuple(link for link in self.links.values() if link.mandatory)

    @cached_property
    def stamps(self) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
        """Attribute -> what is stamped by user and by time when it changes."""
        return {name: one.definition.auto_update for name, one in self.attributes.items() if one.definition.auto_update}

    @cached_property
    def stamped(self) -> frozenset[str]:
        """Attributes that only the server sets."""
        stamps = {name for stamps in self.stamps.values() for names in stamps.values() for name in names}
        return frozenset(stamps | (DERIVED & self.attributes.keys()))

    def is_a(self, type_name: str) -> bool:
        return type_name in self.lineage

    def nearest(self, name: str) -> str | None:
        """The attribute or link whose name is most like ``name``, for error messages."""
        found = difflib.get_close_matches(name, [*self.attributes, *self.links], n=1)
        return found[0] if found else None


class TypeRegistry:
    """Immutable set of types in force. Look-ups raise UnknownType with the nearest known name."""

    def __init__(self, system: TypeSystem, like: TypeRegistry | None = None) -> None:
        self.system = system
        self._types: dict[str, AssetType] = {}
        self._values: dict[tuple[str, bool], ValueType] = {}
        self._own_links: dict[str, dict[str, LinkAttribute]]
        self.memo: dict[object, Any] = {}
        """Room for what other rooms derive from these types and want to keep with them."""
        if like is not None and _same_assets(system, like.system):
            # Another tag does not change what a table is: what was worked out for it stays.
            self._types, self._values, self._own_links = like._types, like._values, like._own_links
        else:
            self._own_links = self._links_by_type()

    def __contains__(self, name: object) -> bool:
        return name in self.system.entities

    def __iter__(self) -> Iterator[str]:
        return iter(self.system.entities)

    def relationship(self, name: str) -> RelationshipDef:
        return self.system.relationships[name]

    def tag(self, name: str) -> TagDef:
        """A tag by its id, or by what people call it; raises UnknownType."""
        known = self.system.tags.get(name) or self._tags_by_display_name.get(name)
        if known is None:
            raise UnknownType(name, _near(name, self._tags_by_display_name, "; there is no such tag"))
        return known

    @cached_property
    def _tags_by_display_name(self) -> Mapping[str, TagDef]:
        return {one.display_name: one for one in self.system.tags.values()}

    def custom_set(self, name: str) -> CustomSetDef:
        """A custom metadata set by its id, or by what people call it; raises UnknownType."""
        known = self.system.custom_sets.get(name) or self._sets_by_display_name.get(name)
        if known is None:
            raise UnknownType(name, _near(name, self._sets_by_display_name, "; there is no such custom metadata"))
        return known

    @cached_property
    def _sets_by_display_name(self) -> Mapping[str, CustomSetDef]:
        return {one.display_name: one for one in self.system.custom_sets.values()}

    @cached_property
    def lineage(self) -> frozenset[str]:
        """Relationships that say what a process reads or writes."""
        return frozenset(
            name
            for name, one in self.system.relationships.items()
            if any(end.name in ("inputs", "outputs") for end in (one.end1, one.end2))
        )

    def flow(self, *, hierarchy: bool, lineage: bool) -> tuple[frozenset[str], frozenset[str]]:
        """Relationships along which tags flow, from end 1 to end 2 and from end 2 to end 1.

        ``hierarchy`` takes all that are not lineage, ``lineage`` those that are.
        """
        flowing = [
            one
            for name, one in self.system.relationships.items()
            if one.tag_flow != "NONE" and (lineage if name in self.lineage else hierarchy)
        ]
        ahead = frozenset(one.name for one in flowing if one.tag_flow in ("ONE_TO_TWO", "BOTH"))
        return ahead, frozenset(one.name for one in flowing if one.tag_flow in ("TWO_TO_ONE", "BOTH"))

    @cached_property
    def owning(self) -> tuple[RelationshipDef, ...]:
        """Relationships whose first end takes the second along when it goes."""
        return tuple(one for one in self.system.relationships.values() if one.owns)

    @cached_property
    def children(self) -> Mapping[str, tuple[str, ...]]:
        """Type -> its direct sub-types."""
        below: dict[str, list[str]] = {name: [] for name in self.system.entities}
        for name, one in self.system.entities.items():
            for super_type in one.super_types:
                below.setdefault(super_type, []).append(name)
        return {name: tuple(sorted(names)) for name, names in below.items()}

    def subtypes(self, name: str) -> frozenset[str]:
        """``name`` and every type below it; raises UnknownType."""
        self.type(name)
        found, todo = {name}, [name]
        while todo:
            fresh = [one for one in self.children[todo.pop()] if one not in found]
            found.update(fresh)
            todo.extend(fresh)
        return frozenset(found)

    def type(self, name: str) -> AssetType:
        """The type in force under ``name``; raises UnknownType."""
        known = self._types.get(name)
        if known is None:
            if name not in self.system.entities:
                raise UnknownType(name, self._hint(name))
            known = self._types[name] = self._build(name)
        return known

    def value_type(self, type_name: str, unordered: bool = False) -> ValueType:
        """The value type behind a protocol type name such as ``array<map<string,string>>``."""
        key = (type_name, unordered)
        known = self._values.get(key)
        if known is None:
            known = self._values[key] = self._value_type(type_name, unordered)
        return known

    def _hint(self, name: str) -> str:
        near = difflib.get_close_matches(name, self.system.entities, n=1)
        return f"; did you mean {near[0]}?" if near else ""

    def _build(self, name: str) -> AssetType:
        ancestors = tuple(self._ancestors(name))
        attributes: dict[str, Attribute] = {}
        links: dict[str, LinkAttribute] = {}
        for ancestor in reversed(ancestors):
            attributes.update({one.name: self._attribute(one) for one in self._own(ancestor)})
            links.update(self._own_links.get(ancestor, {}))
        return AssetType(name, ancestors, attributes, links)

    def _own(self, name: str) -> Iterable[AttributeDef]:
        return self.system.entities[name].attributes.values()

    def _links_by_type(self) -> dict[str, dict[str, LinkAttribute]]:
        links: dict[str, dict[str, LinkAttribute]] = {}
        for type_name, entity in self.system.entities.items():
            for name, relationship_name in entity.relationships.items():
                relationship = self.system.relationships[relationship_name]
                own = {key: self.value_type(value) for key, value in relationship.attributes.items()}
                side = _side(entity, name, relationship)
                links.setdefault(type_name, {})[name] = LinkAttribute(name, relationship, side, own)
        return links

    def _ancestors(self, name: str) -> Iterator[str]:
        seen: set[str] = set()
        todo = [name]
        while todo:
            one = todo.pop(0)
            if one not in seen:
                seen.add(one)
                yield one
                todo.extend(self.system.entities[one].super_types)

    def _attribute(self, definition: AttributeDef) -> Attribute:
        value_type = self.value_type(definition.type_name, definition.cardinality == "SET")
        return Attribute(definition, value_type, _default(definition, value_type))

    def _value_type(self, name: str, unordered: bool) -> ValueType:
        if name in PRIMITIVES:
            return PRIMITIVES[name]
        if name.startswith("array<"):
            return array_type(name, self.value_type(name[6:-1]), unordered)
        if name.startswith("map<"):
            return map_type(name, self.value_type(name[4:-1].split(",", 1)[1].strip()))
        if name in self.system.enums:
            return enum_type(name, self.system.enums[name].values)
        if name in self.system.structs:
            fields = self.system.structs[name].attributes
            return struct_type(name, lambda: {key: self._attribute(one).value_type for key, one in fields.items()})
        return undefined_type(name)


def _same_assets(one: TypeSystem, other: TypeSystem) -> bool:
    """Whether everything that assets are made of is the same; what was added to neither is the same object."""
    return (
        one.entities is other.entities
        and one.relationships is other.relationships
        and one.enums is other.enums
        and one.structs is other.structs
    )


def _near(name: str, known: Iterable[str], else_: str) -> str:
    by_lower = {one.lower(): one for one in known}
    found = difflib.get_close_matches(name.lower(), by_lower, n=1)
    return f"; did you mean {by_lower[found[0]]}?" if found else else_


def _default(definition: AttributeDef, value_type: ValueType) -> Any:
    """What an unset attribute shows: the definition's default where it is a value of the type, else the type's own."""
    given = definition.default
    if given is None:
        return value_type.unset
    if isinstance(given, str) and value_type.name == "boolean":
        return given.lower() == "true"
    try:
        return value_type.normalise(given)
    except ValueError:
        return value_type.unset


def _side(entity: EntityDef, name: str, relationship: RelationshipDef) -> int:
    first = relationship.end1
    return 1 if first.name == name and first.type_name == entity.name else 2
