"""What a request means for tags: its own, and those that travel because of it. Reads before and after the state is written.

``propagate.py`` decides; here is what it must know, and what becomes of the answer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

import msgspec

from tidings.model.asset import ACTIVE, Asset
from tidings.model.changes import AssetChange, Changes, Kind, TagRows
from tidings.model.events import encode
from tidings.model.ids import new_guid
from tidings.model.registry import TypeRegistry
from tidings.model.tag import PURGED, Attachment, Task
from tidings.store.base import Reader, Transaction
from tidings.store.tags import tags_of
from tidings.write.diff import Stamp
from tidings.write.order import in_order
from tidings.write.propagate import Spread, Unsettled, flows_of, mode_of, propagate
from tidings.write.record import Cause, Occasion
from tidings.write.tags import TagDelta

AT_ONCE = 100_000
"""(asset, tag) that come or go in the transaction of their cause; more is left to a task."""


class Before(msgspec.Struct):
    """What must be read before a request is written, since it may be gone afterwards.

    ``tags`` are those of assets that will be purged; ``loose`` attachments that may have lost their last bearer.
    """

    unsettled: Unsettled
    tags: dict[int, list[Attachment]] = {}
    loose: set[int] = set()


def read_before(changes: Changes, deltas: Mapping[int, TagDelta], types: TypeRegistry, tx: Transaction) -> Before:
    """To be called before the state is written."""
    before = Before(Unsettled(set(), [], [], set()), {}, set())
    if not deltas and not tx.has_tags():
        return before
    work = before.unsettled
    going = [change.after.id for change in changes.assets if change.kind.is_delete]
    work.returned = {change.after.id for change in changes.assets if change.restored}
    work.refreshed = {one.id for one in tx.attachments_of([*going, *work.returned]) if not one.gone}
    ahead, behind = flows_of(types)[False, False]
    cut = tx.neighbours(going, ahead, behind) if going else []
    for link in changes.removed:
        cut += _directed(link.relationship, link.end1, link.end2, ahead, behind)
    held: dict[int, list[int]] = defaultdict(list)
    for asset, own in tx.tagged({start for start, _, _ in cut}):
        held[asset].append(own)
    work.doubted = [(own, name, end) for start, name, end in cut for own in held.get(start, ())]
    for link in changes.added:
        work.come += _directed(link.relationship, link.end1, link.end2, ahead, behind)
    purged = {change.after.id for change in changes.assets if change.kind is Kind.PURGE}
    if purged:
        before.tags = {asset: [_left(one, purged) for one in tags] for asset, tags in tags_of(purged, tx).items()}
        before.loose = {one.id for tags in before.tags.values() for one in tags}
    return before


def _left(one: Attachment, purged: Collection[int]) -> Attachment:
    """A tag as it is once its source is purged: the source is told of it as those are who lose it with the source."""
    return msgspec.structs.replace(one, status=PURGED) if one.source in purged else one


def _directed(
    name: str, end1: int, end2: int, ahead: frozenset[str], behind: frozenset[str]
) -> list[tuple[int, str, int]]:
    found = [(end1, name, end2)] if name in ahead else []
    return [*found, (end2, name, end1)] if name in behind else found


def own_rows(changes: Changes, deltas: Mapping[int, TagDelta], tx: Transaction, work: Unsettled) -> TagRows:
    """Rows of the tags that the request itself names; new attachments get their ids, also in the changes that tell of them."""
    rows = TagRows([], [], [], [], [])
    sources = [asset for asset, delta in deltas.items() if delta.attached]
    # Who was archived when a tag was taken off still has it from there: put on again, it is the same tag.
    known = {(one.source, one.tag): one.id for one in tx.attachments_of(sources) if one.gone}
    fresh = iter(tx.new_attachment_ids(sum(len(delta.attached) for delta in deltas.values())))
    given: dict[tuple[int, str], Attachment] = {}
    for asset, delta in deltas.items():
        for one in delta.attached:
            again = known.get((asset, one.tag))
            stored = msgspec.structs.replace(one, id=next(fresh) if again is None else again)
            given[asset, one.tag] = stored
            (rows.attached if again is None else rows.changed).append(stored)
            rows.tagged.append((asset, stored.id))
            work.refreshed.add(stored.id)
        for one in delta.detached:
            rows.changed.append(msgspec.structs.replace(one, gone=True))
            rows.untagged.append((asset, one.id))
            rows.forgotten.append(one.id)
            work.refreshed.add(one.id)
        for old, new in delta.changed:
            rows.changed.append(new)
            if (old.propagate, old.remove_on_delete, mode_of(old)) != (
                new.propagate,
                new.remove_on_delete,
                mode_of(new),
            ):
                work.refreshed.add(new.id)
        rows.untagged += [(asset, one.id) for one in delta.released]
        rows.forgotten += [one.id for one in delta.released]
    for change in changes.assets:
        if change.kind is Kind.TAG:
            change.tags = tuple(given.get((change.after.id, one.tag), one) for one in change.tags)
    return rows


def settle(before: Before, types: TypeRegistry, tx: Transaction, at_once: int | None) -> Spread:
    """To be called after the state is written: who gains and who loses a tag because of the request."""
    work = before.unsettled
    if not work:
        return Spread({}, {}, set(), {})
    ends = (
        {end for _, _, end in work.doubted}
        | {end for start, _, end in work.come}
        | {start for start, _, _ in work.come}
    )
    active = {name.id for name in tx.names_by_id(ends) if name.status == ACTIVE}
    work.doubted = [one for one in work.doubted if one[2] in active]
    work.come = [one for one in work.come if one[0] in active and one[2] in active]
    return propagate(work, flows_of(types), tx, at_once)


def tell(changes: Changes, spread: Spread, stamp: Stamp, tx: Transaction) -> TagRows:
    """Add to ``changes`` what the spread means for each asset, put all in the order of the log, and return its rows."""
    rows = TagRows(tagged=list(spread.gained), untagged=list(spread.lost))
    said = {
        (change.after.id, change.kind, change.tags[0].tag): change
        for change in changes.assets
        if change.kind.is_tagging
    }
    fresh: dict[tuple[int, Kind, str], list[Attachment]] = defaultdict(list)
    for kind, pairs in ((Kind.UNTAG, spread.lost), (Kind.TAG, spread.gained)):
        for asset, own in pairs:
            one = spread.known[own]
            if (known := said.get((asset, kind, one.tag))) is not None:
                known.tags = (*known.tags, one)
            else:
                fresh[asset, kind, one.tag].append(one)
    patterns = _patterns(changes, {asset for asset, _, _ in fresh}, stamp, tx)
    changes.assets += [
        AssetChange(kind, "propagated", msgspec.structs.replace(patterns[asset]), None, tags=tuple(tags))
        for (asset, kind, _), tags in fresh.items()
    ]
    return rows


def _patterns(changes: Changes, wanted: set[int], stamp: Stamp, tx: Reader) -> dict[int, Asset]:
    """The assets as their next event shows them."""
    found: dict[int, Asset] = {}
    for change in changes.assets:
        if change.after.id in wanted:
            found.setdefault(change.after.id, change.after)
    for asset in tx.assets_by_id(wanted - found.keys()):
        asset.version += 1
        asset.updated_at, asset.updated_by = stamp.now, stamp.actor
        found[asset.id] = asset
    return found


def write_spread(changes: Changes, spread: Spread, loose: Iterable[int], stamp: Stamp, tx: Transaction) -> None:
    """Write who gained and lost what; the events about it join ``changes``, in the order of the log.

    ``loose`` are attachments to be forgotten where nobody has them any more.
    """
    rows = tell(changes, spread, stamp, tx)
    rows.forgotten = list(loose)
    changes.assets = in_order(changes.assets)
    tx.save(last_versions(changes, spread))
    tx.save_tags(rows)


def defer(
    attachments: Iterable[int], taken: Collection[int], occasion: Occasion, said: int, tx: Transaction
) -> Occasion:
    """Leave these to a task, which goes on under the same cause, behind the ``said`` events of the request.

    How many there will be is counted when the task begins, so the request itself does not know. A part of something
    larger, where others will use the indexes behind it, leaves them to a cause of their own. ``taken`` are attachments
    that the request itself changed.
    """
    cause = occasion.cause
    alone = cause == Cause(cause.id)
    _take_over(taken, tx)
    left = Left(
        cause.id if alone else new_guid(), occasion.actor, dict(occasion.headers), occasion.source_ip,
        sorted(attachments), occasion.time, 1 + said if alone else 1,
    )  # fmt: skip
    tx.save_task(Task(KIND, left.cause, encode(left)))
    return msgspec.structs.replace(occasion, cause=Cause(cause.id, after=None)) if alone else occasion


def _take_over(attachments: Collection[int], tx: Transaction) -> None:
    """What an earlier request left to do about these is the business of the one that changed them since."""
    for task in tx.tasks():
        if task.kind == KIND:
            left = msgspec.json.decode(task.encoded, type=Left)
            rest = [own for own in left.attachments if own not in attachments]
            if not rest:
                tx.remove_task(KIND, left.cause)
            elif len(rest) < len(left.attachments):
                tx.save_task(Task(KIND, left.cause, encode(msgspec.structs.replace(left, attachments=rest))))


KIND = "propagation"
"""The kind of tasks that let tags travel; their subject is the cause."""


class Left(msgspec.Struct, rename="camel"):
    """What is left of a request whose tags reach more assets than one transaction takes.

    ``next`` is the index of the next event under this cause; ``total`` is None until it is counted.
    """

    cause: str
    actor: str
    headers: dict[str, str]
    source_ip: str
    attachments: list[int]
    started: int
    next: int
    done: int = 0
    total: int | None = None


def last_versions(changes: Changes, spread: Spread) -> Changes:
    """The rows of assets of which there is more to say than was written with the request, in their last version."""
    touched = {asset for asset, _ in (*spread.gained, *spread.lost)}
    last = {change.after.id: change for change in changes.assets if change.after.id in touched}
    return Changes(
        [AssetChange(Kind.TAG, "propagated", one.after, None) for one in last.values() if one.kind is not Kind.PURGE]
    )
