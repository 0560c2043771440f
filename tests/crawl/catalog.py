"""The real catalog in memory, spoken to as a crawl does, and its log as short lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from tidings.model.asset import STATUS_NAMES
from tidings.model.changes import Changes, Kind
from tidings.model.events import EVERYTHING
from tidings.model.typemodel import shipped_types
from tidings.store.base import AssetQuery
from tidings.store.sqlite import SqliteStore
from tidings.store.types import Types
from tidings.write.commands import Delete, EntityInput, Save, Target
from tidings.write.submit import Actor, submit

TYPES = Types(shipped_types())
ME = Actor("crawler")
_LISTS = {Kind.CREATE: "CREATE", Kind.UPDATE: "UPDATE", Kind.ARCHIVE: "DELETE", Kind.PURGE: "DELETE"}


class MemoryCatalog:
    """A catalog that takes what a crawl sends, strictly: an attribute that a type does not have is an error."""

    def __init__(self) -> None:
        self.store = SqliteStore(None)
        self.requests: list[int] = []
        """How many assets each request held."""

    def save(self, entities: list[dict[str, Any]], *, dry_run: bool = False) -> dict[str, Any]:
        self.requests.append(len(entities))
        # Through JSON, as on the wire.
        sent = msgspec.json.decode(msgspec.json.encode(entities), type=list[EntityInput])
        receipt = submit(self.store, TYPES, Save(sent, strict=True), ME, dry_run=dry_run)
        return {"mutatedEntities": _mutated(receipt.changes), "guidAssignments": receipt.assigned}

    def delete(self, guids: list[str], *, dry_run: bool = False) -> dict[str, Any]:
        self.requests.append(len(guids))
        receipt = submit(self.store, TYPES, Delete([Target(guid=one) for one in guids]), ME, dry_run=dry_run)
        return {"mutatedEntities": _mutated(receipt.changes)}

    def assets(
        self, *, type_names: Sequence[str] = (), name_prefix: str = "", status: str | None = None
    ) -> Iterator[dict[str, Any]]:
        number = None if status is None else STATUS_NAMES.index(status)
        query = AssetQuery(frozenset(type_names), name_prefix, number, limit=100_000)
        with self.store.snapshot() as snapshot:
            found = snapshot.list_assets(query)
        for one in found:
            status_name = STATUS_NAMES[one.status]
            yield {"typeName": one.type_name, "guid": one.guid, "status": status_name, "attributes": one.attributes}

    def events(self, after: int = 0) -> list[tuple[str, str, str]]:
        """(CREATE, UPDATE, DELETE or RESTORE; type; last part of the qualifiedName) of each event behind a position."""
        with self.store.snapshot() as snapshot:
            records, _ = snapshot.log(after, 1_000_000, EVERYTHING)
        told = []
        for one in records:
            restored = b'"origin":"restore"' in one.detail
            operation = "RESTORE" if restored else one.operation.removeprefix("ENTITY_")
            told.append((operation, one.type_name, one.qualified_name.rsplit("/", 1)[-1]))
        return told

    def find(self, type_name: str, end: str) -> dict[str, Any]:
        """The attributes of the one asset of a type whose qualifiedName ends with /``end``."""
        (found,) = [
            one
            for one in self.assets(type_names=(type_name,))
            if one["attributes"]["qualifiedName"].endswith(f"/{end}")
        ]
        return {"status": found["status"], "guid": found["guid"], **found["attributes"]}


def _mutated(changes: Changes) -> dict[str, list[dict[str, Any]]]:
    lists: dict[str, list[dict[str, Any]]] = {}
    for change in changes.assets:
        lists.setdefault(_LISTS[change.kind], []).append({"guid": change.after.guid})
    return lists
