"""What a server on PostgreSQL goes on through: statements that fail, a database that is away or that another took over,
and announcements by whoever can connect."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from typing import cast

import psycopg
import pytest

from tests.postgres import connect, schema_of
from tests.store.gate import Held
from tests.store.proxy import Proxy
from tests.store.rows import adding, asset, event, everything
from tests.waiting import until
from tidings.consumers.tail import Batch, Feed
from tidings.model.cursor import Cursor
from tidings.model.errors import StoreError, StoreUnavailable
from tidings.model.events import EVERYTHING
from tidings.store.base import Token, Transaction
from tidings.store.hints import Hints
from tidings.store.postgres import PostgresStore, database, migrate, session
from tidings.store.postgres.address import parse
from tidings.store.postgres.listen import Listener
from tidings.store.postgres.snapshot import PostgresSnapshot
from tidings.store.postgres.transaction import PostgresTransaction

pytestmark = pytest.mark.postgres


def number_of(url: str) -> int:
    with connect(url) as it:
        [(number,)] = it.execute("SELECT %s::regnamespace::oid::bigint", [schema_of(url)])
        return cast(int, number)


def announce(url: str, *told: str) -> None:
    """What anybody may do who can connect."""
    with connect(url) as it:
        for one in told:
            it.execute("SELECT pg_notify(%s, %s)", [database.channel(number_of(url)), one])


def go_back(url: str, head: int) -> None:
    """What it looks like when a standby takes over that had no more than this."""
    with connect(url) as it:
        it.execute("DELETE FROM log WHERE position > %s", [head])
        it.execute("DELETE FROM filler WHERE id NOT IN (SELECT filler FROM log WHERE filler IS NOT NULL)")


def telling(*fillers: bytes) -> Callable[[Transaction], int]:
    """Work that appends an event with each of them."""

    def work(tx: Transaction) -> int:
        told = [event() for _ in fillers]
        for one, filler in zip(told, fillers, strict=True):
            one.filler, one.detail = filler, b'{"cause":"%b"}' % filler
        return tx.append(told)

    return work


# --- statements that fail -------------------------------------------------------------------------------------------


def test_a_statement_that_fails_is_no_harm_to_new_ones_on_the_same_connection(opened: PostgresStore) -> None:
    def fail(one: PostgresTransaction | PostgresSnapshot) -> None:
        with pytest.raises(psycopg.errors.DivisionByZero):
            one.wire.exchange(("SELECT 1::int8", ()), ("SELECT 1 / 0", ()))

    for _ in range(2):
        opened.transact(lambda tx: fail(cast(PostgresTransaction, tx)), rollback=True)
        opened.transact(lambda tx: tx.add_token(Token("ci", "read", b"h", 1)), rollback=True)
        with opened.snapshot() as snapshot:
            fail(cast(PostgresSnapshot, snapshot))
        with opened.snapshot() as snapshot:
            assert (snapshot.tokens(), snapshot.cursors(), snapshot.leases()) == ([], [], [])


def test_a_request_that_keeps_an_error_quiet_is_not_acknowledged(opened: PostgresStore) -> None:
    def work(tx: Transaction) -> None:
        tx.save_cursor(Cursor("mine", 0, 1, 1))
        with contextlib.suppress(psycopg.Error):
            cast(PostgresTransaction, tx).wire.rows("SELECT 1 / 0")

    with pytest.raises(StoreError, match="undid the change"):
        opened.transact(work)
    with Held(opened):
        waiting = [opened.enqueue(one) for one in (adding(asset(1)), work, adding(asset(2)))]

    assert isinstance(waiting[1].exception(30), StoreError)
    assert [waiting[place].result(30) for place in (0, 2)] == [1, 2]
    with opened.snapshot() as snapshot:
        assert (snapshot.head(), snapshot.cursors()) == (2, [])


# --- what is announced ----------------------------------------------------------------------------------------------


def test_an_announcement_is_a_reason_to_look_and_never_the_truth(
    opened: PostgresStore, other: PostgresStore, postgres_url: str
) -> None:
    heard: list[int] = []
    opened.on_commit(heard.append)
    announce(postgres_url, "999999999", "9" * 5_000, "²", "settings", "")

    other.transact(adding(asset(1)))
    until(lambda: bool(heard))
    announce(postgres_url, "999999999")
    other.transact(adding(asset(2)))
    until(lambda: opened.head() == 2)

    assert heard == [1, 2]


def test_whatever_goes_wrong_listening_goes_on(
    opened: PostgresStore, postgres_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    hints, wrong, seen = Hints(), threading.Event(), threading.Event()

    def saw(stamp: str) -> None:
        if wrong.is_set():
            wrong.clear()
            raise ValueError("unforeseen")
        if stamp:
            seen.set()

    listener = Listener(parse(postgres_url), number_of(postgres_url), hints, saw)
    with caplog.at_level(logging.ERROR):
        wrong.set()
        until(lambda: not wrong.is_set())
        opened.transact(lambda tx: tx.add_token(Token("ci", "read", b"h", 1)))
        assert seen.wait(30)
    listener.close()

    assert "begins anew" in caplog.text


# --- another database takes over ------------------------------------------------------------------------------------


@pytest.mark.parametrize("found_by", ["looking", "writing"])
def test_a_log_that_went_back_is_told_as_it_is(opened: PostgresStore, postgres_url: str, found_by: str) -> None:
    opened.transact(telling(b"first"))
    opened.transact(telling(b"lost"))
    assert [one.message for one in everything(opened)] == [b"{}first", b"{}lost"]

    go_back(postgres_url, 1)
    if found_by == "looking":
        until(lambda: opened.head() == 1)
    assert opened.transact(telling(b"other")) == 2

    assert [one.message for one in everything(opened)] == [b"{}first", b"{}other"]
    assert opened.transact(adding(asset(1))) == 3
    assert opened.head() == 3


def test_who_follows_a_log_that_is_another_one_now_has_to_ask_again(opened: PostgresStore, postgres_url: str) -> None:
    opened.transact(telling(b"first", b"lost"))

    async def act() -> tuple[list[Batch], Batch, object]:
        feed = Feed(opened)
        feed.open()
        async with asyncio.timeout(30), aclosing(feed.follow(1, EVERYTHING, 3600)) as old:
            told = [await anext(old)]
            await asyncio.to_thread(opened.transact, telling(b"lost too"))
            told.append(await anext(old))
            await asyncio.to_thread(go_back, postgres_url, 1)
            assert [batch async for batch in old] == []
            page = await feed.read_filled(1, 10, EVERYTHING, 0)
            async with aclosing(feed.follow(1, EVERYTHING, 3600)) as new:
                reading = asyncio.ensure_future(anext(new))
                await asyncio.to_thread(opened.transact, adding(asset(1)))
                found = await reading
        await feed.close()
        return told, found, page

    told, found, page = asyncio.run(act())
    assert [record.position for batch in told for record in batch.records] == [2, 3]
    assert [(record.position, record.message) for record in found.records] == [(2, b"{}")]
    assert page == ([], 1)


# --- a database that is away ----------------------------------------------------------------------------------------


def test_a_save_waits_for_a_database_that_starts_again(proxy: Proxy, through: PostgresStore) -> None:
    assert through.transact(adding(asset(1))) == 1
    proxy.refuse()
    with ThreadPoolExecutor(1) as pool:
        saving = pool.submit(through.transact, adding(asset(2)))
        until(lambda: proxy.refused >= 10 or saving.done())
        proxy.serve_again()

        assert saving.result(30) == 2


def test_nobody_waits_long_for_a_database_that_stays_away(
    proxy: Proxy, through: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "AWAY_SECONDS", 0.3)
    proxy.refuse()
    with pytest.raises(StoreUnavailable):
        through.transact(adding(asset(1)))
    monkeypatch.setattr(session, "ASK_AGAIN_SECONDS", 3600.0)  # would be slept if it were asked again
    for rollback in (False, True):
        with pytest.raises(StoreUnavailable):
            through.transact(adding(asset(1)), rollback=rollback)

    proxy.serve_again()
    assert through.transact(adding(asset(1))) == 1


# --- migrations -----------------------------------------------------------------------------------------------------


def test_a_migration_takes_as_long_as_it_takes_and_others_wait_for_it(
    opened: PostgresStore, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = [*migrate.migrations(), (998, "SELECT pg_sleep(0.5)"), (999, "ALTER TABLE asset ADD COLUMN newer text")]
    monkeypatch.setattr(migrate, "migrations", lambda: later)
    monkeypatch.setattr(database, "STATEMENT_SECONDS", 0.2)
    monkeypatch.setattr(database, "LOCK_SECONDS", 0.2)
    with connect(postgres_url) as it, ThreadPoolExecutor(1) as pool:
        with it.transaction():
            it.execute("SELECT count(*) FROM asset")  # as somebody who reads or writes
            migrating = pool.submit(migrate.migrate, parse(postgres_url))
            until(
                lambda: migrating.done()
                or bool(it.execute(
                    "SELECT FROM pg_locks WHERE NOT granted AND clock_timestamp() > waitstart + interval '0.4 s'"
                ).fetchall())
            )  # fmt: skip

        assert migrating.result(30) == number_of(postgres_url)
