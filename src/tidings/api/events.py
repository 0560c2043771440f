"""Our own read API of the log: pages, long poll, the live stream, and one asset's history."""

from __future__ import annotations

from collections.abc import AsyncIterator

import anyio.to_thread
from starlette.responses import Response, StreamingResponse

from tidings.api.endpoint import MAX_LONG, Call, Endpoint, Parameter, json_answer, plain_guid, whole_number
from tidings.consumers.sse import frames, heartbeat
from tidings.model.errors import InvalidParameter, LogTrimmed, Unauthenticated
from tidings.model.events import OPERATIONS, LogFilter

GROUP = "Events"
SSE = "text/event-stream"
MOST = 5_000
LONGEST_WAIT = 60
_POSITION = {"type": "integer", "minimum": 0, "maximum": MAX_LONG}
_TIME = {"type": "integer", "minimum": 0, "maximum": MAX_LONG}
_FORM = {"type": "string", "enum": ["full", "wire"], "default": "full"}
FORM = Parameter("form", "«full» adds the tidings block to each event; «wire» is the protocol's envelope alone.", _FORM)
FILTERS = (
    Parameter("type", "Only assets of this type (exact name).", many=True),
    Parameter("operation", "Only this operation.", {"type": "string", "enum": list(OPERATIONS)}, many=True),
    Parameter("guid", "Only this asset."),
    Parameter("qualifiedNamePrefix", "Only assets whose qualifiedName starts so."),
    Parameter("since", "Only events at or after this time, in milliseconds since 1970.", _TIME),
    Parameter("until", "Only events before this time, in milliseconds since 1970.", _TIME),
)
LIMIT = Parameter(
    "limit", "How many events at most.", {"type": "integer", "minimum": 1, "maximum": MOST, "default": 100}
)
AFTER = Parameter("after", "The position behind which to start; the first that is left where not given.", _POSITION)
STREAM_AFTER = Parameter("after", "The position behind which to start; from now on where not given.", _POSITION)
WAIT = Parameter(
    "wait", "Seconds to wait for a first event where there is none yet.",
    {"type": "integer", "minimum": 0, "maximum": LONGEST_WAIT, "default": 0},
)  # fmt: skip


def filter_of(call: Call) -> LogFilter:
    """The filter that the parameters make; raises InvalidParameter."""
    operations = call.many("operation")
    for one in operations:
        if one not in OPERATIONS:
            raise InvalidParameter(f"there is no operation {one!r}; it must be one of {', '.join(OPERATIONS)}")
    guid = call.query.get("guid")
    return LogFilter(
        frozenset(operations),
        frozenset(call.many("type")),
        plain_guid(guid) if guid else None,
        call.query.get("qualifiedNamePrefix", ""),
        call.whole("since", 0) if "since" in call.query else None,
        call.whole("until", 0) if "until" in call.query else None,
    )


def wants_wire(call: Call) -> bool:
    """Whether events are wanted without the tidings block."""
    form = call.query.get("form", "full")
    if form not in ("full", "wire"):
        raise InvalidParameter(f"there is no form {form!r}; it must be full or wire")
    return form == "wire"


async def list_events(call: Call) -> Response:
    return await _page(call, filter_of(call))


async def history(call: Call) -> Response:
    return await _page(call, LogFilter(guid=call.path_guid()))


async def _page(call: Call, wanted: LogFilter) -> Response:
    after, limit = _given_after(call), call.whole("limit", 100, 1, MOST)
    wait = call.whole("wait", 0, 0, LONGEST_WAIT)
    wire = wants_wire(call)
    if after is not None:
        await _refuse_beyond(call, after)
    records, looked = await call.parts.feed.read_filled(after, limit, wanted, wait)
    if not call.parts.gate.admits(call.request.headers):
        raise Unauthenticated("the token was revoked while this request waited")
    head = max(call.parts.store.head(), looked if records else 0)
    bodies = b",".join(record.wire() if wire else record.full() for record in records)
    return json_answer(b'{"events":[%b],"next":%d,"head":%d}' % (bodies, looked, head))


def _given_after(call: Call) -> int | None:
    return call.whole("after", 0) if "after" in call.query else None


async def stream(call: Call) -> Response:
    wanted, wire = filter_of(call), wants_wire(call)
    after = _start(call)
    await _refuse_beyond(call, after)
    await _refuse_trimmed(call, after)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    if call.request.method == "HEAD":  # its answer has an end
        return Response(None, 200, headers, SSE)
    return StreamingResponse(_frames(call, after, wanted, wire), 200, headers, SSE)


def _start(call: Call) -> int:
    """Behind the last event that a reconnecting client had, or where the parameter says, or at the head: live only."""
    last = call.request.headers.get("last-event-id")
    if last is not None:
        position = whole_number(last)
        if position is None:
            raise InvalidParameter(f"the header Last-Event-ID ({last!r}) must be a position of the log")
        return position
    return call.whole("after", call.parts.store.head())


async def _refuse_beyond(call: Call, after: int) -> None:
    """A position that the log has not reached is not this log's: events that came before it would be missed."""
    if after <= call.parts.store.head():
        return

    _, head = await anyio.to_thread.run_sync(_ends, call)
    if after > head:
        raise InvalidParameter(
            f"position {after} is beyond the end of the log, {head}: it comes from another catalog, or this one was "
            "restored from an older backup; start again from a position that it has"
        )


async def _refuse_trimmed(call: Call, after: int) -> None:
    first, _ = await anyio.to_thread.run_sync(_ends, call)
    if after + 1 < first:
        raise LogTrimmed(after, first)


def _ends(call: Call) -> tuple[int, int]:
    """The first position that is left of the log, and the last."""
    with call.parts.store.snapshot() as snapshot:
        return snapshot.log_start(), snapshot.head()


async def _frames(call: Call, after: int, wanted: LogFilter, wire: bool) -> AsyncIterator[bytes]:
    metrics = call.parts.metrics
    metrics.streams.inc()
    try:
        yield heartbeat()  # the client learns at once that it is connected
        async for batch in call.parts.feed.follow(after, wanted, call.parts.config.heartbeat_seconds):
            if not call.parts.gate.admits(call.request.headers):
                break  # the token was revoked meanwhile
            metrics.streamed.inc(len(batch.records))
            yield frames(batch.records, wire) or heartbeat(batch.position)
    except LogTrimmed as trimmed:
        # A reader that is overtaken while it catches up: who resumes from its last event is refused with the same words.
        yield b": %b\n\n" % str(trimmed).encode()
    finally:
        metrics.streams.dec()


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET", "/api/events", list_events, "read", "A page of the log",
        parameters=(AFTER, LIMIT, *FILTERS, WAIT, FORM), group=GROUP, errors=(LogTrimmed,),
        answer="The events, «next» to pass as «after» for what follows, and «head», the log's last position.",
    ),
    Endpoint(
        "GET", "/api/events/stream", stream, "read", "The log as it grows, as server-sent events",
        parameters=(STREAM_AFTER, *FILTERS, FORM), group=GROUP, media_type=SSE, errors=(LogTrimmed,),
        answer="One frame for each event with its position as id; comments as heartbeats. Resumes from Last-Event-ID.",
    ),
    Endpoint(
        "GET", "/api/assets/{guid}/history", history, "read", "Every event of one asset, purged ones included",
        parameters=(AFTER, LIMIT, WAIT, FORM), group=GROUP, answer="As a page of the log.", errors=(LogTrimmed,),
    ),
)  # fmt: skip
