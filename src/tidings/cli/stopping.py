"""Requests to stop, so that a command that runs for long puts its things away first."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopping:
    """What happens at a signal: at once, or at the end of what is held together. A second one never waits."""

    def __init__(self) -> None:
        self._holding = False
        self._asked: int | None = None

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._holding and self._asked is None:
            self._asked = number
        else:
            _stop(number)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Runs what is inside to its end, then stops if that was asked meanwhile."""
        self._holding = True
        try:
            yield
        finally:
            self._holding = False
        if self._asked is not None:
            _stop(self._asked)


@contextlib.contextmanager
def stopped_by_signals() -> Iterator[Stopping]:
    """SIGTERM and SIGHUP end what runs inside as if it had come to its end, SIGINT by KeyboardInterrupt."""
    stopping = Stopping()
    before = {number: signal.signal(number, stopping.on_signal) for number in SIGNALS}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(number: int) -> None:
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(os.EX_OK)
