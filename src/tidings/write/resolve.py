"""Names and placeholders -> assets: which stored asset each draft is, or that it is new, and what its links point at."""

from __future__ import annotations

from collections.abc import Collection, Iterable
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
from tidings.model.registry import LinkAttribute, TypeRegistry
from tidings.store.base import Reader, Transaction
from tidings.write.check import Draft, LinkWish, Reference, is_placeholder
from tidings.write.commands import Target
from tidings.write.made_names import NAME, is_made, keep_name, name_new, refuse_sign
from tidings.write.moving import move
from tidings.write.wishes import End, Resolution, WantedLinks, Wish

Named = TypeVar("Named", Asset, AssetName)


def resolve(
    drafts: list[Draft], only: Target | None, types: TypeRegistry, tx: Transaction, pool: Pool | None = None
) -> Resolution:
    """Find or make the asset behind each draft, then what its links mean; one read by name and one by guid for all.

    What the catalog names itself has its name in the end, and whatever a move takes along has joined the wishes.
    ``pool`` holds what they mention, where it was read already.

    Raises UnknownGuid or UnknownName for what is not there, Conflict or DuplicateIdentity where names clash,
    MissingAttribute for a new asset without its mandatory attributes, InvalidReference for links of the wrong type.
    """
    if pool is None:
        pool = read_pool(*mentioned(drafts, only), tx)
    wishes = _identify(drafts, only, types, tx, pool)
    finder = _Finder(wishes, types, pool)
    assigned: dict[str, str] = {}
    for wish in wishes:
        draft = wish.draft
        if draft.guid and draft.guid != wish.name.guid:
            assigned[draft.guid] = wish.name.guid
        if draft.links:
            wish.links = [finder.wanted(wish, key, given) for key, given in draft.links.items()]
    _settle_names(wishes, types, tx)
    return Resolution(wishes, assigned, pool.by_id)


def _settle_names(wishes: list[Wish], types: TypeRegistry, tx: Transaction) -> None:
    """QualifiedNames that are the catalog's to make, once it is known what stands in what."""
    made = [wish for wish in wishes if is_made(wish.type.name)]
    if made:
        for wish in made:
            refuse_sign(wish)
            keep_name(wish)
        name_new(wishes)
        move(wishes, types, tx)


class Pool:
    """Every stored asset that a request names, for itself or at the end of a link."""

    def __init__(self, assets: Iterable[Asset]) -> None:
        self.by_id: dict[int, Asset] = {}
        self.by_guid: dict[str, Asset] = {}
        self.by_name: dict[str, list[Asset]] = {}
        for asset in assets:
            if asset.id not in self.by_id:
                self.by_id[asset.id] = self.by_guid[asset.guid] = asset
                self.by_name.setdefault(asset.qualified_name, []).append(asset)


def mentioned(drafts: Iterable[Draft], only: Target | None = None) -> tuple[set[str], set[str]]:
    """The qualifiedNames and guids that a save mentions, of its assets and of those that they refer to."""
    names: set[str] = set()
    guids: set[str] = set()
    if only is not None:
        _note(only, names, guids)
    for draft in drafts:
        _note(draft, names, guids)
        for wish in draft.links.values():
            for references in (wish.replace, wish.append, wish.remove):
                if references:
                    for one in references:
                        _note(one, names, guids)
    return names, guids


def read_pool(names: Collection[str], guids: Collection[str], tx: Reader) -> Pool:
    """The stored assets among them."""
    return Pool((*tx.assets_by_name(names), *tx.assets_by_guid(guids)))


def _note(one: Draft | Target | Reference, names: set[str], guids: set[str]) -> None:
    """What has to be read to know which asset is meant."""
    if one.guid is not None and is_guid(one.guid):
        guids.add(one.guid)
    if one.qualified_name is not None:
        names.add(one.qualified_name)


def _identify(drafts: list[Draft], only: Target | None, types: TypeRegistry, tx: Transaction, pool: Pool) -> list[Wish]:
    found = [_only(draft, only, pool, types) if only else _stored(draft, pool, types) for draft in drafts]
    if len(drafts) > 1:
        _refuse_duplicates(drafts, found)
    created = found.count(None)
    fresh = zip(tx.new_ids(created), new_guids(created), strict=True)
    return [
        _known(draft, stored, types) if stored is not None else _created(draft, *next(fresh))
        for draft, stored in zip(drafts, found, strict=True)
    ]


def _created(draft: Draft, own: int, guid: str) -> Wish:
    asset_type = draft.type
    for name in asset_type.mandatory_attributes:
        if draft.attributes.get(name) is None:
            _refuse_missing(draft)
            break
    return Wish(draft, asset_type, AssetName(own, guid, asset_type.name, draft.qualified_name or "", ACTIVE), None)


def _known(draft: Draft, stored: Asset, types: TypeRegistry) -> Wish:
    wish = Wish(draft, types.type(stored.type_name), name_of(stored), stored)
    if wish.restores:
        wish.name.status = ACTIVE
    return wish


def _only(draft: Draft, only: Target, pool: Pool, types: TypeRegistry) -> Asset:
    stored = _named_by(only, draft, pool, types)
    for other in pool.by_name.get(draft.qualified_name or "", ()):
        if other.type_name == stored.type_name and other.id != stored.id:
            raise Conflict(f"{draft.label} is another asset ({other.guid}); give {stored.guid} a name that is free")
    return stored


def _named_by(only: Target, draft: Draft, pool: Pool, types: TypeRegistry) -> Asset:
    if only.guid is not None:
        if only.guid not in pool.by_guid:
            raise UnknownGuid(only.guid)
        return pool.by_guid[only.guid]
    type_name, qualified_name = only.type_name or draft.type.name, only.qualified_name or ""
    stored = one_of_type(pool.by_name.get(qualified_name, ()), type_name, qualified_name, types)
    if stored is None:
        raise UnknownName(type_name, qualified_name)
    return stored


def _stored(draft: Draft, pool: Pool, types: TypeRegistry) -> Asset | None:
    """The asset that a draft means: by name first, as the protocol has it, else by guid."""
    named, name = None, draft.qualified_name
    if name is not None and (same_name := pool.by_name.get(name)) is not None:
        named = one_of_type(same_name, draft.type.name, name, types)
    if draft.guid is None or is_placeholder(draft.guid):
        return named
    known = pool.by_guid.get(draft.guid)
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
    keys = [key for draft, stored in zip(drafts, found, strict=True) for key in _keys_of(draft, stored)]
    if len(set(keys)) == len(keys):
        return
    seen: dict[object, Draft] = {}
    for draft, stored in zip(drafts, found, strict=True):
        for key in _keys_of(draft, stored):
            other = seen.setdefault(key, draft)
            if other is not draft:
                message = (
                    f"{draft.label}: entities[{other.index}] and entities[{draft.index}] are the same asset; "
                    "send each asset once in a request"
                )
                raise DuplicateIdentity(message, [Problem(draft.location, message)])


def _keys_of(draft: Draft, stored: Asset | None) -> list[object]:
    """By what no other asset of the request may go: its name (but where the catalog will make one), id and placeholder."""
    keys: list[object] = []
    if stored is not None:
        keys = [(stored.type_name, draft.qualified_name or stored.qualified_name), stored.id]
    elif not is_made(draft.type.name):
        keys = [(draft.type.name, draft.qualified_name)]
    if is_placeholder(draft.guid):
        keys.append(draft.guid)
    return keys


def _refuse_missing(draft: Draft) -> None:
    given = NAME if is_made(draft.type.name) else None
    missing = [name for name in draft.type.mandatory_attributes if name != given and draft.attributes.get(name) is None]
    if missing:
        where = f"{draft.label or draft.location}: a new {draft.type.name} needs {' and '.join(missing)}"
        raise MissingAttribute(where, [Problem(f"{draft.location}.attributes.{name}", "missing") for name in missing])


class _Finder:
    """What references mean: an asset of the same request first, else a stored one."""

    def __init__(self, wishes: list[Wish], types: TypeRegistry, pool: Pool) -> None:
        self.types = types
        self.pool = pool
        self.by_guid: dict[str, AssetName] = {}
        self.by_name: dict[str, list[AssetName]] = {}
        self.ends: dict[object, End] = {}
        """Ends by what refers to them: many assets of a request refer to one, such as columns to their table."""
        if any(wish.draft.links for wish in wishes):
            self._learn(wishes)

    def _learn(self, wishes: list[Wish]) -> None:
        by_guid, by_name = self.by_guid, self.by_name
        for wish in wishes:
            name = wish.name
            by_guid[name.guid] = name
            if wish.draft.guid is not None:
                by_guid[wish.draft.guid] = name
            if name.qualified_name in by_name:
                by_name[name.qualified_name].append(name)
            elif name.qualified_name:
                by_name[name.qualified_name] = [name]

    def wanted(self, wish: Wish, key: str, given: LinkWish) -> WantedLinks:
        link = wish.type.links[key]
        return WantedLinks(
            link,
            None if given.replace is None else [self._end(wish, link, one) for one in given.replace],
            [self._end(wish, link, one) for one in given.append] if given.append else [],
            [self._end(wish, link, one) for one in given.remove] if given.remove else [],
        )

    def _end(self, wish: Wish, link: LinkAttribute, reference: Reference) -> End:
        key = link, reference.guid, reference.type_name, reference.qualified_name, reference.encoded
        end = self.ends.get(key)
        if end is None:
            end = self.ends[key] = End(self._meant(wish, link, reference), reference.encoded)
        return end

    def _meant(self, wish: Wish, link: LinkAttribute, reference: Reference) -> AssetName:
        if reference.guid is not None:
            name = self._with_guid(reference.guid)
        else:
            name = self._named(reference.type_name or "", reference.qualified_name or "")
        if name is None:
            raise _not_there(wish, link, reference)
        if not self.types.type(name.type_name).is_a(link.far.type_name):
            raise InvalidReference(
                f"{wish.draft.label}: {link.name} takes a {link.far.type_name}, not the {name.type_name} "
                f"{name.qualified_name}",
                [Problem(_place(wish, link, reference), f"not a {link.far.type_name}")],
            )
        return name

    def _with_guid(self, guid: str) -> AssetName | None:
        name = self.by_guid.get(guid)
        if name is None and (stored := self.pool.by_guid.get(guid)) is not None:
            name = self.by_guid[guid] = name_of(stored)
        return name

    def _named(self, type_name: str, qualified_name: str) -> AssetName | None:
        self.types.type(type_name)
        sent = self.by_name.get(qualified_name, ())
        if len(sent) > 1 and sum(one.type_name == type_name for one in sent) > 1:
            raise Conflict(
                f"{type_name} {qualified_name} could be any of {len(sent)} assets of this request; give each a "
                "placeholder guid such as -1, and refer to it by that"
            )
        found = one_of_type(sent, type_name, qualified_name, self.types)
        if found is None:
            stored = one_of_type(self.pool.by_name.get(qualified_name, ()), type_name, qualified_name, self.types)
            found = self._with_guid(stored.guid) if stored is not None else None
        return found


def _not_there(wish: Wish, link: LinkAttribute, reference: Reference) -> UnknownGuid | UnknownName:
    where = f" (referred to by {wish.draft.label}, {link.name}; save it first or in the same request)"
    problem = [Problem(_place(wish, link, reference), "refers to an asset that is not there")]
    if reference.guid is not None:
        return UnknownGuid(reference.guid, problem, where)
    return UnknownName(reference.type_name or "", reference.qualified_name or "", problem, where)


def _place(wish: Wish, link: LinkAttribute, reference: Reference) -> str:
    return f"{wish.draft.location}.{reference.member}.{link.name}"


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
