"""Links as such, made, changed and taken away by their own calls: each becomes an ordinary save of one of its ends."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec

from tidings.model.asset import ACTIVE, AssetName, Link
from tidings.model.errors import (
    Conflict,
    InvalidReference,
    NotSupported,
    Problem,
    UnknownGuid,
    UnknownName,
    UnknownRelationship,
    UnknownType,
)
from tidings.model.ids import link_guid, link_key
from tidings.model.profiles import DOCUMENTED, Profile
from tidings.model.registry import TypeRegistry
from tidings.model.typedefs import RelationshipDef
from tidings.store.base import Reader, Transaction
from tidings.store.types import Types
from tidings.write.commands import EntityInput, Save, Target
from tidings.write.links import sees
from tidings.write.resolve import one_of_type
from tidings.write.spread import AT_ONCE
from tidings.write.submit import Actor, Receipt, work_for

Attributes = dict[str, Any]


class EndInput(msgspec.Struct, rename="camel"):
    """One end as a client sends it: by guid, or by type and qualifiedName."""

    guid: str | None = None
    type_name: str | None = None
    unique_attributes: dict[str, Any] | None = None


class LinkInput(msgspec.Struct, rename="camel"):
    """A link as a client sends it. Other members are not read."""

    type_name: str | None = None
    guid: str | None = None
    end1: EndInput | None = None
    end2: EndInput | None = None
    attributes: Attributes | None = None
    propagate_tags: str | None = None


class Related(msgspec.Struct):
    """What became of it: the link's key, by number of its relationship, and the receipt of the save that it was."""

    key: tuple[int, int, int]
    receipt: Receipt


Work = Callable[[Transaction], Related]
Way = Literal["append", "remove"]


class _Ends(msgspec.Struct):
    """A link with both ends known."""

    definition: RelationshipDef
    first: AssetName
    second: AssetName


def create_link(
    types: Types,
    wanted: LinkInput,
    actor: Actor,
    profile: Profile = DOCUMENTED,
    *,
    dry_run: bool = False,
    at_once: int = AT_ONCE,
) -> Work:
    """Work that makes a link.

    It raises UnknownType, UnknownGuid or UnknownName for what is not there, InvalidReference for ends of the wrong type,
    Conflict where the link is there already.
    """

    def work(tx: Transaction) -> Related:
        in_force = types.of(tx)
        definition = _definition(wanted.type_name, in_force)
        _check_flow(wanted, definition)
        ends = _fitted(
            definition, _end(wanted.end1, "end1", in_force, tx), _end(wanted.end2, "end2", in_force, tx), in_force
        )
        if (there := _stored(ends, tx)) is not None:
            number = tx.relationship_number(definition.name)
            raise Conflict(
                f"{definition.name} from {_called(ends.first)} to {_called(ends.second)} is there already, as "
                f"{link_guid(number, there.end1, there.end2)}; change it with PUT"
            )
        command = _save(ends, "append", wanted.attributes or {}, in_force)
        receipt = work_for(types, command, actor, profile, dry_run=dry_run, at_once=at_once)(tx)
        return Related((tx.relationship_number(definition.name), *_place(ends)), receipt)

    return work


def change_link(
    types: Types,
    wanted: LinkInput,
    actor: Actor,
    profile: Profile = DOCUMENTED,
    *,
    dry_run: bool = False,
    at_once: int = AT_ONCE,
) -> Work:
    """Work that sets attributes of a link: those given, None clears one, others stay. Raises UnknownRelationship, and
    InvalidReference where the link has other ends than those given."""

    def work(tx: Transaction) -> Related:
        in_force = types.of(tx)
        key, link = _known(wanted.guid or "", tx)
        ends = _ends_of(link, in_force, tx)
        _check_same(wanted, ends, in_force, tx)
        kept: Attributes = msgspec.json.decode(link.encoded) if link.encoded else {}
        command = _save(ends, "append", kept | (wanted.attributes or {}), in_force)
        return Related(key, work_for(types, command, actor, profile, dry_run=dry_run, at_once=at_once)(tx))

    return work


def remove_link(
    types: Types,
    guid: str,
    actor: Actor,
    profile: Profile = DOCUMENTED,
    *,
    dry_run: bool = False,
    at_once: int = AT_ONCE,
) -> Work:
    """Work that takes a link away; raises UnknownRelationship, MissingAttribute for the owner of what is owned."""

    def work(tx: Transaction) -> Related:
        in_force = types.of(tx)
        key, link = _known(guid, tx)
        command = _save(_ends_of(link, in_force, tx), "remove", None, in_force)
        return Related(key, work_for(types, command, actor, profile, dry_run=dry_run, at_once=at_once)(tx))

    return work


def _definition(name: str | None, types: TypeRegistry) -> RelationshipDef:
    known = types.system.relationships
    if not name:
        raise InvalidReference("the relationship has no typeName; name one, such as table_columns")
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        raise UnknownType(name, f"; did you mean {near[0]}?" if near else "; there is no such relationship")
    return known[name]


def _check_flow(wanted: LinkInput, definition: RelationshipDef) -> None:
    if wanted.propagate_tags not in (None, definition.tag_flow):
        raise NotSupported(
            f"propagateTags of a link is that of its relationship: {definition.name} has {definition.tag_flow}, "
            f"not {wanted.propagate_tags}"
        )


def _end(given: EndInput | None, place: str, types: TypeRegistry, tx: Reader) -> AssetName:
    if given is not None and given.guid:
        found = tx.names_by_guid([given.guid.lower()])
        if not found:
            raise UnknownGuid(given.guid, [Problem(f"{place}.guid", "unknown")])
        return found[0]
    name = (given.unique_attributes or {}).get("qualifiedName") if given is not None else None
    if given is None or not given.type_name or not isinstance(name, str):
        message = f"{place} names no asset; give its guid, or its typeName and uniqueAttributes.qualifiedName"
        raise InvalidReference(message, [Problem(place, message)])
    types.type(given.type_name)
    known = one_of_type(tx.names_by_name([name]), given.type_name, name, types)
    if known is None:
        raise UnknownName(given.type_name, name, [Problem(place, "unknown")])
    return known


def _fitted(definition: RelationshipDef, first: AssetName, second: AssetName, types: TypeRegistry) -> _Ends:
    """The ends, checked against what the relationship joins."""
    if _fits(definition, first, second, types):
        return _Ends(definition, first, second)
    turned = "; exchange end1 and end2" if _fits(definition, second, first, types) else ""
    message = (
        f"{definition.name} joins a {definition.end1.type_name} (end1) and a {definition.end2.type_name} (end2), not "
        f"{_called(first)} and {_called(second)}{turned}"
    )
    raise InvalidReference(message, [Problem("typeName", message)])


def _fits(definition: RelationshipDef, first: AssetName, second: AssetName, types: TypeRegistry) -> bool:
    both = types.type(first.type_name), types.type(second.type_name)
    if not (both[0].is_a(definition.end1.type_name) and both[1].is_a(definition.end2.type_name)):
        return False
    return sees(types, first.type_name, definition.end1, definition) or sees(
        types, second.type_name, definition.end2, definition
    )


def _called(name: AssetName) -> str:
    return f"the {name.type_name} {name.qualified_name}"


def _stored(ends: _Ends, tx: Reader) -> Link | None:
    """The link that joins these ends."""
    try:
        number = tx.relationship_number(ends.definition.name)
    except KeyError:
        return None
    return tx.link_at(number, *_place(ends))


def _place(ends: _Ends) -> tuple[int, int]:
    """The ends as a link keeps them: where neither is first, the older one is."""
    ids = ends.first.id, ends.second.id
    return (min(ids), max(ids)) if ends.definition.symmetric else ids


def _known(guid: str, tx: Reader) -> tuple[tuple[int, int, int], Link]:
    try:
        key = link_key(guid)
    except ValueError:
        raise UnknownRelationship(guid) from None
    link = tx.link_at(*key)
    if link is None:
        raise UnknownRelationship(guid)
    return key, link


def _ends_of(link: Link, types: TypeRegistry, tx: Reader) -> _Ends:
    names = {name.id: name for name in tx.names_by_id({link.end1, link.end2})}
    return _Ends(types.relationship(link.relationship), names[link.end1], names[link.end2])


def _check_same(wanted: LinkInput, ends: _Ends, types: TypeRegistry, tx: Reader) -> None:
    """A client that sends a link whole may change nothing but its attributes."""
    _check_flow(wanted, ends.definition)
    if wanted.type_name not in (None, ends.definition.name):
        raise InvalidReference(f"{wanted.guid} is a {ends.definition.name}, not a {wanted.type_name}")
    given = [
        (place, _end(one, place, types, tx)) for place, one in (("end1", wanted.end1), ("end2", wanted.end2)) if one
    ]
    own = {"end1": ends.first, "end2": ends.second}
    for place, name in given:
        either = (ends.first.id, ends.second.id) if ends.definition.symmetric else (own[place].id,)
        if name.id not in either:
            message = f"{place} of {wanted.guid} is {_called(own[place])}; to join others, delete it and create another"
            raise InvalidReference(message, [Problem(place, message)])


def _save(ends: _Ends, how: Way, attributes: Mapping[str, Any] | None, types: TypeRegistry) -> Save:
    """The save of one end that says it: one that shows the link, and an active one if there is."""
    definition = ends.definition
    sides = [(ends.first, definition.end1, ends.second), (ends.second, definition.end2, ends.first)]
    able = [side for side in sides if sees(types, side[0].type_name, side[1], definition)]
    own, end, other = min(able, key=lambda side: side[0].status != ACTIVE)
    reference: Attributes = {"guid": other.guid, "typeName": other.type_name}
    if attributes is not None:
        reference["relationshipAttributes"] = {"typeName": definition.name, "attributes": dict(attributes)}
    entity = EntityInput(own.type_name, own.guid)
    if how == "append":
        entity.append_relationship_attributes = {end.name: [reference]}
    else:
        entity.remove_relationship_attributes = {end.name: [reference]}
    return Save([entity], only=Target(guid=own.guid))
