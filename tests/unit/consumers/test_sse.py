"""Records as server-sent events, byte for byte."""

from __future__ import annotations

from tidings.consumers.sse import frames, heartbeat
from tidings.model.events import LogRecord

RECORDS = [
    LogRecord(7, 1, "ENTITY_CREATE", "g", "Table", "n", b'{"message":{}}', b'{"id":"c.1"}'),
    LogRecord(8, 1, "ENTITY_DELETE", "g", "Table", "n", b'{"message":{}}', b'{"id":"c.2"}'),
]


def test_full_frames_hold_position_operation_and_event() -> None:
    assert frames(RECORDS, wire=False) == (
        b'id: 7\nevent: ENTITY_CREATE\ndata: {"message":{},"tidings":{"position":7,"id":"c.1"}}\n\n'
        b'id: 8\nevent: ENTITY_DELETE\ndata: {"message":{},"tidings":{"position":8,"id":"c.2"}}\n\n'
    )


def test_wire_frames_hold_the_envelope_as_it_was_stored() -> None:
    assert frames(RECORDS[:1], wire=True) == b'id: 7\nevent: ENTITY_CREATE\ndata: {"message":{}}\n\n'


def test_no_records_are_no_frames() -> None:
    assert frames([], wire=False) == b""


def test_a_heartbeat_is_a_comment() -> None:
    assert heartbeat() == b": heartbeat\n\n"
