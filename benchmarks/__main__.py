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

from benchmarks import harness, report, rows_delete, rows_http, rows_lineage, rows_save, rows_server, rows_tags

SECTIONS: dict[str, Callable[[harness.Bench], None]] = {
    **{name: partial(rows_save.save, name=name) for name in rows_save.SHAPES},
    "save-again": rows_save.save_again,
    **{name: partial(rows_http.save, name=name) for name in rows_http.SHAPES},
    "purge": rows_delete.purge,
    "purge-large": rows_delete.purge_large,
    "propagation": rows_tags.propagation,
    "lineage": rows_lineage.walk,
    "tail": rows_http.tail,
    "live": rows_server.live_tail,
    "fan-out": rows_server.fan_out,
    "get": rows_http.get_by_guid,
    "server": rows_server.start_and_memory,
    "growth": rows_server.growth,
}
"""Everything that can be measured, by the name that ``--only`` takes."""


def main(arguments: list[str]) -> int:
    """Run what was asked for; 0 also where bars are missed, since timing decides nothing."""
    options = _parse(arguments)
    wanted = [name for name in SECTIONS if not options.only or any(fnmatch.fnmatch(name, one) for one in options.only)]
    if not wanted:
        print(f"nothing is named {options.only}; known: {' '.join(SECTIONS)}", file=sys.stderr)
        return 2
    started = time.monotonic()
    with harness.bench(options.quick) as bench:
        for name in wanted:
            print(f"{name} … ({time.monotonic() - started:.0f} s)", flush=True)
            SECTIONS[name](bench)
    print(f"\n{harness.table(bench.rows)}\n\n{report.machine()}; {time.monotonic() - started:.0f} s in all")
    if options.json:
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(bench.rows)) + b"\n")
    if options.markdown:
        options.markdown.write_text(f"{harness.markdown(bench.rows)}\n", "utf-8")
    if options.write:
        report.write(bench.rows, " ".join(["python -m benchmarks", *arguments]))
    return 0


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few samples, no catalog of a million assets")
    parser.add_argument("--only", action="append", metavar="NAME", help=f"one of: {' '.join(SECTIONS)}; may hold *")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows as JSON")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table as Markdown")
    parser.add_argument("--write", action="store_true", help="keep the table in the documentation and in the history")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
