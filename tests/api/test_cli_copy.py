"""``tidings copy`` as its users meet it: what it says, what it refuses, and that passwords stay hidden."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.api.door import asset
from tests.api.terminal import invoke as run
from tests.store.furnished import furnish
from tests.store.rows import adding
from tests.store.rows import asset as bare
from tidings.store.copying import MARK, Mark
from tidings.store.sqlite import SqliteStore
from tidings.testing import server


@pytest.fixture
def source(tmp_path: Path) -> str:
    path = tmp_path / "source.db"
    store = SqliteStore(str(path))
    furnish(store, 4)
    store.close()
    return f"sqlite:///{path}"


@pytest.fixture
def target(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/new/target.db"


def copied(*arguments: str, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("copy", *arguments, **more).stdout)
    return found


def test_a_program_is_told_in_one_record(source: str, target: str) -> None:
    told = copied(source, target)

    assert told.keys() == {"catalogId", "position", "sourcePosition", "rows", "verified", "problems"}
    assert (told["verified"], told["problems"], told["position"]) == (True, [], told["sourcePosition"])
    assert (told["rows"]["log"], told["rows"]["token"], told["rows"]["cursor"]) == (told["position"], 2, 1)
    assert json.loads(run("check", "--database", target).stdout)["sound"] is True


def test_people_are_told_in_a_table(source: str, target: str) -> None:
    told = run("copy", source, target, people=True).stdout

    assert "│ relationship │" in told
    assert "every row is the same, both catalogs are sound, and both logs tell one state" in told
    assert "gone on" not in told


def test_to_postgresql_and_back(source: str, target: str, postgres_url: str) -> None:
    there, back = copied(source, postgres_url), copied(postgres_url, target)

    assert there == back
    assert there["verified"]


def test_beside_a_running_server(tmp_path: Path, target: str) -> None:
    database = f"sqlite:///{tmp_path}/used.db"
    with server(database) as client:
        client.save([asset("Table", "default/x/1/d/s/one")])
        assert copied(database, target)["position"] == 1
        client.save([asset("Table", "default/x/1/d/s/two")])
        assert copied(database, f"{target}2")["position"] == 2
    with server(target) as client:  # its tokens came along
        assert client.status()["head"] == 1


def test_what_cannot_be_copied(source: str, target: str, tmp_path: Path) -> None:
    run("copy", source, target)
    (tmp_path / "link.db").symlink_to(tmp_path / "source.db")
    refused = {
        (f"sqlite:///{tmp_path}/none.db", target): "there is no catalog at",
        (source, source): "FROM and TO are the same database",
        (source, f"sqlite:///{tmp_path}/link.db"): "FROM and TO are the same database",
        (source, "sqlite:///:memory:"): "a copy in memory would be gone at once",
        ("sqlite:///:memory:", target): "cannot be opened by another program",
        (source, "mysql://root:hunter2@host/x"): "must look like sqlite:///catalog.db",
    }
    for arguments, words in refused.items():
        told = run("copy", *arguments, code=1).stderr
        assert words in told
        assert "hunter2" not in told


def test_one_schema_is_one_database_however_its_address_is_written(source: str, postgres_url: str) -> None:
    copied(source, postgres_url)

    told = run("copy", postgres_url, f"{postgres_url}&application_name=another", code=1).stderr

    assert "FROM and TO are the same database" in told


def test_a_target_that_holds_another_catalog(source: str, target: str, tmp_path: Path) -> None:
    other = SqliteStore(str(tmp_path / "other.db"))
    furnish(other, 4)
    other.close()

    assert "the target is not empty" in run("copy", source, f"sqlite:///{tmp_path}/other.db", code=1).stderr


def test_a_source_that_is_not_sound(tmp_path: Path, target: str) -> None:
    store = SqliteStore(str(tmp_path / "broken.db"))
    store.transact(adding(bare(1), events=0))
    store.close()
    arguments = (f"sqlite:///{tmp_path}/broken.db", target)

    assert copied(*arguments, code=1)["problems"][0].startswith("the source: ")
    assert "nothing was copied; restore a backup" in run("copy", *arguments, code=1, people=True).stdout


def test_nothing_opens_an_unfinished_copy(source: str, target: str, tmp_path: Path) -> None:
    store = SqliteStore(str(tmp_path / "new" / "target.db"))
    store.transact(lambda tx: tx.set_value(MARK, Mark("an-id", 7, "state").text))
    store.close()
    words = (
        "the database holds an unfinished copy of the catalog an-id up to position 7; run the same «tidings copy» again"
    )

    for arguments in (
        ("check", "--database", target), ("backup", "--database", target, str(tmp_path / "b.db")),
        ("copy", target, source), ("serve", "--port", "0", "--database", target),
    ):  # fmt: skip
        assert words in run(*arguments, code=1).stderr
    assert "an unfinished copy of another catalog" in run("copy", source, target, code=1).stderr
