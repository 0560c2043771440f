"""Definitions that users made, in the protocol's form («AtlasTypesDef»), as what the registry puts in force."""

from __future__ import annotations

import re
import secrets
import string
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Literal, TypeVar, cast, get_args

import msgspec

from tidings.model.typedefs import (
    AttributeDef,
    Cardinality,
    Category,
    CustomAttributeDef,
    CustomSetDef,
    Definition,
    EntityDef,
    EnumDef,
    RelationshipDef,
    RelationshipEnd,
    StructDef,
    TagDef,
    TagFlow,
    TypeSystem,
)
from tidings.model.typemodel import ALWAYS_IN_EVENTS, one_sided_name

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
"""Category -> the member of «AtlasTypesDef» that lists its definitions."""
Body = dict[str, Any]
"""One definition, or one attribute of it, in the protocol's form."""
T = TypeVar("T")

SERVICE = "atlan"
"""Which model a shipped type belongs to. Clients tell by it the types that come with a catalog from their own."""
ENTITY_LISTS = ("assetTypesList", "glossaryTypeList", "domainTypesList", "otherAssetTypeList", "aiAssetsTypeList")
"""Options that list the types of asset which may have a custom attribute; together they say which."""
EVERY_DOMAIN = "*/super"
_LETTERS = string.digits + string.ascii_letters
_NAME = re.compile(r"[0-9A-Za-z]{22}")
_GUIDS = uuid.UUID("0b8a5f2e-3c55-5d0c-9a43-6d1e1b6f0a71")


def type_guid(name: str) -> str:
    """The guid of a shipped type: always the same for one name."""
    return str(uuid.uuid5(_GUIDS, name))


def new_name() -> str:
    """A name that says nothing, for what people may rename as they like: 22 random letters and digits."""
    return "".join(secrets.choice(_LETTERS) for _ in range(22))


def is_generated(name: object) -> bool:
    """Whether a name has the form of those that ``new_name`` makes."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def with_definitions(shipped: TypeSystem, stored: Iterable[Definition]) -> TypeSystem:
    """The shipped types and those that users made, together. Mappings to which nothing was added stay the same objects."""
    kept = {one.name: one for one in stored}
    bodies: dict[str, list[Body]] = {category: [] for category in CATEGORIES}
    for one in kept.values():
        bodies[one.category].append(msgspec.json.decode(one.body))
    relationships = {body["name"]: relationship_of(body) for body in bodies["RELATIONSHIP"]}
    entities, one_sided = _entities(shipped, bodies["ENTITY"], relationships)
    return TypeSystem(
        entities=entities,
        enums=_added(shipped.enums, {body["name"]: _enum(body, shipped.enums) for body in bodies["ENUM"]}),
        structs=_added(shipped.structs, {body["name"]: struct_of(body) for body in bodies["STRUCT"]}),
        relationships=_added(shipped.relationships, {**one_sided, **relationships}),
        tags=_added(shipped.tags, _tags(bodies["CLASSIFICATION"])),
        custom_sets=_added(
            shipped.custom_sets, {body["name"]: custom_set_of(body) for body in bodies["BUSINESS_METADATA"]}
        ),
        stored=kept,
    )


def _added(shipped: Mapping[str, T], added: Mapping[str, T]) -> Mapping[str, T]:
    return {**shipped, **added} if added else shipped


def _enum(body: Body, shipped: Mapping[str, EnumDef]) -> EnumDef:
    """Values that a newer program ships are there beside those that the definition had when it was changed."""
    name = body["name"]
    own = tuple(one["value"] for one in body["elementDefs"])
    more = tuple(value for value in (shipped[name].values if name in shipped else ()) if value not in own)
    return EnumDef(name, own + more)


def attribute_of(body: Body) -> AttributeDef:
    """One attribute of an asset's type, a struct or a tag."""
    name, unique = body["name"], bool(body.get("isUnique"))
    return AttributeDef(
        name=name,
        type_name=body["typeName"],
        cardinality=_cardinality(body),
        optional=body.get("isOptional", True),
        unique=unique,
        default=body.get("defaultValue") or None,
        flagged=unique or name in ALWAYS_IN_EVENTS or body.get("includeInNotification", True),
        auto_update={who: tuple(what) for who, what in body.get("autoUpdateAttributes", {}).items()},
    )


def attributes_of(body: Body) -> dict[str, AttributeDef]:
    """All attributes of a definition but those of custom metadata."""
    return {one["name"]: attribute_of(one) for one in body.get("attributeDefs", ())}


def _cardinality(body: Body) -> Cardinality:
    """A list stays one where the protocol's default, SINGLE, was left with it."""
    given = body.get("cardinality", "SINGLE")
    return cast(Cardinality, "LIST" if given == "SINGLE" and body["typeName"].startswith("array<") else given)


def element_types(type_name: str) -> tuple[str, ...]:
    """The types that a type name such as ``array<map<string,int>>`` is made of."""
    if type_name.startswith("array<") and type_name.endswith(">"):
        return element_types(type_name[6:-1])
    if type_name.startswith("map<") and type_name.endswith(">") and "," in type_name:
        key, _, value = type_name[4:-1].partition(",")
        return (*element_types(key.strip()), *element_types(value.strip()))
    return (type_name,)


def struct_of(body: Body) -> StructDef:
    return StructDef(body["name"], attributes_of(body))


def end_of(body: Body) -> RelationshipEnd:
    single = body.get("cardinality", "SINGLE") == "SINGLE"
    return RelationshipEnd(body["type"], body["name"], single, bool(body.get("isContainer")))


def relationship_of(body: Body) -> RelationshipDef:
    """A composition owns: the whole takes its parts along."""
    category = cast(Category, body["relationshipCategory"])
    return RelationshipDef(
        name=body["name"],
        end1=end_of(body["endDef1"]),
        end2=end_of(body["endDef2"]),
        category=category,
        tag_flow=cast(TagFlow, body.get("propagateTags", "NONE")),
        attributes={one["name"]: one["typeName"] for one in body.get("attributeDefs", ())},
        owns=category == "COMPOSITION",
    )


def _entities(
    shipped: TypeSystem, bodies: list[Body], relationships: Mapping[str, RelationshipDef]
) -> tuple[Mapping[str, EntityDef], dict[str, RelationshipDef]]:
    """The types of asset, and the relationships that some of their attributes stand for."""
    if not bodies and not relationships:
        return shipped.entities, {}
    known = {**shipped.entities, **{body["name"]: _entity(body, shipped.entities) for body in bodies}}
    linked = {(end.type_name, end.name) for one in relationships.values() for end in (one.end1, one.end2)}
    one_sided: dict[str, RelationshipDef] = {}
    for body in bodies:
        entity = known[body["name"]]
        references = {name: one for name, one in entity.attributes.items() if element_types(one.type_name)[-1] in known}
        if references:
            rest = {name: one for name, one in entity.attributes.items() if name not in references}
            known[entity.name] = replace(entity, attributes=rest)
            fresh = [
                _reference(entity.name, one) for name, one in references.items() if (entity.name, name) not in linked
            ]
            one_sided.update({one.name: one for one in fresh})
    for relationship in relationships.values():
        _link(known, relationship, relationship.end1, relationship.end2)
    for relationship in one_sided.values():
        _link(known, relationship, relationship.end1)
    return known, one_sided


def _entity(body: Body, shipped: Mapping[str, EntityDef]) -> EntityDef:
    """Of a shipped type, only what was added to it is kept."""
    name = body["name"]
    if name in shipped:
        return replace(shipped[name], attributes={**shipped[name].attributes, **attributes_of(body)})
    return EntityDef(name, tuple(body.get("superTypes", ())), attributes_of(body), {})


def _reference(type_name: str, attribute: AttributeDef) -> RelationshipDef:
    """An attribute that holds other assets, with no relationship of its own, is a link that only its own end sees."""
    name = one_sided_name(type_name, attribute.name)
    near = RelationshipEnd(type_name, attribute.name, not attribute.type_name.startswith("array<"), False)
    far = RelationshipEnd(element_types(attribute.type_name)[-1], f"{name}__other", False, False)
    return RelationshipDef(name, near, far, "ASSOCIATION", "NONE", {})


def _link(entities: dict[str, EntityDef], relationship: RelationshipDef, *ends: RelationshipEnd) -> None:
    for end in ends:
        entity = entities.get(end.type_name)
        if entity is not None:
            links = {**entity.relationships, end.name: relationship.name}
            entities[end.type_name] = replace(entity, relationships=links)


def _tags(bodies: list[Body]) -> dict[str, TagDef]:
    """Tags with the values that they have from the tags above them."""
    known = {body["name"]: body for body in bodies}
    labels = {
        one["name"]: one["displayName"]
        for body in bodies
        for one in body.get("attributeDefs", ())
        if one.get("displayName", one["name"]) != one["name"]
    }

    def values(name: str, seen: frozenset[str]) -> dict[str, AttributeDef]:
        found: dict[str, AttributeDef] = {}
        for above in known[name].get("superTypes", ()):
            if above in known and above not in seen:
                found.update(values(above, seen | {above}))
        return {**found, **attributes_of(known[name])}

    def tag(name: str, body: Body) -> TagDef:
        attributes = values(name, frozenset({name}))
        return TagDef(
            name=name,
            display_name=body.get("displayName") or name,
            super_types=tuple(body.get("superTypes", ())),
            entity_types=tuple(body.get("entityTypes", ())),
            attributes=attributes,
            labels={one: labels[one] for one in attributes if one in labels},
        )

    return {name: tag(name, body) for name, body in known.items()}


def custom_set_of(body: Body) -> CustomSetDef:
    attributes = {one["name"]: custom_attribute_of(one) for one in body.get("attributeDefs", ())}
    return CustomSetDef(body["name"], body.get("displayName") or body["name"], attributes)


def custom_attribute_of(body: Body) -> CustomAttributeDef:
    """One attribute of custom metadata, with the assets that may have it."""
    options = body.get("options") or {}
    return CustomAttributeDef(
        definition=AttributeDef(
            name=body["name"],
            type_name=body["typeName"],
            cardinality="SET" if body["typeName"].startswith("array<") else "SINGLE",
        ),
        display_name=body.get("displayName") or body["name"],
        archived=is_set(options.get("isArchived")),
        entity_types=_entity_types(options),
        connections=_names(options, "applicableConnections"),
        glossaries=_names(options, "applicableGlossaries"),
        domains=_names(options, "applicableDomains"),
    )


def is_set(option: object) -> bool:
    """Options are sent as booleans, or as text."""
    return option is True or (isinstance(option, str) and option.lower() == "true")


def _entity_types(options: Mapping[str, Any]) -> frozenset[str] | None:
    listed = frozenset(name for key in ENTITY_LISTS for name in listed_in(options.get(key)))
    return listed or frozenset(listed_in(options.get("applicableEntityTypes"))) or None


def _names(options: Mapping[str, Any], key: str) -> frozenset[str] | None:
    """An empty list bounds nothing: clients send one where the catalog holds none of the kind."""
    names = frozenset(listed_in(options.get(key)))
    return None if not names or EVERY_DOMAIN in names else names


def listed_in(option: object) -> Iterator[str]:
    """The strings of a JSON list inside a string, or of a list; raises ValueError for anything else."""
    if isinstance(option, str) and option:
        option = msgspec.json.decode(option)
    if option is not None and option != "":
        yield from msgspec.convert(option, list[str])
