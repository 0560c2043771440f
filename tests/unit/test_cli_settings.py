"""Options made of the settings."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
from click.testing import CliRunner

from tidings import wiring
from tidings.cli.program import program
from tidings.config import Config


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Config]:
    """The settings with which a server would have been started."""
    found: list[Config] = []
    monkeypatch.setattr(wiring, "serve", found.append)
    return found


def test_every_setting_is_an_option_with_its_explanation() -> None:
    shown = " ".join(CliRunner().invoke(program, ["serve", "--help"], terminal_width=200).stdout.split())
    for one in fields(Config):
        assert f"--{one.name.replace('_', '-')}" in shown
        assert one.metadata["help"] in shown


def test_option_wins_over_environment_over_file(served: list[Config], tmp_path: Path) -> None:
    file = tmp_path / "tidings.toml"
    file.write_text('port = 1\nprofile = "server"\nlog_level = "debug"\n')
    env = {"TIDINGS_PORT": "2", "TIDINGS_LOG_LEVEL": "error", "TIDINGS_CONFIG": str(file)}
    result = CliRunner().invoke(program, ["serve", "--port", "3"], env=env)
    assert result.exit_code == 0
    assert [(one.port, one.log_level, one.profile) for one in served] == [(3, "error", "server")]


def test_a_setting_out_of_range_is_an_error(served: list[Config]) -> None:
    result = CliRunner().invoke(program, ["serve", "--port", "99999"])
    assert (result.exit_code, served) == (1, [])
    assert "the setting port (99999) must be from 0 to 65535" in result.stderr


def test_no_settings_are_the_defaults(served: list[Config], monkeypatch: pytest.MonkeyPatch) -> None:
    assert CliRunner().invoke(program, ["serve"], env={"TIDINGS_CONFIG": None}).exit_code == 0
    assert served == [Config()]
