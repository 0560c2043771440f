"""What can differ between the stored state and the wanted one."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import msgspec

from tidings.model.asset import Asset, AssetName, Link
from tidings.model.events import Operation
from tidings.model.tag import Attachment

Origin = Literal["direct", "related", "propagated", "cascade", "restore"]


_OPERATIONS: dict[str, Operation] = {
    "CREATE": "ENTITY_CREATE",
    "CUSTOM": "BUSINESS_ATTRIBUTE_UPDATE",
    "UNTAG": "CLASSIFICATION_DELETE",
    "TAG": "CLASSIFICATION_ADD",
    "UPDATE": "ENTITY_UPDATE",
    "ARCHIVE": "ENTITY_DELETE",
    "PURGE": "ENTITY_DELETE",
}


class Kind:
    """What happens to one asset in one request, in the order in which a request's events stand in the log.

    No ``Enum``: each look at a member of one is a call, and these are looked at for every asset.
    """

    CREATE: ClassVar[Kind]
    CUSTOM: ClassVar[Kind]
    UNTAG: ClassVar[Kind]
    TAG: ClassVar[Kind]
    UPDATE: ClassVar[Kind]
    ARCHIVE: ClassVar[Kind]
    PURGE: ClassVar[Kind]

    __slots__ = ("is_delete", "is_label", "is_tagging", "operation", "place", "value")

    def __init__(self, value: str) -> None:
        self.value = value
        self.is_delete = value in ("ARCHIVE", "PURGE")
        self.is_tagging = value in ("TAG", "UNTAG")
        self.is_label = self.is_tagging or value == "CUSTOM"
        """Only what is said about the asset changes, not what it is."""
        self.operation = _OPERATIONS[value]
        self.place = list(_OPERATIONS).index(value)

    def __repr__(self) -> str:
        return f"Kind.{self.value}"


for _name in _OPERATIONS:
    setattr(Kind, _name, Kind(_name))


class Neighbour(msgspec.Struct, gc=False, frozen=True):
    """The other end of a link that came or went, and the link's own attributes as JSON (or None)."""

    name: AssetName
    encoded: bytes | None = None


class AssetChange(msgspec.Struct, gc=False):
    """One thing that there is to say about one asset: each becomes one event.

    An asset has at most one of each kind in a request, of TAG and UNTAG one for each tag.

    ``attributes`` are those of ``after``, or None where they did not change and nobody has decoded them: see ``shown``.

    ``after`` is the asset as it will be (as it was, but for status and version, when it is purged). ``before`` and
    ``now`` hold only attributes that changed, None for unset; ``stamped`` names those among them that the server
    set by itself. ``linked`` and ``unlinked`` hold, by link attribute, neighbours that came and went.
    ``replaced`` holds the whole new value
    of link attributes that the request set as a whole. ``restored``: it was archived and is active again.
    Of CUSTOM, ``before`` and ``now`` are custom metadata by set and attribute. Of TAG and UNTAG, ``tags`` are what it
    gains or loses; of UPDATE, ``retagged`` are tags of its own before and after they were changed.
    """

    kind: Kind
    origin: Origin
    after: Asset
    attributes: dict[str, Any] | None
    before: dict[str, Any] = {}
    now: dict[str, Any] = {}
    stamped: frozenset[str] = frozenset()
    linked: dict[str, list[Neighbour]] = {}
    unlinked: dict[str, list[Neighbour]] = {}
    replaced: dict[str, list[AssetName]] = {}
    restored: bool = False
    tags: tuple[Attachment, ...] = ()
    retagged: tuple[tuple[Attachment, Attachment], ...] = ()

    @property
    def is_bare(self) -> bool:
        """Whether an update has nothing to tell but that the asset has a new version."""
        return not (self.now or self.linked or self.unlinked or self.restored or self.retagged)

    @property
    def rewrites(self) -> bool:
        """Whether more of the stored asset changes than its version, status and stamps."""
        return bool(self.now)

    @property
    def shown(self) -> dict[str, Any]:
        """The attributes of ``after``, to be passed on: values may be ready JSON (``msgspec.Raw``).

        Decoded at each call where the change does not hold them: a request that touches many assets would otherwise
        keep all their attributes in memory at once.
        """
        return self.after.raw_attributes if self.attributes is None else self.attributes


class TagRows(msgspec.Struct):
    """What changes about who has which tags: attachments that are new or changed, and (asset, attachment) that come and go.

    ``forgotten`` are attachments to be dropped where nobody has them any more.
    """

    attached: list[Attachment] = []
    changed: list[Attachment] = []
    tagged: list[tuple[int, int]] = []
    untagged: list[tuple[int, int]] = []
    forgotten: list[int] = []


class Changes(msgspec.Struct):
    """All that one request changes, in the order in which its events will stand in the log."""

    assets: list[AssetChange] = []
    added: list[Link] = []
    removed: list[Link] = []
    changed: list[Link] = []
    owners: dict[int, Asset] = {}
    """Internal id of an owned asset -> its owner (the glossary of a term), which events show."""
    tags: dict[int, list[Attachment]] = {}
    """Internal id of an asset -> all its tags, as its events show them: its own first."""

    def __bool__(self) -> bool:
        return bool(self.assets)
