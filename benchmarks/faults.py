"""``python -m benchmarks.faults``: kill the server again and again while clients save; nothing acknowledged may be lost.

Each round starts the program on the same file, lets several clients create, update, archive and restore assets, and kills
the process at a random moment. After the restart the log must hold exactly what was acknowledged, in each asset's order;
of a request in flight either everything or nothing; and the catalog must pass its own inspection.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import tempfile
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.client import Connection, request, save_request
from benchmarks.data import body
from benchmarks.server import Address, Server
from tidings.model.events import EVERYTHING
from tidings.model.typemodel import shipped_types
from tidings.read.integrity import inspect
from tidings.store.sqlite import SqliteStore
from tidings.store.types import Types

CLIENTS = 4
MOST_IN_REQUEST = 8
LONGEST_LIFE = 0.8
ROUNDS_PER_FILE = 10
"""A file that has seen this many kills is left for a new one, so that verifying stays quick."""
_DESCRIPTION = re.compile(rb'"description":"([^"]*)"')

Said = tuple[str, str]
"""An event as far as it is foretold: its operation, and the description that the asset bears in it."""


@dataclass
class Summary:
    """What a campaign came to; ``violations`` are sentences, none if every promise was kept."""

    rounds: int = 0
    acknowledged: int = 0
    in_flight: int = 0
    in_flight_kept: int = 0
    assets: int = 0
    events: int = 0
    violations: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        kept = f"{self.in_flight} in flight ({self.in_flight_kept} of them kept)"
        found = f"{len(self.violations)} violations" if self.violations else "no violation"
        return (
            f"{self.rounds} rounds: {self.acknowledged:,} requests acknowledged, {kept}, "
            f"{self.assets:,} assets and {self.events:,} events verified: {found}"
        )


@dataclass
class _Known:
    """One asset as its only client knows it."""

    name: str
    guid: str = ""
    active: bool = True
    description: str = ""
    said: list[Said] = field(default_factory=list)


@dataclass
class _Request:
    """What a client asks for: ``kind`` is create, update, archive or restore."""

    kind: str
    assets: list[_Known]
    description: str = ""

    def raw(self, table: str) -> bytes:
        """As HTTP."""
        if self.kind in ("create", "update"):
            return save_request(body("Column", [self._attributes(one, table) for one in self.assets]))
        guids = "&".join(f"guid={one.guid}" for one in self.assets)
        if self.kind == "archive":
            return request("DELETE", f"/api/meta/entity/bulk?{guids}&deleteType=SOFT")
        return request("POST", f"/api/meta/entity/restore/bulk?{guids}", b"{}")

    def _attributes(self, one: _Known, table: str) -> dict[str, Any]:
        attributes: dict[str, Any] = {
            "name": one.name.rpartition("/")[2],
            "qualifiedName": one.name,
            "description": self.description,
        }
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


class _Client:
    """One client with a table and assets of its own, so that it knows in which order things happened to them."""

    def __init__(self, number: int, rng: random.Random) -> None:
        self.rng = rng
        self.number = number
        self.table = f"default/faults/1/db/schema/table-{number}"
        self.assets: dict[str, _Known] = {}
        self.in_flight: _Request | None = None
        self.acknowledged = 0
        self.complaints: list[str] = []
        self._count = 0

    def run(self, address: Address) -> None:
        """Ask for one thing after the other until the server is gone."""
        try:
            connection = Connection(address)
            connection.ask(save_request(body("Table", [{"name": f"table-{self.number}", "qualifiedName": self.table}])))
            while not self.complaints:
                self._step(connection)
        except (OSError, ValueError):
            return

    def _step(self, connection: Connection) -> None:
        self.in_flight = wanted = self._choose()
        status, answer = connection.ask(wanted.raw(self.table))
        if status != 200:
            self.complaints.append(f"client {self.number}: {wanted.kind} was answered {status} {answer[:300]!r}")
            return
        if wanted.kind == "create":
            self._learn_guids(json.loads(answer))
        wanted.happened()
        self.in_flight = None
        self.acknowledged += 1

    def _learn_guids(self, answer: dict[str, Any]) -> None:
        for one in answer["mutatedEntities"]["CREATE"]:
            known = self.assets.get(one["attributes"]["qualifiedName"])
            if known is not None:
                known.guid = one["guid"]

    def _choose(self) -> _Request:
        self._count += 1
        description = f"said {self.number}.{self._count}"
        active = [one for one in self.assets.values() if one.active and one.guid]
        archived = [one for one in self.assets.values() if not one.active]
        kind = self.rng.choices(("create", "update", "archive", "restore"), (4, 4, 1, 1))[0]
        if kind == "update" and active:
            return _Request("update", self._some(active), description)
        if kind == "archive" and active:
            return _Request("archive", self._some(active))
        if kind == "restore" and archived:
            return _Request("restore", self._some(archived))
        fresh = [_Known(f"{self.table}/column-{self._count}-{n}") for n in range(self.rng.randint(1, MOST_IN_REQUEST))]
        self.assets |= {one.name: one for one in fresh}
        return _Request("create", fresh, description)

    def _some(self, assets: list[_Known]) -> list[_Known]:
        return self.rng.sample(assets, min(len(assets), self.rng.randint(1, MOST_IN_REQUEST)))


class _Campaign:
    """One file and its clients, through several rounds."""

    def __init__(self, path: Path, rng: random.Random, summary: Summary, types: Types) -> None:
        self.path = path
        self.rng = rng
        self.summary = summary
        self.types = types
        self.clients = [_Client(number, random.Random(rng.random())) for number in range(CLIENTS)]

    def round(self) -> str:
        """Start, let them work, kill, start again, verify; a line about it."""
        life = self.rng.uniform(0.02, LONGEST_LIFE)
        before = sum(one.acknowledged for one in self.clients)
        with Server(self.path) as server:
            threads = [threading.Thread(target=one.run, args=(server.address,)) for one in self.clients]
            for thread in threads:
                thread.start()
            time.sleep(life)
            server.kill()
            for thread in threads:
                thread.join()
        acknowledged = sum(one.acknowledged for one in self.clients) - before
        with Server(self.path):  # it recovers the file by itself
            found = self._verify()
        self.summary.rounds += 1
        self.summary.acknowledged += acknowledged
        self.summary.violations += found
        return f"killed after {life:.2f} s, {acknowledged} acknowledged: {'; '.join(found[:3]) or 'sound'}"

    def _verify(self) -> list[str]:
        store = SqliteStore(str(self.path), read_only=True)
        try:
            said, guids, standing = self._read(store)
            report = inspect(store, self.types, lambda *_: None)
        finally:
            store.close()
        problems = [f"inspection: {one}" for one in report.problems]
        for client in self.clients:
            problems += client.complaints
            problems += self._settle(client, said, guids)
            problems += _compare(client, said, guids, standing)
        self.summary.events += sum(len(one) for one in said.values())
        self.summary.assets += len(guids)
        return problems

    def _read(self, store: SqliteStore) -> tuple[dict[str, list[Said]], dict[str, str], dict[str, tuple[bool, str]]]:
        """What the log says of each guid; guids by name; and how each column stands (active, description) by name."""
        said: dict[str, list[Said]] = defaultdict(list)
        with store.snapshot() as snapshot:
            position, head = 0, snapshot.head()
            while position < head:
                records, position = snapshot.log(position, 1000, EVERYTHING)
                for record in records:
                    match = _DESCRIPTION.search(record.message)
                    said[record.guid].append((record.operation, match[1].decode() if match else ""))
            names = [name for client in self.clients for name in client.assets]
            assets = snapshot.assets_by_name(names)
        standing = {one.qualified_name: (one.status == 0, one.attributes.get("description", "")) for one in assets}
        return said, {one.qualified_name: one.guid for one in assets}, standing

    def _settle(self, client: _Client, said: dict[str, list[Said]], guids: dict[str, str]) -> list[str]:
        """The request in flight happened as a whole, or not at all; from now on the client knows which."""
        pending, client.in_flight = client.in_flight, None
        if pending is None:
            return []
        self.summary.in_flight += 1
        more = [len(said.get(guids.get(one.name, ""), ())) > len(one.said) for one in pending.assets]
        if all(more):
            for one in pending.assets:
                one.guid = guids[one.name]
            pending.happened()
            self.summary.in_flight_kept += 1
        elif any(more):
            return [f"client {client.number}: a {pending.kind} of {len(more)} assets was kept for {sum(more)} of them"]
        elif pending.kind == "create":
            for one in pending.assets:
                del client.assets[one.name]
        return []


def _compare(
    client: _Client,
    said: dict[str, list[Said]],
    guids: dict[str, str],
    standing: dict[str, tuple[bool, str]],
) -> list[str]:
    problems = []
    for name, one in client.assets.items():
        if guids.get(name) != one.guid:
            problems.append(f"{name}: acknowledged as {one.guid}, found as {guids.get(name)}")
        elif said[one.guid] != one.said:
            problems.append(f"{name}: the log says {said[one.guid]}, not {one.said}")
        elif standing[name] != (one.active, one.description):
            problems.append(f"{name}: stands as {standing[name]}, not as {(one.active, one.description)}")
    return problems


def run(rounds: int, seed: int, folder: Path, tell: bool = False) -> Summary:
    """The whole campaign, with files in ``folder``. The seed sets what is asked for; when it is cut off is up to time."""
    rng = random.Random(seed)
    summary = Summary()
    types = Types(shipped_types())
    campaign = None
    for number in range(rounds):
        if campaign is None or number % ROUNDS_PER_FILE == 0:
            campaign = _Campaign(folder / f"faults-{number}.db", rng, summary, types)
        line = campaign.round()
        if tell:
            print(f"round {number + 1}: {line}", flush=True)
        if summary.violations:
            break
    return summary


def main(arguments: list[str]) -> int:
    """0 if every promise was kept; otherwise 1, and the last file is left for looking at."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("--rounds", type=int, default=100, help="how often to kill it (100)")
    parser.add_argument("--seed", type=int, default=None, help="for the same requests again")
    options = parser.parse_args(arguments)
    seed = random.randrange(10**6) if options.seed is None else options.seed
    folder = Path(tempfile.mkdtemp(prefix="tidings-faults-"))
    print(f"seed {seed}, files in {folder}", flush=True)
    summary = run(options.rounds, seed, folder, tell=True)
    print(summary)
    for one in summary.violations[:20]:
        print(f"  {one}")
    if summary.violations:
        return 1
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
