"""``tidings status`` and ``tidings version``."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from importlib.metadata import version as installed_version

import click

from tidings.cli.connect import connected
from tidings.cli.screen import Screen, json_option, pass_screen, table
from tidings.client import Client, JsonObject


@click.command()
@json_option
@connected
@pass_screen
def status(screen: Screen, client: Client) -> None:
    """Show how the server is."""
    told = client.status()
    if screen.people:
        screen.show(table("what", "value", rows=_rows(client.base_url, told)))
    else:
        screen.record(told)


def _rows(url: str, told: JsonObject) -> Iterator[tuple[str, object]]:
    yield "server", url
    yield "version", told["version"]
    yield "up for", str(timedelta(seconds=int(told["uptimeSeconds"])))
    yield "catalog", told["catalogId"]
    yield "profile", told["profile"]
    yield "assets", f"{told['assets']['active']:,} active, {told['assets']['archived']:,} archived"
    yield "links", f"{told['links']:,}"
    yield "first position", f"{told['firstPosition']:,}"
    yield "head of the log", f"{told['head']:,}"


@click.command()
@json_option
@pass_screen
def version(screen: Screen) -> None:
    """Show the version of this program."""
    number = installed_version("tidings")
    if screen.people:
        screen.show(f"tidings {number}")
    else:
        screen.record({"version": number})
