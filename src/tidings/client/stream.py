"""Bytes as they arrive, made into lines and events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

LONGEST_PAUSE = 5.0


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One event of a stream, or a heartbeat: no data, and the position up to which the log was looked at, or 0."""

    position: int = 0
    data: bytes = b""


def frames(chunks: Iterable[bytes]) -> Iterator[Frame]:
    """Server-sent events out of bytes that arrive in any pieces; one that is cut off at the end is left out."""
    position, data = 0, b""
    for line in lines(chunks):
        if not line:
            if data or position:
                yield Frame(position, data)
            position, data = 0, b""
            continue
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"id" and value.isdigit():
            position = int(value)
        elif field == b"data":
            data = data + b"\n" + value if data else value
        elif not field:
            yield Frame()


def lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Whole lines out of pieces. Only a line feed ends one: JSON may hold the line separators of Unicode."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line.removesuffix(b"\r")


def back_off(failed: int) -> float:
    """Seconds to wait after so many failures in a row: 0.1, 0.2, 0.4 … up to 5."""
    return float(min(LONGEST_PAUSE, 0.1 * 2 ** max(0, failed - 1)))
