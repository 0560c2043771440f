"""Lineage: which way data flows over a process, walking along it, and which assets have any."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

import msgspec

from tidings.model.asset import ACTIVE, Asset
from tidings.model.registry import HAS_LINEAGE, AssetType, TypeRegistry
from tidings.store.base import Reader

Direction = Literal["INPUT", "OUTPUT"]
"""The protocol's words: towards what something was made of, or towards what was made of it."""
Names = frozenset[str]
Step = Callable[[Collection[int]], Iterable[int]]
"""One step from several assets: everything that is reached, as often as it likes."""
Sift = Callable[[list[int]], list[int]]
"""Those of several assets that a walk may show and go on from, in the same order."""

_MEMBER = b'"%b":true' % HAS_LINEAGE.encode()


class Flow(NamedTuple):
    """The relationships between a process and what it reads or writes: those where it is end 1, those where it is end 2."""

    inputs: tuple[Names, Names]
    outputs: tuple[Names, Names]

    def along(self, direction: Direction) -> tuple[Names, Names]:
        """Relationships to follow from end 1 to end 2, and from end 2 to end 1."""
        ahead = self.inputs[0] | self.outputs[1], self.inputs[1] | self.outputs[0]
        return ahead if direction == "INPUT" else (ahead[1], ahead[0])


def flow_of(types: TypeRegistry) -> Flow:
    """The flow that these types define."""
    known: Flow | None = types.memo.get(Flow)
    if known is None:
        known = types.memo[Flow] = Flow(_processes(types, "inputs"), _processes(types, "outputs"))
    return known


def _processes(types: TypeRegistry, end: str) -> tuple[Names, Names]:
    known = [types.relationship(name) for name in types.lineage]
    first = frozenset(one.name for one in known if one.end1.name == end)
    return first, frozenset(one.name for one in known if one.end2.name == end) - first


def is_process(asset_type: AssetType) -> bool:
    """Whether assets of a type read and write others."""
    found = asset_type.memo.get(Flow)
    if found is None:
        found = asset_type.memo[Flow] = "inputs" in asset_type.links and "outputs" in asset_type.links
    return bool(found)


def levels(start: int, step: Step, hops: int, sift: Sift = list) -> Iterator[list[int]]:
    """Breadth first: what is one step from ``start``, then what is two steps from it and no less, up to ``hops``. Pure.

    Each asset comes once, on its shortest way, so that cycles end by themselves; a level is in the order of ids. What
    ``sift`` leaves out is not gone on from. Nothing is asked before it is wanted.
    """
    seen = {start}
    level = [start]
    while level and hops > 0:
        fresh = set(step(level)) - seen
        seen |= fresh
        level = sift(sorted(fresh))
        hops -= 1
        if level:
            yield level


def depth_of(hop: int, from_process: bool) -> int:
    """How many processes deep a step leads: a process and what lies behind it are of one depth."""
    return (hop + 2) // 2 if from_process else (hop + 1) // 2


def hops_of(depth: int, from_process: bool) -> int:
    """How many steps there are to a depth."""
    return max(0, 2 * depth - 1 if from_process else 2 * depth)


def steps(direction: Direction, types: TypeRegistry, reader: Reader) -> Step:
    """One step over active assets, in one call of the store whatever their number."""
    ahead, behind = flow_of(types).along(direction)
    return lambda ids: (to for _, _, to in reader.neighbours(ids, ahead, behind))


def with_lineage(ids: Collection[int], types: TypeRegistry, reader: Reader) -> set[int]:
    """Those of ``ids`` that have lineage: a process that reads and writes something, and whatever it reads and writes."""
    flow = flow_of(types)
    return reader.with_lineage(ids, flow.inputs, flow.outputs)


def showing_lineage(assets: Sequence[Asset], types: TypeRegistry, reader: Reader) -> list[Asset]:
    """The assets as readers see them: with ``__hasLineage`` among the attributes of those that have it."""
    having = with_lineage([asset.id for asset in assets if asset.status == ACTIVE], types, reader)
    return [_showing(asset, types.type(asset.type_name), asset.id in having) for asset in assets]


def _showing(asset: Asset, asset_type: AssetType, has_lineage: bool) -> Asset:
    encoded = asset.encoded
    if HAS_LINEAGE.encode() in encoded:  # a client's word from before it was the server's to say
        kept = {name: value for name, value in asset.raw_attributes.items() if name != HAS_LINEAGE}
        encoded = msgspec.json.encode(kept)
    if has_lineage and HAS_LINEAGE in asset_type.attributes:
        encoded = encoded[:-1] + (b"," if encoded != b"{}" else b"") + _MEMBER + b"}"
    return asset if encoded is asset.encoded else msgspec.structs.replace(asset, encoded=encoded)
