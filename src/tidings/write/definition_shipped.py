"""Shipped definitions that users add to: enums take more values, types of asset more attributes. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from tidings.model.definitions import Body, relationship_of, type_guid
from tidings.model.errors import Conflict, Problem
from tidings.model.typedefs import EntityDef, TypeSystem
from tidings.write.definition_change import Scene, check_category, demands_of, merged
from tidings.write.definition_form import Given, whole
from tidings.write.definition_use import Demand
from tidings.write.faults import Faults

MAKER = "tidings"


def changed_shipped(
    given: Given, name: str, scene: Scene, shipped: TypeSystem, faults: Faults
) -> tuple[Body, list[Demand]]:
    """What was added to a shipped definition, with the stamps that it has now, and what must not be in use.

    Raises Conflict where it would be another one than the program ships.
    """
    stored = scene.system.stored.get(name)
    old = msgspec.json.decode(stored.body) if stored else _bare(given, name)
    if name in shipped.enums:
        check_category(given, "ENUM")
        return _more_values(given, old, scene, shipped, faults)
    if name in shipped.entities:
        check_category(given, "ENTITY")
        return _more_attributes(given, old, shipped.entities[name], scene, faults)
    if not _same_as_shipped(given, name, shipped):
        message = f"{name} comes with the program and cannot be changed; make a definition of your own"
        raise Conflict(message, [Problem(given.location, message)])
    return old, []


def _bare(given: Given, name: str) -> Body:
    """What a shipped definition looks like before anything was added to it."""
    stamps = {"createdBy": MAKER, "updatedBy": MAKER, "createTime": 0, "updateTime": 0, "version": 1}
    return {"category": given.category, "name": name, "guid": type_guid(name), **stamps}


def _more_values(
    given: Given, old: Body, scene: Scene, shipped: TypeSystem, faults: Faults
) -> tuple[Body, list[Demand]]:
    name = old["name"]
    wanted = given.body.get("elementDefs") or old.get("elementDefs") or []
    values = [one["value"] for one in wanted]
    gone = [value for value in shipped.enums[name].values if value not in values]
    if values and gone:
        message = f"{name} comes with the program: its own values stay ({', '.join(gone)}); more may be added"
        raise Conflict(message, [Problem(f"{given.location}.elementDefs", message)])
    if set(values) <= set(shipped.enums[name].values) and "elementDefs" not in old:
        return old, []
    new = whole(given, {**old, "elementDefs": wanted}, (), faults)
    demands = demands_of(given, old, new, scene) if "elementDefs" in old else []
    return new, demands


def _more_attributes(
    given: Given, old: Body, shipped: EntityDef, scene: Scene, faults: Faults
) -> tuple[Body, list[Demand]]:
    """The shipped attributes need not be sent; where they are, they must be what they are."""
    sent: list[Body] = given.body.get("attributeDefs") or []
    added = old.get("attributeDefs", [])
    own = [one for one in sent if one.get("name") not in shipped.attributes]
    _refuse_other(given, sent, shipped)
    if not own and not added:
        return old, []
    own_given = Given(given.category, {"attributeDefs": own, "name": old["name"]}, given.location)
    if not added:
        old = {**old, "attributeDefs": []}
    new = merged(own_given, {**old, "superTypes": list(shipped.super_types)}, faults)
    demands = demands_of(own_given, {**old, "superTypes": new["superTypes"]}, new, scene)
    return {key: value for key, value in new.items() if key != "superTypes"}, demands


def _refuse_other(given: Given, sent: list[Body], shipped: EntityDef) -> None:
    supers = given.body.get("superTypes")
    if supers and set(supers) != set(shipped.super_types):
        _refuse_shipped(given, "superTypes", shipped.name, "its superTypes")
    for number, one in enumerate(sent):
        known = shipped.attributes.get(one.get("name", ""))
        if known is None:
            continue
        same = one.get("typeName", known.type_name) == known.type_name
        if not same or one.get("isOptional", known.optional) != known.optional:
            _refuse_shipped(given, f"attributeDefs[{number}]", shipped.name, f"its attribute {known.name}")


def _refuse_shipped(given: Given, path: str, name: str, what: str) -> None:
    message = f"{name} comes with the program: {what} cannot be changed; optional attributes may be added"
    raise Conflict(message, [Problem(f"{given.location}.{path}", message)])


def _same_as_shipped(given: Given, name: str, shipped: TypeSystem) -> bool:
    """Whether what was sent says what the shipped definition says: then nothing is asked for."""
    sent = given.body.get("attributeDefs", ())
    attributes: Mapping[str, str] = {one.get("name", ""): one.get("typeName", "") for one in sent}
    if name in shipped.structs and given.category == "STRUCT":
        return attributes == {key: one.type_name for key, one in shipped.structs[name].attributes.items()}
    if name in shipped.relationships and given.category == "RELATIONSHIP" and "endDef1" in given.body:
        one, other = shipped.relationships[name], relationship_of({**given.body, "name": name})
        same = (one.end1, one.end2) == (other.end1, other.end2)
        return same and (one.category, one.tag_flow, one.attributes) == (other.category, other.tag_flow, attributes)
    return False
