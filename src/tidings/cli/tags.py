"""``tidings tags``: tags on assets; ``tidings types tag`` makes one."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import click
import msgspec

from tidings.cli.answers import brief, count, show_event, show_events
from tidings.cli.connect import connected
from tidings.cli.remove import target_options, targets_of
from tidings.cli.screen import Screen, json_option, pass_screen, plain, table
from tidings.client import Client, JsonObject, Target
from tidings.model.definitions import SERVICE
from tidings.model.errors import ClientError
from tidings.model.events import encode

CATEGORY = "CLASSIFICATION"


@click.group()
def tags() -> None:
    """Put tags on assets, and see which they have.

    A tag is named by what people call it. «tidings types tag» makes one.
    """


@tags.command("list")
@json_option
@connected
@pass_screen
def list_tags(screen: Screen, client: Client) -> None:
    """List the tags that there are."""
    known = [one for one in client.type_headers([CATEGORY]) if one.get("serviceType") != SERVICE]
    if screen.people:
        screen.show(
            table("tag", "name", rows=sorted((one.get("displayName", one["name"]), one["name"]) for one in known))
        )
        return
    for one in known:
        screen.record(one)


# --- what an asset has -------------------------------------------------------------------------------------------------


@tags.command()
@click.argument("names", nargs=-1, required=True, metavar="GUID | TYPE QUALIFIED_NAME")
@json_option
@connected
@pass_screen
def show(screen: Screen, client: Client, names: tuple[str, ...]) -> None:
    """Show the tags of one asset, its own and those that came from elsewhere."""
    entity = asset_of(client, names)
    found = list(_readable(client, entity))
    if screen.people:
        rows = [(one["tag"], one["from"] or "itself", _way(one), _values(one["values"])) for one in found]
        screen.show(table("tag", "from", "goes to", "values", rows=rows))
        return
    for one in found:
        screen.record(one)


def asset_of(client: Client, names: tuple[str, ...]) -> JsonObject:
    """The asset that is named by its guid, or by type and qualifiedName."""
    if len(names) > 2:
        raise click.UsageError("give one guid, or a type and a qualifiedName (in quotes where it holds spaces)")
    return client.get(names[0]) if len(names) == 1 else client.get_by_name(*names)


def _readable(client: Client, entity: JsonObject) -> Iterator[JsonObject]:
    """Each tag with what people call it and its values, and the name of the asset that it came from."""
    for one in entity.get("classifications") or ():
        definition = client.type_definition(one["typeName"])
        called = {each["name"]: each.get("displayName", each["name"]) for each in definition.get("attributeDefs", ())}
        values = {called.get(key, key): value for key, value in (one.get("attributes") or {}).items()}
        source = None if one["entityGuid"] == entity["guid"] else _name(client, one["entityGuid"])
        yield {"tag": definition.get("displayName", one["typeName"]), "from": source, "values": values, **one}


def _name(client: Client, guid: str) -> str:
    """The qualifiedName of an asset, or its guid where it is there no more."""
    try:
        return str(client.get(guid)["attributes"].get("qualifiedName", guid))
    except ClientError as error:
        if error.http_status != 404:
            raise
        return guid


def _way(tag: JsonObject) -> str:
    if not tag["propagate"]:
        return "nobody"
    if tag["restrictPropagationThroughLineage"]:
        return "children"
    return "lineage" if tag["restrictPropagationThroughHierarchy"] else "children, lineage"


def _values(values: JsonObject) -> str:
    return "\n".join(
        f"{name} {value if isinstance(value, str) else encode(value).decode()}" for name, value in values.items()
    )


# --- putting on, changing, taking off ----------------------------------------------------------------------------------


def tag_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds what a tag on an asset may say, and passes it as one ``said``: the protocol's «classification» without its name."""

    @click.option("--propagate/--no-propagate", default=None, help="Whether it travels to others; it does unless told.")
    @click.option("--lineage/--no-lineage", default=None, help="Whether it travels along lineage; it does unless told.")
    @click.option("--hierarchy/--no-hierarchy", default=None,
                  help="Whether it travels from parents to children; it does unless told.")  # fmt: skip
    @click.option("--keep-on-delete/--remove-on-delete", default=None,
                  help="Whether others keep it when this asset is archived or purged; they lose it unless told.")  # fmt: skip
    @click.option("--value", "values", multiple=True, metavar="KEY=VALUE",
                  help="A value of the tag, such as level=3; JSON, else text. May be repeated.")  # fmt: skip
    @functools.wraps(command)
    def with_tag(*args: Any, propagate: bool | None, lineage: bool | None, hierarchy: bool | None,
                 keep_on_delete: bool | None, values: tuple[str, ...], **options: Any) -> Any:  # fmt: skip
        flags = {
            "propagate": propagate,
            "restrictPropagationThroughLineage": _reversed(lineage),
            "restrictPropagationThroughHierarchy": _reversed(hierarchy),
            "removePropagationsOnEntityDelete": _reversed(keep_on_delete),
        }
        said: JsonObject = {key: value for key, value in flags.items() if value is not None}
        if values:
            said["attributes"] = dict(map(value_of, values))
        return command(*args, said=said, **options)

    return with_tag


def _reversed(flag: bool | None) -> bool | None:
    return None if flag is None else not flag


def value_of(text: str) -> tuple[str, Any]:
    """Key and value of «key=value»; what is no JSON is text."""
    key, equals, value = text.partition("=")
    if not (key and equals):
        raise click.UsageError(f"{text!r} is no value; write it like level=3")
    try:
        return key, msgspec.json.decode(value)
    except msgspec.DecodeError:
        return key, value


@tags.command()
@click.argument("tag")
@target_options
@tag_options
@json_option
@connected
@pass_screen
def add(
    screen: Screen, client: Client, tag: str, guids: tuple[str, ...], names: tuple[tuple[str, str], ...], dry_run: bool,
    said: JsonObject,
) -> None:  # fmt: skip
    """Put TAG on assets, all of them or none; where it is already, it becomes what is said here."""
    wanted = _guids(client, targets_of(guids, names))
    tell_labelled(screen, client.put_tag({"typeName": tag, **said}, wanted, dry_run=dry_run))


@tags.command()
@click.argument("tag")
@target_options
@tag_options
@json_option
@connected
@pass_screen
def update(
    screen: Screen, client: Client, tag: str, guids: tuple[str, ...], names: tuple[tuple[str, str], ...], dry_run: bool,
    said: JsonObject,
) -> None:  # fmt: skip
    """Change TAG on assets that have it, one after the other. What is not said stays."""
    if not said:
        raise click.UsageError("say what is to change: --no-propagate, --value level=3 …")
    for guid in _guids(client, targets_of(guids, names)):
        answer = client.change_tag({"typeName": tag, **said}, guid, dry_run=dry_run)
        if dry_run:
            for event in answer["events"]:
                show_event(screen, event, None)
        elif screen.people:
            screen.show(f"{plain(tag)} changed on {guid}")
        else:
            screen.record({"tag": tag, "guid": guid})


@tags.command()
@click.argument("tag")
@target_options
@click.option(
    "--from", "source", metavar="GUID", help="The asset from which it came, where that is archived or purged."
)
@json_option
@connected
@pass_screen
def remove(
    screen: Screen, client: Client, tag: str, guids: tuple[str, ...], names: tuple[tuple[str, str], ...], dry_run: bool,
    source: str | None,
) -> None:  # fmt: skip
    """Take TAG off assets, all of them or none."""
    wanted = _guids(client, targets_of(guids, names))
    tell_labelled(screen, client.remove_tag(tag, wanted, source=source, dry_run=dry_run))


def _guids(client: Client, targets: Iterable[Target]) -> list[str]:
    found = (one if isinstance(one, str) else str(client.get_by_name(*one)["guid"]) for one in targets)
    return list(dict.fromkeys(found))


def tell_labelled(screen: Screen, answer: JsonObject) -> None:
    """What became of a request that changes labels of assets."""
    show_events(screen, answer)
    if screen.people:
        screen.show(f"{count(answer, 'UPDATE')} assets {'would be ' if answer.get('dryRun') else ''}changed")
    elif not answer.get("dryRun"):
        screen.record(brief(answer))
