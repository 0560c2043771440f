"""One event as one line for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.text import Text

from tidings.cli.screen import local_time, plain
from tidings.model.events import encode

STATE = "__state"
TAGS, CUSTOM = "classifications", "businessAttributes"
STYLES = {
    "ENTITY_CREATE": ("CREATE", "green"),
    "ENTITY_UPDATE": ("UPDATE", "yellow"),
    "ENTITY_DELETE": ("DELETE", "red"),
    "BUSINESS_ATTRIBUTE_UPDATE": ("CUSTOM", "magenta"),
    "CLASSIFICATION_ADD": ("TAG", "cyan"),
    "CLASSIFICATION_DELETE": ("UNTAG", "blue"),
}
_STATES = {"ACTIVE": "restored", "DELETED": "archived", "PURGED": "purged"}
MOST_KEYS = 3
LONGEST_VALUE = 40


def event_line(event: Mapping[str, Any], position: int | None) -> Text:
    """Position, time, what happened to whom, what changed, and who did it; «would» stands where nothing happened yet."""
    message = event["message"]
    entity, detail = message["entity"], event.get("tidings", {})
    word, style = STYLES.get(message["operationType"], (message["operationType"], "bold"))
    parts: list[str | tuple[str, str]] = [
        (f"{'would' if position is None else position:>7}", "dim"),
        (f"  {local_time(message['eventTime'], '%H:%M:%S')}  ", "dim"),
        (f"{word:<7}", f"bold {style}"),
        (f"{plain(entity['typeName']):<11} ", "cyan"),
        plain(name_of(entity)),
    ]
    if changed := summary(message["operationType"], detail):
        parts.append((f"  {changed}", style))
    if author := _author(detail):
        parts.append((f"  {author}", "dim"))
    return Text.assemble(*parts)


def name_of(entity: Mapping[str, Any]) -> str:
    """What an asset is best called: its qualifiedName, else its name or guid."""
    attributes = entity.get("attributes") or {}
    return str(attributes.get("qualifiedName") or entity.get("displayText") or entity["guid"])


def summary(operation: str, detail: Mapping[str, Any]) -> str:
    """What changed, in short; nothing for a new asset, where everything did."""
    if operation == "ENTITY_CREATE" or "after" not in detail:
        return ""
    before, after = detail.get("before") or {}, detail["after"] or {}
    names = detail.get("names") or {}
    if STATE in after:
        word = _STATES.get(after[STATE], str(after[STATE]))
        rest = [part for part in _changes(before, after, names) if operation != "ENTITY_DELETE"]
        return ", ".join([word, *_at_most(rest)])
    return ", ".join(_at_most(list(_changes(before, after, names))))


def _changes(before: Mapping[str, Any], after: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[str]:
    for key in sorted({**before, **after}, key=_rank):
        if key == STATE:
            continue
        if key == TAGS:
            yield from _tags(before.get(key) or (), after.get(key) or (), names)
            continue
        if key == CUSTOM:
            yield from _custom(before.get(key) or {}, after.get(key) or {}, names)
            continue
        gone, come = before.get(key), after.get(key)
        if _are_links(gone) or _are_links(come):
            yield plain(key) + f" +{len(come or ())}" * bool(come) + f" -{len(gone or ())}" * bool(gone)
        else:
            yield f"{plain(key)}: {_short(gone)} → {_short(come)}"


def _tags(gone: Iterable[Any], come: Iterable[Any], names: Mapping[str, str]) -> Iterator[str]:
    """Tags by what people call them; one that is on both sides has changed."""
    before, after = ([one["typeName"] for one in some] for some in (gone, come))
    for name in dict.fromkeys([*before, *after]):
        sign = "" if name in before and name in after else "+" if name in after else "-"
        yield sign + plain(names.get(name, name)) + " changed" * (not sign)


def _custom(before: Mapping[str, Any], after: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[str]:
    for name, values in after.items():
        for key, value in values.items():
            label = f"{names.get(name, name)}.{names.get(key, key)}"
            yield f"{plain(label)}: {_short(before.get(name, {}).get(key))} → {_short(value)}"


def _rank(key: str) -> tuple[bool, str]:
    """What was asked for comes first, the server's stamps about it last."""
    return key.endswith(("UpdatedAt", "UpdatedBy")), key


def _are_links(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) and "guid" in one for one in value)


def _at_most(parts: list[str]) -> list[str]:
    more = len(parts) - MOST_KEYS
    return [*parts[:MOST_KEYS], f"and {more} more"] if more > 0 else parts


def _short(value: Any) -> str:
    if value is None:
        return "unset"
    text = value if isinstance(value, str) else encode(value).decode()
    return plain(text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…")


def _author(detail: Mapping[str, Any]) -> str:
    if not detail:
        return ""
    origin = detail.get("origin", "direct")
    return f"by {plain(detail.get('actor', '?'))}" + ("" if origin == "direct" else f" ({plain(origin)})")
