"""``python -m benchmarks``: measure everything, print one table."""

from __future__ import annotations

import argparse
import fnmatch
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from benchmarks import (
    harness,
    history,
    report,
    rows_delete,
    rows_http,
    rows_lineage,
    rows_postgres,
    rows_save,
    rows_server,
    rows_tags,
)
from benchmarks.media import POSTGRES, SQLITE

SECTIONS: dict[str, Callable[[harness.Bench], None]] = {
    **{name: partial(rows_save.save, name=name, body=SQLITE) for name in rows_save.SHAPES},
    "save-again": partial(rows_save.save_again, body=SQLITE),
    **{name: partial(rows_http.save, name=name) for name in rows_http.SHAPES},
    "purge": partial(rows_delete.purge, body=SQLITE),
    "purge-large": rows_delete.purge_large,
    "propagation": rows_tags.propagation,
    "lineage": rows_lineage.walk,
    "tail": partial(rows_http.tail, body=SQLITE),
    "live": rows_server.live_tail,
    "fan-out": rows_server.fan_out,
    "get": rows_http.get_by_guid,
    "server": rows_server.start_and_memory,
    "growth": partial(rows_server.growth, body=SQLITE),
    **{f"postgres-{name}": partial(rows_save.save, name=name, body=POSTGRES) for name in rows_save.SHAPES},
    "postgres-save-again": partial(rows_save.save_again, body=POSTGRES),
    **{f"postgres-{name}": partial(rows_postgres.save, name=name) for name in rows_http.SHAPES},
    "postgres-purge": partial(rows_delete.purge, body=POSTGRES),
    "postgres-tail": partial(rows_http.tail, body=POSTGRES),
    "postgres-live": rows_postgres.live_tail,
    "postgres-get": rows_postgres.get_by_guid,
    "postgres-takeover": rows_postgres.takeover,
    "postgres-growth": partial(rows_server.growth, body=POSTGRES),
}
"""Everything that can be measured, by the name that ``--only`` takes."""
DAILY = (
    "save-1x32", "save-20", "save-1000", "save-again", "http-20", "purge", "get",
    "postgres-save-20", "postgres-save-1000", "postgres-http-20", "postgres-live",
)  # fmt: skip
"""What a quick run measures where nothing was named: the most telling of both databases, in less than two minutes."""


def main(arguments: list[str]) -> int:
    """Run what was asked for; 0 also where bars are missed, since timing decides nothing."""
    options = _parse(arguments)
    asked = options.only or (DAILY if options.quick else ["*"])
    wanted = [name for name in SECTIONS if any(fnmatch.fnmatch(name, one) for one in asked)]
    if not wanted:
        print(f"nothing is named {options.only}; known: {' '.join(SECTIONS)}", file=sys.stderr)
        return 2
    started = time.monotonic()
    with harness.bench(options.quick) as bench:
        for name in wanted:
            print(f"{name} … ({time.monotonic() - started:.0f} s)", flush=True)
            SECTIONS[name](bench)
        machine = report.machine(bench)
    print(f"\n{harness.table(bench.rows)}\n\n{machine}; {time.monotonic() - started:.0f} s in all")
    print(f"\n{history.compared(history.line_of(bench.rows, arguments, machine))}")
    if options.json:
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(bench.rows)) + b"\n")
    if options.markdown:
        options.markdown.write_text(f"{harness.markdown(bench.rows)}\n", "utf-8")
    if options.write:
        report.write(bench.rows, arguments, machine)
    return 0


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the most telling rows, with few samples")
    parser.add_argument("--only", action="append", metavar="NAME", help=f"one of: {' '.join(SECTIONS)}; may hold *")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows as JSON")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table as Markdown")
    parser.add_argument("--write", action="store_true", help="keep the table in the documentation and in the history")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
