"""Several processes that write to one catalog at once, readers that follow its log meanwhile, and what they saw.

Run as a program this is one of the writers: ``race.py URL WRITER WRITES LOCKED``.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, cast

import msgspec

from tests.catalog import Catalog, entity
from tests.postgres import connect, open_store
from tidings.model.events import EVERYTHING, Event, LogRecord, decode
from tidings.store.base import Store
from tidings.store.postgres import PostgresStore
from tidings.store.postgres.database import SESSION, SQL
from tidings.store.postgres.session import PostgresSession
from tidings.store.postgres.transaction import PostgresTransaction

ASSETS = 3
"""How many assets each writer changes, in turn."""


class Unlocked(PostgresSession):
    """A session that takes no turn; positions come from a sequence, before the commit."""

    def begin(self) -> None:
        wire = self._connected()
        *_, [standing] = wire.exchange((SESSION.begin_writing, ()), (SQL.standing, ()))
        self._stand(standing)
        self._committed = self.head
        self.changed_settings = False

    def attempt(self) -> PostgresTransaction:
        now = self._clock
        known = msgspec.structs.replace(self._known)
        return Drawing(self._connected(), self._names, known, now, self._next_id)


class Drawing(PostgresTransaction):
    def append(self, events: Iterable[Event]) -> int:
        every = list(events)
        drawn = [self.wire.rows("SELECT nextval('positions')")[0][0] for _ in every]
        self.head = drawn[0] - 1
        return super().append(every)


class Seen(NamedTuple):
    """What one reader saw: positions in the order in which they came, and what is there in the end but never came."""

    positions: list[int]
    missed: set[int]

    @property
    def disorder(self) -> bool:
        return bool(self.missed) or self.positions != list(range(1, len(self.positions) + 1))


def name_of(writer: int, number: int) -> str:
    return f"default/race/1/{writer}/t{number}"


def write(url: str, writer: int, writes: int, *, locked: bool) -> None:
    """Change the writer's own assets, each time in a request of its own."""
    store = open_store(url)
    if not locked:
        unlock(store)
    catalog = Catalog(store)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    for number in range(writes):
        catalog.save(entity("Table", name_of(writer, number % ASSETS), description=f"{number}"))
    store.close()


def unlock(store: PostgresStore) -> None:
    """Give its writer a session without the lock."""
    inside = cast(Any, store)
    inside._session.close()
    inside._session = inside._writer._session = Unlocked(inside._address, inside._session._oid)


def run(url: str, *, writers: int, writes: int, readers: int, locked: bool) -> list[Seen]:
    """What every reader saw of all the writes, from the first position on."""
    store = open_store(url)
    _furnish(store, url, writers)
    done = threading.Event()
    seen: list[Seen] = []
    following = [threading.Thread(target=lambda: seen.append(_follow(store, done))) for _ in range(readers)]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.store.race", url, str(number), str(writes), str(int(locked))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for number in range(writers)
    ]  # fmt: skip
    for one in processes:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for thread in following:
        thread.start()
    for one in processes:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    for one in processes:
        one.communicate()
    done.set()
    for thread in following:
        thread.join(60)
    store.close()
    assert [one.returncode for one in processes] == [0] * writers
    return seen


def _furnish(store: Store, url: str, writers: int) -> None:
    """Every asset, each changed once, so that no small number is left to be drawn; and a sequence for who takes no turn."""
    catalog = Catalog(store)
    for text in (None, "first"):
        catalog.save(
            *(
                entity("Table", name_of(writer, number), description=text)
                for writer in range(writers)
                for number in range(ASSETS)
            )
        )
    with connect(url) as connection:
        connection.execute(f"CREATE SEQUENCE positions START {store.head() + 1}".encode())


def _follow(store: Store, done: threading.Event) -> Seen:
    """Read on behind the last position seen, as every reader of the log does."""
    positions: list[int] = []
    ended = False
    while not ended:
        ended = done.is_set()  # looked at before the read: what was written by then is in it
        found = records(store, positions[-1] if positions else 0)
        positions += [record.position for record in found]
    return Seen(positions, {record.position for record in records(store, 0)} - set(positions))


def records(store: Store, after: int) -> Sequence[LogRecord]:
    with store.snapshot() as snapshot:
        return snapshot.log(after, 1_000_000, EVERYTHING)[0]


def versions(store: Store) -> dict[str, list[int]]:
    """The versions of each asset in the order of the log."""
    found: dict[str, list[int]] = {}
    for record in records(store, 0):
        found.setdefault(record.guid, []).append(decode(record.full())["tidings"]["version"])
    return found


if __name__ == "__main__":
    write(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), locked=sys.argv[4] == "1")
