"""Records as server-sent events (WHATWG HTML, «Server-sent events»)."""

from __future__ import annotations

from collections.abc import Iterable

from tidings.model.events import LogRecord


def frames(records: Iterable[LogRecord], wire: bool) -> bytes:
    """One frame for each record: its position as id, its operation as event, the event as data."""
    return b"".join(wire_frame(record) if wire else full_frame(record) for record in records)


def full_frame(record: LogRecord) -> bytes:
    """The frame of the full form; built once for all who follow the log live, since they share its records."""
    if record.frame is None:
        record.frame = _frame(record, record.full())
    return record.frame


def wire_frame(record: LogRecord) -> bytes:
    """The frame of the protocol's own form."""
    return _frame(record, record.wire())


def _frame(record: LogRecord, data: bytes) -> bytes:
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (record.position, record.operation.encode(), data)


def heartbeat(position: int | None = None) -> bytes:
    """A comment: it shows that the stream lives, and clients ignore it.

    With a position it also says how far the log was looked at, so that a client whose filter seldom passes anything
    resumes from there. Frames without data are not handed to applications.
    """
    return b": heartbeat\n\n" if position is None else b": heartbeat\nid: %d\n\n" % position
