"""``tidings snapshot``: every asset as of one position of the log."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import click

from tidings.cli.connect import connected
from tidings.cli.screen import Screen, pass_screen, plain
from tidings.client import Client
from tidings.model.events import encode

SHOWN_EVERY = 500


@click.command()
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Write to FILE, whole or not at all; without it to stdout.")  # fmt: skip
@click.option("--type", "types", multiple=True, metavar="TYPE", help="Only assets of this type; may be repeated.")
@click.option("--prefix", default="", help="Only assets whose qualifiedName begins so.")
@connected
@pass_screen
def snapshot(screen: Screen, client: Client, output: Path | None, types: tuple[str, ...], prefix: str) -> None:
    """Read every asset as of one position, as JSON lines.

    The first line has the position, the last one the number of assets: without it the snapshot is not whole. Go on from the
    position with «tidings tail --after».
    """
    counts = client.status()["assets"]
    total = 0 if types or prefix else counts["active"] + counts["archived"]
    with screen.progress("assets") as advance, client.snapshot(type_names=types, name_prefix=prefix) as found:
        with _target(output) as target:
            target.write(
                encode({"position": found.position, "catalogId": found.catalog_id, "time": found.time}) + b"\n"
            )
            count = 0
            for count, line in enumerate(found.lines(), 1):
                target.write(line + b"\n")
                if count % SHOWN_EVERY == 0:
                    advance("assets", count, total)
            target.write(encode({"end": True, "assets": count, "position": found.position}) + b"\n")
        advance("assets", count, count)
    where = f" in {plain(output)}" if output else ""
    screen.note(
        f"{count:,} assets as of position {found.position}{where}; go on with: tidings tail --after {found.position}"
    )


@contextlib.contextmanager
def _target(output: Path | None) -> Iterator[IO[bytes]]:
    """Where to write; a file has its name only once it is whole."""
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    partial = output.with_name(output.name + ".partial")
    try:
        with partial.open("wb") as file:
            yield file
        partial.replace(output)
    finally:
        partial.unlink(missing_ok=True)
