"""``tidings get``: one asset."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click
from rich.text import Text

from tidings.cli.connect import connected
from tidings.cli.screen import Screen, json_option, local_time, pass_screen, plain, table
from tidings.client import Client, JsonObject
from tidings.model.events import encode


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="GUID | TYPE QUALIFIED_NAME")
@json_option
@connected
@pass_screen
def get(screen: Screen, client: Client, names: tuple[str, ...]) -> None:
    """Show one asset, by guid or by type and qualifiedName."""
    if len(names) > 2:
        raise click.UsageError("give one guid, or a type and a qualifiedName (in quotes where it holds spaces)")
    entity = client.get(names[0]) if len(names) == 1 else client.get_by_name(*names)
    if screen.people:
        _show(screen, entity)
    else:
        screen.record(entity)


def _show(screen: Screen, entity: JsonObject) -> None:
    state = "archived" if entity.get("status") == "DELETED" else "active"
    title = Text.assemble((plain(entity.get("displayText", "")), "bold"), f"  {plain(entity['typeName'])}, {state}")
    screen.show(title, Text(entity["guid"], style="dim"))
    changed = f"changed {local_time(entity['updateTime'])} by {plain(entity['updatedBy'])}"
    screen.show(Text(f"created {local_time(entity['createTime'])} by {plain(entity['createdBy'])}, {changed}"))
    screen.show(table("attribute", "value", rows=_rows(entity)))


def _rows(entity: JsonObject) -> Iterator[tuple[str, str | Text]]:
    """What is set; zeros, falsehoods and empty lists only stand for what is not."""
    links = entity.get("relationshipAttributes") or {}
    for name, value in sorted((entity.get("attributes") or {}).items()):
        if value and name not in links:
            yield name, value if isinstance(value, str) else encode(value).decode()
    for name, value in sorted(links.items()):
        ends = value if isinstance(value, list) else [value] if value else []
        if ends:
            yield name, _named(ends)


def _named(ends: list[dict[str, Any]], most: int = 10) -> Text:
    names = [plain(f"{one['typeName']} {one.get('displayText') or one['guid']}") for one in ends[:most]]
    return Text("\n".join([*names, f"… and {len(ends) - most} more"] if len(ends) > most else names))
