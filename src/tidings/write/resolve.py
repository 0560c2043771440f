"""Names and placeholders -> assets: which stored asset each draft is, or that it is new, and what its links point at."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from tidings.model.asset import ACTIVE, Asset, AssetName, name_of
from tidings.model.errors import (
    Conflict,
    DuplicateIdentity,
    InvalidReference,
    MissingAttribute,
    Problem,
    UnknownGuid,
    UnknownName,
)
from tidings.model.ids import is_guid, new_guids
from tidings.model.registry import AssetType, LinkAttribute, TypeRegistry
from tidings.store.base import Reader, Transaction
from tidings.write.check import Draft, Reference, is_placeholder
from tidings.write.commands import Target
from tidings.write.wishes import End, Resolution, WantedLinks, Wish

Named = TypeVar("Named", Asset, AssetName)


def resolve(drafts: list[Draft], only: Target | None, types: TypeRegistry, tx: Transaction) -> Resolution:
    """Find or make the asset behind each draft, then what its links mean.

    Raises UnknownGuid or UnknownName for what is not there, Conflict or DuplicateIdentity where names clash,
    MissingAttribute for a new asset without its mandatory attributes, InvalidReference for links of the wrong type.
    """
    wishes = _identify(drafts, only, types, tx)
    assigned = {
        wish.draft.guid: wish.name.guid for wish in wishes if wish.draft.guid and wish.draft.guid != wish.name.guid
    }
    _Finder(wishes, types, tx).resolve_links()
    return Resolution(wishes, assigned)


def _identify(drafts: list[Draft], only: Target | None, types: TypeRegistry, tx: Transaction) -> list[Wish]:
    names = {draft.qualified_name for draft in drafts if draft.qualified_name is not None}
    guids = {draft.guid for draft in drafts if draft.guid is not None and is_guid(draft.guid)}
    if only is not None:
        names |= {only.qualified_name} if only.qualified_name else set()
        guids |= {only.guid} if only.guid else set()
    by_name: dict[str, list[Asset]] = {}
    for asset in tx.assets_by_name(names):
        by_name.setdefault(asset.qualified_name, []).append(asset)
    by_guid = {asset.guid: asset for asset in tx.assets_by_guid(guids)}
    found = [
        _only(draft, only, by_name, by_guid, types) if only else _stored(draft, by_name, by_guid, types)
        for draft in drafts
    ]
    _refuse_duplicates(drafts, found)
    created = [draft for draft, stored in zip(drafts, found, strict=True) if stored is None]
    for draft in created:
        _check_mandatory(draft)
    fresh = iter(zip(tx.new_ids(len(created)), new_guids(len(created)), strict=True))
    return [
        _wish(draft, types.type(stored.type_name), name_of(stored), stored)
        if stored
        else _wish(
            draft, draft.type, AssetName(*next(fresh), draft.type.name, draft.qualified_name or "", ACTIVE), None
        )
        for draft, stored in zip(drafts, found, strict=True)
    ]


def _wish(draft: Draft, asset_type: AssetType, name: AssetName, stored: Asset | None) -> Wish:
    wish = Wish(draft, asset_type, name, stored)
    if wish.restores:
        name.status = ACTIVE
    return wish


def _only(
    draft: Draft, only: Target, by_name: dict[str, list[Asset]], by_guid: dict[str, Asset], types: TypeRegistry
) -> Asset:
    if only.guid is not None:
        if only.guid not in by_guid:
            raise UnknownGuid(only.guid)
        return by_guid[only.guid]
    type_name, qualified_name = only.type_name or draft.type.name, only.qualified_name or ""
    stored = one_of_type(by_name.get(qualified_name, ()), type_name, qualified_name, types)
    if stored is None:
        raise UnknownName(type_name, qualified_name)
    return stored


def _stored(
    draft: Draft, by_name: dict[str, list[Asset]], by_guid: dict[str, Asset], types: TypeRegistry
) -> Asset | None:
    """The asset that a draft means: by name first, as the protocol has it, else by guid."""
    named = None
    if draft.qualified_name is not None:
        named = one_of_type(by_name.get(draft.qualified_name, ()), draft.type.name, draft.qualified_name, types)
    if draft.guid is None or is_placeholder(draft.guid):
        return named
    known = by_guid.get(draft.guid)
    if known is None:
        if named is None:
            raise UnknownGuid(draft.guid, [Problem(f"{draft.location}.guid", "unknown")], _how_to_create(draft))
        return named
    if named is not None and named.guid != known.guid:
        raise Conflict(
            f"{draft.label}: the guid is that of {known.type_name} {known.qualified_name}, the qualifiedName that of "
            f"{named.guid}; send the one or the other"
        )
    if not types.type(known.type_name).is_a(draft.type.name):
        raise Conflict(
            f"{draft.label}: {known.guid} is a {known.type_name}, not a {draft.type.name}; send its own typeName"
        )
    return known


def _how_to_create(draft: Draft) -> str:
    return f" ({draft.label}; to create an asset, leave out the guid or send a placeholder such as -1)"


def one_of_type(found: Iterable[Named], type_name: str, qualified_name: str, types: TypeRegistry) -> Named | None:
    """The one among assets of one qualifiedName that is of a type, else the one below it; Conflict where several are."""
    below = []
    for one in found:
        if one.type_name == type_name:
            return one
        if types.type(one.type_name).is_a(type_name):
            below.append(one)
    if len(below) > 1:
        kinds = ", ".join(sorted(one.type_name for one in below))
        raise Conflict(f"{type_name} {qualified_name} could be any of {kinds}; send the exact typeName")
    return below[0] if below else None


def _refuse_duplicates(drafts: list[Draft], found: list[Asset | None]) -> None:
    seen: dict[object, Draft] = {}
    for draft, stored in zip(drafts, found, strict=True):
        name = (
            stored.type_name if stored else draft.type.name,
            draft.qualified_name or (stored and stored.qualified_name),
        )
        placeholder = [draft.guid] if is_placeholder(draft.guid) else []
        for key in (name, *([stored.id] if stored else ()), *placeholder):
            other = seen.setdefault(key, draft)
            if other is not draft:
                message = (
                    f"{draft.label}: entities[{other.index}] and entities[{draft.index}] are the same asset; "
                    "send each asset once in a request"
                )
                raise DuplicateIdentity(message, [Problem(draft.location, message)])


def _check_mandatory(draft: Draft) -> None:
    missing = [name for name in draft.type.mandatory_attributes if draft.attributes.get(name) is None]
    if missing:
        where = f"{draft.label or draft.location}: a new {draft.type.name} needs {' and '.join(missing)}"
        raise MissingAttribute(where, [Problem(f"{draft.location}.attributes.{name}", "missing") for name in missing])


class _Finder:
    """Resolves the references of all wishes at once: one read by guid, one by name."""

    def __init__(self, wishes: list[Wish], types: TypeRegistry, tx: Reader) -> None:
        self.wishes = wishes
        self.types = types
        self.tx = tx
        self.by_guid: dict[str, AssetName] = {}
        self.by_name: dict[str, dict[int, AssetName]] = {}
        for wish in wishes:
            self._learn(wish.name)
            if wish.draft.guid is not None:
                self.by_guid[wish.draft.guid] = wish.name

    def _learn(self, name: AssetName) -> None:
        self.by_guid.setdefault(name.guid, name)
        self.by_name.setdefault(name.qualified_name, {}).setdefault(name.id, name)

    def resolve_links(self) -> None:
        linking = [wish for wish in self.wishes if wish.draft.links]
        if not linking:
            return
        self._read(
            reference
            for wish in linking
            for links in wish.draft.links.values()
            for reference in (*(links.replace or ()), *links.append, *links.remove)
        )
        for wish in linking:
            wish.links = [self._wanted(wish, key) for key in wish.draft.links]

    def _read(self, references: Iterable[Reference]) -> None:
        guids, names = set(), set()
        for one in references:
            if one.guid is not None:
                if one.guid not in self.by_guid and is_guid(one.guid):
                    guids.add(one.guid)
            elif one.qualified_name is not None:
                # Even a name of this request is read: another type may bear it in the catalog.
                names.add(one.qualified_name)
        for name in (*self.tx.names_by_guid(guids), *self.tx.names_by_name(names)):
            self._learn(name)

    def _wanted(self, wish: Wish, key: str) -> WantedLinks:
        given = wish.draft.links[key]
        link = wish.type.links[key]
        return WantedLinks(
            link,
            None if given.replace is None else [self._end(wish, link, one) for one in given.replace],
            [self._end(wish, link, one) for one in given.append],
            [self._end(wish, link, one) for one in given.remove],
        )

    def _end(self, wish: Wish, link: LinkAttribute, reference: Reference) -> End:
        if reference.guid is not None:
            name = self.by_guid.get(reference.guid)
        else:
            name = self._named(reference.type_name or "", reference.qualified_name or "")
        if name is None:
            raise _not_there(wish, link, reference)
        if not self.types.type(name.type_name).is_a(link.far.type_name):
            raise InvalidReference(
                f"{wish.draft.label}: {link.name} takes a {link.far.type_name}, not the {name.type_name} "
                f"{name.qualified_name}",
                [Problem(reference.location, f"not a {link.far.type_name}")],
            )
        return End(name, reference.encoded)

    def _named(self, type_name: str, qualified_name: str) -> AssetName | None:
        self.types.type(type_name)
        found = self.by_name.get(qualified_name)
        return one_of_type(found.values(), type_name, qualified_name, self.types) if found else None


def _not_there(wish: Wish, link: LinkAttribute, reference: Reference) -> UnknownGuid | UnknownName:
    where = f" (referred to by {wish.draft.label}, {link.name}; save it first or in the same request)"
    problem = [Problem(reference.location, "refers to an asset that is not there")]
    if reference.guid is not None:
        return UnknownGuid(reference.guid, problem, where)
    return UnknownName(reference.type_name or "", reference.qualified_name or "", problem, where)


def find_targets(targets: Iterable[Target], types: TypeRegistry, tx: Reader) -> list[Asset]:
    """The assets that a delete or a restore names, each once, in the order named.

    Raises UnknownGuid, UnknownName or UnknownType for the first that is not there.
    """
    wanted = list(targets)
    by_guid = {one.guid: one for one in tx.assets_by_guid({t.guid for t in wanted if t.guid is not None})}
    by_name: dict[str, list[Asset]] = {}
    for one in tx.assets_by_name({t.qualified_name for t in wanted if t.guid is None and t.qualified_name is not None}):
        by_name.setdefault(one.qualified_name, []).append(one)
    found: dict[int, Asset] = {}
    for target in wanted:
        asset: Asset | None
        if target.guid is not None:
            asset = by_guid.get(target.guid)
            if asset is None:
                raise UnknownGuid(target.guid)
        else:
            type_name, qualified_name = target.type_name or "", target.qualified_name or ""
            types.type(type_name)
            asset = one_of_type(by_name.get(qualified_name, ()), type_name, qualified_name, types)
            if asset is None:
                raise UnknownName(type_name, qualified_name)
        found[asset.id] = asset
    return list(found.values())
