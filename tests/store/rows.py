"""Assets, links and events as the store takes them, without the way in above it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tidings.model.asset import ACTIVE, Asset, Link
from tidings.model.changes import AssetChange, Changes, Kind
from tidings.model.events import EVERYTHING, Event, LogRecord, Operation, encode
from tidings.store.base import Store, Transaction


def asset(
    number: int, qualified_name: str = "", type_name: str = "Table", status: int = ACTIVE, **attributes: Any
) -> Asset:
    name = qualified_name or f"q{number}"
    return Asset(number, f"guid-{number}", type_name, name, status, 1, 1_000, "ann", 1_000, "ann", encode(attributes))


def changes(kind: Kind, *assets: Asset, added: Sequence[Link] = ()) -> Changes:
    """One change of a kind for each asset, and links that come."""
    return Changes([AssetChange(kind, "direct", one, {}, now={"any": 1}) for one in assets], list(added))


def event(
    name: str = "q1",
    guid: str = "guid-1",
    operation: Operation = "ENTITY_UPDATE",
    type_name: str = "Table",
    time: int = 1_000,
) -> Event:
    return Event(operation, guid, type_name, name, time, b"{}", b"{}")


def adding(*assets: Asset, events: int = 1, added: Sequence[Link] = ()) -> Callable[[Transaction], int]:
    """Work that creates assets and appends events; answers with the position of the first."""

    def work(tx: Transaction) -> int:
        tx.save(changes(Kind.CREATE, *assets, added=added))
        return tx.append([event() for _ in range(events)])

    return work


def failing(error: Exception, *assets: Asset) -> Callable[[Transaction], int]:
    """Work that does the same, then fails."""

    def work(tx: Transaction) -> int:
        tx.new_ids(10)
        tx.relationship_number("drawn_in_vain")
        adding(*assets)(tx)
        raise error

    return work


def everything(store: Store) -> list[LogRecord]:
    with store.snapshot() as snapshot:
        return snapshot.log(0, 1_000_000, EVERYTHING)[0]
