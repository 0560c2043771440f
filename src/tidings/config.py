"""Every setting, explained once: the program's options, ``TIDINGS_…`` variables and the file all come from here.

What is nearer wins: option > environment > file > default.
"""

from __future__ import annotations

import contextlib
import difflib
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tidings.model.errors import ConfigError
from tidings.model.profiles import PROFILES

PREFIX = "TIDINGS_"
POSTGRES = ("postgresql://", "postgres://")
LOG_LEVELS = ("debug", "info", "warning", "error")
LOG_FORMATS = ("text", "json")
LOGGED_REQUESTS = ("none", "writes", "all")
MAY_BE_SECRET = ("admin_token", "trace_endpoint")
"""Settings whose values no error shows."""


def _setting(default: Any, explanation: str, check: Callable[[Any], str | None] | None = None) -> Any:
    return field(default=default, metadata={"help": explanation, "check": check})


def _between(low: float, high: float) -> Callable[[Any], str | None]:
    return lambda value: None if low <= value <= high else f"must be from {low:g} to {high:g}"


def _one_of(*allowed: str) -> Callable[[Any], str | None]:
    return lambda value: None if value in allowed else f"must be one of {', '.join(allowed)}"


def _database(value: Any) -> str | None:
    if value in ("sqlite://", "sqlite:///:memory:"):
        return None
    if value.startswith("sqlite:///") and len(value) > len("sqlite:///"):
        return None
    if value.startswith(POSTGRES):
        return None  # libpq reads the rest when the catalog is opened
    return (
        "must look like sqlite:///catalog.db, sqlite:////absolute/path.db, sqlite:///:memory: or "
        "postgresql://user:password@host:5432/database?schema=tidings"
    )


def without_password(database: str) -> str:
    """The setting ``database`` as it may be shown: no password in it, wherever one may stand."""
    shown = re.sub(r"(?s)(?<=://)([^:/?#]*):.*@", r"\1:***@", database)
    return re.sub(r"(?i)((?:^|[?&])(?:ssl)?password=)[^&]*", r"\1***", shown)


def _endpoint(value: Any) -> str | None:
    sound = not value
    with contextlib.suppress(ValueError):
        there = urlsplit(value)
        sound = sound or (
            there.scheme in ("http", "https") and bool(there.hostname) and not there.query + there.fragment
        )
    return None if sound and "@" not in value else "must look like http://127.0.0.1:4318, without a password"


def _networks(value: Any) -> str | None:
    for one in value.split(",") if value else ():
        try:
            ip_network(one.strip())
        except ValueError:
            return "must be addresses or networks with commas between, such as 127.0.0.1,10.0.0.0/8"
    return None


def _secret(value: Any) -> str | None:
    sound = len(value) >= 8 and all("!" <= character <= "~" for character in value)
    return None if sound or not value else "must have at least 8 characters, all ASCII and none of them blank"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All settings, checked when built. Raises ConfigError that names the setting and what would be right."""

    host: str = _setting("127.0.0.1", "Address to listen on; only this machine can reach the default.")
    port: int = _setting(8585, "Port to listen on; 0 takes any free one.", _between(0, 65535))
    database: str = _setting(
        "sqlite:///tidings.db",
        "Where the catalog is kept: sqlite:///relative.db, sqlite:////absolute/path.db, sqlite:///:memory:, or "
        "postgresql://user:password@host:5432/database?schema=tidings.",
        _database,
    )
    database_connections: int = _setting(
        10,
        "Connections that one server process makes to PostgreSQL at the most; SQLite needs no bound.",
        _between(3, 1000),
    )
    workers: int = _setting(
        1, "Server processes that share the address; more than one needs a catalog in PostgreSQL.", _between(1, 64)
    )
    admin_token: str = _setting(
        "", "The first admin token of a new catalog; empty: one is made and shown once.", _secret
    )
    profile: str = _setting("documented", "Wire choices: documented or server.", _one_of(*PROFILES))
    log_level: str = _setting("info", "How much the server says: debug, info, warning or error.", _one_of(*LOG_LEVELS))
    log_format: str = _setting(
        "text", "The form of log lines: text, or json with one object a line.", _one_of(*LOG_FORMATS)
    )
    log_requests: str = _setting(
        "writes",
        "Which requests get a log line, at the level info: none, writes (those that change something) or all.",
        _one_of(*LOGGED_REQUESTS),
    )
    trace_endpoint: str = _setting(
        "", "Where OpenTelemetry spans are sent by OTLP/HTTP, such as http://127.0.0.1:4318; empty: nowhere.", _endpoint
    )
    trusted_proxies: str = _setting(
        "",
        "Addresses or networks, with commas between, of proxies whose X-Forwarded-For and -Proto are believed; empty: none.",
        _networks,
    )
    max_body_bytes: int = _setting(64 * 1024**2, "Largest request body, in bytes.", _between(1024, 1024**3))
    max_pending_bytes: int = _setting(
        512 * 1024**2, "Request bodies held at once, in bytes; beyond it requests are told to come back.",
        _between(1024, 64 * 1024**3),
    )  # fmt: skip
    request_seconds: float = _setting(
        60.0, "How long a request's body may take to arrive, in seconds.", _between(1, 900)
    )
    heartbeat_seconds: float = _setting(15.0, "How often a silent event stream shows that it lives.", _between(1, 300))
    snapshot_seconds: float = _setting(
        600.0, "How long one reader may take for a snapshot of the whole catalog, in seconds.", _between(1, 86_400)
    )
    propagation_at_once: int = _setting(
        100_000,
        "How many tags may come and go in the transaction of their cause; what goes beyond travels on in the background.",
        _between(1, 10_000_000),
    )
    shutdown_seconds: float = _setting(
        10.0, "How long a stopping server waits for requests in progress.", _between(0, 600)
    )

    def __post_init__(self) -> None:
        for one in fields(self):
            check = one.metadata["check"]
            problem = check(getattr(self, one.name)) if check else None
            if problem:
                shown = "" if one.name in MAY_BE_SECRET else f" ({_shown(one.name, getattr(self, one.name))})"
                raise ConfigError(f"the setting {one.name}{shown} {problem}")
        if self.workers > 1 and self.database.startswith("sqlite:"):
            raise ConfigError(
                f"the setting workers ({self.workers}) must be 1 for a catalog in SQLite, which has one server; "
                "several need a catalog in PostgreSQL (database = postgresql://…)"
            )

    @property
    def is_postgres(self) -> bool:
        """Whether the catalog is kept in PostgreSQL."""
        return self.database.startswith(POSTGRES)

    @property
    def database_path(self) -> str | None:
        """The file of the embedded catalog, or None for one in memory."""
        path = self.database.removeprefix("sqlite://").removeprefix("/")
        return path if path and path != ":memory:" else None


def _shown(name: str, value: Any) -> str:
    return without_password(repr(value)) if name == "database" else repr(value)


def load(overrides: Mapping[str, Any], env: Mapping[str, str], file: Path | None = None) -> Config:
    """Settings from options (those that are None were not given), environment and file.

    Raises ConfigError for a value of the wrong type or range, an unknown setting, or a file that cannot be read.
    """
    known = {one.name: one for one in fields(Config)}
    given: dict[str, Any] = {}
    if file is not None:
        given |= _from_file(file, known)
    given |= {name: env[variable(name)] for name in known if variable(name) in env}
    given |= {name: value for name, value in overrides.items() if value is not None}
    return Config(**{name: _typed(name, value, type(known[name].default)) for name, value in given.items()})


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.upper()


def _from_file(file: Path, known: Mapping[str, object]) -> dict[str, Any]:
    try:
        values = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"the settings file {file} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"the settings file {file} is not valid TOML: {error}") from error
    for name in values:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise ConfigError(f"{file}: there is no setting {name}" + (f"; did you mean {near[0]}?" if near else ""))
    return values


def _typed(name: str, value: Any, wanted: type) -> Any:
    if isinstance(value, wanted) and not isinstance(value, bool):
        return value
    if wanted is not str and (isinstance(value, str) or (wanted is float and type(value) is int)):
        with contextlib.suppress(OverflowError, ValueError):
            return wanted(value)
    kind = {int: "a whole number", float: "a number", str: "a text"}[wanted]
    raise ConfigError(f"the setting {name} ({_shown(name, value)}) must be {kind}")
