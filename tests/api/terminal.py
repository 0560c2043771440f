"""The commands as they are typed, in this process: against a real server, for a program or for people."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tidings.cli.program import program
from tidings.cli.screen import Screen
from tidings.client import Client
from tidings.testing import TOKEN

Run = Callable[..., Result]


def invoke(*arguments: str, url: str | None = None, people: bool = False, code: int = 0, **more: Any) -> Result:
    """Run a command against the server at ``url``, which has to end with ``code``; ``people`` read it as on a terminal."""
    screen = Screen(people=True, width=160) if people else None
    if url is not None:
        more["env"] = {"TIDINGS_URL": url, "TIDINGS_TOKEN": TOKEN}
    result = CliRunner().invoke(program, arguments, obj=screen, **more)
    assert result.exit_code == code, result.output
    return result


def lines(result: Result) -> list[dict[str, Any]]:
    """What a program was told."""
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def run(client: Client) -> Run:
    """``invoke`` against the test's own server."""
    return partial(invoke, url=str(client.base_url))
