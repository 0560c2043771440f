"""A save in terms of assets: every draft with the asset that it is, every reference with the asset it means."""

from __future__ import annotations

import msgspec

from tidings.model.asset import ACTIVE, Asset, AssetName
from tidings.model.registry import AssetType, LinkAttribute
from tidings.write.check import Draft


class End(msgspec.Struct, frozen=True, gc=False):
    """A resolved reference: the asset at the other end, and the link's own attributes if they were spoken of."""

    name: AssetName
    encoded: bytes | None


class WantedLinks(msgspec.Struct, gc=False):
    """A link wish with every reference resolved."""

    link: LinkAttribute
    replace: list[End] | None
    append: list[End]
    remove: list[End]


class Wish(msgspec.Struct, gc=False):
    """A draft and the asset that it is. ``stored`` is None for an asset that is to be created.

    ``follows``: the request did not send it; what it belongs to took it along.
    """

    draft: Draft
    type: AssetType
    name: AssetName
    stored: Asset | None
    links: list[WantedLinks] = []
    follows: bool = False
    along: bool = False
    """Its owner is restored by the same request, and takes it along."""

    @property
    def restores(self) -> bool:
        return (self.draft.restore or self.along) and self.stored is not None and self.stored.status != ACTIVE


class Resolution(msgspec.Struct):
    """A save in terms of assets. ``assigned`` maps placeholders to guids, for the answer.

    ``stored`` holds every stored asset that the request names, by id.
    """

    wishes: list[Wish]
    assigned: dict[str, str]
    stored: dict[int, Asset]
