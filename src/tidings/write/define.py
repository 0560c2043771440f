"""Types made, changed and removed: what a request comes to is decided first, then asked of the store, then written."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Literal

import msgspec

from tidings.model.definitions import Body, with_definitions
from tidings.model.events import encode
from tidings.model.ids import new_guid
from tidings.model.registry import TypeRegistry
from tidings.model.typedefs import Definition, TypeSystem
from tidings.model.typemodel import one_sided_name
from tidings.store.base import Store, Transaction
from tidings.store.types import Types
from tidings.write.definition_change import Scene, changed, is_of_program, meant
from tidings.write.definition_check import Touched, check_definitions, refuse_same_display_names, refuse_taken
from tidings.write.definition_form import Given, given_in, identified, whole
from tidings.write.definition_shipped import changed_shipped
from tidings.write.definition_use import Demand, refuse_used, removed
from tidings.write.faults import Faults

How = Literal["create", "change"]


class Plan(msgspec.Struct):
    """What a request comes to: definitions to be written, the names that it speaks of, and what must not be in use."""

    saved: list[Definition]
    names: list[str]
    demands: list[Demand] = []


class Defined(msgspec.Struct):
    """What became of a request: the types in force behind it, and the names that it speaks of, in order."""

    types: TypeRegistry
    names: list[str]
    changed: int = 0


def define(store: Store, types: Types, how: How, typedefs: object, by: str, *, dry_run: bool = False) -> Defined:
    """Make new types, or change those that are there; all definitions of an «AtlasTypesDef», or none.

    Raises MalformedBody, InvalidDefinition, UnknownType, TypeExists, TypeInUse or Conflict, and then nothing was written.
    """
    return store.transact(work_for(types, how, given_in(typedefs), by), rollback=dry_run)


def undefine(store: Store, types: Types, names: Collection[str], *, dry_run: bool = False) -> Defined:
    """Remove types that nothing uses. Raises UnknownType, TypeInUse, or Conflict for those that come with the program."""

    def work(tx: Transaction) -> Defined:
        before = types.of(tx)
        own, demands = removed(names, before)
        refuse_used(demands, tx)
        tx.remove_definitions(own)
        return Defined(before, own, len(own))

    return store.transact(work, rollback=dry_run)


def work_for(types: Types, how: How, given: list[Given], by: str) -> Callable[[Transaction], Defined]:
    """The same, for callers that wait in their own way: returns what is to run in the transaction."""

    def work(tx: Transaction) -> Defined:
        system = types.of(tx).system
        plan = (create if how == "create" else change)(given, system, types.shipped, tx.now, by)
        refuse_used(plan.demands, tx)
        if plan.saved:
            tx.save_definitions(plan.saved)
        return Defined(types.of(tx), plan.names, len(plan.saved))

    return work


def create(given: list[Given], system: TypeSystem, shipped: TypeSystem, now: int, by: str) -> Plan:
    """New definitions, named and made whole. Pure."""
    faults = Faults()
    touched: Touched = []
    for one in given:
        body = identified(one, faults)
        if body.get("name"):
            touched.append((one, whole(one, body, (), faults)))
    faults.raise_any()
    refuse_taken(touched, system)
    made = [_made(one, body, now, by) for one, body in touched]
    _check(touched, made, system, shipped, faults)
    return Plan(made, [one.name for one in made], list(_taken_over(touched, system)))


def _taken_over(touched: Touched, system: TypeSystem) -> Iterator[Demand]:
    """A new relationship may take over from an attribute that held other assets until now, but not its links."""
    for given, body in touched:
        if given.category == "RELATIONSHIP":
            for member in ("endDef1", "endDef2"):
                links = one_sided_name(body[member]["type"], body[member]["name"])
                if links in system.relationships:
                    why = "they would be lost; remove them first"
                    yield Demand(body["name"], f"{given.location}.{member}", why, links=frozenset({links}))


def change(given: list[Given], system: TypeSystem, shipped: TypeSystem, now: int, by: str) -> Plan:
    """Definitions that are there, as they are wanted; those that stay as they are are not written. Pure."""
    faults, scene = Faults(), Scene(system)
    bodies: Touched = []
    demands: list[Demand] = []
    for one in given:
        name = meant(one, system)
        if name in system.stored and not is_of_program(name, shipped):
            body, wanted = changed(one, name, scene, faults)
        else:
            body, wanted = changed_shipped(one, name, scene, shipped, faults)
        bodies.append((one, body))
        demands += wanted
    faults.raise_any()
    fresh = [_changed(one, body, system.stored.get(body["name"]), now, by) for one, body in bodies]
    touched = [pair for pair, definition in zip(bodies, fresh, strict=True) if definition is not None]
    saved = [definition for definition in fresh if definition is not None]
    _check(touched, saved, system, shipped, faults)
    return Plan(saved, [body["name"] for _, body in bodies], demands)


def _check(touched: Touched, fresh: list[Definition], system: TypeSystem, shipped: TypeSystem, faults: Faults) -> None:
    after = with_definitions(shipped, {**system.stored, **{one.name: one for one in fresh}}.values())
    check_definitions(touched, after, system, faults)
    faults.raise_any()
    refuse_same_display_names(touched, after)


def _made(given: Given, body: Body, now: int, by: str) -> Definition:
    guid = new_guid()
    stamps = {"guid": guid, "createdBy": by, "updatedBy": by, "createTime": now, "updateTime": now, "version": 1}
    return Definition(body["name"], given.category, guid, encode({**body, **stamps}))


def _changed(given: Given, body: Body, old: Definition | None, now: int, by: str) -> Definition | None:
    """None where nothing differs. ``body`` bears the stamps of the definition that it changes."""
    if old is not None and msgspec.json.decode(old.body) == body:
        return None
    if old is None and not body.get("elementDefs") and not body.get("attributeDefs"):
        return None  # a shipped type, sent back as it is
    stamps = {"updatedBy": by, "updateTime": now, "version": body["version"] + 1}
    return Definition(body["name"], given.category, body["guid"], encode({**body, **stamps}))
