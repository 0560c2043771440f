"""``tidings delete`` and ``tidings restore``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Literal

import click

from tidings.cli.answers import brief, count, show_events
from tidings.cli.connect import connected
from tidings.cli.screen import Screen, json_option, pass_screen
from tidings.client import Client, JsonObject, Target


def target_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the ways to say which assets are meant."""
    for add in (
        click.argument("guids", nargs=-1, metavar="[GUID… | -]"),
        click.option("--name", "names", nargs=2, multiple=True, metavar="TYPE QUALIFIED_NAME",
                     help="An asset by type and qualifiedName; may be repeated."),
        click.option("--dry-run", is_flag=True, help="Write nothing; show the events that there would be."),
    ):  # fmt: skip
        command = add(command)
    return command


@click.command()
@target_options
@click.option("--type", "kind", type=click.Choice(["archive", "purge"]), default="archive", show_default=True,
              help="archive can be undone with restore; purge is for good.")  # fmt: skip
@click.option("--yes", is_flag=True, help="Purge without asking; needed where there is no terminal to ask on.")
@json_option
@connected
@pass_screen
def delete(
    screen: Screen,
    client: Client,
    guids: tuple[str, ...],
    names: tuple[tuple[str, str], ...],
    dry_run: bool,
    kind: Literal["archive", "purge"],
    yes: bool,
) -> None:
    """Archive or purge assets.

    All of them or none; - reads guids from stdin.
    """
    targets = targets_of(guids, names)
    if kind == "purge" and not (yes or dry_run) and not _agreed(len(targets)):
        screen.note("nothing was purged")
        return
    answer = client.delete(targets, delete_type="PURGE" if kind == "purge" else "SOFT", dry_run=dry_run)
    _tell(screen, answer, "DELETE", f"{kind}d")


@click.command()
@target_options
@json_option
@connected
@pass_screen
def restore(
    screen: Screen, client: Client, guids: tuple[str, ...], names: tuple[tuple[str, str], ...], dry_run: bool
) -> None:
    """Make archived assets active again.

    All of them or none; - reads guids from stdin.
    """
    answer = client.restore(targets_of(guids, names), dry_run=dry_run)
    _tell(screen, answer, "UPDATE", "restored")


def targets_of(guids: tuple[str, ...], names: tuple[tuple[str, str], ...]) -> list[Target]:
    """Every asset that the options name; raises UsageError where they name none."""
    targets: list[Target] = []
    for guid in guids:
        targets += sys.stdin.read().split() if guid == "-" else [guid]
    targets += names
    if not targets:
        raise click.UsageError("name the assets: guids, - for guids on stdin, or --name TYPE QUALIFIED_NAME")
    return targets


def _agreed(count: int) -> bool:
    if not somebody_is_there():
        raise nobody_to_ask()
    return click.confirm(f"Remove {count} assets for good, with what they own?", err=True)


def somebody_is_there() -> bool:
    """Whether a question would reach a person."""
    return sys.stdin is not None and sys.stdin.isatty()


def nobody_to_ask() -> click.UsageError:
    """A purge cannot be undone, so silence is no consent: a script says that it means it."""
    return click.UsageError(
        "a purge is for good, and there is no terminal to ask on: add --yes to purge, or --dry-run to see what would go"
    )


def _tell(screen: Screen, answer: JsonObject, kind: str, done: str) -> None:
    show_events(screen, answer)
    dry_run = answer.get("dryRun", False)
    if screen.people:
        screen.show(f"{count(answer, kind)} {'would be ' if dry_run else ''}{done}")
    elif not dry_run:
        screen.record(brief(answer))
