"""Spans by OpenTelemetry, sent in the background to an OTLP/HTTP address. Known to ``traces`` alone: it is an extra.

| span                     | what                                                                                    |
|--------------------------|-----------------------------------------------------------------------------------------|
| METHOD route             | a request, from its first byte to its answer; a stream's until it begins                |
| task …                   | a stretch of long work in the background                                                |
| transaction              | a transaction of either, from being asked for to being on disk                          |
| transaction wait         | its wait for its turn                                                                   |
| transaction work         | its deciding and writing                                                                |
| transaction commit       | from there to the disk, together with those that share the commit                       |
| snapshot                 | a consistent look at the state                                                          |
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode, format_trace_id, set_span_in_context, use_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from tidings.telemetry.work import Work

T = TypeVar("T")

PATH = "/v1/traces"
SEND_SECONDS = 3.0
"""How long one sending may take; a stopping server waits no longer for what is left."""
_W3C = TraceContextTextMapPropagator()


@dataclass(slots=True)
class _Transaction:
    """When the parts of one transaction began, in nanoseconds."""

    trail: _Trail
    asked: int = field(default_factory=time.time_ns)
    began: int = 0
    ended: int = 0
    settled: int = 0
    runs: int = 0

    def around(self, work: Callable[[Any], T]) -> Callable[[Any], T]:
        def noted(tx: Any) -> T:
            self.runs += 1
            self.began = time.time_ns()
            try:
                return work(tx)
            finally:
                self.ended = time.time_ns()

        return noted

    def settle(self, _future: Future[Any] | None = None) -> None:
        self.settled = time.time_ns()
        self.trail.note(self)


class _Trail:
    """The transactions of one request or task. They are told as spans at its end, so that nobody who waits for the writer
    waits for that too; those that end later, when the answer streams on behind it, are told at once."""

    def __init__(self, span: Span, tell: Callable[[_Transaction, Context], None]) -> None:
        self._parent = set_span_in_context(span)
        self._tell = tell
        self._noted: list[_Transaction] = []
        self._over = False

    def note(self, one: _Transaction) -> None:
        if self._over:
            self._tell(one, self._parent)
        else:
            self._noted.append(one)

    def end(self) -> None:
        self._over = True
        for one in self._noted:
            self._tell(one, self._parent)


_trail: ContextVar[_Trail | None] = ContextVar("tidings_trail", default=None)


class Spans:
    """Makes spans and sends them; one for a process."""

    def __init__(self, endpoint: str, version: str) -> None:
        # What the OTEL_… variables say of the service and of sampling holds; the name is ours where they give none.
        named = Resource.create().attributes.get("service.name", "")
        own = {"service.version": version} | ({} if _is_given(named) else {"service.name": "tidings"})
        self._provider = TracerProvider(resource=Resource.create(own), shutdown_on_exit=False)
        exporter = OTLPSpanExporter(endpoint=_address(endpoint), timeout=SEND_SECONDS)
        self._provider.add_span_processor(BatchSpanProcessor(exporter, export_timeout_millis=SEND_SECONDS * 1000))
        self._tracer = self._provider.get_tracer("tidings", version)

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()

    @contextlib.contextmanager
    def request(self, method: str, route: str, headers: Mapping[str, str], work: Work) -> Iterator[RequestSpan]:
        """The span of a request, part of the trace that its ``traceparent`` names; ``work`` learns the trace's id."""
        attributes = {"http.request.method": method, "http.route": route, "tidings.cause": work.cause}
        span = self._tracer.start_span(
            f"{method} {route}", _W3C.extract(headers, Context()), SpanKind.SERVER, attributes
        )
        work.trace = trace_of(span)
        with self._within(span):
            yield RequestSpan(span, work)

    @contextlib.contextmanager
    def task(self, what: str, cause: str) -> Iterator[str]:
        """The span of work in the background; the trace's id."""
        span = self._tracer.start_span(f"task {what}", Context(), attributes={"tidings.cause": cause})
        with self._within(span):
            yield trace_of(span)

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """A look at the state, where it is for a request or a task: others look all the time."""
        if _trail.get() is None:
            yield
            return
        with self._tracer.start_as_current_span("snapshot"):
            yield

    def transaction(self) -> _Transaction | None:
        """What notes the times of one that begins now; None where it is for nobody."""
        trail = _trail.get()
        return None if trail is None else _Transaction(trail)

    def carried(self) -> dict[str, str]:
        """``traceparent``, for whoever is to continue the trace; empty where there is none."""
        carrier: dict[str, str] = {}
        _W3C.inject(carrier)
        return carrier

    @contextlib.contextmanager
    def _within(self, span: Span) -> Iterator[None]:
        trail = _Trail(span, self._tell)
        before = _trail.set(trail if span.is_recording() else None)
        try:
            with use_span(span, end_on_exit=False):
                yield
        finally:
            _trail.reset(before)
            trail.end()
            span.end()

    def _tell(self, one: _Transaction, parent: Context) -> None:
        end = one.settled
        span = self._tracer.start_span(
            "transaction", parent, attributes={"tidings.runs": one.runs}, start_time=one.asked
        )
        inside = set_span_in_context(span)
        parts = [("wait", one.asked, one.began or end)]
        if one.ended:
            parts += [("work", one.began, one.ended), ("commit", one.ended, end)]
        for name, start, stop in parts:
            self._tracer.start_span(f"transaction {name}", inside, start_time=start).end(stop)
        span.end(end)


@dataclass(slots=True)
class RequestSpan:
    """The span of a request while it is answered."""

    span: Span
    work: Work

    def answered(self, status: int) -> None:
        """What came of it, and who asked."""
        told: dict[str, str | int] = {"http.response.status_code": status, "tidings.request": self.work.request}
        if self.work.caller:
            told["tidings.caller"] = self.work.caller
        if self.work.error:
            told["error.type"] = self.work.error
        self.span.set_attributes(told)
        if status >= 500:
            self.span.set_status(StatusCode.ERROR, self.work.error)


def trace_of(span: Span) -> str:
    """The id of the trace that a span is part of."""
    return format_trace_id(span.get_span_context().trace_id)


def _is_given(name: object) -> bool:
    return isinstance(name, str) and bool(name) and not name.startswith("unknown_service")


def _address(endpoint: str) -> str:
    return endpoint if endpoint.rstrip("/").endswith(PATH) else endpoint.rstrip("/") + PATH
