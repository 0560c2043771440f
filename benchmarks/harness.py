"""How everything here is measured: interleaved samples, a probe of the disk around each, medians, and one table."""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from benchmarks.postgres import Cluster
from tidings.model.typemodel import shipped_types
from tidings.store.types import Types
from tidings.write.submit import Actor

CALM = 0.0002
"""Seconds of an fdatasync on a disk that is not throttled."""
SLOWEST_PROBE = 0.001
"""A sample with a slower probe before or after it is dropped."""
LONGEST_WAIT = 3.0
"""Seconds to wait for a calm disk before one sample."""
FEWEST = 5
"""Calm samples that a figure beside a bar needs."""
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
    """Rates of several sides measured in turn, by side, and how many rounds were dropped for the disk's sake.

    Not ``calm``: too few rounds were left, so that the dropped ones stand here as well and nothing can be said of bars.
    """

    by_side: dict[str, list[float]]
    dropped: int = 0
    calm: bool = True

    def median(self, side: str) -> float:
        return statistics.median(self.by_side[side])

    def fastest(self, sides: Sequence[str]) -> str:
        """The one with the highest median."""
        return max(sides, key=self.median)

    def ratio(self, side: str, other: str) -> float:
        return self.median(side) / self.median(other)

    @property
    def kept(self) -> int:
        """Rounds with a calm disk."""
        return min(len(rates) for rates in self.by_side.values()) - (0 if self.calm else self.dropped)


@dataclass
class Bench:
    """One run: how thorough, where files go, the types in force, and what was measured so far."""

    quick: bool
    folder: Path
    memory_folder: Path | None
    at_end: contextlib.ExitStack
    """What is to be let go when the run ends, before its folders go."""
    types: Types = field(default_factory=lambda: Types(shipped_types()))
    rows: list[Row] = field(default_factory=list)
    clusters: dict[Path, Cluster] = field(default_factory=dict)
    """PostgreSQL servers that were started, by the folder of their files."""
    postgres: str = ""
    """Their version, once there was one."""

    @property
    def samples(self) -> int:
        """Calm samples wanted of each row, after one to warm up."""
        return FEWEST if self.quick else 7

    @property
    def most_rounds(self) -> int:
        """Rounds to have data for: the one to warm up, and a few to take the place of dropped ones."""
        return 1 + self.samples + (2 if self.quick else 4)

    @property
    def patience(self) -> float:
        """Seconds that one row may wait for a calm disk, all in all."""
        return 4.0 if self.quick else 30.0

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
        yield Bench(quick, folder, memory, stack)


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


class _Patience:
    """Waiting for a calm disk, each time and all in all for a bounded time."""

    def __init__(self, folder: Path, seconds: float) -> None:
        self._folder = folder
        self._left = seconds

    def settle(self) -> float:
        """Wait; the last probe."""
        started = time.monotonic()
        while (last := min(probe(self._folder) for _ in range(3))) > CALM:
            waited = time.monotonic() - started
            if waited > min(LONGEST_WAIT, self._left):
                break
            time.sleep(0.1)
        self._left -= time.monotonic() - started
        return last


Side = Callable[[int], int | tuple[int, float]]
"""Do the work of round n; how many things were done, and in how many seconds where the side has a better clock."""


def in_turn(
    bench: Bench,
    folder: Path,
    sides: Mapping[str, Side],
    ready: Callable[[int], None] | None = None,
    *,
    fixed_order: bool = False,
    samples: int = 0,
) -> Samples:
    """Every side in turn, in changing order, round by round until there are enough calm samples or no more rounds.

    The first round warms up. ``ready(n)`` prepares round n outside the clock. A round is dropped whole when a probe
    around one of its sides was slow.
    """
    wanted = samples or bench.samples
    most = wanted + bench.most_rounds - bench.samples
    names = list(sides)
    patience = _Patience(folder, bench.patience)
    rounds: list[tuple[bool, dict[str, float]]] = []
    for number in range(most):
        if sum(calm for calm, _ in rounds) == wanted:
            break
        if ready:
            ready(number)
        rates, slowest = {}, 0.0
        for name in names if fixed_order or number % 2 else reversed(names):
            rates[name], slower = _timed(folder, patience, sides[name], number)
            slowest = max(slowest, slower)
        if number:
            rounds.append((slowest <= SLOWEST_PROBE, rates))
    kept = [rates for calm, rates in rounds if calm]
    enough = len(kept) >= min(wanted, FEWEST)
    shown = kept if enough else [rates for _, rates in rounds]
    by_side = {name: [rates[name] for rates in shown] for name in names}
    return Samples(by_side, len(rounds) - len(kept), enough)


def _timed(folder: Path, patience: _Patience, side: Side, number: int) -> tuple[float, float]:
    """The rate of one side in one round, and the slower of the two probes around it."""
    gc.collect()
    gc.freeze()  # what the harness holds is nothing that the product would look over
    before = patience.settle()
    started = time.perf_counter()
    done = side(number)
    seconds = time.perf_counter() - started
    count, seconds = done if isinstance(done, tuple) else (done, seconds)
    return count / seconds, max(before, probe(folder))


def copy(source: Path, target: Path) -> Path:
    """A closed catalog's file, copied; on disk when this returns, so that no sample pays for it."""
    shutil.copyfile(source, target)
    with target.open("rb") as file:
        os.fsync(file.fileno())
    return target


def percentile(values: list[float], share: float) -> float:
    """The value that ``share`` of all are not above."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def row_of(
    what: str,
    unit: str,
    found: Sequence[Samples],
    sides: tuple[str, Sequence[str]],
    bar: tuple[str, float | None],
    note: str,
) -> Row:
    """A row for a side and its limit, measured on disk and perhaps in memory; ``bar`` as text and as least ratio.

    Where several sides may be the limit, the fastest of them is.
    """
    samples = found[0]
    side, limits = sides
    rates = samples.by_side[side]
    limit = samples.fastest(limits)
    ratio = samples.ratio(side, limit)
    notes = [note, f"the limit: {limit}" if len(limits) > 1 else ""]
    notes.append("" if samples.calm else "too few samples with a calm disk, so all are shown")
    return Row(
        what,
        unit,
        samples.median(side),
        min(rates),
        max(rates),
        bar[0],
        ratio >= bar[1] if bar[1] is not None and samples.calm else None,
        samples.median(limit),
        ratio,
        found[1].ratio(side, found[1].fastest(limits)) if len(found) > 1 else None,
        samples.kept,
        samples.dropped,
        "; ".join(filter(None, notes)),
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
        {True: "yes", False: "NO", None: "?" if row.bar else ""}[row.met],
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
