"""Our own call that streams every asset as of one position, for readers that begin anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import anyio.to_thread
from anyio import CancelScope
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from tidings.api.endpoint import Call, Endpoint, Parameter
from tidings.api.problem import error_line
from tidings.config import Config
from tidings.model.errors import StoreUnavailable, TidingsError, TimedOut, TooBusy, Unauthenticated
from tidings.read.snapshot import snapshot_lines
from tidings.store.base import AssetQuery
from tidings.telemetry import log

LINES = "application/x-ndjson"
AT_ONCE = 4
"""Each holds a snapshot of the database, which has to keep for so long what others change meanwhile."""
GRACE_SECONDS = 5.0
"""After its time a stream may take so long to say so; whoever does not even read that is hung up on."""


async def snapshot(call: Call) -> Response:
    parts = call.parts
    wanted = AssetQuery(frozenset(call.many("type")), call.query.get("qualifiedNamePrefix", ""))
    # Also where no type is named: a database that is away is told of before the answer begins.
    await anyio.to_thread.run_sync(_check_types, call, wanted.type_names)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    if call.request.method == "HEAD":  # its answer has an end
        return Response(None, 200, headers, LINES)
    if parts.snapshots >= (most := _most(parts.config)):
        raise TooBusy(f"as many snapshots are being read already as may be at once ({most}); wait until one has ended")
    return _Bounded(call, snapshot_lines(parts.store, parts.types, wanted), headers)


def _most(config: Config) -> int:
    """How many at once: in PostgreSQL each keeps a connection for itself, and others need some too."""
    return min(AT_ONCE, max(1, config.database_connections // 3)) if config.is_postgres else AT_ONCE


def _check_types(call: Call, names: frozenset[str]) -> None:
    with call.parts.store.snapshot() as current:
        types = call.parts.types.of(current)
    for name in names:
        types.type(name)


class _Bounded(StreamingResponse):
    """Lets go of the database's snapshot in time, also where its reader has stopped reading."""

    def __init__(self, call: Call, lines: Iterator[bytes], headers: dict[str, str]) -> None:
        self._call = call
        self._made = lines
        self._seconds = call.parts.config.snapshot_seconds
        super().__init__(self._lines(), 200, headers, LINES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        parts = self._call.parts
        parts.snapshots += 1
        try:
            async with asyncio.timeout(self._seconds + GRACE_SECONDS):
                await super().__call__(scope, receive, send)
        except TimeoutError:
            log.warning("a snapshot was broken off: its reader took longer than %g seconds", self._seconds)
        finally:
            parts.snapshots -= 1
            with CancelScope(shield=True):
                await anyio.to_thread.run_sync(self._made.close)  # type: ignore[attr-defined]  # it is a generator

    async def _lines(self) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._seconds
        try:
            while (some := await anyio.to_thread.run_sync(next, self._made, b"")) != b"":
                if not self._call.parts.gate.admits(self._call.request.headers):
                    raise Unauthenticated("the token was revoked meanwhile; the snapshot is not whole")
                yield some
                if loop.time() > deadline:
                    raise TimedOut(
                        f"the snapshot took longer than {self._seconds:g} seconds and is not whole; read it faster, ask for "
                        "less of it, or give the server a longer snapshot_seconds"
                    )
                if self._call.parts.feed.closed:
                    raise StoreUnavailable("the server is stopping; the snapshot is not whole")
        except TidingsError as error:
            yield error_line(error, self._call.request_id)
        except Exception as error:  # noqa: BLE001  the last line of defence, as for every request
            log.exception("a request failed")
            yield error_line(error, self._call.request_id)


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET", "/api/snapshot", snapshot, "read", "Every asset as of one position of the log", group="Events",
        media_type=LINES, errors=(TooBusy,),
        parameters=(
            Parameter("type", "Only assets of this type (exact name).", many=True),
            Parameter("qualifiedNamePrefix", "Only assets whose qualifiedName starts so."),
        ),
        answer="One JSON object a line: position, catalogId and time; each asset in full, archived ones too; «end» with how "
               "many there were. Without that last line it is not whole. An error in the middle is a line with «error».",
    ),
)  # fmt: skip
