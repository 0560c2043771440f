"""What only a body in PostgreSQL promises: addresses and their secrets, migrations among servers, lost connections, what
other servers do."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from psycopg import errors, sql

from tests.catalog import TABLE, Catalog, entity
from tests.postgres import connect, drop, open_store, schema_of
from tests.store.proxy import Proxy
from tests.store.rows import adding, asset, event, everything
from tests.waiting import until
from tidings import wiring
from tidings.config import Config
from tidings.consumers.retention import DAY, Trimmer
from tidings.model.asset import Link
from tidings.model.changes import Changes
from tidings.model.cursor import Retention
from tidings.model.errors import ConfigError, StoreDamaged, StoreError, StoreNewer, StoreUnavailable
from tidings.store.base import Token, Transaction
from tidings.store.postgres import PostgresStore, database, migrate, raw, session
from tidings.store.postgres import store as postgres_store
from tidings.store.postgres.address import parse
from tidings.store.postgres.faults import told_plainly
from tidings.store.postgres.transaction import PostgresTransaction
from tidings.store.settings import set_retention
from tidings.store.sqlite import raw as sqlite_raw
from tidings.store.sqlite import reader as sqlite_reader

pytestmark = pytest.mark.postgres


def active(store: PostgresStore) -> int:
    with store.snapshot() as snapshot:
        return snapshot.counts()["active"]


def backend(tx: Transaction) -> int:
    return cast(PostgresTransaction, tx).wire.connection.info.backend_pid


def end_all(url: str) -> None:
    """End every connection that a store has to the server."""
    with connect(url) as admin:
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tidings'")


# --- addresses ------------------------------------------------------------------------------------------------------


def test_an_address() -> None:
    found = parse("postgresql://me:s%40cret@db.example:5433/shop?schema=mine&sslmode=require&connect_timeout=3")

    assert found.schema == "mine"
    assert found.name == "the PostgreSQL database shop at db.example:5433, schema mine"
    assert found.options.items() >= {
        "host": "db.example", "port": "5433", "dbname": "shop", "user": "me", "password": "s@cret", "sslmode": "require",
        "connect_timeout": "3", "keepalives": 1,
    }.items()  # fmt: skip


@pytest.mark.parametrize("url", ["postgres:///shop", "postgresql://h1,h2/shop?target_session_attrs=read-write"])
def test_an_address_of_another_form(url: str) -> None:
    assert parse(url).schema == "tidings"


@pytest.mark.parametrize(
    ("url", "is_same"),
    [
        ("postgresql://me:secret@host/shop", True),
        ("postgresql://host:5432/shop?schema=tidings", True),
        ("postgresql:///?sslmode=require&dbname=shop&host=host&user=other", True),
        ("postgresql://shop@host", True),
        ("postgresql://host:5433/shop", False),
        ("postgresql://host/other", False),
        ("postgresql://other/shop", False),
        ("postgresql://host/shop?schema=other", False),
    ],
)
def test_what_an_address_means(url: str, is_same: bool) -> None:
    assert (parse(url).place == parse("postgresql://host/shop").place) is is_same


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:secret@host:port/shop",
        "postgresql://me:secret@host/shop?nonsense=1",
        "postgresql://me:secret@host/shop?schema=",
        "postgresql://me:secret@host/shop?schema=pg_mine",
        "postgresql://me:secret@host/shop?schema=Mine",
        "postgresql://me:secret@host/shop?schema=a&schema=b",
        "postgresql://me:secret@host/shop?schema",
        "postgresql://me:secret@[host/shop",
        f"postgresql://me:secret@host/shop?schema={'a' * 64}",
    ],
)
def test_an_address_that_cannot_be_read_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(ConfigError, match="database's address") as caught:
        PostgresStore(url)

    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.fixture
def guarded(postgres_server: str) -> Iterator[str]:
    """The address of a user who needs a password, up to it."""
    with psycopg.connect(postgres_server, autocommit=True) as admin:
        [(path,)] = admin.execute("SHOW hba_file")
        before = Path(path).read_text()
        Path(path).write_text("local all guarded scram-sha-256\n" + before)
        admin.execute("CREATE ROLE guarded LOGIN PASSWORD 'the right one'")
        admin.execute("SELECT pg_reload_conf()")
        host = parse_qs(urlsplit(postgres_server).query)["host"][0]
        yield f"postgresql:///postgres?user=guarded&host={host}&schema=guarded&password="
        admin.execute("DROP OWNED BY guarded")
        admin.execute("DROP ROLE guarded")
        Path(path).write_text(before)
        admin.execute("SELECT pg_reload_conf()")


def test_a_wrong_password_is_told_and_not_shown(guarded: str) -> None:
    with pytest.raises(StoreUnavailable, match="password authentication failed") as caught:
        PostgresStore(f"{guarded}mistaken")

    assert "mistaken" not in str(caught.value)


def test_a_user_who_may_not_make_a_schema_uses_one_that_is_there(guarded: str, postgres_server: str) -> None:
    with pytest.raises(StoreError, match="may not do this"):
        PostgresStore(f"{guarded}the%20right%20one")
    with psycopg.connect(postgres_server, autocommit=True) as admin:
        admin.execute("CREATE SCHEMA guarded AUTHORIZATION guarded")

    PostgresStore(f"{guarded}the%20right%20one").close()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("/postgres?", "/nothing?"), "nothing.* does not exist"),
        (("host=", "host=/nowhere"), "connection.*failed"),
    ],
)
def test_a_database_that_cannot_be_reached(postgres_url: str, change: tuple[str, str], says: str) -> None:
    with pytest.raises(StoreUnavailable, match=says):
        PostgresStore(postgres_url.replace(*change))


def test_the_settings_say_which_body_it_is(postgres_url: str) -> None:
    config = Config(database=postgres_url, database_connections=4)
    with (
        contextlib.closing(wiring.open_store(config)) as store,
        contextlib.closing(wiring.open_to_read(config)) as reader,
    ):
        store.transact(adding(asset(1)))

        assert (type(store), type(reader), reader.head()) == (PostgresStore, PostgresStore, 1)
        assert cast(Any, store)._pool.max_size == 2  # one more writes, and one listens


def test_without_its_driver_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tidings.store.postgres", None)

    with pytest.raises(ConfigError, match=r"pip install 'tidings\[postgres\]'"):
        wiring.open_store(Config(database="postgresql://me:secret@host/shop"))


def test_a_port_on_which_nobody_listens() -> None:
    with pytest.raises(StoreUnavailable, match=r"127\.0\.0\.1:1, schema tidings: .*refused.*; look at"):
        PostgresStore("postgresql://me:secret@127.0.0.1:1/shop")


def test_a_user_who_may_only_read_cannot_open_it_to_write(opened: PostgresStore, postgres_url: str) -> None:
    with connect(postgres_url) as admin:
        admin.execute("DROP ROLE IF EXISTS looker")
        admin.execute("CREATE ROLE looker LOGIN")
        try:
            admin.execute(f"GRANT USAGE ON SCHEMA {schema_of(postgres_url)} TO looker")
            admin.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema_of(postgres_url)} TO looker")
            url = postgres_url.replace("postgres:@", "looker:@").replace("postgres@", "looker@")
            with pytest.raises(StoreError, match="may only read; grant it INSERT"):
                PostgresStore(url)
            PostgresStore(url, read_only=True).close()
        finally:
            admin.execute("DROP OWNED BY looker; DROP ROLE looker")


def test_a_database_that_cannot_hold_every_text(postgres_server: str) -> None:
    with psycopg.connect(postgres_server, autocommit=True) as admin:
        admin.execute("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'")
        with pytest.raises(StoreError, match="encoding LATIN1, which cannot hold every text"):
            PostgresStore(postgres_server.replace("/postgres?", "/latin?"))
        admin.execute("DROP DATABASE latin WITH (FORCE)")


def test_a_server_that_is_too_old() -> None:
    with pytest.raises(StoreError, match=r"PostgreSQL 13\.9; Tidings needs 14"):
        database.check_server("it", 130_009, "13.9", "UTF8")
    database.check_server("it", 140_000, "14.0", "UTF8")


# --- form -----------------------------------------------------------------------------------------------------------


def form(url: str) -> dict[str, list[Any]]:
    """Everything that a schema consists of."""
    with connect(url) as it:
        schema = schema_of(url)
        return {
            "columns": it.execute(
                "SELECT table_name, column_name, data_type, is_nullable, collation_name FROM information_schema.columns "
                "WHERE table_schema = %s ORDER BY 1, 2", [schema],
            ).fetchall(),
            "indexes": it.execute(
                "SELECT tablename, replace(indexdef, schemaname, '') FROM pg_indexes WHERE schemaname = %s ORDER BY 1, 2",
                [schema],
            ).fetchall(),
            "functions": it.execute(
                "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = %s::regnamespace ORDER BY 1", [schema]
            ).fetchall(),
        }  # fmt: skip


def test_a_migrated_schema_equals_a_fresh_one(
    opened: PostgresStore, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = f"{postgres_url}_older"
    with monkeypatch.context() as patched:
        only = migrate.migrations()[:1]
        patched.setattr(migrate, "migrations", lambda: only)
        migrate.migrate(parse(older))
    with pytest.raises(StoreError, match="start the server once to renew it"):
        PostgresStore(older, read_only=True)

    open_store(older).close()

    assert form(older) == form(postgres_url)
    drop(older)


def test_migrations_are_numbered_without_holes() -> None:
    numbers = [number for number, _ in migrate.migrations()]

    assert numbers == list(range(1, len(numbers) + 1))


def test_servers_that_start_together_make_one_catalog(postgres_url: str) -> None:
    program = (
        "import sys\n"
        "from tidings.store.postgres import PostgresStore\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "store = PostgresStore(sys.argv[1]); print(store.catalog_id()); store.close()\n"
    )
    starting = [
        subprocess.Popen(
            [sys.executable, "-c", program, postgres_url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    for one in starting:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in starting:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()

    ids = {one.communicate()[0] for one in starting}

    assert [one.returncode for one in starting] == [0] * 4
    assert len(ids) == 1
    assert len(ids.pop()) == 37


@pytest.mark.parametrize("read_only", [False, True])
def test_a_catalog_of_a_newer_program_is_refused(opened: PostgresStore, postgres_url: str, read_only: bool) -> None:
    with connect(postgres_url) as it:
        it.execute("INSERT INTO migration VALUES (999)")

    with pytest.raises(StoreNewer, match="upgrade Tidings"):
        PostgresStore(postgres_url, read_only=read_only)


def test_an_older_server_goes_on_while_a_newer_one_migrates(opened: PostgresStore, postgres_url: str) -> None:
    opened.transact(adding(asset(1)))
    with connect(postgres_url) as it:
        it.execute("INSERT INTO migration VALUES (999)")
        it.execute("ALTER TABLE asset ADD COLUMN newer text")
        it.execute("ALTER TABLE log ADD COLUMN newer text")

    opened.transact(adding(asset(2)))
    opened.transact(adding(*(asset(number) for number in range(3, 303)), events=300))

    assert (active(opened), len(everything(opened))) == (302, 302)


def test_another_programs_schema_is_left_alone(postgres_url: str) -> None:
    with connect(postgres_url) as it:
        it.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema_of(postgres_url))))
        it.execute("CREATE TABLE theirs (a integer)")
    before = form(postgres_url)

    with pytest.raises(StoreDamaged, match="tables of another program"):
        PostgresStore(postgres_url)

    assert form(postgres_url) == before


def test_two_schemas_are_two_catalogs(opened: PostgresStore, postgres_url: str) -> None:
    second = open_store(f"{postgres_url}_second")
    opened.transact(adding(asset(1)))

    assert (active(opened), active(second)) == (1, 0)
    assert opened.catalog_id() != second.catalog_id()
    second.close()
    drop(f"{postgres_url}_second")


def test_a_reader_makes_nothing_and_writes_nothing(postgres_url: str) -> None:
    with pytest.raises(StoreError, match="there is no catalog in"):
        PostgresStore(postgres_url, read_only=True)
    writer = open_store(postgres_url)
    writer.transact(adding(asset(1)))
    reader = PostgresStore(postgres_url, read_only=True)

    assert (active(reader), reader.head(), reader.catalog_id()) == (1, 1, writer.catalog_id())
    writer.transact(adding(asset(2)))
    assert reader.head() == 2
    with pytest.raises(StoreError, match="opened for reading only"):
        reader.transact(adding(asset(3)))
    reader.close()
    writer.close()


def test_a_backup_is_for_postgresqls_own_means(opened: PostgresStore) -> None:
    with pytest.raises(StoreError, match=r"pg_dump.*tidings copy"):
        opened.backup("copy.db", lambda done, total: None)


def test_an_index_that_is_not_whole_is_found(opened: PostgresStore, postgres_url: str) -> None:
    with connect(postgres_url) as it:
        it.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'log_by_guid'::regclass")

    with opened.snapshot() as snapshot:
        assert snapshot.damage() == ["the index log_by_guid is not valid; REINDEX it"]


def test_both_bodies_have_the_same_statements() -> None:
    assert database.SQL.names() == sqlite_reader.SQL.names()
    assert raw.SQL.names() == sqlite_raw.SQL.names()


WHOLE_TABLES = {
    "count_assets", "count_links", "assets_by_type", "links_by_relationship", "attribute_holders", "custom_holders",
    "relationships",
}  # fmt: skip
"""Statements that read whole tables."""


@pytest.mark.parametrize("name", sorted(database.SQL.names() - WHOLE_TABLES))
def test_a_statement_goes_by_an_index(postgres_url: str, opened: PostgresStore, name: str) -> None:
    connection = database.connect(parse(postgres_url))
    plan = connection.execute(
        f"EXPLAIN (GENERIC_PLAN) {getattr(database.SQL, name)}".encode(), prepare=False
    ).fetchall()
    connection.close()

    assert not [line for (line,) in plan if "Seq Scan" in line or "Hash Join" in line or "Merge Join" in line]


# --- lost connections -----------------------------------------------------------------------------------------------


def test_readers_and_the_writer_go_on_with_new_connections(opened: PostgresStore, postgres_url: str) -> None:
    def read(_: int) -> int:
        with opened.snapshot() as snapshot:
            barrier.wait(30)
            return snapshot.counts()["active"]

    opened.transact(adding(asset(1)))
    barrier = threading.Barrier(6)
    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(read, range(6))) == {1}
    end_all(postgres_url)

    assert active(opened) == 1
    assert opened.transact(adding(asset(2))) == 2
    assert opened.transact(adding(asset(3)), rollback=True) == 3


def test_a_snapshot_whose_connection_is_lost_says_so(opened: PostgresStore, postgres_url: str) -> None:
    def look() -> None:
        with opened.snapshot() as snapshot:
            end_all(postgres_url)
            snapshot.counts()

    with pytest.raises(StoreUnavailable, match=r"connection to .* was lost"):
        look()


@pytest.mark.parametrize("rollback", [False, True])
def test_a_connection_that_is_lost_before_the_commit_costs_a_second_run(
    opened: PostgresStore, postgres_url: str, rollback: bool
) -> None:
    runs: list[int] = []

    def work(tx: Transaction) -> int:
        first = adding(asset(1))(tx)
        runs.append(backend(tx))
        if len(runs) == 1:
            end_all(postgres_url)
        assert tx.names_by_id([1])
        return first

    assert opened.transact(work, rollback=rollback) == 1
    assert len(set(runs)) == 2
    assert active(opened) == (0 if rollback else 1)


def test_a_connection_that_is_lost_again_and_again_is_given_up(opened: PostgresStore, postgres_url: str) -> None:
    def work(tx: Transaction) -> None:
        end_all(postgres_url)
        tx.definitions()

    with pytest.raises(StoreUnavailable, match=r"connection to .* was lost"):
        opened.transact(work)

    assert opened.transact(adding(asset(1))) == 1


def test_a_commit_whose_answer_is_lost_was_made_once(proxy: Proxy, through: PostgresStore) -> None:
    runs: list[int] = []

    def work(tx: Transaction) -> int:
        runs.append(backend(tx))
        return adding(asset(1))(tx)

    proxy.cut_at_commit("after")
    assert through.transact(work) == 1

    assert proxy.cut.is_set()
    assert (len(runs), active(through), through.head()) == (1, 1, 1)
    assert through.transact(adding(asset(2))) == 2


@pytest.mark.parametrize("moment", ["before", "silently"])
def test_a_commit_that_never_arrived_is_made_again(
    proxy: Proxy, through: PostgresStore, moment: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "LINGERING_SECONDS", 0.2)
    runs: list[int] = []

    def work(tx: Transaction) -> int:
        runs.append(backend(tx))
        return adding(asset(1))(tx)

    proxy.cut_at_commit(moment)
    assert through.transact(work) == 1

    assert proxy.cut.is_set()
    assert (len(set(runs)), active(through), through.head()) == (2, 1, 1)


def test_a_commit_of_which_nobody_can_tell_is_not_called_done(
    proxy: Proxy, through: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "OUTCOME_SECONDS", 0.5)
    monkeypatch.setattr(postgres_store, "WAIT_SECONDS", 5.0)
    proxy.cut_at_commit("after", refuse_then=True)

    with pytest.raises(StoreUnavailable, match="whether the change was made"):
        through.transact(adding(asset(1)))

    proxy.serve_again()
    assert active(through) == 1
    assert through.transact(adding(asset(2))) == 2


def test_a_group_whose_answer_is_lost_is_acknowledged_as_a_whole(proxy: Proxy, through: PostgresStore) -> None:
    entered, leave = threading.Event(), threading.Event()

    def hold(tx: Transaction) -> bool:
        entered.set()
        return leave.wait(30)

    holding = through.enqueue(hold)
    assert entered.wait(30)
    waiting = [through.enqueue(adding(asset(number))) for number in range(1, 21)]
    leave.set()
    assert holding.result(30)
    proxy.cut_at_commit("after")
    end = through.transact(lambda tx: tx.head)

    assert [one.result(30) for one in waiting] == list(range(1, 21))
    assert end == 20
    assert active(through) == 20


# --- bounds ---------------------------------------------------------------------------------------------------------


def test_more_readers_than_connections_wait_and_then_hear_of_it(
    opened: PostgresStore, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_store, "WAIT_SECONDS", 0.2)
    small = PostgresStore(postgres_url, connections=3)

    with small.snapshot(), pytest.raises(StoreUnavailable, match="raise database_connections"), small.snapshot():
        pass

    assert active(small) == 0
    small.close()


def test_a_writer_that_does_not_get_its_turn_hears_of_it(
    opened: PostgresStore, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "LOCK_SECONDS", 0.2)
    hurried = open_store(postgres_url)
    entered, leave = threading.Event(), threading.Event()

    def hold(tx: Transaction) -> bool:
        entered.set()
        return leave.wait(30)

    holding = opened.enqueue(hold)
    assert entered.wait(30)
    with pytest.raises(StoreUnavailable, match="somebody else has been writing to"):
        hurried.transact(adding(asset(1)))
    leave.set()

    assert holding.result(30)
    assert hurried.transact(adding(asset(1))) == 1
    hurried.close()


@pytest.mark.parametrize(
    ("limit", "statement", "says"),
    [
        ("STATEMENT_SECONDS", "SELECT pg_sleep(60)", "took too long for an answer"),
        ("IDLE_SECONDS", None, "connection to .* was lost"),
    ],
)
def test_what_takes_too_long_is_ended(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, limit: str, statement: str | None, says: str
) -> None:
    monkeypatch.setattr(database, limit, 0.2)
    hurried = open_store(postgres_url)

    def work(tx: Transaction) -> None:
        wire = cast(PostgresTransaction, tx).wire
        if statement is None:
            with connect(postgres_url) as admin:
                until(lambda: not admin.execute(
                    "SELECT pid FROM pg_stat_activity WHERE pid = %s", [backend(tx)]
                ).fetchall())  # fmt: skip
        wire.rows(statement or "SELECT 1")

    with pytest.raises(StoreUnavailable, match=says):
        hurried.transact(work)
    assert hurried.transact(adding(asset(1))) == 1
    hurried.close()


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (errors.DiskFull, StoreUnavailable, "free some space"),
        (errors.TooManyConnections, StoreUnavailable, "not enough left"),
        (errors.ReadOnlySqlTransaction, StoreError, "name the primary server"),
        (errors.DataCorrupted, StoreDamaged, "restore it from a backup"),
        (errors.UndefinedTable, StoreError, "is no catalog"),
        (errors.SerializationFailure, StoreUnavailable, "try again"),
        (errors.SyntaxError, StoreError, "could not do its work"),
    ],
)
def test_no_error_of_the_driver_leaves_the_store(fault: type[Exception], kind: type[StoreError], words: str) -> None:
    with pytest.raises(kind, match=words) as caught, told_plainly("the database shop"):
        raise fault("broken")

    assert "the database shop" in str(caught.value)


def test_a_commit_waits_for_the_disk_whatever_the_database_says(postgres_url: str, opened: PostgresStore) -> None:
    def asked(tx: Transaction) -> str:
        return str(cast(PostgresTransaction, tx).wire.rows("SHOW synchronous_commit")[0][0])

    options = f"{postgres_url}&options=-c%20synchronous_commit%3D"
    for wanted, found in (("off", "on"), ("remote_apply", "remote_apply")):
        store = open_store(f"{options}{wanted}")
        assert store.transact(asked) == found
        store.close()


# --- other servers --------------------------------------------------------------------------------------------------


def test_a_commit_is_heard_at_every_server(opened: PostgresStore, other: PostgresStore) -> None:
    heard: list[int] = []
    stop = other.on_commit(heard.append)

    opened.transact(adding(asset(1), events=2))
    until(lambda: other.head() == 2)
    opened.transact(adding(asset(2)))
    until(lambda: heard[-1:] == [3])
    stop()

    assert heard == [2, 3]


def test_settings_that_change_are_heard_at_every_server(opened: PostgresStore, other: PostgresStore) -> None:
    changed = threading.Event()
    other.on_settings(changed.set)
    opened.transact(adding(asset(1)))
    until(lambda: other.head() == 1)
    assert not changed.is_set()

    opened.transact(lambda tx: tx.add_token(Token("ci", "read", b"h", 1)))

    assert changed.wait(30)


def test_a_server_whose_clock_is_ahead_trims_nothing_before_its_time(
    opened: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = Catalog(opened)
    for number in range(3):
        catalog.save(entity("Table", TABLE, description=str(number)))
    opened.transact(lambda tx: set_retention(tx, Retention(max_age_days=1)))
    now = time.time_ns()
    monkeypatch.setattr("time.time_ns", lambda: now + 2 * DAY * 1_000_000)

    assert Trimmer(opened).run().trimmed == 0


def test_what_was_never_announced_is_found_by_looking(opened: PostgresStore, postgres_url: str) -> None:
    heard = threading.Event()
    opened.on_commit(lambda head: heard.set())
    with connect(postgres_url) as it:
        it.execute("INSERT INTO log VALUES (1, 1, NULL, 0, 'g', 't', 'q', '', '', '')")

    assert heard.wait(30)
    assert opened.head() == 1


def test_a_listener_whose_connection_is_lost_listens_again(
    opened: PostgresStore, other: PostgresStore, postgres_url: str
) -> None:
    end_all(postgres_url)
    opened.transact(adding(asset(1)))

    until(lambda: other.head() == 1)


def test_servers_take_turns_and_see_what_the_other_wrote(opened: PostgresStore, other: PostgresStore) -> None:
    def create(tx: Transaction) -> tuple[int, int]:
        [number] = tx.new_ids(1)
        return number, adding(asset(number))(tx)

    with ThreadPoolExecutor(2) as pool:
        made = [*pool.map(lambda store: [store.transact(create) for _ in range(30)], (opened, other))]

    every = sorted(one for some in made for one in some)
    assert every == [(number, number) for number in range(1, 61)]


def test_small_numbers_are_shared_and_those_undone_are_drawn_again(opened: PostgresStore, other: PostgresStore) -> None:
    def draw(name: str, filler: bytes) -> Any:
        def work(tx: Transaction) -> int:
            number = tx.relationship_number(name)
            told = event()
            told.filler = filler
            tx.append([told])
            return number

        return work

    assert opened.transact(draw("one", b"first"), rollback=True) == 1
    assert other.transact(draw("two", b"second")) == 1
    assert opened.transact(draw("one", b"first")) == 2
    assert other.transact(draw("one", b"first")) == 2
    for store in (opened, other):
        assert [record.message for record in everything(store)] == [b"{}second", b"{}first", b"{}first"]


def test_links_of_a_relationship_that_another_server_drew_are_found(
    opened: PostgresStore, other: PostgresStore
) -> None:
    assert active(other) == 0
    link = Link("theirs", 1, 2)
    opened.transact(adding(asset(1), asset(2), added=[link]))

    with other.snapshot() as snapshot:
        assert snapshot.links("theirs", 1, [1]) == snapshot.all_links([2]) == [link]
        assert snapshot.neighbours([1], ["theirs"], []) == [(1, "theirs", 2)]
    assert other.transact(lambda tx: tx.links("theirs", 2, [2])) == [link]
    other.transact(lambda tx: tx.save(Changes(removed=[link])))
    with opened.snapshot() as snapshot:
        assert snapshot.all_links([1]) == []


def test_the_clock_is_the_databases_and_never_goes_back(opened: PostgresStore, other: PostgresStore) -> None:
    late = opened.transact(lambda tx: tx.now) + 86_400_000
    opened.transact(lambda tx: tx.append([event(time=late)]))

    assert late <= other.transact(lambda tx: tx.now) < late + 60_000
    assert opened.transact(lambda tx: tx.now) >= late


def test_types_and_tags_made_at_one_server_are_in_force_at_the_other(
    opened: PostgresStore, other: PostgresStore
) -> None:
    stamp = other.transact(lambda tx: tx.types_stamp())
    with other.snapshot() as before:
        opened.transact(lambda tx: tx.save_definitions([]))
        assert before.types_stamp() == stamp

    assert other.transact(lambda tx: tx.types_stamp()) != stamp
    with other.snapshot() as snapshot:
        assert snapshot.types_stamp() == opened.transact(lambda tx: tx.types_stamp())


def test_what_was_acknowledged_outlives_a_process_that_is_killed(postgres_url: str) -> None:
    program = (
        "import os, sys\n"
        "from tests.postgres import open_store\n"
        "from tests.store.rows import adding, asset\n"
        "store = open_store(sys.argv[1])\n"
        "[store.transact(adding(asset(number))) for number in range(1, 21)]\n"
        "os._exit(9)\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(["src", "."])}
    ended = subprocess.run(
        [sys.executable, "-c", program, postgres_url], env=environment, cwd=Path(__file__).parents[2], check=False
    )

    store = open_store(postgres_url)
    assert (ended.returncode, active(store), store.head()) == (9, 20, 20)
    assert store.transact(adding(asset(21))) == 21
    store.close()


def test_a_catalog_is_sound_after_two_servers_worked_on_it(opened: PostgresStore, other: PostgresStore) -> None:
    catalogs = [Catalog(opened), Catalog(other)]
    for number in range(10):
        for own, one in enumerate(catalogs):
            one.save(entity("Table", f"{TABLE}{number % 3}", description=f"{own} {number}"))

    assert all(one.inspect().is_sound for one in catalogs)
    assert len(everything(opened)) == 20
