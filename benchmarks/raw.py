"""The raw limit: rows that the product wrote, written again by the fastest plain loop over the same kind of database.

The product runs once with a trace on its writing connection; what it wrote (statements with their bindings, transaction by
transaction) is replayed without anything of the product around it: same schema, indexes, settings, bytes and commits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, cast

from tidings.store.base import Transaction
from tidings.store.sqlite import SqliteStore
from tidings.store.sqlite.database import connect
from tidings.store.sqlite.transaction import SqliteTransaction

Rows = dict[str, list[Any]]
"""One transaction: statement -> bindings, in order."""

WAY = "raw"
"""The one way in which its rows come in."""
_WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE", "WITH")


class _Recorder:
    """Gathers the writes of each transaction that commits."""

    def __init__(self) -> None:
        self.done: list[Rows] = []
        self._open: Rows = {}

    def __call__(self, _cursor: Any, statement: str, bindings: Any) -> bool:
        if statement.startswith(_WRITES):
            self._open.setdefault(statement, []).append(bindings)
        elif statement.startswith("BEGIN"):
            self._open = {}
        elif statement.startswith("COMMIT") and self._open:
            self.done.append(self._open)
        return True


def capture(path: Path, run: Callable[[SqliteStore], object]) -> list[Rows]:
    """What ``run`` makes the product write into the catalog at ``path``, one entry per transaction."""
    recorder = _Recorder()
    store = SqliteStore(str(path))
    try:
        store.transact(lambda tx: _trace(tx, recorder))
        run(store)
        store.transact(lambda tx: _trace(tx, None))
    finally:
        store.close()
    return recorder.done


def _trace(tx: Transaction, recorder: _Recorder | None) -> None:
    cast(SqliteTransaction, tx).connection.exec_trace = recorder


def together(transactions: Sequence[dict[Any, list[Any]]], group: int) -> list[dict[Any, list[Any]]]:
    """The same rows with ``group`` transactions made one, of whichever body."""
    merged = []
    for start in range(0, len(transactions), group):
        rows: dict[Any, list[Any]] = {}
        for one in transactions[start : start + group]:
            for statement, bindings in one.items():
                rows.setdefault(statement, []).extend(bindings)
        merged.append(rows)
    return merged


class SqliteLoop:
    """Implements ``RawLoop`` over the catalog at ``path``, with a connection as the product's writer has it."""

    def __init__(self, path: Path) -> None:
        self._connection = connect(str(path), writer=True)

    def replay(self, transactions: Iterable[Rows]) -> None:
        """Write them as fast as the database takes them."""
        run, run_many = self._connection.execute, self._connection.executemany
        for transaction in transactions:
            run("BEGIN IMMEDIATE")
            for statement, bindings in transaction.items():
                run_many(statement, bindings)
            run("COMMIT")

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


class SqlitePages:
    """Implements ``RawPages``."""

    def __init__(self, path: Path) -> None:
        self._connection = connect(str(path))

    def after(self, position: int, limit: int) -> object:
        """Rows of the log behind a position."""
        wanted = "SELECT * FROM log WHERE position > ? ORDER BY position LIMIT ?"
        return self._connection.execute(wanted, (position, limit)).fetchall()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def contents(path: Path) -> dict[str, tuple[int, ...]]:
    """Rows and bytes by table, to prove that product and raw loop wrote the same."""
    connection = connect(str(path))
    found: dict[str, tuple[int, ...]] = {}
    for table in ("asset", "link", "tagged", "log"):
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        size = " + ".join(f"coalesce(length({column}), 0)" for column in columns)
        [row] = connection.execute(f"SELECT count(*), coalesce(sum({size}), 0) FROM {table}")
        found[table] = tuple(row)
    connection.close()
    return found
