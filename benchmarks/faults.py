"""``python -m benchmarks.faults``: kill the server again and again while clients save; nothing acknowledged may be lost.

Each round starts the program on the same catalog, lets several clients create, update, archive and restore assets, and kills
the process at a random moment. After the restart the log must hold exactly what was acknowledged, in each asset's order;
of a request in flight either everything or nothing; and the catalog must pass its own inspection.

With ``--database postgres`` two servers share one PostgreSQL, and what is struck is a server, one of its processes, PostgreSQL
itself, or the connections between them (``benchmarks/faults_postgres.py``).
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import faults_postgres
from benchmarks.faults_clients import Client
from benchmarks.faults_verify import Summary, read, verify
from benchmarks.server import Server
from tidings.model.typemodel import shipped_types
from tidings.store.sqlite import SqliteStore
from tidings.store.types import Types

CLIENTS = 4
LONGEST_LIFE = 0.8
ROUNDS_PER_FILE = 10
"""A file that has seen this many kills is left for a new one, so that verifying stays quick."""


class _Campaign:
    """One file and its clients, through several rounds."""

    def __init__(self, path: Path, rng: random.Random, summary: Summary, types: Types) -> None:
        self.path = path
        self.rng = rng
        self.summary = summary
        self.types = types
        self.clients = [Client(number, random.Random(rng.random())) for number in range(CLIENTS)]

    def round(self) -> str:
        """Start, let them work, kill, start again, verify; a line about it."""
        life = self.rng.uniform(0.02, LONGEST_LIFE)
        before = sum(one.acknowledged for one in self.clients)
        url = f"sqlite:///{self.path}"
        with Server(url) as server:
            never = threading.Event()
            threads = [threading.Thread(target=one.run, args=(server.address, never)) for one in self.clients]
            for thread in threads:
                thread.start()
            time.sleep(life)
            server.kill()
            for thread in threads:
                thread.join()
        acknowledged = sum(one.acknowledged for one in self.clients) - before
        with Server(url):  # it recovers the file by itself
            found = self._verify()
        self.summary.rounds += 1
        self.summary.strikes["server killed"] += 1
        self.summary.acknowledged += acknowledged
        self.summary.violations += found
        return f"killed after {life:.2f} s, {acknowledged} acknowledged: {'; '.join(found[:3]) or 'sound'}"

    def _verify(self) -> list[str]:
        store = SqliteStore(str(self.path), read_only=True)
        try:
            found = read(store, self.types, self.clients)
        finally:
            store.close()
        refused = [f"client {one.number} was answered 503" for one in self.clients if one.ended == "refused"]
        return refused + verify(found, self.clients, self.summary)


def run(rounds: int, seed: int, folder: Path, tell: Callable[[str], None] = lambda _: None) -> Summary:
    """The whole campaign, with files in ``folder``. The seed sets what is asked for; when it is cut off is up to time."""
    rng = random.Random(seed)
    summary = Summary()
    types = Types(shipped_types())
    campaign = None
    for number in range(rounds):
        if campaign is None or number % ROUNDS_PER_FILE == 0:
            campaign = _Campaign(folder / f"faults-{number}.db", rng, summary, types)
        tell(f"round {number + 1}: {campaign.round()}")
        if summary.violations:
            break
    return summary


def main(arguments: list[str]) -> int:
    """0 if every promise was kept; otherwise 1, and the last files are left for looking at."""
    options = _parse(arguments)
    seed = random.randrange(10**6) if options.seed is None else options.seed
    folder = Path(tempfile.mkdtemp(prefix="tidings-faults-"))
    print(f"seed {seed}, files in {folder}", flush=True)
    if options.database == "postgres":
        wanted = faults_postgres.plan(options.workers, options.strikes, tags=options.tags)
        summary = faults_postgres.run(options.rounds, seed, folder, wanted, _say)
    else:
        summary = run(options.rounds, seed, folder, _say)
    print(summary)
    for one in summary.violations[:20]:
        print(f"  {one}")
    if summary.violations:
        return 1
    shutil.rmtree(folder)
    return 0


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("--rounds", type=int, default=100, help="how often to kill it (100)")
    parser.add_argument("--seed", type=int, default=None, help="for the same requests again")
    parser.add_argument(
        "--database", choices=("sqlite", "postgres"), default="sqlite", help="where catalogs are (sqlite)"
    )
    parser.add_argument("--workers", type=int, default=1, help="processes of each server, with postgres (1)")
    parser.add_argument("--tags", action="store_true", help="let a tag travel in every round, with postgres")
    parser.add_argument(
        "--strikes", default="", metavar="WORD", help="only those whose names hold it, with postgres (all)"
    )
    return parser.parse_args(arguments)


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
