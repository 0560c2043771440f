"""Every asset as of one position of the log, in pages, so that a new reader can begin there and follow the log."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from tidings.model.asset import Asset
from tidings.model.events import encode
from tidings.read.assets import entity_forms
from tidings.store.base import AssetQuery, Snapshot, Store
from tidings.store.settings import CATALOG_ID
from tidings.store.types import Types

PAGE = 500


def snapshot_lines(store: Store, types: Types, wanted: AssetQuery, page: int = PAGE) -> Iterator[bytes]:
    """JSON lines, some at a time: what it is a snapshot of, then each asset, then how many there were.

    One snapshot of the store is held until the iterator ends or is closed; a page of assets is in memory at once. Of
    ``wanted`` types and prefix count.
    """
    with store.snapshot() as snapshot:
        position, count = snapshot.head(), 0
        in_force = types.of(snapshot)
        yield _line(
            {"position": position, "catalogId": snapshot.values()[CATALOG_ID], "time": time.time_ns() // 1_000_000}
        )
        for assets in _pages(snapshot, wanted, page):
            count += len(assets)
            yield b"".join(form + b"\n" for form in entity_forms(assets, in_force, snapshot, with_links=True))
        yield _line({"end": True, "assets": count, "position": position})


def _line(told: object) -> bytes:
    return encode(told) + b"\n"


def _pages(snapshot: Snapshot, wanted: AssetQuery, size: int) -> Iterator[list[Asset]]:
    """In the order of guids, which is nearly that of the table; where only some are wanted, by their names."""
    if wanted == AssetQuery():
        yield from _behind(lambda last: snapshot.assets_in_guid_order(last.guid if last else "", size))
    else:
        yield from _behind(lambda last: snapshot.list_assets(_continued(wanted, last, size)))


def _behind(read: Callable[[Asset | None], list[Asset]]) -> Iterator[list[Asset]]:
    last: Asset | None = None
    while assets := read(last):
        yield assets
        last = assets[-1]


def _continued(wanted: AssetQuery, last: Asset | None, size: int) -> AssetQuery:
    after = (last.qualified_name, last.type_name) if last else ("", "")
    return AssetQuery(wanted.type_names, wanted.name_prefix, wanted.status, after, size)
