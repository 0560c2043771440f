"""Saves through the library's own front door, beside the raw limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks.data import Attributes, Warehouse, bodies, command, spread_over_tables
from benchmarks.harness import ME, Bench, Samples, Side, in_turn, row_of
from benchmarks.media import POSTGRES, SQLITE, Catalog, Medium, RawLoop, Rows, media, named
from benchmarks.raw import together
from benchmarks.stock import build, multiply
from tidings.store.base import Store
from tidings.write.commands import Save
from tidings.write.submit import submit, work_for

TABLES = 8_000
"""Tables that stand ready for the columns of a row."""
STOCK = 10_000
"""Columns that are there before anything is measured."""
WIDTH = 32
"""Requests that come together."""
PRODUCT = "product"


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
    """The product over a copy of the catalog, round by round."""

    bench: Bench
    store: Store
    group: int
    rounds: list[list[bytes]]
    ready: list[Save] = field(default_factory=list)

    def prepare(self, number: int) -> None:
        self.ready = [command(one) for one in self.rounds[number]]

    def run(self, _number: int) -> int:
        return run(self.bench, self.store, self.ready, self.group)


def run(bench: Bench, store: Store, commands: Sequence[Save], group: int) -> int:
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


def recorded(bench: Bench, medium: Medium, rounds: list[list[bytes]], group: int) -> list[list[Rows]]:
    """What the product writes for these requests, in the transactions of a raw loop, round by round."""
    commands = [command(one) for requests in rounds for one in requests]
    catalog = medium.copy(base(bench), "recorded")
    each = catalog.capture(lambda store: run(bench, store, commands, 1))
    catalog.remove()
    size = len(rounds[0])
    return [together(each[start : start + size], group) for start in range(0, len(each), size)]


def against_raw(
    bench: Bench, medium: Medium, shape: Shape, rounds: list[list[bytes]], rows: list[list[Rows]]
) -> Samples:
    """One shape on one medium: the product and every way of the raw loop in turn."""
    product = medium.copy(base(bench), "product")
    catalogs = {way: medium.copy(base(bench), way.lower()) for way in medium.ways}
    loops = {way: catalog.loop(way) for way, catalog in catalogs.items()}
    store = product.open()
    writing = Writing(bench, store, shape.group, rounds)

    def raw(number: int, loop: RawLoop) -> int:
        loop.replay(rows[number])
        return shape.batch * shape.requests

    sides: dict[str, Side] = {PRODUCT: writing.run, **{way: partial(raw, loop=loop) for way, loop in loops.items()}}
    samples = in_turn(bench, medium.folder, sides, writing.prepare)
    store.close()
    for loop in loops.values():
        loop.close()
    for catalog in catalogs.values():
        prove_same(product, catalog)
        catalog.remove()
    product.remove()
    return samples


def prove_same(product: Catalog, raw: Catalog) -> None:
    """Raises RuntimeError where the raw loop left other rows than the product."""
    one, other = product.contents(), raw.contents()
    if one != other:
        raise RuntimeError(f"the raw loop wrote something else than the product: {one}, {other}")


SHAPES = {
    "save-1": ("save, 1 asset per request, alone", Shape(1, 1, 300)),
    "save-1x32": ("save, 1 asset per request, 32 at a time", Shape(1, WIDTH, 640)),
    "save-20": ("save, 20 per request", Shape(20, 1, 60)),
    "save-1000": ("save, 1,000 per request", Shape(1000, 1, 2)),
}


BARS: dict[str, dict[str, tuple[float, int]]] = {
    SQLITE: {
        "save-1": (0.5, 4_000), "save-1x32": (0.45, 15_000), "save-20": (0.5, 18_000), "save-1000": (0.5, 25_000),
    },
    POSTGRES: {"save-20": (0.5, 4_000), "save-1000": (0.5, 12_000)},
}  # fmt: skip
"""By body and name: the least ratio, and what was hoped for on a small machine."""


def save(bench: Bench, name: str, body: str) -> None:
    """One of SHAPES, on disk and in memory."""
    what, shape = SHAPES[name]
    rounds = shape.sample_bodies(bench.most_rounds)
    places = media(bench, body)
    rows = recorded(bench, places[-1], rounds, shape.group)
    found = [against_raw(bench, medium, shape, rounds, rows) for medium in places]
    bar, indicative = BARS[body].get(name, (None, None))
    note = f"indicative {indicative:,}" if indicative else ""
    told = ("" if bar is None else f"≥ {bar:g}", bar)
    bench.add(row_of(named(body, what), "assets/s", found, (PRODUCT, places[0].ways), told, note))


def save_again(bench: Bench, body: str) -> None:
    """A save that changes nothing, beside the same save when it was new."""
    shape = SHAPES["save-20"][1]
    found = [_first_and_again(bench, medium, shape) for medium in media(bench, body)]
    note = "the limit is the first save" + ("; indicative 40,000" if body == SQLITE else "")
    what = named(body, "NOOP re-save, 20 per request")
    bench.add(row_of(what, "assets/s", found, ("again", ["first"]), ("≥ 2 x the first save", 2), note))


def _first_and_again(bench: Bench, medium: Medium, shape: Shape) -> Samples:
    rounds = shape.sample_bodies(bench.most_rounds)
    catalog = medium.copy(base(bench), "product")
    store = catalog.open()
    writing = Writing(bench, store, 1, rounds)
    sides = {"first": writing.run, "again": writing.run}
    samples = in_turn(bench, medium.folder, sides, writing.prepare, fixed_order=True)
    store.close()
    catalog.remove()
    return samples
