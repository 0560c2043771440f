"""Two catalogs held against each other row by row, of whichever bodies they are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from itertools import chain, zip_longest

from tidings.store.base import PAGE_BYTES, Snapshot
from tidings.store.tables import TABLES, Row, Table

PART_ROWS = 10_000
PART_BYTES = PAGE_BYTES
"""Rows that are held in memory at once, at the most; a row that is larger comes alone."""

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


def parts(snapshot: Snapshot, table: Table, after: Row) -> Iterator[list[Row]]:
    """The rows behind a key, in bounded parts."""
    while rows := snapshot.rows(table, after, PART_ROWS, PART_BYTES):
        yield rows
        after = table.key(rows[-1])


def all_rows(snapshot: Snapshot, table: Table) -> Iterator[Row]:
    return chain.from_iterable(parts(snapshot, table, table.start))


def differences(source: Snapshot, target: Snapshot, without: Collection[str], progress: Progress) -> list[str]:
    """Where two catalogs are not equal row by row, value by value, but for the values ``without``: the first difference
    of each table, in a sentence."""
    values, others = source.values(), target.values()
    found = [
        f"the catalog's value {name} is not the same in both"
        for name in sorted((values.keys() | others.keys()) - set(without))
        if values.get(name) != others.get(name)
    ]
    total, done = sum(source.row_counts().values()), 0
    for table in TABLES:
        for count, difference in _compared(table, source, target):
            progress("comparing rows", done + count, total)
            found += difference
        done += count
    return found


def _compared(table: Table, source: Snapshot, target: Snapshot) -> Iterator[tuple[int, list[str]]]:
    """From time to time how many rows were the same so far; the first difference ends it."""
    count = 0
    for wanted, there in zip_longest(all_rows(source, table), all_rows(target, table)):
        if wanted != there:
            yield count, [f"table {table.name}: {_told(table, wanted, there)}"]
            return
        count += 1
        if count % PART_ROWS == 0:
            yield count, []
    yield count, []


def _told(table: Table, wanted: Row | None, there: Row | None) -> str:
    if wanted is None or (there is not None and table.key(there) < table.key(wanted)):
        return f"the row {table.key(there or ())} is only in the target"
    if there is None or table.key(there) != table.key(wanted):
        return f"the row {table.key(wanted)} is only in the source"
    return f"the row {table.key(wanted)} is not the same in both"
