"""Short ways to say what a test does to a catalog, and to read what came of it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tidings.model.events import Event, LogRecord, decode
from tidings.model.profiles import DOCUMENTED, Profile
from tidings.model.registry import TypeRegistry
from tidings.model.typemodel import shipped_types
from tidings.read.integrity import Report, inspect
from tidings.store.base import AssetQuery, Store, pages
from tidings.store.types import Types
from tidings.write.commands import Delete, DeleteType, EntityInput, Restore, Save, Target
from tidings.write.spread import AT_ONCE
from tidings.write.submit import Actor, Receipt, submit

SHIPPED = shipped_types()
TYPES = TypeRegistry(SHIPPED)
ACTOR = Actor("jo")
TABLE = "default/snowflake/1/db/schema/orders"


def entity(type_name: str, qualified_name: str | None = None, **attributes: Any) -> EntityInput:
    """An asset to save; its name is the last part of its qualifiedName unless told."""
    if qualified_name is not None:
        attributes = {"name": qualified_name.rpartition("/")[2], "qualifiedName": qualified_name} | attributes
    return EntityInput(type_name=type_name, attributes=attributes)


def ref(type_name: str, qualified_name: str, **own: Any) -> dict[str, Any]:
    """A reference by type and name; ``own`` are attributes of the link."""
    named: dict[str, Any] = {"typeName": type_name, "uniqueAttributes": {"qualifiedName": qualified_name}}
    return {**named, "relationshipAttributes": {"typeName": "any", "attributes": own}} if own else named


def ref_to(guid: str, **own: Any) -> dict[str, Any]:
    """A reference by guid or placeholder; ``own`` are attributes of the link."""
    return {"guid": guid, "relationshipAttributes": {"attributes": own}} if own else {"guid": guid}


def target(type_name: str, qualified_name: str) -> Target:
    return Target(type_name=type_name, qualified_name=qualified_name)


def told(events: list[Event]) -> list[tuple[str, str]]:
    """Operation (without «ENTITY_») and name of each event, in order."""
    return [(one.operation.removeprefix("ENTITY_"), message(one)["entity"]["displayText"]) for one in events]


def counted(events: list[Event]) -> dict[str, int]:
    """How many events of each operation."""
    return dict(Counter(one.operation.removeprefix("ENTITY_") for one in events))


def message(event: Event) -> dict[str, Any]:
    """The part of an event that the protocol calls message."""
    found: dict[str, Any] = decode(event.message)["message"]
    return found


class Catalog:
    """A store with the shipped types and one user."""

    def __init__(self, store: Store, profile: Profile = DOCUMENTED) -> None:
        self.store = store
        self.profile = profile
        self.types = Types(SHIPPED)
        self.at_once = AT_ONCE

    def save(self, *entities: EntityInput, dry_run: bool = False, **options: Any) -> Receipt:
        return self._submit(Save(list(entities), **options), dry_run)

    def archive(self, *targets: Target, dry_run: bool = False) -> Receipt:
        return self._submit(Delete(list(targets), "SOFT"), dry_run)

    def purge(self, *targets: Target, how: DeleteType = "PURGE", dry_run: bool = False) -> Receipt:
        return self._submit(Delete(list(targets), how), dry_run)

    def restore(self, *targets: Target, dry_run: bool = False) -> Receipt:
        return self._submit(Restore(list(targets)), dry_run)

    def _submit(self, command: Save | Delete | Restore, dry_run: bool) -> Receipt:
        return submit(self.store, self.types, command, ACTOR, self.profile, dry_run=dry_run, at_once=self.at_once)

    def guid(self, type_name: str, name: str) -> str:
        """The guid of the one asset that people call so; its qualifiedName may be the catalog's own."""
        with self.store.snapshot() as snapshot:
            query = AssetQuery(frozenset([type_name]), limit=100_000)
            [found] = [one.guid for one in snapshot.list_assets(query) if one.attributes.get("name") == name]
        return found

    def named(self, type_name: str, name: str) -> Target:
        return Target(guid=self.guid(type_name, name))

    def log(self) -> list[LogRecord]:
        """Every record, by guid and position."""
        with self.store.snapshot() as snapshot:
            return list(pages(snapshot.log_in_guid_order, ("", 0), lambda one: (one.guid, one.position)))

    def inspect(self) -> Report:
        return inspect(self.store, self.types, lambda what, done, total: None)
