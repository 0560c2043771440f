"""Words of the contract's table: what an act starts from, and what is said of it, as short as a reader can bear."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any, NamedTuple

from tests.catalog import ACTOR, Catalog, entity, ref, ref_to
from tests.labels import SYSTEM, customised
from tidings.model.events import EVERYTHING, decode
from tidings.model.profiles import DOCUMENTED, SERVER, Profile
from tidings.read.assets import entity_forms
from tidings.store.base import AssetQuery, Store
from tidings.store.types import Types
from tidings.write.commands import EntityInput, Target
from tidings.write.connection import delete_connection

CONNECTION = "default/snowflake/1"
HOME = f"{CONNECTION}/db/schema"
Event = dict[str, Any]
Said = list[tuple[str, str]]
Act = Callable[["World"], object]
ABSENT = "absent"
_OPERATIONS = {
    "ENTITY_CREATE": "CREATE", "ENTITY_UPDATE": "UPDATE", "ENTITY_DELETE": "DELETE",
    "BUSINESS_ATTRIBUTE_UPDATE": "CUSTOM", "CLASSIFICATION_ADD": "ADD", "CLASSIFICATION_DELETE": "TAKE",
}  # fmt: skip


class Row(NamedTuple):
    """One line of the contract. ``shows``: event («UPDATE orders») -> path -> value; paths begin in ``message``, or with
    ``tidings``, and names stand for guids. ``in_order``: the events come exactly so."""

    what: str
    begin: Act
    act: Act
    events: Said
    profile: Profile = DOCUMENTED
    in_order: bool = False
    shows: Mapping[str, Mapping[str, Any]] = {}


def said(*groups: str) -> Said:
    """``said("CREATE c1 c2", "UPDATE orders")``: operation, then the names of the assets that it is said of."""
    return [(words[0], name) for words in (group.split() for group in groups) for name in words[1:]]


NOTHING = said()


def both(what: str, begin: Act, act: Act, events: Said, **more: Any) -> list[Row]:
    """A row that is the same in both profiles."""
    return [Row(f"{what} ({one.name})", begin, act, events, one, **more) for one in (DOCUMENTED, SERVER)]


class World(Catalog):
    """A catalog with a few tags and custom metadata, and names for what a row talks of."""

    def __init__(self, store: Store, profile: Profile = DOCUMENTED) -> None:
        super().__init__(store, profile)
        self.types = Types(SYSTEM)

    def put(self, *entities: EntityInput, **options: Any) -> None:
        self.save(*entities, **options)

    def term(self, name: str) -> dict[str, Any]:
        return ref_to(self.guid("AtlasGlossaryTerm", name))

    def of(self, type_name: str, name: str, **attributes: Any) -> EntityInput:
        """An asset that is there, named by its guid."""
        return EntityInput(type_name, self.guid(type_name, name), attributes=attributes)

    def events(self, after: int = 0) -> list[Event]:
        found: list[Event] = []
        with self.store.snapshot() as snapshot:
            head = snapshot.head()
            while after < head:
                records, after = snapshot.log(after, 1_000, EVERYTHING)
                found += [decode(one.full()) for one in records]
        return found

    def as_read(self) -> list[EntityInput]:
        """Everything, in the form in which it is read, tags and custom metadata with it."""
        with self.store.snapshot() as snapshot:
            found = snapshot.list_assets(AssetQuery(limit=1_000))
            forms = [decode(one) for one in entity_forms(found, self.types.of(snapshot), snapshot, with_links=True)]
        return [
            EntityInput(
                one["typeName"], one["guid"], one["status"], one["attributes"], one.get("relationshipAttributes"),
                classifications=one.get("classifications"), business_attributes=one.get("businessAttributes"),
            )
            for one in forms
        ]  # fmt: skip

    def save_all_back(self) -> None:
        self.save(*self.as_read(), tagging="replace", custom="overwrite")

    def delete_connection(self, how: Any) -> None:
        delete_connection(self.store, self.types, CONNECTION, ACTOR, self.profile, how)

    def delete(self, *targets: Target, how: Any = "SOFT") -> None:
        self.purge(*targets, how=how)


def names_for_guids(events: list[Event], every: list[Event]) -> list[Event]:
    text = json.dumps(events)
    for entity_ in (one["message"]["entity"] for one in every):
        text = text.replace(entity_["guid"], entity_["displayText"])
    found: list[Event] = json.loads(text)
    return found


def heard(events: list[Event]) -> Said:
    return [(_OPERATIONS[one["message"]["operationType"]], one["message"]["entity"]["displayText"]) for one in events]


def at(event: Event, path: str) -> Any:
    try:
        return reduce(operator.getitem, path.split("."), event if path.startswith("tidings") else event["message"])
    except KeyError:
        return ABSENT


# --- assets ---------------------------------------------------------------------------------------------------------


def table(name: str = "orders", **attributes: Any) -> EntityInput:
    return entity("Table", f"{HOME}/{name}", **attributes)


def failed(*dimensions: str) -> EntityInput:
    """orders with other values of an attribute of cardinality LIST."""
    return table(assetDQRuleFailedDimensions=list(dimensions))


def tables(*names: str) -> list[dict[str, Any]]:
    return [ref("Table", f"{HOME}/{name}") for name in names]


def column(name: str, of: str = "orders", inside: str = "orders", **attributes: Any) -> EntityInput:
    """A column of the table ``of``; its qualifiedName is that under the table ``inside``."""
    return entity("Column", f"{HOME}/{inside}/{name}", table=ref("Table", f"{HOME}/{of}"), **attributes)


def plain_column(name: str, **attributes: Any) -> EntityInput:
    return entity("Column", f"{HOME}/orders/{name}", **attributes)


def process(name: str, **ends: Any) -> EntityInput:
    """A process with ``inputs`` and ``outputs`` given by the names of tables; None is passed on."""
    return entity("Process", f"{HOME}/{name}", **{key: one and tables(*one.split()) for key, one in ends.items()})


def end(type_name: str, name: str) -> dict[str, str]:
    """The other end of a link, as events show it."""
    return {"guid": name, "typeName": type_name}


def named(name: str = "orders", type_name: str = "Table") -> Target:
    return Target(type_name=type_name, qualified_name=f"{HOME}/{name}")


def saving(one: EntityInput) -> Act:
    return lambda it: it.put(one)


def deleting(how: Any) -> Act:
    return lambda it: it.delete(named(), how=how)


def active(one: EntityInput) -> EntityInput:
    one.status = "ACTIVE"
    return one


def quality(values: Any, one: EntityInput | None = None) -> EntityInput:
    return customised(one or table(), values)


def without_tag(name: str, one: EntityInput | None = None) -> EntityInput:
    one = one or table()
    one.remove_classifications = [name]
    return one


def appended(one: EntityInput, **links: Any) -> EntityInput:
    one.append_relationship_attributes = links
    return one


def removed(one: EntityInput, **links: Any) -> EntityInput:
    one.remove_relationship_attributes = links
    return one


# --- beginnings -----------------------------------------------------------------------------------------------------


def nothing(_: World) -> None:
    """An empty catalog."""


def shop(it: World) -> None:
    """orders with two columns, and customers."""
    orders = table(description="d", ownerUsers=["ann", "bob"], rowCount=5)
    it.put(orders, table("customers"), column("c1"), column("c2"))
    it.put(failed("timeliness", "validity"))


def glossary(it: World) -> None:
    """The shop, and a glossary sales with two terms, both on orders, and a category."""
    shop(it)
    anchor = ref_to("-1")
    made = [entity("AtlasGlossaryTerm", name, anchor=anchor) for name in ("revenue", "churn")]
    it.put(
        EntityInput("AtlasGlossary", "-1", attributes={"name": "sales", "qualifiedName": "sales"}),
        *made,
        entity("AtlasGlossaryCategory", "money", anchor=anchor),
    )
    it.put(table(meanings=[it.term("revenue"), it.term("churn")]))


def flow(it: World) -> None:
    """Tables t0 … t3 and processes p0, p1 between nothing."""
    it.put(*(table(f"t{number}") for number in range(4)), process("p0"), process("p1"))


def whole_flow(it: World) -> None:
    flow(it)
    it.put(*(process(name, inputs="t0 t1 t2 t3") for name in ("p0", "p1")))


def crossed_flow(it: World) -> None:
    flow(it)
    it.put(process("p0", inputs="t1 t2"), process("p1", inputs="t2 t3"))


def lineage(it: World) -> None:
    """orders -> load -> copy; orders has the columns c1 and c2."""
    shop(it)
    it.put(table("copy"), process("load", inputs="orders", outputs="copy"))


def archived(it: World) -> None:
    shop(it)
    it.archive(named())


def then(begin: Act, *acts: Act) -> Act:
    """A beginning, and what came before the act."""

    def both_of_them(it: World) -> None:
        for act in (begin, *acts):
            act(it)

    return both_of_them
