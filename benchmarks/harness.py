"""How everything here is measured: interleaved samples, a probe of the disk around each, medians, and one table."""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from tidings.model.registry import TypeRegistry
from tidings.model.typemodel import shipped_types
from tidings.write.submit import Actor

CALM = 0.0002
"""Seconds of an fdatasync on a disk that is not throttled."""
SLOWEST_PROBE = 0.001
"""A sample with a slower probe before or after it is dropped."""
LONGEST_WAIT = 4.0
ME = Actor("bench")
_MEMORY = Path("/dev/shm")


class Row(msgspec.Struct):
    """One line of the table. Rates are per second; a row without a raw limit has a bar on its own figure."""

    what: str
    unit: str
    measured: float
    low: float
    high: float
    bar: str
    met: bool | None
    raw: float | None = None
    ratio: float | None = None
    memory_ratio: float | None = None
    kept: int = 1
    dropped: int = 0
    note: str = ""


class Samples(msgspec.Struct):
    """Rates of several sides measured in turn, by side, and how many rounds were dropped for the disk's sake."""

    by_side: dict[str, list[float]]
    dropped: int = 0

    def median(self, side: str) -> float:
        return statistics.median(self.by_side[side])

    def ratio(self, side: str, other: str) -> float:
        return self.median(side) / self.median(other)

    @property
    def kept(self) -> int:
        return min(len(rates) for rates in self.by_side.values())


@dataclass
class Bench:
    """One run: how thorough, where files go, the types in force, and what was measured so far."""

    quick: bool
    folder: Path
    memory_folder: Path | None
    types: TypeRegistry = field(default_factory=lambda: TypeRegistry(shipped_types()))
    rows: list[Row] = field(default_factory=list)

    @property
    def samples(self) -> int:
        """Samples of each row, after one to warm up."""
        return 5 if self.quick else 9

    def media(self) -> list[Path]:
        """Where to measure: on disk, then in memory where the system has a folder there."""
        return [self.folder, self.memory_folder] if self.memory_folder else [self.folder]

    def add(self, row: Row) -> None:
        self.rows.append(row)
        print(f"  {line_of(row)}", flush=True)


@contextlib.contextmanager
def bench(quick: bool) -> Iterator[Bench]:
    """Folders for one run, removed at its end."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tidings-bench-")))
        memory = None
        if os.access(_MEMORY, os.W_OK):
            memory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tidings-bench-", dir=_MEMORY)))
        yield Bench(quick, folder, memory)


def probe(folder: Path) -> float:
    """Seconds that one 4 KB write with fdatasync takes (fsync where the system has no fdatasync)."""
    sync = getattr(os, "fdatasync", os.fsync)
    handle = os.open(folder / "probe", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.pwrite(handle, os.urandom(4096), 0)
        started = time.perf_counter()
        sync(handle)
        return time.perf_counter() - started
    finally:
        os.close(handle)


def settle(folder: Path) -> None:
    """Wait until the disk is calm, for a bounded time."""
    deadline = time.monotonic() + LONGEST_WAIT
    while min(probe(folder) for _ in range(3)) > CALM and time.monotonic() < deadline:
        time.sleep(0.1)


Side = Callable[[int], int | tuple[int, float]]
"""Do the work of round n; how many things were done, and in how many seconds where the side has a better clock."""


def in_turn(
    folder: Path,
    sides: Mapping[str, Side],
    rounds: int,
    ready: Callable[[int], None] | None = None,
    *,
    fixed_order: bool = False,
) -> Samples:
    """``rounds`` rounds of every side in turn, in changing order, after one round to warm up.

    ``ready(n)`` prepares round n outside the clock. A round is dropped whole when a probe around one of its sides was
    slow; where every round was, all are kept rather than none, and told as dropped.
    """
    names = list(sides)
    kept: dict[str, list[float]] = {name: [] for name in names}
    spoiled: dict[str, list[float]] = {name: [] for name in names}
    dropped = 0
    for number in range(rounds + 1):
        if ready:
            ready(number)
        rates, calm = {}, True
        for name in names if fixed_order or number % 2 else reversed(names):
            rate, slowest = _timed(folder, sides[name], number)
            rates[name] = rate
            calm = calm and slowest <= SLOWEST_PROBE
        if number == 0:
            continue
        dropped += not calm
        for name, rate in rates.items():
            (kept if calm else spoiled)[name].append(rate)
    return Samples(kept if dropped < rounds else spoiled, dropped)


def _timed(folder: Path, side: Side, number: int) -> tuple[float, float]:
    """The rate of one side in one round, and the slower of the two probes around it."""
    settle(folder)
    gc.collect()
    before = min(probe(folder) for _ in range(2))
    started = time.perf_counter()
    done = side(number)
    seconds = time.perf_counter() - started
    count, seconds = done if isinstance(done, tuple) else (done, seconds)
    return count / seconds, max(before, probe(folder))


def copy(source: Path, target: Path) -> Path:
    """A closed catalog's file, copied."""
    shutil.copyfile(source, target)
    return target


def percentile(values: list[float], share: float) -> float:
    """The value that ``share`` of all are not above."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def ratio_row(what: str, unit: str, samples: Samples, memory: Samples | None, bar: float, note: str = "") -> Row:
    """A row for the sides ``product`` and ``raw``."""
    return Row(
        what,
        unit,
        samples.median("product"),
        min(samples.by_side["product"]),
        max(samples.by_side["product"]),
        f"≥ {bar:g}",
        samples.ratio("product", "raw") >= bar,
        samples.median("raw"),
        samples.ratio("product", "raw"),
        memory.ratio("product", "raw") if memory else None,
        samples.kept,
        samples.dropped,
        note,
    )


HEADINGS = (
    "what",
    "measured",
    "unit",
    "spread",
    "raw limit",
    "ratio",
    "in memory",
    "bar",
    "met",
    "kept/dropped",
    "note",
)


def cells(row: Row) -> tuple[str, ...]:
    """The row as words."""
    return (
        row.what,
        _number(row.measured),
        row.unit,
        f"{_number(row.low)} … {_number(row.high)}" if row.low != row.high else "",
        "" if row.raw is None else _number(row.raw),
        "" if row.ratio is None else f"{row.ratio:.2f}",
        "" if row.memory_ratio is None else f"{row.memory_ratio:.2f}",
        row.bar,
        {True: "yes", False: "NO", None: ""}[row.met],
        f"{row.kept}/{row.dropped}",
        row.note,
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def line_of(row: Row) -> str:
    """One row while the run goes on."""
    return " | ".join(cell for cell in cells(row) if cell)


def table(rows: list[Row]) -> str:
    """All rows for a terminal."""
    lines = [HEADINGS, *(cells(row) for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def markdown(rows: list[Row]) -> str:
    """All rows for a page."""
    lines = [HEADINGS, tuple("---" for _ in HEADINGS), *(cells(row) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
