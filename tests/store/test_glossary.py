"""Glossaries on a real store: names made, held and freed; moves; relations; exact events."""

from __future__ import annotations

from typing import Any

import pytest

from tests.catalog import TABLE, Catalog, counted, entity, message, ref, ref_to, target, told
from tidings.model.errors import (
    CategoryExists,
    Conflict,
    DuplicateIdentity,
    GlossaryExists,
    InvalidReference,
    MissingAttribute,
    TermExists,
)
from tidings.model.events import decode
from tidings.write.commands import EntityInput, Target
from tidings.write.submit import Receipt

G, T, K = "AtlasGlossary", "AtlasGlossaryTerm", "AtlasGlossaryCategory"


class Shelf:
    """Two glossaries: in the first a category in a category with a term, and a term by itself."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.made = catalog.save(
            new(T, "t", categories=[ref_to("inner")], anchor=ref_to("one")),
            new(K, "inner", parentCategory=ref_to("outer"), anchor=ref_to("one")),
            new(K, "outer", anchor=ref(G, "sent")),
            EntityInput(G, "one", attributes={"name": "one", "qualifiedName": "sent"}),
            new(G, "two"),
            new(T, "free", anchor=ref_to("one")),
        )
        self.guids = self.made.assigned

    def __getitem__(self, name: str) -> dict[str, Any]:
        return ref_to(self.guids[name])

    def target(self, name: str) -> Target:
        return Target(guid=self.guids[name])

    def change(self, *changes: EntityInput) -> Receipt:
        return self.catalog.save(*changes)

    def known(self, kind: str, which: str, /, **attributes: Any) -> EntityInput:
        return EntityInput(kind, self.guids[which], attributes=attributes)

    def name(self, name: str) -> str:
        with self.catalog.store.snapshot() as snapshot:
            [found] = snapshot.names_by_guid([self.guids[name]])
        return found.qualified_name


def new(kind: str, name: str, **attributes: Any) -> EntityInput:
    """To be created, with its name as placeholder."""
    return EntityInput(kind, name, attributes={"name": name, **attributes})


@pytest.fixture
def shelf(catalog: Catalog) -> Shelf:
    return Shelf(catalog)


def test_names_are_made_whatever_was_sent(shelf: Shelf) -> None:
    glossary = shelf.name("one")

    assert len(glossary) == 21
    assert all(shelf.name(one).partition("@")[2] == glossary for one in ("t", "inner", "outer", "free"))
    assert told(shelf.made.events)[0] == ("CREATE", "one")
    assert counted(shelf.made.events) == {"CREATE": 6}
    assert shelf.catalog.inspect().is_sound


def test_one_found_by_its_real_name_or_by_guid_keeps_it(shelf: Shelf) -> None:
    name = shelf.name("t")

    by_name = shelf.change(EntityInput(T, "-1", attributes={"name": "renamed", "qualifiedName": name}))
    by_guid = shelf.change(shelf.known(T, "t", name="again", qualifiedName="junk"))

    assert by_name.assigned == {"-1": shelf.guids["t"]}
    assert [message(one)["mutatedDetails"]["attributes"] for one in by_guid.events] == [{"name": "again"}]
    assert shelf.name("t") == name


def test_a_name_sent_twice_is_no_reference(catalog: Catalog) -> None:
    twins = [EntityInput(G, f"-{n}", attributes={"name": f"g{n}", "qualifiedName": "same"}) for n in (1, 2)]

    assert counted(catalog.save(*twins).events) == {"CREATE": 2}
    twins = [EntityInput(G, f"-{n}", attributes={"name": f"h{n}", "qualifiedName": "same"}) for n in (1, 2)]
    with pytest.raises(Conflict, match="could be any of 2 assets of this request"):
        catalog.save(*twins, new(T, "t", anchor=ref(G, "same")))
    with pytest.raises(DuplicateIdentity):
        catalog.save(new(G, "x"), new(G, "x"))


def test_without_an_anchor_there_is_no_term(catalog: Catalog) -> None:
    with pytest.raises(MissingAttribute, match="needs anchor, its AtlasGlossary"):
        catalog.save(new(T, "t"))


@pytest.mark.parametrize(
    ("kind", "name", "links", "error"),
    [
        (G, "one", {}, GlossaryExists),
        (T, "t", {"anchor": "one"}, TermExists),
        (K, "outer", {"anchor": "one"}, CategoryExists),
        (K, "inner", {"anchor": "one", "parentCategory": "outer"}, CategoryExists),
    ],
)
def test_a_name_that_is_taken(shelf: Shelf, kind: str, name: str, links: dict[str, str], error: type[Conflict]) -> None:
    given = {key: shelf[value] for key, value in links.items()}

    with pytest.raises(error, match=shelf.guids[name]):
        shelf.change(EntityInput(kind, "-9", attributes={"name": name, **given}))
    with pytest.raises(error, match="the request has two of this name"):
        shelf.change(*(EntityInput(kind, f"-{n}", attributes={"name": "new", **given}) for n in (1, 2)))


def test_the_same_name_elsewhere_is_free(shelf: Shelf) -> None:
    assert shelf.change(
        EntityInput(T, "-1", attributes={"name": "t", "anchor": shelf["two"]}),
        EntityInput(K, "-2", attributes={"name": "inner", "anchor": shelf["one"]}),
        EntityInput(T, "-3", attributes={"name": "outer", "anchor": shelf["one"]}),
    ).events


def test_renaming_to_a_name_that_is_taken_and_two_that_change_names(shelf: Shelf) -> None:
    with pytest.raises(TermExists, match=shelf.guids["free"]):
        shelf.change(shelf.known(T, "t", name="free"))

    both = shelf.change(shelf.known(T, "t", name="free"), shelf.known(T, "free", name="t"))
    assert counted(both.events) == {"UPDATE": 2}


def test_an_archived_one_holds_no_name_and_must_find_it_free(shelf: Shelf) -> None:
    shelf.catalog.archive(shelf.target("t"))
    taker = shelf.change(EntityInput(T, "-1", attributes={"name": "t", "anchor": shelf["one"]}))

    with pytest.raises(TermExists, match=taker.assigned["-1"]):
        shelf.catalog.restore(shelf.target("t"))
    with pytest.raises(TermExists, match=taker.assigned["-1"]):
        shelf.change(EntityInput(T, shelf.guids["t"], "ACTIVE"))
    shelf.change(shelf.known(T, "t", name="other"))
    assert counted(shelf.catalog.restore(shelf.target("t")).events) == {"UPDATE": 1}


def test_a_category_moved_within_its_glossary(shelf: Shelf) -> None:
    name = shelf.name("inner")

    receipt = shelf.change(shelf.known(K, "inner", parentCategory=None))

    assert told(receipt.events) == [("UPDATE", "inner"), ("UPDATE", "outer")]
    assert shelf.name("inner") == name
    with pytest.raises(CategoryExists):
        shelf.change(shelf.known(K, "inner", name="outer"))


@pytest.mark.parametrize("from_above", [False, True])
def test_no_category_above_itself(shelf: Shelf, from_above: bool) -> None:
    wish = (
        shelf.known(K, "inner", childrenCategories=[shelf["outer"]])
        if from_above
        else shelf.known(K, "outer", parentCategory=shelf["inner"])
    )
    with pytest.raises(InvalidReference, match="its own ancestor"):
        shelf.change(wish)
    with pytest.raises(InvalidReference, match="its own ancestor"):
        shelf.change(new(K, "self", anchor=shelf["one"], parentCategory=ref_to("self")))


def test_two_categories_that_change_places(shelf: Shelf) -> None:
    turned = shelf.change(
        shelf.known(K, "outer", parentCategory=shelf["inner"]), shelf.known(K, "inner", parentCategory=None)
    )
    assert counted(turned.events) == {"UPDATE": 2}


@pytest.mark.parametrize("from_above", [False, True])
def test_a_term_moved_to_another_glossary(shelf: Shelf, from_above: bool) -> None:
    before = shelf.name("free")
    receipt = shelf.change(
        shelf.known(G, "two", terms=[shelf["free"]]) if from_above else shelf.known(T, "free", anchor=shelf["two"])
    )

    assert sorted(told(receipt.events)) == [("UPDATE", "free"), ("UPDATE", "one"), ("UPDATE", "two")]
    assert shelf.name("free") == f"{before.partition('@')[0]}@{shelf.name('two')}"
    [event] = [one for one in receipt.events if one.type_name == T]
    assert message(event)["mutatedDetails"]["attributes"] == {"qualifiedName": shelf.name("free")}
    assert decode(event.detail)["before"]["qualifiedName"] == before
    assert shelf.catalog.inspect().is_sound


def test_a_category_takes_along_what_stands_in_it(shelf: Shelf) -> None:
    receipt = shelf.change(shelf.known(K, "outer", anchor=shelf["two"]), shelf.known(T, "t", anchor=shelf["two"]))

    assert sorted(told(receipt.events)) == [("UPDATE", name) for name in ("inner", "one", "outer", "t", "two")]
    origins = {
        shown: decode(event.detail)["origin"]
        for event, (_, shown) in zip(receipt.events, told(receipt.events), strict=True)
    }
    assert origins == {"outer": "direct", "t": "direct", "inner": "cascade", "one": "related", "two": "related"}
    assert all(shelf.name(one).endswith(f"@{shelf.name('two')}") for one in ("outer", "inner", "t"))
    assert shelf.catalog.inspect().is_sound


def test_what_leaves_a_category_in_the_same_request_stays(shelf: Shelf) -> None:
    receipt = shelf.change(shelf.known(K, "outer", anchor=shelf["two"]), shelf.known(K, "inner", parentCategory=None))

    assert counted(receipt.events) == {"UPDATE": 4}
    assert shelf.name("inner").endswith(f"@{shelf.name('one')}")


@pytest.mark.parametrize(
    ("kind", "name", "attributes"),
    [
        (K, "outer", {"anchor": "two"}),
        (K, "inner", {"anchor": "two"}),
        (T, "t", {"anchor": "two"}),
        (G, "two", {"terms": ["t"]}),
    ],
)
def test_a_move_that_would_part_what_belongs_together(
    shelf: Shelf, kind: str, name: str, attributes: dict[str, Any]
) -> None:
    links = {
        key: [shelf[one] for one in value] if isinstance(value, list) else shelf[value]
        for key, value in attributes.items()
    }
    with pytest.raises(InvalidReference, match=r'the glossary "(one|two)" \(.+ of the glossary "(one|two)"'):
        shelf.change(shelf.known(kind, name, **links))


def test_a_stranger_as_parent_or_category(shelf: Shelf) -> None:
    for wish in (
        new(K, "x", anchor=shelf["two"], parentCategory=shelf["outer"]),
        new(T, "x", anchor=shelf["two"], categories=[shelf["outer"]]),
        shelf.known(K, "outer", terms=[ref_to("y")]),
    ):
        with pytest.raises(InvalidReference, match="give both one anchor in the same request"):
            shelf.change(wish, new(T, "y", anchor=shelf["two"]))


def test_a_moved_name_must_be_free_where_it_comes_to(shelf: Shelf) -> None:
    shelf.change(EntityInput(T, "-1", attributes={"name": "free", "anchor": shelf["two"]}))

    with pytest.raises(TermExists):
        shelf.change(shelf.known(T, "free", anchor=shelf["two"]))


def test_archive_restore_and_purge_of_all_that_a_glossary_owns(shelf: Shelf) -> None:
    catalog, glossary = shelf.catalog, shelf.target("one")

    assert counted(catalog.archive(glossary).events) == {"DELETE": 5}
    assert counted(catalog.restore(glossary).events) == {"UPDATE": 5}
    assert counted(catalog.purge(glossary).events) == {"DELETE": 5}
    assert catalog.inspect().is_sound


def test_a_glossary_in_which_a_name_was_taken_meanwhile(shelf: Shelf) -> None:
    shelf.catalog.archive(shelf.target("t"))
    shelf.change(EntityInput(T, "-1", attributes={"name": "t", "anchor": shelf["one"]}))
    shelf.catalog.archive(shelf.target("one"))

    with pytest.raises(TermExists, match="or purge it first"):
        shelf.catalog.restore(shelf.target("one"))
    shelf.catalog.purge(shelf.target("t"))
    assert counted(shelf.catalog.restore(shelf.target("one")).events) == {"UPDATE": 5}


def test_a_purge_that_would_make_two_roots_of_one_name(shelf: Shelf) -> None:
    shelf.change(EntityInput(K, "-1", attributes={"name": "inner", "anchor": shelf["one"]}))

    with pytest.raises(CategoryExists):
        shelf.catalog.purge(shelf.target("outer"))
    assert counted(shelf.catalog.archive(shelf.target("outer")).events) == {"DELETE": 1}
    assert counted(shelf.catalog.purge(shelf.target("outer"), shelf.target("inner")).events) == {"DELETE": 2}


def test_a_term_and_its_assets_from_both_ends(shelf: Shelf) -> None:
    shelf.catalog.save(entity("Table", TABLE))
    put = shelf.change(shelf.known(T, "t", assignedEntities=[ref("Table", TABLE)]))
    taken = shelf.catalog.save(entity("Table", TABLE, meanings=[]))

    assert sorted(told(put.events)) == sorted(told(taken.events)) == [("UPDATE", "orders"), ("UPDATE", "t")]
    shelf.catalog.purge(target("Table", TABLE))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("seeAlso", "seeAlso"),
        ("synonyms", "synonyms"),
        ("antonyms", "antonyms"),
        ("preferredTerms", "preferredToTerms"),
        ("replacedBy", "replacementTerms"),
        ("translatedTerms", "translationTerms"),
        ("classifies", "isA"),
        ("validValuesFor", "validValues"),
    ],
)
def test_relations_between_terms_from_both_ends(shelf: Shelf, one: str, other: str) -> None:
    own = {"expression": "x", "description": "d", "steward": "ann", "source": "s", "status": "ACTIVE"}
    related = shelf.change(shelf.known(T, "t", **{one: [ref_to(shelf.guids["free"], **own)]}))
    again = shelf.change(shelf.known(T, "free", **{other: [ref_to(shelf.guids["t"], **own)]}))
    gone = shelf.change(shelf.known(T, "free", **{other: []}))

    assert sorted(told(related.events)) == sorted(told(gone.events)) == [("UPDATE", "free"), ("UPDATE", "t")]
    assert again.events == []
    assert shelf.catalog.inspect().is_sound


def test_domains_and_products_are_named_by_what_they_stand_in(catalog: Catalog) -> None:
    made = catalog.save(
        new("DataProduct", "p", dataDomain=ref("DataDomain", "sub")),
        new("DataDomain", "s", qualifiedName="sub", parentDomain=ref_to("d")),
        new("DataDomain", "d"),
    )
    by_name = {one.after.attributes["name"]: one.after.attributes for one in made.changes.assets}

    top, sub = by_name["d"]["qualifiedName"], by_name["s"]["qualifiedName"]
    assert sub.startswith(f"{top}/domain/")
    assert by_name["p"]["qualifiedName"].startswith(f"{sub}/product/")
    assert (by_name["p"]["parentDomainQualifiedName"], by_name["p"]["superDomainQualifiedName"]) == (sub, top)
