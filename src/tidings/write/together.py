"""Saves that wait at the same time and have nothing to do with each other: one read and one write for all of them.

Each is decided by itself and has its own events, as if they had come one after the other; only the statements are shared,
which is most of what a small save costs. Whatever could let one see what another does runs alone: assets that two of them
name or touch, tags, names that the catalog makes or watches over (also of assets that are sent as a super-type of theirs),
owners that events show, assets that are restored.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import TypeVar

import msgspec

from tidings.model.changes import Changes
from tidings.model.errors import TidingsError
from tidings.model.registry import TypeRegistry
from tidings.store.base import Transaction
from tidings.write.around import link_state, related
from tidings.write.check import Draft
from tidings.write.diff import Labels, Stamp, diff
from tidings.write.links import LinkDelta, link_delta
from tidings.write.made_names import is_made
from tidings.write.record import Occasion, record
from tidings.write.resolve import mentioned, read_pool, resolve
from tidings.write.wishes import Resolution

MOST_ASSETS = 50
"""Assets of a save that goes with others: in larger ones the statements are a small part."""
One = TypeVar("One")
Other = TypeVar("Other")


class Request(msgspec.Struct, frozen=True):
    """A save that waits: what was checked of it, and what its events share."""

    drafts: list[Draft]
    occasion: Occasion


class Done(msgspec.Struct, frozen=True):
    """What became of one. ``first_position`` is None where nothing changed."""

    request: Request
    changes: Changes
    assigned: dict[str, str]
    first_position: int | None


class _Apart(Exception):
    """A request cannot go with those before it."""


def save_together(requests: Iterable[Request], types: TypeRegistry, tx: Transaction) -> list[Done]:
    """Save the first of ``requests``, as many as can go together; none of them where fewer than two can.

    The first that cannot, or that is refused, ends the row: what it does or raises is found when it runs by itself.
    """
    some, names, guids = _strangers(requests)
    if len(some) < 2:
        return []
    # Step by step for all, not request by request: what a step needs stays in the processor's cache.
    pool = read_pool(names, guids, tx)
    bearers = _bearers(pool.by_id, tx)
    found = _as_far_as(some, lambda one: _resolved(resolve(one.drafts, None, types, tx, pool), bearers))
    state = link_state([wish for one in found for wish in one.wishes], tx)
    woven = _as_far_as(found, lambda one: (one, link_delta(one.wishes, state, types)))
    woven = woven[: _untouched(woven, pool.by_id, tx)]
    occasions = [one.occasion for one in some[: len(woven)]]
    decided = _as_far_as(
        zip(woven, occasions, strict=True),
        lambda one: _decided(*one[0], Stamp(one[1].actor, tx.now), types, tx),
    )
    if len(decided) < 2:
        return []
    positions = _write(decided, occasions, types, tx)
    return [
        Done(request, changes, one.assigned, first)
        for request, changes, one, first in zip(some, decided, found, positions, strict=False)
    ]


def _as_far_as(some: Iterable[One], decide: Callable[[One], Other]) -> list[Other]:
    """What is decided of each, up to the first that is refused."""
    decided: list[Other] = []
    try:
        for one in some:
            decided.append(decide(one))
    except (TidingsError, _Apart):
        pass
    return decided


def _strangers(requests: Iterable[Request]) -> tuple[list[Request], set[str], set[str]]:
    """The first requests of which no two mention one asset, and all that they mention."""
    some: list[Request] = []
    names: set[str] = set()
    guids: set[str] = set()
    for one in requests:
        if len(one.drafts) > MOST_ASSETS or not all(map(_is_plain, one.drafts)):
            break
        own_names, own_guids = mentioned(one.drafts)
        if not (names.isdisjoint(own_names) and guids.isdisjoint(own_guids)):
            break
        names |= own_names
        guids |= own_guids
        some.append(one)
    return some, names, guids


def _is_plain(draft: Draft) -> bool:
    return draft.tags is None and draft.custom is None and not is_made(draft.type.name)


def _bearers(ids: Collection[int], tx: Transaction) -> set[int]:
    """Those who have tags: whatever links them, or tells of them, has to do with others as well."""
    return {asset for asset, _ in tx.tagged(ids)} if ids and tx.has_tags() else set()


def _resolved(found: Resolution, bearers: Collection[int]) -> Resolution:
    # A draft may name a super-type, so what it is was not known before.
    if any(wish.restores or is_made(wish.type.name) for wish in found.wishes):
        raise _Apart
    if bearers and not _named(found).isdisjoint(bearers):
        raise _Apart
    return found


def _named(found: Resolution) -> set[int]:
    """Every asset that a request writes, or that it names at the end of a link."""
    named: set[int] = set()
    for wish in found.wishes:
        named.add(wish.name.id)
        for links in wish.links:
            named.update([end.name.id for end in (*(links.replace or ()), *links.append, *links.remove)])
    return named


def _untouched(woven: Sequence[tuple[Resolution, LinkDelta]], known: Collection[int], tx: Transaction) -> int:
    """How many of the first touch nothing that one before them touches, and nothing that has tags.

    Of ``known`` it was asked already who has tags.
    """
    touched = [_touched(found, delta) for found, delta in woven]
    seen = _bearers(set[int]().union(*touched).difference(known), tx)
    for number, ids in enumerate(touched):
        if not seen.isdisjoint(ids):
            return number
        seen |= ids
    return len(touched)


def _touched(found: Resolution, delta: LinkDelta) -> set[int]:
    """Every asset that a request writes or tells, or that stands at an end of a link that it speaks of.

    All that was read for it hangs on these, so that two requests without a common one cannot see each other.
    """
    touched = _named(found) | delta.told.keys()
    for keys in (delta.added, delta.removed, delta.changed):
        for _, end1, end2 in keys:
            touched.add(end1)
            touched.add(end2)
    return touched


def _decided(found: Resolution, delta: LinkDelta, stamp: Stamp, types: TypeRegistry, tx: Transaction) -> Changes:
    changes = diff(found.wishes, delta, Labels(), related(delta, found, tx), types, stamp)
    if any(types.type(name).mandatory_links for name in {change.after.type_name for change in changes.assets}):
        raise _Apart
    return changes


def _write(
    decided: Sequence[Changes], occasions: Sequence[Occasion], types: TypeRegistry, tx: Transaction
) -> Iterator[int | None]:
    """One save and one piece of log for all; the first position of each."""
    every = Changes(
        [change for one in decided for change in one.assets],
        [link for one in decided for link in one.added],
        [link for one in decided for link in one.removed],
        [link for one in decided for link in one.changed],
    )
    first = tx.head + 1
    if every:
        tx.save(every)
        first = tx.append(
            event for one, occasion in zip(decided, occasions, strict=False) for event in record(one, types, occasion)
        )
    ends = accumulate([len(one.assets) for one in decided], initial=first)
    return (start if one else None for one, start in zip(decided, ends, strict=False))
