"""Deleting everything under a connection: in bounded transactions under one cause, each asset once, resumable at any point.

What is left follows from the state alone; the task in the store only carries the cause and the counts from one
transaction to the next. So whoever asks again, after a crash or beside another caller, goes on with the same work.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import msgspec

from tidings.model.asset import ACTIVE, Asset, AssetName
from tidings.model.errors import Conflict, InvalidParameter, UnknownName
from tidings.model.events import LogFilter, decode, encode
from tidings.model.ids import new_guid
from tidings.model.profiles import DOCUMENTED, Profile
from tidings.model.registry import TypeRegistry
from tidings.model.tag import Task
from tidings.store.base import Reader, Snapshot, Store, Transaction
from tidings.store.types import Types
from tidings.write.commands import Delete, DeleteType
from tidings.write.record import Cause
from tidings.write.submit import Actor, work_for
from tidings.write.under import CONNECTION, Under, find_under, is_connection

KIND = "connection"
"""The kind of its tasks; their subject is the connection's qualifiedName."""
CHUNK = 2_500
"""Assets in one transaction: others wait for the writer no longer than some 0.1 s."""
Progress = Callable[[int, int], None]
"""Called after each transaction with how many assets are deleted, and out of how many. What it raises ends the work
there; what is done stays done."""


class Deletion(msgspec.Struct, rename="camel"):
    """A deletion on its way, as its task keeps it. ``events`` counts what was said, ``done`` the deleted assets.

    ``started`` in milliseconds since 1970; positions are 0 until there is an event.
    """

    cause: str
    delete_type: DeleteType
    actor: str
    started: int
    total: int
    done: int = 0
    events: int = 0
    first_position: int = 0
    last_position: int = 0
    deleted: dict[str, int] = {}

    @property
    def is_purge(self) -> bool:
        return Delete([], self.delete_type).is_purge


class Summary(msgspec.Struct, frozen=True):
    """What a deletion came to, with all that earlier runs of it did.

    ``deleted`` counts by type. ``cause`` and the positions of its first and last event are None where there was nothing
    to delete. ``here`` counts what this call deleted, ``seconds`` is how long it took. ``resumed``: somebody had begun.
    """

    connection: str
    delete_type: DeleteType
    deleted: dict[str, int]
    cause: str | None
    first_position: int | None
    last_position: int | None
    seconds: float
    resumed: bool
    here: int

    @property
    def total(self) -> int:
        """Assets deleted, the connection too."""
        return sum(self.deleted.values())


class _Ended(Exception):
    """Somebody else has finished what we were part of."""


def delete_connection(
    store: Store,
    types: Types,
    target: str,
    actor: Actor,
    profile: Profile = DOCUMENTED,
    delete_type: DeleteType = "DEFAULT",
    progress: Progress = lambda done, total: None,
) -> Summary:
    """Archive or purge the connection with the qualifiedName ``target`` and everything under it.

    One ENTITY_DELETE for each asset, children before parents, the connection last, all under one cause. Interrupted
    in any way, it is taken up where it was by asking again. Raises UnknownName, InvalidParameter where the name is that
    of something else, Conflict where a purge is asked to become an archive; StoreError where the database failed.
    """
    return _Run(store, types, target, actor, profile, delete_type, progress).run()


def count_connection(store: Store, types: Types, target: str, delete_type: DeleteType = "DEFAULT") -> dict[str, int]:
    """How many assets of each type ``delete_connection`` would delete now; writes nothing, raises the same."""
    with store.snapshot() as snapshot:
        in_force = types.of(snapshot)
        own = find_connection(target, in_force, snapshot)
        _refuse(target, own, deletion_of(target, snapshot), delete_type)
        own_id = None if own is None else own.id
        ids = [*find_under(target, own_id, in_force, snapshot).ids, *_one(own_id)]
        return snapshot.types_of(ids if Delete([], delete_type).is_purge else snapshot.active(ids))


def find_connection(qualified_name: str, types: TypeRegistry, reader: Reader) -> AssetName | None:
    """The connection of this name, archived or not. Raises InvalidParameter where something else has the name."""
    found = reader.names_by_name([qualified_name])
    for name in found:
        if is_connection(name, types):
            return name
    if found:
        raise InvalidParameter(
            f"{qualified_name} is a {found[0].type_name}, not a connection; name the connection itself, "
            "such as default/snowflake/1700000000"
        )
    return None


def deletion_of(qualified_name: str, reader: Reader) -> Deletion | None:
    """The deletion of this connection that is not finished."""
    for task in reader.tasks():
        if (task.kind, task.subject) == (KIND, qualified_name):
            return msgspec.json.decode(task.encoded, type=Deletion)
    return None


def _refuse(target: str, own: AssetName | None, begun: Deletion | None, delete_type: DeleteType) -> None:
    if own is None and begun is None:
        raise UnknownName(CONNECTION, target)
    if begun is not None and begun.is_purge and not Delete([], delete_type).is_purge:
        raise Conflict(f"a purge of {target} has begun and is not finished; ask for PURGE to finish it")


def _one(own: int | None) -> list[int]:
    return [] if own is None else [own]


class _Step(NamedTuple):
    """What one transaction came to: the deletion after it, what of it was done there, and whether it was the last."""

    part: Deletion | None
    here: int
    finished: bool


class _Run:
    """One call. ``part`` is the deletion that it is part of, as it saw it last.

    ``own`` and ``guid`` are the connection's; ``total`` is what the last look found, ``looked`` the log's head then. While
    the head is at ``seen`` nobody else has changed anything since.
    """

    def __init__(
        self, store: Store, types: Types, target: str, actor: Actor, profile: Profile, delete_type: DeleteType,
        progress: Progress,
    ) -> None:  # fmt: skip
        self.store = store
        self.types = types
        self.target = target
        self.actor = actor
        # Neighbours inside go themselves, and none outside is told of each part.
        self.profile = replace(profile, neighbours_on_delete=False)
        self.delete_type: DeleteType = delete_type
        self.is_purge = Delete([], delete_type).is_purge
        self.progress = progress
        self.own: int | None = None
        self.guid = ""
        self.looked = self.seen = 0
        self.part: Deletion | None = None
        self.total = 0
        self.here = 0

    def run(self) -> Summary:
        began = time.monotonic()
        resumed = self._begin()
        try:
            while not self._delete_all():
                pass
        except _Ended:
            self._read_the_rest()
        part = self.part or Deletion("", self.delete_type, self.actor.name, 0, 0)
        return Summary(
            self.target, part.delete_type, dict(sorted(part.deleted.items())), part.cause or None,
            part.first_position or None, part.last_position or None, time.monotonic() - began, resumed, self.here,
        )  # fmt: skip

    def _begin(self) -> bool:
        """Find out what is meant; whether somebody has begun already."""
        with self.store.snapshot() as snapshot:
            own = find_connection(self.target, self.types.of(snapshot), snapshot)
            begun = deletion_of(self.target, snapshot)
        _refuse(self.target, own, begun, self.delete_type)
        if own is not None:
            self.own, self.guid = own.id, own.guid
        return begun is not None and begun.is_purge == self.is_purge

    def _delete_all(self) -> bool:
        """All that is there now; whether nothing has come meanwhile, so that the connection went with the last of it."""
        with self.store.snapshot() as snapshot:
            under = self._look(snapshot)
            begun = deletion_of(self.target, snapshot)
            if begun is not None and begun.is_purge != self.is_purge:
                begun = None
            self.part = self.part or begun
            self.looked = self.seen = snapshot.head()
            done = begun.done if begun is not None else 0
            self.total = done + len(under.ids) + len(self._there(_one(self.own), under, snapshot))
        self.progress(done, self.total)
        for start in range(0, len(under.ids) - CHUNK, CHUNK):
            self._transact(partial(self._some, under.ids[start : start + CHUNK], under))
        return self._transact(self._rest)

    def _look(self, reader: Reader) -> Under:
        """What is left to be deleted."""
        under = find_under(self.target, self.own, self.types.of(reader), reader)
        if not self.is_purge:
            active = reader.active(under.ids)
            under.ids = [own for own in under.ids if own in active]
        return under

    def _transact(self, work: Callable[[Transaction], _Step]) -> bool:
        step = self.store.transact(work)
        if step.part is not None:
            self.part = step.part
            self.here += step.here
            self.seen = step.part.last_position if step.here else self.seen
            self.progress(step.part.done, max(step.part.done, step.part.total))
        return step.finished

    def _some(self, ids: list[int], under: Under, tx: Transaction) -> _Step:
        """One transaction of many."""
        there = self._there(ids, under, tx)
        if not there and self.part is None:
            return _Step(None, 0, False)
        return self._delete(there, self._deletion(tx), tx, ordered=tx.head == self.seen)

    def _rest(self, tx: Transaction) -> _Step:
        """The last transaction: what is left with the connection, unless it is more than one may hold."""
        under = self._look(tx)
        if len(under.ids) > CHUNK:
            return _Step(None, 0, False)
        there = self._there([*under.ids, *_one(self.own)], under, tx)
        if not there and self.part is None and deletion_of(self.target, tx) is None:
            if self.total:
                raise _Ended  # another did all of it since we looked
            return _Step(None, 0, True)  # everything was archived before anybody began
        step = self._delete(there, self._deletion(tx), tx, ordered=True)
        tx.remove_task(KIND, self.target)
        return step._replace(finished=True)

    def _there(self, ids: list[int], under: Under, reader: Reader) -> list[Asset]:
        """Which of ``ids`` are still to be deleted, in their order: nobody else did it, or moved them elsewhere."""
        assets = {asset.id: asset for asset in reader.assets_by_id(ids)}
        start = f"{self.target}/"
        return [
            asset
            for own in ids
            if (asset := assets.get(own)) is not None
            and (self.is_purge or asset.status == ACTIVE)
            and (asset.qualified_name.startswith(start) or own in under.elsewhere or own == self.own)
        ]

    def _deletion(self, tx: Transaction) -> Deletion:
        """The deletion that this call is part of: what was begun, or a new one. Raises _Ended."""
        begun = deletion_of(self.target, tx)
        if self.part is not None and (begun is None or begun.cause != self.part.cause):
            if begun is not None and begun.is_purge != self.is_purge:
                raise Conflict(f"the archive of {self.target} was taken over by a purge")
            raise _Ended
        if begun is None and (self.own is None or not tx.names_by_id([self.own])):
            raise UnknownName(CONNECTION, self.target)
        own = None if self.own is None else AssetName(self.own, "", CONNECTION, self.target, ACTIVE)
        _refuse(self.target, own, begun, self.delete_type)
        if begun is not None and begun.is_purge == self.is_purge:
            return msgspec.structs.replace(begun, total=self.total)
        return Deletion(self.actor.cause or new_guid(), self.delete_type, self.actor.name, tx.now, self.total)

    def _delete(self, assets: list[Asset], part: Deletion, tx: Transaction, *, ordered: bool) -> _Step:
        """Delete them as any delete does, and keep count; ``ordered``: the look that found them knows the links of now."""
        if not assets:
            return _Step(part, 0, False)
        # Tags may lead out of the connection, so that there are more events than assets: how many, only the end tells.
        last = part.done + len(assets) >= part.total
        after = None if tx.has_tags() and not last else max(0, part.total - part.done - len(assets))
        command = Delete([], part.delete_type, assets, ordered)
        cause = Cause(part.cause, part.events + 1, after)
        receipt = work_for(self.types, command, self.actor, self.profile, cause=cause)(tx)
        changes = receipt.changes.assets
        gone = Counter(change.after.type_name for change in changes if change.kind.is_delete)
        first = receipt.first_position or 0
        part = msgspec.structs.replace(
            part,
            done=part.done + gone.total(),
            events=part.events + len(changes),
            first_position=part.first_position or first,
            last_position=first + len(changes) - 1,
            deleted=dict(Counter(part.deleted) + gone),
        )
        tx.save_task(Task(KIND, self.target, encode(part)))
        return _Step(part, gone.total(), False)

    def _read_the_rest(self) -> None:
        """What others did of it since we took part, or since we looked: their last transaction took the task away, but
        the log tells."""
        with self.store.snapshot() as snapshot:
            part = self.part or self._part_in_log(snapshot)
            if part is None:
                return
            mark = b'"cause":"%b"' % part.cause.encode()
            deleted, last = Counter(part.deleted), part.last_position
            position, head, first = last, snapshot.head(), part.first_position
            while position < head:
                records, position = snapshot.log(position, 1_000, LogFilter(frozenset({"ENTITY_DELETE"})))
                ours = [record for record in records if mark in record.detail]
                deleted.update(record.type_name for record in ours)
                first = first or min((record.position for record in ours), default=0)
                last = max([last, *(record.position for record in ours)])
        self.part = msgspec.structs.replace(
            part, deleted=dict(deleted), first_position=first, last_position=last, done=deleted.total()
        )

    def _part_in_log(self, snapshot: Snapshot) -> Deletion | None:
        """The deletion that took the connection away since we looked."""
        found, _ = snapshot.log(self.looked, 1_000, LogFilter(frozenset({"ENTITY_DELETE"}), guid=self.guid))
        if not found:
            return None
        cause = decode(found[-1].detail)["cause"]
        return Deletion(cause, self.delete_type, self.actor.name, found[-1].time, 0, last_position=self.looked)
