"""Metrics. Every name is in the list below, with what it counts.

| metric                              | labels           | what                                                    |
|-------------------------------------|------------------|---------------------------------------------------------|
| tidings_requests_total              | method, status   | HTTP requests answered                                  |
| tidings_request_seconds             | method           | time from the first byte of a request to its answer     |
| tidings_events_total                | operation        | events written to the log by this process               |
| tidings_assets_changed_total        | kind             | assets created, updated, archived, purged               |
| tidings_noop_saves_total            |                  | saves that changed nothing                              |
| tidings_log_head                    |                  | last position of the log                                |
| tidings_events_trimmed_total        |                  | events that this process trimmed from the log           |
| tidings_streams_open                |                  | live event streams                                      |
| tidings_stream_events_total         |                  | events handed to live streams                           |
| tidings_request_bytes_pending       |                  | bytes of request bodies held at the moment              |
"""

from __future__ import annotations

import os

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector

CONTENT_TYPE = CONTENT_TYPE_LATEST


SHARED_METRICS = "PROMETHEUS_MULTIPROC_DIR"
"""Set for processes that count together, in files of this folder, before they start."""


class Metrics:
    """The metrics of one server, in a registry of their own; of all its processes where there are several."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        own = self.registry
        self.requests = Counter("tidings_requests", "HTTP requests answered", ["method", "status"], registry=own)
        self.seconds = Histogram("tidings_request_seconds", "Time to answer", ["method"], registry=own)
        self.events = Counter("tidings_events", "Events written to the log", ["operation"], registry=own)
        self.assets = Counter("tidings_assets_changed", "Assets changed", ["kind"], registry=own)
        self.noops = Counter("tidings_noop_saves", "Saves that changed nothing", registry=own)
        self.head = Gauge("tidings_log_head", "Last position of the log", registry=own, multiprocess_mode="livemax")
        self.trimmed = Counter("tidings_events_trimmed", "Events trimmed from the log", registry=own)
        self.streams = Gauge("tidings_streams_open", "Live event streams", registry=own, multiprocess_mode="livesum")
        self.streamed = Counter("tidings_stream_events", "Events handed to live streams", registry=own)
        self.pending = Gauge(
            "tidings_request_bytes_pending", "Bytes of request bodies held", registry=own, multiprocess_mode="livesum"
        )

    def text(self) -> bytes:
        """All of them in the Prometheus text form."""
        if SHARED_METRICS not in os.environ:
            return generate_latest(self.registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]  # the library's own gap
        return generate_latest(together)
