"""The application: every endpoint's row as a route, one way in for all of them, one way out for every error."""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import cast

import anyio.to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from tidings.api import (
    catalog,
    connections,
    cursors,
    custom_metadata,
    docs_page,
    entities,
    events,
    glossary,
    lineage,
    openapi,
    relationships,
    retention,
    search,
    service,
    snapshot,
    tags,
    tasks,
    typedefs,
)
from tidings.api.access import Caller
from tidings.api.endpoint import Call, Endpoint, Parts
from tidings.api.outside import explain
from tidings.api.problem import INTERNAL_CODE, internal_answer, problem_answer
from tidings.model.errors import (
    MethodNotAllowed,
    NoSuchPage,
    TidingsError,
    TimedOut,
    TooBusy,
    TooLarge,
)
from tidings.model.ids import new_guid
from tidings.telemetry import Work, fields, log, take_up, traces

ENDPOINTS: tuple[Endpoint, ...] = (
    *entities.ENDPOINTS,
    *search.ENDPOINTS,
    *tags.ENDPOINTS,
    *custom_metadata.ENDPOINTS,
    *lineage.ENDPOINTS,
    *relationships.ENDPOINTS,
    *events.ENDPOINTS,
    *snapshot.ENDPOINTS,
    *cursors.ENDPOINTS,
    *retention.ENDPOINTS,
    *catalog.ENDPOINTS,
    *connections.ENDPOINTS,
    *tasks.ENDPOINTS,
    *typedefs.ENDPOINTS,
    *glossary.ENDPOINTS,
    *service.ENDPOINTS,
    *openapi.ENDPOINTS,
    *docs_page.ENDPOINTS,
)
"""Every address of the door. The busiest come first, since routes are tried in order."""

_NOBODY = Caller("anonymous", "read")
_REQUESTS = logging.getLogger(f"{log.name}.requests")
LONGEST_ID = 200
"""Characters that are kept of the id that a client gave its request."""
LONGEST_PROBLEM = 500
"""Characters of an error's sentence in the line of its request."""


def build_app(parts: Parts) -> Starlette:
    """The ASGI application over running parts. Opening and closing the feed belongs to its lifespan."""
    parts.endpoints = ENDPOINTS

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        parts.feed.open()
        yield
        await parts.feed.close()

    return Starlette(
        routes=list(_routes(ENDPOINTS, parts)),
        lifespan=lifespan,
        exception_handlers={HTTPException: _unknown_address(parts)},
    )


def _routes(endpoints: Iterable[Endpoint], parts: Parts) -> Iterable[Route]:
    by_address: dict[str, dict[str, Endpoint]] = {}
    for endpoint in endpoints:
        for address in endpoint.addresses():
            by_address.setdefault(address, {})[endpoint.method] = endpoint
    for address, methods in by_address.items():
        answer = _door(address, methods, parts)
        for path in (address, f"{address}/"):
            yield Route(path, answer, methods=list(methods))


def _door(address: str, methods: dict[str, Endpoint], parts: Parts) -> Callable[[Request], Awaitable[Response]]:
    """What stands before every handler: identity, access, body, errors, metrics, log lines, spans."""
    wanted = parts.config.log_requests
    logged = {method: wanted == "all" or (wanted == "writes" and one.writes) for method, one in methods.items()}

    async def answer(request: Request) -> Response:
        began = time.perf_counter()
        method = "GET" if request.method == "HEAD" else request.method
        work = _begun(request)
        response = await _traced(methods[method], address, request, parts, work)
        response.headers["x-request-id"] = work.request
        seconds = time.perf_counter() - began
        parts.metrics.requests.labels(request.method, response.status_code).inc()
        parts.metrics.seconds.labels(request.method).observe(seconds)
        if logged[method] and _REQUESTS.isEnabledFor(logging.INFO):
            _tell(request, response.status_code, work, seconds)
        return response

    return answer


def _begun(request: Request) -> Work:
    """The request as work: its cause is ours and new, so that no two ever share one; the id may be the client's."""
    cause = new_guid()
    headers = request.headers
    own = headers.get("x-atlan-request-id") or headers.get("x-request-id") or cause
    work = Work(cause, own[:LONGEST_ID])
    take_up(work)  # until the end of its task: a stream's body comes after its answer
    return work


def _tell(request: Request, status: int, work: Work, seconds: float) -> None:
    """The line of a request. Without what comes behind the address: that may be long, and anything."""
    told: dict[str, object] = {"method": request.method, "path": request.url.path, "status": status}
    told["seconds"] = round(seconds, 6)
    if request.client:
        told["client"] = request.client.host
    if work.error:
        told |= {"error": work.error, "problem": work.problem[:LONGEST_PROBLEM]}
    _REQUESTS.info("answered", extra=fields(**told))


async def _traced(endpoint: Endpoint, address: str, request: Request, parts: Parts, work: Work) -> Response:
    spans = traces.active()
    if spans is None:
        return await _guarded(endpoint, request, parts, work)
    with spans.request(request.method, address, request.headers, work) as span:
        response = await _guarded(endpoint, request, parts, work)
        span.answered(response.status_code)
        return response


async def _guarded(endpoint: Endpoint, request: Request, parts: Parts, work: Work) -> Response:
    try:
        return await _handle(endpoint, request, parts, work)
    except TidingsError as error:
        work.error, work.problem = error.code, str(error)
        if error.status >= 500:
            log.error("a request failed: %s", error)
        return problem_answer(error, work.request)
    except Exception:  # noqa: BLE001  the last line of defence: logged, and told without its details
        work.error = INTERNAL_CODE
        log.exception("a request failed")
        return internal_answer(work.request)


async def _handle(endpoint: Endpoint, request: Request, parts: Parts, work: Work) -> Response:
    caller = _NOBODY
    if endpoint.role is not None:
        caller = parts.gate.caller(request.headers)
        work.caller = caller.name
        caller.require(endpoint.role)
    async with _body(request, parts) as body:
        call = Call(request, parts, caller, body, work)
        if inspect.iscoroutinefunction(endpoint.handler):
            return cast(Response, await endpoint.handler(call))
        handler = cast(Callable[[Call], Response], endpoint.handler)
        return await anyio.to_thread.run_sync(handler, call)


@asynccontextmanager
async def _body(request: Request, parts: Parts) -> AsyncIterator[bytes]:
    """The request's body, counted among all that are held at the moment."""
    if request.method in ("GET", "HEAD"):
        yield b""
        return
    held = bytearray()
    try:
        await _receive(request, parts, held)
        yield bytes(held)
    finally:
        parts.metrics.pending.dec(len(held))
        parts.pending_bytes -= len(held)


async def _receive(request: Request, parts: Parts, held: bytearray) -> None:
    config = parts.config
    try:
        async with asyncio.timeout(config.request_seconds):
            async for chunk in request.stream():
                held += chunk
                parts.pending_bytes += len(chunk)
                parts.metrics.pending.inc(len(chunk))
                if len(held) > config.max_body_bytes:
                    raise TooLarge(f"the body is larger than {config.max_body_bytes:,} bytes; send less at once")
                if parts.pending_bytes > config.max_pending_bytes:
                    raise TooBusy("too much is waiting to be written; send the request again in a second")
    except TimeoutError:
        seconds = f"{config.request_seconds:g}"
        raise TimedOut(f"the body did not arrive within {seconds} seconds; nothing was written") from None
    except ClientDisconnect:
        raise TimedOut("the client went away before the body had arrived; nothing was written") from None


def _unknown_address(parts: Parts) -> Callable[[Request, Exception], Awaitable[Response]]:
    """What Starlette's router itself refuses: addresses and methods that are in no row."""

    async def answer(request: Request, error: Exception) -> Response:
        work = _begun(request)
        refusal, headers = _refusal(request, error)
        work.error, work.problem = refusal.code, str(refusal)
        response = problem_answer(refusal, work.request)
        response.headers.update(headers | {"x-request-id": work.request})
        if parts.config.log_requests == "all":
            _tell(request, response.status_code, work, 0.0)
        return response

    return answer


def _refusal(request: Request, error: Exception) -> tuple[TidingsError, dict[str, str]]:
    if isinstance(error, HTTPException) and error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "")
        return MethodNotAllowed(f"{request.method} is not taken here; try {allowed}"), {"allow": allowed}
    return NoSuchPage(explain(request.url.path)), {}
