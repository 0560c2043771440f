"""A tag on an asset: where it was put, how it spreads, and what it says."""

from __future__ import annotations

import msgspec

from tidings.model.asset import ACTIVE

PURGED = 2
"""Status of a source that is not there any more."""


class Attachment(msgspec.Struct, gc=False, frozen=True):
    """A tag where somebody put it.

    ``id`` is internal; 0 until it is stored. ``source`` is the internal id of the asset that bears it directly and
    ``guid`` that asset's guid, ``status`` the source's (ACTIVE, ARCHIVED, PURGED). ``tag`` is the name of the tag's
    definition (its generated id). ``encoded`` is a JSON object with the members ``attributes`` and ``validityPeriods``,
    each only where it was given. ``gone``: it was taken off, and those who still bear it only wait to hear so.
    """

    id: int
    source: int
    guid: str
    tag: str
    propagate: bool
    remove_on_delete: bool
    restrict_lineage: bool
    restrict_hierarchy: bool
    gone: bool
    encoded: bytes
    status: int = ACTIVE

    @property
    def spreads(self) -> bool:
        """Whether it reaches other assets at the moment."""
        return self.propagate and not self.gone and self.status == ACTIVE

    @property
    def frozen(self) -> bool:
        """Whether those whom it reached keep it although its source is archived or purged."""
        return self.propagate and not self.gone and self.status != ACTIVE and not self.remove_on_delete

    @property
    def form(self) -> bytes:
        """The classification object of the protocol, as JSON."""
        flags = tuple(
            b"true" if flag else b"false"
            for flag in (self.propagate, self.remove_on_delete, self.restrict_lineage, self.restrict_hierarchy)
        )
        more = b"" if self.encoded == b"{}" else b"," + self.encoded[1:-1]
        return (
            b'{"typeName":"%b","entityGuid":"%b","entityStatus":"%b","propagate":%b,'
            b'"removePropagationsOnEntityDelete":%b,"restrictPropagationThroughLineage":%b,'
            b'"restrictPropagationThroughHierarchy":%b%b}'
        ) % (self.tag.encode(), self.guid.encode(), b"DELETED" if self.status else b"ACTIVE", *flags, more)


class Task(msgspec.Struct, frozen=True):
    """Work that takes more than one transaction. ``kind`` and ``subject`` say which; ``encoded`` is a JSON object."""

    kind: str
    subject: str
    encoded: bytes
