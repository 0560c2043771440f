"""The campaign over PostgreSQL: two servers share a catalog, clients and followers at both, and whatever can end is ended.

A strike is one of STRIKES. Servers that are not struck themselves stay up through all of it: without their database they
answer 503, and once it is back they work again without anybody's help.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

from benchmarks.client import Connection, head_of, request, save_request
from benchmarks.data import body
from benchmarks.faults_clients import Client
from benchmarks.faults_followers import Follower
from benchmarks.faults_tags import AT_ONCE, Traveller
from benchmarks.faults_verify import Summary, read, verify
from benchmarks.postgres import Cluster, cluster
from benchmarks.processes import alive
from benchmarks.server import Address, Server
from tidings.model.typemodel import shipped_types
from tidings.store.postgres import PostgresStore
from tidings.store.types import Types

SERVERS = 2
CLIENTS_EACH = 2
ROUNDS_PER_CATALOG = 10
"""A catalog that has seen this many strikes is left for a new one, so that verifying stays quick."""
SHORTEST_LIFE, LONGEST_LIFE = 0.05, 1.5
LONGEST_OUTAGE = 1.5
"""Seconds that PostgreSQL stays away."""
LONGEST_AFTERLIFE = 0.5
"""Seconds that whoever was not struck goes on working."""
RECOVERY = 60.0
"""Seconds within which servers must work again once their database is back, and followers must have everything."""


class Struck(Protocol):
    """Does it; the servers (by number) whose connections may have been lost."""

    def __call__(self, campaign: _Campaign) -> set[int]: ...


def _server_killed(campaign: _Campaign) -> set[int]:
    number = campaign.rng.randrange(SERVERS)
    campaign.servers[number].kill()
    return {number}


def _worker_killed(campaign: _Campaign) -> set[int]:
    number = campaign.rng.randrange(SERVERS)
    os.kill(campaign.rng.choice(campaign.servers[number].workers()), signal.SIGKILL)
    return {number}


def _watcher_killed(campaign: _Campaign) -> set[int]:
    """Its workers notice and end by themselves."""
    number = campaign.rng.randrange(SERVERS)
    workers = campaign.servers[number].workers()
    campaign.servers[number].kill_watcher()
    campaign.orphans.update(workers)
    return {number}


def _database_killed(campaign: _Campaign) -> set[int]:
    return campaign.outage(campaign.cluster.kill)


def _database_crashed(campaign: _Campaign) -> set[int]:
    return campaign.outage(campaign.cluster.crash)


def _connections_cut(campaign: _Campaign) -> set[int]:
    for _ in range(campaign.rng.randint(1, 5)):
        campaign.cluster.cut(campaign.database)
        time.sleep(campaign.rng.uniform(0, 0.05))
    return set()


STRIKES: dict[str, Struck] = {
    "server killed": _server_killed,
    "PostgreSQL killed": _database_killed,
    "PostgreSQL stopped at once": _database_crashed,
    "connections cut": _connections_cut,
}
STRIKES_ON_WORKERS: dict[str, Struck] = {"worker killed": _worker_killed, "watcher killed": _watcher_killed}


class _Campaign:
    """One catalog with its servers, clients and followers, through several rounds."""

    def __init__(self, cluster: Cluster, database: str, rng: random.Random, summary: Summary, wanted: Plan) -> None:
        self.cluster = cluster
        self.database = cluster.make(database)
        self.rng = rng
        self._names = itertools.count()
        self.orphans: set[int] = set()
        self.servers: list[Server] = []
        self._url = cluster.url(database, schema="tidings")
        self._options = ["--workers", str(wanted.workers), "--propagation-at-once", str(AT_ONCE)]
        self._summary = summary
        self._strikes = wanted.strikes
        self._types = Types(shipped_types())
        count = SERVERS * CLIENTS_EACH
        self._clients = [Client(number, random.Random(rng.random()), shares=True) for number in range(count)]
        self._traveller = Traveller(self._url, self._types) if wanted.tags else None
        self._followers: list[Follower] = []
        self._problems: list[str] = []

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Servers and followers, ended at the end."""
        try:
            for number in range(SERVERS):
                self.servers.append(Server(self._url, *self._options, temporary=self.cluster.data.parent))
                self._followers.append(Follower(partial(self._address, number)))
            yield
        finally:
            for follower in self._followers:
                follower.close()
            for server in self.servers:
                server.kill()

    def _address(self, number: int) -> Address:
        return self.servers[number].address

    def round(self) -> str:
        """Let them work, strike, let them go on, wait until all is well, verify; a line about it."""
        self._problems = []
        before = sum(one.acknowledged for one in self._clients)
        name = self.rng.choice(list(self._strikes))
        if self._traveller:
            self._traveller.turn(self.servers[0].address)
        with self._working():
            time.sleep(self.rng.uniform(SHORTEST_LIFE, LONGEST_LIFE))
            struck = self._strikes[name](self)
            time.sleep(self.rng.uniform(0, LONGEST_AFTERLIFE))
        self._note_losses(struck)
        recovered = self._recover()
        acknowledged = sum(one.acknowledged for one in self._clients) - before
        found = self._problems + self._verify()
        self._summary.rounds += 1
        self._summary.strikes[name] += 1
        self._summary.acknowledged += acknowledged
        self._summary.violations += found
        lasted = f"all well again after {recovered:.1f} s"
        return f"{name}, {acknowledged} acknowledged, {lasted}: {'; '.join(found[:3]) or 'sound'}"

    @contextlib.contextmanager
    def _working(self) -> Iterator[None]:
        """Clients, each of which stops at the first uncertainty; and at each server somebody who never does."""
        stop = threading.Event()
        threads = [
            threading.Thread(target=client.run, args=(self.servers[number % SERVERS].address, stop))
            for number, client in enumerate(self._clients)
        ]
        threads += [threading.Thread(target=self._keep_on, args=(number, stop)) for number in range(SERVERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    def outage(self, end: Callable[[], None]) -> set[int]:
        """Take the database away for a while; servers say so meanwhile."""
        end()
        probes = [threading.Thread(target=self._probe, args=(number,)) for number in range(SERVERS)]
        for probe in probes:
            probe.start()
        time.sleep(self.rng.uniform(0, LONGEST_OUTAGE))
        self.cluster.start()
        for probe in probes:
            probe.join()
        return set()

    def _probe(self, number: int) -> None:
        """One read while the database is away, which may come back in time for it."""
        try:
            with Connection(self._address(number)) as connection:
                status, answer = connection.ask(request("GET", "/api/events?after=0&limit=1"))
        except (OSError, ValueError) as error:
            self._problems.append(f"server {number} did not answer while PostgreSQL was away: {error!r}")
            return
        self._summary.refused += status == 503
        if status not in (200, 503):
            self._problems.append(f"server {number} answered {status} {answer[:300]!r} while PostgreSQL was away")

    def _note_losses(self, struck: set[int]) -> None:
        for number, client in enumerate(self._clients):
            self._summary.refused += client.ended == "refused"
            if client.ended == "lost" and number % SERVERS not in struck:
                self._problems.append(f"client {number} lost its connection to a server that nobody struck")

    def _recover(self) -> float:
        """Start what was killed; wait until all servers save again by themselves. How many seconds it took."""
        started = time.monotonic()
        for number, server in enumerate(self.servers):
            if server.process.poll() is not None:
                self.servers[number] = Server(self._url, *self._options, temporary=self.cluster.data.parent)
        for number, server in enumerate(self.servers):
            self._await(f"server {number} to save again", partial(self._saves, server.address))
        self._await("workers without a watcher to end", self._orphans_ended)
        if self._traveller:
            self._await("the tag to be everywhere", partial(self._traveller.is_there, self.servers[0].address))
        return time.monotonic() - started

    def _saves(self, address: Address) -> bool:
        name = f"default/faults/1/db/schema/more-{next(self._names)}"
        try:
            with Connection(address) as connection:
                status, answer = connection.ask(save_request(body("Table", [{"name": name, "qualifiedName": name}])))
        except (OSError, ValueError):
            return False
        self._summary.refused += status == 503
        if status not in (200, 503):
            self._problems.append(f"a save was answered {status} {answer[:300]!r}")
        return status == 200

    def _keep_on(self, number: int, stop: threading.Event) -> None:
        while not stop.is_set():
            self._saves(self._address(number))

    def _orphans_ended(self) -> bool:
        self.orphans = alive(self.orphans)
        return not self.orphans

    def _await(self, what: str, happened: Callable[[], bool]) -> None:
        until = time.monotonic() + RECOVERY
        while not happened():
            if time.monotonic() > until:
                self._problems.append(f"waited in vain for {what}")
                return
            time.sleep(0.05)

    def _verify(self) -> list[str]:
        head = head_of(self.servers[0].address)
        self._await("followers to have everything", lambda: all(one.reached() >= head for one in self._followers))
        store = PostgresStore(self._url, read_only=True)
        try:
            found = read(store, self._types, self._clients)
        finally:
            store.close()
        problems = verify(found, self._clients, self._summary)
        problems += self._traveller.wrong(found) if self._traveller else []
        for follower in self._followers:
            problems += follower.wrong(found.log)
            self._summary.followed += len(follower.events)
        return problems


@dataclass(frozen=True)
class Plan:
    """How a campaign is to be: processes of each server, the strikes among which each round chooses, whether a tag travels."""

    workers: int = 1
    tags: bool = False
    strikes: Mapping[str, Struck] = field(default_factory=lambda: STRIKES)


def plan(workers: int = 1, only: str = "", *, tags: bool = False) -> Plan:
    """Of all strikes that make sense with so many workers, those whose names hold ``only``; raises ValueError for none."""
    known = STRIKES | (STRIKES_ON_WORKERS if workers > 1 else {})
    chosen = {name: strike for name, strike in known.items() if only in name}
    if not chosen:
        raise ValueError(f"no strike is named {only}; known: {', '.join(known)}")
    return Plan(workers, tags, chosen)


def run(rounds: int, seed: int, folder: Path, wanted: Plan, tell: Callable[[str], None] = lambda _: None) -> Summary:
    """The whole campaign, with PostgreSQL's files in ``folder``. The seed sets what is asked for and what is struck."""
    rng = random.Random(seed)
    summary = Summary()
    with cluster(folder / "postgres") as found:
        for first in range(0, rounds, ROUNDS_PER_CATALOG):
            campaign = _Campaign(found, f"faults_{first}", rng, summary, wanted)
            with campaign.running():
                for number in range(first, min(rounds, first + ROUNDS_PER_CATALOG)):
                    tell(f"round {number + 1}: {campaign.round()}")
                    if summary.violations:
                        return summary
    return summary
