"""Keeping what was measured: the table in the documentation, one line in the history."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import apsw

from benchmarks import history
from benchmarks.harness import Bench, Row, markdown
from benchmarks.postgres import SETTINGS

PAGE = Path(__file__).parent.parent / "docs" / "explanation" / "performance.md"
START, END = "<!-- bench -->", "<!-- /bench -->"


def machine(bench: Bench) -> str:
    """What the figures were measured on. PostgreSQL's settings are those that it did not come with, or that promises hang on."""
    told = (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores ({platform.machine()}, {platform.system()}), "
        f"Python {platform.python_version()}, SQLite {apsw.sqlite_lib_version()}"
    )
    if bench.postgres:
        settings = ", ".join(f"{name} {value}" for name, value in SETTINGS.items())
        told += f", PostgreSQL {bench.postgres} ({settings})"
    return told


def write(rows: list[Row], arguments: Sequence[str], machine: str) -> None:
    """Put the table between the page's markers, and the ratios at the end of the history."""
    line = history.line_of(rows, arguments, machine)
    text = PAGE.read_text("utf-8")
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    table = f"\n\nMade with `{line.command}`: {machine}.\n\n{markdown(rows)}\n\n"
    PAGE.write_text(f"{before}{START}{table}{END}{after}", "utf-8")
    history.keep(line)
