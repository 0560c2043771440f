"""What becomes of links: stored x wanted -> links that come, go and change, and who is to be told of it. Pure.

Each wish is compared with the stored state, never with another wish, so that the order within a request does not matter;
where two wishes speak of one link, keeping it wins over taking it away.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from tidings.model.asset import ACTIVE, AssetName, Link
from tidings.model.changes import Neighbour
from tidings.model.errors import InvalidReference, MissingAttribute, Problem
from tidings.model.registry import LinkAttribute, TypeRegistry
from tidings.model.typedefs import RelationshipDef, RelationshipEnd
from tidings.write.wishes import End, WantedLinks, Wish

Spot = tuple[str, int, int]
"""One end of links: relationship, side (1 or 2), internal id of the asset that stands there."""


class LinkState(msgspec.Struct):
    """The stored links at every spot that a request can change, and who stands at their other ends.

    Whoever works out what becomes of links adds those of whom the request speaks: ``names`` as they will be, and
    ``was_active`` as they were. Requests that are decided beside each other share it, since none speaks of another's.
    """

    at: dict[Spot, list[Link]]
    names: dict[int, AssetName]
    was_active: dict[int, bool] = {}

    def __post_init__(self) -> None:
        self.was_active = {name.id: name.status == ACTIVE for name in self.names.values()}


class Told(msgspec.Struct, gc=False):
    """What one asset is to hear: neighbours that came and went, by its own link attribute."""

    linked: dict[str, list[Neighbour]] = {}
    unlinked: dict[str, list[Neighbour]] = {}


class LinkDelta(msgspec.Struct):
    """The outcome: links to write, and per asset what is said of it."""

    added: dict[tuple[str, int, int], Link]
    removed: dict[tuple[str, int, int], Link]
    changed: dict[tuple[str, int, int], Link]
    told: dict[int, Told]


def spots(wishes: Iterable[Wish]) -> dict[tuple[str, int], set[int]]:
    """Where stored links must be read: (relationship, side) -> ids of assets that were there before the request."""
    wanted: dict[tuple[str, int], set[int]] = defaultdict(set)
    fresh = {wish.name.id for wish in wishes if wish.stored is None}
    for wish in wishes:
        for links in wish.links:
            link = links.link
            if wish.stored is None and not link.far.single:
                continue
            relationship, side = link.relationship, link.side
            if wish.stored is not None:
                wanted[relationship.name, side].add(wish.name.id)
                if relationship.symmetric:
                    wanted[relationship.name, 3 - side].add(wish.name.id)
            if link.far.single:
                others = {end.name.id for end in (*(links.replace or ()), *links.append)} - fresh
                wanted[relationship.name, 3 - side] |= others
    return {spot: ids for spot, ids in wanted.items() if ids}


def link_delta(wishes: list[Wish], state: LinkState, types: TypeRegistry) -> LinkDelta:
    """Raises InvalidReference where an end that takes one link would have two, MissingAttribute where an owned asset
    would lose its owner."""
    return _Weaver(wishes, state, types).run()


class _Weaver:
    """Collects what all wishes want, settles contradictions, then works out who is told."""

    def __init__(self, wishes: list[Wish], state: LinkState, types: TypeRegistry) -> None:
        self.wishes = wishes
        self.state = state
        self.types = types
        self.names = state.names
        self.was_active = state.was_active
        self.kept: dict[tuple[str, int, int], Link] = {}
        self.delta = LinkDelta({}, {}, {}, {})
        self.speakers: dict[tuple[str, int, int], set[int]] = defaultdict(set)
        self.seers: dict[tuple[str, str, str], bool] = {}
        for wish in wishes:
            own = wish.name.id
            self.names[own] = wish.name
            self.was_active[own] = wish.stored is not None and wish.stored.status == ACTIVE

    def run(self) -> LinkDelta:
        for wish in self.wishes:
            for wanted in wish.links:
                self._collect(wish, wanted)
        delta = self.delta
        if delta.removed:
            for key in self.kept.keys() | delta.added.keys():
                delta.removed.pop(key, None)
        self._settle_single_ends()
        if delta.removed:
            self._refuse_orphans()
        for link in delta.removed.values():
            self._tell(link, came=False)
        for link in delta.added.values():
            self._tell(link, came=True)
        for key, link in delta.changed.items():
            self._tell(self.kept[key], came=False)
            self._tell(link, came=True)
        return delta

    def _collect(self, wish: Wish, wanted: WantedLinks) -> None:
        link = wanted.link
        existing = self._existing(wish, link) if wish.stored is not None else {}
        if wanted.replace is not None:
            if existing:
                keep = {end.name.id for end in wanted.replace}
                for other, one in existing.items():
                    if other not in keep and self.was_active[other]:
                        self._remove(one, wish)
            for end in wanted.replace:
                self._add(wish, link, end, existing.get(end.name.id))
        for end in wanted.remove:
            if end.name.id in existing:
                self._remove(existing[end.name.id], wish)
        for end in wanted.append:
            self._add(wish, link, end, existing.get(end.name.id))

    def _existing(self, wish: Wish, link: LinkAttribute) -> dict[int, Link]:
        own, name = wish.name.id, link.relationship.name
        found = self.state.at.get((name, link.side, own), [])
        if link.relationship.symmetric:
            found = [*found, *self.state.at.get((name, 3 - link.side, own), [])]
        return {one.end2 if one.end1 == own else one.end1: one for one in found}

    def _remove(self, link: Link, wish: Wish) -> None:
        self.delta.removed[link.key] = link
        self.speakers[link.key].add(wish.name.id)

    def _add(self, wish: Wish, link: LinkAttribute, end: End, existing: Link | None) -> None:
        own, other = wish.name.id, end.name.id
        if other not in self.names:
            self.names[other] = end.name
            self.was_active[other] = end.name.status == ACTIVE
        if existing is None:
            first, second = (own, other) if link.side == 1 else (other, own)
            if first > second and link.relationship.symmetric:
                first, second = second, first
            key = link.relationship.name, first, second
            if end.encoded is not None or key not in self.delta.added:
                self.delta.added[key] = Link(*key, end.encoded)
            if wish.name.status or end.name.status:  # between active assets both hear of it in any case
                self.speakers[key].add(own)
            return
        self.kept[existing.key] = existing
        if end.encoded is not None and end.encoded != (existing.encoded or b"{}"):
            self.delta.changed[existing.key] = Link(existing.relationship, existing.end1, existing.end2, end.encoded)
            self.speakers[existing.key].add(own)

    def _settle_single_ends(self) -> None:
        """Where an end takes one link only, a new one takes the place of the old."""
        holder: dict[Spot, Link] = {}
        stored = self.state.at
        for links, new in ((self.kept, False), (self.delta.added, True)):
            for link in links.values():
                for spot in self._single_spots(link):
                    other = holder.setdefault(spot, link)
                    if other is not link:
                        self._refuse_two(spot, other, link)
                    for old in stored.get(spot, ()) if new and stored else ():
                        self.delta.removed[old.key] = old
                        self.speakers[old.key].add(spot[2])

    def _single_spots(self, link: Link) -> list[Spot]:
        name = link.relationship
        relationship = self.types.relationship(name)
        found = [(name, 1, link.end1)] if relationship.end1.single else []
        return [*found, (name, 2, link.end2)] if relationship.end2.single else found

    def _refuse_two(self, spot: Spot, one: Link, other: Link) -> None:
        name, side, own = spot
        relationship = self.types.relationship(name)
        ends = [self.names[link.end2 if side == 1 else link.end1].qualified_name for link in (one, other)]
        asset, attribute = self.names[own], (relationship.end1 if side == 1 else relationship.end2).name
        message = (
            f"{asset.type_name} {asset.qualified_name}: {attribute} takes one reference, but the request gives it "
            f"{ends[0]} and {ends[1]}"
        )
        raise InvalidReference(message, [Problem(attribute, message)])

    def _refuse_orphans(self) -> None:
        """What is owned may come to another owner, but not be without one, whichever end the request speaks from."""
        received = {(link.relationship, link.end2) for link in self.delta.added.values()}
        for link in self.delta.removed.values():
            relationship = self.types.relationship(link.relationship)
            if relationship.owns and (link.relationship, link.end2) not in received:
                owned, end = self.names[link.end2], relationship.end2
                message = f"{owned.type_name} {owned.qualified_name}: {end.name} cannot be cleared, it is owned"
                raise MissingAttribute(message, [Problem(end.name, message)])

    def _tell(self, link: Link, came: bool) -> None:
        """The asset whose request spoke of the link hears of it; the other end does where it could see the link."""
        relationship = self.types.relationship(link.relationship)
        end1, end2 = link.end1, link.end2
        if came:
            visible = self.names[end1].status == ACTIVE and self.names[end2].status == ACTIVE
        else:
            visible = self.was_active[end1] and self.was_active[end2]
        speakers = () if visible else self.speakers[link.key]
        if visible or end1 in speakers:
            self._hear(end1, end2, relationship.end1, link, came)
        if (visible or end2 in speakers) and not (end1 == end2 and relationship.symmetric):
            self._hear(end2, end1, relationship.end2, link, came)

    def _hear(self, own: int, other: int, end: RelationshipEnd, link: Link, came: bool) -> None:
        """What an asset hears of a link, if its type shows it."""
        key = self.names[own].type_name, end.name, link.relationship
        shown = self.seers.get(key)
        if shown is None:
            shown = self.seers[key] = sees(self.types, key[0], end, self.types.relationship(link.relationship))
        if not shown:
            return
        told = self.delta.told.get(own)
        if told is None:
            told = self.delta.told[own] = Told({}, {})
        heard = told.linked if came else told.unlinked
        neighbour = Neighbour(self.names[other], link.encoded)
        if end.name in heard:
            heard[end.name].append(neighbour)
        else:
            heard[end.name] = [neighbour]


def sees(types: TypeRegistry, type_name: str, end: RelationshipEnd, relationship: RelationshipDef) -> bool:
    """Whether an asset of a type shows this relationship under its own end's name."""
    attribute = types.type(type_name).links.get(end.name)
    return attribute is not None and attribute.relationship.name == relationship.name
