"""Identifiers: time-ordered guids for assets and causes, guids that spell out a link, names that stand in addresses.

Random guids spread over an index and double the pages a commit writes; UUIDv7 keeps new rows beside each other.
"""

from __future__ import annotations

import os
import re
import secrets
import threading
import time

from tidings.model.errors import InvalidParameter

LONGEST_NAME = 128
_GUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_lock = threading.Lock()
_last = 0
_noise = ""
_used = 0
_STOCK = 4096


def _text(number: int) -> str:
    digits = f"{number:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _reserve(count: int) -> tuple[int, str]:
    """``count`` consecutive 60-bit moments (48 bits of milliseconds, 12 of sequence; never repeated), and their noise.

    Noise is drawn from the system in stock: asking for each guid costs more than making it.
    """
    global _last, _noise, _used  # noqa: PLW0603  what makes guids of one process strictly ascend, and the stock
    with _lock:
        first = max(time.time_ns() // 1_000_000 << 12, _last + 1)
        _last = first + count - 1
        start, end = _used, _used + 16 * count
        if end > len(_noise):
            _noise = os.urandom(max(8 * count, _STOCK)).hex()
            start, end = 0, 16 * count
        _used = end
        return first, _noise[start:end]


def _forget_noise() -> None:
    global _noise  # noqa: PLW0603  a forked process must not draw what its parent draws
    _noise = ""


def new_guids(count: int) -> list[str]:
    """``count`` UUIDv7 strings in ascending order."""
    if not count:
        return []
    first, noise = _reserve(count)
    return [_guid(first + index, noise[16 * index : 16 * index + 16]) for index in range(count)]


def _guid(moment: int, noise: str) -> str:
    digits = f"{moment:015x}"
    return f"{digits[:8]}-{digits[8:12]}-7{digits[12:]}-{_VARIANT[noise[0]]}{noise[1:4]}-{noise[4:]}"


_VARIANT = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))
"""A random hexadecimal digit -> one whose first bits say that this is a UUID of RFC 9562."""


def new_guid() -> str:
    """One UUIDv7 string, greater than every one this process made before."""
    return _guid(*_reserve(1))


def is_guid(text: object) -> bool:
    """Whether ``text`` has the form of a guid (and is not a placeholder such as «-1»)."""
    return isinstance(text, str) and _GUID.fullmatch(text) is not None


def link_guid(relationship: int, end1: int, end2: int) -> str:
    """The guid of a link (UUIDv8), made of its key, so that it needs no column and no index.

    ``relationship`` below 2**16, ends below 2**48; ``link_key`` reads them back.
    """
    packed = relationship << 96 | end1 << 48 | end2
    high, low = packed >> 62, packed & ((1 << 62) - 1)
    return _text((high >> 12) << 80 | 0x8 << 76 | (high & 0xFFF) << 64 | 0b10 << 62 | low)


def link_key(guid: str) -> tuple[int, int, int]:
    """The key (relationship, end1, end2) that ``link_guid`` packed; raises ValueError for other guids."""
    number = int(guid.replace("-", ""), 16)
    if (number >> 76 & 0xF) != 0x8 or (number >> 62 & 0b11) != 0b10:
        raise ValueError("not the guid of a link")
    high = (number >> 80) << 12 | (number >> 64 & 0xFFF)
    packed = high << 62 | number & ((1 << 62) - 1)
    return packed >> 96, packed >> 48 & ((1 << 48) - 1), packed & ((1 << 48) - 1)


def new_nanoid() -> str:
    """21 random characters, as the protocol makes qualifiedNames of what has no path of its own."""
    return secrets.token_urlsafe(16)[:21]


def new_token() -> str:
    """A token of 256 random bits for a user of the API."""
    return f"tidings_{secrets.token_urlsafe(32)}"


def addressable(what: str, name: str) -> str:
    """The name, where a token, a cursor … can have it: a slash would put it out of reach of the address that names it.

    Raises InvalidParameter; ``what`` says whose name it is.
    """
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable() or "/" in name:
        raise InvalidParameter(f"{what} has 1 to {LONGEST_NAME} printable characters and no slash")
    return name


os.register_at_fork(after_in_child=_forget_noise)
