"""What became of a campaign's promises: the catalog as it is, held against what its clients know."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.faults_clients import SHARED, Client, Said
from tidings.model.events import EVERYTHING
from tidings.read.integrity import inspect
from tidings.store.base import Store
from tidings.store.types import Types

_DESCRIPTION = re.compile(rb'"description":"([^"]*)"')


@dataclass
class Summary:
    """What a campaign came to; ``violations`` are sentences, none if every promise was kept."""

    rounds: int = 0
    acknowledged: int = 0
    in_flight: int = 0
    in_flight_kept: int = 0
    refused: int = 0
    """Requests that were answered 503, the ones asked for that purpose among them."""
    followed: int = 0
    """Events that reached followers."""
    assets: int = 0
    events: int = 0
    strikes: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        kept = f"{self.in_flight} in flight ({self.in_flight_kept} of them kept), {self.refused} answered 503"
        found = f"{len(self.violations)} violations" if self.violations else "no violation"
        struck = ", ".join(f"{count} x {what}" for what, count in sorted(self.strikes.items()))
        return (
            f"{self.rounds} rounds ({struck}): {self.acknowledged:,} requests acknowledged, {kept}, {self.assets:,} assets and "
            f"{self.events:,} events verified, {self.followed:,} events followed: {found}"
        )


@dataclass
class Found:
    """A catalog as it is."""

    said: dict[str, list[Said]]
    """What the log says of each guid."""
    guids: dict[str, str]
    """By name."""
    standing: dict[str, tuple[bool, str]]
    """How each asset stands by name: active, description."""
    log: list[int]
    """A hash of each event, in order."""
    problems: list[str]
    """What the catalog's own inspection complains of."""


def read(store: Store, types: Types, clients: Sequence[Client]) -> Found:
    """Everything that the clients know of; inspected as ``tidings check`` does."""
    said: dict[str, list[Said]] = defaultdict(list)
    log: list[int] = []
    with store.snapshot() as snapshot:
        position, head = 0, snapshot.head()
        while position < head:
            records, position = snapshot.log(position, 1000, EVERYTHING)
            for record in records:
                match = _DESCRIPTION.search(record.message)
                said[record.guid].append((record.operation, match[1].decode() if match else ""))
                log.append(hash(record.full()))
        assets = snapshot.assets_by_name([SHARED, *(name for client in clients for name in client.assets)])
    standing = {one.qualified_name: (one.status == 0, one.attributes.get("description", "")) for one in assets}
    guids = {one.qualified_name: one.guid for one in assets}
    report = inspect(store, types, lambda *_: None)
    return Found(said, guids, standing, log, [f"inspection: {one}" for one in report.problems])


def verify(found: Found, clients: Sequence[Client], summary: Summary) -> list[str]:
    """What is wrong, in sentences; clients know afterwards what became of their requests in flight."""
    problems = list(found.problems)
    for client in clients:
        problems += client.complaints
        problems += _settle(client, found, summary)
        problems += _compare(client, found)
    problems += _compare_shared(clients, [text for _, text in found.said.get(found.guids.get(SHARED, ""), ())])
    summary.events += len(found.log)
    summary.assets += len(found.guids)
    return problems


def _settle(client: Client, found: Found, summary: Summary) -> list[str]:
    """The request in flight happened as a whole, or not at all; from now on the client knows which."""
    pending = client.in_flight
    if pending is None:
        return []
    summary.in_flight += 1
    if pending.kind == "share":
        more = [any(text == pending.description for _, text in found.said.get(found.guids.get(SHARED, ""), ()))]
    else:
        more = [len(found.said.get(found.guids.get(one.name, ""), ())) > len(one.said) for one in pending.assets]
    if any(more) and not all(more):
        return [f"client {client.number}: a {pending.kind} of {len(more)} assets was kept for {sum(more)} of them"]
    if all(more):
        for one in pending.assets:
            one.guid = found.guids[one.name]
        summary.in_flight_kept += 1
    client.settle(happened=all(more))
    return []


def _compare(client: Client, found: Found) -> list[str]:
    problems = []
    for name, one in client.assets.items():
        if found.guids.get(name) != one.guid:
            problems.append(f"{name}: acknowledged as {one.guid}, found as {found.guids.get(name)}")
        elif found.said[one.guid] != one.said:
            problems.append(f"{name}: the log says {found.said[one.guid]}, not {one.said}")
        elif found.standing[name] != (one.active, one.description):
            problems.append(f"{name}: stands as {found.standing[name]}, not as {(one.active, one.description)}")
    return problems


def _compare_shared(clients: Sequence[Client], said: list[str]) -> list[str]:
    """What all clients said of one table is there once, and what one of them said in its order."""
    problems = []
    for client in clients:
        own = [text for text in said if text.startswith(f"said {client.number}.")]
        if own != client.shared:
            problems.append(f"client {client.number}: the log says of the shared table {own}, not {client.shared}")
    return problems
