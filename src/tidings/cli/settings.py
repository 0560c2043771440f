"""Options made of the settings, so that each is explained once, in ``config.py``."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from tidings.config import Config, load, variable


def settings_options(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Adds an option for each of these settings (all, without names) and ``--config``; passes one Config."""
    chosen = [one for one in fields(Config) if not names or one.name in names]

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def with_config(*args: Any, config_file: Path | None, **options: Any) -> Any:
            overrides = {one.name: options.pop(one.name) for one in chosen}
            return command(*args, config=load(overrides, os.environ, config_file), **options)

        wrapped: Callable[..., Any] = _config_option(with_config)
        for one in reversed(chosen):
            wrapped = _option(one.name, type(one.default), one.default, one.metadata["help"])(wrapped)
        return wrapped

    return add


_config_option = click.option(
    "--config", "config_file", type=click.Path(dir_okay=False, path_type=Path), envvar="TIDINGS_CONFIG",
    show_envvar=True, metavar="FILE", help="Settings from a TOML file; options and environment win over it.",
)  # fmt: skip


def _option(
    name: str, kind: type, default: Any, explanation: str
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    shown = f"  [env: {variable(name)}; default: {default}]" if default != "" else f"  [env: {variable(name)}]"
    return click.option(f"--{name.replace('_', '-')}", name, type=kind, default=None, help=explanation + shown)
