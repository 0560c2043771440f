"""What uses a definition: asked before one is removed, or changed in a way that its users could not bear."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import msgspec

from tidings.model.definitions import type_guid
from tidings.model.errors import Conflict, Problem, TypeInUse, UnknownType
from tidings.model.registry import TypeRegistry
from tidings.model.typedefs import TypeSystem
from tidings.store.base import Reader
from tidings.write.definition_check import Mentions


class Demand(msgspec.Struct, frozen=True):
    """That nothing uses a type, or a part of it. ``why`` says what cannot be done while something does.

    Each field that is set is a question: assets of these types (those that hold ``attribute``, where it is named), links
    of these relationships, attachments of these tags, assets that hold this set of custom metadata or an attribute of it;
    ``values`` narrows holders to these values. ``by`` is an answer already.
    """

    type_name: str
    location: str = ""
    why: str = ""
    by: str = ""
    assets: frozenset[str] = frozenset()
    links: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    custom_set: str = ""
    attribute: str = ""
    values: frozenset[str] = frozenset()


class _Counts:
    """What the store says of several demands, asked at once."""

    def __init__(self, demands: Collection[Demand], reader: Reader) -> None:
        self.reader = reader
        plain = [one for one in demands if not one.attribute and not one.custom_set]
        self.assets = reader.assets_by_type({name for one in plain for name in one.assets})
        self.links = reader.links_by_relationship({name for one in plain for name in one.links})
        self.tags = reader.attachments_by_tag({name for one in plain for name in one.tags})

    def users(self, demand: Demand) -> str:
        """Who uses it and how many, in words; empty where nobody does."""
        if demand.by:
            return demand.by
        if demand.custom_set:
            count = self.reader.custom_holders(demand.custom_set, demand.attribute, demand.values)
            return _count(count, "asset") + " with such custom metadata" if count else ""
        if demand.attribute:
            count = self.reader.attribute_holders(demand.assets, demand.attribute, demand.values)
            return f"{_count(count, 'asset')} with a value of {demand.attribute}" if count else ""
        found = [
            *_counted(self.assets, demand.assets, "asset of type", "assets of type"),
            *_counted(self.links, demand.links, "link of", "links of"),
        ]
        attachments = sum(self.tags.get(name, 0) for name in demand.tags)
        if attachments:
            found.append(f"{_count(attachments, 'asset')} with this tag")
        return ", ".join(found)


def refuse_used(demands: Collection[Demand], reader: Reader) -> None:
    """Raises TypeInUse where something is in use, with all that is."""
    counts = _Counts(demands, reader)
    problems = [(demand, by) for demand in demands if (by := counts.users(demand))]
    if problems:
        first = problems[0][0]
        told = [_told(demand, by) for demand, by in problems]
        listed = [
            Problem(demand.location, f"{demand.type_name}: {text}")
            for (demand, _), text in zip(problems, told, strict=True)
        ]
        raise TypeInUse(first.type_name, told[0], listed)


def _told(demand: Demand, by: str) -> str:
    return f"{by}; {demand.why}" if demand.why else by


def _counted(counts: dict[str, int], names: Collection[str], one: str, many: str) -> Iterator[str]:
    for name in sorted(names):
        if count := counts.get(name):
            yield f"{count:,} {one if count == 1 else many} {name}"


def _count(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def removed(names: Collection[str], types: TypeRegistry) -> tuple[list[str], list[Demand]]:
    """The names of the definitions that are meant, and what must not be there for them to go. Pure.

    Raises UnknownType, and Conflict for what comes with the program.
    """
    own = [_own_name(name, types.system) for name in names]
    gone = frozenset(own)
    mentions = Mentions(types.system)
    return own, [demand for name in own for demand in _demands(name, gone, types, mentions)]


def _own_name(name: str, system: TypeSystem) -> str:
    called = [
        one.name for known in (system.tags, system.custom_sets) for one in known.values() if one.display_name == name
    ]
    own = name if name in system.stored or len(called) != 1 else called[0]
    if name in system.enums or name in system.structs or name in system.entities or name in system.relationships:
        stored = system.stored.get(name)
        if stored is None or stored.guid == type_guid(name):
            raise Conflict(f"{name} comes with the program and cannot be removed")
    elif own not in system.stored:
        raise UnknownType(name, "; there is no such type to remove")
    return own


def _demands(name: str, gone: frozenset[str], types: TypeRegistry, mentions: Mentions) -> Iterator[Demand]:
    system = types.system
    shown = name
    if name in system.tags:
        shown = system.tags[name].display_name
        below = [one.display_name for one in system.tags.values() if name in one.super_types and one.name not in gone]
        yield Demand(shown, by=listed(below))
        yield Demand(shown, tags=frozenset({name}))
    elif name in system.custom_sets:
        yield Demand(system.custom_sets[name].display_name, custom_set=name)
    elif name in system.relationships:
        yield Demand(name, links=frozenset({name}))
    else:
        yield Demand(name, by=listed(mentions.of(name, gone)))
    if name in system.entities:
        yield Demand(name, by=listed(_named_by(name, gone, types)))
        yield Demand(name, assets=types.subtypes(name))


def _named_by(name: str, gone: frozenset[str], types: TypeRegistry) -> Iterator[str]:
    """Definitions that speak of a type of asset."""
    system = types.system
    yield from (one for one in types.children[name] if one not in gone)
    for relationship in system.relationships.values():
        own = relationship.end1.type_name if relationship.name not in system.stored else ""
        ends = (relationship.end1.type_name, relationship.end2.type_name)
        if name in ends and relationship.name not in gone and own not in gone:
            yield relationship.name
    for tag in system.tags.values():
        if name in tag.entity_types and tag.name not in gone:
            yield tag.display_name


def listed(names: Iterable[str]) -> str:
    """Names in a sentence, the first few of many."""
    found = sorted(names)
    return ", ".join(found[:5]) + (f" and {len(found) - 5} more" if len(found) > 5 else "")
