"""What is to be done with assets of one type that are sent with the same keys: worked out once, since those of one crawl look
alike, and held against their types by one call each. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from tidings.model.registry import AssetType, Attribute

STATE = "__state"
"""A key among attributes that is none: the asset's status."""
_PLANS_KEPT = 500
"""Of one type."""
_STRANGE_KEPT = 1_000
"""Characters in keys that mean nothing to the type, up to which a plan is kept: clients may send any."""


Step = tuple[str, Attribute | None]


class Plan(msgspec.Struct):
    """``every`` are the keys that mean something, each with its attribute or, for a link, None; ``exact`` those attributes
    whose values are canonical where msgspec takes them, so that one call checks them all, and ``others`` all the rest.
    ``unset`` are values that stand for «unset», ``lists`` the arrays, and whether duplicates do not count in them; both of
    ``exact``.
    ``unknown`` are keys that mean nothing. ``kept`` are all attributes in the order of their JSON; ``left`` what to take out
    of the request's own mapping to have just that, None where it has another order.
    """

    every: tuple[Step, ...]
    exact: tuple[Attribute, ...]
    others: tuple[Step, ...]
    unset: tuple[tuple[str, Any], ...]
    lists: tuple[tuple[str, bool], ...]
    unknown: tuple[str, ...]
    kept: tuple[str, ...]
    left: tuple[str, ...] | None
    used: bool = False
    values: type | None = None
    """The values of ``exact`` as msgspec has them; made when these keys come a second time, since it costs much more than
    to look at each value once."""
    nullable: type | None = None
    """The same with null for any of them; made when it is needed."""

    def fits(self, given: Mapping[str, Any]) -> tuple[bool, bool]:
        """Whether all values of ``exact`` are canonical as they are; and whether they are, but for those that are null."""
        if self.values is None:
            if not self.used:
                self.used = True
                return False, False
            self.values = _structure({one.name: one.value_type.exact for one in self.exact})
        if _fits(given, self.values):
            return True, True
        if self.nullable is None:
            self.nullable = _structure({one.name: one.value_type.exact | None for one in self.exact})
        return False, _fits(given, self.nullable)


def plan_for(asset_type: AssetType, keys: tuple[str, ...]) -> Plan:
    """The plan of assets of this type that are sent with these keys."""
    plans: dict[tuple[str, ...], Plan] = asset_type.memo.setdefault("plans", {})
    known = plans.get(keys)
    if known is None:
        known = _work_out(asset_type, keys)
        if sum(map(len, known.unknown)) <= _STRANGE_KEPT:
            if len(plans) >= _PLANS_KEPT:
                plans.clear()
            plans[keys] = known
    return known


def _work_out(asset_type: AssetType, keys: tuple[str, ...]) -> Plan:
    attributes, links = asset_type.attributes, asset_type.links
    sent = [key for key in keys if key not in asset_type.stamped]
    known: list[Step] = [(key, attributes.get(key)) for key in sent if key in attributes or key in links]
    # Attributes that events hide go last, so that an event's part of the JSON is its beginning.
    every = sorted(known, key=lambda step: step[1] is not None and not step[1].definition.flagged)
    kept = tuple(key for key, one in every if one is not None)
    exact = tuple(one for _, one in every if one is not None and one.value_type.exact is not None)
    return Plan(
        every=tuple(every),
        exact=exact,
        others=tuple((key, one) for key, one in every if one is None or one.value_type.exact is None),
        unset=tuple(pair for one in exact for pair in _unset(one)),
        lists=tuple((one.name, one.value_type.unordered) for one in exact if one.value_type.unset == []),
        unknown=tuple(key for key in sent if key not in attributes and key not in links and key != STATE),
        kept=kept,
        left=tuple(key for key in keys if key not in kept) if kept == tuple(filter(kept.__contains__, keys)) else None,
    )


def _structure(types: Mapping[str, Any]) -> type:
    fields = [(f"_{index}", value_type) for index, value_type in enumerate(types.values())]
    names = {f"_{index}": name for index, name in enumerate(types)}
    return msgspec.defstruct("Structure", fields, rename=names, gc=False)


def _fits(given: Mapping[str, Any], structure: type) -> bool:
    try:
        msgspec.convert(given, structure)
    except msgspec.ValidationError:
        return False
    return True


def _unset(attribute: Attribute) -> Iterable[tuple[str, Any]]:
    """What stands for «unset», with the attribute's name; an empty list does whatever the default is."""
    values = [attribute.unset]
    if attribute.value_type.unset == [] and attribute.unset != []:
        values.append([])
    return [(attribute.name, value) for value in values if value is not None]
