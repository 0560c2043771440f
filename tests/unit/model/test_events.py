"""The forms in which an event travels, and which records a filter lets pass."""

from __future__ import annotations

from typing import Any

import pytest

from tidings.model.events import EVERYTHING, OPERATIONS, Event, LogFilter, LogRecord, decode, envelope_head, would_be

MESSAGE, DETAIL = b'{"version":{},"message":{}}', b'{"id":"c.1","version":1}'
RECORD = LogRecord(7, 1_000, "ENTITY_UPDATE", "g-1", "Table", "default/a/b", MESSAGE, DETAIL)


def test_there_are_six_operations() -> None:
    assert OPERATIONS == (
        "ENTITY_CREATE",
        "ENTITY_UPDATE",
        "ENTITY_DELETE",
        "BUSINESS_ATTRIBUTE_UPDATE",
        "CLASSIFICATION_ADD",
        "CLASSIFICATION_DELETE",
    )


def test_the_wire_form_is_what_was_written() -> None:
    assert RECORD.wire() is MESSAGE


def test_the_full_form_adds_one_key_that_starts_with_the_position() -> None:
    assert decode(RECORD.full()) == decode(MESSAGE) | {"tidings": {"position": 7, "id": "c.1", "version": 1}}


def test_an_event_that_did_not_happen_has_no_position() -> None:
    event = Event("ENTITY_UPDATE", "g-1", "Table", "default/a/b", 1_000, MESSAGE, DETAIL)

    assert decode(would_be(event))["tidings"]["position"] is None


@pytest.mark.parametrize(
    ("wanted", "passes"),
    [
        ({}, True),
        ({"operations": frozenset({"ENTITY_UPDATE"})}, True),
        ({"operations": frozenset({"ENTITY_CREATE"})}, False),
        ({"type_names": frozenset({"Table", "View"})}, True),
        ({"type_names": frozenset({"View"})}, False),
        ({"guid": "g-1"}, True),
        ({"guid": "g-2"}, False),
        ({"name_prefix": "default/a"}, True),
        ({"name_prefix": "default/b"}, False),
        ({"since": 1_000}, True),
        ({"since": 1_001}, False),
        ({"until": 1_001}, True),
        ({"until": 1_000}, False),
    ],
)
def test_what_a_filter_lets_pass(wanted: dict[str, Any], passes: bool) -> None:
    assert LogFilter(**wanted).passes(RECORD) is passes


def test_only_an_empty_filter_is_open() -> None:
    assert EVERYTHING.is_open
    assert not LogFilter(guid="g-1").is_open


def test_the_envelope_opens_as_the_protocol_has_it() -> None:
    envelope = decode(envelope_head("10.0.0.1", 5) + b"{}}}")

    assert list(envelope) == [
        "source", "version", "msgCompressionKind", "msgSplitIdx", "msgSplitCount", "msgSourceIP", "msgCreatedBy",
        "msgCreationTime", "spooled", "message",
    ]  # fmt: skip
    assert (envelope["msgSourceIP"], envelope["msgCreationTime"], envelope["msgSplitIdx"]) == ("10.0.0.1", 5, 1)
    assert envelope["message"] == {"type": "ENTITY_NOTIFICATION_V2", "entity": {}}
