"""The commands against a real server: JSON lines for programs, tables for people."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.api.alone import client, saved, table
from tests.api.terminal import Run, invoke, lines, run
from tidings.client import Client
from tidings.testing import server

TABLE = "default/x/1/d/s/orders"

__all__ = ["client", "run"]  # fixtures


# --- reading -----------------------------------------------------------------------------------------------------------


def test_get_by_guid_and_by_name(client: Client, run: Run) -> None:
    guid = saved(client)
    assert lines(run("get", guid)) == lines(run("get", "Table", TABLE)) == [client.get(guid)]


def test_get_shows_people_what_is_set(client: Client, run: Run) -> None:
    guid = saved(client)
    columns = [
        {
            "typeName": "Column",
            "attributes": {"name": f"c{n}", "qualifiedName": f"{TABLE}/c{n}", "order": n, "table": {"guid": guid}},
        }
        for n in range(12)
    ]
    client.save([*columns, table(description="All of [them]", ownerUsers=["jo"])])
    shown = run("get", guid, people=True).stdout
    for part in ("orders  Table, active", guid, "All of [them]", '["jo"]', "Column c0", "… and 2 more", "by admin"):
        assert part in shown
    assert "columnCount" not in shown
    assert "Table orders" in run("get", "Column", f"{TABLE}/c1", people=True).stdout
    client.delete([guid])
    assert "archived" in run("get", guid, people=True).stdout


def test_what_is_not_there_is_an_error(run: Run) -> None:
    result = run("get", "Table", "nowhere", code=1)
    assert result.stdout == ""
    assert "does not exist" in result.stderr


def test_events_in_both_forms_and_filtered(client: Client, run: Run) -> None:
    for name in ("a", "b", "c"):
        saved(client, name)
    client.delete([("Table", "default/x/1/d/s/a")])
    assert [one["tidings"]["position"] for one in lines(run("events"))] == [1, 2, 3, 4]
    assert all("tidings" not in one for one in lines(run("events", "--form", "wire")))
    deleted = lines(run("events", "--operation", "delete", "--type", "Table", "--prefix", "default/x", "--since", "1h"))
    assert [one["tidings"]["position"] for one in deleted] == [4]
    shown = run("events", "--after", "3", people=True).stdout
    assert "DELETE" in shown
    assert "archived" in shown


def test_events_of_a_type_that_there_is_not(client: Client, run: Run) -> None:
    saved(client)
    told = run("events", "--type", "Tabel", "--type", "Table")
    assert len(lines(told)) == 1
    assert "there is no such type now: Given typename Tabel was invalid; did you mean Table?" in told.stderr


def test_ids_and_names_have_no_slash(run: Run) -> None:
    for command in (("get", "a/header"), ("cursors", "remove", "a/lease"), ("tail", "--cursor", "a/b")):
        assert f"{command[-1]!r} is neither a guid nor a name: they have no slash" in run(*command, code=1).stderr


def test_events_say_whether_there_is_more(client: Client, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tidings.cli.events.LARGEST_PAGE", 1)
    assert "no events" in run("events").stderr
    for name in ("a", "b", "c"):
        saved(client, name)
    some = run("events", "--limit", "2")
    assert len(lines(some)) == 2
    assert "--after 2" in some.stderr
    assert run("events", "--limit", "3").stderr == ""


def test_history_also_of_what_was_purged(client: Client, run: Run) -> None:
    guid = saved(client)
    client.delete([guid], delete_type="PURGE")
    assert len(lines(run("history", guid))) == 2
    assert "purged" in run("history", guid, people=True).stdout
    nobody = "0" * 8 + "-0000-7000-8000-" + "0" * 12
    assert "is the guid right" in run("history", nobody).stderr


def test_status(client: Client, run: Run) -> None:
    saved(client)
    assert lines(run("status"))[0]["head"] == 1
    assert "1 active, 0 archived" in run("status", people=True).stdout


# --- writing -----------------------------------------------------------------------------------------------------------


def test_save_from_stdin_and_file(client: Client, run: Run, tmp_path: Path) -> None:
    told = lines(run("save", "-", input=json.dumps({"entities": [table()]})))[0]
    assert (told["assets"], len(told["mutatedEntities"]["CREATE"])) == (1, 1)
    file = tmp_path / "assets.jsonl"
    file.write_text("".join(json.dumps(table(name)) + "\n" for name in "abcde"))
    assert [one["assets"] for one in lines(run("save", str(file), "--batch", "2"))] == [2, 2, 1]
    shown = run("save", str(file), people=True).stdout
    assert "5 assets read: 0 created, 0 updated" in shown
    assert client.head() == 6


def test_save_nothing(run: Run) -> None:
    assert run("save", "-", input="[]").stdout == ""
    assert "0 assets read" in run("save", "-", input="[]", people=True).stdout


def test_save_dry_run_shows_events(client: Client, run: Run) -> None:
    entities = json.dumps([table()])
    assert [one["tidings"]["position"] for one in lines(run("save", "-", "--dry-run", input=entities))] == [None]
    shown = run("save", "-", "--dry-run", input=entities, people=True).stdout
    assert "would" in shown
    assert "1 would be created" in shown
    assert client.head() == 0


def test_save_strict_and_lenient(run: Run) -> None:
    odd = json.dumps([table(colour="red")])
    assert "colour" in run("save", "-", input=odd, code=1).stderr
    assert lines(run("save", "-", "--lenient", input=odd))[0]["ignoredAttributes"] == 1
    assert "1 attributes" in run("save", "-", "--lenient", input=odd, people=True).stderr


def test_a_failing_batch_says_what_is_saved(client: Client, run: Run) -> None:
    entities = json.dumps([table("a"), table("b", colour="red")])
    result = run("save", "-", "--batch", "1", input=entities, code=1)
    assert "from asset 2 on; the 1 assets before it are saved" in result.stderr
    assert client.head() == 1
    dry = run("save", "-", "--batch", "1", "--dry-run", input=entities, code=1)
    assert "are saved" not in dry.stderr


def test_delete_and_restore(client: Client, run: Run) -> None:
    guid = saved(client)
    assert len(lines(run("delete", guid, "--dry-run"))) == 1
    assert lines(run("delete", "-", input=f"{guid}\n"))[0]["mutatedEntities"] == {"DELETE": [guid]}
    assert "1 would be restored" in run("restore", guid, "--dry-run", people=True).stdout
    assert lines(run("restore", "--name", "Table", TABLE))[0]["mutatedEntities"] == {"UPDATE": [guid]}
    assert "1 archived" in run("delete", guid, people=True).stdout
    assert "1 purged" in run("delete", guid, "--type", "purge", "--yes", people=True).stdout
    assert client.head() == 5


def test_a_script_purges_only_with_yes(client: Client, run: Run) -> None:
    guid = saved(client)
    refused = run("delete", guid, "--type", "purge", code=2)
    assert "add --yes to purge, or --dry-run" in " ".join(refused.stderr.split())
    assert client.head() == 1
    assert lines(run("delete", guid, "--type", "purge", "--dry-run"))
    assert lines(run("delete", guid, "--type", "purge", "--yes"))[0]["mutatedEntities"]["DELETE"]


@pytest.mark.parametrize(("answer", "head"), [("y\n", 2), ("n\n", 1)])
def test_people_are_asked_before_a_purge(
    client: Client, run: Run, monkeypatch: pytest.MonkeyPatch, answer: str, head: int
) -> None:
    guid = saved(client)
    monkeypatch.setattr("tidings.cli.remove.somebody_is_there", lambda: True)
    result = run("delete", guid, "--type", "purge", input=answer)
    assert "for good" in result.stderr
    assert ("nothing was purged" in result.stderr) == (head == 1)
    assert client.head() == head


# --- tokens ------------------------------------------------------------------------------------------------------------


def test_tokens_for_programs(run: Run) -> None:
    made = lines(run("tokens", "add", "jo", "--role", "read"))[0]
    assert lines(run("status", "--token", made["token"]))
    assert "role" in run("save", "-", "--token", made["token"], input="[{}]", code=1).stderr
    assert [one["name"] for one in lines(run("tokens", "list"))] == ["admin", "jo"]
    assert lines(run("tokens", "revoke", "jo")) == [{"revoked": "jo"}]
    assert "check --token or TIDINGS_TOKEN" in run("status", "--token", made["token"], code=1).stderr


def test_tokens_for_people(run: Run) -> None:
    made = run("tokens", "add", "jo", "--role", "admin", people=True)
    assert run("tokens", "list", "--token", made.stdout.strip(), people=True).stdout.count("admin") == 3
    assert "keep it" in made.stderr
    assert "is revoked" in run("tokens", "revoke", "jo", people=True).stdout


# --- crawling ----------------------------------------------------------------------------------------------------------


def test_crawl(client: Client, run: Run, tmp_path: Path) -> None:
    run_sql(tmp_path / "shop.db", "CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT)")
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    wished = lines(run("crawl", url, "--dry-run"))[0]
    assert (wished["dryRun"], client.head()) == (True, 0)
    done = lines(run("crawl", url))[0]
    assert done["created"] == wished["created"] == client.head()
    again = run("crawl", url, "--connection", done["connection"], people=True).stdout
    assert "unchanged" in again
    assert client.head() == done["created"]
    assert "what would change" in run("crawl", url, "--dry-run", people=True).stdout


def run_sql(file: Path, statement: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(statement)


def test_crawl_of_what_is_not_there(run: Run) -> None:
    assert "no file" in run("crawl", "sqlite:////nowhere/at/all.db", code=1).stderr


# --- the catalog's file --------------------------------------------------------------------------------------------------


def test_backup_and_check_beside_a_running_server(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'catalog.db'}"
    target = tmp_path / "copy.db"
    backup = ("backup", str(target), "--database", database)
    with server(database) as client:
        saved(client)
        assert lines(invoke(*backup)) == [{"target": str(target), "bytes": target.stat().st_size}]
        invoke(*backup, code=1)
        assert lines(invoke("check", env={"TIDINGS_DATABASE": database}))[0]["sound"] is True
    other = tmp_path / "other.db"
    shown = invoke("backup", str(other), "--database", f"sqlite:///{target}", people=True)
    assert "holds the whole catalog" in shown.stdout
    shown = invoke("check", "--database", f"sqlite:///{other}", people=True)
    assert "sound: 1 assets, 0 links and 1 events" in shown.stdout


def test_check_of_a_damaged_catalog(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'catalog.db'}"
    with server(database) as client:
        saved(client)
    run_sql(tmp_path / "catalog.db", "UPDATE asset SET version = 7")
    assert lines(invoke("check", "--database", database, code=1))[0]["problems"]
    assert "restore a backup" in invoke("check", "--database", database, people=True, code=1).stdout


def test_check_of_what_is_not_there(tmp_path: Path) -> None:
    assert invoke("check", "--database", f"sqlite:///{tmp_path / 'none.db'}", code=1).stdout == ""
    memory = invoke("check", "--database", "sqlite:///:memory:", code=1)
    assert "name its file with --database" in memory.stderr
