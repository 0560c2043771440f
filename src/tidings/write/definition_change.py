"""What a changed definition comes to: the old one with what was sent, and what must not be in use for that. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import msgspec

from tidings.model.definitions import (
    Body,
    attribute_of,
    attributes_of,
    custom_attribute_of,
    element_types,
    end_of,
)
from tidings.model.errors import Conflict, InvalidDefinition, Problem, UnknownType
from tidings.model.registry import TypeRegistry
from tidings.model.typedefs import AttributeDef, TypeSystem
from tidings.model.typemodel import one_sided_name
from tidings.write.definition_check import Mentions
from tidings.write.definition_form import COMPUTED, RENAMED, SOURCE_TAGS, Given, whole
from tidings.write.definition_use import Demand, listed
from tidings.write.faults import Faults


def meant(given: Given, system: TypeSystem) -> str:
    """The name of the definition that is to change: the one sent, or that of what people call so. Raises UnknownType."""
    if given.name in system.stored or is_of_program(given.name, system):
        return given.name
    if given.category in RENAMED:
        known = system.tags if given.category == "CLASSIFICATION" else system.custom_sets
        called = [one.name for one in known.values() if one.display_name in (given.name, given.body.get("displayName"))]
        if called:
            return called[0]
    name = given.name or given.body.get("displayName", "")
    hint = f"; there is no such {given.category} to change"
    problem = Problem(f"{given.location}.name", f"Given typename {name} was invalid{hint}")
    raise UnknownType(name, hint, [problem])


def is_of_program(name: str, system: TypeSystem) -> bool:
    """Whether a name is that of a definition of the kinds that come with the program."""
    return any(name in kind for kind in (system.enums, system.structs, system.entities, system.relationships))


class Scene:
    """What is in force while a request is looked at, and what follows from it, worked out once."""

    def __init__(self, system: TypeSystem) -> None:
        self.system = system

    @cached_property
    def types(self) -> TypeRegistry:
        return TypeRegistry(self.system)

    @cached_property
    def mentions(self) -> Mentions:
        return Mentions(self.system)


def changed(given: Given, name: str, scene: Scene, faults: Faults) -> tuple[Body, list[Demand]]:
    """A user's definition as it is to be, with the stamps that it has now, and what must not be in use.

    Members that are not sent stay.
    """
    old = msgspec.json.decode(scene.system.stored[name].body)
    check_category(given, old["category"])
    new = merged(given, old, faults)
    return new, demands_of(given, old, new, scene)


def demands_of(given: Given, old: Body, new: Body, scene: Scene) -> list[Demand]:
    """What must not be in use for an old definition to become the new one."""
    return list(_Comparison(given, old, new, scene).demands())


def check_category(given: Given, category: str) -> None:
    """Raises Conflict where a definition would become one of another kind."""
    if given.category != category:
        message = (
            f"{given.name} is of category {category}, and stays so; it stands among {given.location.partition('[')[0]}"
        )
        raise Conflict(message, [Problem(given.location, message)])


def merged(given: Given, old: Body, faults: Faults) -> Body:
    """The old definition with what was sent."""
    sent = {key: value for key, value in given.body.items() if key not in COMPUTED and key != "name"}
    if not sent.get("elementDefs"):
        sent.pop("elementDefs", None)
    attributes = old.get("attributeDefs", [])
    if wanted := sent.pop("attributeDefs", None):
        attributes = _merged_attributes(given, attributes, wanted, faults)
    body = {**old, **sent}
    if "attributeDefs" in old or attributes:
        body["attributeDefs"] = attributes
    known = [one["name"] for one in old.get("attributeDefs", ())]
    return whole(given, body, known, faults)


def _merged_attributes(given: Given, old: list[Body], sent: list[Body], faults: Faults) -> list[Body]:
    """Attributes that are there in their order, then new ones; one that the request leaves out is a fault."""
    named = {one["name"]: one for one in old}
    shown = {one["displayName"]: one for one in old if one.get("displayName")} if given.category in RENAMED else {}
    new, changes = [], {}
    for one in sent:
        name, display_name = one.get("name", ""), one.get("displayName", "")
        known = named.get(name) or (shown.get(display_name) if name in ("", display_name) else None)
        if known is None:
            new.append(one)
        else:
            changes[known["name"]] = {**known, **one, "name": known["name"]}
    for one in old:
        if one["name"] not in changes and one.get("displayName") != SOURCE_TAGS:
            hint = "archive it with options.isArchived" if given.category == "BUSINESS_METADATA" else "send it as it is"
            what = f"{given.label}: attribute {one.get('displayName') or one['name']} is left out, but cannot be removed; {hint}"
            faults.add(InvalidDefinition, f"{given.location}.attributeDefs", what)
    return [changes.get(one["name"], one) for one in old] + new


class _Comparison:
    """An old and a new definition of one name."""

    def __init__(self, given: Given, old: Body, new: Body, scene: Scene) -> None:
        self.given = given
        self.name: str = old["name"]
        self.old = old
        self.new = new
        self.scene = scene
        self.system = scene.system

    def demands(self) -> Iterator[Demand]:
        if self.given.category == "ENUM":
            yield from self._enum()
        elif self.given.category == "ENTITY":
            yield from self._entity()
        elif self.given.category == "BUSINESS_METADATA":
            yield from self._custom()
        else:
            yield from self._others()

    def _demand(self, why: str, path: str = "", **use: object) -> Demand:
        location = f"{self.given.location}.{path}" if path else self.given.location
        return Demand(self.given.body.get("displayName") or self.name, location, why, **use)  # type: ignore[arg-type]

    def _enum(self) -> Iterator[Demand]:
        kept = {one["value"] for one in self.new["elementDefs"]}
        gone = frozenset(one["value"] for one in self.old["elementDefs"] if one["value"] not in kept)
        if gone:
            why = f"a value in use cannot be taken away ({', '.join(sorted(gone))})"
            yield from self._value_demands(gone, why)

    def _value_demands(self, gone: frozenset[str], why: str) -> Iterator[Demand]:
        """Values are looked for where they can be counted; elsewhere it is enough that they could stand there."""
        system, path = self.system, "elementDefs"
        elsewhere = self.scene.mentions.of(self.name, {*system.entities, *system.custom_sets})
        if elsewhere:
            yield self._demand(why, path, by=listed(elsewhere))
        for entity in system.entities.values():
            for one in entity.attributes.values():
                if self.name in element_types(one.type_name):
                    below = self.scene.types.subtypes(entity.name)
                    yield self._demand(why, path, attribute=one.name, assets=below, values=gone)
        for custom in system.custom_sets.values():
            for each in custom.attributes.values():
                if self.name in element_types(each.definition.type_name):
                    yield self._demand(why, path, custom_set=custom.name, attribute=each.definition.name, values=gone)

    def _entity(self) -> Iterator[Demand]:
        below = self.scene.types.subtypes(self.name)
        if set(self.old["superTypes"]) != set(self.new["superTypes"]):
            yield self._demand("superTypes cannot change", "superTypes", assets=below)
        for path, was, now in self._attributes():
            why = _mismatch(was, now)
            if why == _TYPE and was is not None:
                if element_types(was.type_name)[-1] in self.system.entities:
                    yield self._demand(why, path, links=frozenset({one_sided_name(self.name, was.name)}))
                else:
                    yield self._demand(why, path, attribute=was.name, assets=below)
            elif why:
                yield self._demand(why, path, assets=below)

    def _custom(self) -> Iterator[Demand]:
        before = {one["name"]: custom_attribute_of(one) for one in self.old["attributeDefs"]}
        for number, one in enumerate(self.new["attributeDefs"]):
            was, now = before.get(one["name"]), custom_attribute_of(one)
            if was is not None and _mismatch(was.definition, now.definition):
                path = f"attributeDefs[{number}].typeName"
                yield self._demand(_TYPE, path, custom_set=self.name, attribute=one["name"])

    def _others(self) -> Iterator[Demand]:
        """Structs, tags and relationships: whoever uses one uses it as a whole."""
        for path, why in self._differences():
            if self.given.category == "STRUCT":
                yield self._demand(why, path, by=listed(self.scene.mentions.of(self.name)))
            elif self.given.category == "RELATIONSHIP":
                yield self._demand(why, path, links=frozenset({self.name}))
            else:
                yield self._demand(why, path, tags=frozenset(below_tag(self.name, self.system)))

    def _differences(self) -> Iterator[tuple[str, str]]:
        for path, was, now in self._attributes():
            if why := _mismatch(was, now):
                yield path, why
        if self.given.category == "RELATIONSHIP":
            for member in ("relationshipCategory", "propagateTags"):
                if self.old[member] != self.new[member]:
                    yield member, f"{member} cannot change"
            for member in ("endDef1", "endDef2"):
                if end_of(self.old[member]) != end_of(self.new[member]):
                    yield member, "an end cannot change"
        if self.given.category == "CLASSIFICATION":
            if set(self.old["superTypes"]) != set(self.new["superTypes"]):
                yield "superTypes", "superTypes cannot change"
            was_on, now_on = set(self.old["entityTypes"]), set(self.new["entityTypes"])
            if now_on and not (was_on and was_on <= now_on):
                yield "entityTypes", "entityTypes cannot become fewer"

    def _attributes(self) -> Iterator[tuple[str, AttributeDef | None, AttributeDef]]:
        before = attributes_of(self.old)
        for number, one in enumerate(self.new["attributeDefs"]):
            yield f"attributeDefs[{number}]", before.get(one["name"]), attribute_of(one)


_TYPE = "an attribute with values cannot change its type"


def _mismatch(was: AttributeDef | None, now: AttributeDef) -> str:
    """Why values that there are would not fit; empty where they do."""
    if was is None:
        return "" if now.optional else "a new attribute must be optional"
    if (was.type_name, was.cardinality) != (now.type_name, now.cardinality):
        return _TYPE
    if was.default != now.default:
        return "a default cannot change"
    return "an attribute cannot become mandatory" if was.optional and not now.optional else ""


def below_tag(name: str, system: TypeSystem) -> set[str]:
    """The tag and all below it."""
    found, todo = {name}, [name]
    while todo:
        above = todo.pop()
        fresh = [one.name for one in system.tags.values() if above in one.super_types and one.name not in found]
        found.update(fresh)
        todo += fresh
    return found
