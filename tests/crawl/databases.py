"""Databases to crawl."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from sqlalchemy import make_url


class SqliteFile:
    """A SQLite database; ``run`` changes it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = f"sqlite:///{path}"

    def run(self, *statements: str) -> None:
        with contextlib.closing(sqlite3.connect(self.path)) as connection, connection:
            for one in statements:
                connection.execute(one)


class Postgres:
    """A PostgreSQL database; ``run`` changes it, ``recreate`` makes it anew, ``ask`` returns the first value that it answers."""

    def __init__(self, server: str) -> None:
        self.server = server
        self.url = make_url(server).set(database="shop").render_as_string(hide_password=False)

    def recreate(self, options: LiteralString = "") -> None:
        with psycopg.connect(self.server, autocommit=True) as admin:
            admin.execute("DROP DATABASE IF EXISTS shop WITH (FORCE)")
            admin.execute("CREATE DATABASE shop " + options)

    def run(self, *statements: LiteralString) -> None:
        with psycopg.connect(self.url) as connection:
            for one in statements:
                connection.execute(one)

    def ask(self, question: LiteralString) -> Any:
        with psycopg.connect(self.url) as connection:
            row = connection.execute(question).fetchone()
        return row[0] if row else None
