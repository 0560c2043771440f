"""What you need to test your own event handlers: a real catalog in memory, a real server, and assertions on events.

Nothing here is a fake: both run the product's own code on a SQLite database in memory.

    from tidings.testing import catalog, said

    def test_my_handler():
        with catalog() as it:
            it.save({"typeName": "Table", "attributes": {"name": "t", "qualifiedName": "default/x/1/d/s/t"}})
            assert said(it.events()) == [("ENTITY_CREATE", "Table", "t")]
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from tidings.client import Client
from tidings.config import Config
from tidings.model.events import EVERYTHING, LogFilter, decode
from tidings.model.profiles import PROFILES
from tidings.model.registry import TypeRegistry
from tidings.read.typedefs import definitions_of
from tidings.store.base import Store
from tidings.store.types import Types
from tidings.wiring import load_types, open_server, open_store
from tidings.write.commands import CustomMode, Delete, DeleteType, EntityInput, Restore, Save, Tagging, Target
from tidings.write.connection import Progress, Summary, delete_connection
from tidings.write.define import define, undefine
from tidings.write.submit import Actor, Receipt, submit

TOKEN = "token-of-a-test"  # noqa: S105  known on purpose: these catalogs are in memory and end with the test
IN_MEMORY = "sqlite:///:memory:"


class Catalog:
    """A catalog without a door: commands in, events out. Made by ``catalog``."""

    def __init__(self, store: Store, types: Types, profile: str) -> None:
        self.store = store
        self.in_force = types
        self._profile = PROFILES[profile]

    @property
    def types(self) -> TypeRegistry:
        """The types in force at the moment."""
        with self.store.snapshot() as snapshot:
            return self.in_force.of(snapshot)

    def save(
        self,
        *entities: Mapping[str, Any],
        strict: bool = True,
        actor: str = "tester",
        tagging: Tagging = "keep",
        custom: CustomMode = "keep",
    ) -> Receipt:
        """Save entities in the protocol's form, all or none; raises as ``tidings.write.submit.submit``.

        ``tagging`` and ``custom`` say what tags and custom metadata mean to assets that are there: not looked at, unless
        told «append» or «replace», «merge» or «overwrite».
        """
        inputs = [msgspec.convert(one, EntityInput) for one in entities]
        command = Save(inputs, strict, tagging=tagging, custom=custom)
        return submit(self.store, self.in_force, command, Actor(actor), self._profile)

    def delete(self, *guids: str, delete_type: DeleteType = "SOFT", actor: str = "tester") -> Receipt:
        """Archive, or purge with ``delete_type="PURGE"``."""
        targets = [Target(guid=guid) for guid in guids]
        return submit(self.store, self.in_force, Delete(targets, delete_type), Actor(actor), self._profile)

    def delete_connection(
        self,
        qualified_name: str,
        delete_type: DeleteType = "SOFT",
        actor: str = "tester",
        progress: Progress = lambda done, total: None,
    ) -> Summary:
        """Archive a connection with everything under it, or purge it with ``delete_type="PURGE"``."""
        return delete_connection(
            self.store, self.in_force, qualified_name, Actor(actor), self._profile, delete_type, progress
        )

    def restore(self, *guids: str, actor: str = "tester") -> Receipt:
        """Bring archived assets back."""
        return submit(
            self.store, self.in_force, Restore([Target(guid=one) for one in guids]), Actor(actor), self._profile
        )

    def define(self, typedefs: Mapping[str, Any], *, change: bool = False, actor: str = "tester") -> dict[str, Any]:
        """Make types, tags or custom metadata out of «AtlasTypesDef», or change those that are there.

        The answer is of the same form, with the names and guids that they have.
        """
        made = define(self.store, self.in_force, "change" if change else "create", typedefs, actor)
        return definitions_of(made.types).answer(made.names)

    def undefine(self, *names: str) -> None:
        """Remove types, tags or custom metadata that nothing uses, by their names."""
        undefine(self.store, self.in_force, names)

    def events(self, after: int = 0, wanted: LogFilter = EVERYTHING, *, wire: bool = False) -> list[dict[str, Any]]:
        """Everything in the log behind ``after`` that passes, in full or in the protocol's own form."""
        found: list[dict[str, Any]] = []
        with self.store.snapshot() as snapshot:
            head = snapshot.head()
            while after < head:
                records, after = snapshot.log(after, 1_000, wanted)
                found += [decode(one.wire() if wire else one.full()) for one in records]
        return found


@contextlib.contextmanager
def catalog(profile: str = "documented") -> Iterator[Catalog]:
    """An empty catalog in memory, gone at the end of the block."""
    store = open_store(Config(database=IN_MEMORY))
    try:
        yield Catalog(store, load_types(), profile)
    finally:
        store.close()


@contextlib.contextmanager
def server(database: str = IN_MEMORY, profile: str = "documented", token: str = TOKEN) -> Iterator[Client]:
    """A real server on a free port of this machine, in a thread; yields an admin's client.

    ``client.base_url`` and ``TOKEN`` are what other clients of the protocol need.
    """
    config = Config(port=0, database=database, admin_token=token, profile=profile, shutdown_seconds=2.0)
    with open_server(config) as running:
        thread = threading.Thread(target=running.work, name="tidings-test-server")
        thread.start()
        try:
            with Client(running.address, token) as client:
                yield client
        finally:
            running.should_exit = True
            thread.join()


def said(events: Iterable[Mapping[str, Any]]) -> list[tuple[str, str, str]]:
    """Events as (operation, type, display text), in their order: what most assertions are about."""
    found = []
    for event in events:
        message = event["message"]
        found.append((message["operationType"], message["entity"]["typeName"], message["entity"]["displayText"]))
    return found
