"""``tidings save``: assets out of a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import click
import msgspec

from tidings.cli.answers import brief, count, show_events
from tidings.cli.connect import connected
from tidings.cli.screen import Screen, json_option, pass_screen
from tidings.client import Client, JsonObject, lines
from tidings.model.errors import ClientError, MalformedBody

MOST_ASSETS = 10_000
MOST_BYTES = 32 * 1024**2
"""Where a batch ends even if it holds fewer assets: half of what a server takes by default."""

Batch = list[msgspec.Raw]


@click.command()
@click.argument("file", type=click.File("rb"))
@click.option("--lenient", is_flag=True, help="Leave out attributes that a type does not have, instead of refusing.")
@click.option("--dry-run", is_flag=True, help="Write nothing; show the events that there would be.")
@click.option("--batch", "size", type=click.IntRange(1, MOST_ASSETS), default=MOST_ASSETS, show_default=True,
              help="Assets in one request.")  # fmt: skip
@json_option
@connected
@pass_screen
def save(screen: Screen, client: Client, file: BinaryIO, lenient: bool, dry_run: bool, size: int) -> None:
    """Create or update the assets in FILE (- for stdin).

    FILE holds {"entities": […]}, a list of assets, or one asset a line. It is sent in batches: each batch is saved as
    a whole or not at all, while batches before one that fails stay saved. An asset may refer to one of an earlier
    batch by qualifiedName; placeholder guids such as -1 hold within a batch. A dry run looks at each batch by itself.
    """
    assets = read_assets(file.read())
    answers: list[JsonObject] = []
    done = 0
    with screen.progress("saving") as advance:
        for batch in batches(assets, size):
            answers.append(_save(client, batch, done, strict=not lenient, dry_run=dry_run))
            done += len(batch)
            advance("saving", done, len(assets))
            if not screen.people:
                _record(screen, answers[-1], len(batch))
    if screen.people:
        _summarise(screen, answers, done)


def read_assets(content: bytes) -> Batch:
    """The assets of a file in any of its forms, undecoded. Raises MalformedBody."""
    kind = content.lstrip()[:1]
    if kind not in (b"{", b"["):
        raise MalformedBody('the file holds no assets; it takes {"entities": […]}, a list, or one asset a line')
    try:
        if kind == b"[":
            return msgspec.json.decode(content, type=Batch)
        assets = _of_object(content)
        return _of_lines(content) if assets is None else assets
    except RecursionError:
        raise MalformedBody("the file is nested too deeply") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise MalformedBody(f"the file is not valid JSON: {error}") from error


def _of_object(content: bytes) -> Batch | None:
    """The assets of one JSON object; None where there are several objects, one a line."""
    try:
        members = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        return None
    if "entities" in members:
        return msgspec.json.decode(members["entities"], type=Batch)
    return [members["entity"] if "entity" in members else msgspec.Raw(content)]


def _of_lines(content: bytes) -> Batch:
    kept = []
    for number, line in enumerate(lines([content, b"\n"]), 1):
        try:
            if line.strip():
                kept.append(msgspec.json.decode(line, type=msgspec.Raw))
        except msgspec.DecodeError as error:
            raise MalformedBody(f"line {number} of the file is not valid JSON: {error}") from error
    return kept


def batches(assets: Batch, most: int, most_bytes: int = MOST_BYTES) -> Iterator[Batch]:
    """Consecutive parts of at most so many assets and bytes; one asset alone may be larger."""
    batch: Batch = []
    size = 0
    for asset in assets:
        length = len(memoryview(asset))
        if batch and (len(batch) == most or size + length > most_bytes):
            yield batch
            batch, size = [], 0
        batch.append(asset)
        size += length
    if batch:
        yield batch


def _save(client: Client, batch: Batch, before: int, *, strict: bool, dry_run: bool) -> JsonObject:
    try:
        return client.save(batch, strict=strict, dry_run=dry_run)
    except ClientError as error:
        if not before or dry_run:
            raise
        told = f"{error} (in the batch from asset {before + 1} on; the {before} assets before it are saved)"
        raise ClientError(told, error.problems, error.http_status, error.server_code) from error


def _record(screen: Screen, answer: JsonObject, assets: int) -> None:
    """For programs: what became of one batch; of a dry run only the events."""
    show_events(screen, answer)
    if not answer.get("dryRun"):
        screen.record({"assets": assets, "ignoredAttributes": answer["ignoredAttributes"], **brief(answer)})


def _summarise(screen: Screen, answers: list[JsonObject], assets: int) -> None:
    for answer in answers:
        show_events(screen, answer)
    created, updated, ignored = _totals(answers)
    would = "would be " if answers and answers[0].get("dryRun") else ""
    screen.show(f"{assets} assets read: {created} {would}created, {updated} {would}updated (neighbours included)")
    if ignored:
        screen.note(f"{ignored} attributes that their types do not have were left out")


def _totals(answers: list[JsonObject]) -> tuple[int, int, int]:
    created = sum(count(one, "CREATE") for one in answers)
    updated = sum(count(one, "UPDATE") for one in answers)
    return created, updated, sum(one["ignoredAttributes"] for one in answers)
