"""Saves through the library's own front door, beside the raw limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.data import Attributes, Warehouse, bodies, command, spread_over_tables
from benchmarks.harness import ME, Bench, Samples, copy, in_turn, row_of
from benchmarks.raw import Rows, capture, contents, open_raw, replay, together
from benchmarks.stock import build, multiply, remove
from tidings.store.sqlite import SqliteStore
from tidings.write.commands import Save
from tidings.write.submit import submit, work_for

TABLES = 8_000
"""Tables that stand ready for the columns of a row."""
STOCK = 10_000
"""Columns that are there before anything is measured."""
WIDTH = 32
"""Requests that come together."""


def base(bench: Bench) -> Path:
    """A closed catalog with schemas, empty tables and a stock of columns, made once in a run.

    The stock's own events are left out, so that copies are small: copying much is what makes a disk throttle.
    """
    path = bench.folder / "base.db"
    if not path.exists():
        multiply(bench, path, STOCK, with_log=False)
        build(bench, path, TABLES)
    return path


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


def against_raw(bench: Bench, folder: Path, shape: Shape, rounds: list[list[bytes]], rows: list[list[Rows]]) -> Samples:
    """One shape on one medium: the product and the raw loop in turn."""
    paths = {name: copy(base(bench), folder / f"{name}.db") for name in ("product", "raw")}
    store, connection = SqliteStore(str(paths["product"])), open_raw(paths["raw"])
    writing = Writing(bench, store, shape.group, rounds)

    def raw(number: int) -> int:
        replay(connection, rows[number])
        return shape.batch * shape.requests

    samples = in_turn(bench, folder, {"product": writing.run, "raw": raw}, writing.prepare)
    store.close()
    connection.close()
    _prove_same(paths["product"], paths["raw"])
    remove(*paths.values())
    return samples


def _prove_same(product: Path, raw: Path) -> None:
    one, other = contents(product), contents(raw)
    if one != other:
        raise RuntimeError(f"the raw loop wrote something else than the product: {one}, {other}")


SHAPES = {
    "save-1": ("save, 1 asset per request, alone", Shape(1, 1, 300), 0.5, 4_000),
    "save-1x32": ("save, 1 asset per request, 32 at a time", Shape(1, WIDTH, 640), 0.45, 15_000),
    "save-20": ("save, 20 per request", Shape(20, 1, 60), 0.5, 18_000),
    "save-1000": ("save, 1,000 per request", Shape(1000, 1, 2), 0.5, 25_000),
}


def save(bench: Bench, name: str) -> None:
    """One of SHAPES, on disk and in memory."""
    what, shape, bar, indicative = SHAPES[name]
    rounds = shape.sample_bodies(bench.most_rounds)
    path = copy(base(bench), (bench.memory_folder or bench.folder) / "recorded.db")
    rows = recorded(bench, path, rounds, shape.group)
    remove(path)
    found = [against_raw(bench, folder, shape, rounds, rows) for folder in bench.media()]
    note = f"indicative {indicative:,}"
    bench.add(row_of(what, "assets/s", found, ("product", "raw"), (f"≥ {bar:g}", bar), note))


def save_again(bench: Bench) -> None:
    """A save that changes nothing, beside the same save when it was new."""
    shape = SHAPES["save-20"][1]
    found = [_first_and_again(bench, folder, shape) for folder in bench.media()]
    note = "the limit is the first save; indicative 40,000"
    what = "NOOP re-save, 20 per request"
    bench.add(row_of(what, "assets/s", found, ("again", "first"), ("≥ 2 x the first save", 2), note))


def _first_and_again(bench: Bench, folder: Path, shape: Shape) -> Samples:
    rounds = shape.sample_bodies(bench.most_rounds)
    path = copy(base(bench), folder / "product.db")
    store = SqliteStore(str(path))
    writing = Writing(bench, store, 1, rounds)
    sides = {"first": writing.run, "again": writing.run}
    samples = in_turn(bench, folder, sides, writing.prepare, fixed_order=True)
    store.close()
    remove(path)
    return samples
