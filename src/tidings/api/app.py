"""The application: every endpoint's row as a route, one way in for all of them, one way out for every error."""

from __future__ import annotations

import asyncio
import inspect
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
    custom_metadata,
    docs_page,
    entities,
    events,
    glossary,
    lineage,
    openapi,
    relationships,
    search,
    service,
    tags,
    tasks,
    typedefs,
)
from tidings.api.access import Caller
from tidings.api.endpoint import Call, Endpoint, Parts
from tidings.api.outside import explain
from tidings.api.problem import internal_answer, problem_answer
from tidings.model.errors import (
    MethodNotAllowed,
    NoSuchPage,
    TidingsError,
    TimedOut,
    TooBusy,
    TooLarge,
)
from tidings.model.ids import new_guid
from tidings.telemetry import log

ENDPOINTS: tuple[Endpoint, ...] = (
    *entities.ENDPOINTS,
    *search.ENDPOINTS,
    *tags.ENDPOINTS,
    *custom_metadata.ENDPOINTS,
    *lineage.ENDPOINTS,
    *relationships.ENDPOINTS,
    *events.ENDPOINTS,
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
        exception_handlers={HTTPException: _unknown_address},
    )


def _routes(endpoints: Iterable[Endpoint], parts: Parts) -> Iterable[Route]:
    by_address: dict[str, dict[str, Endpoint]] = {}
    for endpoint in endpoints:
        for address in endpoint.addresses():
            by_address.setdefault(address, {})[endpoint.method] = endpoint
    for address, methods in by_address.items():
        answer = _door(methods, parts)
        for path in (address, f"{address}/"):
            yield Route(path, answer, methods=list(methods))


def _door(methods: dict[str, Endpoint], parts: Parts) -> Callable[[Request], Awaitable[Response]]:
    """What stands before every handler: identity, access, body, errors, metrics."""

    async def answer(request: Request) -> Response:
        began = time.perf_counter()
        endpoint = methods["GET" if request.method == "HEAD" else request.method]
        request_id = _id_of(request)
        response = await _guarded(endpoint, request, parts, request_id)
        response.headers["x-request-id"] = request_id
        parts.metrics.requests.labels(request.method, response.status_code).inc()
        parts.metrics.seconds.labels(request.method).observe(time.perf_counter() - began)
        return response

    return answer


def _id_of(request: Request) -> str:
    return request.headers.get("x-atlan-request-id") or new_guid()


async def _guarded(endpoint: Endpoint, request: Request, parts: Parts, request_id: str) -> Response:
    try:
        return await _handle(endpoint, request, parts, request_id)
    except TidingsError as error:
        if error.status >= 500:
            log.error("request %s failed: %s", request_id, error)
        return problem_answer(error, request_id)
    except Exception:  # noqa: BLE001  the last line of defence: logged, and told without its details
        log.exception("request %s failed", request_id)
        return internal_answer(request_id)


async def _handle(endpoint: Endpoint, request: Request, parts: Parts, request_id: str) -> Response:
    caller = _NOBODY
    if endpoint.role is not None:
        caller = parts.gate.caller(request.headers)
        caller.require(endpoint.role)
    async with _body(request, parts) as body:
        call = Call(request, parts, caller, body, request_id)
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


async def _unknown_address(request: Request, error: Exception) -> Response:
    """What Starlette's router itself refuses: addresses and methods that are in no row."""
    request_id = _id_of(request)
    headers = {"x-request-id": request_id}
    if isinstance(error, HTTPException) and error.status_code == 405:
        headers["allow"] = allowed = (error.headers or {}).get("Allow", "")
        refusal: TidingsError = MethodNotAllowed(f"{request.method} is not taken here; try {allowed}")
    else:
        refusal = NoSuchPage(explain(request.url.path))
    response = problem_answer(refusal, request_id)
    response.headers.update(headers)
    return response
