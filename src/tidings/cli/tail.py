"""``tidings tail``: events as they happen."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import click
import msgspec

from tidings.cli.answers import show_event
from tidings.cli.connect import connected
from tidings.cli.consume import Work, follow
from tidings.cli.screen import Screen, json_option, pass_screen
from tidings.cli.stopping import stopped_by_signals
from tidings.cli.wanted import filter_options, form_option, warn_of_unknown_types
from tidings.client import Client, Form
from tidings.consumers.lease import SECONDS
from tidings.model.errors import ClientError
from tidings.model.events import LogFilter


class Place(msgspec.Struct, frozen=True, rename="camel"):
    """How far a tail has come, and in the log of which catalog."""

    catalog_id: str
    position: int


class Keeping(NamedTuple):
    """Where the position is kept: in a file, in the catalog under a cursor, or nowhere."""

    file: Path | None
    cursor: str | None
    lease: float


def keeping_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds ``--state``, ``--cursor`` and ``--lease``, and passes them as one ``keeping``."""

    @click.option("--state", "state_file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
                  help="Keep the last position in FILE and go on from there the next time; wins over --after.")  # fmt: skip
    @click.option("--cursor", metavar="NAME",
                  help="The same in the catalog, under NAME; while another does so under it, wait for its end.")  # fmt: skip
    @click.option("--lease", type=click.FloatRange(3, 600), default=SECONDS, show_default=True, metavar="SECONDS",
                  help="With --cursor: how long others wait after this one was killed.")  # fmt: skip
    @functools.wraps(command)
    def with_keeping(
        *args: Any, state_file: Path | None, cursor: str | None, lease: float, **options: Any
    ) -> Any:  # fmt: skip
        if cursor is not None and state_file is not None:
            raise click.UsageError("give --state or --cursor, not both: each keeps the position")
        return command(*args, keeping=Keeping(state_file, cursor, lease), **options)

    return with_keeping


@click.command()
@click.option("--after", type=click.IntRange(min=0), metavar="POSITION",
              help="Begin behind this position; without it, from now on.")  # fmt: skip
@filter_options
@form_option
@keeping_options
@json_option
@connected
@pass_screen
def tail(screen: Screen, client: Client, after: int | None, wanted: LogFilter, form: Form, keeping: Keeping) -> None:
    """Show events as they happen, until Ctrl-C.

    On a terminal one line an event, elsewhere one JSON object a line. A lost connection is taken up where it broke.
    With --state or --cursor a position is stored after its event was printed, so that an event may come twice after a
    crash, but is never left out.
    """
    warn_of_unknown_types(screen, client, wanted)
    with stopped_by_signals() as stopping:
        start = after if after is not None or wanted.since is None else client.status()["firstPosition"] - 1
        if keeping.cursor is not None:
            follow(client, Work(keeping.cursor, start, wanted, form, keeping.lease), screen, stopping)
        place = _begin(client, start, keeping.file)
        if screen.people:
            screen.note(f"following {client.base_url} after position {place.position}; stop with Ctrl-C")
        events = client.stream(place.position, wanted, form=form, lost=lambda reason: screen.note(f"waiting: {reason}"))
        for position, event in events:
            with stopping.held():
                show_event(screen, event, position)
                if keeping.file is not None:
                    _store(keeping.file, Place(place.catalog_id, position))


def _begin(client: Client, after: int | None, state_file: Path | None) -> Place:
    """Where to begin; with a state file this is in it before the first event comes, so that none is missed."""
    status = client.status()
    place = Place(status["catalogId"], status["head"] if after is None else after)
    if state_file is None:
        return place
    if state_file.exists():
        return _resume(state_file, place)
    _store(state_file, place)
    return place


def _resume(file: Path, now: Place) -> Place:
    try:
        place = msgspec.json.decode(file.read_bytes(), type=Place)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ClientError(f"{file} holds no position; remove it to begin anew") from error
    if place.catalog_id != now.catalog_id:
        raise ClientError(f"{file} holds a position of another catalog; name another file, or remove it to begin anew")
    return place


def _store(file: Path, place: Place) -> None:
    """Replace the file as a whole: it holds the old position or the new one."""
    partial = file.with_name(file.name + ".partial")
    partial.write_bytes(msgspec.json.encode(place) + b"\n")
    partial.replace(file)
