"""Names that the catalog makes: what stands in what decides, in any order, from either end."""

from __future__ import annotations

import pytest

from tests.unit.write.steps import asset, wanted, wish
from tidings.model.asset import Asset
from tidings.model.errors import InvalidReference, InvalidValue
from tidings.write.made_names import keep_name, moved_name, name_new, refuse_sign
from tidings.write.wishes import End, WantedLinks, Wish

GLOSSARY, TERM, CATEGORY = asset(6, "AtlasGlossary"), asset(4, "AtlasGlossaryTerm"), asset(5, "AtlasGlossaryCategory")
DOMAIN, SUB, PRODUCT = asset(1, "DataDomain"), asset(2, "DataDomain"), asset(3, "DataProduct")


def new(stored: Asset, *links: WantedLinks) -> Wish:
    return wish(stored, *links, new=True)


def name(one: Wish) -> str:
    assert one.draft.attributes["qualifiedName"] == one.name.qualified_name
    return one.name.qualified_name


def test_a_term_is_named_after_a_glossary_that_comes_later_in_the_request() -> None:
    glossary, links = new(GLOSSARY), wanted("AtlasGlossaryTerm", "anchor", [])
    links.replace = [End(glossary.name, None)]
    term = new(TERM, links)
    name_new([term, glossary])

    own, _, anchor = name(term).partition("@")
    assert (len(own), anchor) == (21, name(glossary))
    assert len(name(glossary)) == 21


def test_the_glossary_may_be_the_one_that_speaks() -> None:
    category = new(CATEGORY)
    glossary = wish(GLOSSARY, wanted("AtlasGlossary", "categories", append=[CATEGORY]))
    name_new([category, glossary])

    assert name(category).endswith("@q6")


def test_domains_and_products() -> None:
    product = new(PRODUCT, wanted("DataProduct", "dataDomain", [SUB]))
    sub = new(SUB, wanted("DataDomain", "parentDomain", [DOMAIN]))
    name_new([product, sub])

    assert name(sub).startswith("q1/domain/")
    assert name(product).startswith("q2/product/")
    assert sub.draft.attributes["parentDomainQualifiedName"] == "q1"


def test_a_domain_below_none() -> None:
    top = new(DOMAIN)
    name_new([top])

    assert name(top).startswith("default/domain/")
    assert name(top).endswith("/super")
    assert "superDomainQualifiedName" not in top.draft.attributes


def test_domains_that_stand_in_each_other_are_refused() -> None:
    one = new(DOMAIN, wanted("DataDomain", "parentDomain", [SUB]))
    other = new(SUB, wanted("DataDomain", "parentDomain", [DOMAIN]))

    with pytest.raises(InvalidReference, match="would stand in itself"):
        name_new([one, other])


def test_what_is_known_keeps_its_name_and_the_draft_is_not_touched() -> None:
    known = wish(TERM, qualifiedName="junk")
    draft = known.draft
    keep_name(known)
    name_new([known])

    assert name(known) == "q4"
    assert draft.attributes["qualifiedName"] == "junk"


def test_a_name_moves_with_its_own_part() -> None:
    own = "x" * 21
    assert moved_name(f"{own}@old", "new") == f"{own}@new"
    assert len(moved_name("chosen", "new")) == 21 + len("@new")


@pytest.mark.parametrize("stored", [GLOSSARY, TERM, CATEGORY])
def test_the_sign_is_refused_in_new_names_only(stored: Asset) -> None:
    refuse_sign(wish(asset(9, stored.type_name), name="q9"))
    with pytest.raises(InvalidValue, match="a name cannot hold @"):
        refuse_sign(wish(stored, name="a@b"))
