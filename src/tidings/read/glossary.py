"""Glossaries, categories and terms in the forms of Apache Atlas' glossary calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tidings.model.asset import ACTIVE, Asset
from tidings.model.errors import UnknownGuid
from tidings.model.events import decode
from tidings.model.registry import TypeRegistry
from tidings.read.assets import by_guids, entity_forms
from tidings.store.base import Reader

GLOSSARY, TERM, CATEGORY = "AtlasGlossary", "AtlasGlossaryTerm", "AtlasGlossaryCategory"
ANCHORS = {TERM: "AtlasGlossaryTermAnchor", CATEGORY: "AtlasGlossaryCategoryAnchor"}
RELATED = (
    "seeAlso", "synonyms", "antonyms", "preferredTerms", "preferredToTerms", "replacementTerms", "replacedBy",
    "translationTerms", "translatedTerms", "isA", "classifies", "validValues", "validValuesFor",
)  # fmt: skip
"""How one term can be related to another."""
TERM_OWN = ("description", "expression", "steward", "source", "status")
"""What can be said of a relation between terms; of a term in a category only ``description`` and ``status``."""
_COMMON = ("qualifiedName", "name", "shortDescription", "longDescription", "additionalAttributes")
_ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    GLOSSARY: (*_COMMON, "language", "usage"),
    TERM: (*_COMMON, "examples", "abbreviation", "usage"),
    CATEGORY: _COMMON,
}
Form = dict[str, Any]


def one_of(kind: str, guid: str, reader: Reader) -> Asset:
    """The glossary, term or category with this guid; raises UnknownGuid, also where it is something else."""
    [asset] = by_guids([guid], reader)
    if asset.type_name != kind:
        raise UnknownGuid(guid, where=f" as an {kind}; it is a {asset.type_name}")
    return asset


def members(kind: str, glossary: Asset, reader: Reader) -> list[Asset]:
    """The active terms or categories of a glossary."""
    links = reader.links(ANCHORS[kind], 1, [glossary.id])
    return [asset for asset in reader.assets_by_id([link.end2 for link in links]) if asset.status == ACTIVE]


def page(assets: Iterable[Asset], descending: bool, offset: int, limit: int | None) -> list[Asset]:
    """A part of these in the order of their names."""
    ordered = sorted(assets, key=lambda one: (str(one.attributes.get("name", "")), one.guid), reverse=descending)
    return ordered[offset : None if limit is None else offset + limit]


def forms(assets: list[Asset], types: TypeRegistry, reader: Reader) -> list[Form]:
    """Each in full, with what it is linked to."""
    return [_form(decode(one)) for one in entity_forms(assets, types, reader, with_links=True)]


def detailed(glossary: Asset, types: TypeRegistry, reader: Reader) -> Form:
    """A glossary with all its terms and categories in full, by guid."""
    [form] = forms([glossary], types, reader)
    for key, kind in (("termInfo", TERM), ("categoryInfo", CATEGORY)):
        inside = forms(page(members(kind, glossary, reader), False, 0, None), types, reader)
        form[key] = {one["guid"]: one for one in inside}
    return form


def header_of(form: Form, kind: str) -> Form:
    """The short form of a term or category, out of the long one."""
    found = {_GUIDS[kind]: form["guid"], "displayText": form["name"]}
    if form.get("shortDescription"):
        found["description"] = form["shortDescription"]
    if kind == CATEGORY and form.get("parentCategory"):
        found["parentCategoryGuid"] = form["parentCategory"]["categoryGuid"]
    return found


_GUIDS = {TERM: "termGuid", CATEGORY: "categoryGuid", GLOSSARY: "glossaryGuid"}


def _form(entity: Form) -> Form:
    kind, attributes, links = entity["typeName"], entity["attributes"], entity["relationshipAttributes"]
    form: Form = {"guid": entity["guid"]}
    form |= {key: attributes[key] for key in _ATTRIBUTES[kind] if attributes.get(key) is not None}
    if entity.get("classifications"):
        form["classifications"] = entity["classifications"]
    for key in _SHOWN[kind]:
        ends = links.get(key)
        if isinstance(ends, list):
            form[key] = ends if key == "assignedEntities" else [_header(one) for one in ends]
        elif ends:
            form[key] = _header(ends)
    return form


_SHOWN: Mapping[str, tuple[str, ...]] = {
    GLOSSARY: ("terms", "categories"),
    TERM: ("anchor", "assignedEntities", "categories", *RELATED),
    CATEGORY: ("anchor", "parentCategory", "childrenCategories", "terms"),
}


def _header(reference: Form) -> Form:
    """A reference as the glossary calls show it: the guid's key says what it is, the relation's own attributes beside."""
    own = reference["relationshipAttributes"].get("attributes", {})
    return {
        _GUIDS[reference["typeName"]]: reference["guid"],
        "relationGuid": reference["relationshipGuid"],
        "displayText": reference["displayText"],
        **own,
    }
