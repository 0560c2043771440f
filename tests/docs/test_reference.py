"""Everything that a user can name stands in the reference."""

from __future__ import annotations

import re
from dataclasses import fields

import click
import pytest

from tests.docs.generate import all_commands, all_errors, public
from tests.docs.pages import REFERENCE
from tidings import client, testing
from tidings.api.app import ENDPOINTS
from tidings.config import Config, variable
from tidings.model.events import OPERATIONS
from tidings.model.profiles import PROFILES, Profile
from tidings.telemetry import Metrics
from tidings.write.commands import DELETE_TYPES


def page(name: str) -> str:
    return (REFERENCE / f"{name}.md").read_text("utf-8")


@pytest.mark.parametrize("name", [one.name for one in fields(Config)])
def test_every_setting(name: str) -> None:
    row = f"| `{name}` | `--{name.replace('_', '-')}` | `{variable(name)}` |"

    assert row in page("settings")


@pytest.mark.parametrize(("name", "command"), list(all_commands()))
def test_every_command_with_its_options(name: str, command: click.Command) -> None:
    [section] = re.findall(rf"^## tidings {name}$(.*?)(?=^## |<!-- end)", page("commands"), re.M | re.S)
    options = [word for one in command.params if isinstance(one, click.Option) for word in one.opts]

    assert [word for word in options if f"`{word}" not in section] == []


@pytest.mark.parametrize("kind", all_errors())
def test_every_error(kind: type) -> None:
    assert re.search(rf"^\| `{vars(kind)['code']}` \| [^|]+ \| `{kind.__name__}` \| \w[^|]+ \|$", page("errors"), re.M)


def test_no_two_errors_share_a_code() -> None:
    codes = [kind.code for kind in all_errors()]

    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("call", [f"{row.method} {row.addresses()[0]}" for row in ENDPOINTS])
def test_every_endpoint(call: str) -> None:
    assert f"| `{call}` |" in page("http-api")


@pytest.mark.parametrize("name", sorted({one.name for row in ENDPOINTS for one in row.parameters}))
def test_every_parameter(name: str) -> None:
    assert re.search(rf"^\| `{re.escape(name)}`", page("http-api"), re.M)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation(operation: str) -> None:
    assert f"| `{operation}` |" in page("events")


@pytest.mark.parametrize("name", [*PROFILES, *(one.name for one in fields(Profile) if one.name != "name")])
def test_every_profile_and_its_choices(name: str) -> None:
    assert f"`{name}`" in page("events")


@pytest.mark.parametrize("delete_type", DELETE_TYPES)
def test_every_way_to_delete(delete_type: str) -> None:
    assert re.search(rf"deleteType.* {delete_type}\b", page("events"))


def test_every_metric() -> None:
    exposed = re.findall(r"^# TYPE (\w+) (\w+)$", Metrics().text().decode(), re.M)
    names = [name for name, _ in exposed if not name.endswith("_created")]

    assert names
    assert [name for name in names if f"| `{name}` |" not in page("metrics")] == []


@pytest.mark.parametrize("name", public(testing))
def test_every_public_name_for_tests(name: str) -> None:
    assert re.search(rf"^(### {name}$|\| `{name}` \|)", page("testing"), re.M)


@pytest.mark.parametrize("name", public(client))
def test_every_public_name_of_the_client(name: str) -> None:
    assert re.search(rf"^(### {name}$|\| `{name}` \|)", page("python"), re.M)


def test_the_public_names_are_found() -> None:
    assert {"catalog", "server", "said", "Catalog", "TOKEN"} <= set(public(testing))
    assert {"Client", "Page", "DEFAULT_URL", "Target"} <= set(public(client))
