"""Waiting for what another process or the database's server does, where nothing can signal it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

LONGEST_SECONDS = 30.0


def until(wanted: Callable[[], bool]) -> None:
    """Look again and again until it is so; fails when it takes too long."""
    deadline, never = time.monotonic() + LONGEST_SECONDS, threading.Event()
    while not wanted():
        assert time.monotonic() < deadline, "it did not come to this"
        never.wait(0.01)
