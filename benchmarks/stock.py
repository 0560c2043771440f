"""Large catalogs, made fast: a small one that the product wrote, multiplied row by row with names and guids of its own."""

from __future__ import annotations

import contextlib
import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw

from benchmarks.data import COLUMNS_PER_TABLE, TABLES_PER_SCHEMA, Warehouse, bodies, command
from benchmarks.harness import ME, Bench
from tidings.model.ids import new_guids
from tidings.store.base import Store
from tidings.store.sqlite import SqliteStore
from tidings.store.sqlite.database import connect, migrations
from tidings.write.submit import submit

PER_COPY = TABLES_PER_SCHEMA * COLUMNS_PER_TABLE
"""Columns in each copy of the small catalog."""
NUMBERED = {"asset": ("id",), "link": ("end1", "end2"), "log": ("position",)}
"""Columns that hold numbers which are each copy's own."""
_DATABASE = b"ANALYTICS"
_VARYING = re.compile(rb"(ANALYTICS|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")

Pieces = list[bytes | int]
"""A text cut where copies differ: an int is the place of the text that stands there."""


class _Table:
    """The rows of one table as templates."""

    def __init__(self, connection: apsw.Connection, name: str, places: dict[bytes, int]) -> None:
        cursor = connection.execute(f"SELECT * FROM {name}")
        columns = [column[0] for column in cursor.getdescription()]
        self.insert = f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
        numbered = {columns.index(one) for one in NUMBERED[name]}
        self.rows = [[_template(value, index in numbered, places) for index, value in enumerate(row)] for row in cursor]
        self.highest = max(max(row[index][1] for index in numbered) for row in self.rows)

    def copies(self, offset: int, texts: list[bytes]) -> Iterator[list[Any]]:
        """The rows of one copy."""
        for row in self.rows:
            yield [_filled(kind, value, offset, texts) for kind, value in row]


def _shared(connection: apsw.Connection) -> list[str]:
    """Tables whose rows all copies use together, such as the numbers of relationships."""
    tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
    return [name for (name,) in tables if name not in (*NUMBERED, "catalog", "token")]


def _template(value: Any, numbered: bool, places: dict[bytes, int]) -> tuple[str, Any]:
    if numbered:
        return "number", value
    if isinstance(value, (str, bytes)):
        raw = value.encode() if isinstance(value, str) else value
        pieces: Pieces = [
            places.setdefault(piece, len(places)) if index % 2 else piece
            for index, piece in enumerate(_VARYING.split(raw))
        ]
        if len(pieces) > 1:
            return ("text" if isinstance(value, str) else "bytes"), pieces
    return "same", value


def _filled(kind: str, value: Any, offset: int, texts: list[bytes]) -> Any:
    if kind == "same":
        return value
    if kind == "number":
        return value + offset
    raw = b"".join([texts[piece] if piece.__class__ is int else piece for piece in value])
    return raw.decode() if kind == "text" else raw


def build(bench: Bench, path: Path, tables: int, columns: int = 0) -> None:
    """``fill`` the SQLite catalog ``path``, made if there is none."""
    with contextlib.closing(SqliteStore(str(path))) as store:
        fill(bench, store, tables, columns)


def fill(bench: Bench, store: Store, tables: int, columns: int = 0) -> None:
    """Add schemas, ``tables`` tables (numbers from 0) and the first ``columns`` columns to a catalog, by the product."""
    warehouse = Warehouse()
    for type_name, assets in (
        ("Schema", [warehouse.schema(number) for number in range(-(-tables // TABLES_PER_SCHEMA))]),
        ("Table", [warehouse.table(number) for number in range(tables)]),
        ("Column", warehouse.columns(range(columns))),
    ):
        for one in bodies(type_name, assets, 1000):
            submit(store, bench.types, command(one), ME)


def remove(*paths: Path) -> None:
    """Delete catalogs with all that lies beside them."""
    for path in paths:
        for one in path.parent.glob(f"{path.name}*"):
            one.unlink(missing_ok=True)


def multiply(bench: Bench, path: Path, columns: int, *, with_log: bool = True) -> None:
    """Make the catalog ``path`` hold ``columns`` columns (a multiple of PER_COPY) with tables, links and events.

    ``with_log`` False leaves the events out: for work that never looks at them.
    """
    small = bench.folder / "small.db"
    if not small.exists():
        build(bench, small, TABLES_PER_SCHEMA, PER_COPY)
    source = connect(str(small))
    places: dict[bytes, int] = {}
    tables = [_Table(source, name, places) for name in ("asset", "link", "log") if with_log or name != "log"]
    guids = sorted(one for one in places if one != _DATABASE)
    SqliteStore(str(path)).close()
    target = connect(str(path), writer=True)
    target.execute("PRAGMA synchronous = OFF")
    for name in _shared(source):
        for row in source.execute(f"SELECT * FROM {name}"):
            target.execute(f"INSERT INTO {name} VALUES ({', '.join('?' * len(row))})", row)
    for copy in range(columns // PER_COPY):
        texts = [b""] * len(places)
        texts[places[_DATABASE]] = b"ANL%06d" % copy
        for old, new in zip(guids, new_guids(len(guids)), strict=True):
            texts[places[old]] = new.encode()
        with target:
            for one in tables:
                highest = one.highest if one.insert.startswith("INSERT INTO log") else tables[0].highest
                target.executemany(one.insert, one.copies(copy * highest, texts))
    target.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    target.close()
    source.close()


def kept(bench: Bench, columns: int) -> Path:
    """A large catalog that is kept in the system's temporary folder from one run to the next."""
    form = migrations()[-1]
    path = Path(tempfile.gettempdir()) / f"tidings-bench-{columns}-{form[0]}-{len(form[1])}.db"
    if not path.exists():
        started = time.monotonic()
        partial = path.with_suffix(".partial")
        remove(partial)
        multiply(bench, partial, columns)
        partial.rename(path)
        remove(partial)
        print(
            f"  made {path} ({path.stat().st_size / 1e9:.1f} GB, {time.monotonic() - started:.0f} s); it is kept",
            flush=True,
        )
    return path


@contextlib.contextmanager
def borrowed(path: Path) -> Iterator[Path]:
    """A kept catalog for a while: what is added to it meanwhile is taken out again. Changes to what was there stay."""
    connection = connect(str(path), writer=True)
    [(highest, head)] = connection.execute("SELECT (SELECT max(id) FROM asset), (SELECT max(position) FROM log)")
    connection.close()
    try:
        yield path
    finally:
        connection = connect(str(path), writer=True)
        with connection:
            connection.execute("DELETE FROM link WHERE end1 > ?1", (highest,))
            connection.execute("DELETE FROM asset WHERE id > ?", (highest,))
            connection.execute("DELETE FROM log WHERE position > ?", (head,))
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        connection.close()
