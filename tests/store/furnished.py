"""A catalog with everything in it that one can hold, for what must carry all of it."""

from __future__ import annotations

from typing import Any

from tests.catalog import TABLE, Catalog, entity, ref, ref_to, target
from tests.labels import tag, tagged
from tidings.model.cursor import Cursor, Lease, Retention
from tidings.store.base import Store, Token
from tidings.store.settings import set_retention
from tidings.write.commands import EntityInput
from tidings.write.define import define

COLUMNS = 40
OTHER = f"{TABLE}2"
_ARMS = {"name": "arms", "typeName": "int", "isOptional": True, "cardinality": "SINGLE"}
_LEVEL = {"name": "level", "typeName": "int"}
_OWNER = {"name": "Owner", "displayName": "Owner", "typeName": "string"}
DEFINITIONS: dict[str, Any] = {
    "classificationDefs": [{"name": one, "displayName": one, "attributeDefs": [_LEVEL]} for one in ("PII", "Secret")],
    "businessMetadataDefs": [{"name": "Quality", "displayName": "Quality", "attributeDefs": [_OWNER]}],
    "entityDefs": [{"name": "Robot", "superTypes": ["Asset"], "attributeDefs": [_ARMS]}],
}


def furnish(store: Store, columns: int = COLUMNS, *, trimmed: int = 0) -> Catalog:
    """Assets active, archived and purged, links with attributes of their own, a tag that stays and one that is still on its
    way, custom metadata, definitions, tokens, a cursor, a lease, a bound for the log; texts and bytes of every kind.

    ``trimmed``: as many positions of the log are gone.
    """
    it = Catalog(store)
    define(store, it.types, "create", DEFINITIONS, "jo")
    _assets(it, columns)
    _labels(it, columns)
    it.archive(target("Column", f"{TABLE}/c00001"))
    it.purge(target("Column", f"{TABLE}/c00002"), target("Table", f"{TABLE}3"))
    store.transact(lambda tx: tx.add_token(Token("ci", "writer", bytes(range(32)), 1)))
    store.transact(lambda tx: tx.add_token(Token("Ünïcode", "reader", bytes(32), 2)))
    store.transact(lambda tx: tx.save_cursor(Cursor("search", 7, 1, 2)))
    store.transact(lambda tx: tx.save_lease(Lease("cursor:search", "host:1:x", 2**50)))
    store.transact(lambda tx: set_retention(tx, Retention(max_events=10_000_000)))
    if trimmed:
        store.transact(lambda tx: tx.trim(1 + trimmed))
    return it


def _assets(it: Catalog, columns: int) -> None:
    it.save(entity("Table", TABLE, description='ü 漢字 \u0001 "\\" \U0001f600', rowCount=2**53, starredBy=["a", "b"]))
    it.save(*(entity("Column", f"{TABLE}/c{number:05}", table=ref("Table", TABLE)) for number in range(columns)))
    it.save(entity("Table", OTHER), entity("Robot", "default/robot/1", arms=3))
    it.save(entity("Process", f"{TABLE}/load", inputs=[ref("Table", TABLE)], outputs=[ref("Table", OTHER)]))
    it.save(
        entity("AtlasGlossary", "glossary"), entity("AtlasGlossaryTerm", "a", anchor=ref("AtlasGlossary", "glossary"))
    )
    it.save(entity("Table", OTHER, meanings=[ref_to(it.guid("AtlasGlossaryTerm", "a"), confidence=5)]))
    it.save(entity("Table", f"{TABLE}3"))


def _labels(it: Catalog, columns: int) -> None:
    with it.store.snapshot() as snapshot:
        system = it.types.of(snapshot).system
    names = {one.display_name: name for name, one in system.tags.items()}
    [(quality, one)] = system.custom_sets.items()
    described = EntityInput(
        "Table", it.guid("Table", "orders"), business_attributes={quality: {next(iter(one.attributes)): "ann"}}
    )
    it.save(described, custom="merge")
    it.save(tagged(entity("Table", OTHER), tag(names["Secret"], propagate=False)), tagging="append")
    it.at_once = columns // 2
    it.save(tagged(entity("Table", TABLE), tag(names["PII"], attributes={"level": 3})), tagging="append")
