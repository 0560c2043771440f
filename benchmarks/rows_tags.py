"""A tag that reaches a hundred thousand assets, and leaves them again, beside the raw limit in the same transaction."""

from __future__ import annotations

import contextlib
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import large
from benchmarks.harness import ME, Bench, Samples, copy, row_of
from benchmarks.media import SQLITE, Medium, media
from benchmarks.rows_delete import catalog
from benchmarks.rows_save import PRODUCT
from tidings.store.base import AssetQuery, Store
from tidings.store.sqlite import SqliteStore
from tidings.write.commands import EntityInput, Save
from tidings.write.define import define
from tidings.write.submit import submit

REACHED = 100_000
TAG = "Confidential"
AT_ONCE = 200_000
"""So that all of it is one transaction, as it is with the default."""


def catalog_with_term(bench: Bench, assets: int) -> Path:
    """A closed catalog of so many assets below the schemas that one term is linked to."""
    path = bench.folder / f"tags-{assets}.db"
    if not path.exists():
        copy(catalog(bench, assets), path)
        store = SqliteStore(str(path))
        define(store, bench.types, "create", {"classificationDefs": [{"name": TAG, "displayName": TAG}]}, "bench")
        with store.snapshot() as snapshot:
            schemas = snapshot.list_assets(AssetQuery(frozenset({"Schema"}), limit=1_000))
        links = [{"guid": one.guid} for one in schemas]
        _save(bench, store, EntityInput("AtlasGlossary", "-1", attributes={"name": "terms", "qualifiedName": "-1"}),
              EntityInput("AtlasGlossaryTerm", "-2", attributes={
                  "name": "term", "qualifiedName": "-2", "anchor": {"guid": "-1"}, "assignedEntities": links}))  # fmt: skip
        store.close()
    return path


def _save(bench: Bench, store: Store, *entities: EntityInput, at_once: int = AT_ONCE, **more: Any) -> int:
    return len(submit(store, bench.types, Save([*entities], **more), ME, at_once=at_once).changes.assets)


def tag(bench: Bench, store: Store, at_once: int = AT_ONCE) -> int:
    """Put the tag on the term, beside whoever reads its events; to how many assets it came in this transaction."""
    one = EntityInput("AtlasGlossaryTerm", _term(store), classifications=[{"typeName": TAG}])
    return _save(bench, store, one, at_once=at_once, tagging="add")


def _untag(bench: Bench, store: Store) -> int:
    return _save(bench, store, EntityInput("AtlasGlossaryTerm", _term(store), remove_classifications=[TAG]))


def _term(store: Store) -> str:
    with store.snapshot() as snapshot:
        [term] = snapshot.list_assets(AssetQuery(frozenset({"AtlasGlossaryTerm"})))
    return term.guid


def measured(bench: Bench, medium: Medium, *, gone: bool) -> Samples:
    """The tag put on (or taken off, with ``gone``) and the raw loop in turn, each from a fresh copy of the catalog."""
    source = catalog_with_term(bench, REACHED)
    if gone:
        source = copy(source, bench.folder / "tags-gone.db")
        with contextlib.closing(SqliteStore(str(source))) as store:
            tag(bench, store)
    act = partial(_untag if gone else tag, bench)
    return large.measured(bench, medium, source, act, 3 if bench.quick else 5)


def propagation(bench: Bench) -> None:
    """On disk and in memory, both ways; in a quick run just the way in, on disk."""
    for gone, what in ((False, "tag reaching"), (True, "tag leaving")):
        if gone and bench.quick:
            return
        places = media(bench, SQLITE)[: 1 if bench.quick else None]
        found = [measured(bench, medium, gone=gone) for medium in places]
        seconds = REACHED / found[0].median(PRODUCT)
        note = f"{seconds:.2f} s; indicative 1.5 s"
        limits = (PRODUCT, places[0].ways)
        bench.add(row_of(f"{what} {REACHED:,} assets", "events/s", found, limits, ("≥ 0.5", 0.5), note))
