"""The unmodified pyatlan client against the program: what its users do all day, and what the log says of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import count
from typing import TypeVar

import pytest
from pyatlan.client.aio.client import AsyncAtlanClient
from pyatlan.client.atlan import AtlanClient
from pyatlan.errors import AuthenticationError, InvalidRequestError, NotFoundError
from pyatlan.model.assets import (
    Asset,
    AtlasGlossary,
    AtlasGlossaryTerm,
    Column,
    Connection,
    Database,
    Process,
    Schema,
    Table,
    View,
)
from pyatlan.model.enums import (
    AtlanConnectorType,
    AtlanDeleteType,
    CertificateStatus,
    EntityStatus,
    LineageDirection,
    SaveSemantic,
)
from pyatlan.model.lineage import FluentLineage, LineageListRequest

from tests.acceptance.lossless import lost, lost_v9
from tests.acceptance.program import PROXIES, TOKEN, Program
from tests.api.door import Door, operations

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


@pytest.fixture(scope="module")
def connection(client: AtlanClient) -> Connection:
    admin = client.role_cache.get_id_for_name("$admin")
    assert admin is not None
    wanted = Connection.creator(
        client=client, name="ours", connector_type=AtlanConnectorType.SNOWFLAKE, admin_roles=[admin]
    )
    [made] = client.asset.save(wanted).assets_created(Connection)
    return made


class Stock:
    """A database with a schema, a table and three columns of its own."""

    def __init__(self, client: AtlanClient, connection: Connection) -> None:
        self.client = client
        self.database = self.one(Database.creator(name=f"DB{next(_numbers)}", connection_qualified_name=qn(connection)))
        self.schema = self.one(Schema.creator(name="S", database_qualified_name=qn(self.database)))
        self.table = self.one(Table.creator(name="T", schema_qualified_name=qn(self.schema)))
        columns: list[Asset] = [
            Column.creator(name=f"C{number}", parent_qualified_name=qn(self.table), parent_type=Table, order=number)
            for number in (1, 2, 3)
        ]
        self.columns = client.asset.save(columns).assets_created(Column)

    def one(self, wanted: T) -> T:
        [made] = self.client.asset.save(wanted).assets_created(type(wanted))
        return made

    def read(self, guid: str) -> Table:
        return self.client.asset.get_by_guid(guid, asset_type=Table, ignore_relationships=False)


@pytest.fixture
def stock(client: AtlanClient, connection: Connection) -> Stock:
    return Stock(client, connection)


def qn(asset: Asset) -> str:
    assert asset.qualified_name is not None
    return asset.qualified_name


@pytest.fixture
def since(door: Door, stock: Stock) -> int:
    """The end of the log once the stock is there."""
    return door.head()


def test_what_was_made_is_what_is_read(stock: Stock) -> None:
    by_guid = stock.read(stock.table.guid)
    by_name = stock.client.asset.get_by_qualified_name(qn(stock.table), asset_type=Table, ignore_relationships=False)
    assert by_guid == by_name
    assert by_guid.atlan_schema is not None
    assert by_guid.atlan_schema.guid == stock.schema.guid
    assert {one.guid for one in by_guid.columns or []} == {one.guid for one in stock.columns}
    assert (by_guid.name, by_guid.status, by_guid.database_name) == ("T", EntityStatus.ACTIVE, stock.database.name)
    assert by_guid.create_time == by_guid.update_time or by_guid.update_time


def test_a_child_is_created_and_its_parent_updated(stock: Stock) -> None:
    wanted = Column.creator(name="C4", parent_qualified_name=qn(stock.table), parent_type=Table, order=4)
    answer = stock.client.asset.save(wanted)
    assert [one.guid for one in answer.assets_updated(Table)] == [stock.table.guid]
    assert answer.guid_assignments == {wanted.guid: answer.assets_created(Column)[0].guid}


def test_an_update_changes_what_it_names(stock: Stock, door: Door, since: int) -> None:
    wanted = Table.updater(qualified_name=qn(stock.table), name="T")
    wanted.description = "hello"
    wanted.owner_users = {"b", "a"}
    wanted.certificate_status = CertificateStatus.VERIFIED
    assert [one.description for one in stock.client.asset.save(wanted).assets_updated(Table)] == ["hello"]
    read = stock.read(stock.table.guid)
    assert (read.owner_users, read.certificate_status) == ({"a", "b"}, CertificateStatus.VERIFIED)
    assert read.certificate_updated_by == "admin"
    assert operations(door.events(since)) == [("UPDATE", "T")]


def test_a_certificate_and_an_announcement_come_and_go(stock: Stock, door: Door, since: int) -> None:
    name = qn(stock.table)
    stock.client.asset.update_certificate(Table, name, "T", CertificateStatus.DRAFT, message="soon")
    assert stock.read(stock.table.guid).certificate_status_message == "soon"
    stock.client.asset.remove_certificate(Table, name, "T")
    assert stock.read(stock.table.guid).certificate_status is None
    assert operations(door.events(since)) == [("UPDATE", "T"), ("UPDATE", "T")]


def test_saving_what_was_read_says_nothing(stock: Stock, door: Door, since: int) -> None:
    for guid in (stock.table.guid, stock.columns[0].guid, stock.schema.guid, stock.database.guid):
        read: Asset = stock.client.asset.get_by_guid(guid, ignore_relationships=False)
        answer = stock.client.asset.save(read)
        assert answer.assets_updated(Asset) == answer.assets_created(Asset) == []
    assert door.head() == since


def test_archive_restore_purge(stock: Stock, door: Door, since: int) -> None:
    column = stock.columns[0]
    [archived] = stock.client.asset.delete_by_guid(column.guid).assets_deleted(Column)
    assert (archived.guid, archived.status) == (column.guid, EntityStatus.DELETED)
    assert len(stock.read(stock.table.guid).columns or []) == 2
    assert stock.client.asset.restore(Column, qn(column))
    assert len(stock.read(stock.table.guid).columns or []) == 3
    [purged] = stock.client.asset.purge_by_guid(column.guid).assets_deleted(Column)
    assert (purged.status, purged.delete_handler) == (EntityStatus.DELETED, "PURGE")
    with pytest.raises(NotFoundError, match="ATLAS-404-00-005"):
        stock.client.asset.get_by_guid(column.guid)
    assert operations(door.events(since)) == [("DELETE", "C1"), ("UPDATE", "C1"), ("DELETE", "C1")]


@pytest.mark.parametrize("how", [AtlanDeleteType.HARD, AtlanDeleteType.PURGE])
def test_several_are_purged_at_once(stock: Stock, how: AtlanDeleteType) -> None:
    answer = stock.client.asset.purge_by_guid([one.guid for one in stock.columns], delete_type=how)
    assert len(answer.assets_deleted(Column)) == 3
    assert stock.read(stock.table.guid).columns in (None, [])


def test_lineage_touches_both_sides(stock: Stock, connection: Connection, door: Door) -> None:
    view = stock.one(View.creator(name="V", schema_qualified_name=qn(stock.schema)))
    head = door.head()
    process = Process.creator(
        name="P", connection_qualified_name=qn(connection),
        inputs=[Table.ref_by_guid(stock.table.guid)], outputs=[View.ref_by_guid(view.guid)],
    )  # fmt: skip
    answer = stock.client.asset.save(process)
    assert {one.guid for one in answer.assets_updated(Asset)} == {stock.table.guid, view.guid}
    assert sorted(operations(door.events(head))) == [("CREATE", "P"), ("UPDATE", "T"), ("UPDATE", "V")]
    [read] = stock.read(stock.table.guid).input_to_processes or []
    assert read.guid == answer.assets_created(Process)[0].guid


@pytest.fixture
def flow(stock: Stock, connection: Connection) -> list[Asset]:
    """A table, a process, a view, a process, a view: each made of the one before."""
    views = [stock.one(View.creator(name=name, schema_qualified_name=qn(stock.schema))) for name in ("V1", "V2")]
    found: list[Asset] = [stock.table]
    for number, view in enumerate(views):
        process = Process.creator(
            name=f"P{number}", connection_qualified_name=qn(connection),
            inputs=[type(found[-1]).ref_by_guid(found[-1].guid)], outputs=[View.ref_by_guid(view.guid)],
        )  # fmt: skip
        found += [stock.one(process), view]
    return found


def test_lineage_is_listed_in_pages(stock: Stock, flow: list[Asset]) -> None:
    start, *rest = flow
    request = FluentLineage(starting_guid=start.guid, size=1, includes_on_results=Asset.NAME).request
    found = list(stock.client.asset.get_lineage_list(request))
    assert [(one.guid, one.depth) for one in found] == [(one.guid, 1 + place // 2) for place, one in enumerate(rest)]
    assert [type(one) for one in found] == [Process, View, Process, View]
    up = FluentLineage(starting_guid=flow[2].guid, direction=LineageDirection.UPSTREAM, size=5).request
    assert [one.guid for one in stock.client.asset.get_lineage_list(up)] == [flow[1].guid, start.guid]
    last = stock.client.asset.get_lineage_list(LineageListRequest.create(guid=flow[-1].guid))
    assert ([*last], last.has_more) == ([], False)


def test_lineage_is_filtered_and_shows_neighbours(stock: Stock, flow: list[Asset]) -> None:
    views = FluentLineage(
        starting_guid=flow[0].guid,
        immediate_neighbors=True,
        includes_in_results=[Asset.TYPE_NAME.in_lineage.eq("View"), FluentLineage.ACTIVE],
        includes_on_results=["__hasLineage", "description"],
        where_assets=Asset.NAME.in_lineage.neq("P1"),
        where_relationships=FluentLineage.ACTIVE,
    )
    start, view = stock.client.asset.get_lineage_list(views.request)
    assert (start.guid, start.depth, view.guid, view.has_lineage) == (flow[0].guid, 0, flow[2].guid, True)
    assert [one.guid for one in start.immediate_downstream or []] == [flow[2].guid]
    assert [one.guid for one in view.immediate_upstream or []] == [flow[0].guid]
    assert [one.guid for one in view.immediate_downstream or []] == [flow[4].guid]


def test_lineage_comes_and_goes_with_its_process(stock: Stock, flow: list[Asset], door: Door) -> None:
    assert stock.read(flow[0].guid).has_lineage is True
    stock.client.asset.delete_by_guid(flow[1].guid)
    assert stock.read(flow[0].guid).has_lineage is False
    head = door.head()
    wanted = Table.updater(qualified_name=qn(stock.table), name="T")
    wanted.has_lineage = True
    assert stock.client.asset.save(wanted).assets_updated(Asset) == []
    assert door.head() == head


def test_terms_are_appended_and_removed(stock: Stock, door: Door) -> None:
    glossary = stock.one(AtlasGlossary.creator(name=f"G{next(_numbers)}"))
    term = stock.one(AtlasGlossaryTerm.creator(name="term", glossary_guid=glossary.guid))
    assert term.anchor is not None
    head = door.head()
    for how, linked in ((SaveSemantic.APPEND, [term.guid]), (SaveSemantic.REMOVE, [])):
        wanted = Table.updater(qualified_name=qn(stock.table), name="T")
        wanted.assigned_terms = [AtlasGlossaryTerm.ref_by_guid(term.guid, semantic=how)]
        assert len(stock.client.asset.save(wanted).assets_updated(Asset)) == 2
        assert [one.guid for one in stock.read(stock.table.guid).assigned_terms or []] == linked
    assert sorted(operations(door.events(head))) == [("UPDATE", "T")] * 2 + [("UPDATE", "term")] * 2


def test_errors_come_as_the_classes_of_the_client(program: Program, stock: Stock) -> None:
    with pytest.raises(NotFoundError, match="ATLAS-404-00-009"):
        stock.client.asset.update_certificate(Table, "nobody", "n", certificate_status=CertificateStatus.DRAFT)
    wrong = Table.updater(qualified_name=qn(stock.table), name="T")
    wrong.columns = [Table.ref_by_guid(stock.table.guid)]
    with pytest.raises(InvalidRequestError, match="columns takes a Column"):
        stock.client.asset.save(wrong)
    with pytest.raises(NotFoundError) as caught:
        stock.client.asset.get_by_qualified_name(qn(stock.table), asset_type=View)
    assert caught.value.error_code.http_error_code == 404
    stranger = AtlanClient(base_url=program.url, api_key="wrong-token")  # type: ignore[no-untyped-call]
    with pytest.raises(AuthenticationError, match="TIDINGS-401-000"):
        stranger.asset.get_by_guid(stock.table.guid)
    stranger._session.close()


def test_every_event_of_all_this_is_read_whole(stock: Stock, door: Door) -> None:
    test_archive_restore_purge(stock, door, door.head())
    stock.client.asset.purge_by_guid(stock.schema.guid)
    for event in [*door.events(0), *door.events(0, form="wire")]:
        assert lost(event) == lost_v9(event) == []


def test_the_asynchronous_client_goes_the_same_way(program: Program, door: Door) -> None:
    async def act() -> None:
        async with AsyncAtlanClient(base_url=program.url, api_key=TOKEN) as client:  # type: ignore[no-untyped-call]
            glossary = AtlasGlossary.creator(name=f"G{next(_numbers)}")
            [made] = (await client.asset.save(glossary)).assets_created(AtlasGlossary)
            read = await client.asset.get_by_guid(made.guid, asset_type=AtlasGlossary, ignore_relationships=False)
            assert (await client.asset.save(read)).assets_updated(AtlasGlossary) == []
            read.description = "now"
            assert len((await client.asset.save(read)).assets_updated(AtlasGlossary)) == 1
            await client.asset.delete_by_guid(made.guid)
            assert await client.asset.restore(AtlasGlossary, qn(made))
            await client.asset.purge_by_guid(made.guid)
            with pytest.raises(NotFoundError):
                await client.asset.get_by_guid(made.guid)

    head = door.head()
    asyncio.run(act())
    assert [kind for kind, _ in operations(door.events(head))] == ["CREATE", "UPDATE", "DELETE", "UPDATE", "DELETE"]
