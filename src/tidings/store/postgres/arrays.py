"""Sets as PostgreSQL's binary arrays: as text they take four times as long, at both ends."""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterable
from itertools import chain, repeat

import psycopg
from psycopg.adapt import AdaptersMap, Dumper
from psycopg.pq import Format
from psycopg.types.bool import BoolBinaryDumper
from psycopg.types.numeric import Int8BinaryDumper
from psycopg.types.string import BytesBinaryDumper, StrBinaryDumper

_HEAD = struct.Struct("!iiIii").pack
"""Dimensions (one), whether there are nulls, the elements' type, how many, the first index."""
_EMPTY = struct.Struct("!iiI").pack
_LENGTH = struct.Struct("!i").pack
_INT2 = struct.Struct("!ih").pack
_INT4 = struct.Struct("!ii").pack
_INT8 = struct.Struct("!iq").pack
_NULL = _LENGTH(-1)


class Int2s(bytes): ...


class Int4s(bytes): ...


class Int8s(bytes): ...


class Texts(bytes): ...


class Byteas(bytes): ...


OIDS: dict[type[bytes], tuple[int, int]] = {
    Int2s: (1005, 21), Int4s: (1007, 23), Int8s: (1016, 20), Texts: (1009, 25), Byteas: (1001, 17),
}  # fmt: skip
"""The type of the array and of its elements; these numbers are part of PostgreSQL's interface and never change."""


def _packed(kind: type[bytes], count: int, elements: Iterable[bytes]) -> bytes:
    element = OIDS[kind][1]
    return kind(b"".join(chain((_HEAD(1, 1, element, count, 1),), elements)) if count else _EMPTY(0, 0, element))


def int2s(values: Collection[int]) -> bytes:
    return _packed(Int2s, len(values), map(_INT2, repeat(2), values))


def int4s(values: Collection[int]) -> bytes:
    return _packed(Int4s, len(values), map(_INT4, repeat(4), values))


def int8s(values: Collection[int]) -> bytes:
    return _packed(Int8s, len(values), map(_INT8, repeat(8), values))


def int8s_or_none(values: Collection[int | None]) -> bytes:
    return _packed(Int8s, len(values), [_NULL if value is None else _INT8(8, value) for value in values])


def byteas(values: Collection[bytes | None]) -> bytes:
    return _packed(Byteas, len(values), chain.from_iterable(
        (_NULL,) if value is None else (_LENGTH(len(value)), value) for value in values
    ))  # fmt: skip


def texts(values: Collection[str | None]) -> bytes:
    raw = [None if value is None else value.encode() for value in values]
    return _packed(Texts, len(raw), chain.from_iterable(
        (_NULL,) if value is None else (_LENGTH(len(value)), value) for value in raw
    ))  # fmt: skip


def wanted_texts(values: Iterable[str]) -> bytes:
    """Texts that are looked for: what holds U+0000 is left out, since no text that is stored does."""
    return texts([value for value in values if "\0" not in value])


def adapters() -> AdaptersMap:
    """How values travel on our connections: all of them binary."""
    found = AdaptersMap(psycopg.adapters)
    for kind, (oid, _) in OIDS.items():
        found.register_dumper(kind, _dumper(oid))
    for plain, dumper in ((bool, BoolBinaryDumper), (int, Int8BinaryDumper), (bytes, BytesBinaryDumper)):
        found.register_dumper(plain, dumper)
    found.register_dumper(str, StrBinaryDumper)
    return found


def _dumper(number: int) -> type[Dumper]:
    class Ready(Dumper):
        format = Format.BINARY
        oid = number

        def dump(self, obj: bytes) -> bytes:
            return obj

    return Ready
