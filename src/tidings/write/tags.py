"""What becomes of an asset's own tags: stored x wanted -> tags that come, go and change. Pure.

Where a tag goes from there is ``propagate.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from tidings.model.errors import InvalidTag, Problem
from tidings.model.events import decode, encode
from tidings.model.registry import TypeRegistry
from tidings.model.tag import Attachment
from tidings.write.check_tags import TagItem, TagRemoval
from tidings.write.wishes import Wish

DEFAULTS = {"propagate": True, "remove_on_delete": True, "restrict_lineage": False, "restrict_hierarchy": False}
"""Flags of a new tag that did not name them, as the protocol's server has them."""


class TagDelta(msgspec.Struct):
    """What becomes of one asset's tags.

    ``attached`` have no id yet. ``released`` came from elsewhere, from an asset that is archived or purged.
    """

    attached: list[Attachment] = []
    detached: list[Attachment] = []
    changed: list[tuple[Attachment, Attachment]] = []
    released: list[Attachment] = []

    def __bool__(self) -> bool:
        return bool(self.attached or self.detached or self.changed or self.released)


UNTAGGABLE = ("AtlasGlossary", "AtlasGlossaryCategory", "DataDomain")
"""Types that bear no tags of their own (the protocol's server refuses them too)."""


def tag_delta(wish: Wish, held: Iterable[Attachment], types: TypeRegistry) -> TagDelta:
    """What the wish changes, given every tag that the asset has.

    Raises InvalidTag where it may not have a tag, has it already, has it not, or has it only from an asset that is there.
    """
    return _Weaver(wish, held, types).run()


class _Weaver:
    def __init__(self, wish: Wish, held: Iterable[Attachment], types: TypeRegistry) -> None:
        self.wish = wish
        self.types = types
        self.held = list(held)
        self.own = {one.tag: one for one in self.held if one.source == wish.name.id and not one.gone}
        self.taken: set[str] = set()
        self.delta = TagDelta([], [], [], [])

    def run(self) -> TagDelta:
        tags = self.wish.draft.tags
        if tags is None:
            return self.delta
        how = "append" if self.wish.stored is None else tags.how
        if how == "replace":
            wanted = {item.tag for item in (*tags.items, *tags.upserts) if not self._is_a_copy(item)}
            self.delta.detached += [one for one in self.own.values() if one.tag not in wanted]
        kept = {item.tag for item in (*(tags.items if how != "keep" else ()), *tags.upserts)}
        for removal in tags.removals:
            if removal.tag not in kept:  # where a request says both, keeping it wins, as it does for links
                self._remove(removal)
        for item in tags.items if how != "keep" else ():
            self._take(item, how)
        for item in tags.upserts:
            self._take(item, "append")
        return self.delta

    def _is_a_copy(self, item: TagItem) -> bool:
        """Whether it is one that came from elsewhere, sent back as it was read."""
        if item.source in (None, self.wish.name.guid) or self.wish.stored is None:
            return False
        # A save may come after the tag has gone from there: it is that asset's tag all the same, not this one's.
        by_call = self.wish.draft.tags is not None and self.wish.draft.tags.how in ("add", "update")
        return not by_call or any(one.tag == item.tag and one.guid == item.source for one in self.held)

    def _take(self, item: TagItem, how: str) -> None:
        if item.tag in self.taken or self._is_a_copy(item):
            return  # said twice in one request: the protocol drops the second in silence
        self.taken.add(item.tag)
        stored = self.own.get(item.tag)
        if stored is None:
            if how == "update":
                self._fault(item, f"has no tag {item.label} of its own to be changed; add it first")
            self._check_type(item)
            self.delta.attached.append(self._attached(item))
            return
        if how == "add":
            self._fault(item, f"is already associated with the tag {item.label}; change it with an update")
        changed = _changed(stored, item, whole=how == "replace")
        if changed.restrict_lineage and changed.restrict_hierarchy:
            self._fault(
                item, f"would keep the tag {item.label} from lineage and from hierarchy: set propagate to false"
            )
        if changed != stored:
            self.delta.changed.append((stored, changed))

    def _check_type(self, item: TagItem) -> None:
        """Here and not in ``check``: an asset named by its guid alone has its type from the catalog."""
        asset_type, wanted = self.wish.type, self.types.tag(item.tag).entity_types
        for name in UNTAGGABLE:
            if asset_type.is_a(name):
                self._fault(item, f"is a {name}, which bears no tags; put {item.label} on what it holds")
        if wanted and not any(asset_type.is_a(name) for name in wanted):
            self._fault(item, f"is a {asset_type.name}; the tag {item.label} may be put on {', '.join(wanted)} only")

    def _attached(self, item: TagItem) -> Attachment:
        name = self.wish.name
        encoded = _encoded(item.attributes or {}, item.periods)
        return Attachment(0, name.id, name.guid, item.tag, **{**DEFAULTS, **item.flags}, gone=False, encoded=encoded)

    def _remove(self, removal: TagRemoval) -> None:
        if removal.source in (None, self.wish.name.guid) and removal.tag in self.own:
            self.delta.detached.append(self.own.pop(removal.tag))
            return
        from_there = [
            one for one in self.held
            if one.tag == removal.tag and one.source != self.wish.name.id and removal.source in (None, one.guid)
        ]  # fmt: skip
        if not from_there:
            self._fault(removal, f"does not have the tag {removal.label}")
        live = [one for one in from_there if one.spreads]
        if live:
            self._fault(removal, f"has the tag {removal.label} from {live[0].guid}; take it off there")
        self.delta.released += from_there

    def _fault(self, item: TagItem | TagRemoval, what: str) -> None:
        name = self.wish.name
        message = f"{name.type_name} {name.qualified_name} {what}"
        raise InvalidTag(message, [Problem(item.location, message)])


def _changed(stored: Attachment, item: TagItem, *, whole: bool) -> Attachment:
    body = decode(stored.encoded)
    attributes, periods = body.get("attributes", {}), body.get("validityPeriods")
    if item.attributes is not None:
        attributes = item.attributes if whole else attributes | item.attributes
    if item.periods is not None:
        periods = item.periods
    encoded = _encoded(attributes, periods)
    return msgspec.structs.replace(stored, **item.flags, encoded=encoded)


def _encoded(attributes: Mapping[str, Any], periods: list[Any] | None) -> bytes:
    """What a tag says for itself, without what is unset."""
    kept = {key: attributes[key] for key in sorted(attributes) if attributes[key] is not None}
    return encode({**({"attributes": kept} if kept else {}), **({"validityPeriods": periods} if periods else {})})
