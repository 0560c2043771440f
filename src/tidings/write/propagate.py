"""Who gains and who loses a tag because something changed elsewhere. Decides over a graph that it is given; no I/O of its own.

Tags flow along links, breadth first, over active assets. Two ways to the same end:

- ``refresh``: for a tag that was put on, taken off or changed, or whose source comes or goes, everybody whom it reaches
  is found, and compared with those who have it.
- ``adjust``: where links or assets between come or go, only what lies behind them is looked at. Those who might have
  lost their way to a tag are doubted; a doubted one is kept if somebody beyond doubt still hands it on.

An archived asset is frozen: it keeps the tags that it had, gains none, and hears what changed when it is restored.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Protocol

import msgspec

from tidings.model.registry import TypeRegistry
from tidings.model.tag import Attachment

Pair = tuple[int, int]
"""(asset, attachment)"""
Edge = tuple[int, str, int]
"""(from, relationship, to) in the direction of a flow."""
Flow = tuple[frozenset[str], frozenset[str]]
"""Relationships followed from end 1 to end 2, and from end 2 to end 1."""


class Ground(Protocol):
    """The graph as the request leaves it. See the store's contract; only active assets are stepped on."""

    def neighbours(self, ids: Collection[int], ahead: Collection[str], behind: Collection[str]) -> list[Edge]: ...

    def tagged(self, ids: Collection[int]) -> list[tuple[int, int]]: ...

    def attachments(self, ids: Collection[int]) -> list[Attachment]: ...

    def bearers(self, attachments: Collection[int]) -> list[tuple[int, int]]: ...


class Unsettled(msgspec.Struct):
    """What a request did that may move tags.

    ``refreshed``: attachments that are new, changed, gone, or whose source was archived, purged or restored.
    ``doubted``: (attachment, relationship, asset) where a link to that asset went, or the asset before it.
    ``come``: new links between active assets, from where a tag flows to where; ``returned``: assets that were restored.
    """

    refreshed: set[int] = set()
    doubted: list[tuple[int, str, int]] = []
    come: list[Edge] = []
    returned: set[int] = set()

    def __bool__(self) -> bool:
        return bool(self.refreshed or self.doubted or self.come or self.returned)


class Spread(msgspec.Struct):
    """The outcome, in the order in which tags arrived; ``deferred`` are attachments left to a task, since it is too much."""

    gained: dict[Pair, None] = {}
    lost: dict[Pair, None] = {}
    deferred: set[int] = set()
    known: dict[int, Attachment] = {}


def flows_of(types: TypeRegistry) -> dict[tuple[bool, bool], Flow]:
    """The three ways in which a tag may be told to flow: by (restrict_lineage, restrict_hierarchy)."""
    flows: dict[tuple[bool, bool], Flow] | None = types.memo.get("flows")
    if flows is None:
        flows = types.memo["flows"] = {
            (no_lineage, no_hierarchy): types.flow(hierarchy=not no_hierarchy, lineage=not no_lineage)
            for no_lineage, no_hierarchy in ((False, False), (True, False), (False, True))
        }
    return flows


def mode_of(one: Attachment) -> tuple[bool, bool]:
    """How it flows: a key of ``flows_of``."""
    return one.restrict_lineage, one.restrict_hierarchy


class TooMuch(Exception):
    """More assets than one transaction takes."""


def propagate(
    unsettled: Unsettled, flows: Mapping[tuple[bool, bool], Flow], ground: Ground, at_once: int | None
) -> Spread:
    """Settle it. Where more than ``at_once`` (asset, tag) would change, nothing does, and all concerned are deferred."""
    return _Settling(unsettled, flows, ground, at_once).run()


class _Settling:
    def __init__(
        self, unsettled: Unsettled, flows: Mapping[tuple[bool, bool], Flow], ground: Ground, at_once: int | None
    ) -> None:
        self.unsettled = unsettled
        self.flows = flows
        self.ground = ground
        self.at_once = at_once
        self.known: dict[int, Attachment] = {}
        self.spread = Spread({}, {}, set(), self.known)
        self.edges: list[Edge] = []
        """What can be stepped over now and could not before."""
        self.held: Mapping[int, set[int]] = {}
        """Attachments of everybody from whom such an edge starts, and of who was restored."""

    def run(self) -> Spread:
        self._look_around()
        try:
            for mode, flow in self.flows.items():
                self._refresh([one for one in self._refreshed() if mode_of(one) == mode], flow)
            self._adjust()
        except TooMuch:
            self.spread = Spread({}, {}, set(self.known), self.known)
        return self.spread

    def _look_around(self) -> None:
        """Everything that is concerned, before anything is decided: should it be too much, all of it is deferred."""
        work = self.unsettled
        ahead, behind = self.flows[False, False]
        self.edges = [*work.come, *self.ground.neighbours(work.returned, ahead, behind)]
        into = self.ground.neighbours(work.returned, behind, ahead)
        self.edges += [(other, name, asset) for asset, name, other in into]
        self.held = self._held({start for start, _, _ in self.edges} | work.returned)
        self._know(work.refreshed)
        self._know({own for own, _, _ in work.doubted} | {own for owns in self.held.values() for own in owns})

    def _know(self, attachments: Iterable[int]) -> None:
        missing = set(attachments) - self.known.keys()
        self.known.update((one.id, one) for one in self.ground.attachments(missing))

    def _refreshed(self) -> list[Attachment]:
        return [self.known[own] for own in sorted(self.unsettled.refreshed) if own in self.known]

    def _note(self, into: dict[Pair, None], asset: int, attachment: int) -> None:
        into[asset, attachment] = None
        if self.at_once is not None and len(self.spread.gained) + len(self.spread.lost) > self.at_once:
            raise TooMuch

    # --- refresh ----------------------------------------------------------------------------------------------------

    def _refresh(self, attachments: list[Attachment], flow: Flow) -> None:
        """Whom each of these reaches, against who has it. One that is frozen stays with whoever has it."""
        moving = [one for one in attachments if not one.frozen]
        if not moving:
            return
        have: dict[int, dict[int, None]] = {one.id: {} for one in moving}
        for attachment, asset in self.ground.bearers(have.keys()):
            have[attachment][asset] = None
        most = None if self.at_once is None else self.at_once + sum(map(len, have.values())) + len(moving)
        reached = self._reach({one.id: {one.source} for one in moving if one.spreads}, flow, most)
        for one in moving:
            wanted = reached.get(one.id, {})
            for asset in have[one.id]:
                if asset not in wanted and asset != one.source:
                    self._note(self.spread.lost, asset, one.id)
            for asset in wanted:
                if asset not in have[one.id] and asset != one.source:
                    self._note(self.spread.gained, asset, one.id)

    def _reach(self, start: dict[int, set[int]], flow: Flow, most: int | None) -> dict[int, dict[int, None]]:
        """Everybody whom each attachment reaches from its start, in the order of arrival; TooMuch beyond ``most``."""
        reached: dict[int, dict[int, None]] = {own: dict.fromkeys(assets) for own, assets in start.items()}
        frontier = dict(start)
        while frontier:
            onward = self._onward(frontier, flow)
            frontier = {}
            for own, assets in onward.items():
                fresh = {asset: None for asset in assets if asset not in reached[own]}
                if fresh:
                    reached[own].update(fresh)
                    frontier[own] = set(fresh)
            if most is not None and sum(map(len, reached.values())) > most:
                raise TooMuch
        return reached

    def _onward(self, frontier: Mapping[int, set[int]], flow: Flow) -> dict[int, dict[int, None]]:
        """One step for all attachments together: where each comes to from where it is."""
        steps: dict[int, list[int]] = defaultdict(list)
        for start, _, end in self.ground.neighbours(set().union(*frontier.values()), *flow):
            steps[start].append(end)
        return {
            own: {end: None for asset in assets if asset in steps for end in steps[asset]}
            for own, assets in frontier.items()
        }

    # --- adjust -----------------------------------------------------------------------------------------------------

    def _adjust(self) -> None:
        """What lies behind links and assets that came or went, for every attachment that is not refreshed as a whole."""
        work = self.unsettled
        if not (work.doubted or self.edges or work.returned):
            return
        for mode, flow in self.flows.items():
            mine = {own for own, one in self.known.items() if mode_of(one) == mode and own not in work.refreshed}
            lost = self._losses(mine, flow)
            gained = self._gains(mine, flow, lost)
            for own, assets in lost.items():
                for asset in assets - gained.get(own, {}).keys():
                    self._note(self.spread.lost, asset, own)
            for own, found in gained.items():
                for asset in found:
                    if asset not in lost.get(own, ()):
                        self._note(self.spread.gained, asset, own)

    def _held(self, assets: Collection[int]) -> dict[int, set[int]]:
        """Attachments by asset."""
        held: dict[int, set[int]] = defaultdict(set)
        for asset, own in self.ground.tagged(assets):
            held[asset].add(own)
        return held

    def _losses(self, mine: set[int], flow: Flow) -> dict[int, set[int]]:
        followed = flow[0] | flow[1]
        doubted: dict[int, set[int]] = defaultdict(set)
        for own, relationship, asset in self.unsettled.doubted:
            if own in mine and relationship in followed:
                doubted[own].add(asset)
        for asset in self.unsettled.returned:
            for own in self.held.get(asset, set()) & mine:
                doubted[own].add(asset)
        doubted = {
            own: rest
            for own, assets in doubted.items()
            if not self.known[own].frozen and (rest := assets - {self.known[own].source})
        }
        self._doubt_all_behind(doubted, flow)
        return self._not_rescued(doubted, flow)

    def _doubt_all_behind(self, doubted: dict[int, set[int]], flow: Flow) -> None:
        """Whoever has a tag from somebody in doubt is in doubt; somebody who has it not is none of this."""
        frontier = self._bearing(doubted)
        for own in list(doubted):
            doubted[own] = set(frontier.get(own, ()))
        while frontier:
            onward = {
                own: {end for end in ends if end not in doubted[own] and end != self.known[own].source}
                for own, ends in self._onward(frontier, flow).items()
            }
            frontier = self._bearing(onward)
            for own, assets in frontier.items():
                doubted[own] |= assets
                self._bound(doubted)

    def _bound(self, sets: Mapping[int, Collection[int]]) -> None:
        """Doubt may turn out to be unfounded, so it may be ten times as much as what changes in the end."""
        if self.at_once is not None and sum(map(len, sets.values())) > 10 * self.at_once:
            raise TooMuch

    def _bearing(self, wanted: Mapping[int, Collection[int]]) -> dict[int, set[int]]:
        """Of these, the active assets that do bear the attachment."""
        assets = set().union(*wanted.values()) if wanted else set()
        held = self._held(assets)
        return {
            own: found for own, some in wanted.items() if (found := {one for one in some if own in held.get(one, ())})
        }

    def _not_rescued(self, doubted: dict[int, set[int]], flow: Flow) -> dict[int, set[int]]:
        """The doubted, without those to whom somebody beyond doubt hands the tag on, and those behind them."""
        if not any(doubted.values()):
            return {}
        before: dict[int, list[int]] = defaultdict(list)
        everybody = set().union(*doubted.values())
        for asset, _, other in self.ground.neighbours(everybody, flow[1], flow[0]):
            before[asset].append(other)
        held = self._held({other for others in before.values() for other in others})
        rescued: dict[int, set[int]] = {}
        for own, assets in doubted.items():
            if self.known[own].spreads:
                rescued[own] = {
                    asset
                    for asset in assets
                    if any(own in held.get(other, ()) and other not in assets for other in before.get(asset, ()))
                }
        lost = {own: assets - rescued.get(own, set()) for own, assets in doubted.items()}
        frontier = {own: assets for own, assets in rescued.items() if assets}
        while frontier:
            onward = self._onward(frontier, flow)
            frontier = {own: found for own, ends in onward.items() if (found := lost[own] & ends.keys())}
            for own, assets in frontier.items():
                lost[own] -= assets
        return {own: assets for own, assets in lost.items() if assets}

    def _gains(self, mine: set[int], flow: Flow, lost: Mapping[int, set[int]]) -> dict[int, dict[int, None]]:
        """What comes over new links, and on from there, as far as nobody has it yet."""
        usable = {own for own in mine if self.known[own].spreads}
        arrivals: dict[int, dict[int, None]] = defaultdict(dict)
        for start, name, end in self.edges:
            if name in flow[0] or name in flow[1]:
                for own in self.held.get(start, set()) & usable:
                    if start not in lost.get(own, ()) and end != self.known[own].source:
                        arrivals[own][end] = None
        return self._flood(arrivals, flow, lost)

    def _flood(
        self, arrivals: Mapping[int, dict[int, None]], flow: Flow, lost: Mapping[int, set[int]]
    ) -> dict[int, dict[int, None]]:
        gained: dict[int, dict[int, None]] = defaultdict(dict)
        frontier = dict(arrivals)
        while frontier:
            has = self._bearing(frontier)
            fresh = {}
            for own, ends in frontier.items():
                skip = has.get(own, set()) - lost.get(own, set())
                new = {
                    end: None
                    for end in ends
                    if end not in skip and end not in gained[own] and end != self.known[own].source
                }
                if new:
                    gained[own].update(new)
                    fresh[own] = set(new)
                    self._bound(gained)
            frontier = self._onward(fresh, flow) if fresh else {}
        return {own: found for own, found in gained.items() if found}
