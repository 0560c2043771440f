"""A tag that reaches a hundred thousand assets, and leaves them again, beside the raw limit in the same transaction."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.harness import ME, Bench, Samples, copy, in_turn, row_of
from benchmarks.raw import capture, contents, open_raw, replay
from benchmarks.rows_delete import catalog
from benchmarks.stock import remove
from tidings.store.base import AssetQuery
from tidings.store.sqlite import SqliteStore
from tidings.write.commands import EntityInput, Save
from tidings.write.define import define
from tidings.write.submit import submit

REACHED = 100_000
TAG = "Confidential"
AT_ONCE = 200_000
"""So that all of it is one transaction, as it is with the default."""


def tagged_catalog(bench: Bench) -> Path:
    """A closed catalog of so many assets below the schemas that one term is linked to."""
    path = bench.folder / "tags.db"
    if not path.exists():
        copy(catalog(bench, REACHED), path)
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


def _save(bench: Bench, store: SqliteStore, *entities: EntityInput, **more: Any) -> int:
    return len(submit(store, bench.types, Save([*entities], **more), ME, at_once=AT_ONCE).changes.assets)


def _tag(bench: Bench, store: SqliteStore) -> int:
    one = EntityInput("AtlasGlossaryTerm", _term(store), classifications=[{"typeName": TAG}])
    return _save(bench, store, one, tagging="add")


def _untag(bench: Bench, store: SqliteStore) -> int:
    return _save(bench, store, EntityInput("AtlasGlossaryTerm", _term(store), remove_classifications=[TAG]))


def _term(store: SqliteStore) -> str:
    with store.snapshot() as snapshot:
        [term] = snapshot.list_assets(AssetQuery(frozenset({"AtlasGlossaryTerm"})))
    return term.guid


def measured(bench: Bench, folder: Path, *, gone: bool) -> Samples:
    """The tag put on (or taken off, with ``gone``) and the raw loop in turn, each from a fresh copy of the catalog."""
    source = tagged_catalog(bench)
    paths = {name: folder / f"{name}.db" for name in ("product", "raw", "start")}
    start = copy(source, paths["start"])
    if gone:
        store = SqliteStore(str(start))
        _tag(bench, store)
        store.close()
    act = _untag if gone else _tag
    rows = capture(copy(start, paths["product"]), lambda store: act(bench, store))
    open_store: list[SqliteStore] = []

    def ready(_number: int) -> None:
        while open_store:
            open_store.pop().close()
        remove(paths["product"], paths["raw"])
        open_store.append(SqliteStore(str(copy(start, paths["product"]))))
        copy(start, paths["raw"])

    def product(_number: int) -> int:
        return act(bench, open_store[0])

    def raw(_number: int) -> int:
        connection = open_raw(paths["raw"])
        replay(connection, rows)
        connection.close()
        return sum(len(bindings) for one in rows for sql, bindings in one.items() if "INTO log" in sql)

    samples = in_turn(bench, folder, {"product": product, "raw": raw}, ready, samples=3 if bench.quick else 5)
    open_store.pop().close()
    if contents(paths["product"]) != contents(paths["raw"]):
        raise RuntimeError("the raw loop wrote something else than the product")
    remove(*paths.values())
    return samples


def propagation(bench: Bench) -> None:
    """On disk and in memory, both ways; in a quick run just the way in, on disk."""
    for gone, what in ((False, "tag reaching"), (True, "tag leaving")):
        if gone and bench.quick:
            return
        media = bench.media()[:1] if bench.quick else bench.media()
        found = [measured(bench, folder, gone=gone) for folder in media]
        seconds = REACHED / found[0].median("product")
        note = f"{seconds:.2f} s; indicative 1.5 s"
        bench.add(row_of(f"{what} {REACHED:,} assets", "events/s", found, ("product", "raw"), ("≥ 0.5", 0.5), note))
