"""Who wants to hear that the log grew, or that settings changed. A hint is a wake-up, never the truth."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

Hint = TypeVar("Hint")


class Hints:
    """``head`` is the last position that is known to be on disk. ``went_back`` is called when the log turns out to be shorter
    than it was: another database took over which had not all of it."""

    def __init__(self, went_back: Callable[[], None] = lambda: None) -> None:
        self.head = 0
        self._went_back = went_back
        self._on_commit: dict[object, Callable[[int], None]] = {}
        self._on_settings: dict[object, Callable[[], None]] = {}
        self._lock = threading.RLock()
        """Heads are told one after the other, so that nobody hears of them in another order."""

    def on_commit(self, hint: Callable[[int], None]) -> Callable[[], None]:
        """Call ``hint(head)`` whenever the head moves. Returns how to stop it."""
        return _join(self._on_commit, hint)

    def on_settings(self, hint: Callable[[], None]) -> Callable[[], None]:
        """Call ``hint()`` whenever settings may have changed. Returns how to stop it."""
        return _join(self._on_settings, hint)

    def saw_head(self, head: int) -> None:
        """It is on disk: tell everybody, unless they have heard of it."""
        with self._lock:
            if head > self.head:
                self._tell(head)

    def found_head(self, head: int, known: int) -> None:
        """The database says so, asked when ``known`` was the head here; the only way for it to go back.

        Where it has moved on since, that is newer than the answer.
        """
        with self._lock:
            if head < self.head == known:
                self._went_back()
                self._tell(head)
            self.saw_head(head)

    def _tell(self, head: int) -> None:
        self.head = head
        for hint in list(self._on_commit.values()):
            # Whoever fails (its event loop is closed) loses a wake-up, no more.
            with contextlib.suppress(Exception):
                hint(head)

    def settings_changed(self) -> bool:
        """Tell everybody. False where somebody could not take it in (the database was away): tell them again."""
        missed = False
        for hint in list(self._on_settings.values()):
            try:
                hint()
            except Exception:  # noqa: BLE001  whatever it was, the others must hear of it too
                missed = True
        return not missed


def _join(hints: dict[object, Hint], hint: Hint) -> Callable[[], None]:
    key = object()
    hints[key] = hint

    def stop() -> None:
        hints.pop(key, None)

    return stop
