"""Tags that reach more assets than one transaction takes: the rest of the way, in bounded transactions.

What is left to do is always worked out from the state: whom the tag reaches, against who has it. So it does not matter
where an earlier run was interrupted, nobody hears of a tag twice, and what others change meanwhile is seen.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice

import msgspec

from tidings.model.changes import Changes
from tidings.model.events import encode
from tidings.model.profiles import DOCUMENTED, Profile
from tidings.model.registry import TypeRegistry
from tidings.model.tag import Task
from tidings.store.base import Reader, Store, Transaction
from tidings.store.types import Types
from tidings.write.diff import Stamp
from tidings.write.propagate import Spread, Unsettled, flows_of, propagate
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

    Returns whether there was anything to do; leaves off between two transactions once ``ending()``.
    Raises StoreError where the database failed; what is done stays done.
    """
    with store.snapshot() as snapshot:
        left = _oldest(snapshot)
        if left is None:
            return False
        in_force, head = types.of(snapshot), snapshot.head()
        spread = propagate(Unsettled(refreshed=set(left.attachments)), flows_of(in_force), snapshot, None)
    _Run(store, in_force, profile, left, spread, head).run(chunk, ending)
    return True


def _oldest(reader: Reader) -> Left | None:
    left = [msgspec.json.decode(task.encoded, type=Left) for task in reader.tasks() if task.kind == KIND]
    return min(left, key=lambda one: (one.started, one.cause), default=None)


class _Run:
    def __init__(
        self, store: Store, types: TypeRegistry, profile: Profile, left: Left, spread: Spread, head: int
    ) -> None:
        self.store = store
        self.types = types
        self.profile = profile
        self.left = left
        self.spread = spread
        self.head = head
        """The log as far as the plan knows it: whatever comes behind may have changed who is to have the tag."""

    def run(self, chunk: int, ending: Callable[[], bool]) -> None:
        """Part by part, each about one attachment, so that there are as many events as pairs."""
        total = self.left.done + len(self.spread.lost) + len(self.spread.gained)
        for part in self._parts(chunk):
            if ending():
                return
            head = self.store.transact(partial(self._write, part, total))
            if head is None:
                return
            self.head = head
        self.store.transact(self._finish)

    def _parts(self, chunk: int) -> Iterator[Spread]:
        """What is to be written, in the order of arrival within each attachment."""
        by_attachment: dict[int, Spread] = {}
        for lost, pairs in ((True, self.spread.lost), (False, self.spread.gained)):
            for pair in pairs:
                into = by_attachment.setdefault(pair[1], Spread({}, {}, set(), self.spread.known))
                (into.lost if lost else into.gained)[pair] = None
        for whole in by_attachment.values():
            for lost, rest in ((True, iter(whole.lost)), (False, iter(whole.gained))):
                while some := dict.fromkeys(islice(rest, chunk)):
                    yield Spread({} if lost else some, some if lost else {}, set(), self.spread.known)

    def _finish(self, tx: Transaction) -> None:
        """Only if nothing came between: otherwise the next plan finds what is still to do."""
        if tx.head == self.head:
            self._write(Spread({}, {}, set(), self.spread.known), self.left.done, tx)
            tx.remove_task(KIND, self.left.cause)

    def _write(self, part: Spread, total: int, tx: Transaction) -> int | None:
        """The new head of the log; None, and nothing written, where the plan is out of date."""
        left = _still(self.left.cause, tx)
        if tx.head != self.head or left is None:
            return None
        self.left = left
        changes = Changes([], tags={})
        write_spread(changes, part, left.attachments, Stamp(left.actor, tx.now), tx)
        complete(changes, self.types, tx)
        if changes:
            after = total - left.done - len(changes.assets)
            tx.append(record(changes, self.types, self._occasion(tx, after)))
        said = len(changes.assets)
        self._keep(msgspec.structs.replace(left, next=left.next + said, done=left.done + said, total=total), tx)
        return tx.head

    def _keep(self, left: Left, tx: Transaction) -> None:
        tx.save_task(Task(KIND, left.cause, encode(left)))

    def _occasion(self, tx: Transaction, after: int) -> Occasion:
        left = self.left
        cause = Cause(left.cause, left.next, after)
        written = time.time_ns() // 1_000_000
        return Occasion(cause, left.actor, tx.now, written, self.profile, left.source_ip, left.headers)


def _still(cause: str, tx: Transaction) -> Left | None:
    """The task as it is now; None where somebody else has finished it."""
    for task in tx.tasks():
        if (task.kind, task.subject) == (KIND, cause):
            return msgspec.json.decode(task.encoded, type=Left)
    return None
