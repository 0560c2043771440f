"""Finding a position by its time, whatever the body."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable


def first_at(time: int, start: int, end: int, time_of: Callable[[int], int]) -> int:
    """The first position from ``start`` on, and before ``end``, whose time is not before ``time``; else ``end``.

    Positions have no holes and times never fall, so that some twenty looks find it in a million.
    """
    return bisect_left(range(start, end), time, key=time_of) + start
