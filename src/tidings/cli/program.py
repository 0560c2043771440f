"""The program: its commands, and what becomes of errors."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from tidings.cli.copy import copy
from tidings.cli.crawl import crawl
from tidings.cli.cursors import cursors
from tidings.cli.custom_metadata import cm
from tidings.cli.demo import demo
from tidings.cli.events import events, history
from tidings.cli.get import get
from tidings.cli.glossary import glossary
from tidings.cli.lineage import lineage
from tidings.cli.purge_connection import purge_connection
from tidings.cli.remove import delete, restore
from tidings.cli.retention import retention
from tidings.cli.save import save
from tidings.cli.screen import Screen
from tidings.cli.serve import serve
from tidings.cli.snapshot import snapshot
from tidings.cli.status import status, version
from tidings.cli.tags import tags
from tidings.cli.tail import tail
from tidings.cli.tokens import tokens
from tidings.cli.types import types
from tidings.cli.upkeep import backup, check
from tidings.model.errors import ClientError, TidingsError

INTERRUPTED = 130
COMMANDS: tuple[click.Command, ...] = (
    serve, demo, tail, get, lineage, save, delete, restore, purge_connection, events, history, status, tokens, types, tags,
    cm, glossary, cursors, retention, snapshot, backup, copy, check, crawl, version,
)  # fmt: skip


class Program(click.Group):
    """The commands in the order of the list above; every error ends in one sentence and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [command.name or "" for command in COMMANDS]

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except TidingsError as error:
            ctx.ensure_object(Screen).complain(error)
            ctx.exit(1)
        except BrokenPipeError:
            _leave_stdout()
            ctx.exit(0)
        except OSError as error:
            what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
            ctx.ensure_object(Screen).complain(ClientError(what))
            ctx.exit(1)
        except (KeyboardInterrupt, click.Abort):
            ctx.exit(INTERRUPTED)


@click.version_option(package_name="tidings", prog_name="tidings", message="%(prog)s %(version)s")
@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def program() -> None:
    """Tidings, a metadata catalog that tells you what changed.

    Commands that speak to a server find it by --url or TIDINGS_URL and come in with --token or TIDINGS_TOKEN. On a
    terminal they answer with tables, elsewhere with one JSON object a line.

    Exit codes: 0 done, 1 error, 2 wrong usage, 130 stopped with Ctrl-C.
    """


for _command in COMMANDS:
    program.add_command(_command)


def _leave_stdout() -> None:
    """Nobody reads any more; what is still buffered goes nowhere, so that the end of the program is quiet."""
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


def main() -> None:
    """The command line."""
    program(prog_name="tidings")
