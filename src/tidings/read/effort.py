"""What one search may cost: so much time, and so much work on its patterns."""

from __future__ import annotations

import time
from collections.abc import Callable

from tidings.model.errors import NotSupported, TooLarge

MOST_SECONDS = 30
"""From where the search begins to be worked on; a few seconds are usual for a million assets."""
MOST_STEPS = 1_000_000
"""Of all patterns of a search together."""


class Effort:
    """Kept by one search, and asked wherever its work can grow."""

    __slots__ = ("_clock", "_end", "_steps")

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + MOST_SECONDS
        self._steps = 0

    def check(self) -> None:
        """Raises TooLarge once the search has taken too long."""
        if self._clock() > self._end:
            raise TooLarge(
                f"the search took longer than {MOST_SECONDS} seconds and was given up; name types or the beginning of "
                "the qualifiedNames, send fewer clauses, or ask for a smaller page"
            )

    def spend(self, steps: int) -> None:
        """Work on a pattern; raises NotSupported once all of them together took too much."""
        self._steps += steps
        if self._steps > MOST_STEPS:
            raise NotSupported(
                "the patterns of the search together have too many ways to match; send fewer or simpler ones, or "
                "prefix and match instead"
            )
