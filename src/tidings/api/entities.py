"""The protocol's entity calls: save, read, partial update, delete, purge, restore."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import Response

from tidings.api.access import Role
from tidings.api.endpoint import BOOLEAN, DRY_RUN, Call, Endpoint, Handler, Parameter, json_answer, plain_guid
from tidings.api.writes import run
from tidings.model.asset import Asset
from tidings.model.errors import InvalidParameter
from tidings.read.assets import by_guids, by_name, entity_forms, header_form
from tidings.read.lineage import showing_lineage
from tidings.store.base import Reader
from tidings.write.commands import CustomMode, Delete, EntityInput, Restore, Save, Tagging, Target
from tidings.write.decode import BulkBody, EntityBody, delete_type_of

GROUP = "Entities (protocol)"
STRICT = Parameter("strict", "Refuse attributes that the type does not have, instead of leaving them out.", BOOLEAN)
NAME = Parameter("attr:qualifiedName", "The asset's qualifiedName.", required=True)
GUIDS = Parameter("guid", "An asset's guid; give it once for each asset.", many=True, required=True)
NO_LINKS = Parameter("ignoreRelationships", "Leave relationshipAttributes out.", BOOLEAN)
MIN_EXT = Parameter("minExtInfo", "Taken for the protocol's sake; makes no difference.", BOOLEAN)
DELETE_TYPE = Parameter(
    "deleteType", "DEFAULT and SOFT archive, HARD and PURGE remove for good.",
    {"type": "string", "enum": ["DEFAULT", "SOFT", "HARD", "PURGE"], "default": "DEFAULT"},
)  # fmt: skip
TAG_FLAGS = tuple(
    Parameter(name, explanation, BOOLEAN)
    for name, explanation in (
        ("replaceTags", "The tags sent become all of an asset's own."),
        ("replaceClassifications", "The same as replaceTags."),
        ("appendTags", "The tags sent are put on, or changed where they are there; others stay."),
        ("replaceBusinessAttributes", "Custom metadata sent is merged into what is there; null removes. Without this it is"
         " looked at only for new assets."),
        ("overwriteBusinessAttributes", "With replaceBusinessAttributes: the custom metadata sent becomes the whole of it."),
    )
)  # fmt: skip


async def save_many(call: Call) -> Response:
    return await _save(call, lambda: call.decode(BulkBody).entities, None)


async def save_one(call: Call) -> Response:
    return await _save(call, lambda: [call.decode(EntityBody).entity], None)


async def update_by_name(call: Call) -> Response:
    only = Target(type_name=call.path["type"], qualified_name=call.unique_name())
    return await _save(call, lambda: [call.decode(EntityBody).entity], only)


async def update_attribute(call: Call) -> Response:
    """One attribute by guid: the parameter ``name`` says which, the body is its value."""
    name, guid = call.query.get("name"), call.path_guid()
    if not name:
        raise InvalidParameter("the parameter name is missing; it says which attribute to set")
    with call.parts.store.snapshot() as snapshot:
        type_name = by_guids([guid], snapshot)[0].type_name
    value = call.decode(object)
    return await _save(call, lambda: [EntityInput(type_name, guid, attributes={name: value})], Target(guid=guid))


async def _save(call: Call, entities: Callable[[], list[EntityInput]], only: Target | None) -> Response:
    strict, tagging, custom = call.flag("strict"), _tagging(call), _custom(call)
    return await run(call, lambda: Save(entities(), strict, only, tagging, custom))


def _tagging(call: Call) -> Tagging:
    if call.flag("replaceTags") or call.flag("replaceClassifications"):
        return "replace"
    return "append" if call.flag("appendTags") else "keep"


def _custom(call: Call) -> CustomMode:
    if not call.flag("replaceBusinessAttributes"):
        return "keep"
    return "overwrite" if call.flag("overwriteBusinessAttributes") else "merge"


def get_by_guid(call: Call) -> Response:
    with call.parts.store.snapshot() as snapshot:
        return _whole(call, by_guids([call.path_guid()], snapshot)[0], snapshot)


def get_by_name(call: Call) -> Response:
    with call.parts.store.snapshot() as snapshot:
        return _whole(
            call, by_name(call.path["type"], call.unique_name(), call.parts.types.of(snapshot), snapshot), snapshot
        )


def _whole(call: Call, asset: Asset, snapshot: Reader) -> Response:
    with_links = not call.flag("ignoreRelationships")
    [form] = entity_forms([asset], call.parts.types.of(snapshot), snapshot, with_links=with_links)
    return json_answer(b'{"entity":%b,"referredEntities":{}}' % form)


def get_many(call: Call) -> Response:
    with call.parts.store.snapshot() as snapshot:
        found = by_guids(call.guids(), snapshot)
        forms = entity_forms(
            found, call.parts.types.of(snapshot), snapshot, with_links=not call.flag("ignoreRelationships")
        )
    return json_answer(b'{"entities":[%b],"referredEntities":{}}' % b",".join(forms))


def get_header_by_guid(call: Call) -> Response:
    with call.parts.store.snapshot() as snapshot:
        found = by_guids([call.path_guid()], snapshot)
        [asset] = showing_lineage(found, call.parts.types.of(snapshot), snapshot)
    return json_answer(header_form(asset, asset.attributes))


def get_header_by_name(call: Call) -> Response:
    with call.parts.store.snapshot() as snapshot:
        types = call.parts.types.of(snapshot)
        [asset] = showing_lineage([by_name(call.path["type"], call.unique_name(), types, snapshot)], types, snapshot)
    return json_answer(header_form(asset, asset.attributes))


async def delete_many(call: Call) -> Response:
    return await _delete(call, [Target(guid=guid) for guid in call.guids()])


async def delete_by_guid(call: Call) -> Response:
    return await _delete(call, [Target(guid=call.path_guid())])


async def delete_by_name(call: Call) -> Response:
    return await _delete(call, [Target(type_name=call.path["type"], qualified_name=call.unique_name())])


async def _delete(call: Call, targets: list[Target]) -> Response:
    delete_type = delete_type_of(call.query.get("deleteType", "DEFAULT"))
    return await run(call, lambda: Delete(targets, delete_type))


async def purge_many(call: Call) -> Response:
    return await run(call, lambda: Delete([Target(guid=plain_guid(guid)) for guid in call.decode(list[str])], "PURGE"))


async def restore_many(call: Call) -> Response:
    targets = [Target(guid=guid) for guid in call.guids()]
    return await run(call, lambda: Restore(targets))


_SAVED = "mutatedEntities by CREATE and UPDATE, guidAssignments for placeholders."
_DELETED = "mutatedEntities with the deleted under DELETE; empty where nothing was left to delete."
_ENTITY = "The entity, its attributes with unset values filled in, and its relationship attributes."
_READING = (NO_LINKS, MIN_EXT)
_SAVING = (STRICT, DRY_RUN, *TAG_FLAGS)
_BY_NAME = "/entity/uniqueAttribute/type/{type}"


def _row(method: str, path: str, handler: Handler, role: Role, summary: str, answer: str, *parameters: Parameter,
         body: object = None) -> Endpoint:  # fmt: skip
    return Endpoint(method, path, handler, role, summary, True, parameters, body, answer, group=GROUP)


ENDPOINTS: tuple[Endpoint, ...] = (
    _row("POST", "/entity/bulk", save_many, "write", "Create and update assets, all or none", _SAVED, *_SAVING,
         body=BulkBody),
    _row("GET", "/entity/guid/{guid}", get_by_guid, "read", "One asset", _ENTITY, *_READING),
    _row("GET", _BY_NAME, get_by_name, "read", "One asset by its name", _ENTITY, NAME, *_READING),
    _row("PUT", _BY_NAME, update_by_name, "write", "Update an asset that is there", _SAVED, NAME, *_SAVING, body=EntityBody),
    _row("DELETE", "/entity/bulk", delete_many, "write", "Archive or purge assets", _DELETED, GUIDS, DELETE_TYPE, DRY_RUN),
    _row("POST", "/entity/restore/bulk", restore_many, "write", "Restore archived assets",
         "mutatedEntities with the restored under UPDATE.", GUIDS, DRY_RUN),
    _row("POST", "/entity", save_one, "write", "Create or update one asset", _SAVED, *_SAVING, body=EntityBody),
    _row("GET", "/entity/bulk", get_many, "read", "Several assets", "The entities, in the order asked for.", GUIDS, *_READING),
    _row("PUT", "/entity/guid/{guid}", update_attribute, "write", "Set one attribute of an asset", _SAVED,
         Parameter("name", "Which attribute.", required=True), *_SAVING, body=object),
    _row("GET", "/entity/guid/{guid}/header", get_header_by_guid, "read", "One asset's header", "The header."),
    _row("GET", f"{_BY_NAME}/header", get_header_by_name, "read", "One asset's header by its name", "The header.", NAME),
    _row("DELETE", "/entity/guid/{guid}", delete_by_guid, "write", "Archive or purge one asset", _DELETED, DELETE_TYPE, DRY_RUN),
    _row("DELETE", _BY_NAME, delete_by_name, "write", "Archive or purge one asset by its name", _DELETED, NAME, DELETE_TYPE,
         DRY_RUN),
    _row("PUT", "/admin/purge", purge_many, "write", "Purge assets by guid", _DELETED, DRY_RUN, body=list[str]),
    Endpoint("PUT", "/api/atlas/admin/purge", purge_many, "write", "Purge assets by guid", parameters=(DRY_RUN,),
             body=list[str], answer=_DELETED, group=GROUP),
)  # fmt: skip
"""``admin/purge`` stands twice: below the protocol's prefixes, and without a version, where Apache's client looks for it."""
