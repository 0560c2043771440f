"""Saves through the library's own front door, beside the raw limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.data import COLUMNS_PER_TABLE, Attributes, Warehouse, bodies, command, spread_over_tables
from benchmarks.harness import ME, Bench, Row, Samples, copy, in_turn, ratio_row
from benchmarks.raw import Rows, capture, contents, open_raw, replay, together
from tidings.store.sqlite import SqliteStore
from tidings.write.commands import Save
from tidings.write.submit import submit, work_for

TABLES = 2_000
"""Tables that stand ready for the columns of a row."""
STOCK = 10_000
"""Columns that are there before anything is measured."""
WIDTH = 32
"""Requests that come together."""


def base(bench: Bench) -> Path:
    """A closed catalog with schemas, tables and a stock of columns, made once in a run."""
    path = bench.folder / "base.db"
    if not path.exists():
        build(bench, path, TABLES, STOCK)
    return path


def build(bench: Bench, path: Path, tables: int, stock: int) -> None:
    """A new catalog: ``tables`` empty tables (from number 0), then ``stock`` columns in tables of their own."""
    warehouse = Warehouse()
    full = range(tables, tables + stock // COLUMNS_PER_TABLE)
    numbers = range(tables + len(full))
    store = SqliteStore(str(path))
    for type_name, assets in (
        ("Schema", [warehouse.schema(number) for number in range(numbers[-1] // 100 + 1)]),
        ("Table", [warehouse.table(number) for number in numbers]),
        ("Column", warehouse.columns(range(10**9, 10**9 + stock), full.start - 10**9 // COLUMNS_PER_TABLE)),
    ):
        for raw_body in bodies(type_name, assets, 1000):
            submit(store, bench.types, command(raw_body), ME)
    store.close()


@dataclass
class Shape:
    """Requests of one size: ``batch`` assets in each, ``group`` requests at a time, ``requests`` in a sample."""

    batch: int
    group: int
    requests: int

    def sample_bodies(self, rounds: int) -> list[list[bytes]]:
        """Bodies of all requests, round by round."""
        count = self.batch * self.requests * rounds
        assets: Sequence[Attributes] = Warehouse().columns(range(count))
        if self.group > 1:
            assets = spread_over_tables(list(assets), self.group)
        every = bodies("Column", list(assets), self.batch)
        return [every[start : start + self.requests] for start in range(0, len(every), self.requests)]


@dataclass
class Writing:
    """The product and the raw loop over copies of one catalog, round by round."""

    bench: Bench
    store: SqliteStore
    group: int
    rounds: list[list[bytes]]
    ready: list[Save] = field(default_factory=list)

    def prepare(self, number: int) -> None:
        self.ready = [command(one) for one in self.rounds[number]]

    def run(self, _number: int) -> int:
        return run(self.bench, self.store, self.ready, self.group)


def run(bench: Bench, store: SqliteStore, commands: Sequence[Save], group: int) -> int:
    """Submit them, ``group`` at a time; how many assets there were."""
    if group == 1:
        for one in commands:
            submit(store, bench.types, one, ME)
    else:
        for start in range(0, len(commands), group):
            waiting = [store.enqueue(work_for(bench.types, one, ME)) for one in commands[start : start + group]]
            for future in waiting:
                future.result()
    return sum(len(one.entities) for one in commands)


def recorded(bench: Bench, path: Path, rounds: list[list[bytes]], group: int) -> list[list[Rows]]:
    """What the product writes for these requests, in the transactions of a raw loop, round by round."""
    commands = [command(one) for requests in rounds for one in requests]
    each = capture(path, lambda store: run(bench, store, commands, 1))
    size = len(rounds[0])
    return [together(each[start : start + size], group) for start in range(0, len(each), size)]


def against_raw(bench: Bench, folder: Path, shape: Shape) -> Samples:
    """One shape on one medium: the product and the raw loop in turn."""
    rounds = shape.sample_bodies(bench.samples + 1)
    paths = {name: copy(base(bench), folder / f"{name}.db") for name in ("product", "raw", "recorded")}
    rows = recorded(bench, paths["recorded"], rounds, shape.group)
    remove(paths["recorded"])
    store, connection = SqliteStore(str(paths["product"])), open_raw(paths["raw"])
    writing = Writing(bench, store, shape.group, rounds)

    def raw(number: int) -> int:
        replay(connection, rows[number])
        return shape.batch * shape.requests

    samples = in_turn(folder, {"product": writing.run, "raw": raw}, bench.samples, writing.prepare)
    store.close()
    connection.close()
    _prove_same(paths["product"], paths["raw"])
    remove(*paths.values())
    return samples


def _prove_same(product: Path, raw: Path) -> None:
    one, other = contents(product), contents(raw)
    if one != other:
        raise RuntimeError(f"the raw loop wrote something else than the product: {one}, {other}")


def remove(*paths: Path) -> None:
    """Delete catalogs with all that lies beside them."""
    for path in paths:
        for one in path.parent.glob(f"{path.name}*"):
            one.unlink(missing_ok=True)


SHAPES = {
    "save-1": ("save, 1 asset per request, alone", Shape(1, 1, 300), 0.5),
    "save-1x32": ("save, 1 asset per request, 32 at a time", Shape(1, WIDTH, 1280), 0.45),
    "save-20": ("save, 20 per request", Shape(20, 1, 60), 0.5),
    "save-1000": ("save, 1,000 per request", Shape(1000, 1, 2), 0.5),
}


def save(bench: Bench, name: str) -> None:
    """One of SHAPES, on disk and in memory."""
    what, shape, bar = SHAPES[name]
    samples = [against_raw(bench, folder, shape) for folder in bench.media()]
    bench.add(ratio_row(what, "assets/s", samples[0], samples[1] if len(samples) > 1 else None, bar))


def save_again(bench: Bench) -> None:
    """A save that changes nothing, beside the same save when it was new."""
    shape = SHAPES["save-20"][1]
    found = [_first_and_again(bench, folder, shape) for folder in bench.media()]
    samples = found[0]
    again = samples.by_side["again"]
    ratio = samples.ratio("again", "first")
    bench.add(
        Row(
            "NOOP re-save, 20 per request", "assets/s", samples.median("again"), min(again), max(again),
            "≥ 2 x the first save", ratio >= 2, samples.median("first"), ratio,
            found[1].ratio("again", "first") if len(found) > 1 else None, samples.kept, samples.dropped,
            "the limit is the first save",
        )
    )  # fmt: skip


def _first_and_again(bench: Bench, folder: Path, shape: Shape) -> Samples:
    rounds = shape.sample_bodies(bench.samples + 1)
    path = copy(base(bench), folder / "product.db")
    store = SqliteStore(str(path))
    writing = Writing(bench, store, 1, rounds)
    sides = {"first": writing.run, "again": writing.run}
    samples = in_turn(folder, sides, bench.samples, writing.prepare, fixed_order=True)
    store.close()
    remove(path)
    return samples
