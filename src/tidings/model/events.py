"""What can be said to have happened: event, log record, and the bytes in which they travel.

The envelope and ``message`` are the protocol's (its events reference, «Envelope»); everything of ours stands under one
further key, ``tidings``.
"""

from __future__ import annotations

from typing import Any, Literal, cast, get_args

import msgspec

Operation = Literal[
    "ENTITY_CREATE",
    "ENTITY_UPDATE",
    "ENTITY_DELETE",
    "BUSINESS_ATTRIBUTE_UPDATE",
    "CLASSIFICATION_ADD",
    "CLASSIFICATION_DELETE",
]
OPERATIONS: tuple[Operation, ...] = get_args(Operation)
"""All there will ever be on the wire by default: clients refuse a seventh. Also their numbers in the store."""


class Event(msgspec.Struct, gc=False):
    """An event before it has a position.

    The whole wire envelope is ``opening``, ``filler``, ``ending``, one after the other; the filler is constant text that
    many events share. ``detail`` is our block about it.
    """

    operation: Operation
    guid: str
    type_name: str
    qualified_name: str
    time: int
    opening: bytes
    detail: bytes
    filler: bytes = b""
    ending: bytes = b""

    @property
    def message(self) -> bytes:
        """The wire envelope in one piece."""
        return b"".join((self.opening, self.filler, self.ending))


class LogRecord(msgspec.Struct, gc=False):
    """An event in the log. ``message`` is the wire envelope."""

    position: int
    time: int
    operation: Operation
    guid: str
    type_name: str
    qualified_name: str
    message: bytes
    detail: bytes
    frame: bytes | None = None
    """The record as a frame of the live stream, once somebody has built it."""

    def wire(self) -> bytes:
        """The event exactly as the protocol has it."""
        return self.message

    def full(self) -> bytes:
        """The event with the ``tidings`` block, which starts with its position."""
        return b'%b,"tidings":{"position":%d,%b}' % (self.message[:-1], self.position, self.detail[1:])


def would_be(event: Event) -> bytes:
    """The full form of an event that a dry run kept from happening: it has no position."""
    return b'%b,"tidings":{"position":null,%b}' % (event.message[:-1], event.detail[1:])


class LogFilter(msgspec.Struct, frozen=True):
    """Which records a reader wants; empty or None means any. Times in milliseconds, ``since`` in, ``until`` out."""

    operations: frozenset[str] = frozenset()
    type_names: frozenset[str] = frozenset()
    guid: str | None = None
    name_prefix: str = ""
    since: int | None = None
    until: int | None = None

    @property
    def is_open(self) -> bool:
        """Everything passes."""
        return self == EVERYTHING

    def passes(self, record: LogRecord) -> bool:
        """Whether one record is wanted."""
        return (
            (not self.operations or record.operation in self.operations)
            and (not self.type_names or record.type_name in self.type_names)
            and (self.guid is None or record.guid == self.guid)
            and record.qualified_name.startswith(self.name_prefix)
            and (self.since is None or record.time >= self.since)
            and (self.until is None or record.time < self.until)
        )


EVERYTHING = LogFilter()

_VERSION = b'{"source":{},"version":{"version":"1.0.0","versionParts":[1]}'


def envelope_head(source_ip: str, created: int) -> bytes:
    """The envelope up to the opening of ``message.entity``; the same for all events of a request.

    ``created`` is the wall clock when the events are written, never before their eventTime.
    """
    return (
        b'%b,"msgCompressionKind":"NONE","msgSplitIdx":1,"msgSplitCount":1,"msgSourceIP":%b,"msgCreatedBy":"",'
        b'"msgCreationTime":%d,"spooled":false,"message":{"type":"ENTITY_NOTIFICATION_V2","entity":'
    ) % (_VERSION, encode(source_ip), created)


def decode(raw: bytes) -> dict[str, Any]:
    """An event, or any JSON object, as a dict."""
    return cast(dict[str, Any], msgspec.json.decode(raw))


encode = msgspec.json.Encoder().encode
"""Any JSON value as compact bytes."""
