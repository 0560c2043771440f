"""Keeps Python's garbage collector out of large requests: what they make is needed to the end, and looking it over again
and again costs about a sixth of their time."""

from __future__ import annotations

import contextlib
import gc
import threading
from collections.abc import Iterator

LARGE = 200
"""Assets in a request from which it pays."""
_lock = threading.Lock()
_paused = 0


@contextlib.contextmanager
def paused_for(count: int) -> Iterator[None]:
    """Pause the collector while a request of ``count`` assets is worked on, where it was on and the request is large."""
    if count < LARGE or not (_paused or gc.isenabled()):
        yield
        return
    _shift(1)
    try:
        yield
    finally:
        _shift(-1)


def _shift(by: int) -> None:
    """Several requests may be worked on at once: the first pauses, the last resumes."""
    global _paused  # noqa: PLW0603  the collector is the process' own, so is the count of those who paused it
    with _lock:
        _paused += by
        if _paused and by > 0:
            gc.disable()
        elif not _paused:
            gc.enable()
