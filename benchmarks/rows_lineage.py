"""Lineage: walking from one table to everything that was made of it, beside one recursive statement over the same file."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.data import Warehouse
from benchmarks.harness import ME, Bench, in_turn, row_of
from tidings.read.lineage import levels, steps
from tidings.store.sqlite import SqliteStore
from tidings.store.sqlite.database import connect
from tidings.write.commands import EntityInput, Save
from tidings.write.submit import submit

DESCENDANTS = 100_000
BAR = 0.3
WIDEST = 6_000
"""Tables of one layer; with it there are some twenty layers."""
WITHOUT_END = 1_000_000
_DOWNSTREAM = """
WITH RECURSIVE reached (id) AS (
    SELECT ?1
    UNION
    SELECT l.end2 FROM reached CROSS JOIN link AS l ON l.end1 = reached.id AND l.relationship = ?3
    CROSS JOIN asset AS a ON a.id = l.end2 WHERE a.status = 0
    UNION
    SELECT l.end1 FROM reached CROSS JOIN link AS l ON l.end2 = reached.id AND l.relationship = ?2
    CROSS JOIN asset AS a ON a.id = l.end1 WHERE a.status = 0
)
SELECT id FROM reached
"""


class _Flow:
    """A made-up flow: layers of tables, processes between them that read one to three tables and write one to three.

    Tables that two processes write or read make diamonds; the last process writes into the second layer, a cycle.
    """

    def __init__(self) -> None:
        self.tables = 1
        self.processes: list[tuple[list[int], list[int]]] = []
        rng = random.Random(11)
        layer = [0]
        while self.tables + len(self.processes) <= DESCENDANTS:
            layer = self._next(layer, rng)
        self.processes[-1][1].append(1)

    def _next(self, layer: list[int], rng: random.Random) -> list[int]:
        made: list[int] = []
        wanted = min(WIDEST, 3 * len(layer))
        while len(made) < wanted and self.tables + len(self.processes) <= DESCENDANTS:
            inputs = sorted({rng.choice(layer) for _ in range(rng.choice((1, 1, 2, 3)))})
            left = DESCENDANTS - self.tables - len(self.processes)
            fresh = [*range(self.tables, self.tables + min(rng.choice((1, 1, 2, 3)), left))]
            self.tables += len(fresh)
            shared = [rng.choice(made)] if made and rng.random() < 0.2 else []
            self.processes.append((inputs, [*fresh, *shared] or [1]))
            made += fresh
        return made

    def assets(self) -> Iterator[EntityInput]:
        """All tables, then all processes."""
        warehouse = Warehouse()
        names = []
        for number in range(self.tables):
            attributes = {key: value for key, value in warehouse.table(number).items() if key != "atlanSchema"}
            names.append(attributes["qualifiedName"])
            yield EntityInput("Table", attributes=attributes)
        for number, (inputs, outputs) in enumerate(self.processes):
            ends = {
                "inputs": [_table(names[one]) for one in inputs],
                "outputs": [_table(names[one]) for one in outputs],
            }
            name = f"load {number}"
            yield EntityInput("Process", attributes={"name": name, "qualifiedName": f"default/loads/1/{name}", **ends})


def _table(name: str) -> dict[str, Any]:
    return {"typeName": "Table", "uniqueAttributes": {"qualifiedName": name}}


def _catalog(bench: Bench) -> tuple[Path, int]:
    """A closed catalog of such a flow, and the internal id of its first table."""
    path = bench.folder / "lineage.db"
    store = SqliteStore(str(path))
    assets = [*_Flow().assets()]
    for first in range(0, len(assets), 1000):
        submit(store, bench.types, Save(assets[first : first + 1000]), ME)
    with store.snapshot() as snapshot:
        [start] = snapshot.names_by_name([str((assets[0].attributes or {})["qualifiedName"])])
    store.close()
    return path, start.id


def walk(bench: Bench) -> None:
    """Ids of all descendants, by the library and by the statement; what is read is in memory, so the disk has no say."""
    path, start = _catalog(bench)
    store = SqliteStore(str(path))
    connection = connect(str(path))
    numbers: dict[str, int] = {
        name: number for number, name in connection.execute("SELECT number, name FROM relationship")
    }
    found: dict[str, set[int]] = {}

    def library(_number: int) -> int:
        with store.snapshot() as snapshot:
            step = steps("OUTPUT", bench.types.of(snapshot), snapshot)
            found["library"] = {own for level in levels(start, step, WITHOUT_END) for own in level}
        return len(found["library"])

    def statement(_number: int) -> int:
        given = (start, numbers["catalog_process_inputs"], numbers["process_catalog_outputs"])
        found["statement"] = {own for (own,) in connection.execute(_DOWNSTREAM, given)} - {start}
        return len(found["statement"])

    samples = in_turn(bench, bench.memory_folder or bench.folder, {"library": library, "statement": statement})
    connection.close()
    store.close()
    if found["library"] != found["statement"] or len(found["library"]) != DESCENDANTS:
        raise RuntimeError(
            f"the walk found {len(found['library']):,} assets, the statement {len(found['statement']):,}"
        )
    seconds = DESCENDANTS / samples.median("library")
    row = row_of(
        f"lineage walk to {DESCENDANTS:,} descendants", "assets/s", [samples], ("library", ["statement"]),
        (f"≤ {BAR} s", None), f"{seconds:.2f} s; the limit is one recursive statement",
    )  # fmt: skip
    row.met = seconds <= BAR if samples.calm else None
    bench.add(row)
