"""What a catalog should do, told a second time in plain dicts: the model that generated requests are compared with."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

Key = tuple[str, str, str]
"""A link: relationship, and the names of both ends."""
Own = dict[str, Any]

# (type, attribute) -> (relationship, side on which the asset stands, type at the other end); side 0: either.
LINKS = {
    ("Table", "columns"): ("table_columns", 1, "Column"),
    ("Column", "table"): ("table_columns", 2, "Table"),
    ("Table", "meanings"): ("AtlasGlossarySemanticAssignment", 2, "AtlasGlossaryTerm"),
    ("AtlasGlossaryTerm", "assignedEntities"): ("AtlasGlossarySemanticAssignment", 1, "Table"),
    ("AtlasGlossaryTerm", "synonyms"): ("AtlasGlossarySynonym", 0, "AtlasGlossaryTerm"),
    ("AtlasGlossaryTerm", "anchor"): ("AtlasGlossaryTermAnchor", 2, "AtlasGlossary"),
    ("AtlasGlossary", "terms"): ("AtlasGlossaryTermAnchor", 1, "AtlasGlossaryTerm"),
    ("Process", "inputs"): ("catalog_process_inputs", 1, "Table"),
    ("Table", "inputToProcesses"): ("catalog_process_inputs", 2, "Process"),
}
ANCHOR = "AtlasGlossaryTermAnchor"
SINGLE_AT_END2 = ("table_columns", ANCHOR)
NAMES = {
    "Table": ("b1", "b2", "b3"),
    "Column": ("c1", "c2", "c3"),
    "AtlasGlossary": ("g1", "g2"),
    "AtlasGlossaryTerm": ("t1", "t2", "t3"),
    "Process": ("p1",),
}
TYPE_OF = {name: type_name for type_name, names in NAMES.items() for name in names}


class Refused(Exception):
    """The request must fail and leave nothing."""


@dataclass
class Wants:
    """What a request says of one asset: ``links`` by attribute and manner (replace, append, remove)."""

    name: str
    attributes: dict[str, Any]
    links: dict[tuple[str, str], list[tuple[str, Own | None]]]
    active: bool = False


@dataclass
class Thing:
    attributes: dict[str, Any] = field(default_factory=dict)
    active: bool = True
    version: int = 0


@dataclass
class _Delta:
    removed: set[Key] = field(default_factory=set)
    kept: set[Key] = field(default_factory=set)
    added: dict[Key, Own | None] = field(default_factory=dict)
    changed: dict[Key, Own] = field(default_factory=dict)
    spoke: dict[Key, set[str]] = field(default_factory=dict)


def canonical(name: str, value: Any) -> Any:
    """One form for equal values; None for unset."""
    if name == "ownerUsers":
        return frozenset(value) if value else None
    if name == "rowCount":
        return int(value) if value else None
    return value


def link_key(own: str, attribute: str, other: str) -> Key:
    relationship, side, _ = LINKS[TYPE_OF[own], attribute]
    if side == 1 or (side == 0 and own < other):
        return relationship, own, other
    return relationship, other, own


def other_end(key: Key, own: str) -> str:
    return key[2] if key[1] == own else key[1]


class Model:
    """Assets and links by name. Each method tells the expected events: name -> operation."""

    def __init__(self) -> None:
        self.things: dict[str, Thing] = {}
        self.links: dict[Key, Own] = {}
        self.tells_neighbours = False

    def copy(self) -> Model:
        return copy.deepcopy(self)

    def save(self, wants: list[Wants]) -> dict[str, str]:
        was_active = {name: thing.active for name, thing in self.things.items()}
        for want in wants:
            for other in (other for ends in want.links.values() for other, _ in ends):
                if other not in self.things and all(other != one.name for one in wants):
                    raise Refused
        events: dict[str, str] = {}
        restored = []
        for want in wants:
            if want.name not in self.things:
                self.things[want.name] = Thing()
                events[want.name] = "CREATE"
            elif want.active and not was_active[want.name]:
                self.things[want.name].active = True
                restored.append(want.name)
                events[want.name] = "UPDATE"
            if self._set(want):
                events.setdefault(want.name, "UPDATE")
        owned = [(key[1], key[2]) for key in self.links if key[0] == ANCHOR]
        sent = {want.name for want in wants}
        for glossary, term in owned:
            if glossary in restored and term in sent and not self.things[term].active:
                self.things[term].active = True
                events[term] = "UPDATE"
                restored.append(term)
        for name in self._relink(wants, was_active):
            events.setdefault(name, "UPDATE")
        for glossary, term in owned:
            if glossary in restored and not self.things[term].active and term not in events:
                self.things[term].active = True
                events[term] = "UPDATE"
                restored.append(term)
        return self._counted(self._reunited(events, restored))

    def _reunited(self, events: dict[str, str], restored: Collection[str]) -> dict[str, str]:
        """In the server's profile live neighbours hear who is back."""
        for key in self.links if self.tells_neighbours else ():
            for own, other in (key[1:], key[:0:-1]):
                if other in restored and self.things[own].active:
                    events.setdefault(own, "UPDATE")
        return events

    def _set(self, want: Wants) -> bool:
        attributes = self.things[want.name].attributes
        changed = False
        for key, value in want.attributes.items():
            now = canonical(key, value)
            if attributes.get(key) != now:
                changed = True
                attributes[key] = now
        return changed

    def _relink(self, wants: list[Wants], was_active: dict[str, bool]) -> Iterator[str]:
        """Change the links as all wants together have it, and tell who hears of it."""
        delta = _Delta()
        for want in wants:
            for (attribute, manner), ends in want.links.items():
                self._collect(delta, want.name, attribute, manner, ends, was_active)
        delta.removed -= delta.kept | delta.added.keys()
        self._settle(delta)
        is_active = {name: thing.active for name, thing in self.things.items()}
        came, went = delta.added.keys() | delta.changed.keys(), delta.removed | delta.changed.keys()
        for keys, visible in ((came, is_active), (went, was_active)):
            for key in keys:
                both = visible.get(key[1], False) and visible.get(key[2], False)
                yield from (end for end in key[1:] if both or end in delta.spoke.get(key, ()))
        # A term that comes to another glossary has another qualifiedName, whoever else hears of the link.
        yield from (key[2] for key in delta.removed if key[0] == ANCHOR)
        for key in delta.removed:
            del self.links[key]
        self.links |= {key: own or {} for key, own in (delta.added | delta.changed).items()}

    def _collect(
        self, delta: _Delta, own: str, attribute: str, manner: str, ends: list[tuple[str, Own | None]],
        was_active: dict[str, bool],
    ) -> None:  # fmt: skip
        relationship = LINKS[TYPE_OF[own], attribute][0]
        if manner != "append":
            named = {other for other, _ in ends}
            for key in self.links:
                mine = key[0] == relationship and own in key[1:]
                other = other_end(key, own)
                if mine and (other in named if manner == "remove" else other not in named and was_active[other]):
                    delta.removed.add(key)
                    delta.spoke.setdefault(key, set()).add(own)
        if manner != "remove":
            for other, given in ends:
                self._add(delta, own, link_key(own, attribute, other), given)

    def _add(self, delta: _Delta, own: str, key: Key, given: Own | None) -> None:
        if key in self.links:
            delta.kept.add(key)
            if given is None or given == self.links[key]:
                return
            delta.changed[key] = given
        elif given is not None or key not in delta.added:
            delta.added[key] = given
        delta.spoke.setdefault(key, set()).add(own)

    def _settle(self, delta: _Delta) -> None:
        """An end that takes one link has one, and a term has its glossary."""
        holders: dict[tuple[str, str], Key] = {}
        for key in (*delta.kept, *delta.added):
            if key[0] in SINGLE_AT_END2 and holders.setdefault((key[0], key[2]), key) != key:
                raise Refused
        for key in delta.added:
            for old in self.links:
                if old != key and key[0] in SINGLE_AT_END2 and (old[0], old[2]) == (key[0], key[2]):
                    delta.removed.add(old)
                    delta.spoke.setdefault(old, set()).add(key[2])
        anchored = {key[2] for key in self.links.keys() - delta.removed | delta.added.keys() if key[0] == ANCHOR}
        if any(TYPE_OF[name] == "AtlasGlossaryTerm" and name not in anchored for name in self.things):
            raise Refused

    def delete(self, names: list[str], purge: bool) -> dict[str, str]:
        gone = {name for name in self._with_owned(names) if purge or self.things[name].active}
        events = dict.fromkeys(gone, "DELETE")
        if self.tells_neighbours:
            for key in self.links:
                for own, other in (key[1:], key[:0:-1]):
                    if own not in gone and other in gone and self.things[own].active and self.things[other].active:
                        events[own] = "UPDATE"
        told = self._counted(events)
        for name in gone:
            self.things[name].active = False
        if purge:
            self.things = {name: thing for name, thing in self.things.items() if name not in gone}
            self.links = {key: own for key, own in self.links.items() if not gone & set(key[1:])}
        return told

    def restore(self, names: list[str]) -> dict[str, str]:
        self._check(names)
        archived = [name for name in names if not self.things[name].active]
        back = [name for name in self._with_owned(archived) if not self.things[name].active]
        for name in back:
            self.things[name].active = True
        return self._counted(self._reunited(dict.fromkeys(back, "UPDATE"), back))

    def _check(self, names: list[str]) -> None:
        if any(name not in self.things for name in names):
            raise Refused

    def _with_owned(self, names: list[str]) -> set[str]:
        self._check(names)
        return {*names, *(key[2] for key in self.links if key[0] == ANCHOR and key[1] in names)}

    def _counted(self, events: dict[str, str]) -> dict[str, str]:
        for name in events:
            self.things[name].version += 1
        return events
