"""Receives spans as a collector does, by OTLP over HTTP on this machine."""

from __future__ import annotations

import contextlib
import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue


class SpanSeen(NamedTuple):
    """A span as it arrived; times in nanoseconds."""

    name: str
    trace: str
    id: str
    parent: str
    start: int
    end: int
    failed: bool
    told: dict[str, str | int]
    service: dict[str, str | int]


class Receiver(ThreadingHTTPServer):
    """``spans`` are all that came."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.spans: list[SpanSeen] = []
        self.url = f"http://127.0.0.1:{self.server_port}"

    def named(self, name: str) -> list[SpanSeen]:
        return [span for span in self.spans if span.name == name]

    def below(self, parent: SpanSeen) -> list[SpanSeen]:
        return sorted((span for span in self.spans if span.parent == parent.id), key=lambda span: span.start)


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        assert self.path == "/v1/traces"
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scope in resource.scope_spans:
                for one in scope.spans:
                    self.server.spans.append(
                        SpanSeen(
                            one.name, one.trace_id.hex(), one.span_id.hex(), one.parent_span_id.hex(),
                            one.start_time_unix_nano, one.end_time_unix_nano, one.status.code == one.status.STATUS_CODE_ERROR,
                            _values(one.attributes), _values(resource.resource.attributes),
                        )
                    )  # fmt: skip
        answer = ExportTraceServiceResponse().SerializeToString()
        self.send_response(200)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on standard error."""


def _values(attributes: object) -> dict[str, str | int]:
    found: dict[str, str | int] = {}
    for one in attributes:  # type: ignore[attr-defined]  # the generated classes know more than their types tell
        assert isinstance(one, KeyValue)
        found[one.key] = one.value.string_value or one.value.int_value
    return found


@contextlib.contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on a free port."""
    with Receiver() as receiver:
        thread = threading.Thread(target=receiver.serve_forever)
        thread.start()
        try:
            yield receiver
        finally:
            receiver.shutdown()
            thread.join()
