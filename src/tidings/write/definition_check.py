"""Type definitions against each other and against what is in force: what would not hold together is told. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property

from tidings.model.definitions import Body, attribute_of, element_types, listed_in
from tidings.model.errors import InvalidDefinition, Problem, TypeExists
from tidings.model.typedefs import AttributeDef, TypeSystem
from tidings.model.typemodel import one_sided_name
from tidings.model.values import PRIMITIVES
from tidings.write.definition_form import ATTRIBUTE_NAME, RENAMED, Given
from tidings.write.faults import MOST_PROBLEMS, Faults

Touched = list[tuple[Given, Body]]
"""The definitions of a request, each with its whole form."""


def refuse_taken(touched: Touched, system: TypeSystem) -> None:
    """Raises TypeExists where the name of a new definition is that of another type, of whatever category."""
    taken = _categories(system)
    problems: list[tuple[str, Problem]] = []
    for given, body in touched:
        name = body["name"]
        if name in taken:
            message = f"Given type {name} already exists; its category is {taken[name]}"
            problems.append((name, Problem(f"{given.location}.name", message)))
        taken[name] = given.category
    if problems:
        name, first = problems[0]
        hint = first.message.partition("already exists")[2]
        raise TypeExists(name, hint, [problem for _, problem in problems])


def _categories(system: TypeSystem) -> dict[str, str]:
    """Every name that is taken, with what it stands for."""
    return {
        **dict.fromkeys(PRIMITIVES, "PRIMITIVE"),
        **dict.fromkeys(system.relationships, "RELATIONSHIP"),
        **dict.fromkeys(system.entities, "ENTITY"),
        **dict.fromkeys(system.enums, "ENUM"),
        **dict.fromkeys(system.structs, "STRUCT"),
        **dict.fromkeys(system.tags, "CLASSIFICATION"),
        **dict.fromkeys(system.custom_sets, "BUSINESS_METADATA"),
    }


def refuse_same_display_names(touched: Touched, system: TypeSystem) -> None:
    """Raises TypeExists where two tags, or two sets of custom metadata, would be called the same.

    ``system`` has the definitions of the request in it.
    """
    for given, body in touched:
        if given.category not in RENAMED or body.get("skipDisplayNameUniquenessCheck"):
            continue
        known = system.tags if given.category == "CLASSIFICATION" else system.custom_sets
        shown = body["displayName"]
        others = [one.name for one in known.values() if one.display_name == shown and one.name != body["name"]]
        if others:
            hint = f"; {given.category} {others[0]} has this displayName"
            message = f"Given type {shown} already exists{hint}"
            raise TypeExists(shown, hint, [Problem(f"{given.location}.displayName", message)])


def check_definitions(touched: Touched, system: TypeSystem, before: TypeSystem, faults: Faults) -> None:
    """What is wrong with these definitions in a system that has them, and that was ``before``."""
    kin = _Kin(system)
    for given, body in touched:
        checker = _Checker(given, body, kin, before, faults)
        if given.category == "ENTITY":
            checker.entity()
        elif given.category == "RELATIONSHIP":
            checker.relationship()
        elif given.category == "CLASSIFICATION":
            checker.tag()
        checker.attributes()
        if faults.count >= MOST_PROBLEMS:
            return  # more would not be told, and what a name is near to takes its time


class _Kin:
    """Types of assets whose attributes meet in some type; worked out once for each."""

    def __init__(self, system: TypeSystem) -> None:
        self.system = system
        self._known: dict[str, list[str]] = {}

    @cached_property
    def _above(self) -> Mapping[str, frozenset[str]]:
        """Type -> itself and all that it is below."""
        direct = {name: one.super_types for name, one in self.system.entities.items()}
        return {name: frozenset(_reached(name, direct)) & direct.keys() for name in direct}

    def of(self, type_name: str) -> list[str]:
        """All above a type, all below it, and all above those."""
        known = self._known.get(type_name)
        if known is None:
            lines = [self._above[type_name], *(line for line in self._above.values() if type_name in line)]
            known = self._known[type_name] = sorted(frozenset().union(*lines) - {type_name})
        return known


class _Checker:
    """One definition."""

    def __init__(self, given: Given, body: Body, kin: _Kin, before: TypeSystem, faults: Faults) -> None:
        self.given = given
        self.body = body
        self.kin = kin
        self.system = kin.system
        self.before = before
        self.faults = faults

    def fault(self, path: str, what: str) -> None:
        self.faults.add(InvalidDefinition, f"{self.given.location}.{path}", f"{self.given.label}: {what}")

    def attributes(self) -> None:
        for number, one in enumerate(self.body.get("attributeDefs", ())):
            label = f"attribute {one.get('displayName') or one['name']}"
            self._check_types(f"attributeDefs[{number}].typeName", label, one["typeName"])
            if self.given.category == "BUSINESS_METADATA":
                self._check_custom(number, label, one)
            else:
                self._check_default(number, label, one)

    def _check_types(self, path: str, label: str, type_name: str) -> None:
        for name in element_types(type_name):
            if name in PRIMITIVES or name in self.system.enums:
                continue
            if name in self.system.structs and self.given.category != "BUSINESS_METADATA":
                continue
            if (
                name in self.system.entities
                and self.given.category == "ENTITY"
                and type_name in (name, f"array<{name}>")
            ):
                continue
            known = [*PRIMITIVES, *self.system.enums, *self.system.structs]
            self.fault(path, f"{label} cannot have the type {type_name}: {_unknown(name, known, self.system)}")
            return

    def _check_custom(self, number: int, label: str, one: Body) -> None:
        for name in listed_in(one["options"].get("applicableEntityTypes")):
            if name not in self.system.entities:
                path = f"attributeDefs[{number}].options.applicableEntityTypes"
                self.fault(path, f"{label} is for a type {name}, {_no(name, self.system.entities)}")

    def _check_default(self, number: int, label: str, one: Body) -> None:
        default, type_name = one.get("defaultValue"), one["typeName"]
        enum = self.system.enums.get(type_name)
        wrong = not _is_default(default, type_name) if default and type_name in PRIMITIVES else False
        if wrong or (default and enum and default not in enum.values):
            path = f"attributeDefs[{number}].defaultValue"
            self.fault(path, f"{label} of type {type_name} cannot have the default {default!r}")

    def tag(self) -> None:
        self._check_super_types({name: one.super_types for name, one in self.system.tags.items()}, "tag")
        for number, name in enumerate(self.body["entityTypes"]):
            if name not in self.system.entities:
                self.fault(f"entityTypes[{number}]", f"there is no type {name}{_near(name, self.system.entities)}")

    def entity(self) -> None:
        self._check_super_types({name: one.super_types for name, one in self.system.entities.items()}, "type")
        for number, one in enumerate(self.body["attributeDefs"]):
            self._check_clash(self.body["name"], one["name"], attribute_of(one), f"attributeDefs[{number}].name")

    def _check_super_types(self, above: Mapping[str, tuple[str, ...]], what: str) -> None:
        names: list[str] = self.body.get("superTypes", [])
        for number, name in enumerate(names):
            path = f"superTypes[{number}]"
            if name not in above:
                self.fault(path, f"there is no {what} {name}{_near(name, above)} to be below")
            elif names.index(name) != number:
                self.fault(path, f"{name} is given twice")
            elif self.body["name"] in _reached(name, above):
                self.fault(path, f"it cannot be below {name}, which is below it")

    def _check_clash(self, type_name: str, name: str, own: AttributeDef | None, path: str) -> None:
        """One name means one thing in a type and all types below it; ``own`` is None for the end of a relationship."""
        entities = self.system.entities
        link, was = entities[type_name].relationships.get(name), self._link_before(type_name, name)
        if was not in (None, link, one_sided_name(type_name, name)):
            self.fault(path, f"{name} is a link of {type_name} already, of the relationship {was}")
            return
        if own is not None and link is not None:
            own = None  # the attribute of which a relationship is the other half
        if own is None and name in entities[type_name].attributes:
            self.fault(path, f"{type_name} has an attribute {name} already")
            return
        for owner in self.kin.of(type_name):
            known = entities[owner].attributes.get(name)
            if name in entities[owner].relationships or (known is not None and not (own and _alike(known, own))):
                what = "a link" if known is None else f"an attribute of type {known.type_name}"
                self.fault(path, f"{name} is {what} of {owner} already")
                return

    def _link_before(self, type_name: str, name: str) -> str | None:
        known = self.before.entities.get(type_name)
        return known.relationships.get(name) if known else None

    def relationship(self) -> None:
        ends = {member: self.body[member] for member in ("endDef1", "endDef2")}
        for member, end in ends.items():
            self._check_end(member, end)
        holders = [member for member, end in ends.items() if end["isContainer"]]
        category = self.body["relationshipCategory"]
        if category == "ASSOCIATION" and holders:
            self.fault(
                f"{holders[0]}.isContainer", "an ASSOCIATION has no container; make it an AGGREGATION or COMPOSITION"
            )
        elif category != "ASSOCIATION" and len(holders) != 1:
            self.fault("endDef1.isContainer", f"{category} has one end that is the container, not {len(holders)}")
        elif category == "COMPOSITION" and ends["endDef2"]["cardinality"] != "SINGLE":
            self.fault("endDef2.cardinality", "the part of a COMPOSITION has one whole: its cardinality must be SINGLE")

    def _check_end(self, member: str, end: Body) -> None:
        if end["type"] not in self.system.entities:
            self.fault(f"{member}.type", f"there is no type {end['type']}{_near(end['type'], self.system.entities)}")
            return
        if not ATTRIBUTE_NAME.fullmatch(end["name"]):
            what = "it begins with a letter and has letters, digits, blanks and _ . - only"
            self.fault(f"{member}.name", f"the end's name is the attribute under which the other end is seen: {what}")
            return
        if end["cardinality"] == "LIST":
            self.fault(f"{member}.cardinality", "links have no order: cardinality must be SINGLE or SET")
        other = self.system.entities[end["type"]].relationships.get(end["name"])
        if other != self.body["name"]:
            self.fault(f"{member}.name", f"{end['name']} of {end['type']} is the end of {other} already")
        self._check_clash(end["type"], end["name"], None, f"{member}.name")


def _is_default(text: str, type_name: str) -> bool:
    if type_name == "boolean":
        return text.lower() in ("true", "false")
    try:
        PRIMITIVES[type_name].normalise(text if type_name == "string" else float(text))
    except ValueError:
        return False
    return True


def _alike(one: AttributeDef, other: AttributeDef) -> bool:
    return (one.type_name, one.cardinality == "SET") == (other.type_name, other.cardinality == "SET")


def _reached(name: str, above: Mapping[str, Iterable[str]]) -> set[str]:
    """The name and all that it is below."""
    found, todo = {name}, [name]
    while todo:
        fresh = [one for one in above.get(todo.pop(), ()) if one not in found]
        found.update(fresh)
        todo += fresh
    return found


def _unknown(name: str, known: Collection[str], system: TypeSystem) -> str:
    if name in system.entities:
        return f"assets stand in {name} or array<{name}> attributes of entityDefs only; a relationshipDef makes links"
    if name in system.structs:
        return "custom metadata takes no structs"
    return f"there is no {name}{_near(name, known)}"


def _no(name: str, known: Collection[str]) -> str:
    return f"which there is not{_near(name, known)}"


def _near(name: str, known: Collection[str]) -> str:
    found = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean {found[0]}?)" if found else ""


class Mentions:
    """Which attributes are made of which types, worked out once for a request."""

    def __init__(self, system: TypeSystem) -> None:
        self._found: dict[str, list[tuple[str, str]]] = {}
        for entity in system.entities.values():
            self._take(entity.name, entity.attributes)
        for struct in system.structs.values():
            self._take(struct.name, struct.attributes)
        for tag in system.tags.values():
            self._take(tag.name, tag.attributes, tag.display_name)
        for relationship in system.relationships.values():
            for name, type_name in relationship.attributes.items():
                self._mention(type_name, relationship.name, f"{relationship.name}.{name}")
        for custom in system.custom_sets.values():
            for one in custom.attributes.values():
                self._mention(one.definition.type_name, custom.name, f"{custom.display_name}.{one.display_name}")

    def _take(self, holder: str, attributes: Mapping[str, AttributeDef], shown: str = "") -> None:
        for name, one in attributes.items():
            self._mention(one.type_name, holder, f"{shown or holder}.{name}")

    def _mention(self, type_name: str, holder: str, label: str) -> None:
        for part in set(element_types(type_name)) - PRIMITIVES.keys():
            self._found.setdefault(part, []).append((holder, label))

    def of(self, type_name: str, without: Collection[str] = ()) -> list[str]:
        """Attributes, each with its type, that are made of a type; not those of the definitions ``without``."""
        return [label for holder, label in self._found.get(type_name, ()) if holder not in without]
