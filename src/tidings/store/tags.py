"""The tags of assets, as several rooms want them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from tidings.model.tag import Attachment
from tidings.store.base import Reader


def tags_of(ids: Collection[int], reader: Reader) -> dict[int, list[Attachment]]:
    """All tags of assets, by internal id, their own first; only for those that have any."""
    pairs = reader.tagged(ids)
    known = {one.id: one for one in reader.attachments({own for _, own in pairs})}
    found: dict[int, list[Attachment]] = defaultdict(list)
    for asset, own in pairs:
        one = known[own]
        found[asset].insert(0 if one.source == asset else len(found[asset]), one)
    return dict(found)
