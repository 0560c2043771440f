"""``python -m benchmarks.history``: the ratios of the last run beside those of earlier ones, so that a loss is seen.

A ratio is the product beside the raw loop of the same run, so runs on different days can be compared; runs on machines of
another kind are left out.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from benchmarks.harness import Row

HISTORY = Path(__file__).parent / "history.jsonl"
LOSS = 0.8
"""A ratio below so much of the median of earlier runs is a loss."""
_KIND = re.compile(r"\d+ cores \([^)]*\)")


class Line(msgspec.Struct):
    """One run. ``ratios`` by row: on disk, then in memory."""

    time: str
    command: str
    machine: str
    ratios: dict[str, tuple[float | None, float | None]]
    measured: dict[str, float]

    @property
    def kind(self) -> str:
        """What machines must share to be compared: cores, processor, system."""
        found = _KIND.search(self.machine)
        return found[0] if found else self.machine


class Change(msgspec.Struct):
    """One row's ratio beside the median of earlier runs; none where there are none."""

    what: str
    last: float
    before: float | None
    runs: int

    @property
    def is_loss(self) -> bool:
        return self.before is not None and self.last < LOSS * self.before


def line_of(rows: Sequence[Row], arguments: Sequence[str], machine: str) -> Line:
    """A run as the history keeps it."""
    return Line(
        f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        " ".join(["python -m benchmarks", *arguments]),
        machine,
        {row.what: (_short(row.ratio), _short(row.memory_ratio)) for row in rows if row.ratio is not None},
        {row.what: float(f"{row.measured:.4g}") for row in rows},
    )


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")


def keep(line: Line) -> None:
    """Put it at the end of the history."""
    with HISTORY.open("ab") as history:
        history.write(msgspec.json.encode(line) + b"\n")


def earlier() -> list[Line]:
    """Every run that was kept, oldest first."""
    if not HISTORY.exists():
        return []
    return [msgspec.json.decode(line, type=Line) for line in HISTORY.read_bytes().splitlines()]


def changes(last: Line, before: Sequence[Line]) -> list[Change]:
    """Each ratio of a run beside the median of earlier runs on machines of its kind; in memory where it was measured there
    in all of them, since no disk has a say in that."""
    alike = [line for line in before if line.kind == last.kind]
    found = []
    for what, ratios in last.ratios.items():
        others = [line.ratios[what] for line in alike if what in line.ratios]
        for place, where in ((0, ""), (1, ", in memory")):
            ratio = ratios[place]
            known = [one for other in others if (one := other[place]) is not None]
            if ratio is not None:
                found.append(Change(f"{what}{where}", ratio, statistics.median(known) if known else None, len(known)))
    return found


def table(found: Sequence[Change]) -> str:
    """All changes for a terminal, losses marked."""
    width = max([len(one.what) for one in found], default=0)
    lines = [f"{'ratio of':<{width}}   last  before  runs"]
    for one in found:
        before = "      " if one.before is None else f"{one.before:6.2f}"
        mark = ""
        if one.is_loss and one.before is not None:
            mark = f"  LOSS: {100 * (1 - one.last / one.before):.0f} % less"
        lines.append(f"{one.what:<{width}}  {one.last:5.2f}  {before}  {one.runs:4}{mark}")
    losses = sum(one.is_loss for one in found)
    lines.append(
        f"{losses} of {len(found)} ratios lost more than {100 * (1 - LOSS):.0f} % against the median of earlier runs"
    )
    return "\n".join(lines)


def compared(line: Line) -> str:
    """A run that was not kept yet beside all that were."""
    return table(changes(line, earlier()))


def main(arguments: list[str]) -> int:
    """0, whatever was lost; with ``--strict`` 1 where something was."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.history", description=__doc__)
    parser.add_argument("--strict", action="store_true", help="end with 1 where a ratio was lost")
    options = parser.parse_args(arguments)
    runs = earlier()
    if not runs:
        print("no run was kept yet; python -m benchmarks --write keeps one")
        return 0
    *before, last = runs
    found = changes(last, before)
    print(f"{last.time}, {last.command}, {last.machine}\n\n{table(found)}")
    return 1 if options.strict and any(one.is_loss for one in found) else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
