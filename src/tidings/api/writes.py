"""Running a command from a request: checked off the loop where it is large, written in the shared commit, answered."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import TypeVar

import anyio.to_thread
from starlette.responses import Response

from tidings.api.answers import receipt_form
from tidings.api.endpoint import Call, json_answer
from tidings.write.commands import Command, Delete
from tidings.write.submit import Receipt, work_for

T = TypeVar("T")

LARGE = 64 * 1024
"""Bytes of body from which decoding and answering leave the event loop, so that others are not kept waiting."""


async def run(call: Call, make: Callable[[], Command], *, silent: bool = False) -> Response:
    """``make`` decodes the command; errors of any step are raised, and then nothing was written.

    ``silent``: the protocol wants 204 and no body here; a dry run answers all the same.
    """
    dry_run = call.flag("dryRun")
    command, receipt = await carry_out(call, make)
    if silent and not dry_run:
        return Response(status_code=204)
    handler = command.delete_type if isinstance(command, Delete) else ""
    large = len(call.body) >= LARGE or len(receipt.changes.assets) > 100
    body = await _aside(large, lambda: receipt_form(receipt, dry_run=dry_run, handler=handler))
    ignored = sum(len(names) for _, names in receipt.ignored)
    return json_answer(body, headers={"tidings-ignored": str(ignored)} if ignored else None)


async def carry_out(call: Call, make: Callable[[], Command]) -> tuple[Command, Receipt]:
    """The same for handlers that answer in a form of their own."""
    dry_run, parts = call.flag("dryRun"), call.parts

    def prepare() -> tuple[Command, Callable[..., Receipt]]:
        command = make()
        return command, work_for(
            parts.types, command, call.actor(), parts.profile, dry_run=dry_run, at_once=parts.config.propagation_at_once
        )

    command, work = await _aside(len(call.body) >= LARGE, prepare)
    receipt = await asyncio.wrap_future(parts.store.enqueue(work, rollback=dry_run))
    if not dry_run:
        count(call, receipt)
    return command, receipt


async def _aside(large: bool, work: Callable[[], T]) -> T:
    return await anyio.to_thread.run_sync(work) if large else work()


def count(call: Call, receipt: Receipt) -> None:
    metrics = call.parts.metrics
    for kind, count in Counter(change.kind for change in receipt.changes.assets).items():
        if not kind.is_label:
            metrics.assets.labels(kind.value.lower()).inc(count)
        metrics.events.labels(kind.operation).inc(count)
    if not receipt.changes:
        metrics.noops.inc()
