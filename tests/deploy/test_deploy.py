"""Every file under deploy/ is sound by itself, and fits the settings, limits and versions of the program."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from tests.api.door import serving
from tests.deploy.files import (
    DEPLOY,
    PROJECT,
    ROOT,
    compose,
    healthcheck,
    instructions,
    said,
    seconds,
    text,
    unit,
    variables,
)  # fmt: skip
from tidings.api.events import LONGEST_WAIT
from tidings.cli.program import COMMANDS
from tidings.config import Config, load, variable
from tidings.telemetry.otel import SEND_SECONDS
from tidings.workers import GRACE_SECONDS

SETTINGS = {variable(one.name) for one in fields(Config)} | {"TIDINGS_CONFIG"}
FILES = sorted(one.name for one in DEPLOY.iterdir())
DEFAULT = Config()
COMPOSE_ENV, UNIT_ENV = "compose.env.example", "tidings.env.example"
FILLED_IN = {"TIDINGS_ADMIN_TOKEN": "a-token-of-your-own", "POSTGRES_PASSWORD": "x"}


@pytest.mark.parametrize("name", FILES)
def test_every_variable_is_a_setting(name: str) -> None:
    assert set(re.findall(r"\bTIDINGS_[A-Z_]+\b", text(name))) <= SETTINGS


@pytest.mark.parametrize("name", FILES)
def test_no_file_is_left_to_itself(name: str) -> None:
    pages = "".join(page.read_text("utf-8") for page in (ROOT / "docs" / "how-to").glob("*.md"))
    partner = name.removesuffix(".dockerignore")
    assert f"deploy/{partner}" in pages


# --- the image -------------------------------------------------------------------------------------------------------


def test_the_container_file_is_sound() -> None:
    found = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    assert found is not None
    ran = subprocess.run(
        [found, "--failure-threshold", "style", DEPLOY / "Containerfile"], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout + ran.stderr) == (0, "")


def test_the_image_is_built_of_the_pinned_versions_with_extras_that_exist() -> None:
    [install] = [run for run in said("RUN") if "pip install" in run]
    extras = re.findall(r"'\.\[([\w,]+)\]'", install)[0].split(",")
    assert set(extras) <= PROJECT["optional-dependencies"].keys()
    assert {"postgres", "otel"} <= set(extras)
    assert "--constraint constraints.txt" in install
    copied = {name for line in said("COPY") if not line.startswith("--") for name in line.split()[:-1]}
    assert all((ROOT / name).exists() for name in copied)
    kept = {line[1:] for line in text("Containerfile.dockerignore").splitlines() if line.startswith("!")}
    assert copied == kept


def test_the_image_says_what_it_is_and_runs_as_nobody_in_particular() -> None:
    assert f'org.opencontainers.image.version="{PROJECT["version"]}"' in said("LABEL")[0]
    assert f'org.opencontainers.image.licenses="{PROJECT["license"]}"' in said("LABEL")[0]
    assert said("USER") == ["10001:10001"]
    assert [line.partition(" AS ")[0] for line in said("FROM")] == ["python:3.12-slim"] * 2
    assert said("STOPSIGNAL") == ["SIGTERM"]
    command = said("ENTRYPOINT") + said("CMD")
    assert command == ['["tidings"]', '["serve"]']
    assert "tidings" in (PROJECT["scripts"])
    assert "serve" in {one.name for one in COMMANDS}


def test_the_image_keeps_its_catalog_in_its_volume_and_listens_on_its_port() -> None:
    given = dict(re.findall(r"(TIDINGS_\w+)=(\S+)", said("ENV")[0]))
    config = load({}, given)
    assert said("VOLUME") == [f'["{Path(config.database_path or "").parent}"]']
    assert said("EXPOSE") == [str(config.port)]
    assert (config.host, config.log_format) == ("0.0.0.0", "json")
    assert instructions()[-1][0] == "CMD"


def test_the_image_knows_whether_its_server_is_well() -> None:
    python, *rest = healthcheck()
    assert python == "python"
    with serving() as (door, _):
        ours = os.environ | {"TIDINGS_PORT": str(door.http.base_url.port), "http_proxy": "http://127.0.0.1:9"}
        assert subprocess.run([sys.executable, *rest], env=ours, check=False).returncode == 0
    gone = subprocess.run([sys.executable, *rest], env=ours, capture_output=True, text=True, check=False)
    assert gone.returncode == 1
    assert "refused" in gone.stderr


# --- compose ---------------------------------------------------------------------------------------------------------


def test_compose_runs_the_image_with_settings_that_hold() -> None:
    server = compose()["services"]["server"]
    assert server["image"] == f"tidings:{PROJECT['version']}"
    assert (DEPLOY / server["build"]["context"] / server["build"]["dockerfile"]).resolve() == DEPLOY / "Containerfile"
    assert server["command"] == ["serve"]
    config = load({}, {name: filled(value) for name, value in server["environment"].items()})
    assert config.workers == 2
    assert config.database.startswith("postgresql://tidings@database:5432/")
    assert server["ports"] == [f"127.0.0.1:{DEFAULT.port}:{DEFAULT.port}"]
    assert seconds(server["stop_grace_period"]) > to_stop(config)


def filled(value: str) -> str:
    """A value of the compose file with its variables from a filled-in .env."""
    return re.sub(r"\$\{(\w+):[?-][^}]*\}", lambda found: FILLED_IN.get(found[1], ""), value)


def to_stop(config: Config) -> float:
    """How long a server that is told to stop may take."""
    return config.shutdown_seconds + GRACE_SECONDS + SEND_SECONDS


def test_the_database_is_ready_before_the_server_and_kept_behind_it() -> None:
    services, volumes = compose()["services"], compose()["volumes"]
    database, server = services["database"], services["server"]
    assert re.fullmatch(r"postgres:1[4-8]", database["image"])
    assert server["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert database["healthcheck"]["test"][:2] == ["CMD", "pg_isready"]
    assert {volume.partition(":")[0] for volume in database["volumes"]} == set(volumes)
    assert filled(database["environment"]["POSTGRES_PASSWORD"]) == filled(server["environment"]["PGPASSWORD"])


def test_what_compose_asks_for_stands_in_the_example() -> None:
    asked = set(re.findall(r"\$\{(\w+):", text("compose.yaml")))
    assert asked == variables(COMPOSE_ENV).keys()
    assert [
        name for name, value in variables(COMPOSE_ENV).items() if value and "TOKEN" in name + "PASSWORD" in name
    ] == []


# --- systemd ---------------------------------------------------------------------------------------------------------


def test_the_unit_is_sound(tmp_path: Path) -> None:
    """By systemd itself where it is; the tests below need nothing but the text."""
    found = shutil.which("systemd-analyze")
    if found is None:
        return
    here = tmp_path / "tidings.service"
    here.write_text(text(here.name).replace(unit()["ExecStart"][0].split()[0], sys.executable))
    ran = subprocess.run([found, "verify", "--man=no", here], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_the_unit_starts_a_server_that_may_write_to_one_folder_only() -> None:
    keys = unit()
    example = {name: value for name, value in variables(UNIT_ENV).items() if name in SETTINGS}
    config = load({}, dict(line.split("=", 1) for line in keys["Environment"]) | {"TIDINGS_ADMIN_TOKEN": ""})
    assert config.database_path == f"{keys['WorkingDirectory'][0]}/catalog.db"
    assert keys["WorkingDirectory"] == [f"/var/lib/{keys['StateDirectory'][0]}"]
    assert load({}, example | FILLED_IN).workers > 1
    assert keys["EnvironmentFile"] == ["/etc/tidings/tidings.env"]
    assert keys["ExecStart"][0].split()[1] == "serve"
    assert [keys[name] for name in ("DynamicUser", "NoNewPrivileges", "ProtectSystem", "ProtectHome")] == [
        ["yes"], ["yes"], ["strict"], ["yes"],
    ]  # fmt: skip


def test_the_unit_gives_it_time_to_finish() -> None:
    config = load({}, dict(line.split("=", 1) for line in unit()["Environment"]))
    assert float(unit()["TimeoutStopSec"][0]) > to_stop(config)
    assert unit()["KillSignal"] == ["SIGTERM"]


# --- proxies ---------------------------------------------------------------------------------------------------------


def test_nginx_lets_through_what_the_server_takes() -> None:
    config = text("nginx.conf")
    assert config.count("{") == config.count("}")
    assert re.findall(r"server 127\.0\.0\.1:(\d+);", config) == [str(DEFAULT.port)]
    [size] = re.findall(r"client_max_body_size (\d+)m;", config)
    assert int(size) * 1024**2 == DEFAULT.max_body_bytes


def test_nginx_holds_nothing_back_and_waits_long_enough() -> None:
    places = dict(re.findall(r"location (?:= )?(\S+) \{(.*?)\}", text("nginx.conf"), re.S))
    assert places.keys() == {"/", "/api/events/stream", "/api/snapshot"}
    limits = {place: seconds(re.findall(r"proxy_read_timeout (\w+);", lines)[0]) for place, lines in places.items()}
    assert limits["/"] > LONGEST_WAIT
    assert min(limits["/api/events/stream"], limits["/api/snapshot"]) > 300, "the longest heartbeat that can be set"
    assert all("proxy_buffering off;" in places[place] for place in ("/api/events/stream", "/api/snapshot"))


def test_caddy_lets_through_what_the_server_takes_and_holds_nothing_back() -> None:
    config = text("Caddyfile")
    assert config.count("{") == config.count("}")
    assert f"reverse_proxy 127.0.0.1:{DEFAULT.port} {{" in config
    assert "max_size" not in config, "Caddy sets no limit of its own; the server does"
    assert "flush_interval -1" in config
