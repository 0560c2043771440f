"""Glossaries through both unmodified clients, against the program."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any, TypeVar

import pytest
from apache_atlas.client.base_client import AtlasClient
from apache_atlas.exceptions import AtlasServiceException
from apache_atlas.model import glossary as atlas
from apache_atlas.model.instance import AtlasRelatedObjectId
from pyatlan.client.atlan import AtlanClient
from pyatlan.errors import ConflictError, InvalidRequestError
from pyatlan.model.assets import (
    Asset,
    AtlasGlossary,
    AtlasGlossaryCategory,
    AtlasGlossaryTerm,
    DataDomain,
    DataProduct,
    Table,
)
from pyatlan.model.enums import SaveSemantic
from pyatlan.model.fluent_search import FluentSearch

from tests.acceptance.lossless import lost, lost_v9
from tests.acceptance.program import PROXIES, TOKEN, Program
from tests.api.door import Door, asset, guids, operations

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # pyatlan speaks to its transport in old ways
]
T = TypeVar("T", bound=Asset)
_numbers = count(1)


@pytest.fixture(scope="module")
def client(program: Program) -> Iterator[AtlanClient]:
    with pytest.MonkeyPatch.context() as patch:
        for name in PROXIES:
            patch.delenv(name, raising=False)
        client = AtlanClient(base_url=program.url, api_key=TOKEN)  # type: ignore[no-untyped-call]
        yield client
        client._session.close()


class Book:
    """A glossary of its own in pyatlan's hands."""

    def __init__(self, client: AtlanClient) -> None:
        self.client = client
        self.glossary = self.one(AtlasGlossary.creator(name=f"book {next(_numbers)}"))

    def one(self, wanted: T) -> T:
        [made] = self.client.asset.save(wanted).assets_created(type(wanted))
        return made

    def term(self, name: str, **more: Any) -> AtlasGlossaryTerm:
        wanted: AtlasGlossaryTerm = AtlasGlossaryTerm.creator(name=name, glossary_guid=self.glossary.guid, **more)
        return self.one(wanted)

    def category(self, name: str, parent: AtlasGlossaryCategory | None = None) -> AtlasGlossaryCategory:
        above = AtlasGlossaryCategory.ref_by_guid(parent.guid) if parent else None
        wanted: AtlasGlossaryCategory = AtlasGlossaryCategory.creator(
            name=name, anchor=self.glossary, parent_category=above
        )
        return self.one(wanted)

    def read(self, kind: type[T], guid: str) -> T:
        return self.client.asset.get_by_guid(guid, asset_type=kind, ignore_relationships=False)


@pytest.fixture
def book(client: AtlanClient) -> Book:
    return Book(client)


def qn(one: Asset) -> str:
    assert one.qualified_name is not None
    return one.qualified_name


def test_names_are_the_catalogs(book: Book) -> None:
    by_name = AtlasGlossaryTerm.creator(name="by name", glossary_qualified_name=qn(book.glossary))
    category = book.category("inner", book.category("outer"))
    for one in (book.term("t"), book.one(by_name), category):
        assert qn(one).partition("@")[2] == qn(book.glossary)
    read = book.read(AtlasGlossaryCategory, category.guid)
    assert read.parent_category is not None
    assert read.anchor is not None
    assert read.anchor.guid == book.glossary.guid


def test_a_whole_glossary_in_one_request(client: AtlanClient) -> None:
    glossary = AtlasGlossary.creator(name=f"book {next(_numbers)}")
    category = AtlasGlossaryCategory.creator(name="k", anchor=glossary)
    term = AtlasGlossaryTerm.creator(name="t", anchor=glossary, categories=[category])
    answer = client.asset.save([term, category, glossary])
    assert len(answer.assets_created(Asset)) == 3
    assert answer.guid_assignments is not None
    assert answer.guid_assignments.keys() == {term.guid, category.guid, glossary.guid}


def test_renamed_described_and_saved_back(book: Book, door: Door) -> None:
    term = book.term("t")
    head = door.head()
    wanted = AtlasGlossaryTerm.updater(qualified_name=qn(term), name="renamed", glossary_guid=book.glossary.guid)
    wanted.description = "what it means"
    book.client.asset.save(wanted)
    read = book.read(AtlasGlossaryTerm, term.guid)
    assert (read.name, read.description, read.qualified_name) == ("renamed", "what it means", qn(term))
    assert book.client.asset.save(read).assets_updated(Asset) == []
    assert operations(door.events(head)) == [("UPDATE", "renamed")]


def test_a_name_that_is_taken(book: Book) -> None:
    term = book.term("t")
    with pytest.raises(ConflictError, match=term.guid):
        book.term("t")
    with pytest.raises(ConflictError, match="ATLAS-409-00-007"):
        book.one(AtlasGlossary.creator(name=str(book.glossary.name)))
    with pytest.raises(InvalidRequestError, match="cannot hold @"):
        book.term("a@b")


def test_terms_on_a_table(book: Book, door: Door) -> None:
    terms, name = [book.term(one) for one in "ab"], f"default/snowflake/{next(_numbers)}/d/s/t"
    [table] = guids(door.save(asset("Table", name)))
    head = door.head()
    wanted = Table.updater(qualified_name=name, name="t")
    wanted.assigned_terms = [AtlasGlossaryTerm.ref_by_guid(one.guid) for one in terms]
    assert len(book.client.asset.save(wanted).assets_updated(Asset)) == 3
    wanted.assigned_terms = [AtlasGlossaryTerm.ref_by_guid(terms[0].guid, semantic=SaveSemantic.REMOVE)]
    book.client.asset.save(wanted)
    assert [one.guid for one in book.read(Table, table).assigned_terms or []] == [terms[1].guid]
    assert sorted(operations(door.events(head))) == [("UPDATE", "a")] * 2 + [("UPDATE", "b")] + [("UPDATE", "t")] * 2


def test_terms_see_each_other(book: Book) -> None:
    one, other = book.term("a"), book.term("b")
    wanted = AtlasGlossaryTerm.updater(qualified_name=qn(one), name="a", glossary_guid=book.glossary.guid)
    wanted.see_also = [AtlasGlossaryTerm.ref_by_guid(other.guid)]
    assert len(book.client.asset.save(wanted).assets_updated(AtlasGlossaryTerm)) == 2
    assert [seen.guid for seen in book.read(AtlasGlossaryTerm, other.guid).see_also or []] == [one.guid]


def test_archived_restored_and_purged(book: Book, door: Door) -> None:
    term = book.term("t", categories=[book.category("k")])
    head = door.head()
    book.client.asset.delete_by_guid(term.guid)
    assert book.client.asset.restore(AtlasGlossaryTerm, qn(term))
    book.client.asset.purge_by_guid(book.glossary.guid)
    kinds = [kind for kind, _ in operations(door.events(head))]
    assert kinds == ["DELETE", "UPDATE", "DELETE", "DELETE", "DELETE"]
    for event in [*door.events(head), *door.events(head, form="wire")]:
        assert lost(event) == lost_v9(event) == []


def test_domains_and_products(book: Book) -> None:
    domain = book.one(DataDomain.creator(name=f"domain {next(_numbers)}"))
    sub = book.one(DataDomain.creator(name="sub", parent_domain_qualified_name=qn(domain)))
    selection = FluentSearch().where(Asset.NAME.eq("x")).to_request()
    product = book.one(DataProduct.creator(name="p", domain_qualified_name=qn(sub), asset_selection=selection))
    assert qn(sub).startswith(f"{qn(domain)}/domain/")
    assert qn(product).startswith(f"{qn(sub)}/product/")
    assert (product.parent_domain_qualified_name, product.super_domain_qualified_name) == (qn(sub), qn(domain))


def test_the_glossary_calls_of_apaches_client(program: Program, door: Door) -> None:
    client = AtlasClient(program.url, ("anybody", TOKEN))
    calls: Any = client.glossary
    glossary = calls.create_glossary(atlas.AtlasGlossary({"name": f"book {next(_numbers)}"}))
    anchor = atlas.AtlasGlossaryHeader({"glossaryGuid": glossary.guid})
    category = calls.create_glossary_category(atlas.AtlasGlossaryCategory({"name": "k", "anchor": anchor}))
    filed = [atlas.AtlasTermCategorizationHeader({"categoryGuid": category.guid})]
    forms = [atlas.AtlasGlossaryTerm({"name": name, "anchor": anchor, "categories": filed}) for name in "ab"]
    term, other = (one["guid"] for one in calls.create_glossary_terms(forms))
    read = calls.get_glossary_term(term)
    read.shortDescription, read.seeAlso = "new", [atlas.AtlasRelatedTermHeader({"termGuid": other})]
    assert calls.update_glossary_term_by_guid(term, read).shortDescription == "new"
    assert [one["displayText"] for one in calls.get_category_terms(category.guid, "DESC", -1, 0)] == ["b", "a"]
    assert calls.get_related_terms(other, "ASC", -1, 0)["seeAlso"][0]["termGuid"] == term
    assert calls.get_glossary_ext_info(glossary.guid).termInfo[term].shortDescription == "new"
    [table] = guids(door.save(asset("Table", f"default/hive/{glossary.guid}/t")))
    head = door.head()
    calls.assign_term_to_entities(term, [AtlasRelatedObjectId({"guid": table, "typeName": "Table"})])
    calls.disassociate_term_from_entities(term, calls.get_entities_assigned_with_term(term, "ASC", -1, 0))
    assert sorted(operations(door.events(head))) == [("UPDATE", "a")] * 2 + [("UPDATE", "t")] * 2
    with pytest.raises(AtlasServiceException, match="409"):
        calls.create_glossary_term(atlas.AtlasGlossaryTerm({"name": "a", "anchor": anchor}))
    calls.delete_glossary_by_guid(glossary.guid)
    assert glossary.guid not in [one["guid"] for one in calls.get_all_glossaries()]
    client.session.close()
