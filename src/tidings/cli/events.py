"""``tidings events`` and ``tidings history``: what has happened."""

from __future__ import annotations

import click

from tidings.cli.answers import show_event
from tidings.cli.connect import connected
from tidings.cli.screen import Screen, json_option, pass_screen
from tidings.cli.wanted import filter_options, form_option, warn_of_unknown_types
from tidings.client import Client, Form
from tidings.model.events import LogFilter

LARGEST_PAGE = 1000


@click.command()
@click.option("--after", type=click.IntRange(min=0), metavar="POSITION",
              help="Begin behind this position; without it, with the first that is left.")  # fmt: skip
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="Events at most.")
@filter_options
@form_option
@json_option
@connected
@pass_screen
def events(screen: Screen, client: Client, after: int | None, limit: int, wanted: LogFilter, form: Form) -> None:
    """Show events of the log, the oldest first."""
    warn_of_unknown_types(screen, client, wanted)
    if after is None:
        after = _before_first(screen, client)
    shown, head = 0, after + 1
    while shown < limit and after < head:
        page = client.events(after, min(limit - shown, LARGEST_PAGE), wanted)
        for event in page.events:
            position = event["tidings"]["position"]
            if form == "wire":
                del event["tidings"]
            show_event(screen, event, position)
        shown, after, head = shown + len(page.events), page.next, page.head
    if shown >= limit and after < head:
        screen.note(f"there is more: go on with --after {after}, or ask for more with --limit")
    elif not shown:
        screen.note("no events")


@click.command()
@click.argument("guid")
@json_option
@connected
@pass_screen
def history(screen: Screen, client: Client, guid: str) -> None:
    """Show everything that happened to one asset.

    Also to one that was purged; as far back as the log is kept.
    """
    _before_first(screen, client)
    shown = 0
    for event in client.history(guid):
        show_event(screen, event, event["tidings"]["position"])
        shown += 1
    if not shown:
        screen.note(f"the log has nothing that happened to {guid}; is the guid right?")


def _before_first(screen: Screen, client: Client) -> int:
    """The position before the first that is left; a note where that is not the beginning."""
    first = int(client.status()["firstPosition"])
    if first > 1:
        screen.note(f"the log begins with position {first}: what was before it is no longer kept")
    return first - 1
