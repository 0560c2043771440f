"""The history of measured ratios: what is compared with what, and what counts as a loss."""

from __future__ import annotations

from benchmarks import history
from benchmarks.history import Change, Line, changes, table

MACHINE = "2026-11-21, 2 cores (x86_64, Linux), Python 3.11.7"


def line(ratio: float | None, memory: float | None = None, machine: str = MACHINE, what: str = "save") -> Line:
    return Line("2026-11-21T00:00:00Z", "python -m benchmarks", machine, {what: (ratio, memory)}, {what: 1.0})


def test_a_ratio_stands_beside_the_median_of_earlier_runs() -> None:
    before = [line(0.5), line(0.7), line(0.6)]
    assert changes(line(0.55), before) == [Change("save", 0.55, 0.6, 3)]


def test_runs_on_another_kind_of_machine_are_left_out() -> None:
    other = MACHINE.replace("2 cores", "8 cores")
    newer = MACHINE.replace("2026-11-21", "2027-01-01").replace("3.11.7", "3.13.0")
    assert changes(line(0.5), [line(0.9, machine=other), line(0.6, machine=newer)]) == [Change("save", 0.5, 0.6, 1)]


def test_what_was_never_measured_before_is_no_loss() -> None:
    [found] = changes(line(0.1), [line(0.9, what="purge")])
    assert found.before is None
    assert not found.is_loss


def test_disk_and_memory_are_compared_apart() -> None:
    assert changes(line(0.5, 0.3), [line(0.5, 0.4), line(0.5)]) == [
        Change("save", 0.5, 0.5, 2),
        Change("save, in memory", 0.3, 0.4, 1),
    ]


def test_a_loss_is_more_than_a_fifth_and_is_marked() -> None:
    found = changes(line(0.39), [line(0.5)]) + changes(line(0.41), [line(0.5)])
    assert [one.is_loss for one in found] == [True, False]
    told = table(found).splitlines()
    assert "LOSS: 22 % less" in told[1]
    assert "LOSS" not in told[2]
    assert told[-1].startswith("1 of 2 ratios lost")


def test_what_was_kept_can_be_read() -> None:
    runs = history.earlier()
    assert runs
    assert all(one.ratios and one.kind for one in runs)
