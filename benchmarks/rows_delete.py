"""Purges of whole connections, with all under them, beside the raw limit in the same transactions."""

from __future__ import annotations

from pathlib import Path

from benchmarks.data import COLUMNS_PER_TABLE, CONNECTION, TABLES_PER_SCHEMA, bodies, command
from benchmarks.harness import ME, Bench, Row, Samples, copy, in_turn, row_of
from benchmarks.raw import capture, contents, open_raw, replay
from benchmarks.stock import PER_COPY, multiply, remove
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


def measured(bench: Bench, folder: Path, assets: int, samples_wanted: int = 0) -> Samples:
    """The purge and the raw loop in turn; each round starts from a fresh copy of the catalog."""
    source = catalog(bench, assets)
    paths = {name: folder / f"{name}.db" for name in ("product", "raw")}
    rows = capture(copy(source, paths["product"]), lambda store: _purge(bench, store))
    store: SqliteStore | None = None

    def ready(_number: int) -> None:
        nonlocal store
        if store is not None:
            store.close()
        remove(*paths.values())
        store = SqliteStore(str(copy(source, paths["product"])))
        copy(source, paths["raw"])

    def product(_number: int) -> int:
        assert store is not None
        return _purge(bench, store)

    def raw(_number: int) -> int:
        connection = open_raw(paths["raw"])
        replay(connection, rows)
        connection.close()
        return sum(len(bindings) for one in rows for sql, bindings in one.items() if "INTO log" in sql)

    samples = in_turn(bench, folder, {"product": product, "raw": raw}, ready, samples=samples_wanted)
    if store is not None:
        store.close()
    if contents(paths["product"]) != contents(paths["raw"]):
        raise RuntimeError("the raw loop wrote something else than the product")
    remove(*paths.values())
    return samples


def _purge(bench: Bench, store: SqliteStore) -> int:
    return delete_connection(store, bench.types, CONNECTION, ME, delete_type="PURGE").total


def purge(bench: Bench) -> None:
    """The smaller connection, on disk and in memory; its time has a bar of its own."""
    found = [measured(bench, folder, SMALL) for folder in bench.media()]
    seconds = SMALL / found[0].median("product")
    note = f"{seconds:.2f} s; indicative 60,000"
    row = row_of(f"purge of {SMALL:,} assets", "events/s", found, ("product", "raw"), ("≥ 0.5, ≤ 0.35 s", 0.5), note)
    row.met = row.met and seconds <= 0.35
    bench.add(row)


def purge_large(bench: Bench) -> None:
    """Ten times as many, which may take ten times as long and a fifth more."""
    if bench.quick:
        return
    small = measured(bench, bench.folder, SMALL, 3)
    large = measured(bench, bench.folder, LARGE, 3)
    rates = large.by_side["product"]
    seconds = LARGE / large.median("product")
    growth = small.median("product") / large.median("product")
    met = growth <= 1.2 and seconds <= 3 if small.calm and large.calm else None
    bench.add(
        Row(
            f"purge of {LARGE:,} assets", "events/s", large.median("product"), min(rates), max(rates),
            "≤ 1.2 x linear, ≤ 3 s", met, large.median("raw"), large.ratio("product", "raw"),
            None, large.kept, large.dropped, f"{seconds:.2f} s; {growth:.2f} x linear",
        )
    )  # fmt: skip
