"""What the server answered to a write, as the commands show it."""

from __future__ import annotations

from typing import Any

from tidings.cli.event_line import event_line
from tidings.cli.screen import Screen
from tidings.client import JsonObject


def count(answer: JsonObject, kind: str) -> int:
    """How many assets were touched in this way: CREATE, UPDATE or DELETE."""
    return len(answer["mutatedEntities"].get(kind, ()))


def brief(answer: JsonObject) -> JsonObject:
    """The answer with guids in place of whole assets."""
    touched = {kind: [one["guid"] for one in headers] for kind, headers in answer["mutatedEntities"].items()}
    return {"mutatedEntities": touched, "guidAssignments": answer.get("guidAssignments", {})}


def show_events(screen: Screen, answer: JsonObject) -> None:
    """The events that a dry run kept from happening."""
    for event in answer.get("events", ()):
        show_event(screen, event, None)


def show_event(screen: Screen, event: dict[str, Any], position: int | None) -> None:
    """One event: a line for people, JSON for programs."""
    if screen.people:
        screen.line(event_line(event, position))
    else:
        screen.record(event)
