"""Purges of whole connections, with all under them, beside the raw limit in the same transactions."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from benchmarks import large
from benchmarks.data import COLUMNS_PER_TABLE, CONNECTION, TABLES_PER_SCHEMA, bodies, command
from benchmarks.harness import ME, Bench, Row, Samples, row_of
from benchmarks.media import SQLITE, Medium, media, named, on_disk
from benchmarks.rows_save import PRODUCT
from benchmarks.stock import PER_COPY, multiply
from tidings.store.base import Store
from tidings.store.sqlite import SqliteStore
from tidings.store.sqlite.database import connect
from tidings.write.connection import delete_connection
from tidings.write.submit import submit

SMALL, LARGE = 15_514, 155_131
_COPY = 1 + TABLES_PER_SCHEMA + TABLES_PER_SCHEMA * COLUMNS_PER_TABLE
"""Assets that one copy of the small catalog has: a schema, its tables, their columns."""


def catalog(bench: Bench, assets: int) -> Path:
    """A closed catalog of a connection and what is under it, so many assets; its log left out to keep copies small."""
    path = bench.folder / f"purge-{assets}.db"
    if not path.exists():
        multiply(bench, path, -(-(assets - 1) // _COPY) * PER_COPY, with_log=False)
        store = SqliteStore(str(path))
        [body] = bodies("Connection", [{"name": "production", "qualifiedName": CONNECTION}], 1)
        submit(store, bench.types, command(body), ME)
        store.close()
        _trim(path, assets)
    return path


def _trim(path: Path, assets: int) -> None:
    """Take out columns until there are no more than so many assets."""
    connection = connect(str(path), writer=True)
    with connection:
        [(surplus,)] = connection.execute("SELECT count(*) - ? FROM asset", (assets,))
        last = "SELECT id FROM asset WHERE type_name = 'Column' ORDER BY id DESC LIMIT ?"
        connection.execute(f"DELETE FROM link WHERE end2 IN ({last})", (surplus,))
        connection.execute(f"DELETE FROM asset WHERE id IN ({last})", (surplus,))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connection.close()


def measured(bench: Bench, medium: Medium, assets: int, samples: int = 0) -> Samples:
    """The purge and the raw loop in turn."""
    return large.measured(bench, medium, catalog(bench, assets), partial(_purge, bench), samples)


def _purge(bench: Bench, store: Store) -> int:
    return delete_connection(store, bench.types, CONNECTION, ME, delete_type="PURGE").total


def purge(bench: Bench, body: str) -> None:
    """The smaller connection, on disk and in memory; with SQLite its time has a bar of its own."""
    places = media(bench, body)
    found = [measured(bench, medium, SMALL) for medium in places]
    seconds = SMALL / found[0].median(PRODUCT)
    what = named(body, f"purge of {SMALL:,} assets")
    note = f"{seconds:.2f} s" + ("; indicative 60,000" if body == SQLITE else "")
    bar: tuple[str, float | None] = ("≥ 0.5, ≤ 0.35 s", 0.5) if body == SQLITE else ("", None)
    row = row_of(what, "events/s", found, (PRODUCT, places[0].ways), bar, note)
    row.met = row.met and seconds <= 0.35
    bench.add(row)


def purge_large(bench: Bench) -> None:
    """Ten times as many, which may take ten times as long and a fifth more."""
    if bench.quick:
        return
    medium = on_disk(bench, SQLITE)
    small_one = measured(bench, medium, SMALL, 3)
    large_one = measured(bench, medium, LARGE, 3)
    [way] = medium.ways
    rates = large_one.by_side[PRODUCT]
    seconds = LARGE / large_one.median(PRODUCT)
    growth = small_one.median(PRODUCT) / large_one.median(PRODUCT)
    met = growth <= 1.2 and seconds <= 3 if small_one.calm and large_one.calm else None
    bench.add(
        Row(
            f"purge of {LARGE:,} assets", "events/s", large_one.median(PRODUCT), min(rates), max(rates),
            "≤ 1.2 x linear, ≤ 3 s", met, large_one.median(way), large_one.ratio(PRODUCT, way),
            None, large_one.kept, large_one.dropped, f"{seconds:.2f} s; {growth:.2f} x linear",
        )
    )  # fmt: skip
