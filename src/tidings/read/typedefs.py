"""Type definitions in the protocol's form: «AtlasTypesDef» and its parts, built when somebody asks."""

from __future__ import annotations

import difflib
import uuid
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, Literal, get_args
from weakref import WeakKeyDictionary

import msgspec

from tidings.model.errors import UnknownType
from tidings.model.events import encode
from tidings.model.registry import TypeRegistry
from tidings.model.typedefs import AttributeDef, EntityDef, RelationshipDef, RelationshipEnd, TypeSystem

TypeCategory = Literal["ENUM", "STRUCT", "CLASSIFICATION", "ENTITY", "RELATIONSHIP", "BUSINESS_METADATA"]
CATEGORIES: tuple[TypeCategory, ...] = get_args(TypeCategory)
MEMBERS: Mapping[TypeCategory, str] = {
    "ENUM": "enumDefs",
    "STRUCT": "structDefs",
    "CLASSIFICATION": "classificationDefs",
    "ENTITY": "entityDefs",
    "RELATIONSHIP": "relationshipDefs",
    "BUSINESS_METADATA": "businessMetadataDefs",
}
"""Category -> the member of the answer that lists its definitions."""

SERVICE = "atlan"
"""Which model a shipped type belongs to. Clients tell by it the types that come with a catalog from their own."""
MAKER = "tidings"
MADE_AT = 0
"""Shipped types were made by nobody and at no time of this catalog."""
MANY = 2**31 - 1
PIECE = 128 * 1024

_GUIDS = uuid.UUID("0b8a5f2e-3c55-5d0c-9a43-6d1e1b6f0a71")


def type_guid(name: str) -> str:
    """The guid of a type: always the same for one name."""
    return str(uuid.uuid5(_GUIDS, name))


def definitions_of(types: TypeRegistry) -> Definitions:
    """The definitions of these types in force, kept as long as the registry lives."""
    known = _KNOWN.get(types)
    if known is None:
        known = _KNOWN[types] = Definitions(types.system)
    return known


class Definitions:
    """The definitions of one type system, encoded when first asked for and kept compressed."""

    def __init__(self, system: TypeSystem) -> None:
        self._system = system
        self._names: Mapping[TypeCategory, Collection[str]] = {
            "ENUM": system.enums,
            "STRUCT": system.structs,
            "CLASSIFICATION": (),
            "ENTITY": system.entities,
            "RELATIONSHIP": system.relationships,
            "BUSINESS_METADATA": (),
        }
        self._packed: dict[TypeCategory, bytes] = {}

    def all_of(self, categories: Iterable[TypeCategory]) -> Iterator[bytes]:
        """The answer, piece by piece, with these categories filled in and every other one empty.

        All of it is 7 MB, which a server need not hold as one only to hand it on.
        """
        packed = {category: self._pack(category) for category in categories}
        return _pieces(packed)

    def headers(self, categories: Iterable[TypeCategory]) -> list[dict[str, Any]]:
        """Guid, name, category and service of each definition."""
        return [
            {"guid": type_guid(name), "name": name, "category": category, "serviceType": SERVICE}
            for category in categories
            for name in self._names[category]
        ]

    def by_name(self, name: str, *categories: TypeCategory) -> bytes:
        """One definition, if it is of one of these categories; raises UnknownType."""
        for category in categories:
            if name in self._names[category]:
                return encode(self._form(category, name))
        raise UnknownType(name, self._hint(name))

    def by_guid(self, guid: str, *categories: TypeCategory) -> bytes:
        """The same by guid."""
        return self.by_name(self._names_by_guid.get(guid.lower(), guid), *categories)

    @cached_property
    def _names_by_guid(self) -> Mapping[str, str]:
        return {type_guid(name): name for category in CATEGORIES for name in self._names[category]}

    def _hint(self, name: str) -> str:
        for category in CATEGORIES:
            if name in self._names[category]:
                return f"; its category is {category}"
        near = difflib.get_close_matches(name, [one for each in CATEGORIES for one in self._names[each]], n=1)
        return f"; did you mean {near[0]}?" if near else ""

    def _pack(self, category: TypeCategory) -> bytes:
        """Every definition of a category, with commas between, compressed to a fortieth."""
        packed = self._packed.get(category)
        if packed is None:
            work = zlib.compressobj()
            forms = (encode(self._form(category, name)) for name in self._names[category])
            parts = [work.compress((b"," if index else b"") + form) for index, form in enumerate(forms)]
            packed = self._packed[category] = b"".join(parts) + work.flush()
        return packed

    def _form(self, category: TypeCategory, name: str) -> dict[str, Any]:
        form: dict[str, Any] = {
            "category": category,
            "guid": type_guid(name),
            "createdBy": MAKER,
            "updatedBy": MAKER,
            "createTime": MADE_AT,
            "updateTime": MADE_AT,
            "version": 1,
            "name": name,
            "typeVersion": "1.0",
            "serviceType": SERVICE,
        }
        makers: Mapping[TypeCategory, Callable[[str], dict[str, Any]]] = {
            "ENUM": self._enum,
            "STRUCT": self._struct,
            "ENTITY": self._entity,
            "RELATIONSHIP": self._relationship,
        }
        return form | makers[category](name)

    def _enum(self, name: str) -> dict[str, Any]:
        values = self._system.enums[name].values
        return {"elementDefs": [{"value": value, "ordinal": ordinal} for ordinal, value in enumerate(values)]}

    def _struct(self, name: str) -> dict[str, Any]:
        return {"attributeDefs": _attribute_forms(self._system.structs[name].attributes)}

    def _relationship(self, name: str) -> dict[str, Any]:
        definition = self._system.relationships[name]
        attributes = {key: AttributeDef(key, type_name) for key, type_name in definition.attributes.items()}
        return {
            "attributeDefs": _attribute_forms(attributes),
            "relationshipCategory": definition.category,
            "propagateTags": definition.tag_flow,
            "endDef1": _end_form(definition.end1),
            "endDef2": _end_form(definition.end2),
        }

    def _entity(self, name: str) -> dict[str, Any]:
        definition = self._system.entities[name]
        links: dict[str, msgspec.Raw] = {}
        for ancestor in reversed(list(self._ancestors(name))):
            links.update(self._link_forms[ancestor])
        return {
            "superTypes": definition.super_types,
            "subTypes": self._children.get(name, []),
            "attributeDefs": _attribute_forms(definition.attributes),
            "relationshipAttributeDefs": list(links.values()),
            "businessAttributeDefs": {},
        }

    def _ancestors(self, name: str) -> Iterator[str]:
        """The type itself, then what is above it, the nearest first."""
        seen = {name: None}
        todo = [name]
        while todo:
            one = todo.pop(0)
            yield one
            fresh = [above for above in self._system.entities[one].super_types if above not in seen]
            seen.update(dict.fromkeys(fresh))
            todo += fresh

    @cached_property
    def _children(self) -> Mapping[str, list[str]]:
        below: dict[str, list[str]] = {}
        for name, one in self._system.entities.items():
            for above in one.super_types:
                below.setdefault(above, []).append(name)
        return below

    @cached_property
    def _link_forms(self) -> Mapping[str, Mapping[str, msgspec.Raw]]:
        """Type -> its own relationship attributes, encoded: every type below lists them again."""
        return {name: self._own_links(one) for name, one in self._system.entities.items()}

    def _own_links(self, entity: EntityDef) -> dict[str, msgspec.Raw]:
        return {
            attribute: msgspec.Raw(encode(_link_form(entity, attribute, self._system.relationships[name])))
            for attribute, name in entity.relationships.items()
        }


def _pieces(packed: Mapping[TypeCategory, bytes]) -> Iterator[bytes]:
    before = b"{"
    for category, member in MEMBERS.items():
        yield before + b'"%b":[' % member.encode()
        if category in packed:
            yield from _unpacked(packed[category])
        before = b"],"
    yield b"]}"


def _unpacked(packed: bytes) -> Iterator[bytes]:
    work = zlib.decompressobj()
    while not work.eof:
        yield work.decompress(packed, PIECE)
        packed = work.unconsumed_tail


_KNOWN: WeakKeyDictionary[TypeRegistry, Definitions] = WeakKeyDictionary()
"""A value must not lead back to its key, or neither would ever go."""


def _attribute_forms(attributes: Mapping[str, AttributeDef]) -> list[dict[str, Any]]:
    return [_attribute_form(one) for one in attributes.values()]


def _attribute_form(definition: AttributeDef) -> dict[str, Any]:
    form: dict[str, Any] = {
        "name": definition.name,
        "typeName": definition.type_name,
        "isOptional": definition.optional,
        "cardinality": definition.cardinality,
        "valuesMinCount": 0 if definition.optional else 1,
        "valuesMaxCount": 1 if definition.cardinality == "SINGLE" else MANY,
        "isUnique": definition.unique,
        "isIndexable": definition.unique,
        "includeInNotification": definition.flagged,
        "searchWeight": -1,
    }
    if definition.default is not None:
        form["defaultValue"] = _default_text(definition.default)
    if definition.auto_update:
        form["autoUpdateAttributes"] = definition.auto_update
    return form


def _default_text(value: Any) -> str:
    """The protocol has defaults as text."""
    return value if isinstance(value, str) else encode(value).decode()


def _link_form(entity: EntityDef, attribute: str, relationship: RelationshipDef) -> dict[str, Any]:
    first = relationship.end1.name == attribute and relationship.end1.type_name == entity.name
    near, far = (relationship.end1, relationship.end2) if first else (relationship.end2, relationship.end1)
    type_name = far.type_name if near.single else f"array<{far.type_name}>"
    cardinality: Literal["SINGLE", "SET"] = "SINGLE" if near.single else "SET"
    return {
        **_attribute_form(AttributeDef(attribute, type_name, cardinality)),
        "relationshipTypeName": relationship.name,
        "isLegacyAttribute": False,
    }


def _end_form(end: RelationshipEnd) -> dict[str, Any]:
    return {
        "type": end.type_name,
        "name": end.name,
        "isContainer": end.container,
        "cardinality": "SINGLE" if end.single else "SET",
        "isLegacyAttribute": False,
    }
