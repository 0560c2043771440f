"""``tidings serve``: the server."""

from __future__ import annotations

import click

from tidings import wiring, workers
from tidings.cli.settings import settings_options
from tidings.config import Config


@click.command()
@settings_options()
def serve(config: Config) -> None:
    """Run the server, until Ctrl-C or SIGTERM.

    Everything can be set by option, by environment variable or in a TOML file; what comes first in this list wins.
    """
    if config.workers > 1:
        workers.serve(config)
    else:
        wiring.serve(config)
