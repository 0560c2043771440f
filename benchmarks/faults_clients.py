"""Clients of the campaigns: each knows what it was promised, and what it asked for without hearing what became of it."""

from __future__ import annotations

import json
import random
import threading
from dataclasses import dataclass, field
from typing import Any

from benchmarks.client import Connection, request, save_request
from benchmarks.data import body
from benchmarks.server import Address

MOST_IN_REQUEST = 8
SHARED = "default/faults/1/db/schema/shared"
"""The table that all clients change, so that they meet."""

Said = tuple[str, str]
"""An event as far as it is foretold: its operation, and the description that the asset bears in it."""


@dataclass
class Known:
    """One asset as its only client knows it."""

    name: str
    guid: str = ""
    active: bool = True
    description: str = ""
    said: list[Said] = field(default_factory=list)


@dataclass
class Request:
    """What a client asks for: ``kind`` is create, update, archive, restore, or share (change the shared table)."""

    kind: str
    assets: list[Known]
    description: str = ""

    def raw(self, table: str) -> bytes:
        """As HTTP."""
        if self.kind == "share":
            return save_request(body("Table", [_table(SHARED) | {"description": self.description}]))
        if self.kind in ("create", "update"):
            return save_request(body("Column", [self._attributes(one, table) for one in self.assets]))
        guids = "&".join(f"guid={one.guid}" for one in self.assets)
        if self.kind == "archive":
            return request("DELETE", f"/api/meta/entity/bulk?{guids}&deleteType=SOFT")
        return request("POST", f"/api/meta/entity/restore/bulk?{guids}", b"{}")

    def _attributes(self, one: Known, table: str) -> dict[str, Any]:
        attributes = {**_table(one.name), "description": self.description}
        if self.kind == "create":
            attributes["table"] = {"typeName": "Table", "uniqueAttributes": {"qualifiedName": table}}
        return attributes

    def happened(self) -> None:
        """Note what the log must say from now on."""
        for one in self.assets:
            one.description = self.description or one.description
            one.active = self.kind != "archive"
            operation = {"create": "ENTITY_CREATE", "archive": "ENTITY_DELETE"}.get(self.kind, "ENTITY_UPDATE")
            one.said.append((operation, one.description))


def _table(name: str) -> dict[str, Any]:
    return {"name": name.rpartition("/")[2], "qualifiedName": name}


class Client:
    """One client with a table and assets of its own, so that it knows in which order things happened to them.

    ``ended`` says how its last run came to an end: "" as it was told to, "lost" with its connection, "refused" with the
    answer that the catalog is not available; after those two what it asked for last may have happened.
    """

    def __init__(self, number: int, rng: random.Random, *, shares: bool = False) -> None:
        self.rng = rng
        self.number = number
        self.table = f"default/faults/1/db/schema/table-{number}"
        self.assets: dict[str, Known] = {}
        self.shared: list[str] = []
        """What it said of the shared table, in order."""
        self.in_flight: Request | None = None
        self.acknowledged = 0
        self.complaints: list[str] = []
        self.ended = ""
        self._kinds = {"create": 4, "update": 4, "archive": 1, "restore": 1, "share": 2 if shares else 0}
        self._count = 0

    def run(self, address: Address, stop: threading.Event) -> None:
        """Ask for one thing after the other until told to stop, or until what became of one is uncertain."""
        self.ended = ""
        try:
            with Connection(address) as connection:
                status, _ = connection.ask(save_request(body("Table", [_table(self.table)])))
                while status == 200 and not stop.is_set():
                    status = self._step(connection)
        except (OSError, ValueError):
            self.ended = "lost"
        else:
            if status == 503:
                self.ended = "refused"

    def _step(self, connection: Connection) -> int:
        self.in_flight = wanted = self._choose()
        status, answer = connection.ask(wanted.raw(self.table))
        if status == 200:
            if wanted.kind == "create":
                self._learn_guids(json.loads(answer))
            self.settle(happened=True)
            self.acknowledged += 1
        elif status != 503:
            self.complaints.append(f"client {self.number}: {wanted.kind} was answered {status} {answer[:300]!r}")
        return status

    def settle(self, *, happened: bool) -> None:
        """Note what became of the request in flight."""
        pending, self.in_flight = self.in_flight, None
        if pending is None:
            return
        if happened:
            pending.happened()
            if pending.kind == "share":
                self.shared.append(pending.description)
        elif pending.kind == "create":
            for one in pending.assets:
                del self.assets[one.name]

    def _learn_guids(self, answer: dict[str, Any]) -> None:
        for one in answer["mutatedEntities"]["CREATE"]:
            known = self.assets.get(one["attributes"]["qualifiedName"])
            if known is not None:
                known.guid = one["guid"]

    def _choose(self) -> Request:
        self._count += 1
        description = f"said {self.number}.{self._count}"
        active = [one for one in self.assets.values() if one.active and one.guid]
        archived = [one for one in self.assets.values() if not one.active]
        kind = self.rng.choices(list(self._kinds), list(self._kinds.values()))[0]
        if kind == "share":
            return Request("share", [], description)
        if kind == "update" and active:
            return Request("update", self._some(active), description)
        if kind == "archive" and active:
            return Request("archive", self._some(active))
        if kind == "restore" and archived:
            return Request("restore", self._some(archived))
        fresh = [Known(f"{self.table}/column-{self._count}-{n}") for n in range(self.rng.randint(1, MOST_IN_REQUEST))]
        self.assets |= {one.name: one for one in fresh}
        return Request("create", fresh, description)

    def _some(self, assets: list[Known]) -> list[Known]:
        return self.rng.sample(assets, min(len(assets), self.rng.randint(1, MOST_IN_REQUEST)))
