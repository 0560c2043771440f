"""``tidings cursors``: how far each consumer of the log has come."""

from __future__ import annotations

import click

from tidings.cli.connect import connected
from tidings.cli.screen import Screen, json_option, local_time, pass_screen, table
from tidings.client import Client, JsonObject


@click.group()
def cursors() -> None:
    """List, set and remove consumers' cursors.

    A cursor is a place in the log that the catalog keeps for a consumer.
    """


@cursors.command("list")
@json_option
@connected
@pass_screen
def list_cursors(screen: Screen, client: Client) -> None:
    """List how far every consumer has come."""
    known = client.cursors()
    if screen.people:
        headings = ("name", "position", "behind", "lost", "moved", "held by")
        screen.show(table(*headings, rows=map(_row, known)))
        return
    for one in known:
        screen.record(one)


def _row(one: JsonObject) -> tuple[object, ...]:
    holder = f"{one['lease']['holder']} until {local_time(one['lease']['until'])}" if one["lease"] else ""
    return one["name"], one["position"], one["behind"], one["lost"], local_time(one["updatedAt"]), holder


@cursors.command("set")
@click.argument("name")
@click.argument("position", type=click.IntRange(min=0))
@click.option("--rewind", is_flag=True, help="Also back: its consumer will see again what lies between.")
@json_option
@connected
@pass_screen
def set_cursor(screen: Screen, client: Client, name: str, position: int, rewind: bool) -> None:
    """Put the cursor NAME behind POSITION, or make it there.

    Refused while a consumer holds it.
    """
    moved = client.set_cursor(name, position, rewind=rewind)
    if screen.people:
        screen.show(f"{name} is at {moved['position']}, {moved['behind']:,} behind the head")
    else:
        screen.record(moved)


@cursors.command()
@click.argument("name")
@json_option
@connected
@pass_screen
def remove(screen: Screen, client: Client, name: str) -> None:
    """Forget the cursor NAME: the log is no longer kept for its consumer."""
    client.remove_cursor(name)
    if screen.people:
        screen.show(f"the cursor {name} is removed")
    else:
        screen.record({"removed": name})
