"""The event contract, row by row: every scenario with its exact counts, the exact NOOP, the order, and what is ours.

A row names what is done and which events come of it: these, in any order unless it says so, and no other. Where the
protocol's own server is known to say more or less than it should, the row says what is right, and why.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from tests.catalog import entity, ref
from tests.labels import OWNER, PII, QUALITY, SCORE, SECRET, SNOW, TEAMS, tag, tagged
from tests.properties.test_counts import estate
from tests.store.contract import (
    ABSENT,
    CONNECTION,
    HOME,
    NOTHING,
    Event,
    Row,
    World,
    active,
    appended,
    archived,
    at,
    both,
    column,
    crossed_flow,
    deleting,
    end,
    failed,
    flow,
    glossary,
    heard,
    lineage,
    named,
    names_for_guids,
    nothing,
    plain_column,
    process,
    quality,
    removed,
    said,
    saving,
    shop,
    table,
    tables,
    then,
    whole_flow,
    without_tag,
)
from tests.store.test_seventeen import term as tagged_term
from tests.store.test_seventeen import worked_example
from tidings.model.errors import TidingsError
from tidings.model.profiles import SERVER
from tidings.store.base import Store
from tidings.write.commands import EntityInput, Target

ADDED, REMOVED = "mutatedDetails.addedRelationshipAttributes", "mutatedDetails.removedRelationshipAttributes"
NEW, LINKS, DETAILS = "mutatedDetails.attributes", "mutatedDetails.relationshipAttributes", "mutatedDetails"
C1 = end("Column", "c1")

CREATED = [
    Row("an asset is created", nothing, lambda it: it.put(table()), said("CREATE orders"),
        shows={"CREATE orders": {DETAILS: ABSENT, "entity.status": "ACTIVE", "tidings.origin": "direct"}}),
    Row("… whose details the server sends", nothing, lambda it: it.put(table(description="d")), said("CREATE orders"),
        SERVER, shows={"CREATE orders": {f"{NEW}.description": "d", "mutatedDetails.guid": "orders"}}),
    Row("its parent, there before, hears of a child, without details", shop, lambda it: it.put(column("new")),
        said("CREATE new", "UPDATE orders"),
        shows={"UPDATE orders": {DETAILS: ABSENT, "tidings.origin": "related",
                                 "tidings.after": {"columns": [end("Column", "new")]}}}),
    Row("… with details from the server", shop, lambda it: it.put(column("new")), said("CREATE new", "UPDATE orders"),
        SERVER, shows={"UPDATE orders": {ADDED: {"columns": [end("Column", "new")]}}}),
    *both("three columns in one call: the table hears once", shop,
          lambda it: it.put(*(column(name) for name in ("x", "y", "z"))), said("CREATE x y z", "UPDATE orders")),
    Row("… of all three", shop, lambda it: it.put(column("x"), column("y"), column("z")),
        said("CREATE x y z", "UPDATE orders"), SERVER,
        shows={"UPDATE orders": {ADDED: {"columns": [end("Column", name) for name in "xyz"]}}}),
    *both("who is created in the same request gets only its creation, parents first", nothing,
          lambda it: it.put(column("c2"), column("c1"), table()), said("CREATE orders c2 c1"), in_order=True),
    *both("a peer named at creation hears", glossary,
          lambda it: it.put(table("new", meanings=[it.term("churn")])), said("CREATE new", "UPDATE churn")),
    *both("a term is created: its glossary hears", glossary,
          lambda it: it.put(entity("AtlasGlossaryTerm", "cost", anchor={"guid": it.guid("AtlasGlossary", "sales")})),
          said("CREATE cost", "UPDATE sales")),
    *both("a database says its connection by a string, so that nobody else hears",
          lambda it: it.put(entity("Connection", CONNECTION)),
          lambda it: it.put(entity("Database", f"{CONNECTION}/db", connectionQualifiedName=CONNECTION)),
          said("CREATE db")),
]  # fmt: skip

UPDATED = [
    Row("attributes change: new values of these alone", shop,
        lambda it: it.put(table(description="new", ownerUsers=["cy"], rowCount=5)), said("UPDATE orders"),
        shows={"UPDATE orders": {NEW: {"description": "new", "ownerUsers": ["cy"]}, LINKS: ABSENT,
                                 "tidings.before": {"description": "d", "ownerUsers": ["ann", "bob"]},
                                 "tidings.after": {"description": "new", "ownerUsers": ["cy"]}}}),
    Row("a certificate: its stamps are in the entity and not among the details", shop,
        lambda it: it.put(table(certificateStatus="VERIFIED")), said("UPDATE orders"),
        shows={"UPDATE orders": {NEW: {"certificateStatus": "VERIFIED"}, "entity.attributes.certificateUpdatedBy": "jo",
                                 "tidings.before": {"certificateStatus": None, "certificateUpdatedBy": None,
                                                    "certificateUpdatedAt": None}}}),
    Row("an announcement", shop, lambda it: it.put(table(announcementType="warning", announcementTitle="t")),
        said("UPDATE orders"), shows={"UPDATE orders": {"entity.attributes.announcementUpdatedBy": "jo"}}),
    Row("values are cleared: empty on the wire, null in ours", shop,
        lambda it: it.put(table(description=None, rowCount=None, ownerUsers=None)), said("UPDATE orders"),
        shows={"UPDATE orders": {NEW: {"description": "", "rowCount": 0, "ownerUsers": []},
                                 "tidings.after": {"description": None, "rowCount": None, "ownerUsers": None},
                                 "entity.attributes.description": ABSENT, "entity.attributes.rowCount": 0}}),
    Row("an attribute that is not flagged is told all the same", shop, lambda it: it.put(table(viewScore=2.0)),
        said("UPDATE orders"), shows={"UPDATE orders": {f"{NEW}.viewScore": 2.0, "entity.attributes.viewScore": ABSENT}}),
    *both("a term is linked: both ends", glossary, lambda it: it.put(table("customers", meanings=[it.term("churn")])),
          said("UPDATE customers churn"),
          shows={"UPDATE customers": {LINKS: {"meanings": [end("AtlasGlossaryTerm", "churn")]}}}),
    *both("one of two terms is unlinked: two events", glossary, lambda it: it.put(table(meanings=[it.term("churn")])),
          said("UPDATE orders revenue"),
          shows={"UPDATE orders": {LINKS: {"meanings": [end("AtlasGlossaryTerm", "churn")]}}}),
    *both("a column moves to another table: three events", shop, lambda it: it.put(column("c1", of="customers")),
          said("UPDATE c1 orders customers"),
          shows={"UPDATE c1": {LINKS: {"table": end("Table", "customers")}, "tidings.origin": "direct"}}),
    Row("… the tables told what went and came", shop, lambda it: it.put(column("c1", of="customers")),
        said("UPDATE c1 orders customers"), SERVER,
        shows={"UPDATE orders": {REMOVED: {"columns": [C1]}}, "UPDATE customers": {ADDED: {"columns": [C1]}}}),
    Row("two processes get four inputs each: six events", flow,
        lambda it: it.put(process("p0", inputs="t0 t1 t2 t3"), process("p1", inputs="t0 t1 t2 t3")),
        said("UPDATE p0 p1 t0 t1 t2 t3"), SERVER,
        shows={"UPDATE p0": {LINKS: {"inputs": [end("Table", f"t{number}") for number in range(4)]}},
               "UPDATE t0": {ADDED: {"inputToProcesses": [end("Process", "p0"), end("Process", "p1")]}}}),
    Row("… then other inputs: five events, none for the table that keeps both", whole_flow,
        lambda it: it.put(process("p0", inputs="t1 t2"), process("p1", inputs="t2 t3")),
        said("UPDATE p0 p1 t0 t1 t3"), SERVER,
        shows={"UPDATE t0": {REMOVED: {"inputToProcesses": [end("Process", "p0"), end("Process", "p1")]}},
               "UPDATE t1": {REMOVED: {"inputToProcesses": [end("Process", "p1")]}},
               "UPDATE t3": {REMOVED: {"inputToProcesses": [end("Process", "p0")]}}}),
    *both("… then none: five events", crossed_flow,
          lambda it: it.put(process("p0", inputs=None), process("p1", inputs=None)), said("UPDATE p0 p1 t1 t2 t3")),
    # The protocol's server tells an asset that was linked already; nothing about it changed.
    *both("a link appended that is new, and one that is there: only the new one is told", whole_flow,
          lambda it: it.put(table("t4"), appended(process("p0"), inputs=tables("t3", "t4"))),
          said("CREATE t4", "UPDATE p0"),
          shows={"UPDATE p0": {ADDED: {"inputs": [end("Table", "t4")]}}}),
    *both("links that are there are appended again: nothing", whole_flow,
          lambda it: it.put(appended(process("p0"), inputs=tables("t2", "t3"))), NOTHING),
    # The protocol's server forgets both where one asset carries both.
    *both("links appended and removed at once", crossed_flow,
          lambda it: it.put(removed(appended(process("p0"), inputs=tables("t0")), inputs=tables("t1"))),
          said("UPDATE p0 t0 t1")),
    *both("an asset saved as it is, of which another's link changes, hears of that", shop,
          lambda it: it.put(table("customers"), column("c1", of="customers")), said("UPDATE c1 orders customers"),
          shows={"UPDATE customers": {"tidings.origin": "related"}}),
]  # fmt: skip

UNCHANGED = [
    *both("everything saved back as it was read", then(glossary, lambda it: it.put(
        quality({OWNER: "o", TEAMS: ["a", "b"]}, tagged(table(), PII)), tagging="append", custom="merge")),
        World.save_all_back, NOTHING),
    *(Row(f"NOOP: {what}", shop, saving(one), NOTHING) for what, one in {
        "no key at all": table(),
        "the same values": table(description="d", rowCount=5),
        "the same owners in another order, one twice": table(ownerUsers=["bob", "ann", "bob"]),
        "null for a string that is unset (a hole of the protocol's server)": table(userDescription=None),
        "null for a number, a boolean, a date": table(sizeBytes=None, isTemporary=None, lastSyncRunAt=None),
        "null for an array, a map, an enum": table(starredBy=None, queryPreviewConfig=None, certificateStatus=None),
        "what «unset» reads as": table(sizeBytes=0, isTemporary=False, starredBy=[], queryPreviewConfig={}),
        "an attribute's own default": table(isDiscoverable=True, popularityScore=1.17549435e-38),
        "5.0 where 5 is stored": table(rowCount=5.0),
        "null for links that are not there (a hole of the protocol's server)": table(meanings=None, partitions=[]),
        "the same link by name": column("c1"),
        "a stamp that only the server sets": table(certificateUpdatedBy="somebody", certificateUpdatedAt=7),
        "status ACTIVE of what is active": active(table()),
        "a super-type for its type": entity("SQL", f"{HOME}/orders", description="d"),
    }.items()),
    Row("NOOP: the same link by guid", shop,
        lambda it: it.put(entity("Column", f"{HOME}/orders/c1", table={"guid": it.guid("Table", "orders")})), NOTHING),
    Row("not NOOP: a list in another order", shop, saving(failed("validity", "timeliness")),
        said("UPDATE orders")),
    Row("not NOOP: a list with one of its values twice", shop, saving(failed("timeliness", "validity", "validity")),
        said("UPDATE orders")),
    Row("a missing key keeps its value", shop, lambda it: it.put(table(rowCount=6)), said("UPDATE orders"),
        shows={"UPDATE orders": {NEW: {"rowCount": 6}, "entity.attributes.description": "d"}}),
]  # fmt: skip

DELETED = [
    *(Row(f"a table is deleted ({how}): its columns stay as they are", shop,
          deleting(how), said("DELETE orders"),
          shows={"DELETE orders": {"entity.deleteHandler": handler, "entity.status": "DELETED", DETAILS: ABSENT}})
      for how, handler in (("DEFAULT", "DEFAULT"), ("SOFT", "DEFAULT"), ("HARD", "HARD"), ("PURGE", "HARD"))),
    *(Row(f"… which the server echoes, and tells live neighbours first ({how})", shop,
          deleting(how), said("UPDATE c1 c2", "DELETE orders"), SERVER,
          in_order=True,
          shows={"DELETE orders": {"entity.deleteHandler": how, "mutatedDetails.guid": "orders"},
                 "UPDATE c1": {REMOVED: {"table": end("Table", "orders")}, "tidings.origin": "related"}})
      for how in ("DEFAULT", "SOFT", "HARD", "PURGE")),
    Row("a table and one of its columns: nobody is updated and deleted at once", shop,
        lambda it: it.archive(named(), named("orders/c1", "Column")), said("DELETE orders c1", "UPDATE c2"), SERVER),
    *both("archived again: nothing", archived, lambda it: it.archive(named()), NOTHING),
    *both("archived, then purged: told again", archived, lambda it: it.purge(named()), said("DELETE orders"),
          shows={"DELETE orders": {"tidings.before": {"__state": "DELETED"}, "tidings.after": {"__state": "PURGED"}}}),
    *both("… also by HARD, which the protocol's server passes over in silence", archived,
          lambda it: it.purge(named(), how="HARD"), said("DELETE orders")),
    *both("a connection deleted as one asset: only it", lambda it: it.put(entity("Connection", CONNECTION), table()),
          lambda it: it.archive(Target(type_name="Connection", qualified_name=CONNECTION)), said("DELETE 1")),
    *both("… with everything under it, itself last, children first", lambda it: it.put(
        entity("Connection", CONNECTION), table(), column("c1"), column("c2")),
        lambda it: it.delete_connection("SOFT"), said("DELETE c2 c1 orders 1"), in_order=True),
    Row("a process with one input and one output", lineage, lambda it: it.archive(named("load", "Process")),
        said("DELETE load")),
    Row("… both of which the server tells", lineage, lambda it: it.archive(named("load", "Process")),
        said("UPDATE orders copy", "DELETE load"), SERVER),
    Row("an input is deleted: the process stays", lineage, lambda it: it.archive(named()), said("DELETE orders")),
    Row("a glossary takes along what it owns", glossary, lambda it: it.archive(it.named("AtlasGlossary", "sales")),
        said("DELETE revenue churn money sales"), shows={"DELETE churn": {"tidings.origin": "cascade"}}),
    Row("… and the table hears of its terms from the server", glossary,
        lambda it: it.archive(it.named("AtlasGlossary", "sales")),
        said("UPDATE orders", "DELETE revenue churn money sales"), SERVER),
    *both("saved while archived, without status: changed, and archived still", archived,
          lambda it: it.put(table(description="new")), said("UPDATE orders"),
          shows={"UPDATE orders": {"entity.status": "DELETED", NEW: {"description": "new"}}}),
    *both("a child comes to an archived parent, which hears nothing", archived, lambda it: it.put(column("new")),
          said("CREATE new")),
]  # fmt: skip

FOUR = {OWNER: "o", TEAMS: ["a", "b"], SCORE: 5, SNOW: "s"}


def described(it: World) -> None:
    """The shop, with four values of custom metadata on orders."""
    shop(it)
    it.put(quality(FOUR), custom="merge")


def customise(values: Any, how: str = "merge", **attributes: Any) -> Any:
    return lambda it: it.put(quality(values, table(**attributes)), custom=how)


CUSTOM = [
    Row("four values in one save: one event, and the entity does not show them", shop, customise(FOUR),
        said("CUSTOM orders"),
        shows={"CUSTOM orders": {DETAILS: {QUALITY: FOUR}, "entity.businessAttributes": ABSENT,
                                 "tidings.before": {"businessAttributes": {QUALITY: dict.fromkeys(FOUR)}},
                                 "tidings.after": {"businessAttributes": {QUALITY: FOUR}}}}),
    Row("only what differs is told, null for what is removed", described, customise({**FOUR, SCORE: 6, OWNER: None}),
        said("CUSTOM orders"), shows={"CUSTOM orders": {DETAILS: {QUALITY: {OWNER: None, SCORE: 6}}}}),
    Row("all removed", described, customise(dict.fromkeys(FOUR)), said("CUSTOM orders"),
        shows={"CUSTOM orders": {DETAILS: {QUALITY: dict.fromkeys(FOUR)}}}),
    Row("… as a whole set", described, customise(None), said("CUSTOM orders"),
        shows={"CUSTOM orders": {DETAILS: {QUALITY: dict.fromkeys(FOUR)}}}),
    Row("overwritten: what is not named is removed", described, customise({OWNER: "o"}, "overwrite"),
        said("CUSTOM orders"), shows={"CUSTOM orders": {DETAILS: {QUALITY: {TEAMS: None, SCORE: None, SNOW: None}}}}),
    Row("with an attribute in the same save: one event of each kind", shop, customise(FOUR, description="new"),
        said("CUSTOM orders", "UPDATE orders"), in_order=True,
        shows={"UPDATE orders": {NEW: {"description": "new"}, "mutatedDetails.businessAttributes": ABSENT}}),
    Row("the server adds an update, of no details", shop, customise(FOUR), said("CUSTOM orders", "UPDATE orders"), SERVER,
        in_order=True, shows={"UPDATE orders": {DETAILS: ABSENT, "tidings.after": {}}}),
    Row("… but not a second one", shop, customise(FOUR, description="new"), said("CUSTOM orders", "UPDATE orders"),
        SERVER, shows={"UPDATE orders": {NEW: {"description": "new"}}}),
    *both("an asset is created with it", nothing, customise(FOUR), said("CREATE orders", "CUSTOM orders"), in_order=True),
    *(row for what, values in {
        "the same values": FOUR,
        "several values in another order (a hole of the protocol's server)": {TEAMS: ["b", "a"]},
        "5.0 where 5 is stored (another)": {SCORE: 5.0},
        "no values at all (another)": {},
    }.items() for row in both(f"custom metadata unchanged: {what}", described, customise(values), NOTHING)),
    *(Row(f"custom metadata unchanged: null for {what} (a hole of the protocol's server)", shop, customise(values), NOTHING)
      for what, values in {"an unset value": {OWNER: None}, "several": {TEAMS: None}, "a whole set": None}.items()),
]  # fmt: skip


def secret(it: World) -> None:
    """orders -> load -> copy, with a tag on orders alone."""
    lineage(it)
    it.put(tagged(table(), tag(SECRET, propagate=False)), tagging="append")


def spread(it: World) -> None:
    """orders -> load -> copy, and a tag on orders that spreads."""
    lineage(it)
    it.put(tagged(table(), PII), tagging="append")


def put_on(*tags: Any, how: str = "append") -> Any:
    return lambda it: it.put(tagged(table(), *tags), tagging=how)


def take_off(name: str) -> Any:
    return lambda it: it.put(without_tag(name))


ALL_OF_FLOW = "orders c1 c2 load copy"
TAGS = [
    *both("a tag that does not spread", lineage, put_on(tag(PII, propagate=False)), said("ADD orders"),
          shows={"ADD orders": {"entity.classificationNames": [PII], "tidings.names": {PII: "PII"}}}),
    *both("a tag that spreads: whoever gains it, processes too", lineage, put_on(PII), said(f"ADD {ALL_OF_FLOW}"),
          shows={"ADD orders": {"tidings.origin": "direct"}, "ADD copy": {"tidings.origin": "propagated"}}),
    *both("it is taken off: whoever loses it", spread, take_off(PII), said(f"TAKE {ALL_OF_FLOW}"),
          shows={"TAKE orders": {"entity.classifications": ABSENT, "entity.classificationNames": ABSENT}}),
    *both("it is put on again as it is", spread, put_on(PII), NOTHING),
    *both("two tags: an event for each", shop, put_on(tag(PII, propagate=False), tag(SECRET, propagate=False)),
          said("ADD orders orders")),
    # The protocol's server takes all tags off and puts all on where one of them differs.
    *both("tags replaced by the same and one more", secret,
          put_on(tag(SECRET, propagate=False), tag(PII, propagate=False), how="replace"), said("ADD orders"),
          shows={"ADD orders": {"entity.classificationNames": [PII, SECRET]}}),
    *both("tags replaced by another: first off, then on", secret, put_on(tag(PII, propagate=False), how="replace"),
          said("TAKE orders", "ADD orders"), in_order=True),
    # The protocol's server says the tag first, of an asset that nobody has heard of.
    *both("an asset is created with a tag: created first", nothing, put_on(PII), said("CREATE orders", "ADD orders"),
          in_order=True),
    *both("a tag and an attribute in one save", shop,
          lambda it: it.put(tagged(table(description="new"), tag(PII, propagate=False)), tagging="append"),
          said("ADD orders", "UPDATE orders"), in_order=True),
    # The protocol's server says CLASSIFICATION_UPDATE, a seventh operation that clients refuse.
    *both("a flag changes: who loses it, and an update of the asset that bears it", spread,
          put_on(tag(PII, restrictPropagationThroughLineage=True)), said("TAKE load copy", "UPDATE orders")),
    *both("a value of a tag changes: an update of the asset that bears it", spread, put_on(tag(PII, attributes={"level": 3})),
          said("UPDATE orders"), shows={"UPDATE orders": {NEW: ABSENT}}),
    *both("no values and no periods of validity, where there are none", secret,
          put_on(tag(SECRET, propagate=False, attributes={}, validityPeriods=[])), NOTHING),
    *both("a new edge carries it on", spread, lambda it: it.put(column("new")),
          said("CREATE new", "ADD new", "UPDATE orders"), in_order=True),
    *both("an edge goes, and the tag with it", spread, lambda it: it.put(process("load", inputs=None)),
          said("TAKE load copy", "UPDATE load orders")),
    Row("an asset on the path goes", spread, lambda it: it.archive(named("load", "Process")),
        said("TAKE copy", "DELETE load"), in_order=True),
    Row("who bears it goes", spread, lambda it: it.archive(named()),
        said("TAKE c1 c2 load copy", "DELETE orders")),
    Row("… and leaves it to the others where that was asked for",
        then(lineage, put_on(tag(PII, removePropagationsOnEntityDelete=False))), lambda it: it.archive(named()),
        said("DELETE orders")),
    # The protocol's server drops the tags of what is archived.
    Row("who was archived with a tag has it again when restored", then(secret, lambda it: it.archive(named())),
        lambda it: it.restore(named()), said("UPDATE orders"),
        shows={"UPDATE orders": {"entity.classificationNames": [SECRET]}}),
]  # fmt: skip

LINEAGE = [
    *both("a process with two inputs and two outputs: 1 + 4", flow,
          lambda it: it.put(process("etl", inputs="t0 t1", outputs="t2 t3")), said("CREATE etl", "UPDATE t0 t1 t2 t3")),
    *both("two processes over the same tables: each table hears once", flow,
          lambda it: it.put(*(process(name, inputs="t0 t1", outputs="t2") for name in ("etl", "elt"))),
          said("CREATE etl elt", "UPDATE t0 t1 t2")),
    *both("a process with its tables, all new", nothing,
          lambda it: it.put(process("etl", inputs="t0", outputs="t1"), table("t0"), table("t1")),
          said("CREATE etl t0 t1")),
    Row("the entity of a process does not show its ends", flow, lambda it: it.put(process("etl", inputs="t0")),
        said("CREATE etl", "UPDATE t0"), shows={"CREATE etl": {"entity.attributes.inputs": ABSENT,
                                                              "entity.relationshipAttributes": ABSENT}}),
]  # fmt: skip

STATE = {"__state": "ACTIVE"}
RESTORED = [
    Row("an archived table is restored: an update, never a creation", archived, lambda it: it.restore(named()),
        said("UPDATE orders"),
        shows={"UPDATE orders": {NEW: STATE, "entity.status": "ACTIVE", "tidings.origin": "restore",
                                 "tidings.before": {"__state": "DELETED"}, "tidings.after": STATE}}),
    Row("… its live neighbours hear from the server", archived, lambda it: it.restore(named()),
        said("UPDATE orders c1 c2"), SERVER,
        shows={"UPDATE c1": {ADDED: {"table": end("Table", "orders")}, "tidings.origin": "related"}}),
    Row("… each once, and not who comes back itself", then(archived, lambda it: it.archive(named("orders/c1", "Column"))),
        lambda it: it.restore(named(), named("orders/c1", "Column")), said("UPDATE orders c1 c2"), SERVER,
        shows={"UPDATE c1": {NEW: STATE}}),
    Row("a column is restored", then(shop, lambda it: it.archive(named("orders/c1", "Column"))),
        lambda it: it.restore(named("orders/c1", "Column")), said("UPDATE c1")),
    *both("restored while active: nothing", shop, lambda it: it.restore(named()), NOTHING),
    Row("a save that says ACTIVE", archived, lambda it: it.put(active(table(description="new"))), said("UPDATE orders"),
        shows={"UPDATE orders": {NEW: {"description": "new", **STATE}, "tidings.origin": "restore"}}),
    Row("… tells neighbours in the server's profile", archived, lambda it: it.put(active(table()), plain_column("c1")),
        said("UPDATE orders c1 c2"), SERVER),
    Row("… one of which is labelled in the same save", archived,
        lambda it: it.put(active(table()), quality({OWNER: "o"}, tagged(plain_column("c1"), PII)),
                          tagging="append", custom="merge"),
        said("UPDATE orders c1 c2", "CUSTOM c1", "ADD c1"), SERVER),
    *both("a glossary with what it owns", then(glossary, lambda it: it.put(table(meanings=[])),
                                               lambda it: it.archive(it.named("AtlasGlossary", "sales"))),
          lambda it: it.restore(it.named("AtlasGlossary", "sales")), said("UPDATE sales revenue churn money")),
    Row("a process comes back with its edges", then(lineage, lambda it: it.archive(named("load", "Process"))),
        lambda it: it.restore(named("load", "Process")), said("UPDATE load orders copy"), SERVER),
]  # fmt: skip


def everything(it: World) -> None:
    it.put(
        tagged(quality({OWNER: "o"}, table(description="new", columns=[ref("Column", f"{HOME}/orders/new")])), PII),
        plain_column("new"), tagging="replace", custom="merge",
    )  # fmt: skip


ORDER = [
    Row("created, custom metadata, tags, spread tags, updated, only linked", secret, everything,
        said("CREATE new", "CUSTOM orders", "TAKE orders", "ADD orders", "ADD new load copy", "UPDATE orders c1 c2"),
        in_order=True),
    *both("within a kind the order of the request", shop,
          lambda it: it.put(*(table(name, rowCount=9) for name in ("customers", "orders"))),
          said("UPDATE customers orders"), in_order=True),
    Row("children go first, the owner last", then(glossary, lambda it: it.put(table(meanings=[]))),
        lambda it: it.archive(it.named("AtlasGlossary", "sales"), named("orders/c1", "Column"), named()),
        said("DELETE money churn revenue c1 orders sales")),
]  # fmt: skip

ROWS = {
    "created": CREATED, "updated": UPDATED, "unchanged": UNCHANGED, "deleted": DELETED, "custom metadata": CUSTOM,
    "tags": TAGS, "lineage": LINEAGE, "restored": RESTORED, "order": ORDER,
}  # fmt: skip


def one_request(events: list[Event]) -> None:
    """What holds for the events of every request."""
    details = [one["tidings"] for one in events]
    assert len({one["message"]["eventTime"] for one in events}) <= 1
    assert all(one["msgCreationTime"] >= one["message"]["eventTime"] for one in events)
    assert [one["causeIndex"] for one in details] == list(range(1, len(events) + 1))
    assert {one["causeCount"] for one in details} <= {len(events)}
    assert len({one["cause"] for one in details}) <= 1
    assert {one["actor"] for one in details} <= {"jo"}
    tags = [[each["typeName"] for each in one["message"]["mutatedDetails"]] if kind in ("ADD", "TAKE") else []
            for one, (kind, _) in zip(events, heard(events), strict=True)]  # fmt: skip
    keys = [(one["message"]["entity"]["guid"], kind, *each) for one, (kind, _), each in
            zip(events, heard(events), tags, strict=True)]  # fmt: skip
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    "row", [pytest.param(row, id=f"{group}: {row.what}") for group, rows in ROWS.items() for row in rows]
)
def test_a_row_of_the_contract(store: Store, row: Row) -> None:
    it = World(store, row.profile)
    row.begin(it)
    head = store.head()
    row.act(it)

    every = it.events()
    told = names_for_guids(every[head:], every)
    assert (heard(told) if row.in_order else sorted(heard(told))) == (
        row.events if row.in_order else sorted(row.events)
    )
    by_name = {f"{kind} {name}": one for (kind, name), one in zip(heard(told), told, strict=True)}
    for event, paths in row.shows.items():
        assert {path: at(by_name[event], path) for path in paths} == paths
    one_request(every[head:])
    assert [one["tidings"]["position"] for one in every] == list(range(1, len(every) + 1))
    assert it.inspect().problems == []


def test_seventeen_assets_and_the_four_processes_between_them(store: Store) -> None:
    it = World(store)
    worked_example(it)
    name = tagged_term(it)
    counts = []
    for one in (tagged(entity("AtlasGlossaryTerm", name, name="revenue"), PII),
                without_tag(PII, entity("AtlasGlossaryTerm", name, name="revenue"))):  # fmt: skip
        head = store.head()
        it.put(one, tagging="append")
        counts.append(Counter("Process" in event["message"]["entity"]["typeName"] for event in it.events(head)))
    assert counts == [{False: 17, True: 4}] * 2


@pytest.mark.parametrize("how", ["SOFT", "PURGE"])
def test_a_whole_connection(store: Store, how: str) -> None:
    it, assets = World(store), estate()
    for start in range(0, len(assets), 8_000):
        it.put(*assets[start : start + 8_000])
    head = store.head()
    it.delete_connection(how)

    told = it.events(head)
    counts = Counter(kind for kind, _ in heard(it.events()))
    assert (counts["CREATE"], counts["DELETE"]) == (15_514, 15_514)
    assert len({one["message"]["entity"]["guid"] for one in told}) == len(told) == 15_514
    assert heard(told)[-1] == ("DELETE", "1")


def test_a_request_that_is_refused_or_only_tried_never_appears(store: Store) -> None:
    it = World(store)
    shop(it)
    head = store.head()
    for bad in (table("new", rowCount="many"), EntityInput("Nothing"), column("c9", of="nowhere")):
        with pytest.raises(TidingsError):
            it.put(table("new"), bad)
    with pytest.raises(TidingsError):
        it.archive(named(), Target(guid="01a1fbb8-64a4-7001-8793-455a989609d3"))
    it.put(table("new"), dry_run=True)
    assert store.head() == head


def test_versions_count_and_a_second_reading_says_the_same(store: Store) -> None:
    it = World(store)
    spread(it)
    everything(it)
    it.archive(named())
    events = it.events()
    versions: dict[str, list[int]] = {}
    for one in events:
        versions.setdefault(one["message"]["entity"]["guid"], []).append(one["tidings"]["version"])
    assert all(found == list(range(1, len(found) + 1)) for found in versions.values())
    assert len({one["tidings"]["id"] for one in events}) == len(events)
    assert it.events() == events


def test_ours_stands_under_one_key_and_never_in_a_tag(store: Store) -> None:
    it = World(store)
    spread(it)
    for record in it.log():
        wire, full = json.loads(record.wire()), json.loads(record.full())
        ours = full.pop("tidings")
        assert full == wire
        assert isinstance(wire["message"], dict)
        assert ours.keys() - {"names"} == {
            "position", "id", "version", "cause", "causeIndex", "causeCount", "actor", "origin", "before", "after",
        }  # fmt: skip
        for one in wire["message"]["entity"].get("classifications", []):
            assert one.keys() == {
                "typeName", "entityGuid", "entityStatus", "propagate", "removePropagationsOnEntityDelete",
                "restrictPropagationThroughLineage", "restrictPropagationThroughHierarchy",
            }  # fmt: skip
