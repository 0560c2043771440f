"""Requests to stop, so that a command that runs for long puts its things away first."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def stopped_by_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP end what runs inside as if it had come to its end. Ctrl-C is an exception already."""

    def stop(number: int, frame: FrameType | None) -> None:
        sys.exit(os.EX_OK)

    before = {number: signal.signal(number, stop) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
