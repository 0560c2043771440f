"""A PostgreSQL that crashes while somebody commits: what was not on its disk is not acknowledged, whatever came after."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.postgres import Cluster, cluster
from tests.catalog import TABLE, Catalog, entity
from tidings.model.typemodel import shipped_types
from tidings.store.postgres import PostgresStore
from tidings.store.postgres.address import parse
from tidings.store.postgres.database import connect, schema_oid
from tidings.store.postgres.session import NotCommitted, PostgresSession
from tidings.store.types import Types
from tidings.write.commands import Save
from tidings.write.submit import Actor, work_for

pytestmark = pytest.mark.postgres


@pytest.fixture
def server() -> Iterator[Cluster]:
    """One that waits for its disk; others may enter its folder, as whom it runs where the tests are root's."""
    with tempfile.TemporaryDirectory(prefix="tidings-") as folder, cluster(Path(folder) / "postgres") as found:
        yield found


def test_a_commit_that_a_crash_undid_is_not_taken_for_the_next_one_with_its_number(server: Cluster) -> None:
    url = server.url("postgres", schema="tidings")
    with contextlib.closing(PostgresStore(url)) as store:
        Catalog(store).save(entity("Table", TABLE))
    with contextlib.closing(connect(parse(url))) as connection:
        lost = PostgresSession(parse(url), schema_oid(connection, parse(url)))
    lost.begin()
    attempt = lost.attempt()
    work_for(Types(shipped_types()), Save([entity("Table", f"{TABLE}_lost")]), Actor("jo"))(attempt)
    lost.accept(attempt)

    server.crash()  # it has written nothing of all this to its disk
    server.start()
    with contextlib.closing(PostgresStore(url)) as store:
        Catalog(store).save(entity("Table", f"{TABLE}_next"))
        with server.connect() as admin:
            number = lost._transaction
            assert admin.execute("SELECT pg_xact_status(%s::text::xid8)", (number,)).fetchone() == ("committed",)

        with pytest.raises(NotCommitted):
            lost.commit()
        lost.close()
        with store.snapshot() as snapshot:
            assert snapshot.assets_by_name([f"{TABLE}_lost"]) == []
