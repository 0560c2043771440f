"""``tidings cm``: custom metadata of assets; ``tidings types custom-metadata`` defines it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import click
import msgspec

from tidings.cli.connect import connected
from tidings.cli.screen import Screen, json_option, local_time, pass_screen, table
from tidings.cli.tags import asset_of, tell_labelled
from tidings.cli.wanted import moment
from tidings.client import Client, JsonObject
from tidings.model.errors import ClientError
from tidings.model.events import encode

CATEGORY = "BUSINESS_METADATA"
Values = dict[str, dict[str, Any]]
"""Set -> attribute -> value, by their ids."""

_name = click.option("--name", "name", nargs=2, metavar="TYPE QUALIFIED_NAME",
                     help="The asset by type and qualifiedName, in place of its guid.")  # fmt: skip
_dry_run = click.option("--dry-run", is_flag=True, help="Write nothing; show the events that there would be.")


@click.group()
def cm() -> None:
    """Set custom metadata of assets, and see what they have.

    Sets and their attributes are named by what people call them. «tidings types custom-metadata» defines them.
    """


@cm.command()
@click.argument("names", nargs=-1, required=True, metavar="GUID | TYPE QUALIFIED_NAME")
@json_option
@connected
@pass_screen
def show(screen: Screen, client: Client, names: tuple[str, ...]) -> None:
    """Show the custom metadata of one asset."""
    entity = asset_of(client, names)
    rows = list(_rows(client, entity.get("businessAttributes") or {}))
    if screen.people:
        shown = [(name, attribute, _shown(value, kind)) for name, attribute, value, kind in rows]
        screen.show(table("custom metadata", "attribute", "value", rows=shown))
        return
    readable: Values = defaultdict(dict)
    for name, attribute, value, _ in rows:
        readable[name][attribute] = value
    screen.record(
        {"guid": entity["guid"], "customMetadata": readable, "businessAttributes": entity.get("businessAttributes", {})}
    )


def _rows(client: Client, custom: Values) -> Iterator[tuple[str, str, Any, str]]:
    """Set, attribute, value and type, by what people call them."""
    for name, values in custom.items():
        definition = client.type_definition(name)
        for one in definition.get("attributeDefs", ()):
            if one["name"] in values:
                yield _called(definition), _called(one), values[one["name"]], one["typeName"]


def _shown(value: Any, kind: str) -> str:
    if kind == "date":
        return local_time(value)
    return value if isinstance(value, str) else encode(value).decode()


# --- changing ----------------------------------------------------------------------------------------------------------


@cm.command("set")
@click.argument("words", nargs=-1, metavar="[GUID] SET.ATTRIBUTE=VALUE…")
@_name
@_dry_run
@json_option
@connected
@pass_screen
def set_values(
    screen: Screen, client: Client, words: tuple[str, ...], name: tuple[str, str] | None, dry_run: bool
) -> None:
    """Set values of one asset; what is not named stays.

    An attribute that takes several values is named once for each of them, or given a JSON list. Dates are written as
    2026-01-31 or 2026-01-31T12:00.
    """
    guid, rest = _asset_and(client, words, name)
    _tell(screen, client, guid, read_values(client, rest), dry_run)


@cm.command()
@click.argument("words", nargs=-1, metavar="[GUID] SET.ATTRIBUTE=VALUE…")
@_name
@_dry_run
@json_option
@connected
@pass_screen
def replace(
    screen: Screen, client: Client, words: tuple[str, ...], name: tuple[str, str] | None, dry_run: bool
) -> None:
    """Set values of one asset; what else it has of the sets that are named is removed."""
    guid, rest = _asset_and(client, words, name)
    values = read_values(client, rest)
    for one in values:
        known = client.type_definition(one).get("attributeDefs", ())
        values[one] = {attribute["name"]: None for attribute in known} | values[one]
    _tell(screen, client, guid, values, dry_run)


@cm.command()
@click.argument("words", nargs=-1, metavar="[GUID] SET[.ATTRIBUTE]…")
@_name
@_dry_run
@json_option
@connected
@pass_screen
def remove(screen: Screen, client: Client, words: tuple[str, ...], name: tuple[str, str] | None, dry_run: bool) -> None:
    """Remove values of one asset, or all that it has of a set."""
    guid, rest = _asset_and(client, words, name)
    known = _Known(client)
    values: Values = defaultdict(dict)
    for word in rest:
        definition, attribute = known.split(word)
        every = definition.get("attributeDefs", ())
        gone = every if attribute is None else [known.attribute(definition, attribute)]
        values[definition["name"]] |= {one["name"]: None for one in gone}
    _tell(screen, client, guid, values, dry_run)


def _asset_and(client: Client, words: tuple[str, ...], name: tuple[str, str] | None) -> tuple[str, tuple[str, ...]]:
    """The guid of the asset that is meant, and the words about it."""
    rest = words if name else words[1:]
    if not rest:
        raise click.UsageError("give the asset's guid, or --name TYPE QUALIFIED_NAME, and then what it is about")
    return (str(client.get_by_name(*name)["guid"]) if name else words[0]), rest


def _tell(screen: Screen, client: Client, guid: str, values: Values, dry_run: bool) -> None:
    tell_labelled(screen, client.set_custom_metadata(guid, values, dry_run=dry_run))


def read_values(client: Client, words: Iterable[str]) -> Values:
    """What «set.attribute=value» says, each of the type that it is defined with."""
    known = _Known(client)
    values: Values = defaultdict(dict)
    for word in words:
        name, equals, text = word.partition("=")
        definition, attribute = known.split(name)
        if not equals or attribute is None:
            raise click.UsageError(f"{word!r} is no value; write it like 'Data quality.Score=5'")
        one = known.attribute(definition, attribute)
        value, into = value_of(text, one["typeName"]), values[definition["name"]]
        into[one["name"]] = [*into.get(one["name"], ()), *value] if isinstance(value, list) else value
    return values


def value_of(text: str, kind: str) -> Any:
    """A value as JSON of its type; what cannot be read is left as it is, for the server to say what would be right."""
    if kind.startswith("array<"):
        given = _json(text) if text.startswith("[") else None
        element = kind.removeprefix("array<").removesuffix(">")
        return given if isinstance(given, list) else [value_of(text, element)]
    if kind == "date":
        try:
            return moment(text, datetime.now(UTC))
        except (ValueError, OverflowError):
            return text
    return _json(text) if kind in ("int", "long", "float", "double", "boolean") else text


def _json(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


class _Known:
    """The sets that are defined, each read once."""

    def __init__(self, client: Client) -> None:
        self._client = client
        headers = client.type_headers([CATEGORY])
        self._sets = {str(called): one["name"] for one in headers for called in (one["name"], _called(one))}
        self._read: dict[str, JsonObject] = {}

    def split(self, text: str) -> tuple[JsonObject, str | None]:
        """The definition of a set, and the attribute that is named with it; either name may hold dots itself."""
        for called in sorted(self._sets, key=len, reverse=True):
            if text == called:
                return self._definition(self._sets[called]), None
            if text.startswith(f"{called}."):
                return self._definition(self._sets[called]), text.removeprefix(f"{called}.")
        names = ", ".join(sorted(called for called, name in self._sets.items() if called != name))
        raise ClientError(f"{text} names no custom metadata; there is {names or 'none'}")

    def attribute(self, definition: JsonObject, name: str) -> JsonObject:
        known: list[JsonObject] = definition.get("attributeDefs", [])
        for one in known:
            if name in (one["name"], _called(one)):
                return one
        names = ", ".join(map(_called, known))
        raise ClientError(f"{_called(definition)} has no attribute {name}; it has {names}")

    def _definition(self, name: str) -> JsonObject:
        if name not in self._read:
            self._read[name] = self._client.type_definition(name)
        return self._read[name]


def _called(one: JsonObject) -> str:
    """What people call a definition."""
    return str(one.get("displayName") or one["name"])
