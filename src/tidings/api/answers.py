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
    by_member: dict[bytes, list[bytes]] = {}
    for change in changes:
        by_member.setdefault(_member(change.kind), []).append(_header(change, types, handler))
    return b",".join(b'"%b":[%b]' % (member, b",".join(headers)) for member, headers in by_member.items())


def _member(kind: Kind) -> bytes:
    return b"DELETE" if kind.is_delete else kind.value.encode()


def _header(change: AssetChange, types: TypeRegistry, handler: str) -> bytes:
    if change.kind.is_delete:
        return header_form(change.after, change.shown, b"", b',"deleteHandler":%b' % encode(handler))
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
