"""A database's address: what the URL means, how to reach it, and how to speak of it without its secrets."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec
from sqlalchemy import Connection, create_engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from tidings.model.errors import ClientError, ConfigError, InvalidParameter

CONNECTORS = {"postgresql": "postgres", "postgres": "postgres"}
"""Dialect -> what the catalog calls it, where the two differ."""
DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
"""The driver that comes with the extra, for URLs that name none."""
SECONDS_TO_CONNECT = 10
_ONE_STATE: Mapping[str, dict[str, Any]] = {
    "postgres": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
}
_SECRETS = ("password", "passwd", "pwd", "passphrase", "sslpassword", "token")


class Address(msgspec.Struct, frozen=True):
    """Where a database is. ``shown`` is the address without user, password and options; ``file`` is SQLite's file,
    ``database`` the database's name as far as the URL tells it.

    ``host`` may be the folder of a socket. ``secrets`` are texts that no message may repeat.
    """

    connector: str
    url: URL
    shown: str
    host: str | None
    port: int | None
    file: Path | None
    database: str | None
    secrets: tuple[str, ...]


def parse(text: str) -> Address:
    """The address that a URL means. Raises InvalidParameter where it cannot be one, or names no file."""
    try:
        url = make_url(text.strip())
    except (ArgumentError, ValueError):
        # What the parser says may hold a part of the password, so that it is not repeated.
        raise InvalidParameter(
            "The database URL cannot be read; it looks like sqlite:///folder/file.db or postgresql://user@host:5432/database"
        ) from None
    dialect = url.get_backend_name()
    connector = CONNECTORS.get(dialect, dialect)
    file = _file(url) if dialect == "sqlite" else None
    host = url.host or _first(url.query.get("host"))
    return Address(
        connector,
        url.set(drivername=DRIVERS.get(url.drivername, url.drivername)),
        _shown(dialect, url, host, file),
        host,
        url.port or _port(_first(url.query.get("port"))),
        file,
        file.stem if file else url.database,
        _secrets(url),
    )


def _first(value: str | tuple[str, ...] | None) -> str | None:
    return value[0] if isinstance(value, tuple) else value


def _port(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None


def _file(url: URL) -> Path:
    name = url.database or ""
    if name.startswith("file:"):
        name = unquote(urlsplit(name).path)
    if not name or name == ":memory:":
        raise InvalidParameter("The database URL names no file; SQLite needs one, such as sqlite:///folder/file.db")
    return Path(name).resolve()


def _shown(dialect: str, url: URL, host: str | None, file: Path | None) -> str:
    if file is not None:
        return f"sqlite:///{file.as_posix()}"
    elsewhere = {"host": host} if host and not url.host else {}
    plain = URL.create(dialect, host=url.host, port=url.port, database=url.database, query=elsewhere)
    return plain.render_as_string(hide_password=True)


def _secrets(url: URL) -> tuple[str, ...]:
    asked = [_first(value) for key, value in url.query.items() if key.lower() in _SECRETS]
    return tuple(str(secret) for secret in (url.password, *asked) if secret)


@contextlib.contextmanager
def connected(address: Address) -> Iterator[Connection]:
    """A connection for reading, closed afterwards; SQLite and PostgreSQL show one state for as long as it lasts.

    Raises ConfigError where the driver is missing, InvalidParameter where the dialect is unknown or SQLite's file is
    not there, ClientError where the database cannot be reached or fails.
    """
    if address.file is not None and not address.file.is_file():
        raise InvalidParameter(f"There is no file {address.file}")
    try:
        engine = create_engine(address.url, poolclass=NullPool, connect_args=_connect_args(address))
    except ModuleNotFoundError as error:
        message = f"The driver {error.name} is not installed; tidings[crawl] brings the one for PostgreSQL"
        raise ConfigError(message) from None
    except (ArgumentError, TypeError, ValueError) as error:
        raise InvalidParameter(f"No database can be opened by this URL: {told(error, address)}") from None
    try:
        with engine.connect() as connection:
            connection.execution_options(**_ONE_STATE.get(address.connector, {}))
            if address.connector == "sqlite":
                connection.exec_driver_sql("BEGIN")
            yield connection
    except (SQLAlchemyError, UnicodeError) as error:
        raise ClientError(f"{address.shown} cannot be read: {told(error, address)}") from None
    finally:
        engine.dispose()


def _connect_args(address: Address) -> dict[str, Any]:
    if not address.url.drivername.startswith("postgresql+psycopg"):
        return {}
    # The encoding for databases that have none: their names would come as bytes.
    usual = {"connect_timeout": SECONDS_TO_CONNECT, "client_encoding": "utf8"}
    return {key: value for key, value in usual.items() if key not in address.url.query}


def told(error: Exception, address: Address) -> str:
    """What went wrong in one line, without secrets."""
    text = " ".join(str(getattr(error, "orig", None) or error).split())
    for secret in address.secrets:
        text = text.replace(secret, "***")
    return text.rstrip(".")
