"""Where catalogs are measured: SQLite or PostgreSQL, on disk or in memory; one set of words for all of them.

Every catalog begins as a SQLite file, closed and whole. A medium makes copies of it: a file beside it, or, row by row as
it is and only once, a database on a PostgreSQL server, of which further copies are made there.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from psycopg import sql

from benchmarks import raw, raw_postgres
from benchmarks.harness import Bench, copy
from benchmarks.postgres import Cluster, cluster
from benchmarks.stock import borrowed, kept, remove
from tidings.store.base import Store, Transaction
from tidings.store.comparing import parts
from tidings.store.postgres import PostgresStore
from tidings.store.postgres.address import parse
from tidings.store.postgres.database import connect
from tidings.store.postgres.migrate import migrations
from tidings.store.sqlite import SqliteStore
from tidings.store.tables import TABLES, Row, Table

SQLITE, POSTGRES = "SQLite", "PostgreSQL"
KEPT = "kept"
"""The database of a large catalog."""

Rows = dict[Any, list[Any]]
"""One transaction as a raw loop of the same body takes it: what to do -> the rows to do it with, in order."""


class RawLoop(Protocol):
    """Writes ready rows, and does nothing else."""

    def replay(self, transactions: Iterable[Rows]) -> None: ...

    def close(self) -> None: ...


class RawPages(Protocol):
    """Reads the log by the plain statement, and makes nothing of it."""

    def after(self, position: int, limit: int) -> object: ...

    def close(self) -> None: ...


class Catalog(Protocol):
    """One catalog, closed unless somebody opened it. ``url`` is its address as a setting has it."""

    url: str

    def open(self) -> Store: ...

    def capture(self, run: Callable[[Store], object]) -> list[Rows]:
        """What ``run`` makes the product write, one entry per transaction."""
        ...

    def loop(self, way: str) -> RawLoop: ...

    def pages(self) -> RawPages: ...

    def contents(self) -> dict[str, tuple[int, ...]]:
        """Rows and bytes by table."""
        ...

    def remove(self) -> None: ...


class Medium(Protocol):
    """A place for catalogs. ``folder`` is on the disk that is to be probed; ``ways`` are those of its raw loop."""

    folder: Path

    @property
    def ways(self) -> Sequence[str]: ...

    def copy(self, source: Path, name: str) -> Catalog:
        """A copy of a closed SQLite catalog under this name, in place of one that is there; all of it is on disk."""
        ...


class _SqliteCatalog:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = f"sqlite:///{path}"

    def open(self) -> Store:
        return SqliteStore(str(self.path))

    def capture(self, run: Callable[[Store], object]) -> list[Rows]:
        return [dict(one) for one in raw.capture(self.path, run)]

    def loop(self, way: str) -> RawLoop:
        assert way == raw.WAY
        return raw.SqliteLoop(self.path)

    def pages(self) -> RawPages:
        return raw.SqlitePages(self.path)

    def contents(self) -> dict[str, tuple[int, ...]]:
        return raw.contents(self.path)

    def remove(self) -> None:
        remove(self.path)


class _SqliteMedium:
    ways = (raw.WAY,)

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def copy(self, source: Path, name: str) -> Catalog:
        path = self.folder / f"{name}.db"
        remove(path)
        return _SqliteCatalog(copy(source, path))


class PostgresCatalog:
    """A catalog in a database of its own."""

    def __init__(self, cluster: Cluster, database: str) -> None:
        self.cluster = cluster
        self.database = database
        self.url = cluster.url(database, schema="tidings")

    def open(self) -> Store:
        return PostgresStore(self.url)

    def capture(self, run: Callable[[Store], object]) -> list[Rows]:
        return [dict(one) for one in raw_postgres.capture(self.url, run)]

    def loop(self, way: str) -> RawLoop:
        return raw_postgres.PostgresLoop(self.url, way)

    def pages(self) -> RawPages:
        return raw_postgres.PostgresPages(self.url)

    def contents(self) -> dict[str, tuple[int, ...]]:
        return raw_postgres.contents(self.url)

    def remove(self) -> None:
        self.cluster.drop(self.database)


class _PostgresMedium:
    ways = raw_postgres.WAYS

    def __init__(self, folder: Path, cluster: Cluster) -> None:
        self.folder = folder
        self.cluster = cluster

    def copy(self, source: Path, name: str) -> Catalog:
        template = f"of_{source.stem.replace('-', '_')}"
        if not self.cluster.has(template):
            carried(self.cluster, source, template)
        return PostgresCatalog(self.cluster, self.cluster.make(name, template))


def carried(cluster: Cluster, source: Path, database: str) -> PostgresCatalog:
    """A catalog from a closed SQLite file, row by row as it is; settled, so that no sample pays for that."""
    unfinished = cluster.make(f"{database}_unfinished")
    found, made = SqliteStore(str(source), read_only=True), PostgresStore(cluster.url(unfinished, schema="tidings"))
    with found.snapshot() as snapshot:
        for table in TABLES:
            for rows in parts(snapshot, table, table.start):
                made.transact(partial(_fill, table=table, rows=rows))
        made.transact(partial(_set, values=snapshot.values()))
    found.close()
    made.close()
    with cluster.connect(unfinished) as connection:
        connection.execute("VACUUM (ANALYZE)")
    cluster.rename(unfinished, database)
    return PostgresCatalog(cluster, database)


def _fill(tx: Transaction, table: Table, rows: Sequence[Row]) -> None:
    tx.fill(table, rows)


def _set(tx: Transaction, values: dict[str, str]) -> None:
    for name, value in values.items():
        tx.set_value(name, value)


def media(bench: Bench, body: str) -> list[Medium]:
    """Where to measure a body of the store: on disk, then in memory where the system has a folder there."""
    folders = [bench.folder, *([bench.memory_folder] if bench.memory_folder else [])]
    if body == SQLITE:
        return [_SqliteMedium(folder) for folder in folders]
    return [_PostgresMedium(folder, cluster_in(bench, folder)) for folder in folders]


def named(body: str, what: str) -> str:
    """What a row measures, with the body where it is not the embedded one."""
    return what if body == SQLITE else f"{body}: {what}"


def on_disk(bench: Bench, body: str) -> Medium:
    """The first of ``media``, without starting what the others want."""
    if body == SQLITE:
        return _SqliteMedium(bench.folder)
    return _PostgresMedium(bench.folder, cluster_in(bench, bench.folder))


def cluster_in(bench: Bench, folder: Path) -> Cluster:
    """The PostgreSQL server whose files are in ``folder``; started when first asked for, stopped with the run."""
    data = folder / "postgres"
    if data not in bench.clusters:
        bench.clusters[data] = found = Cluster(data)
        bench.at_end.callback(found.stop)
        bench.postgres = found.version
    return bench.clusters[data]


def opened(url: str) -> Store:
    """The store at an address as a setting has it."""
    return PostgresStore(url) if url.startswith("postgresql:") else SqliteStore(url.removeprefix("sqlite:///"))


def settle(url: str) -> None:
    """Let the database write back what it still holds, so that no sample pays for what came before it."""
    if url.startswith("postgresql:"):
        with contextlib.closing(connect(parse(url))) as connection:
            connection.execute("CHECKPOINT", prepare=False)


@contextlib.contextmanager
def lent(bench: Bench, body: str, columns: int, small: Path) -> Iterator[tuple[str, str]]:
    """The addresses of a large catalog, which is kept from one run to the next, and of a copy of ``small`` beside it.

    What is added to the large one meanwhile goes again. Both are in the hands of one server.
    """
    if body == SQLITE:
        with borrowed(kept(bench, columns)) as path:
            beside = _SqliteMedium(bench.folder).copy(small, "small_one")
            yield f"sqlite:///{path}", beside.url
            beside.remove()
        return
    form = "-".join(f"{number}-{len(text)}" for number, text in migrations()[-1:])
    with cluster(Path(tempfile.gettempdir()) / f"tidings-bench-postgres-{columns}-{form}") as found:
        bench.postgres = found.version
        if not found.has(KEPT):
            with borrowed(kept(bench, columns)) as path:
                started = time.monotonic()
                carried(found, path, KEPT)
                print(f"  made {found.data} ({time.monotonic() - started:.0f} s); it is kept", flush=True)
        found.drop("small_one")
        beside = carried(found, small, "small_one")
        with _taken_back(PostgresCatalog(found, KEPT)) as url:
            yield url, beside.url
        beside.remove()


@contextlib.contextmanager
def _taken_back(catalog: PostgresCatalog) -> Iterator[str]:
    connection = connect(parse(catalog.url))
    highest, head = (
        connection.execute(
            sql.SQL("SELECT max({}) FROM {}").format(sql.Identifier(column), sql.Identifier(table))
        ).fetchone()
        for table, column in (("asset", "id"), ("log", "position"))
    )
    try:
        yield catalog.url
    finally:
        connection.execute("DELETE FROM link WHERE end1 > $1", highest)
        connection.execute("DELETE FROM asset WHERE id > $1", highest)
        connection.execute("DELETE FROM log WHERE position > $1", head)
        connection.execute("VACUUM (ANALYZE)", prepare=False)
        connection.close()
