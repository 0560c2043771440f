"""What the catalog keeps for those who read its log: how far they have come, who is at work, how long the log is kept."""

from __future__ import annotations

import msgspec


class Cursor(msgspec.Struct, frozen=True):
    """A consumer's place in the log: everything up to ``position`` is done. Times in milliseconds."""

    name: str
    position: int
    created_at: int
    updated_at: int


class Lease(msgspec.Struct, frozen=True):
    """Who alone may do something, and until when: milliseconds by the clock of the catalog's transactions."""

    name: str
    holder: str
    until: int


class Retention(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """How much of the log is kept; what is None sets no bound. ``max_bytes`` are those of the events as they are stored."""

    max_age_days: float | None = None
    max_events: int | None = None
    max_bytes: int | None = None

    @property
    def is_off(self) -> bool:
        """The whole log is kept."""
        return self == KEEP_ALL


KEEP_ALL = Retention()
