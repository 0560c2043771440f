"""A function that a test watches being asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Looks:
    """Asks another, and remembers what it answered."""

    def __init__(self, ask: Callable[..., bool]) -> None:
        self.ask = ask
        self.seen: list[bool] = []

    def __call__(self, *arguments: Any) -> bool:
        self.seen.append(self.ask(*arguments))
        return self.seen[-1]
