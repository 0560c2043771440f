"""``tidings retention``: how much of the log is kept."""

from __future__ import annotations

from collections.abc import Iterator

import click

from tidings.cli.connect import connected
from tidings.cli.screen import Screen, json_option, pass_screen, table
from tidings.client import Client, JsonObject


@click.group()
def retention() -> None:
    """Show and set how much of the log is kept.

    All but showing needs an admin token.
    """


@retention.command()
@json_option
@connected
@pass_screen
def show(screen: Screen, client: Client) -> None:
    """Show how much of the log is kept."""
    _show(screen, client.retention())


def _show(screen: Screen, told: JsonObject) -> None:
    if screen.people:
        screen.show(table("what", "value", rows=_rows(told)))
    else:
        screen.record(told)


def _rows(told: JsonObject) -> Iterator[tuple[str, object]]:
    for what, key in (("days", "maxAgeDays"), ("events", "maxEvents"), ("bytes", "maxBytes")):
        yield f"{what} at most", "no bound" if told[key] is None else f"{told[key]:,}".removesuffix(".0")
    yield "first position", f"{told['firstPosition']:,}"
    yield "head of the log", f"{told['head']:,}"


@retention.command("set")
@click.option(
    "--max-age-days", type=click.FloatRange(min=0, min_open=True), help="Keep no event longer than so many days."
)
@click.option("--max-events", type=click.IntRange(min=1), help="Keep no more events than so many.")
@click.option("--max-bytes", type=click.IntRange(min=1), help="Keep no more events than take so many bytes.")
@json_option
@connected
@pass_screen
def set_retention(
    screen: Screen, client: Client, max_age_days: float | None, max_events: int | None, max_bytes: int | None
) -> None:
    """Bound the log: by age, number of events, bytes, or several of these.

    What is not given stays as it is. The server trims within a minute, and whatever cursors still need stays.
    """
    if max_age_days is None and max_events is None and max_bytes is None:
        raise click.UsageError(
            "give --max-age-days, --max-events or --max-bytes; «tidings retention off» removes all bounds"
        )
    now = client.retention()
    bounds = client.set_retention(
        max_age_days=max_age_days or now["maxAgeDays"],
        max_events=max_events or now["maxEvents"],
        max_bytes=max_bytes or now["maxBytes"],
    )
    _show(screen, bounds)


@retention.command()
@json_option
@connected
@pass_screen
def off(screen: Screen, client: Client) -> None:
    """Keep the whole log from now on."""
    _show(screen, client.set_retention())


@retention.command()
@click.option("--dry-run", is_flag=True, help="Tell how many events would go, and trim nothing.")
@click.option("--force", is_flag=True, help="Also what cursors still need; their consumers lose it.")
@json_option
@connected
@pass_screen
def run(screen: Screen, client: Client, dry_run: bool, force: bool) -> None:
    """Trim the log now, as far as its retention says."""
    done = client.trim(force=force, dry_run=dry_run)
    if not screen.people:
        screen.record(done)
        return
    would = "would go" if dry_run else "are gone"
    screen.show(f"{done['trimmed']:,} events {would}; the log begins with position {done['firstPosition']:,}")
    for one in done["lost"]:
        screen.note(f"the cursor {one['cursor']} {'would lose' if dry_run else 'lost'} {one['events']:,} events")
    if held := done["heldBack"]:
        screen.note(f"the cursor {held['cursor']} keeps {held['events']:,} more; move or remove it, or give --force")
