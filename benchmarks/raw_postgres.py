"""The raw limit over PostgreSQL: rows that the product wrote, written again by the fastest plain loop over the same server.

The product runs once in a database whose triggers keep every row that comes, changes or goes, with its transaction. The loop
then writes the same rows in the same transactions, without anything of the product around it: same schema, indexes,
settings of the session, bytes and commits. It knows everything beforehand, so a whole transaction is one exchange.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from psycopg import sql

from tidings.store.postgres import PostgresStore, arrays
from tidings.store.postgres.address import parse
from tidings.store.postgres.database import Connection, connect
from tidings.store.tables import TABLES

ARRAYS, COPY = "arrays", "COPY"
WAYS = (ARRAYS, COPY)
"""How rows come in: each column as a binary array, the whole transaction in one exchange; or new rows by COPY, table by
table, and only the rest as arrays. Small sets are faster in the first way, large ones in the second."""
COPY_FROM = 20
"""Rows that are worth a COPY; it takes two exchanges of its own."""

Act = tuple[str, str, tuple[str, ...]]
"""insert, update or delete; the table; and the columns that rows have, with the key's behind the others in an update."""
Rows = dict[Act, list[Any]]
"""One transaction, in order."""

_PACKS: dict[str, Callable[[Any], bytes]] = {
    "int2": arrays.int2s, "int4": arrays.int4s, "int8": arrays.int8s_or_none, "text": arrays.texts, "bytea": arrays.byteas,
}  # fmt: skip
_KEYS = {table.name: list(table.columns)[: table.width] for table in TABLES}
"""Of tables without a primary key."""
_OF_TABLES = """
SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum), array_agg(t.typname::text ORDER BY a.attnum),
       (SELECT array_agg(k.attname::text) FROM pg_index AS i JOIN pg_attribute AS k ON k.attrelid = c.oid
        AND k.attnum = ANY (i.indkey) WHERE i.indrelid = c.oid AND i.indisprimary)
FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid JOIN pg_type AS t ON t.oid = a.atttypid
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
GROUP BY c.oid, c.relname ORDER BY c.relname
"""
_RECORDER = """
CREATE SCHEMA recorded;
CREATE SEQUENCE recorded.number;
CREATE FUNCTION recorded.keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        EXECUTE format('INSERT INTO recorded.%I SELECT nextval(''recorded.number''), pg_current_xact_id()::text, $1, * '
                       'FROM gone', TG_TABLE_NAME) USING CASE TG_OP WHEN 'UPDATE' THEN 'before' ELSE 'delete' END;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        EXECUTE format('INSERT INTO recorded.%I SELECT nextval(''recorded.number''), pg_current_xact_id()::text, $1, * '
                       'FROM come', TG_TABLE_NAME) USING CASE TG_OP WHEN 'UPDATE' THEN 'after' ELSE 'insert' END;
    END IF;
    RETURN NULL;
END $$;
"""
_TRIGGERS = """
CREATE TABLE recorded.{table} (said_number bigint, said_xact text, said_act text, LIKE {table});
CREATE TRIGGER recorded_1 AFTER INSERT ON {table} REFERENCING NEW TABLE AS come FOR EACH STATEMENT
    EXECUTE FUNCTION recorded.keep();
CREATE TRIGGER recorded_2 AFTER UPDATE ON {table} REFERENCING OLD TABLE AS gone NEW TABLE AS come FOR EACH STATEMENT
    EXECUTE FUNCTION recorded.keep();
CREATE TRIGGER recorded_3 AFTER DELETE ON {table} REFERENCING OLD TABLE AS gone FOR EACH STATEMENT
    EXECUTE FUNCTION recorded.keep();
"""


class _Table:
    """What a table is made of: its columns with their types, and which of them are the key."""

    def __init__(self, name: str, columns: list[str], types: list[str], key: list[str] | None) -> None:
        self.name = name
        self.types = dict(zip(columns, types, strict=True))
        self.key = tuple(one for one in columns if one in (key or _KEYS[name]))
        self.columns = tuple(columns)

    def pack(self, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[bytes]:
        """Each column of some rows as an array."""
        return [_PACKS[self.types[name]](values) for name, values in zip(columns, zip(*rows, strict=True), strict=True)]


def _tables(connection: Connection) -> dict[str, _Table]:
    return {row[0]: _Table(*row) for row in connection.execute(_OF_TABLES).fetchall()}


def capture(url: str, run: Callable[[PostgresStore], object]) -> list[Rows]:
    """What ``run`` makes the product write into the catalog at ``url``, one entry per transaction."""
    store = PostgresStore(url)  # before the triggers: what opening writes is no part of it
    connection = connect(parse(url))
    try:
        tables = _tables(connection)
        connection.execute("SET client_min_messages = warning", prepare=False)
        for script in (_RECORDER, *(_TRIGGERS.format(table=name) for name in tables)):
            connection.execute(script, prepare=False)
        run(store)
        return _recorded(connection, tables)
    finally:
        connection.close()
        store.close()


def _recorded(connection: Connection, tables: dict[str, _Table]) -> list[Rows]:
    """Everything that was kept, in order, transaction by transaction."""
    found: list[tuple[int, int, str, str, tuple[Any, ...]]] = []
    for name in tables:
        statement = sql.SQL("SELECT * FROM recorded.{} ORDER BY said_number").format(sql.Identifier(name))
        for number, xact, act, *values in connection.execute(statement, binary=True, prepare=False):
            found.append((int(xact), number, name, act, tuple(values)))
    transactions: dict[int, Rows] = {}
    before: dict[tuple[str, tuple[Any, ...]], tuple[Any, ...]] = {}
    for xact, _, name, act, row in sorted(found, key=lambda one: one[:2]):
        table, rows = tables[name], transactions.setdefault(xact, {})
        whole = dict(zip(table.columns, row, strict=True))
        key = tuple(whole[one] for one in table.key)
        if act == "insert":
            rows.setdefault(("insert", name, table.columns), []).append(row)
        elif act == "delete":
            rows.setdefault(("delete", name, table.key), []).append(key)
        elif act == "before":
            before[name, key] = row
        else:
            old = dict(zip(table.columns, before.pop((name, key)), strict=True))
            changed = tuple(one for one in table.columns if old[one] != whole[one])
            if changed:
                come = tuple(whole[one] for one in changed)
                rows.setdefault(("update", name, (*changed, *table.key)), []).append((*come, *key))
    return [transactions[xact] for xact in sorted(transactions)]


class PostgresLoop:
    """Implements ``RawLoop``: ready rows into the catalog at ``url``, in one of WAYS."""

    def __init__(self, url: str, way: str) -> None:
        self._connection = connect(parse(url))
        self._tables = _tables(self._connection)
        self._way = way
        self._cursor = self._connection.cursor(binary=True)
        self._statements: dict[Act, str] = {}

    def replay(self, transactions: Iterable[Rows]) -> None:
        """Write them as fast as the database takes them."""
        for transaction in transactions:
            if self._way == COPY and any(map(_is_for_copy, transaction.items())):
                self._with_copies(transaction)
            else:
                self._in_one_exchange(transaction)

    def _in_one_exchange(self, transaction: Rows) -> None:
        execute = self._connection.execute
        with self._connection.pipeline():
            execute("BEGIN")
            for act, rows in transaction.items():
                execute(self._statement(act), self._tables[act[1]].pack(act[2], rows))
            execute("COMMIT")

    def _with_copies(self, transaction: Rows) -> None:
        execute = self._connection.execute
        execute("BEGIN")
        rest: Rows = {}
        for act, rows in transaction.items():
            if _is_for_copy((act, rows)):
                self._copy(self._tables[act[1]], act[2], rows)
            else:
                rest[act] = rows
        with self._connection.pipeline():
            for act, rows in rest.items():
                execute(self._statement(act), self._tables[act[1]].pack(act[2], rows))
            execute("COMMIT")

    def _copy(self, table: _Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
            sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, columns))
        )
        with self._cursor.copy(statement) as copy:
            copy.set_types([table.types[one] for one in columns])
            for row in rows:
                copy.write_row(row)

    def _statement(self, act: Act) -> str:
        if act not in self._statements:
            self._statements[act] = self._made(*act)
        return self._statements[act]

    def _made(self, kind: str, name: str, columns: tuple[str, ...]) -> str:
        table = self._tables[name]
        given = ", ".join(f"${number}::{table.types[one]}[]" for number, one in enumerate(columns, 1))
        come = f"unnest({given}) AS come ({', '.join(columns)})"
        same = " AND ".join(f"t.{one} = come.{one}" for one in table.key)
        if kind == "insert":
            return f"INSERT INTO {name} ({', '.join(columns)}) SELECT * FROM {come}"
        if kind == "delete":
            return f"DELETE FROM {name} AS t USING {come} WHERE {same}"
        changed = ", ".join(f"{one} = come.{one}" for one in columns[: -len(table.key)])
        return f"UPDATE {name} AS t SET {changed} FROM {come} WHERE {same}"

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()


def _is_for_copy(part: tuple[Act, list[Any]]) -> bool:
    return part[0][0] == "insert" and len(part[1]) >= COPY_FROM


class PostgresPages:
    """Implements ``RawPages``."""

    def __init__(self, url: str) -> None:
        self._connection = connect(parse(url))

    def after(self, position: int, limit: int) -> object:
        """Rows of the log behind a position."""
        wanted = "SELECT * FROM log WHERE position > $1 ORDER BY position LIMIT $2"
        return self._connection.execute(wanted, (position, limit), binary=True).fetchall()

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()


def contents(url: str) -> dict[str, tuple[int, ...]]:
    """Rows and bytes by table, to prove that product and raw loop wrote the same."""
    connection = connect(parse(url))
    found = {}
    for name in ("asset", "link", "tagged", "log"):
        columns = _tables(connection)[name].types
        size = " + ".join(
            f"coalesce(octet_length({one}{'' if kind in ('text', 'bytea') else '::text'}), 0)"
            for one, kind in columns.items()
        )
        row = connection.execute(
            f"SELECT count(*), coalesce(sum({size}), 0)::bigint FROM {name}",
            prepare=False,
        ).fetchone()
        found[name] = tuple(row or ())
    connection.close()
    return found
