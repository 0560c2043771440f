"""Settings: where they come from, which wins, and what is said of those that cannot be."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from tidings.config import Config, load, variable
from tidings.model.errors import ConfigError

OTHER: dict[str, Any] = {
    "host": "0.0.0.0",
    "port": 1,
    "database": "sqlite:////tmp/x.db",
    "admin_token": "12345678",
    "profile": "server",
    "log_level": "debug",
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
    file = tmp_path / "tidings.toml"
    file.write_text(f"{name} = {value!r}\n")
    for config in (load({name: value}, {}), load({}, {variable(name): str(value)}), load({}, {}, file)):
        assert config == Config(**{name: value})
        assert type(getattr(config, name)) is type(value)


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
        ("database", "postgresql://x", "must look like sqlite:///"),
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


def test_a_setting_is_not_changed_once_built() -> None:
    with pytest.raises(AttributeError):
        Config().port = 1  # type: ignore[misc]
