"""Addresses: what they mean, how they are shown, and that no secret gets out."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.crawl.catalog import MemoryCatalog
from tests.crawl.databases import SqliteFile
from tidings.crawl import crawl
from tidings.crawl.address import connected, parse
from tidings.model.errors import ClientError, ConfigError, InvalidParameter, TidingsError

SECRET = "open sesame"


@pytest.mark.parametrize(
    ("url", "connector", "shown", "host", "port"),
    [
        ("sqlite:////srv/shop.db", "sqlite", "sqlite:////srv/shop.db", None, None),
        ("sqlite:///file:/srv/shop.db?mode=ro&uri=true", "sqlite", "sqlite:////srv/shop.db", None, None),
        ("postgresql://me:pw@db:5433/shop", "postgres", "postgresql://db:5433/shop", "db", 5433),
        ("postgres://me:pw@db/shop?sslmode=require", "postgres", "postgres://db/shop", "db", None),
        (
            "postgresql+psycopg://me@/shop?host=/run&port=6000",
            "postgres",
            "postgresql:///shop?host=%2Frun",
            "/run",
            6000,
        ),
        ("mysql+pymysql://me:pw@db/shop", "mysql", "mysql://db/shop", "db", None),
        (" mssql://db/shop?port=x ", "mssql", "mssql://db/shop", "db", None),
        ("postgresql:///shop?host=a&host=b", "postgres", "postgresql:///shop?host=a", "a", None),
    ],
)
def test_what_an_address_means(url: str, connector: str, shown: str, host: str | None, port: int | None) -> None:
    address = parse(url)

    assert (address.connector, address.shown, address.host, address.port) == (connector, shown, host, port)


@pytest.mark.parametrize(
    ("url", "database"),
    [("sqlite:////srv/shop.db", "shop"), ("mysql://db/shop", "shop"), ("postgresql://db", None)],
)
def test_which_database_an_address_names(url: str, database: str | None) -> None:
    assert parse(url).database == database


@pytest.mark.parametrize(
    ("url", "kind", "sentence"),
    [
        ("shop.db", InvalidParameter, "The database URL cannot be read"),
        (f"postgresql://me:x@y@{SECRET}:port/shop", InvalidParameter, "The database URL cannot be read"),
        ("sqlite://", InvalidParameter, "names no file"),
        ("sqlite:///:memory:", InvalidParameter, "names no file"),
        ("sqlite:////no/such/file.db", InvalidParameter, "There is no file /no/such/file.db"),
        (f"nonsense://me:{SECRET}@db/shop", InvalidParameter, "No database can be opened by this URL: .*nonsense"),
        (f"oracle+oracledb://me:{SECRET}@db/shop", ConfigError, "The driver oracledb is not installed"),
        (f"postgresql://me:{SECRET}@127.0.0.1:{{port}}/shop", ClientError, "postgresql://127.0.0.1:.* cannot be read"),
        (f"postgresql://127.0.0.1:{{port}}/shop?connect_timeout={SECRET}&password={SECRET}", ClientError, r"\*\*\*"),
    ],
)
def test_an_address_that_leads_nowhere(
    catalog: MemoryCatalog, url: str, kind: type[TidingsError], sentence: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    with pytest.raises(kind, match=sentence) as caught:
        crawl(catalog, url.replace("{port}", str(port)))

    said = str(caught.value) + "".join(capfd.readouterr())
    assert "\n" not in said
    assert SECRET not in said
    assert caught.value.__context__ is None or caught.value.__suppress_context__  # a traceback shows no more
    assert catalog.requests == []


def test_a_file_that_is_no_database(catalog: MemoryCatalog, tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_text("milk, bread, a database\n" * 100)

    with pytest.raises(ClientError, match=r"notes\.db cannot be read: file is not a database$"):
        crawl(catalog, f"sqlite:///{tmp_path}/notes.db")


def test_no_secret_reaches_the_catalog(catalog: MemoryCatalog, shop: SqliteFile) -> None:
    crawl(catalog, f"sqlite://{shop.url.removeprefix('sqlite://')}?timeout=7")

    assert not any("timeout" in str(one) for one in catalog.assets())


def test_the_file_is_let_go(shop: SqliteFile) -> None:
    with connected(parse(shop.url)) as connection:
        assert not connection.closed
    assert connection.closed
