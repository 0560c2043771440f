"""The closed set of what one may ask of the catalog, as plain values."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from tidings.model.asset import Asset

DeleteType = Literal["DEFAULT", "SOFT", "HARD", "PURGE"]
DELETE_TYPES: tuple[DeleteType, ...] = ("DEFAULT", "SOFT", "HARD", "PURGE")
Tagging = Literal["keep", "append", "replace", "add", "update"]
"""What the tags of a save are to an asset that is there: not looked at; put on or changed; the whole of its own tags;
put on, and it must not have them yet; changed, and it must have them."""
CustomMode = Literal["keep", "merge", "overwrite"]
"""What the custom metadata of a save is to an asset that is there: not looked at; changes to it; the whole of it."""
MOST_ASSETS = 10_000
"""Assets that one save may hold, as the protocol has it."""


class EntityInput(msgspec.Struct, rename="camel", gc=False):
    """One asset as a client sends it; ``attributes`` may hold links as well. Other members are not read."""

    type_name: str | None = None
    guid: str | None = None
    status: str | None = None
    attributes: dict[str, Any] | None = None
    relationship_attributes: dict[str, Any] | None = None
    append_relationship_attributes: dict[str, Any] | None = None
    remove_relationship_attributes: dict[str, Any] | None = None
    classifications: list[Any] | None = None
    business_attributes: dict[str, Any] | None = None
    add_or_update_classifications: list[Any] | None = None
    remove_classifications: list[Any] | None = None


class Target(msgspec.Struct, frozen=True):
    """Which asset is meant: by ``guid``, or by ``type_name`` (or a super-type) and ``qualified_name``."""

    guid: str | None = None
    type_name: str | None = None
    qualified_name: str | None = None


class Save(msgspec.Struct):
    """Create what is not there, update what is.

    ``strict`` refuses attributes that a type does not have; otherwise they are left out and counted. With ``only``
    nothing is created: the one entity is the asset that ``only`` names, or the request fails with UnknownName.
    ``tagging`` and ``custom`` say what tags and custom metadata are meant to be; a new asset takes them in any case.
    """

    entities: list[EntityInput]
    strict: bool = False
    only: Target | None = None
    tagging: Tagging = "keep"
    custom: CustomMode = "keep"


class Delete(msgspec.Struct):
    """Archive (DEFAULT, SOFT) or purge (HARD, PURGE) assets, with what they own.

    ``found`` are assets as the same transaction has just read them, where it need not look for ``targets``; ``ordered``:
    they are children first, as the links have it now.
    """

    targets: list[Target]
    delete_type: DeleteType = "DEFAULT"
    found: list[Asset] = []
    ordered: bool = False

    @property
    def is_purge(self) -> bool:
        return self.delete_type in ("HARD", "PURGE")


class Restore(msgspec.Struct):
    """Make archived assets active again, with what they own."""

    targets: list[Target]


Command = Save | Delete | Restore
