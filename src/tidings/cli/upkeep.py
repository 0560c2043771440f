"""``tidings backup`` and ``tidings check``: care for the catalog's file, also while a server has it open."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import click
from rich.text import Text

from tidings import wiring
from tidings.cli.screen import Screen, json_option, pass_screen, plain
from tidings.cli.settings import settings_options
from tidings.config import Config
from tidings.read import integrity


@click.command()
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
@settings_options("database")
@json_option
@pass_screen
def backup(screen: Screen, target: Path, config: Config) -> None:
    """Copy the catalog to a new file.

    A server may go on writing meanwhile: the copy is one moment of the catalog, whole and consistent. To use it,
    serve it: --database sqlite:///TARGET.
    """
    with contextlib.closing(wiring.open_to_read(config)) as store, screen.progress("copying pages") as advance:
        store.backup(str(target), lambda done, total: advance("copying pages", done, total))
    size = target.stat().st_size
    if screen.people:
        screen.show(f"{plain(target)} holds the whole catalog ({size / 1024**2:,.1f} MiB)")
    else:
        screen.record({"target": str(target), "bytes": size})


@click.command()
@settings_options("database")
@json_option
@pass_screen
def check(screen: Screen, config: Config) -> None:
    """Check that the catalog is sound.

    Looks at its file, its assets, and whether the log tells how they came to be. Ends with 1 where anything is wrong.
    """
    with contextlib.closing(wiring.open_to_read(config)) as store, screen.progress("checking") as advance:
        report = integrity.inspect(store, wiring.load_types(), advance)
    if screen.people:
        _show(screen, report)
    else:
        counts = {
            "assets": report.assets,
            "events": report.events,
            "links": report.links,
            "firstPosition": report.first,
        }
        screen.record(
            {"sound": report.is_sound, **counts, "problemCount": report.problem_count, "problems": report.problems}
        )
    if not report.is_sound:
        sys.exit(1)


def _show(screen: Screen, report: integrity.Report) -> None:
    for problem in report.problems:
        screen.show(Text.assemble(("✗ ", "bold red"), plain(problem)))
    looked = f"{report.assets:,} assets, {report.links:,} links and {report.events:,} events"
    if report.first > 1:
        looked += (
            f"; the log begins with position {report.first:,}, and what is not told from there on was not looked at"
        )
    if not report.is_sound:
        screen.show(Text(f"{report.problem_count} problems in {looked}; restore a backup", style="bold red"))
    else:
        screen.show(Text.assemble(("✓ ", "bold green"), f"sound: {looked}"))
