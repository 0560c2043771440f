"""QualifiedNames that the catalog makes for new assets, whatever the client sends. Pure, but for the chance in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from tidings.model.asset import AssetName
from tidings.model.errors import InvalidReference, InvalidValue, Problem
from tidings.model.ids import new_nanoid
from tidings.write.wishes import Wish

NAME = "qualifiedName"
NANOID = 21
TERM_ANCHOR = "AtlasGlossaryTermAnchor"
CATEGORY_ANCHOR = "AtlasGlossaryCategoryAnchor"
ANCHORS = (TERM_ANCHOR, CATEGORY_ANCHOR)
_SUPER = "/super"


def _in_glossary(own: str, glossary: str) -> str:
    return f"{own}@{glossary}"


def _in_domain(own: str, domain: str) -> str:
    return f"{domain}/domain/{own}" if domain else f"default/domain/{own}{_SUPER}"


def _of_domain(own: str, domain: str) -> str:
    return f"{domain or 'default'}/product/{own}"


MAKERS: Mapping[str, Callable[[str, str], str]] = {
    "AtlasGlossary": lambda own, _: own,
    "AtlasGlossaryTerm": _in_glossary,
    "AtlasGlossaryCategory": _in_glossary,
    "DataDomain": _in_domain,
    "DataProduct": _of_domain,
}
"""Type -> how a name is made of a random part and the name of what the asset stands in (empty: in nothing)."""
STANDING = frozenset({*ANCHORS, "data_domain_sub_domains", "data_domain_data_products"})
"""Relationships from what contains (end 1) to what is named after it (end 2)."""


def is_made(type_name: str) -> bool:
    """Whether assets of this type get their qualifiedName from the catalog."""
    return type_name in MAKERS


def wanted_places(wishes: Iterable[Wish], relationships: Iterable[str] = STANDING) -> dict[int, AssetName]:
    """Where a request puts assets, from whichever end it speaks: internal id -> what the asset is to stand in."""
    wanted = frozenset(relationships)
    found: dict[int, AssetName] = {}
    for wish in wishes:
        for links in wish.links:
            if links.link.relationship.name in wanted:
                for end in (*(links.replace or ()), *links.append):
                    if links.link.side == 2:
                        found[wish.name.id] = end.name
                    else:
                        found[end.name.id] = wish.name
    return found


def name_new(wishes: list[Wish]) -> None:
    """Give every new asset of these types its name, what contains others first.

    Raises InvalidReference where assets of the request stand in each other.
    """
    unnamed = {wish.name.id: wish for wish in wishes if wish.stored is None and is_made(wish.type.name)}
    if not unnamed:
        return
    places = wanted_places(wishes)
    for wish in list(unnamed.values()):
        chain: list[Wish] = [wish] if wish.name.id in unnamed else []
        while chain and (place := places.get(chain[-1].name.id)) is not None and place.id in unnamed:
            if len(chain) > len(unnamed):
                message = f"{wish.draft.label}: it would stand in itself; let one of them stand in another, or in none"
                raise InvalidReference(message, [Problem(wish.draft.location, message)])
            chain.append(unnamed[place.id])
        for one in reversed(chain):
            del unnamed[one.name.id]
            _name(one, places.get(one.name.id))


def _name(wish: Wish, place: AssetName | None) -> None:
    above = place.qualified_name if place is not None else ""
    domain = _domain_names(above) if wish.type.name.startswith("Data") else {}
    rename(wish, MAKERS[wish.type.name](new_nanoid(), above), domain)


def _domain_names(domain: str) -> dict[str, Any]:
    """What a domain or product says of the domains above it."""
    if not domain:
        return {}
    top, found, _ = domain.partition(_SUPER)
    return {"parentDomainQualifiedName": domain, "superDomainQualifiedName": top + found}


def rename(wish: Wish, qualified_name: str, more: Mapping[str, Any] | None = None) -> None:
    """Give the asset of a wish this name; drafts are used again when a commit is, so that a new one takes the place."""
    wish.name.qualified_name = qualified_name
    given = wish.draft.attributes
    first = {} if NAME in given else {NAME: qualified_name}
    attributes = {**first, **given, **(more or {}), NAME: qualified_name}
    wish.draft = msgspec.structs.replace(wish.draft, attributes=attributes, settled=None)


def keep_name(wish: Wish) -> None:
    """A known asset of these types has its name for good, whatever a client sends along with its guid."""
    stored = wish.stored
    if stored is not None and wish.draft.attributes.get(NAME, stored.qualified_name) != stored.qualified_name:
        rename(wish, stored.qualified_name)


def refuse_sign(wish: Wish) -> None:
    """``@`` parts a term's own name from its glossary's, so that no name may hold it. Raises InvalidValue."""
    name = wish.draft.attributes.get("name")
    if name is None or "@" not in name or not wish.type.name.startswith("AtlasGlossary"):
        return
    if wish.stored is None or wish.stored.attributes.get("name") != name:
        message = f'{wish.type.name} "{name}": a name cannot hold @; leave it out, or write "at"'
        raise InvalidValue(message, [Problem(f"{wish.draft.location}.attributes.name", message)])


def moved_name(qualified_name: str, glossary: str) -> str:
    """The name of a term or category once it is in this glossary."""
    own = qualified_name.partition("@")[0]
    return _in_glossary(own if len(own) == NANOID else new_nanoid(), glossary)
