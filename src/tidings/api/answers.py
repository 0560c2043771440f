"""A receipt as the protocol's answer («Response» of its save and delete calls)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tidings.model.asset import ACTIVE
from tidings.model.changes import AssetChange, Kind
from tidings.model.events import encode, would_be
from tidings.model.registry import TypeRegistry
from tidings.read.assets import header_form, reference_form
from tidings.write.submit import Receipt


def receipt_form(receipt: Receipt, *, dry_run: bool, handler: str = "") -> bytes:
    """``mutatedEntities`` by kind, ``guidAssignments``, and for a dry run the events there would have been.

    What did not change is in none of them; where nothing changed, ``mutatedEntities`` is empty.
    """
    members = [b'"mutatedEntities":{%b}' % _mutated(receipt.changes.assets, receipt.types, handler)]
    if receipt.assigned:
        members.append(b'"guidAssignments":' + encode(receipt.assigned))
    if dry_run:
        members.append(b'"dryRun":true,"events":[%b]' % b",".join(map(would_be, receipt.events)))
    return b"{%b}" % b",".join(members)


def _mutated(changes: Iterable[AssetChange], types: TypeRegistry, handler: str) -> bytes:
    """Each asset once, under what happened to it as a whole; whom only a tag from elsewhere reached is not listed."""
    found: dict[int, AssetChange] = {}
    for change in changes:
        if change.origin != "propagated" and _weight(change) > _weight(found.get(change.after.id)):
            found[change.after.id] = change
    by_member: dict[bytes, list[bytes]] = {}
    for change in found.values():
        by_member.setdefault(_member(change.kind), []).append(_header(change, types, handler))
    return b",".join(b'"%b":[%b]' % (member, b",".join(headers)) for member, headers in by_member.items())


def _weight(change: AssetChange | None) -> int:
    """What tells most of an asset: that it came or went, else its own change, else that its labels changed."""
    if change is None:
        return 0
    return 1 if change.kind.is_label else 2 if change.kind is Kind.UPDATE else 3


def _member(kind: Kind) -> bytes:
    if kind.is_delete:
        return b"DELETE"
    return b"CREATE" if kind is Kind.CREATE else b"UPDATE"


def _header(change: AssetChange, types: TypeRegistry, handler: str) -> bytes:
    if change.kind.is_delete:
        return header_form(change.after, change.shown, b"", b',"deleteHandler":%b' % encode(handler))
    if change.kind is not Kind.CREATE and change.kind is not Kind.UPDATE:
        return header_form(change.after, change.shown)
    asset_type = types.type(change.after.type_name)
    more: dict[str, Any] = {
        name: [] for name, value in change.now.items() if value is None and asset_type.attributes[name].unset == []
    }
    for name, neighbours in change.linked.items():
        references = [reference_form(one.name) for one in neighbours]
        more[name] = references[0] if asset_type.links[name].single else references
    for name, names in change.replaced.items():
        references = [reference_form(one) for one in names if one.status == ACTIVE]
        more[name] = (references[0] if references else None) if asset_type.links[name].single else references
    return header_form(change.after, change.shown, b"," + encode(more)[1:-1] if more else b"")
