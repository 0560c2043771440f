"""What is wrong with a request, collected: one error tells of all of it. Pure."""

from __future__ import annotations

from typing import Any

from tidings.model.errors import InvalidRequest, Problem

MOST_PROBLEMS = 20
"""Faults that one answer lists."""


class Faults:
    """Collects what is wrong; the first fault decides the kind of error, all are listed."""

    def __init__(self) -> None:
        self.kind: type[InvalidRequest] | None = None
        self.problems: list[Problem] = []
        self.count = 0

    def add(self, kind: type[InvalidRequest], location: str, message: str) -> None:
        self.kind = self.kind or kind
        self.count += 1
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(location, message))

    def raise_any(self) -> None:
        if self.kind is not None:
            more = f" (and {self.count - 1} more)" if self.count > 1 else ""
            raise self.kind(self.problems[0].message + more, self.problems)


def short(value: Any) -> str:
    """A value as an error shows it."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…"
