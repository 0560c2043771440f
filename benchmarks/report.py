"""Keeping what was measured: the table in the documentation, one line in the history."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

import apsw
import msgspec

from benchmarks.harness import Row, markdown

PAGE = Path(__file__).parent.parent / "docs" / "explanation" / "performance.md"
HISTORY = Path(__file__).parent / "history.jsonl"
START, END = "<!-- bench -->", "<!-- /bench -->"


def machine() -> str:
    """What the figures were measured on."""
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores ({platform.machine()}, {platform.system()}), "
        f"Python {platform.python_version()}, SQLite {apsw.sqlite_lib_version()}"
    )


def write(rows: list[Row], command: str) -> None:
    """Put the table between the page's markers, and the ratios at the end of the history."""
    text = PAGE.read_text("utf-8")
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    table = f"\n\nMade with `{command}`: {machine()}.\n\n{markdown(rows)}\n\n"
    PAGE.write_text(f"{before}{START}{table}{END}{after}", "utf-8")
    line = {
        "time": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "command": command,
        "machine": machine(),
        "ratios": {row.what: [_short(row.ratio), _short(row.memory_ratio)] for row in rows if row.ratio is not None},
        "measured": {row.what: _short(row.measured) for row in rows},
    }
    with HISTORY.open("ab") as history:
        history.write(msgspec.json.encode(line) + b"\n")


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")
