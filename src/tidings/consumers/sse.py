"""Records as server-sent events (WHATWG HTML, «Server-sent events»)."""

from __future__ import annotations

from collections.abc import Iterable

from tidings.model.events import LogRecord


def frames(records: Iterable[LogRecord], wire: bool) -> bytes:
    """One frame for each record: its position as id, its operation as event, the event as data."""
    return b"".join(wire_frame(record) if wire else full_frame(record) for record in records)


def full_frame(record: LogRecord) -> bytes:
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (record.position, record.operation.encode(), record.full())


def wire_frame(record: LogRecord) -> bytes:
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (record.position, record.operation.encode(), record.wire())


def heartbeat() -> bytes:
    """A comment: it shows that the stream lives, and clients ignore it."""
    return b": heartbeat\n\n"
