"""The files under deploy/, read by what reads them."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def text(name: str) -> str:
    return (DEPLOY / name).read_text("utf-8")


def compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(text("compose.yaml"))
    return read


def instructions() -> list[tuple[str, str]]:
    """The container file's instructions with what they say, each on one line."""
    joined = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", text("Containerfile"), flags=re.M))
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in joined.splitlines() if line)]


def said(instruction: str) -> list[str]:
    return [rest for word, rest in instructions() if word == instruction]


def healthcheck() -> list[str]:
    """The container's check as a command."""
    [check] = said("HEALTHCHECK")
    command: list[str] = json.loads(check.partition("CMD ")[2])
    return command


def unit() -> dict[str, list[str]]:
    """The systemd unit: each key with its values."""
    found: dict[str, list[str]] = {}
    for key, value in re.findall(r"^(\w+)=(.*)$", text("tidings.service"), re.M):
        found.setdefault(key, []).append(value)
    return found


def variables(name: str) -> dict[str, str]:
    """The variables of an example of an environment file, also those that are commented out."""
    return dict(re.findall(r"^#?([A-Z_]+)=(.*)$", text(name), re.M))


def seconds(duration: str) -> float:
    """A duration as nginx, compose and systemd write it."""
    number, unit_ = re.fullmatch(r"(\d+)([smh]?)", duration).groups()  # type: ignore[union-attr]  # fails the test
    return float(number) * {"": 1, "s": 1, "m": 60, "h": 3600}[unit_]
