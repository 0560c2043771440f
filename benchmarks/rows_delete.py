"""Purges of whole connections, given as lists of guids, beside the raw limit."""

from __future__ import annotations

from pathlib import Path

from benchmarks.harness import ME, Bench, Row, Samples, copy, in_turn, row_of
from benchmarks.raw import capture, contents, open_raw, replay
from benchmarks.stock import PER_COPY, multiply, remove
from tidings.store.base import AssetQuery
from tidings.store.sqlite import SqliteStore
from tidings.write.commands import Delete, Target
from tidings.write.submit import submit

SMALL, LARGE = 15_514, 155_131


def catalog(bench: Bench, assets: int) -> Path:
    """A closed catalog with at least this many columns, its log left out to keep copies small."""
    path = bench.folder / f"purge-{assets}.db"
    if not path.exists():
        multiply(bench, path, -(-assets // PER_COPY) * PER_COPY, with_log=False)
    return path


def columns_of(path: Path, count: int) -> list[Target]:
    """The first columns of a catalog, by guid."""
    store = SqliteStore(str(path))
    found: list[Target] = []
    after = ("", "")
    while len(found) < count:
        with store.snapshot() as snapshot:
            page = snapshot.list_assets(AssetQuery(frozenset({"Column"}), after=after, limit=10_000))
        found += [Target(guid=asset.guid) for asset in page]
        after = page[-1].qualified_name, page[-1].type_name
    store.close()
    return found[:count]


def measured(bench: Bench, folder: Path, assets: int, samples_wanted: int = 0) -> Samples:
    """The purge and the raw loop in turn; each round starts from a fresh copy of the catalog."""
    source = catalog(bench, assets)
    paths = {name: folder / f"{name}.db" for name in ("product", "raw")}
    command = Delete(columns_of(source, assets), "PURGE")
    rows = capture(copy(source, paths["product"]), lambda store: submit(store, bench.types, command, ME))
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
        return len(submit(store, bench.types, command, ME).changes.assets)

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
