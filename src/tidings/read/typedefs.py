"""Type definitions in the protocol's form: «AtlasTypesDef» and its parts, built when somebody asks."""

from __future__ import annotations

import difflib
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, Literal
from weakref import WeakKeyDictionary

import msgspec

from tidings.model.definitions import CATEGORIES, MEMBERS, SERVICE, TypeCategory, type_guid
from tidings.model.errors import UnknownType
from tidings.model.events import encode
from tidings.model.registry import TypeRegistry
from tidings.model.typedefs import AttributeDef, EntityDef, RelationshipDef, RelationshipEnd, TypeSystem

MAKER = "tidings"
MADE_AT = 0
"""Shipped types were made by nobody and at no time of this catalog."""
MANY = 2**31 - 1
PIECE = 128 * 1024


def definitions_of(types: TypeRegistry) -> Definitions:
    """The definitions of these types in force, kept as long as the registry lives."""
    global _latest  # noqa: PLW0603  what was packed last, for whoever packs next
    known = _KNOWN.get(types)
    if known is None:
        known = _KNOWN[types] = Definitions(types.system, _latest)
        _latest = known
    return known


class Definitions:
    """The definitions of one type system, encoded when first asked for and kept compressed.

    What ``like`` has of them, and is the same here, is taken from there.
    """

    def __init__(self, system: TypeSystem, like: Definitions | None = None) -> None:
        self._system = system
        self._names: Mapping[TypeCategory, Collection[str]] = {
            "ENUM": system.enums,
            "STRUCT": system.structs,
            "CLASSIFICATION": system.tags,
            "ENTITY": system.entities,
            "RELATIONSHIP": system.relationships,
            "BUSINESS_METADATA": system.custom_sets,
        }
        packed = like._packed if like else {}
        self._packed: dict[TypeCategory, bytes] = {
            category: packed[category] for category in packed if like and _same(category, system, like._system)
        }

    def all_of(self, categories: Iterable[TypeCategory]) -> Iterator[bytes]:
        """The answer, piece by piece, with these categories filled in and every other one empty.

        All of it is 7 MB, which a server need not hold as one only to hand it on.
        """
        packed = {category: self._pack(category) for category in categories}
        return _pieces(packed)

    def answer(self, names: Iterable[str]) -> dict[str, Any]:
        """These definitions in the form of all of them."""
        found: dict[str, list[dict[str, Any]]] = {member: [] for member in MEMBERS.values()}
        for name in names:
            category = self._category(name)
            found[MEMBERS[category]].append(msgspec.json.decode(encode(self._form(category, name))))
        return found

    def named(self, name: str, categories: Collection[TypeCategory]) -> dict[str, Any]:
        """The one definition of a name in the form of all of them; empty where it is of no such category."""
        known = [category for category in CATEGORIES if name in self._names[category]]
        return self.answer([name] if known and known[0] in categories else [])

    def headers(self, categories: Iterable[TypeCategory]) -> list[dict[str, Any]]:
        """Guid, name, category and service of each definition."""
        return [self._header(category, name) for category in categories for name in self._names[category]]

    def _header(self, category: TypeCategory, name: str) -> dict[str, Any]:
        stored = self._bodies.get(name)
        header = {"guid": type_guid(name), "name": name, "category": category, "serviceType": SERVICE}
        if stored is None or self._is_shipped(name):
            return header
        header = {"guid": stored["guid"], "name": name, "category": category}
        return header | {key: stored[key] for key in ("serviceType", "displayName") if key in stored}

    def by_name(self, name: str, *categories: TypeCategory) -> bytes:
        """One definition, by its name or by what people call it, if it is of one of these categories.

        Raises UnknownType.
        """
        for each in (name, self._by_display_name.get(name)):
            for category in categories:
                if each is not None and each in self._names[category]:
                    return encode(self._form(category, each))
        raise UnknownType(name, self._hint(name))

    def by_guid(self, guid: str, *categories: TypeCategory) -> bytes:
        """The same by guid."""
        return self.by_name(self._names_by_guid.get(guid.lower(), guid), *categories)

    @cached_property
    def _bodies(self) -> Mapping[str, dict[str, Any]]:
        """What users defined, and what they added to shipped types."""
        return {name: msgspec.json.decode(one.body) for name, one in self._system.stored.items()}

    def _is_shipped(self, name: str) -> bool:
        """Whether a definition comes with the program, though something was added to it."""
        return name not in self._bodies or self._bodies[name]["guid"] == type_guid(name)

    @cached_property
    def _by_display_name(self) -> Mapping[str, str]:
        tags = {one.display_name: one.name for one in self._system.tags.values()}
        return {one.display_name: one.name for one in self._system.custom_sets.values()} | tags

    @cached_property
    def _names_by_guid(self) -> Mapping[str, str]:
        shipped = {type_guid(name): name for category in CATEGORIES for name in self._names[category]}
        return shipped | {one.guid: one.name for one in self._system.stored.values()}

    def _category(self, name: str) -> TypeCategory:
        return next(category for category in CATEGORIES if name in self._names[category])

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
        body = self._bodies.get(name)
        if body is not None and not self._is_shipped(name):
            return self._own_form(category, name, body)
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
        form |= makers[category](name)
        return form | self._added(form, body) if body else form

    def _own_form(self, category: TypeCategory, name: str, body: dict[str, Any]) -> dict[str, Any]:
        """A definition of a user as it was sent, with what others say of it."""
        if category == "ENTITY":
            return body | {key: value for key, value in self._entity(name).items() if key not in body}
        if category == "CLASSIFICATION":
            below = [one.name for one in self._system.tags.values() if name in one.super_types]
            return {**body, "subTypes": below}
        return body

    def _added(self, form: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        """What users added to a shipped definition, and when."""
        more = {key: body[key] for key in ("updatedBy", "updateTime", "version")}
        if "elementDefs" in body:
            return {**more, "elementDefs": body["elementDefs"]}
        added = {one["name"] for one in body["attributeDefs"]}
        own = [one for one in form["attributeDefs"] if one["name"] not in added]
        return {**more, "attributeDefs": [*own, *body["attributeDefs"]]}

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
            "businessAttributeDefs": self._custom(name),
        }

    def _custom(self, name: str) -> dict[str, list[msgspec.Raw]]:
        """Custom metadata that assets of a type may have, by set."""
        if not self._custom_forms:
            return {}
        above = frozenset(self._ancestors(name))
        applicable = {
            one: [form for wanted, form in forms if wanted is None or not above.isdisjoint(wanted)]
            for one, forms in self._custom_forms.items()
        }
        return {one: forms for one, forms in applicable.items() if forms}

    @cached_property
    def _custom_forms(self) -> Mapping[str, list[tuple[frozenset[str] | None, msgspec.Raw]]]:
        """Set -> its attributes, each with the types that it is for."""
        return {
            name: [
                (one.attributes[form["name"]].entity_types, msgspec.Raw(encode(form)))
                for form in self._bodies[name]["attributeDefs"]
            ]
            for name, one in self._system.custom_sets.items()
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


def _same(category: TypeCategory, one: TypeSystem, other: TypeSystem) -> bool:
    """Whether the definitions of a category are the same: what was added to neither is the same object."""
    parts: Mapping[TypeCategory, tuple[str, ...]] = {
        "ENUM": ("enums",),
        "STRUCT": ("structs",),
        "RELATIONSHIP": ("relationships",),
        "ENTITY": ("entities", "relationships", "custom_sets"),
    }
    return category in parts and all(getattr(one, part) is getattr(other, part) for part in parts[category])


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


_latest: Definitions | None = None
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
