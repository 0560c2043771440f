"""Tags that reach more assets than one transaction takes: the rest of the way, in bounded transactions.

What is left to do is always worked out from the state: whom the tag reaches, against who has it. So it does not matter
where an earlier run was interrupted, nobody hears of a tag twice, and what others change meanwhile is seen.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from itertools import islice
from typing import NamedTuple

import msgspec

from tidings.model.changes import Changes, TagRows
from tidings.model.events import encode
from tidings.model.profiles import DOCUMENTED, Profile
from tidings.model.registry import TypeRegistry
from tidings.model.tag import Task
from tidings.store.base import Reader, Store, Transaction
from tidings.store.types import Types
from tidings.telemetry import at_work
from tidings.write.diff import Stamp
from tidings.write.propagate import Pair, Spread, Unsettled, flows_of, propagate
from tidings.write.record import Cause, Occasion, record
from tidings.write.shown import complete
from tidings.write.spread import KIND, Left, write_spread

CHUNK = 10_000
"""(asset, tag) in one transaction: others wait for the writer no longer than some 0.5 s."""


def catch_up(
    store: Store,
    types: Types,
    profile: Profile = DOCUMENTED,
    chunk: int = CHUNK,
    ending: Callable[[], bool] = lambda: False,
) -> bool:
    """Do some of the oldest task: one plan, and as much of it as nobody else's changes made out of date.

    A plan that is out of date before its first part is made again in the transaction that writes this part, so that
    a task comes to its end however busy others are. Returns whether there was anything to do; leaves off between two
    transactions once ``ending()``. Raises StoreError where the database failed; what is done stays done.
    """
    with store.snapshot() as snapshot:
        left = _oldest(snapshot)
        if left is None:
            return False
        in_force, head = types.of(snapshot), snapshot.head()
        plan = _plan(left, in_force, snapshot, chunk)
    with at_work(left.cause, KIND):
        _Run(store, types, profile, left.cause, chunk).follow(plan, in_force, head, ending)
    return True


def is_behind(store: Store) -> bool:
    """Whether there is a task; costs next to nothing."""
    with store.snapshot() as snapshot:
        return any(task.kind == KIND for task in snapshot.tasks())


class Plan(NamedTuple):
    """What is to be written, in parts of a transaction each, and how many events that will be."""

    parts: list[Spread]
    events: int


def _plan(left: Left, types: TypeRegistry, reader: Reader, chunk: int) -> Plan:
    """Who gains and who loses, losses first; what becomes one event (an asset and a tag) stands in one part."""
    spread = propagate(Unsettled(refreshed=set(left.attachments)), flows_of(types), reader, None)
    parts: list[Spread] = []
    events = 0
    for is_loss, pairs in ((True, spread.lost), (False, spread.gained)):
        groups: dict[tuple[int, str], list[Pair]] = {}
        for pair in pairs:
            groups.setdefault((pair[0], spread.known[pair[1]].tag), []).append(pair)
        events += len(groups)
        waiting = iter(groups.values())
        while some := dict.fromkeys(pair for group in islice(waiting, chunk) for pair in group):
            parts.append(Spread({} if is_loss else some, some if is_loss else {}, set(), spread.known))
    return Plan(parts, events)


def _oldest(reader: Reader) -> Left | None:
    left = [msgspec.json.decode(task.encoded, type=Left) for task in reader.tasks() if task.kind == KIND]
    return min(left, key=lambda one: (one.started, one.cause), default=None)


class _Run:
    def __init__(self, store: Store, types: Types, profile: Profile, cause: str, chunk: int) -> None:
        self.store = store
        self.types = types
        self.profile = profile
        self.cause = cause
        self.chunk = chunk

    def follow(self, plan: Plan, types: TypeRegistry, head: int, ending: Callable[[], bool]) -> None:
        """Write part by part, as long as the log is where the plan, and then each part, left it."""
        rest = plan.events
        for part in plan.parts:
            if ending():
                return
            written = self.store.transact(partial(self._in_time, part, rest, types, head))
            if written is None:
                head = -1
                break
            head, said = written
            rest -= said
        if not ending():
            self.store.transact(partial(self._at_hand, head))

    def _in_time(
        self, part: Spread, rest: int, types: TypeRegistry, head: int, tx: Transaction
    ) -> tuple[int, int] | None:
        """The new head of the log and how many events were written; None where the plan is out of date."""
        left = _still(self.cause, tx)
        if tx.head != head or left is None:
            return None
        said = self._write(left, part, rest, types, tx)
        return tx.head, said

    def _at_hand(self, head: int, tx: Transaction) -> None:
        """Plan, and write the first part of it; where nothing is left to do, the task is done.

        Nothing is left where the log is still at ``head``, to which the whole of a plan has brought it.
        """
        left = _still(self.cause, tx)
        if left is None:
            return
        if tx.head != head:
            types = self.types.of(tx)
            plan = _plan(left, types, tx, self.chunk)
            if plan.parts:
                self._write(left, plan.parts[0], plan.events, types, tx)
                return
        tx.save_tags(TagRows(forgotten=left.attachments))
        tx.remove_task(KIND, self.cause)

    def _write(self, left: Left, part: Spread, rest: int, types: TypeRegistry, tx: Transaction) -> int:
        """One part, and how far the task has come with it; ``rest`` events are left, with those of this part."""
        changes = Changes([], tags={})
        write_spread(changes, part, (), Stamp(left.actor, tx.now), tx)
        complete(changes, types, tx)
        said = len(changes.assets)
        tx.append(record(changes, types, self._occasion(left, rest - said, tx)))
        total = left.done + rest
        left = msgspec.structs.replace(left, next=left.next + said, done=left.done + said, total=total)
        tx.save_task(Task(KIND, left.cause, encode(left)))
        return said

    def _occasion(self, left: Left, after: int, tx: Transaction) -> Occasion:
        cause = Cause(left.cause, left.next, after)
        written = time.time_ns() // 1_000_000
        return Occasion(cause, left.actor, tx.now, written, self.profile, left.source_ip, left.headers)


def _still(cause: str, tx: Transaction) -> Left | None:
    """The task as it is now; None where somebody else has finished it."""
    for task in tx.tasks():
        if (task.kind, task.subject) == (KIND, cause):
            return msgspec.json.decode(task.encoded, type=Left)
    return None
