"""``tidings crawl``: a database's tables and columns into the catalog."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from tidings.cli.connect import connected
from tidings.cli.screen import Screen, json_option, pass_screen, table
from tidings.client import Client
from tidings.model.errors import ConfigError


@click.command()
@click.argument("database_url", metavar="DATABASE_URL")
@click.option("--connection", metavar="NAME",
              help="Connection to fill, by name or qualifiedName, or to make; else that of the database's name.")  # fmt: skip
@click.option("--system", is_flag=True, help="Also the schemas that belong to the database itself.")
@click.option("--dry-run", is_flag=True, help="Write nothing; count what would change.")
@json_option
@connected
@pass_screen
def crawl(
    screen: Screen, client: Client, database_url: str, connection: str | None, system: bool, dry_run: bool
) -> None:
    """Bring the catalog into line with a database.

    DATABASE_URL is an address as SQLAlchemy takes it, such as sqlite:///shop.db or postgresql://user@host/shop.
    What is new is created, what differs is updated, what is gone is archived; what is as it was emits nothing.
    """
    run = load_crawler()
    with screen.progress("read") as advance:
        report = run(client, database_url, connection=connection, system=system, dry_run=dry_run, progress=advance)
    told = msgspec.to_builtins(report)
    if screen.people:
        title = "what would change" if dry_run else "what changed"
        screen.show(table("", "", rows=[(name.replace("_", " "), value) for name, value in told.items()], title=title))
    else:
        screen.record({**told, "dryRun": dry_run})


def load_crawler() -> Any:
    """The crawler, whose dependencies are optional: importing them here keeps every other command free of them."""
    try:
        from tidings.crawl import crawl as run  # noqa: PLC0415  see above
    except ImportError as error:
        raise ConfigError(f"crawling needs {error.name}; install it with: pip install 'tidings[crawl]'") from error
    return run
