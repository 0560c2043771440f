"""Named statements: SQL lives in files, each statement under ``-- name: …``, and nobody glues SQL in Python."""

from __future__ import annotations

import re
from importlib.resources import files

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


class Statements:
    """The statements of one file of ``package``, as attributes: ``sql.assets_by_guid``."""

    def __init__(self, package: str, name: str) -> None:
        text = files(package).joinpath(name).read_text("utf-8")
        parts = _NAME.split(text)[1:]
        self._known = {key: body.strip() for key, body in zip(parts[::2], parts[1::2], strict=True)}
        self.__dict__.update(self._known)  # plain attributes: this is read for every statement that runs

    def __getattr__(self, name: str) -> str:
        raise AttributeError(f"no statement is named {name}")

    def names(self) -> frozenset[str]:
        """Every statement's name; bodies of the store are compared by these."""
        return frozenset(self._known)
