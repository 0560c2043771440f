"""Where words go: tables and colours for people on a terminal, JSON lines for programs, notes always on stderr."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from tidings.model.errors import TidingsError
from tidings.model.events import encode

F = TypeVar("F", bound=Callable[..., Any])
Advance = Callable[[str, int, int], None]
"""Told by long work: the stage, how much of it is done, and out of how much (0: not known)."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
MOST_PROBLEMS = 20


class Screen:
    """The two streams of the program. ``people`` says who reads stdout; None finds out."""

    def __init__(self, people: bool | None = None, width: int | None = None) -> None:
        self._people = people
        self._width = width

    def force_json(self) -> None:
        self._people = False

    def prefer_people(self) -> None:
        """For what is a show: people, unless JSON was asked for."""
        if self._people is None:
            self._people = True

    @property
    def people(self) -> bool:
        """Whether a person reads stdout, and not a program."""
        return sys.stdout.isatty() if self._people is None else self._people

    @property
    def out(self) -> Console:
        return Console(highlight=False, force_terminal=sys.stdout.isatty(), width=self._width)

    @property
    def err(self) -> Console:
        return Console(stderr=True, highlight=False, force_terminal=sys.stderr.isatty(), width=self._width)

    def record(self, value: Any) -> None:
        """One JSON line on stdout, there at once."""
        stream = sys.stdout.buffer
        stream.write(encode(value) + b"\n")
        stream.flush()

    def show(self, *things: Any) -> None:
        """Something for people on stdout."""
        for thing in things:
            self.out.print(thing, soft_wrap=isinstance(thing, str | Text))

    def line(self, text: Text) -> None:
        """One line for people on stdout. A narrow terminal folds it: what changed stands at its end."""
        self.out.print(text, soft_wrap=True)

    def note(self, words: str) -> None:
        """A remark on stderr."""
        self.err.print(Text(plain(words), style="dim"), soft_wrap=True)

    def complain(self, error: TidingsError) -> None:
        """An error on stderr, with what exactly is wrong where there are several things."""
        self.err.print(Text.assemble(("error: ", "bold red"), plain(str(error))), soft_wrap=True)
        for problem in error.problems[:MOST_PROBLEMS]:
            where = f"{plain(problem.location)}: " if problem.location else ""
            self.err.print(Text.assemble("  ", (where, "bold"), plain(problem.message)), soft_wrap=True)
        if len(error.problems) > MOST_PROBLEMS:
            self.note(f"  … and {len(error.problems) - MOST_PROBLEMS} more")

    @contextlib.contextmanager
    def progress(self, stage: str) -> Iterator[Advance]:
        """A bar on stderr while something long goes on; nothing where stderr is no terminal."""
        with _bars(self.err) as bars:
            tasks = {stage: bars.add_task(stage, total=None)}

            def advance(stage: str, done: int, total: int) -> None:
                if stage not in tasks:
                    tasks[stage] = bars.add_task(stage, total=None)
                bars.update(tasks[stage], completed=done, total=total or None)

            yield advance


def _bars(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


pass_screen = click.make_pass_decorator(Screen, ensure=True)


def json_option(command: F) -> F:
    """Adds ``--json``."""

    def choose(ctx: click.Context, _: click.Parameter, value: bool) -> None:
        if value:
            ctx.ensure_object(Screen).force_json()

    option = click.option(
        "--json", is_flag=True, expose_value=False, callback=choose, help="JSON lines, also on a terminal."
    )
    return option(command)


def plain(words: object) -> str:
    """Text of a stranger made safe for a terminal: control characters become visible."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found.group()):02x}", str(words))


def table(*headings: str, rows: Iterable[Iterable[object]], title: str | None = None) -> Table:
    """A table of plain values; numbers stand right."""
    drawn = Table(title=title, title_justify="left", header_style="bold")
    kept = [list(row) for row in rows]
    for index, heading in enumerate(headings):
        numeric = bool(kept) and all(isinstance(row[index], int) for row in kept)
        drawn.add_column(heading, justify="right" if numeric else "left", overflow="fold")
    for row in kept:
        drawn.add_row(*[cell if isinstance(cell, Text) else Text(plain(cell)) for cell in row])
    return drawn


def local_time(milliseconds: int, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """A time of the catalog as a clock on this machine shows it."""
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC).astimezone().strftime(form)
