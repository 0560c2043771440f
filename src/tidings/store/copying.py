"""A whole catalog carried from one store to another, of whichever body, row by row as it is.

What is copied is one moment of the source, read from one snapshot. It travels in parts, each one transaction of the
target. From before the source is looked at to the end the target bears a mark that says whose copy it is and how far it
has come; a part moves the mark in the transaction that writes its rows. So whatever breaks a copy off, asking again goes on
exactly behind what is on disk, and nothing is there twice. The mark is taken away when all was read back and found equal:
until then nobody opens the target as a catalog (``refuse_unfinished``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, Protocol, cast

import msgspec

from tidings.model.errors import StoreError
from tidings.store.base import Snapshot, Store, Transaction
from tidings.store.comparing import Progress, all_rows, differences, parts
from tidings.store.settings import CATALOG_ID
from tidings.store.tables import LARGE, LOG, SMALL, Row, Table

MARK = "copying"
"""The name among the catalog's values under which an unfinished copy keeps how far it is."""
NOTHING: Mapping[Any, Any] = MappingProxyType({})


class Findings(Protocol):
    """What a look at one state found: ``problems`` in sentences, none where it is sound, and ``told``, one text for all that
    its log alone tells."""

    @property
    def problems(self) -> list[str]: ...

    @property
    def told(self) -> str: ...


class _Inspected(msgspec.Struct, frozen=True):
    problems: list[str]
    told: str


Inspect = Callable[[Snapshot, Progress], Findings]


class Mark(msgspec.Struct, frozen=True, rename="camel"):
    """Which moment of which catalog is being copied, and how far: tables before ``table`` are there, and of it all rows up
    to the key ``after``. No table: every row is there, but it was not all read back yet."""

    catalog_id: str
    head: int
    state: str
    table: str = LARGE[0].name
    after: tuple[int, ...] = cast(tuple[int, ...], LARGE[0].start)

    @property
    def text(self) -> str:
        return msgspec.json.encode(self).decode()


class Copied(msgspec.Struct, frozen=True):
    """What a copy came to. ``rows`` by table. With ``problems`` the target keeps its mark."""

    catalog_id: str
    position: int
    rows: dict[str, int]
    problems: list[str]


def copy(source: Store, target: Store, inspect: Inspect, progress: Progress) -> Copied:
    """``inspect`` the source, carry it over or finish what was begun, then read everything back and ``inspect`` the target.

    ``source`` may be in use; what it gets meanwhile is not copied; what is not sound is not copied at all. ``target`` must
    be empty, an unfinished copy of the same state, or that copy finished (which is then looked at again). Raises StoreError
    where it is anything else, and has changed nothing then.
    """
    with source.snapshot() as found:
        mark, is_new = _begin(found, target)
        original = _inspected("source", found, inspect, progress)
        if original.problems:
            if is_new:
                target.transact(_unmark)
            return Copied(mark.catalog_id, mark.head, {}, original.problems)
        if is_new and (living := target.transact(partial(_look_again, mark=mark))) is not None:
            raise living
        if mark.table:
            mark = _carry_large(found, target, mark, progress)
            _carry_small(found, target, mark)
        with target.snapshot() as made:
            rows, problems = made.row_counts(), differences(found, made, {MARK}, progress)
    # The source's snapshot is let go first: databases end transactions in which nothing happens for long.
    with target.snapshot() as made:
        copied = _inspected("target", made, inspect, progress)
    problems += copied.problems
    if original.told != copied.told:
        problems.append("replaying the log of the target gives another state than replaying that of the source")
    if not problems:
        target.transact(_unmark)
    return Copied(mark.catalog_id, mark.head, rows, problems)


def _unmark(tx: Transaction) -> None:
    tx.set_value(MARK, None)


def _inspected(which: str, snapshot: Snapshot, inspect: Inspect, progress: Progress) -> _Inspected:
    found = inspect(snapshot, lambda what, done, total: progress(f"checking the {which}: {what}", done, total))
    return _Inspected([f"the {which}: {problem}" for problem in found.problems], found.told)


def refuse_unfinished(store: Store) -> None:
    """Raises StoreError where the store holds a copy that was not finished."""
    with store.snapshot() as snapshot:
        text = snapshot.values().get(MARK)
    if text is not None:
        mark = msgspec.json.decode(text, type=Mark)
        raise StoreError(
            f"the database holds an unfinished copy of the catalog {mark.catalog_id} up to position {mark.head}; run the "
            "same «tidings copy» again to finish it, or remove it"
        )


def _begin(found: Snapshot, target: Store) -> tuple[Mark, bool]:
    """Where to go on, and whether that is the beginning: then the target has its mark now. Refuses one that holds anything
    but this copy."""
    wanted = Mark(found.values()[CATALOG_ID], found.head(), _state_of(found))
    with target.snapshot() as there:
        values, head, is_empty = there.values(), there.head(), not any(there.row_counts().values())
        if MARK in values:
            known = msgspec.json.decode(values[MARK], type=Mark)
            if not is_empty or known.catalog_id != wanted.catalog_id:
                return _same(known, wanted), False
        if not is_empty and _state_of(there) == wanted.state:
            return msgspec.structs.replace(wanted, table="", after=()), False
    if not is_empty:
        raise _not_empty(values, head)
    target.transact(partial(_claim, mark=wanted, known=values.get(MARK)))
    return wanted, True


def _claim(tx: Transaction, mark: Mark, known: str | None) -> None:
    """The first mark, in the place of one that never came further. Looks again whether the target is empty: somebody may
    have made it a catalog just now."""
    values = tx.values()
    if values.get(MARK) != known:
        raise _in_use()
    if any(tx.row_counts().values()):
        raise _not_empty(values, tx.head)
    tx.set_value(MARK, mark.text)


def _look_again(tx: Transaction, mark: Mark) -> StoreError | None:
    """While the source was inspected, which takes long, a server that had the target open may have made it a catalog: then
    it loses its mark and is left alone; the error that says so."""
    values = tx.values()
    if values.get(MARK) != mark.text:
        raise _in_use()
    if not any(tx.row_counts().values()):
        return None
    _unmark(tx)
    return _not_empty(values, tx.head)


def _not_empty(values: Mapping[str, str], head: int) -> StoreError:
    return StoreError(
        f"the target is not empty: it holds the catalog {values[CATALOG_ID]} up to position {head}; name a database that "
        "is new or empty"
    )


def _in_use() -> StoreError:
    return StoreError(
        "another «tidings copy» writes to the target; wait for its end, or stop it and run this one again"
    )


def _same(known: Mark, wanted: Mark) -> Mark:
    if (known.catalog_id, known.head, known.state) == (wanted.catalog_id, wanted.head, wanted.state):
        return known
    what = "another catalog" if known.catalog_id != wanted.catalog_id else "an earlier state of the catalog"
    raise StoreError(
        f"the target holds an unfinished copy of {what} ({known.catalog_id} up to position {known.head}; the source is "
        f"{wanted.catalog_id} at position {wanted.head}); remove the target and copy anew, with the servers of the source "
        "stopped if it shall go on after an interruption"
    )


def _state_of(snapshot: Snapshot) -> str:
    """One state has one text: where the log begins and ends, and all that changes without an event."""
    values = sorted((name, value) for name, value in snapshot.values().items() if name != MARK)
    small = [list(all_rows(snapshot, table)) for table in SMALL]
    told = (snapshot.head(), snapshot.rows(LOG, LOG.start, 1), values, small)
    return hashlib.sha256(msgspec.msgpack.encode(told)).hexdigest()


def _carry_large(found: Snapshot, target: Store, mark: Mark, progress: Progress) -> Mark:
    with target.snapshot() as there:
        done = there.row_counts()
    totals = found.row_counts()
    names = [table.name for table in LARGE]
    for table in LARGE[names.index(mark.table) :]:
        count = done[table.name]
        progress(f"copying {table.name}", count, totals[table.name])
        for rows in parts(found, table, mark.after if mark.table == table.name else table.start):
            moved = msgspec.structs.replace(mark, table=table.name, after=cast(tuple[int, ...], table.key(rows[-1])))
            target.transact(partial(_write, before=mark, after=moved, rows=[(table, rows)]))
            mark, count = moved, count + len(rows)
            progress(f"copying {table.name}", count, totals[table.name])
    return mark


def _carry_small(found: Snapshot, target: Store, mark: Mark) -> None:
    """What does not grow with the catalog, and the catalog's own values, in one transaction."""
    rows = [(table, list(all_rows(found, table))) for table in SMALL]
    whole = msgspec.structs.replace(mark, table="", after=())
    target.transact(partial(_write, before=mark, after=whole, rows=rows, values=found.values()))


def _write(
    tx: Transaction,
    *,
    before: Mark,
    after: Mark,
    rows: Sequence[tuple[Table, Sequence[Row]]] = (),
    values: Mapping[str, str] = NOTHING,
) -> None:
    """One part, and the mark behind it. Refuses where the mark is not what this copy left: somebody else is at work."""
    there = tx.values()
    if there.get(MARK) != before.text:
        raise _in_use()
    for table, some in rows:
        tx.fill(table, some)
    if values:
        for name in there.keys() - values.keys():
            tx.set_value(name, None)
    for name, value in values.items():
        tx.set_value(name, value)
    tx.set_value(MARK, after.text)
