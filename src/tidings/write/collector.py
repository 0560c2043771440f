"""Keeps Python's garbage collector out of large requests: what they make is needed to the end, and looking it over again
and again costs about a sixth of their time."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

LARGE = 200
"""Assets in a request from which it pays."""
_lock = threading.Lock()
_paused = 0


def paused_if_large(count: int, work: Callable[[], T]) -> T:
    """Run ``work`` on a request of ``count`` assets, with the collector paused if it was on and the request is large."""
    if count < LARGE or not (_paused or gc.isenabled()):
        return work()
    _shift(1)
    try:
        return work()
    finally:
        _shift(-1)


def _shift(by: int) -> None:
    """Several requests may be worked on at once: the first pauses, the last resumes."""
    global _paused  # noqa: PLW0603  the collector is the process' own, so is the count of those who paused it
    with _lock:
        _paused += by
        if _paused == 0:
            gc.enable()
        else:
            gc.disable()
