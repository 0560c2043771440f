"""Our own call that deletes everything under a connection, with its progress as it goes where that is asked for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio.to_thread
from starlette.responses import Response, StreamingResponse

from tidings.api.endpoint import BOOLEAN, Call, Endpoint, Parameter, json_answer
from tidings.api.problem import error_line
from tidings.model.errors import InvalidParameter, StoreUnavailable, TidingsError
from tidings.model.events import encode
from tidings.telemetry import log
from tidings.write.commands import Delete, DeleteType
from tidings.write.connection import Progress, Summary, count_connection, delete_connection
from tidings.write.decode import delete_type_of

LINES = "application/x-ndjson"
Queue = asyncio.Queue[bytes | TidingsError | None]


async def delete(call: Call) -> Response:
    target = call.query.get("qualifiedName")
    if not target:
        raise InvalidParameter("the parameter qualifiedName is missing; it names the connection")
    delete_type = delete_type_of(call.query.get("deleteType", "DEFAULT"))
    if call.flag("dryRun"):
        return await anyio.to_thread.run_sync(_counted, call, target, delete_type)
    if LINES in call.request.headers.get("accept", ""):
        return await _streamed(call, target, delete_type)
    body = await anyio.to_thread.run_sync(_deleted, call, target, delete_type, lambda done, total: None)
    return json_answer(body)


def _counted(call: Call, target: str, delete_type: DeleteType) -> Response:
    counts = count_connection(call.parts.store, call.parts.types, target, delete_type)
    told = {"connection": target, "deleteType": delete_type, "dryRun": True, "deleted": counts}
    return json_answer(encode({**told, "total": sum(counts.values())}))


def _deleted(call: Call, target: str, delete_type: DeleteType, progress: Progress) -> bytes:
    """Do it; the answer. A server that stops ends it behind the transaction that is being written."""
    parts = call.parts

    def tell(done: int, total: int) -> None:
        progress(done, total)
        if parts.feed.closed and done < total:
            raise StoreUnavailable(
                f"the server is stopping; {done:,} of {total:,} assets are deleted, ask again for the rest"
            )

    summary = delete_connection(parts.store, parts.types, target, call.actor(), parts.profile, delete_type, tell)
    parts.metrics.assets.labels("purge" if Delete([], delete_type).is_purge else "archive").inc(summary.here)
    parts.metrics.events.labels("ENTITY_DELETE").inc(summary.here)
    return encode(summary_form(summary))


def summary_form(summary: Summary) -> dict[str, Any]:
    """A summary as the answer has it."""
    return {
        "connection": summary.connection,
        "deleteType": summary.delete_type,
        "deleted": summary.deleted,
        "total": summary.total,
        "cause": summary.cause,
        "firstPosition": summary.first_position,
        "lastPosition": summary.last_position,
        "seconds": round(summary.seconds, 3),
        "resumed": summary.resumed,
    }


async def _streamed(call: Call, target: str, delete_type: DeleteType) -> Response:
    """One JSON object a line: ``done`` and ``total`` as it goes, then ``summary`` or ``error``.

    What is refused before anything is done is an error as everywhere. A client that goes away ends the work behind
    the transaction that is being written.
    """
    loop, queue, gone = asyncio.get_running_loop(), Queue(), threading.Event()

    def tell(done: int, total: int) -> None:
        if gone.is_set():
            raise StoreUnavailable("the client went away; ask again for the rest")
        loop.call_soon_threadsafe(queue.put_nowait, b'{"done":%d,"total":%d}\n' % (done, total))

    work = asyncio.create_task(_told(queue, call, lambda: _deleted(call, target, delete_type, tell)))
    first = await queue.get()
    if isinstance(first, TidingsError):
        raise first
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(_lines(first, queue, call, gone, work), 200, headers, LINES)


async def _told(queue: Queue, call: Call, work: Callable[[], bytes]) -> None:
    """Run it on a thread; what becomes of it is the last but one in the queue, None the last."""
    try:
        queue.put_nowait(b'{"summary":%b}\n' % await anyio.to_thread.run_sync(work))
    except TidingsError as error:
        queue.put_nowait(error)
    except Exception as error:  # noqa: BLE001  the last line of defence, as for every request
        log.exception("a request failed")
        queue.put_nowait(error_line(error, call.request_id))
    queue.put_nowait(None)


async def _lines(
    first: bytes | None, queue: Queue, call: Call, gone: threading.Event, _work: asyncio.Task[None]
) -> AsyncIterator[bytes]:
    line: bytes | TidingsError | None = first
    try:
        while line is not None:
            if isinstance(line, TidingsError):
                line = error_line(line, call.request_id)
            yield line
            line = await queue.get()
    finally:
        gone.set()


_TYPES = {"type": "string", "enum": ["DEFAULT", "SOFT", "HARD", "PURGE"], "default": "DEFAULT"}
ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "DELETE", "/api/connections", delete, "write", "Archive or purge everything under a connection", group="Catalog",
        parameters=(
            Parameter("qualifiedName", "The connection's qualifiedName.", required=True),
            Parameter("deleteType", "DEFAULT and SOFT archive, HARD and PURGE remove for good.", _TYPES),
            Parameter("dryRun", "Count by type what would be deleted, and write nothing.", BOOLEAN),
        ),
        answer="«deleted» by type, cause, first and last position of the events. With Accept: application/x-ndjson one "
               "JSON object a line: done and total as it goes, then summary or error. Asking again continues what was "
               "interrupted.",
    ),
)  # fmt: skip
