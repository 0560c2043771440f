"""The options by which one says which events one wants."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from datetime import UTC, datetime
from difflib import get_close_matches
from http import HTTPStatus
from typing import Any

import click

from tidings.cli.screen import Screen
from tidings.client import Client
from tidings.model.errors import ClientError
from tidings.model.events import OPERATIONS, LogFilter

_SPAN = re.compile(r"(\d+)([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


class OperationType(click.ParamType[str]):
    """An operation of the protocol; «create» means ENTITY_CREATE."""

    name = "operation"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        word = str(value).upper().replace("-", "_")
        for known in OPERATIONS:
            if word in (known, known.removeprefix("ENTITY_")):
                return known
        near = get_close_matches(word, OPERATIONS, n=1, cutoff=0.4)
        hint = f" Did you mean {near[0]}?" if near else ""
        return self.fail(f"{value!r} is not one of {', '.join(OPERATIONS)}.{hint}", param, ctx)


class MomentType(click.ParamType[int]):
    """A point in time: «10m» ago, an ISO date or time (local unless it names a zone), or milliseconds since 1970."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            return moment(str(value), datetime.now(UTC))
        except (ValueError, OverflowError):
            return self.fail(f"{value!r} is no time; write 10m, 2h, 7d, 2026-01-31 or 2026-01-31T12:00", param, ctx)


def moment(text: str, now: datetime) -> int:
    """Milliseconds since 1970 of what people write for a time. Raises ValueError."""
    if span := _SPAN.fullmatch(text):
        return int(now.timestamp() * 1000) - int(span[1]) * _SECONDS[span[2]] * 1000
    if text.isdecimal() and len(text) > 8:
        return int(text)
    return int(datetime.fromisoformat(text).astimezone().timestamp() * 1000)


def filter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds ``--type``, ``--operation``, ``--guid``, ``--prefix`` and ``--since``, and passes them as one ``wanted``."""

    @click.option("--type", "types", multiple=True, metavar="TYPE", help="Only assets of this type; may be repeated.")
    @click.option("--operation", "operations", multiple=True, type=OperationType(), metavar="OPERATION",
                  help="Only this kind of event, such as create or ENTITY_UPDATE; may be repeated.")  # fmt: skip
    @click.option("--guid", help="Only events of this asset.")
    @click.option("--prefix", default="", help="Only assets whose qualifiedName begins so.")
    @click.option(
        "--since", type=MomentType(), metavar="TIME", help="Only from this time on: 10m, 7d, 2026-01-31T12:00."
    )
    @functools.wraps(command)
    def with_filter(*args: Any, types: tuple[str, ...], operations: tuple[str, ...], guid: str | None, prefix: str,
                    since: int | None, **options: Any) -> Any:  # fmt: skip
        wanted = LogFilter(frozenset(operations), frozenset(types), guid, prefix, since)
        return command(*args, wanted=wanted, **options)

    return with_filter


def warn_of_unknown_types(screen: Screen, client: Client, wanted: LogFilter) -> None:
    """The log may hold events of types that are gone, so that it is no error; but most of the time it is a slip."""
    for name in sorted(wanted.type_names):
        try:
            client.type_definition(name)
        except ClientError as error:
            if error.http_status != HTTPStatus.NOT_FOUND:
                raise
            screen.note(f"there is no such type now: {error}")


form_option = click.option(
    "--form",
    type=click.Choice(["full", "wire"]),
    default="full",
    show_default=True,
    help="full adds position, before and after; wire is the bare protocol.",
)
