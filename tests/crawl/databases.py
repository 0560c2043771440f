"""Databases to crawl."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any, LiteralString

import psycopg


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
    """A PostgreSQL database; ``run`` changes it, ``ask`` returns the first value that it answers."""

    def __init__(self, url: str) -> None:
        self.url = url

    def run(self, *statements: LiteralString) -> None:
        with psycopg.connect(self.url) as connection:
            for one in statements:
                connection.execute(one)

    def ask(self, question: LiteralString) -> Any:
        with psycopg.connect(self.url) as connection:
            row = connection.execute(question).fetchone()
        return row[0] if row else None
