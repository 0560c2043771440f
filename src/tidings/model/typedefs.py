"""What a type is: the definitions as they are told and shown, before they are put in force by the registry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Cardinality = Literal["SINGLE", "LIST", "SET"]
Category = Literal["AGGREGATION", "ASSOCIATION", "COMPOSITION"]
TagFlow = Literal["NONE", "ONE_TO_TWO", "TWO_TO_ONE", "BOTH"]
Reading = Literal["exact", "folded", "words"]
"""How a search reads a text: as it is, in lower case, or word by word."""


@dataclass(frozen=True, slots=True)
class AttributeDef:
    """One attribute as its own type declares it.

    ``flagged``: it goes into the entity of events. ``auto_update``: attributes that are stamped with the acting
    user (key ``user``) or the time (key ``timestamp``) when this one changes. ``reading``: how searches read its texts.
    """

    name: str
    type_name: str
    cardinality: Cardinality = "SINGLE"
    optional: bool = True
    unique: bool = False
    default: Any = None
    flagged: bool = True
    auto_update: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    reading: Reading = "exact"


@dataclass(frozen=True, slots=True)
class EntityDef:
    """A type of asset: what it adds to its super-types."""

    name: str
    super_types: tuple[str, ...]
    attributes: Mapping[str, AttributeDef]
    relationships: Mapping[str, str]
    """Relationship attribute -> name of the relationship definition."""


@dataclass(frozen=True, slots=True)
class EnumDef:
    """A closed list of strings."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StructDef:
    """A structure that stands inside an asset."""

    name: str
    attributes: Mapping[str, AttributeDef]


@dataclass(frozen=True, slots=True)
class RelationshipEnd:
    """One end: the type that stands there and the attribute under which it sees the other end."""

    type_name: str
    name: str
    single: bool
    container: bool


@dataclass(frozen=True, slots=True)
class RelationshipDef:
    """A typed edge. ``owns``: end1 takes end2 along when it is archived, purged or restored."""

    name: str
    end1: RelationshipEnd
    end2: RelationshipEnd
    category: Category
    tag_flow: TagFlow
    attributes: Mapping[str, str]
    owns: bool = False

    symmetric: bool = field(init=False)
    """Both ends are the same attribute of the same type, so that neither is first (synonyms of a term)."""

    def __post_init__(self) -> None:
        same = self.end1.name == self.end2.name and self.end1.type_name == self.end2.type_name
        object.__setattr__(self, "symmetric", same)


@dataclass(frozen=True, slots=True)
class TagDef:
    """A tag that users made. ``name`` is its generated id, ``display_name`` what people call it.

    ``entity_types``: types of asset it may be put on, any where empty. ``attributes``: its values, by name; ``labels``:
    what people call those, where that is something else.
    """

    name: str
    display_name: str
    super_types: tuple[str, ...] = ()
    entity_types: tuple[str, ...] = ()
    attributes: Mapping[str, AttributeDef] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CustomAttributeDef:
    """One attribute of a custom metadata set. ``definition.name`` is its generated id.

    ``archived``: it takes no new values. The rest says which assets may have it, None where all: ``entity_types`` (and
    types below them), ``connections`` and ``glossaries`` and ``domains`` (qualifiedNames).
    """

    definition: AttributeDef
    display_name: str
    archived: bool = False
    entity_types: frozenset[str] | None = None
    connections: frozenset[str] | None = None
    glossaries: frozenset[str] | None = None
    domains: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class CustomSetDef:
    """A set of custom metadata that users made. ``name`` is its generated id; ``attributes`` are by their ids."""

    name: str
    display_name: str
    attributes: Mapping[str, CustomAttributeDef]


@dataclass(frozen=True, slots=True)
class Definition:
    """A definition that users made, as it is kept: ``body`` is the whole of it in the protocol's form, as JSON."""

    name: str
    category: str
    guid: str
    body: bytes


@dataclass(frozen=True, slots=True)
class TypeSystem:
    """All definitions together, by name. ``stored`` are those that users made."""

    entities: Mapping[str, EntityDef]
    enums: Mapping[str, EnumDef]
    structs: Mapping[str, StructDef]
    relationships: Mapping[str, RelationshipDef]
    tags: Mapping[str, TagDef] = field(default_factory=dict)
    custom_sets: Mapping[str, CustomSetDef] = field(default_factory=dict)
    stored: Mapping[str, Definition] = field(default_factory=dict)
