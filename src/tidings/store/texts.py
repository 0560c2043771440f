"""Texts that no body of the store keeps, refused in one place so that the bodies do not differ."""

from __future__ import annotations

from collections.abc import Iterable

from tidings.model.asset import Asset
from tidings.model.errors import InvalidValue


def refuse_zero(what: str, text: str) -> None:
    """Raises InvalidValue where ``text`` holds U+0000, which PostgreSQL cannot store. ``what`` names it to people."""
    if "\0" in text:
        shown = text.replace("\0", "\\u0000")
        raise InvalidValue(f"{what} {shown[:200]!r} holds the character U+0000, which cannot be stored")


def refuse_zeros(assets: Iterable[Asset]) -> None:
    """The same for everything of assets that is kept as a text."""
    every = list(assets)
    # One look at all of them together: this is asked for every asset that is written.
    if "\0" not in "".join([f"{one.qualified_name}{one.updated_by}{one.connection}" for one in every]):
        return
    for one in every:
        refuse_zero("the qualifiedName", one.qualified_name)
        refuse_zero("the user's name", one.updated_by)
        refuse_zero(f"{one.qualified_name}: the connectionQualifiedName", one.connection or "")
