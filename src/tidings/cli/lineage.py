"""``tidings lineage``: what an asset was made of, and what was made of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import click
from rich.text import Text
from rich.tree import Tree

from tidings.cli.connect import connected
from tidings.cli.screen import Screen, json_option, pass_screen, plain
from tidings.client import Client, Direction, JsonObject

WAYS: Mapping[str, Direction] = {"upstream": "INPUT", "downstream": "OUTPUT", "both": "BOTH"}
MOST_LINES = 500
"""Lines of one tree; programs get all of it."""


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="GUID | TYPE QUALIFIED_NAME")
@click.option("--direction", type=click.Choice([*WAYS]), default="both", show_default=True, help="Which way to look.")
@click.option(
    "--depth", type=click.IntRange(0), default=3, show_default=True, help="How many processes deep; 0 means all."
)
@json_option
@connected
@pass_screen
def lineage(screen: Screen, client: Client, names: tuple[str, ...], direction: str, depth: int) -> None:
    """Show the lineage around an asset.

    What it was made of (upstream), and what was made of it (downstream). The asset is named by its guid or by its type and
    qualifiedName.
    """
    if len(names) > 2:
        raise click.UsageError("give one guid, or a type and a qualifiedName (in quotes where it holds spaces)")
    target = names[0] if len(names) == 1 else (names[0], names[1])
    found = client.lineage(target, direction=WAYS[direction], depth=depth)
    if screen.people:
        for way in ("upstream", "downstream") if direction == "both" else (direction,):
            screen.show(_Drawing(found, way).tree())
    else:
        screen.record(found)


class _Drawing:
    """One direction of a graph as a tree. What has been drawn already is named again, but not gone on from."""

    def __init__(self, graph: JsonObject, way: str) -> None:
        self._assets: Mapping[str, JsonObject] = graph["guidEntityMap"]
        self._base: str = graph["baseEntityGuid"]
        self._way = way
        self._next: dict[str, list[str]] = defaultdict(list)
        for one in graph["relations"]:
            source, target = one["fromEntityId"], one["toEntityId"]
            own, other = (target, source) if way == "upstream" else (source, target)
            self._next[own].append(other)

    def tree(self) -> Tree:
        """The tree, cut where it becomes longer than anybody reads."""
        root = Tree(Text.assemble(self._named(self._base), (f"  {self._way}", "bold")))
        todo = [(root, own) for own in reversed(self._next[self._base])]
        drawn = {self._base}
        lines = 0
        while todo and lines < MOST_LINES:
            above, own = todo.pop()
            again = own in drawn and bool(self._next[own])
            branch = above.add(self._named(own) + Text("  see above" if again else "", style="dim"))
            lines += 1
            if own not in drawn:
                drawn.add(own)
                todo += [(branch, other) for other in reversed(self._next[own])]
        if todo:
            root.add(Text("… and more; ask for less depth, or read it with --json", style="dim"))
        elif not lines:
            root.add(Text("nothing", style="dim"))
        return root

    def _named(self, guid: str) -> Text:
        asset = self._assets[guid]
        name = asset["attributes"].get("qualifiedName", guid)
        return Text.assemble(
            (plain(asset["typeName"]), "cyan"),
            " ",
            plain(asset.get("displayText") or name),
            (f"  {plain(name)}", "dim"),
        )
