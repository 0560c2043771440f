"""The program as a whole: help, wrong usage, and what becomes of errors."""

from __future__ import annotations

import builtins
import json
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import click
import pytest
from click.testing import CliRunner

from tidings.cli import program as program_module
from tidings.cli.crawl import load_crawler
from tidings.cli.program import COMMANDS, INTERRUPTED, program
from tidings.cli.screen import Screen
from tidings.model.errors import ConfigError, NotFound

NOBODY = {"TIDINGS_URL": "http://127.0.0.1:1", "TIDINGS_TOKEN": "nobody-listens"}


def raising(error: BaseException) -> click.Command:
    def fail() -> None:
        raise error

    return click.Command("fail", callback=fail)


def run_failing(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    monkeypatch.setitem(program.commands, "fail", raising(error))
    result = CliRunner().invoke(program, ["fail"])
    assert result.stdout == ""
    return result.exit_code, result.stderr


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (NotFound("there is no such thing"), 1, "error: there is no such thing\n"),
        (OSError(13, "Permission denied", "there.json"), 1, "error: there.json: Permission denied\n"),
        (OSError("odd"), 1, "error: odd\n"),
        (KeyboardInterrupt(), INTERRUPTED, ""),
        (click.Abort(), INTERRUPTED, ""),
    ],
)
def test_an_error_is_a_sentence_and_an_exit_code(
    error: BaseException, code: int, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_failing(error, monkeypatch) == (code, told)


def test_a_pipe_that_nobody_reads_ends_the_program_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[bool] = []
    monkeypatch.setattr(program_module, "_leave_stdout", lambda: left.append(True))
    assert run_failing(BrokenPipeError(), monkeypatch) == (0, "")
    assert left == [True]


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [(["statsu"], "status"), (["tail", "--operaton", "x"], "--operation"), (["tokens", "ad"], "add")],
)
def test_a_wrong_word_names_the_nearest(arguments: Sequence[str], hint: str) -> None:
    result = CliRunner().invoke(program, arguments)
    assert result.exit_code == 2
    assert hint in result.stderr


def test_help_lists_every_command_with_a_whole_sentence() -> None:
    shown = CliRunner().invoke(program, ["--help"]).stdout
    for command in COMMANDS:
        assert f"  {command.name} " in shown
    assert "..." not in shown.partition("Commands:")[2]
    assert CliRunner().invoke(program, ["tail", "-h"]).exit_code == 0


@pytest.mark.parametrize("command", [["status"], ["tail"], ["get", "g"], ["tokens", "list"], ["save", "-"]])
def test_a_server_that_is_not_there(command: Sequence[str]) -> None:
    result = CliRunner().invoke(program, command, env=NOBODY, input="[{}]")
    assert result.exit_code == 1
    assert "start it with: tidings serve" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_token_has_to_be_given() -> None:
    result = CliRunner().invoke(program, ["status"], env={"TIDINGS_TOKEN": None})
    assert result.exit_code == 2
    assert "--token or in TIDINGS_TOKEN" in " ".join(result.stderr.split())


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["delete"], "name the assets"),
        (["restore"], "name the assets"),
        (["get", "Table", "a", "b"], "give one guid, or a type and a qualifiedName"),
        (["events", "--since", "yesterday"], "is no time"),
        (["events", "--operation", "explode"], "is not one of"),
    ],
)
def test_wrong_usage_is_2(command: Sequence[str], told: str) -> None:
    result = CliRunner().invoke(program, command, env=NOBODY)
    assert result.exit_code == 2
    assert told in result.stderr


def test_version_for_people_and_programs() -> None:
    number = version("tidings")
    assert json.loads(CliRunner().invoke(program, ["version"]).stdout) == {"version": number}
    assert CliRunner().invoke(program, ["version"], obj=Screen(people=True)).stdout == f"tidings {number}\n"
    assert CliRunner().invoke(program, ["--version"]).stdout == f"tidings {number}\n"
    forced = CliRunner().invoke(program, ["version", "--json"], obj=Screen(people=True))
    assert json.loads(forced.stdout) == {"version": number}


def test_crawling_without_its_dependency_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    original = builtins.__import__

    def without(name: str, globals: Mapping[str, Any] | None = None, *rest: Any) -> Any:
        if name == "tidings.crawl":
            raise ModuleNotFoundError("No module named 'sqlalchemy'", name="sqlalchemy")
        return original(name, globals, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigError, match=r"needs sqlalchemy.*pip install 'tidings\[crawl\]'"):
        load_crawler()


def test_main_is_the_program(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    monkeypatch.setattr(sys, "argv", ["tidings", "version", "--json"])
    with pytest.raises(SystemExit) as caught:
        program_module.main()
    assert caught.value.code == 0
    assert b"version" in capfdbinary.readouterr().out
