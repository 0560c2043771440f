"""``tidings purge-connection``."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import click

from tidings.cli.connect import connected
from tidings.cli.remove import nobody_to_ask, somebody_is_there
from tidings.cli.screen import Screen, json_option, pass_screen, plain, table
from tidings.client import Client, DeleteType, JsonObject


@click.command("purge-connection")
@click.argument("qualified_name")
@click.option("--archive", is_flag=True, help="Archive instead, which can be undone asset by asset with restore.")
@click.option("--dry-run", is_flag=True, help="Delete nothing; count by type what would be.")
@click.option("--yes", is_flag=True, help="Do not ask; a purge needs it where there is no terminal to ask on.")
@json_option
@connected
@pass_screen
def purge_connection(
    screen: Screen, client: Client, qualified_name: str, archive: bool, dry_run: bool, yes: bool
) -> None:
    """Remove a connection and all that is under it, for good.

    One event for each asset. What was interrupted, in whatever way, is taken up where it was by the same command.
    """
    delete_type: DeleteType = "SOFT" if archive else "PURGE"
    ask = somebody_is_there() and not yes
    if not (ask or yes or dry_run or archive):
        raise nobody_to_ask()
    if dry_run or ask:
        found = client.delete_connection(qualified_name, delete_type=delete_type, dry_run=True)
        if dry_run:
            _show(screen, found, f"would be {_done(archive)}")
            return
        if not _agreed(qualified_name, found["total"], archive):
            screen.note(f"nothing was {_done(archive)}")
            return
    with _progress(screen, _done(archive)) as progress:
        answer = client.delete_connection(qualified_name, delete_type=delete_type, progress=progress)
    _show(screen, answer, _done(archive))


@contextlib.contextmanager
def _progress(screen: Screen, verb: str) -> Iterator[Callable[[int, int], None]]:
    """A bar. Where Ctrl-C takes it away, a note says how far it was, also to whoever saw no bar."""
    stage = f"{verb} assets"
    reached = "stopped before the server said how far it is"

    def tell(done: int, total: int) -> None:
        nonlocal reached
        reached = f"stopped: {done:,} of {total:,} assets {verb} so far"
        advance(stage, done, total)

    try:
        with screen.progress(stage) as advance:
            yield tell
    except KeyboardInterrupt:
        screen.note(f"{reached}; run the same command again to go on")
        raise


def _done(archive: bool) -> str:
    return "archived" if archive else "purged"


def _agreed(qualified_name: str, total: int, archive: bool) -> bool:
    how = "Archive" if archive else "Remove for good"
    return click.confirm(f"{how} {plain(qualified_name)} and all under it, {total:,} assets?", err=True)


def _show(screen: Screen, answer: JsonObject, done: str) -> None:
    if not screen.people:
        screen.record(answer)
        return
    if answer["deleted"]:
        screen.show(table("type", done, rows=answer["deleted"].items()))
    where = f", positions {answer['firstPosition']:,} to {answer['lastPosition']:,}" if answer.get("cause") else ""
    earlier = ", what an earlier run did included" if answer.get("resumed") else ""
    screen.show(f"{answer['total']:,} assets {done}{where}{earlier}")
