"""``tidings copy``: a whole catalog to another database."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

import click
from rich.text import Text

from tidings import wiring
from tidings.cli.screen import Advance, Screen, json_option, pass_screen, plain, table
from tidings.config import Config
from tidings.model.errors import ConfigError
from tidings.read.integrity import inspect_snapshot
from tidings.store.base import Store
from tidings.store.copying import Copied
from tidings.store.copying import copy as carry


@click.command()
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@json_option
@pass_screen
def copy(screen: Screen, source: str, target: str) -> None:
    """Copy a whole catalog to another database.

    From SQLite to PostgreSQL, back, or between two of a kind.

    FROM and TO are addresses as in the setting «database». TO must be new or empty. State, log, positions, tokens and
    the catalog's id go along; everything is read back, and both sides are checked. What was interrupted, in whatever way,
    is taken up where it was by the same command; until it is done nothing else opens TO.

    FROM may be in use, and is copied as it is when the copy begins. Moving house, stop its servers first.
    """
    types = wiring.load_types()
    with _opened(Config(database=source), Config(database=target)) as (there, here), _progress(screen) as advance:
        copied = carry(there, here, lambda found, tell: inspect_snapshot(found, types, tell), advance)
        head = there.head()
    _show(screen, copied, head)
    if copied.problems:
        sys.exit(1)


@contextlib.contextmanager
def _opened(source: Config, target: Config) -> Iterator[tuple[Store, Store]]:
    if not target.is_postgres and target.database_path is None:
        raise ConfigError("a copy in memory would be gone at once; name a file or a schema of PostgreSQL")
    with contextlib.closing(wiring.open_to_read(source)) as there:
        if wiring.is_same_place(source, target):
            raise ConfigError("FROM and TO are the same database")
        with contextlib.closing(wiring.open_to_copy(target)) as here:
            yield there, here


@contextlib.contextmanager
def _progress(screen: Screen) -> Iterator[Advance]:
    """Bars. Where Ctrl-C takes them away, a note says that nothing is lost."""
    try:
        with screen.progress("looking") as advance:
            yield advance
    except KeyboardInterrupt:
        screen.note("stopped; what was copied so far is kept: run the same command again to go on")
        raise


def _show(screen: Screen, copied: Copied, head: int) -> None:
    if not screen.people:
        screen.record(
            {
                "catalogId": copied.catalog_id,
                "position": copied.position,
                "sourcePosition": head,
                "rows": copied.rows,
                "verified": not copied.problems,
                "problems": copied.problems,
            }
        )
        return
    for problem in copied.problems:
        screen.show(Text.assemble(("✗ ", "bold red"), plain(problem)))
    if copied.problems:
        done = "the copy is not what it should be; remove it" if copied.rows else "nothing was copied; restore a backup"
        screen.show(Text(done, style="bold red"))
        return
    screen.show(table("table", "rows", rows=copied.rows.items()))
    screen.show(
        Text.assemble(
            ("✓ ", "bold green"),
            f"copied up to position {copied.position:,}: every row is the same, both catalogs are sound, and both logs "
            "tell one state",
        )
    )
    if head > copied.position:
        screen.show(
            Text(f"the source has gone on to position {head:,} meanwhile; that is not in the copy", style="yellow")
        )
