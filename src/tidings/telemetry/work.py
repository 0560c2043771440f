"""What is being worked at: a request, or a task of long work. Log lines and spans that come of it bear its cause.

It travels in the context: into what a request awaits, onto the threads that its handler runs on, and with what it
writes onto the thread of the writer.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class Work:
    """``cause`` is what its events bear; ``request`` the id that the client gave the request, or the cause.

    The rest is filled in as it becomes known: who asks, the trace that it is part of, what came of it.
    """

    cause: str
    request: str = ""
    caller: str = ""
    trace: str = ""
    error: str = ""
    """The code of the error that it was answered with."""
    problem: str = ""
    """The sentence that went with it."""

    def fields(self) -> dict[str, str]:
        """What every line about it says, as far as it is known."""
        told = {"cause": self.cause}
        if self.request and self.request != self.cause:
            told["request"] = self.request
        if self.caller:
            told["caller"] = self.caller
        if self.trace:
            told["trace"] = self.trace
        return told


_at_hand: ContextVar[Work | None] = ContextVar("tidings_work", default=None)


def at_hand() -> Work | None:
    """What this is part of."""
    return _at_hand.get()


def take_up(work: Work | None) -> None:
    """From here on, in this context, all is part of ``work``; of nothing in particular where it is None."""
    _at_hand.set(work)
