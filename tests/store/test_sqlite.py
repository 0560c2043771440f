"""What only a body on one file promises: locking, formats, damage, backups, migrations."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import apsw
import pytest

from tests.catalog import TABLE, Catalog, entity, ref
from tests.store.rows import adding, asset
from tidings.model.errors import StoreDamaged, StoreError, StoreInUse, StoreNewer, StoreUnavailable
from tidings.store.base import Transaction
from tidings.store.sqlite import SqliteStore
from tidings.store.sqlite import database as sqlite_database
from tidings.store.sqlite.reader import SQL
from tidings.store.sqlite.transaction import SqliteTransaction
from tidings.store.statements import Statements
from tidings.write.commands import Target


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "folder" / "catalog.db")


@pytest.fixture
def opened(path: str) -> Iterator[SqliteStore]:
    store = SqliteStore(path)
    yield store
    store.close()


def active(store: SqliteStore) -> int:
    with store.snapshot() as snapshot:
        return snapshot.counts()["active"]


def schema(path: str) -> list[tuple[str, ...]]:
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name").fetchall()
    connection.close()
    return rows


def change_file(path: str, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_what_was_acknowledged_is_there_after_reopening(path: str) -> None:
    first = SqliteStore(path)
    first.transact(adding(asset(1), events=3))
    catalog_id = first.catalog_id()
    first.close()

    second = SqliteStore(path)
    assert (active(second), second.head(), second.catalog_id()) == (1, 3, catalog_id)
    assert second.transact(lambda tx: tx.new_ids(1)) == range(2, 3)
    assert second.transact(adding(asset(2))) == 4
    second.close()


def test_what_was_acknowledged_outlives_a_process_that_is_killed(path: str) -> None:
    program = (
        "import os, sys\n"
        "from tests.store.rows import adding, asset\n"
        "from tidings.store.sqlite import SqliteStore\n"
        "store = SqliteStore(sys.argv[1])\n"
        "[store.transact(adding(asset(number))) for number in range(1, 21)]\n"
        "os._exit(9)\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(["src", "."])}
    ended = subprocess.run(
        [sys.executable, "-c", program, path], env=environment, cwd=Path(__file__).parents[2], check=False
    )

    store = SqliteStore(path)
    assert (ended.returncode, active(store), store.head()) == (9, 20, 20)
    store.close()


def test_a_file_in_use_is_refused(opened: SqliteStore, path: str) -> None:
    with pytest.raises(StoreInUse, match="in use by another Tidings server"):
        SqliteStore(path)

    opened.close()
    SqliteStore(path).close()


def test_readers_may_open_a_file_in_use_but_not_write(opened: SqliteStore, path: str) -> None:
    opened.transact(adding(asset(1)))
    reader = SqliteStore(path, read_only=True)

    assert (active(reader), reader.head(), reader.catalog_id()) == (1, 1, opened.catalog_id())
    opened.transact(adding(asset(2)))
    assert reader.head() == 2
    with pytest.raises(StoreError, match="opened for reading only"):
        reader.transact(adding(asset(3)))
    reader.close()


@pytest.mark.parametrize("read_only", [False, True])
def test_a_file_of_a_newer_program_is_refused(path: str, read_only: bool) -> None:
    SqliteStore(path).close()
    change_file(path, "PRAGMA user_version = 999")

    with pytest.raises(StoreNewer, match="upgrade Tidings"):
        SqliteStore(path, read_only=read_only)


def test_a_reader_does_not_bring_an_older_file_up_to_date(path: str) -> None:
    SqliteStore(path).close()
    change_file(path, "PRAGMA user_version = 0")

    with pytest.raises(StoreError, match="start the server once"):
        SqliteStore(path, read_only=True)


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = str(tmp_path / "other.db")
    change_file(path, "CREATE TABLE theirs (a)")
    before = schema(path)

    with pytest.raises(StoreDamaged, match="the database of another program"):
        SqliteStore(path)

    assert schema(path) == before


@pytest.mark.parametrize("read_only", [False, True])
def test_a_file_that_is_no_database_is_refused(tmp_path: Path, read_only: bool) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"these are notes, not a database\n" * 400)

    with pytest.raises(StoreDamaged, match="is not a Tidings catalog"):
        SqliteStore(str(path), read_only=read_only)


def test_a_file_that_was_refused_can_be_opened_once_it_is_mended(path: str) -> None:
    SqliteStore(path).close()
    change_file(path, "PRAGMA user_version = 999")
    with pytest.raises(StoreNewer):
        SqliteStore(path)
    change_file(path, f"PRAGMA user_version = {sqlite_database.migrations()[-1][0]}")

    SqliteStore(path).close()


def test_a_file_that_is_not_there_cannot_be_read(path: str) -> None:
    with pytest.raises(StoreError, match="there is no catalog at"):
        SqliteStore(path, read_only=True)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreError, match="cannot be made"):
        SqliteStore(str(tmp_path / "file" / "catalog.db"))


def test_a_lock_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "catalog.db.lock").mkdir()

    with pytest.raises(StoreError, match="cannot be opened"):
        SqliteStore(str(tmp_path / "catalog.db"))


def test_a_lock_is_let_go_of_when_its_block_ends(tmp_path: Path) -> None:
    path = str(tmp_path / "catalog.db")
    with sqlite_database.FileLock(path), pytest.raises(StoreInUse):
        sqlite_database.FileLock(path)

    sqlite_database.FileLock(path).release()


def test_a_catalog_in_memory_leaves_no_file_behind() -> None:
    store = SqliteStore(None)
    store.transact(adding(asset(1)))
    folder = Path(store.path).parent
    assert folder.exists()

    store.close()

    assert not folder.exists()


def test_two_catalogs_in_memory_are_two() -> None:
    one, other = SqliteStore(None), SqliteStore(None)
    one.transact(adding(asset(1)))

    assert (active(one), active(other)) == (1, 0)
    one.close()
    other.close()


@pytest.mark.parametrize("in_memory", [False, True])
def test_a_backup_is_one_state_while_writes_go_on(tmp_path: Path, in_memory: bool) -> None:
    source = SqliteStore(None if in_memory else str(tmp_path / "catalog.db"))
    catalog = Catalog(source)
    for part in range(4):
        catalog.save(*(entity("Column", f"{TABLE}/c{part}-{number}") for number in range(700)))
    target, steps = str(tmp_path / "backups" / "copy.db"), list[tuple[int, int]]()

    def write_on(done: int, total: int) -> None:
        steps.append((done, total))
        catalog.save(entity("Table", f"{TABLE}{len(steps)}"))

    source.backup(target, write_on)
    copy = SqliteStore(target)

    assert len(steps) > 1
    assert steps[-1][0] == steps[-1][1]
    assert (copy.head(), active(copy)) == (2_800, 2_800)
    assert source.head() == 2_800 + len(steps)
    assert Catalog(copy).inspect().is_sound
    assert sorted(one.name for one in Path(target).parent.iterdir() if one.name.endswith(".partial")) == []
    copy.close()
    source.close()


def test_a_backup_overwrites_nothing_but_what_a_broken_one_left(opened: SqliteStore, tmp_path: Path) -> None:
    taken, target = tmp_path / "taken.db", tmp_path / "target.db"
    taken.write_text("precious")
    (tmp_path / "target.db.partial").write_text("half")

    with pytest.raises(StoreError, match="is already there"):
        opened.backup(str(taken), lambda done, total: None)
    opened.backup(str(target), lambda done, total: None)

    assert taken.read_text() == "precious"
    assert {one.name for one in tmp_path.iterdir()} >= {"taken.db", "target.db"}
    assert not (tmp_path / "target.db.partial").exists()


def test_a_migrated_file_equals_a_fresh_one(tmp_path: Path) -> None:
    fresh, migrated = str(tmp_path / "fresh.db"), str(tmp_path / "migrated.db")
    SqliteStore(fresh).close()
    number, text = sqlite_database.migrations()[0]
    connection = sqlite3.connect(migrated)
    connection.executescript(text)
    connection.execute(f"PRAGMA user_version = {number}")
    connection.execute(f"PRAGMA application_id = {sqlite_database.APPLICATION_ID}")
    connection.execute("INSERT INTO catalog (name, value) VALUES ('catalog_id', 'x')")
    connection.commit()
    connection.close()

    SqliteStore(migrated).close()

    assert schema(migrated) == schema(fresh)


def test_migrations_are_numbered_without_holes() -> None:
    numbers = [number for number, _ in sqlite_database.migrations()]

    assert numbers == list(range(1, len(numbers) + 1))


def test_damage_is_found(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    store = SqliteStore(str(path))
    Catalog(store).save(
        *(entity("Column", f"{TABLE}/c{number}", table=ref("Table", TABLE)) for number in range(300)),
        entity("Table", TABLE),
    )
    store.close()
    whole = path.read_bytes()
    page = sqlite_database.PAGE_SIZE
    for number in range(8, len(whole) // page, 7):
        whole = whole[: number * page] + b"\xff" * 512 + whole[number * page + 512 :]
    path.write_bytes(whole)

    store = SqliteStore(str(path), read_only=True)
    with store.snapshot() as snapshot:
        assert len(snapshot.damage()) > 1
    report = Catalog(store).inspect()
    store.close()

    assert all(problem.startswith("database: ") for problem in report.problems[:-1])
    assert report.problems[-1] == "the file is damaged, so its contents were not looked at; restore it from a backup"


def test_every_statement_has_a_name_and_no_other_can_be_asked_for() -> None:
    assert {"assets_by_guid", "insert_event"} <= SQL.names()
    with pytest.raises(AttributeError, match="no statement is named nothing"):
        _ = Statements("tidings.store.sqlite", "statements.sql").nothing


def test_a_commit_that_fails_fails_for_everybody_and_leaves_nothing(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_database, "BUSY_MILLISECONDS", 0)
    store = SqliteStore(path)
    store.transact(adding(asset(1)))
    other = apsw.Connection(path)
    other.execute("BEGIN IMMEDIATE")

    for rollback in (False, True):
        with pytest.raises(StoreUnavailable, match="locked by another program"):
            store.transact(adding(asset(2)), rollback=rollback)
    other.execute("ROLLBACK")
    other.close()

    assert (active(store), store.transact(adding(asset(2)))) == (1, 2)
    store.close()


def test_a_full_disk_fails_one_group_and_no_later_one(opened: SqliteStore) -> None:
    def limit(pages: int) -> Callable[[Transaction], object]:
        return lambda tx: cast(SqliteTransaction, tx).connection.execute(f"PRAGMA max_page_count = {pages}").fetchall()

    opened.transact(adding(asset(1)))
    opened.transact(limit(1))

    with pytest.raises(StoreUnavailable, match="is full"):
        opened.transact(adding(asset(2, text="x" * 1_000_000)))
    opened.transact(limit(1_000_000))

    assert (active(opened), opened.transact(adding(asset(2)))) == (1, 2)


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (apsw.CorruptError, StoreDamaged, "restore it from a backup"),
        (apsw.NotADBError, StoreDamaged, "is not a Tidings catalog"),
        (apsw.FullError, StoreUnavailable, "free some space"),
        (apsw.LockedError, StoreUnavailable, "locked by another program"),
        (apsw.ReadOnlyError, StoreError, "check its permissions"),
        (apsw.CantOpenError, StoreError, "check the folder"),
        (apsw.IOError, StoreError, "could not do its work"),
    ],
)
def test_no_error_of_the_driver_leaves_the_store(fault: type[Exception], kind: type[StoreError], words: str) -> None:
    with pytest.raises(kind, match=words) as caught, sqlite_database.told_plainly("catalog.db"):
        raise fault("disk")

    assert "catalog.db" in str(caught.value)


def test_a_commit_to_a_file_waits_for_the_disk(tmp_path: Path) -> None:
    store = SqliteStore(str(tmp_path / "catalog.db"))
    connection = cast(SqliteTransaction, store.transact(lambda tx: tx)).connection

    assert connection.pragma("journal_mode") == "wal"
    assert connection.pragma("synchronous") == 2  # FULL: NORMAL could lose acknowledged commits when power fails
    store.close()


def test_an_interrupt_just_after_a_commit_leaves_the_store_sound(tmp_path: Path) -> None:
    store = SqliteStore(str(tmp_path / "catalog.db"))
    session = cast(Any, store)._writer._session
    session.connection = Interrupted(session.connection)

    with pytest.raises(KeyboardInterrupt):
        store.transact(adding(asset(1)))

    assert store.head() == 1
    assert store.transact(lambda tx: tx.new_ids(1)) == range(2, 3)
    assert store.transact(adding(asset(2))) == 2
    store.close()


class Interrupted:
    """A connection whose first commit succeeds and is then followed by Ctrl-C."""

    def __init__(self, connection: apsw.Connection) -> None:
        self.connection = connection
        self.done = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection, name)

    def execute(self, statement: str, *bindings: Any) -> Any:
        found = self.connection.execute(statement, *bindings)
        if statement == "COMMIT" and not self.done:
            self.done = True
            raise KeyboardInterrupt
        return found


class Broken(Interrupted):
    """A connection that can neither commit nor undo."""

    def execute(self, statement: str, *bindings: Any) -> Any:
        if statement in ("COMMIT", "ROLLBACK"):
            raise apsw.IOError("the disk is gone")
        return self.connection.execute(statement, *bindings)


def test_a_database_that_cannot_even_undo_is_given_up_and_nobody_hangs(tmp_path: Path) -> None:
    store = SqliteStore(str(tmp_path / "catalog.db"))
    session = cast(Any, store)._writer._session
    session.connection = Broken(session.connection)

    with pytest.raises(StoreError, match="the disk is gone"):
        store.enqueue(adding(asset(1))).result(30)
    with pytest.raises(StoreUnavailable, match="its database failed"):
        store.enqueue(adding(asset(2)))
    store.close()


def test_the_id_of_a_purged_asset_is_never_used_again(tmp_path: Path) -> None:
    path = str(tmp_path / "catalog.db")
    store = SqliteStore(path)
    catalog = Catalog(store)
    one = catalog.save(entity("Table", TABLE)).changes.assets[0].after
    catalog.purge(Target(guid=one.guid))
    store.close()

    again = SqliteStore(path)
    assert again.transact(lambda tx: tx.new_ids(1))[0] > one.id
    again.close()


def test_a_clock_that_is_set_back_does_not_take_the_log_back(monkeypatch: pytest.MonkeyPatch) -> None:
    store = SqliteStore(None)
    first = store.transact(lambda tx: tx.now)
    monkeypatch.setattr("time.time_ns", lambda: 0)
    assert store.transact(lambda tx: tx.now) == first
    store.close()


def test_a_link_to_a_catalog_does_not_get_round_its_lock(tmp_path: Path) -> None:
    store = SqliteStore(str(tmp_path / "catalog.db"))
    (tmp_path / "link.db").symlink_to(tmp_path / "catalog.db")
    with pytest.raises(StoreInUse):
        SqliteStore(str(tmp_path / "link.db"))
    store.close()


def test_a_new_catalog_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    SqliteStore(str(tmp_path / "catalog.db")).close()
    assert (tmp_path / "catalog.db").stat().st_mode & 0o777 == 0o600
