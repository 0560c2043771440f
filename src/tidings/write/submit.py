"""The way of a change, from a command to positions in the log. Start reading here; each step is the file it names."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import takewhile
from typing import cast

import msgspec

from tidings.model.asset import ACTIVE, Asset, Link
from tidings.model.changes import Changes
from tidings.model.errors import TidingsError
from tidings.model.events import Event
from tidings.model.ids import new_guid
from tidings.model.profiles import DOCUMENTED, Profile
from tidings.model.registry import TypeRegistry
from tidings.store.base import Reader, Store, Transaction
from tidings.store.tags import tags_of
from tidings.store.types import Types
from tidings.write.around import link_state, owned_by, related
from tidings.write.check import Draft, check
from tidings.write.collector import LARGE, paused_if_large
from tidings.write.commands import Command, Delete, Restore, Save
from tidings.write.diff import Labels, Stamp, diff
from tidings.write.glossary import check_glossaries
from tidings.write.links import link_delta
from tidings.write.record import Cause, Occasion, record
from tidings.write.remove import bereaved, remove, restore, reunited
from tidings.write.resolve import find_targets, resolve
from tidings.write.shown import complete, purged_owners
from tidings.write.spread import AT_ONCE, defer, own_rows, read_before, settle, write_spread
from tidings.write.tags import TagDelta, tag_delta
from tidings.write.together import Request, save_together
from tidings.write.wishes import Wish


class Actor(msgspec.Struct, frozen=True):
    """Who asks, and what of the request travels on in its events."""

    name: str
    headers: Mapping[str, str] = {}
    source_ip: str = ""
    cause: str = ""
    """The id of this one request, for its events; made where it is empty."""


class Receipt(msgspec.Struct):
    """What became of a command. ``first_position`` is None where nothing changed and for a dry run.

    ``assigned`` maps placeholder guids to real ones; ``ignored`` names attributes that no type has, by asset.
    """

    changes: Changes
    types: TypeRegistry
    occasion: Occasion
    first_position: int | None = None
    assigned: dict[str, str] = {}
    ignored: list[tuple[str, tuple[str, ...]]] = []

    @property
    def cause(self) -> str:
        """The request's id, which all its events bear."""
        return self.occasion.cause.id

    @property
    def time(self) -> int:
        """The request's time, in milliseconds."""
        return self.occasion.time

    @property
    def events(self) -> list[Event]:
        """The events of this request, as they were written, or as they would have been in a dry run.

        Made anew from the changes: recording is pure, so these say the same; only the order of unset attributes can
        differ from what the log has.
        """
        return list(record(self.changes, self.types, self.occasion))


class Outcome(msgspec.Struct):
    """What a command comes to before it is recorded."""

    changes: Changes
    assigned: dict[str, str] = {}
    tags: dict[int, TagDelta] = {}
    """What becomes of the own tags of assets, by internal id."""


def submit(
    store: Store,
    types: Types,
    command: Command,
    actor: Actor,
    profile: Profile = DOCUMENTED,
    *,
    dry_run: bool = False,
    at_once: int = AT_ONCE,
) -> Receipt:
    """Take one command the whole way; when this returns, the change and its events are on disk together.

    Raises InvalidRequest, NotFound or Conflict, and then nothing was written; StoreError where the database failed.
    ``dry_run`` goes the same way and undoes it at the end: the receipt tells which events there would have been.
    """
    return store.transact(work_for(types, command, actor, profile, dry_run=dry_run, at_once=at_once), rollback=dry_run)


def work_for(
    types: Types,
    command: Command,
    actor: Actor,
    profile: Profile = DOCUMENTED,
    *,
    dry_run: bool = False,
    cause: Cause | None = None,
    at_once: int = AT_ONCE,
) -> Work:
    """The same, for callers that wait in their own way: returns what is to run in the transaction.

    A save is checked at once against the types used last, so that the writer need not be kept waiting for it; it is
    checked again in its transaction only where other types are in force there. ``cause`` is given where this is a part of
    something larger; ``at_once`` is how many tags may come and go in this one transaction.
    """
    return Work(types, command, actor, profile, dry_run, cause or Cause(actor.cause or new_guid()), at_once)


class Work:
    """One command on its way: what is to run in its transaction."""

    def __init__(
        self, types: Types, command: Command, actor: Actor, profile: Profile, dry_run: bool, cause: Cause, at_once: int
    ) -> None:
        self.types = types
        self.command = command
        self.actor = actor
        self.profile = profile
        self.dry_run = dry_run
        self.cause = cause
        self.at_once = at_once
        self.checked = types.latest
        self.drafts: list[Draft] = []
        self.error: TidingsError | None = None
        if isinstance(command, Save):
            try:
                self.drafts = paused_if_large(_size(command), partial(check, command, self.checked))
            except TidingsError as found:
                self.error = found

    def __call__(self, tx: Transaction) -> Receipt:
        return paused_if_large(_size(self.command), partial(self._run, tx))

    def _run(self, tx: Transaction) -> Receipt:
        in_force = self.types.of(tx)
        drafts = self.drafts
        if isinstance(self.command, Save) and in_force is not self.checked:
            drafts = check(self.command, in_force)
        elif self.error is not None:
            raise self.error
        return _carry_out(self.command, drafts, in_force, self._occasion(tx.now), tx, self.dry_run)

    def _occasion(self, now: int) -> Occasion:
        command, actor = self.command, self.actor
        delete_type = command.delete_type if isinstance(command, Delete) else "DEFAULT"
        written = time.time_ns() // 1_000_000
        return Occasion(
            self.cause,
            actor.name,
            now,
            written,
            self.profile,
            actor.source_ip,
            actor.headers,
            delete_type,
            self.at_once,
        )

    def together(self, others: Sequence[object], tx: Transaction) -> list[Receipt]:
        """This and the first of ``others`` as one, as far as they have nothing to do with each other: the outcomes of so
        many, in order. Fewer than two are left to run alone."""
        types = self.types.of(tx)
        works = takewhile(lambda one: isinstance(one, Work) and one._may_join(types), (self, *others))
        requests = (Request(work.drafts, work._occasion(tx.now)) for work in cast(Iterator[Work], works))
        # What they make lives until the last of them is written, as in a large request.
        done = paused_if_large(LARGE, lambda: save_together(requests, types, tx))
        return [
            Receipt(
                one.changes, types, one.request.occasion, one.first_position, one.assigned, _ignored(one.request.drafts)
            )
            for one in done
        ]

    def _may_join(self, types: TypeRegistry) -> bool:
        if self.error is not None or self.dry_run or self.checked is not types:
            return False
        return isinstance(self.command, Save) and self.command.only is None


def _carry_out(
    command: Command, drafts: list[Draft], types: TypeRegistry, occasion: Occasion, tx: Transaction, dry_run: bool
) -> Receipt:
    stamp = Stamp(occasion.actor, tx.now)
    outcome = _decide(command, drafts, types, occasion.profile, stamp, tx)
    changes = outcome.changes
    check_glossaries(changes, tx)
    if occasion.profile.neighbours_on_restore:
        _reunite(changes, types, stamp, tx)
    first = None
    if changes:
        deferred, taken = _write(changes, outcome.tags, types, occasion, tx)
        if deferred:
            occasion = defer(deferred, taken, occasion, len(changes.assets), tx)
        first = tx.append(record(changes, types, occasion))
    return Receipt(changes, types, occasion, None if dry_run else first, outcome.assigned, _ignored(drafts))


def _write(
    changes: Changes, tags: Mapping[int, TagDelta], types: TypeRegistry, occasion: Occasion, tx: Transaction
) -> tuple[set[int], set[int]]:
    """The state; then, since tags travel over what is there now, what it means for tags; all of that joins ``changes``.

    Returns the attachments of which more assets would hear than ``occasion.at_once``: they are left to a task; and those
    that the request itself changed.
    """
    before = read_before(changes, tags, types, tx)
    rows = own_rows(changes, tags, tx, before.unsettled) if tags else None
    changes.owners = purged_owners(changes, types, tx)
    tx.save(changes)
    if rows is not None:
        tx.save_tags(rows)
    deferred: set[int] = set()
    if before.unsettled or before.loose:
        spread = settle(before, types, tx, occasion.at_once)
        deferred = spread.deferred
        write_spread(changes, spread, before.unsettled.refreshed | before.loose, Stamp(occasion.actor, tx.now), tx)
    changes.tags = before.tags
    complete(changes, types, tx)
    return deferred, before.unsettled.refreshed


def _size(command: Command) -> int:
    if isinstance(command, Save):
        return len(command.entities)
    return len(command.targets) + (len(command.found) if isinstance(command, Delete) else 0)


def _ignored(drafts: Iterable[Draft]) -> list[tuple[str, tuple[str, ...]]]:
    return [(draft.label, draft.ignored) for draft in drafts if draft.ignored]


def _decide(
    command: Command, drafts: list[Draft], types: TypeRegistry, profile: Profile, stamp: Stamp, tx: Transaction
) -> Outcome:
    if isinstance(command, Save):
        return _save(command, drafts, types, profile, stamp, tx)
    if isinstance(command, Delete):
        return Outcome(_delete(command, types, profile, stamp, tx))
    return Outcome(_restore(command, types, stamp, tx))


def _save(
    command: Save, drafts: list[Draft], types: TypeRegistry, profile: Profile, stamp: Stamp, tx: Transaction
) -> Outcome:
    found = resolve(drafts, command.only, types, tx)
    back = _take_along(found.wishes, types, tx)
    delta = link_delta(found.wishes, link_state(found.wishes, tx), types)
    others = related(delta, found, tx)
    tags = _tag_deltas(found.wishes, types, tx)
    changes = diff(found.wishes, delta, Labels(tags, command.custom, profile.custom_updates), others, types, stamp)
    if back is not None:
        done = {change.after.id for change in changes.assets}
        owned, links = back
        more = restore([], [asset for asset in owned if asset.id not in done], links, types, stamp)
        changes.assets.extend(more.assets)
    return Outcome(changes, found.assigned, tags)


def _tag_deltas(wishes: Iterable[Wish], types: TypeRegistry, tx: Reader) -> dict[int, TagDelta]:
    """What becomes of the own tags of each asset; only of those of which something does."""
    speaking = [wish for wish in wishes if wish.draft.tags is not None]
    held = tags_of([wish.name.id for wish in speaking if wish.stored is not None], tx) if speaking else {}
    deltas = {wish.name.id: tag_delta(wish, held.get(wish.name.id, ()), types) for wish in speaking}
    return {own: delta for own, delta in deltas.items() if delta}


def _take_along(wishes: list[Wish], types: TypeRegistry, tx: Reader) -> tuple[list[Asset], list[Link]] | None:
    """An owner that a save restores brings back what it owns, as the restore call does: what that is, with its links.

    What the request names itself comes back with its own change; the rest is for the caller.
    """
    owners = [wish.stored for wish in wishes if wish.restores and wish.stored]
    if not owners:
        return None
    owned, links = owned_by(owners, types, tx)
    ids = {asset.id for asset in owned}
    for wish in wishes:
        if wish.name.id in ids:
            wish.along, wish.name.status = True, ACTIVE
    return owned, links


def _delete(command: Delete, types: TypeRegistry, profile: Profile, stamp: Stamp, tx: Transaction) -> Changes:
    named = command.found or find_targets(command.targets, types, tx)
    owned, _ = owned_by(named, types, tx)
    # On the links hangs the order of events, and who is to be told.
    needless = command.ordered and not owned and not profile.neighbours_on_delete
    links = [] if needless else tx.all_links({asset.id for asset in (*named, *owned)})
    changes = remove(named, owned, links, types, stamp, command.is_purge)
    if profile.neighbours_on_delete:
        ends = {end for link in links for end in (link.end1, link.end2)}
        bereaved(changes, links, tx.assets_by_id(ends), types, stamp)
    return changes


def _restore(command: Restore, types: TypeRegistry, stamp: Stamp, tx: Transaction) -> Changes:
    named = find_targets(command.targets, types, tx)
    archived = [asset for asset in named if asset.status]
    owned, links = owned_by(archived, types, tx)
    return restore(archived, owned, links, types, stamp)


def _reunite(changes: Changes, types: TypeRegistry, stamp: Stamp, tx: Transaction) -> None:
    """The neighbours of what is restored hear of it."""
    back = {change.after.id for change in changes.assets if change.restored}
    if back:
        gone = {link.key for link in changes.removed}
        links = [link for link in tx.all_links(back) if link.key not in gone]
        ends = {end for link in links for end in (link.end1, link.end2)}
        reunited(changes, links, tx.assets_by_id(ends), types, stamp)
