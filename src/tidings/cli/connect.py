"""The connection options that every command for a running server has."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click

from tidings.client import DEFAULT_URL, Client
from tidings.model.errors import ClientError

HOW_TO_COME_IN = (
    "a token is needed: give one with --token or in TIDINGS_TOKEN. A server shows the first admin token of a new "
    "catalog when it starts; «tidings tokens add» makes more."
)


def connected(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds ``--url`` and ``--token``, and passes an open Client as first argument."""

    @click.option("--url", envvar="TIDINGS_URL", default=DEFAULT_URL, show_default=True, show_envvar=True, metavar="URL",
                  help="Where the server is.")  # fmt: skip
    @click.option("--token", envvar="TIDINGS_TOKEN", default="", show_envvar=True, metavar="TOKEN",
                  help="Who you are to the server.")  # fmt: skip
    @functools.wraps(command)
    def with_client(*args: Any, url: str, token: str, **options: Any) -> Any:
        if not token.strip():
            raise click.UsageError(HOW_TO_COME_IN)
        with Client(url, token) as client:
            return _hinted(lambda: command(client, *args, **options))

    return with_client


def _hinted(work: Callable[[], Any]) -> Any:
    """The same work; where the server does not know the token, the error says where tokens come from."""
    try:
        return work()
    except ClientError as error:
        if error.http_status != 401:
            raise
        told = f"{error}; check --token or TIDINGS_TOKEN"
        raise ClientError(told, error.problems, error.http_status, error.server_code) from error
