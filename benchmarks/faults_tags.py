"""A tag that travels while things are killed: in many small transactions, by whichever server holds the lease for it."""

from __future__ import annotations

import contextlib
import json

from benchmarks.client import Connection, request
from benchmarks.data import bodies, body, command
from benchmarks.faults_verify import Found
from benchmarks.harness import ME
from benchmarks.server import Address
from tidings.store.base import Store
from tidings.store.postgres import PostgresStore
from tidings.store.types import Types
from tidings.write.define import define
from tidings.write.submit import submit

COLUMNS = 200
AT_ONCE = 5
"""Tags in one transaction, so that there is time to kill who makes them."""
TAG = "Travelling"
TABLE = "default/faults/1/db/schema/tagged"
EVENTS = ("CLASSIFICATION_ADD", "CLASSIFICATION_DELETE")


class Traveller:
    """A table with columns, made in the catalog at ``url``; its tag is put on it and taken off by turns."""

    def __init__(self, url: str, types: Types) -> None:
        self.turns = 0
        self._columns: list[str] = []
        with contextlib.closing(PostgresStore(url)) as store:
            self._make(store, types)

    def _make(self, store: Store, types: Types) -> None:
        define(store, types, "create", {"classificationDefs": [{"name": TAG, "displayName": TAG}]}, "faults")
        submit(store, types, command(body("Table", [{"name": "tagged", "qualifiedName": TABLE}])), ME)
        table = {"typeName": "Table", "uniqueAttributes": {"qualifiedName": TABLE}}
        columns = [
            {"name": f"{number}", "qualifiedName": f"{TABLE}/{number}", "table": table} for number in range(COLUMNS)
        ]
        [one] = bodies("Column", columns, COLUMNS)
        submit(store, types, command(one), ME)
        with store.snapshot() as snapshot:
            found = snapshot.names_by_name([TABLE, *(str(one["qualifiedName"]) for one in columns)])
        self._table = next(one.guid for one in found if one.qualified_name == TABLE)
        self._columns = [one.guid for one in found if one.qualified_name != TABLE]

    def turn(self, address: Address) -> None:
        """Put the tag on, or take it off; the rest is the servers' task."""
        path = f"/api/meta/entity/guid/{self._table}/classification"
        if self.turns % 2:
            asked = request("DELETE", f"{path}/{TAG}")
        else:
            asked = request("POST", f"{path}s", json.dumps([{"typeName": TAG}]).encode())
        with Connection(address) as connection:
            status, answer = connection.ask(asked)
        if status != 204:
            raise RuntimeError(f"the tag was answered {status} {answer[:300]!r}")
        self.turns += 1

    def is_there(self, address: Address) -> bool:
        """Whether no task is left."""
        try:
            with Connection(address) as connection:
                status, answer = connection.ask(request("GET", "/api/tasks"))
        except (OSError, ValueError):
            return False
        return status == 200 and not json.loads(answer)["tasks"]

    def wrong(self, found: Found) -> list[str]:
        """Where a column did not hear of each turn once, in order."""
        wanted = [EVENTS[number % 2] for number in range(self.turns)]
        problems = []
        for guid in self._columns:
            heard = [operation for operation, _ in found.said[guid] if operation in EVENTS]
            if heard != wanted:
                problems.append(f"column {guid} heard {heard} of the tag's {self.turns} turns")
        return problems
