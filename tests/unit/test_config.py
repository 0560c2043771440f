"""Settings: where they come from, which wins, and what is said of those that cannot be."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from tidings.config import Config, load, variable, without_password
from tidings.model.errors import ConfigError

OTHER: dict[str, Any] = {
    "host": "0.0.0.0",
    "port": 1,
    "database": "sqlite:////tmp/x.db",
    "admin_token": "12345678",
    "profile": "server",
    "log_level": "debug",
    "log_format": "json",
    "log_requests": "all",
    "trace_endpoint": "http://localhost:4318",
    "trusted_proxies": "10.0.0.0/8, ::1",
    "workers": 2,
    "database_connections": 5,
    "snapshot_seconds": 30.0,
    "max_body_bytes": 2048,
    "max_pending_bytes": 4096,
    "request_seconds": 2.5,
    "heartbeat_seconds": 1.5,
    "propagation_at_once": 50,
    "shutdown_seconds": 0.0,
}
"""A value for each setting that is not its default."""


def test_the_list_above_is_whole() -> None:
    assert OTHER.keys() == {one.name for one in fields(Config)}


@pytest.mark.parametrize("name", OTHER)
def test_every_setting_comes_from_option_environment_and_file(tmp_path: Path, name: str) -> None:
    value = OTHER[name]
    shared = {"database": "postgresql://localhost/catalog"} if name == "workers" else {}
    file = tmp_path / "tidings.toml"
    file.write_text(f"{name} = {value!r}\n")
    for config in (
        load({name: value, **shared}, {}),
        load(shared, {variable(name): str(value)}),
        load(shared, {}, file),
    ):
        assert config == Config(**{name: value, **shared})
        assert type(getattr(config, name)) is type(value)


def test_one_file_has_one_server() -> None:
    with pytest.raises(ConfigError, match=r"workers \(2\) must be 1 for a catalog in SQLite"):
        Config(workers=2)


def test_the_nearer_source_wins(tmp_path: Path) -> None:
    file = tmp_path / "tidings.toml"
    file.write_text('port = 1\nhost = "file"\nprofile = "server"\n')
    config = load({"port": 3, "host": None}, {"TIDINGS_PORT": "2", "TIDINGS_HOST": "env", "OTHER": "x"}, file)
    assert (config.port, config.host, config.profile, config.log_level) == (3, "env", "server", "info")


def test_nothing_given_is_the_defaults() -> None:
    assert load({}, {}) == Config()


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("port", "http", "must be a whole number"),
        ("port", 80.5, "must be a whole number"),
        ("port", "80.5", "must be a whole number"),
        ("port", "", "must be a whole number"),
        ("port", True, "must be a whole number"),
        ("port", float("inf"), "must be a whole number"),
        ("port", [80], "must be a whole number"),
        ("port", -1, "must be from 0 to 65535"),
        ("port", 65536, "must be from 0 to 65535"),
        ("request_seconds", "soon", "must be a number"),
        ("request_seconds", True, "must be a number"),
        ("request_seconds", 10**400, "must be a number"),
        ("request_seconds", "nan", "must be from 1 to 900"),
        ("request_seconds", "inf", "must be from 1 to 900"),
        ("request_seconds", 0, "must be from 1 to 900"),
        ("heartbeat_seconds", 0.5, "must be from 1 to 300"),
        ("shutdown_seconds", -1, "must be from 0 to 600"),
        ("max_body_bytes", 1023, "must be from 1024 to"),
        ("max_pending_bytes", 0, "must be from 1024 to"),
        ("host", 5, "must be a text"),
        ("profile", "atlan", "must be one of documented, server"),
        ("log_level", "INFO", "must be one of debug, info, warning, error"),
        ("log_format", "xml", "must be one of text, json"),
        ("log_requests", "some", "must be one of none, writes, all"),
        ("trusted_proxies", "proxy.example", "must be addresses or networks"),
        ("trusted_proxies", "*", "must be addresses or networks"),
        ("trusted_proxies", "10.0.0.1/8", "must be addresses or networks"),
        ("database", "mysql://x", "must look like sqlite:///"),
        ("database", ["postgresql://x"], "must be a text"),
        ("database_connections", 2, "must be from 3 to 1000"),
        ("database", "sqlite:///", "must look like sqlite:///"),
        ("database", "catalog.db", "must look like sqlite:///"),
    ],
)
def test_a_value_that_cannot_be_is_named(name: str, value: Any, says: str) -> None:
    with pytest.raises(ConfigError, match=rf"^the setting {name} \(.*\) {says}"):
        load({name: value}, {})


@pytest.mark.parametrize("token", ["short", "with blank", "with\nbreak", "pässword"])
def test_a_token_that_cannot_be_sent_is_refused_and_not_shown(token: str) -> None:
    with pytest.raises(ConfigError, match="admin_token must have at least 8") as caught:
        Config(admin_token=token)
    assert token not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    ["localhost:4318", "grpc://localhost:4317", "http://", "http://[", "http://h/?a=b", "https://me:secret@h"],
)
def test_an_address_for_traces_that_cannot_be_is_refused_and_not_shown(address: str) -> None:
    with pytest.raises(ConfigError, match=r"^the setting trace_endpoint must look like http://127") as caught:
        Config(trace_endpoint=address)
    assert address not in str(caught.value).replace("http://127.0.0.1:4318", "")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("prot = 1", r"there is no setting prot; did you mean port\?"),
        ("xyzzy = 1", "there is no setting xyzzy$"),
        ("port = ", "not valid TOML"),
        ("port = 'x'", "must be a whole number"),
        ("host = '\udcff'", "not valid TOML"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, content: str, says: str) -> None:
    file = tmp_path / "tidings.toml"
    file.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigError, match=says):
        load({}, {}, file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml cannot be read: No such file"):
        load({}, {}, tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("database", "path"),
    [
        ("sqlite://", None),
        ("sqlite:///:memory:", None),
        ("sqlite:///a.db", "a.db"),
        ("sqlite:///dir/a.db", "dir/a.db"),
        ("sqlite:////var/a.db", "/var/a.db"),
    ],
)
def test_where_the_catalog_is_kept(database: str, path: str | None) -> None:
    assert Config(database=database).database_path == path


@pytest.mark.parametrize("database", ["postgresql://u:p@h:5432/d?schema=s", "postgres://h/d", "postgresql:///d"])
def test_a_catalog_in_postgresql(database: str) -> None:
    config = Config(database=database)
    assert (config.is_postgres, Config().is_postgres) == (True, False)


@pytest.mark.parametrize(
    ("database", "shown"),
    [
        ("postgresql://u:secret@h:5432/d?schema=s", "postgresql://u:***@h:5432/d?schema=s"),
        ("postgresql://u:se:c@re/t@h/d", "postgresql://u:***@h/d"),
        (
            "postgresql://u@h/d?password=secret&sslpassword=secret&a=b",
            "postgresql://u@h/d?password=***&sslpassword=***&a=b",
        ),
        ("postgresql://:secret@h/d?PASSWORD=secret", "postgresql://:***@h/d?PASSWORD=***"),
        ("sqlite:///a.db", "sqlite:///a.db"),
    ],
)
def test_a_database_is_shown_without_its_password(database: str, shown: str) -> None:
    assert without_password(database) == shown


def test_an_error_shows_no_password() -> None:
    for wrong in ("mysql://u:secret@h/d", ["postgresql://u:secret@h/d"]):
        with pytest.raises(ConfigError, match="database") as caught:
            load({"database": wrong}, {})
        assert "secret" not in str(caught.value)


def test_a_setting_is_not_changed_once_built() -> None:
    with pytest.raises(AttributeError):
        Config().port = 1  # type: ignore[misc]
