"""One large piece of work at a time, each from a fresh copy of a catalog, beside the raw limit in the same transactions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.harness import Bench, Samples, Side, in_turn
from benchmarks.media import Catalog, Medium
from benchmarks.rows_save import PRODUCT, prove_same
from tidings.store.base import Store


def measured(bench: Bench, medium: Medium, source: Path, act: Callable[[Store], int], samples: int = 0) -> Samples:
    """``act`` over copies of the closed catalog ``source`` and every way of the raw loop in turn; it says how much it did."""
    done: list[int] = []
    recording = medium.copy(source, "recorded")
    rows = recording.capture(lambda store: done.append(act(store)))
    recording.remove()
    catalogs: dict[str, Catalog] = {}
    stores: list[Store] = []

    def ready(_number: int) -> None:
        for store in stores:
            store.close()
        for name in (PRODUCT, *medium.ways):
            if name in catalogs:
                catalogs[name].remove()
            catalogs[name] = medium.copy(source, name.lower())
        stores[:] = [catalogs[PRODUCT].open()]

    def product(_number: int) -> int:
        return act(stores[0])

    def raw(_number: int, way: str) -> int:
        loop = catalogs[way].loop(way)
        loop.replay(rows)
        loop.close()
        return done[0]

    sides: dict[str, Side] = {PRODUCT: product, **{way: partial(raw, way=way) for way in medium.ways}}
    found = in_turn(bench, medium.folder, sides, ready, samples=samples)
    stores.pop().close()
    for way in medium.ways:
        prove_same(catalogs[PRODUCT], catalogs[way])
    for catalog in catalogs.values():
        catalog.remove()
    return found
