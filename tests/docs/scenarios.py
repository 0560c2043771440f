"""What is said in which case: each row is played on a real catalog, and the reference shows what came of it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from tidings.model.errors import TidingsError
from tidings.model.events import decode
from tidings.read.assets import entity_forms
from tidings.testing import Catalog, catalog
from tidings.write.commands import EntityInput, Save
from tidings.write.submit import Actor, submit

HOME = "default/postgres/1700000000/shop/public"
ORDERS, CUSTOMERS, DAILY = f"{HOME}/orders", f"{HOME}/customers", f"{HOME}/daily"
GLOSSARY = "sales"
Entity = dict[str, Any]
Act = Callable[[Catalog], object]


def asset(type_name: str, qualified_name: str, **attributes: Any) -> Entity:
    """An asset to save, named by the last part of its qualifiedName."""
    name = {"name": qualified_name.rpartition("/")[2], "qualifiedName": qualified_name}
    return {"typeName": type_name, "attributes": name | attributes}


def ref(type_name: str, qualified_name: str) -> Entity:
    return {"typeName": type_name, "uniqueAttributes": {"qualifiedName": qualified_name}}


def guid(it: Catalog, name: str) -> str:
    """The guid of an asset that the log speaks of, by name or qualifiedName."""
    for event in it.events():
        entity: Entity = event["message"]["entity"]
        if name in (entity["attributes"]["qualifiedName"], entity["attributes"]["name"]):
            return str(entity["guid"])
    raise LookupError(name)


def nothing(_: Catalog) -> None:
    """An empty catalog to begin with."""


def shop(it: Catalog) -> None:
    it.save(
        asset("Schema", HOME),
        *(asset("Table", name, atlanSchema=ref("Schema", HOME)) for name in (ORDERS, CUSTOMERS)),
        asset("Column", f"{ORDERS}/id", order=1, table=ref("Table", ORDERS)),
    )


def described(it: Catalog) -> None:
    shop(it)
    it.save(asset("Table", ORDERS, description="All orders", ownerUsers=["ann", "bob"], rowCount=5))


def archived(it: Catalog) -> None:
    described(it)
    it.delete(guid(it, ORDERS))


def glossary(it: Catalog) -> None:
    shop(it)
    terms = [asset("AtlasGlossaryTerm", name, anchor=ref("AtlasGlossary", GLOSSARY)) for name in "ab"]
    it.save(asset("AtlasGlossary", GLOSSARY), *terms)
    it.save(asset("Table", ORDERS, meanings=[{"guid": guid(it, "a")}]))


def archived_glossary(it: Catalog) -> None:
    glossary(it)
    it.delete(guid(it, GLOSSARY))


def save_connection(it: Catalog) -> None:
    """15,514 assets. The cut between requests goes through no family, so that no parent hears of a late child."""
    connection = "default/postgres/1700000000"
    requests: list[list[Entity]] = [[asset("Connection", connection)], [], []]
    for number in range(10):
        database = f"{connection}/d{number % 3}"
        made = requests[number % 3]
        if number < 3:
            made.append(asset("Database", database))
        made.append(asset("Schema", f"{database}/s{number}", database=ref("Database", database)))
        for table in range(50):
            name = f"{database}/s{number}/t{table}"
            made.append(asset("Table", name, atlanSchema=ref("Schema", f"{database}/s{number}")))
            made += [asset("Column", f"{name}/c{column}", table=ref("Table", name)) for column in range(30)]
    for request in requests:
        it.save(*request)


def _three_columns(it: Catalog) -> None:
    it.save(*(asset("Column", f"{ORDERS}/c{number}", table=ref("Table", ORDERS)) for number in range(3)))


def _save_back(it: Catalog) -> None:
    """Every asset, exactly as it is read."""
    with it.store.snapshot() as snapshot:
        found = snapshot.assets_by_guid({event["message"]["entity"]["guid"] for event in it.events()})
        forms = [decode(form) for form in entity_forms(found, it.in_force.of(snapshot), snapshot, with_links=True)]
    it.save(*forms, strict=False)


def _refused(it: Catalog) -> None:
    try:
        it.save(asset("Table", f"{HOME}/new"), asset("Table", f"{HOME}/other", rowCount="many"))
    except TidingsError:
        return
    raise AssertionError("a bad asset was taken")


def _dry_run(it: Catalog) -> None:
    command = Save([EntityInput("Table", attributes=asset("Table", f"{HOME}/new")["attributes"])])
    submit(it.store, it.in_force, command, Actor("tester"), dry_run=True)


def _lineage(it: Catalog) -> None:
    outputs = [ref("Table", f"{HOME}/{name}") for name in ("daily", "weekly")]
    it.save(asset("Process", f"{HOME}/load", inputs=[ref("Table", ORDERS), ref("Table", CUSTOMERS)], outputs=outputs))


def _with_outputs(it: Catalog) -> None:
    shop(it)
    it.save(asset("Table", f"{HOME}/daily"), asset("Table", f"{HOME}/weekly"))


def flow(it: Catalog) -> None:
    """orders with its column, and a table with a column of its own that a process makes of orders; a tag, and custom metadata."""
    shop(it)
    it.define({"classificationDefs": [{"displayName": "PII"}]})
    attributes = [{"displayName": name, "typeName": "string"} for name in ("team", "contact", "reviewed")]
    it.define({"businessMetadataDefs": [{"displayName": "Care", "attributeDefs": attributes}]})
    it.save(asset("Table", DAILY), asset("Column", f"{DAILY}/id", order=1, table=ref("Table", DAILY)))
    it.save(asset("Process", f"{HOME}/load", inputs=[ref("Table", ORDERS)], outputs=[ref("Table", DAILY)]))


def tag(it: Catalog, **flags: Any) -> None:
    it.save(asset("Table", ORDERS) | {"classifications": [{"typeName": "PII", **flags}]}, tagging="append")


def untag(it: Catalog) -> None:
    it.save(asset("Table", ORDERS) | {"removeClassifications": [{"typeName": "PII"}]})


def tagged(it: Catalog) -> None:
    flow(it)
    tag(it)


def care(it: Catalog, **values: Any) -> None:
    it.save(asset("Table", ORDERS) | {"businessAttributes": {"Care": values}}, custom="merge")


def cared_for(it: Catalog) -> None:
    flow(it)
    care(it, team="sales", contact="ann")


def term_example(it: Catalog) -> None:
    """The protocol's worked example: a term, its table with 10 columns, 2 tables downstream with the 3 columns that are
    made of columns of the first."""
    shop(it)
    it.define({"classificationDefs": [{"displayName": "PII"}]})
    down = [f"{HOME}/d{number}" for number in range(2)]
    made = [f"{down[number % 2]}/c{number}" for number in range(3)]
    it.save(*(asset("Column", f"{ORDERS}/c{number}", table=ref("Table", ORDERS)) for number in range(9)))
    it.save(*(asset("Table", name) for name in down))
    it.save(*(asset("Column", name, table=ref("Table", name.rpartition("/")[0])) for name in made))
    outputs = [ref("Table", name) for name in down]
    it.save(asset("Process", f"{HOME}/load", inputs=[ref("Table", ORDERS)], outputs=outputs))
    for number, name in enumerate(made):
        ends = {"inputs": [ref("Column", f"{ORDERS}/c{number}")], "outputs": [ref("Column", name)]}
        it.save(asset("ColumnProcess", f"{HOME}/load/{number}", **ends))
    term = asset("AtlasGlossaryTerm", "revenue", anchor=ref("AtlasGlossary", GLOSSARY))
    it.save(asset("AtlasGlossary", GLOSSARY), term)
    it.save(asset("Table", ORDERS, meanings=[{"guid": guid(it, "revenue")}]))


def _tag_the_term(it: Catalog) -> None:
    term = {"typeName": "AtlasGlossaryTerm", "guid": guid(it, "revenue")}
    it.save(term | {"classifications": [{"typeName": "PII"}]}, tagging="append")


SCENARIOS: tuple[tuple[str, Act, Act], ...] = (
    ("Three columns added to a table in one request: the table hears of them once", shop, _three_columns),
    ("A process saved with 2 inputs and 2 outputs", _with_outputs, _lineage),
    ("Two attributes of a table set in one save", shop,
     lambda it: it.save(asset("Table", ORDERS, description="All orders", rowCount=7))),
    ("A term taken from a table", glossary, lambda it: it.save(asset("Table", ORDERS, meanings=[]))),
    ("A column moved to another table", shop,
     lambda it: it.save(asset("Column", f"{ORDERS}/id", table=ref("Table", CUSTOMERS)))),
    ("A column saved into an archived table: the archived hears nothing", archived,
     lambda it: it.save(asset("Column", f"{ORDERS}/new", table=ref("Table", ORDERS)))),
    ("Every asset saved back exactly as it was read", described, _save_back),
    ("The same owners in another order, one of them twice", described,
     lambda it: it.save(asset("Table", ORDERS, ownerUsers=["bob", "ann", "ann"]))),
    ("`5.0` where 5 is stored, `null` where nothing is set", described,
     lambda it: it.save(asset("Table", ORDERS, rowCount=5.0, subType=None))),
    ("A request of which one asset is refused: all of it is", shop, _refused),
    ("A dry run", shop, _dry_run),
    ("A table archived: its columns stay as they are", shop, lambda it: it.delete(guid(it, ORDERS))),
    ("It is archived again", archived, lambda it: it.delete(guid(it, ORDERS))),
    ("An archived table purged", archived, lambda it: it.delete(guid(it, ORDERS), delete_type="PURGE")),
    ("A glossary archived that owns 2 terms", glossary, lambda it: it.delete(guid(it, GLOSSARY))),
    ("That glossary restored", archived_glossary, lambda it: it.restore(guid(it, GLOSSARY))),
    ("An archived table restored", archived, lambda it: it.restore(guid(it, ORDERS))),
    ("A table restored that is active", described, lambda it: it.restore(guid(it, ORDERS))),
    ("An archived table saved with `status` ACTIVE and another description: restored, in one event", archived,
     lambda it: it.save({**asset("Table", ORDERS, description="New"), "status": "ACTIVE"})),
    ("An archived table saved with another description, without `status`: it stays archived", archived,
     lambda it: it.save(asset("Table", ORDERS, description="New"))),
    ("Three values of custom metadata set in one save", flow,
     lambda it: care(it, team="sales", contact="ann", reviewed="yes")),
    ("Custom metadata saved as it is, and `null` where nothing is set", cared_for,
     lambda it: care(it, team="sales", reviewed=None)),
    ("Custom metadata and an attribute changed in one save", flow,
     lambda it: it.save(asset("Table", ORDERS, description="New") | {"businessAttributes": {"Care": {"team": "sales"}}},
                        custom="merge")),
    ("A table with one column tagged; a process makes another table of it, with a column of its own", flow, tag),
    ("The tag taken off again", tagged, untag),
    ("The tag put on once more, as it is", tagged, tag),
    ("A tag put on with `propagate` false", flow, lambda it: tag(it, propagate=False)),
    ("That tag kept from lineage by its flag", tagged, lambda it: tag(it, restrictPropagationThroughLineage=True)),
    ("A column added to a tagged table", tagged,
     lambda it: it.save(asset("Column", f"{ORDERS}/total", table=ref("Table", ORDERS)))),
    ("A tagged table saved with `classifications` empty, and tags to be replaced", tagged,
     lambda it: it.save(asset("Table", ORDERS) | {"classifications": []}, tagging="replace")),
    ("The process archived over which the tag came", tagged, lambda it: it.delete(guid(it, "load"))),
    ("The tagged table archived", tagged, lambda it: it.delete(guid(it, ORDERS))),
    ("A term tagged, of a table with 10 columns and 2 tables downstream, 3 columns with one downstream each: 17 assets, and "
     "the 4 processes on the way", term_example, _tag_the_term),
)  # fmt: skip


def counted(before: Act, act: Act, profile: str) -> str:
    """Which events an act adds to the log, in words."""
    with catalog(profile) as it:
        before(it)
        after = it.store.head()
        act(it)
        counts = Counter(event["message"]["operationType"] for event in it.events(after))
    return ", ".join(f"{number:,} {name.removeprefix('ENTITY_')}" for name, number in counts.items()) or "nothing"


EXAMPLES: dict[str, tuple[Act, Act]] = {
    "create": (shop, lambda it: it.save(asset("Table", f"{HOME}/refunds", atlanSchema=ref("Schema", HOME)))),
    "update": (
        shop,
        lambda it: it.save(asset("Table", ORDERS, description="All orders", certificateStatus="VERIFIED")),
    ),
    "related": (shop, lambda it: it.save(asset("Column", f"{ORDERS}/total", table=ref("Table", ORDERS)))),
    "restore": (archived, lambda it: it.restore(guid(it, ORDERS))),
    "archive": (shop, lambda it: it.delete(guid(it, ORDERS))),
    "purge": (shop, lambda it: it.delete(guid(it, ORDERS), delete_type="PURGE")),
    "custom": (cared_for, lambda it: care(it, team="finance", contact=None)),
    "tag": (flow, tag),
    "propagated-tag": (flow, tag),
    "untag": (tagged, untag),
}
"""Name -> what comes before, and the act of which an event is shown: see ``LAST``."""
LAST = ("related", "propagated-tag")
"""Examples of which the last event is shown, of others the first."""

FIXED_TIME = 1700000000000


def example(name: str) -> str:
    """One whole event, with its guids and times replaced by fixed ones."""
    before, act = EXAMPLES[name]
    with catalog() as it:
        before(it)
        after = it.store.head()
        act(it)
        event = it.events(after)[-1 if name in LAST else 0]
        names = {
            one["message"]["entity"]["guid"]: f"guid-of-{one['message']['entity']['displayText']}"
            for one in it.events()
        }
    text = written(event)
    text = text.replace(event["tidings"]["cause"], "id-of-the-request")
    for known, shown in event["tidings"].get("names", {}).items():
        text = text.replace(known, f"id-of-{shown}")
    for known, shown in names.items():
        text = text.replace(known, shown)
    return re.sub(r"\b1[0-9]{12}\b", str(FIXED_TIME), text)


def written(value: Any, indent: int = 0) -> str:
    """JSON for readers: objects opened, but for those that fit on a line; members of long ones share lines."""
    short = json.dumps(value, ensure_ascii=False)
    if isinstance(value, list) and value and isinstance(value[0], dict) and len(short) + indent >= 100:
        return "[" + ", ".join(written(one, indent) for one in value) + "]"
    if not isinstance(value, dict) or len(short) + indent < 100:
        return short
    members = [f"{json.dumps(key)}: {written(one, indent + 2)}" for key, one in value.items()]
    lines, room = [members[0]], 110 - indent
    for member in members[1:]:
        crowded = len(value) < 40 or "\n" in member or "\n" in lines[-1]
        if crowded or len(lines[-1]) + len(member) + 2 > room:
            lines.append(member)
        else:
            lines[-1] += f", {member}"
    inner = (",\n" + " " * (indent + 2)).join(lines)
    return f"{{\n{' ' * (indent + 2)}{inner}\n{' ' * indent}}}"
