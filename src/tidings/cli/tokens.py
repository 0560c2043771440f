"""``tidings tokens``: who may speak to the server."""

from __future__ import annotations

import click
from rich.text import Text

from tidings.cli.connect import connected
from tidings.cli.screen import Screen, json_option, local_time, pass_screen, table
from tidings.client import Client


@click.group()
def tokens() -> None:
    """List, add and revoke tokens; needs an admin token."""


@tokens.command("list")
@json_option
@connected
@pass_screen
def list_tokens(screen: Screen, client: Client) -> None:
    """List who has a token, and what it allows."""
    known = client.tokens()
    if screen.people:
        rows = [(one["name"], one["role"], local_time(one["createdAt"])) for one in known]
        screen.show(table("name", "role", "since", rows=rows))
        return
    for one in known:
        screen.record(one)


@tokens.command()
@click.argument("name")
@click.option("--role", type=click.Choice(["read", "write", "admin"]), required=True, help="What the token allows.")
@json_option
@connected
@pass_screen
def add(screen: Screen, client: Client, name: str, role: str) -> None:
    """Make a token for NAME and show it, this once."""
    made = client.add_token(name, role)
    if screen.people:
        screen.show(Text(made["token"], style="bold"))
        screen.note("keep it: the catalog stores only a hash, and nobody can show it again")
    else:
        screen.record(made)


@tokens.command()
@click.argument("name")
@json_option
@connected
@pass_screen
def revoke(screen: Screen, client: Client, name: str) -> None:
    """Refuse the token of NAME from now on."""
    client.remove_token(name)
    if screen.people:
        screen.show(f"the token of {name} is revoked")
    else:
        screen.record({"revoked": name})
