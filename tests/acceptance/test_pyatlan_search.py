"""The unmodified pyatlan client searches: its own helpers, fluent searches, paging, and custom metadata."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
from pyatlan.client.asset import Batch
from pyatlan.client.atlan import AtlanClient
from pyatlan.errors import InvalidRequestError, NotFoundError
from pyatlan.model.assets import (
    Asset,
    AtlasGlossary,
    AtlasGlossaryCategory,
    AtlasGlossaryTerm,
    Connection,
    Database,
    Schema,
    Table,
)
from pyatlan.model.custom_metadata import CustomMetadataDict
from pyatlan.model.enums import AssetCreationHandling, AtlanConnectorType, AtlanCustomAttributePrimitiveType, SortOrder
from pyatlan.model.fields.atlan_fields import CustomMetadataField
from pyatlan.model.fluent_search import CompoundQuery, FluentSearch
from pyatlan.model.search import Term
from pyatlan.model.typedef import AtlanTagDef, AttributeDef, CustomMetadataDef

from tests.acceptance.program import PROXIES, TOKEN, Program

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # pyatlan speaks to its transport in old ways
]
_numbers = count(1)


@pytest.fixture(scope="module")
def client(program: Program) -> Iterator[AtlanClient]:
    with pytest.MonkeyPatch.context() as patch:
        for name in PROXIES:
            patch.delenv(name, raising=False)
        client = AtlanClient(base_url=program.url, api_key=TOKEN)  # type: ignore[no-untyped-call]
        yield client
        client._session.close()


class Stock:
    """A connection with a schema of five tables, and a glossary with two categories and a term."""

    def __init__(self, client: AtlanClient) -> None:
        number = next(_numbers)
        self.client = client
        admin = client.role_cache.get_id_for_name("$admin")
        assert admin is not None
        self.connection = Connection.creator(
            client=client, name=f"Wares {number}", connector_type=AtlanConnectorType.SNOWFLAKE, admin_roles=[admin]
        )
        self.connection.qualified_name = self.place = f"default/snowflake/9{number}"
        database = Database.creator(name="D", connection_qualified_name=self.place)
        schema = Schema.creator(name="S", database_qualified_name=f"{self.place}/D")
        self.schema = f"{self.place}/D/S"
        tables = [Table.creator(name=f"T{own}", schema_qualified_name=self.schema) for own in range(5)]
        client.asset.save([self.connection, database, schema, *tables])
        self.glossary = f"Words {number}"
        [self.made] = client.asset.save(AtlasGlossary.creator(name=self.glossary)).assets_created(AtlasGlossary)
        [self.top] = self.saved(AtlasGlossaryCategory.creator(name="Top", anchor=self.made))
        self.saved(AtlasGlossaryCategory.creator(name="Below", anchor=self.made, parent_category=self.top))
        client.asset.save(AtlasGlossaryTerm.creator(name="Order", anchor=self.made, categories=[self.top]))

    def saved(self, category: AtlasGlossaryCategory) -> list[AtlasGlossaryCategory]:
        return self.client.asset.save(category).assets_created(AtlasGlossaryCategory)

    def tables(self) -> FluentSearch:
        """A search of the stock's tables."""
        return (
            FluentSearch.select().where(Asset.TYPE_NAME.eq("Table")).where(Asset.QUALIFIED_NAME.startswith(self.place))
        )

    def named(self, search: FluentSearch) -> list[str | None]:
        return [one.name for one in search.execute(self.client)]


@pytest.fixture
def stock(client: AtlanClient) -> Stock:
    return Stock(client)


def test_a_connection_by_name(stock: Stock) -> None:
    find = stock.client.asset.find_connections_by_name
    [found] = find(stock.connection.name or "", AtlanConnectorType.SNOWFLAKE)
    assert found.qualified_name == stock.place
    with pytest.raises(NotFoundError):
        find(stock.connection.name or "", AtlanConnectorType.POSTGRES)


def test_a_glossary_a_category_and_a_term_by_name(stock: Stock) -> None:
    asset = stock.client.asset
    assert asset.find_glossary_by_name(stock.glossary).guid == stock.made.guid
    [category] = asset.find_category_by_name("Top", stock.glossary)
    assert category.guid == stock.top.guid
    term = asset.find_term_by_name("Order", stock.glossary, attributes=["anchor", "categories"])
    assert term.anchor is not None
    assert (term.name, term.anchor.name) == ("Order", stock.glossary)
    assert [one.name for one in term.categories or []] == ["Top"]
    with pytest.raises(NotFoundError):
        asset.find_term_by_name("Nothing", stock.glossary)


def test_the_hierarchy_of_a_glossary(stock: Stock) -> None:
    glossary = stock.client.asset.find_glossary_by_name(stock.glossary)
    hierarchy = stock.client.asset.get_hierarchy(glossary, attributes=[AtlasGlossaryCategory.NAME])
    assert [one.name for one in hierarchy.breadth_first] == ["Top", "Below"]
    assert [one.name for one in hierarchy.root_categories] == ["Top"]


def test_terms_are_appended_and_found(stock: Stock) -> None:
    client = stock.client
    term = client.asset.find_term_by_name("Order", stock.glossary)
    client.asset.append_terms(asset_type=Table, terms=[term], qualified_name=f"{stock.schema}/T1")
    assert stock.named(stock.tables().where(CompoundQuery.assigned_term([term.qualified_name or ""]))) == ["T1"]
    client.asset.remove_terms(asset_type=Table, terms=[term], qualified_name=f"{stock.schema}/T1")
    assert stock.named(stock.tables().where(CompoundQuery.assigned_term())) == []


@pytest.mark.parametrize("bulk", [False, True])
@pytest.mark.parametrize("size", [1, 2, 3, 5, 300])
def test_pages_one_after_the_other_are_the_whole(stock: Stock, size: int, bulk: bool) -> None:
    request = stock.tables().page_size(size).to_request()
    results = stock.client.asset.search(request, bulk=bulk)
    assert results.count == 5
    assert sorted(one.name or "" for one in results) == ["T0", "T1", "T2", "T3", "T4"]


def test_fluent_searches(stock: Stock) -> None:
    tables, name = stock.tables(), Asset.NAME
    assert stock.named(tables.sort(name.order(SortOrder.DESCENDING))) == ["T4", "T3", "T2", "T1", "T0"]
    assert stock.named(tables.where(name.eq("t3"))) == ["T3"]
    assert sorted(stock.named(tables.where_not(name.within(["T1", "T2"])))) == ["T0", "T3", "T4"]  # type: ignore[type-var]
    some = tables.where_some(name.wildcard("T?")).where_some(name.regexp("T[0-1]")).min_somes(2)
    assert stock.named(some.sort(name.order())) == ["T0", "T1"]
    assert stock.named(tables.where(Table.SCHEMA_NAME.match("s")).where(name.eq("T0"))) == ["T0"]
    assert tables.count(stock.client) == 5
    found = tables.include_on_results(Table.ATLAN_SCHEMA).include_on_relations(Asset.NAME).execute(stock.client)
    assert {one.atlan_schema.name for one in found if isinstance(one, Table) and one.atlan_schema} == {"S"}


def test_counts_by_value(stock: Stock) -> None:
    request = FluentSearch.select().where(Asset.QUALIFIED_NAME.startswith(stock.place))
    results = request.aggregate("types", Asset.TYPE_NAME.bucket_by()).page_size(0).execute(stock.client)
    assert results.aggregations is not None
    buckets = results.aggregations["types"].buckets
    assert {one.key: one.doc_count for one in buckets} == {"table": 5, "database": 1, "schema": 1, "connection": 1}


def test_a_batch_looks_before_it_saves(stock: Stock) -> None:
    for sensitive, name in ((True, "T0"), (False, "t1")):
        batch = Batch(stock.client, 10, update_only=True, track=True, case_insensitive=not sensitive)
        for own in (name, "Nowhere"):
            wanted = Table.creator(name=own, schema_qualified_name=stock.schema)
            wanted.description = f"found as {name}"
            batch.add(wanted)
        batch.flush()
        assert [one.qualified_name for one in batch.skipped] == [f"{stock.schema}/Nowhere"]
        assert [one.qualified_name for one in batch.updated] == [f"{stock.schema}/{name.upper()}"]
    batch = Batch(stock.client, 10, creation_handling=AssetCreationHandling.FULL, table_view_agnostic=True)
    batch.add(Table.creator(name="T2", schema_qualified_name=stock.schema))
    batch.flush()
    assert not batch.created


def test_custom_metadata_and_tags(stock: Stock) -> None:
    client = stock.client
    attribute = AttributeDef.create(
        client=client, display_name="Level", attribute_type=AtlanCustomAttributePrimitiveType.STRING
    )
    assert attribute.options is not None
    assert stock.place in (attribute.options.applicable_connections or "")
    custom = CustomMetadataDef.create(display_name="Quality")
    custom.attribute_defs = [attribute]
    client.typedef.create(custom)
    client.typedef.create(AtlanTagDef.create(name="Secret"))
    [table] = stock.tables().where(Asset.NAME.eq("T3")).execute(client)
    values = CustomMetadataDict(client=client, name="Quality")
    values["Level"] = "very good"
    client.asset.update_custom_metadata_attributes(table.guid, values)
    client.asset.add_atlan_tags(Table, f"{stock.schema}/T3", ["Secret"])
    level = CustomMetadataField(client, "Quality", "Level")
    for query in (
        level.eq("very good"),
        level.match("good"),
        level.has_any_value(),
        CompoundQuery.tagged(client, ["Secret"]),
    ):
        assert stock.named(stock.tables().where(query)) == ["T3"]
    search = stock.tables().where(level.has_any_value())
    for name in client.custom_metadata_cache.get_attributes_for_search_results("Quality") or []:
        search = search.include_on_results(name)
    [found] = search.execute(client)
    assert found.get_custom_metadata(client, "Quality")["Level"] == "very good"
    assert [tag.type_name for tag in found.atlan_tags or []]


def test_what_is_not_taken_is_an_error_at_once(stock: Stock) -> None:
    with pytest.raises(InvalidRequestError, match="match_phrase is not taken here"):
        stock.tables().where(Asset.DESCRIPTION.match_phrase("a b")).execute(stock.client)


def test_archived_assets_are_found_where_asked_for(stock: Stock) -> None:
    [made] = stock.client.asset.save(Table.creator(name="Gone", schema_qualified_name=stock.schema)).assets_created(
        Table
    )
    stock.client.asset.delete_by_guid(made.guid)
    search = FluentSearch.select(include_archived=True).where(Asset.QUALIFIED_NAME.eq(f"{stock.schema}/Gone"))
    assert stock.named(search) == ["Gone"]
    assert stock.named(search.where(Term.with_state("ACTIVE"))) == []
