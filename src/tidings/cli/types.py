"""``tidings types``: the types in force, and types, tags and custom metadata of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import click
import msgspec

from tidings.cli.connect import connected
from tidings.cli.screen import Screen, json_option, pass_screen, plain, table
from tidings.client import Client, JsonObject
from tidings.model.definitions import CATEGORIES, MEMBERS, SERVICE
from tidings.model.errors import MalformedBody
from tidings.model.events import encode

KINDS = {
    "enum": "ENUM", "struct": "STRUCT", "tag": "CLASSIFICATION", "asset": "ENTITY", "relationship": "RELATIONSHIP",
    "custom-metadata": "BUSINESS_METADATA",
}  # fmt: skip
"""What people call the categories of the protocol."""
_WORDS = {category: kind for kind, category in KINDS.items()}
PLAIN = ("string", "int", "float", "boolean", "date")
TEXTS = ("users", "groups", "url", "SQL")
"""Kinds of string that programs show in their own way."""


@click.group()
def types() -> None:
    """List types; make tags, custom metadata and more."""


@types.command("list")
@click.option("--kind", type=click.Choice(list(KINDS)), multiple=True, help="Only this kind; may be repeated.")
@click.option("--all", "every", is_flag=True, help="Also the types that come with the program.")
@json_option
@connected
@pass_screen
def list_types(screen: Screen, client: Client, kind: tuple[str, ...], every: bool) -> None:
    """List the types that users made."""
    headers = client.type_headers(KINDS[one] for one in kind)
    shown = [one for one in headers if every or one.get("serviceType") != SERVICE]
    if screen.people:
        rows = [(one.get("displayName", one["name"]), _WORDS[one["category"]], one["name"]) for one in shown]
        screen.show(table("called", "kind", "name", rows=sorted(rows)))
        return
    for one in shown:
        screen.record(one)


@types.command()
@click.argument("name")
@json_option
@connected
@pass_screen
def get(screen: Screen, client: Client, name: str) -> None:
    """Show one definition, by its name or by what people call it."""
    definition = client.type_definition(name)
    if screen.people:
        _show(screen, definition)
    else:
        screen.record(definition)


def _show(screen: Screen, definition: JsonObject) -> None:
    called = plain(definition.get("displayName", definition["name"]))
    screen.show(f"{called}  {_WORDS[definition['category']]}, name {plain(definition['name'])}")
    if definition.get("superTypes"):
        screen.show(f"below {plain(', '.join(definition['superTypes']))}")
    if "elementDefs" in definition:
        screen.show(table("value", rows=[(one["value"],) for one in definition["elementDefs"]]))
    members = definition.get("attributeDefs", []) + definition.get("relationshipAttributeDefs", [])
    if members:
        rows = [(one.get("displayName") or one["name"], one["typeName"], one["name"]) for one in members]
        screen.show(table("attribute", "type", "name", rows=sorted(rows)))


_dry_run = click.option("--dry-run", is_flag=True, help="Write nothing; show what there would be.")


@types.command()
@click.argument("file", type=click.File("rb"))
@_dry_run
@json_option
@connected
@pass_screen
def create(screen: Screen, client: Client, file: BinaryIO, dry_run: bool) -> None:
    """Make the types in FILE (- for stdin), all or none.

    FILE holds {"classificationDefs": […], "entityDefs": […], …} as the protocol has it, or one definition with its
    category.
    """
    _tell(screen, client.define(read_definitions(file.read()), dry_run=dry_run), "would be made" if dry_run else "made")


@types.command()
@click.argument("file", type=click.File("rb"))
@_dry_run
@json_option
@connected
@pass_screen
def change(screen: Screen, client: Client, file: BinaryIO, dry_run: bool) -> None:
    """Change the types in FILE (- for stdin), all or none. What FILE does not speak of stays."""
    answer = client.define(read_definitions(file.read()), change=True, dry_run=dry_run)
    _tell(screen, answer, "would be so" if dry_run else "in force")


@types.command()
@click.argument("names", nargs=-1, required=True)
@_dry_run
@json_option
@connected
@pass_screen
def delete(screen: Screen, client: Client, names: tuple[str, ...], dry_run: bool) -> None:
    """Remove types that nothing uses, one after the other."""
    for name in names:
        client.remove_type(name, dry_run=dry_run)
        if screen.people:
            screen.show(f"{plain(name)} {'would be' if dry_run else 'is'} removed")
        else:
            screen.record({"dryRun": True, "removed": name} if dry_run else {"removed": name})


@types.command()
@click.argument("name")
@click.option("--description", help="What it means.")
@click.option("--color", "colour", metavar="COLOR", help="How programs show it: Green, Red, #ff8800 …")
@click.option("--emoji", help="What programs show beside it.")
@json_option
@connected
@pass_screen
def tag(
    screen: Screen, client: Client, name: str, description: str | None, colour: str | None, emoji: str | None
) -> None:
    """Make a tag called NAME."""
    options = {"color": colour, "emoji": emoji, "iconType": "emoji" if emoji else None}
    definition = {"name": name, "displayName": name, "description": description, "options": _said(options)}
    _tell(screen, client.define({"classificationDefs": [_said(definition)]}), "made")


@types.command()
@click.argument("name")
@click.argument("values", nargs=-1, required=True)
@click.option("--add", is_flag=True, help="Add the values to an enum that is there.")
@json_option
@connected
@pass_screen
def enum(screen: Screen, client: Client, name: str, values: tuple[str, ...], add: bool) -> None:
    """Make an enum called NAME with these VALUES."""
    known: list[Any] = client.type_definition(name).get("elementDefs", []) if add else []
    there = {one["value"] for one in known}
    fresh = [{"value": one} for one in dict.fromkeys(values) if one not in there]
    answer = client.define({"enumDefs": [{"name": name, "elementDefs": [*known, *fresh]}]}, change=add)
    _tell(screen, answer, "in force" if add else "made")


@types.command("custom-metadata")
@click.argument("name")
@click.option("--attribute", "attributes", multiple=True, required=True, metavar="NAME:TYPE",
              help="One attribute, such as 'owner team:string'; may be repeated.")  # fmt: skip
@click.option("--for", "types_of", multiple=True, metavar="TYPE",
              help="Only assets of this type may have them; may be repeated.")  # fmt: skip
@click.option("--description", help="What it is about.")
@click.option("--add", is_flag=True, help="Add the attributes to custom metadata that is there.")
@json_option
@connected
@pass_screen
def custom_metadata(
    screen: Screen, client: Client, name: str, attributes: tuple[str, ...], types_of: tuple[str, ...],
    description: str | None, add: bool,
) -> None:  # fmt: skip
    """Make custom metadata called NAME.

    Types are string, int, float, boolean, date, users, groups, url, SQL and the names of enums; with [] behind, as in
    'stewards:users[]', there may be several values.
    """
    known: list[Any] = client.type_definition(name)["attributeDefs"] if add else []
    fresh = [attribute_form(one, types_of) for one in attributes]
    definition = {"name": name, "displayName": name, "description": description, "attributeDefs": [*known, *fresh]}
    answer = client.define({"businessMetadataDefs": [_said(definition)]}, change=add)
    _tell(screen, answer, "in force" if add else "made")


def attribute_form(text: str, types_of: tuple[str, ...]) -> JsonObject:
    """An attribute of custom metadata in the protocol's form, of «name:type» or «name:type[]»."""
    name, _, kind = (part.strip() for part in text.rpartition(":"))
    if not name or not kind.removesuffix("[]"):
        raise click.UsageError(f"{text!r} is no attribute; write it like 'owner team:string'")
    many, kind = kind.endswith("[]"), kind.removesuffix("[]")
    custom = next((one for one in TEXTS if one.lower() == kind.lower()), None)
    base = "string" if custom else kind
    enum_type = None if custom or kind in PLAIN else kind
    options = {
        "applicableEntityTypes": encode(list(types_of) or ["Asset"]).decode(),
        "primitiveType": custom or base,
        "customType": custom,
        "isEnum": True if enum_type else None,
        "enumType": enum_type,
        "multiValueSelect": many,
    }
    return {"name": "", "displayName": name, "typeName": f"array<{base}>" if many else base, "options": _said(options)}


def read_definitions(content: bytes) -> JsonObject:
    """The definitions of a file: «AtlasTypesDef», or one definition alone. Raises MalformedBody."""
    try:
        found = msgspec.json.decode(content, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise MalformedBody(f"the file does not hold one JSON object: {error}") from error
    if "category" not in found:
        return found
    if found["category"] not in CATEGORIES:
        raise MalformedBody(f"category {found['category']!r} is none of {', '.join(CATEGORIES)}")
    return {MEMBERS[found["category"]]: [found]}


def _said(options: JsonObject) -> JsonObject:
    return {key: value for key, value in options.items() if value is not None}


def _tell(screen: Screen, answer: JsonObject, done: str) -> None:
    for definition in _definitions(answer):
        if screen.people:
            called = plain(definition.get("displayName", definition["name"]))
            screen.show(f"{_WORDS[definition['category']]} {called} {done}, name {plain(definition['name'])}")
        else:
            screen.record(definition)


def _definitions(answer: JsonObject) -> Iterator[JsonObject]:
    for definitions in answer.values():
        yield from definitions
