"""The protocol's calls about tags («classifications») of assets: read, put on, change, take off, one asset or many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from starlette.responses import Response

from tidings.api.endpoint import DRY_RUN, Call, Endpoint, Handler, Parameter, json_answer, plain_guid
from tidings.api.writes import run
from tidings.model.asset import Asset
from tidings.model.errors import InvalidTag, MalformedBody, UnknownGuid
from tidings.model.ids import is_guid
from tidings.model.tag import Attachment
from tidings.read.assets import by_guids, by_name
from tidings.store.base import Reader
from tidings.store.tags import tags_of
from tidings.write.commands import Command, EntityInput, Save, Tagging, Target

GROUP = "Tags (protocol)"
ANY = "Referenceable"
"""The type of an asset that is named by its guid alone."""
NAME = Parameter("attr:qualifiedName", "The asset's qualifiedName.", required=True)
FROM = Parameter(
    "associatedEntityGuid", "The asset from which the tag came; needed only for one whose source is archived or purged."
)


class ManyBody(msgspec.Struct, rename="camel"):
    """One tag for several assets."""

    classification: dict[str, Any]
    entity_guids: list[str]


class HeadersBody(msgspec.Struct, rename="camel"):
    """By guid, an entity header of which only ``classifications`` is looked at."""

    guid_header_map: dict[str, dict[str, Any]]


def _by_guid(call: Call) -> tuple[EntityInput, Target | None]:
    return EntityInput(ANY, call.path_guid()), Target(guid=call.path_guid())


def _by_name(call: Call) -> tuple[EntityInput, Target | None]:
    target = Target(type_name=call.path["type"], qualified_name=call.unique_name())
    return EntityInput(call.path["type"]), target


def _tagged(guid: str, tags: list[Any]) -> EntityInput:
    """An asset that is there; what has not the form of a guid would be taken as the placeholder of a new one."""
    if not is_guid(guid):
        raise UnknownGuid(guid)
    return EntityInput(ANY, guid.lower(), classifications=tags)


Named = Callable[[Call], tuple[EntityInput, Target | None]]


def _putting(named: Named, how: Tagging) -> Handler:
    """Tags of the body go onto the asset that the address names."""

    async def put(call: Call) -> Response:
        def make() -> Command:
            entity, only = named(call)
            entity.classifications = call.decode(list[Any])
            return Save([entity], only=only, tagging=how)

        return await run(call, make, silent=True)

    return put


def _taking(named: Named) -> Handler:
    """The tag that the address names comes off the asset that it names."""

    async def take(call: Call) -> Response:
        entity, only = named(call)
        entity.remove_classifications = [
            {"typeName": call.path["tag"], "entityGuid": call.query.get("associatedEntityGuid")}
        ]
        return await run(call, lambda: Save([entity], only=only), silent=True)

    return take


async def put_on_many(call: Call) -> Response:
    def make() -> Command:
        body: ManyBody = call.decode(ManyBody)
        if not body.entity_guids:
            raise MalformedBody("entityGuids is empty; name the assets that are to have the tag")
        guids = dict.fromkeys(plain_guid(guid) for guid in body.entity_guids)
        return Save([_tagged(guid, [body.classification]) for guid in guids], tagging="add")

    return await run(call, make, silent=True)


async def set_many(call: Call) -> Response:
    """The tags given become all of each asset's own."""

    def make() -> Command:
        body: HeadersBody = call.decode(HeadersBody)
        entities = []
        for guid, header in body.guid_header_map.items():
            # What is missing is not taken for «none»: that would take all tags off.
            tags = (header["classifications"] or []) if "classifications" in header else None
            if not isinstance(tags, list):
                raise MalformedBody(f"the classifications of {guid} are not a list; give [] to take all its tags off")
            entities.append(_tagged(guid, tags))
        return Save(entities, tagging="replace")

    return await run(call, make)


def _guid_asset(call: Call, reader: Reader) -> Asset:
    return by_guids([call.path_guid()], reader)[0]


def _name_asset(call: Call, reader: Reader) -> Asset:
    return by_name(call.path["type"], call.unique_name(), call.parts.types.of(reader), reader)


def _listing(find: Callable[[Call, Reader], Asset]) -> Handler:
    def get_all(call: Call) -> Response:
        with call.parts.store.snapshot() as snapshot:
            tags = _tags(find(call, snapshot), snapshot)
        forms = b",".join(one.form for one in tags)
        sizes = b'"startIndex":0,"pageSize":%d,"totalCount":%d' % (len(tags), len(tags))
        return json_answer(b'{"list":[%b],%b,"sortBy":null,"sortType":"NONE"}' % (forms, sizes))

    return get_all


def get_one(call: Call) -> Response:
    with call.parts.store.snapshot() as snapshot:
        asset = _guid_asset(call, snapshot)
        definition = call.parts.types.of(snapshot).tag(call.path["tag"])
        found = [one for one in _tags(asset, snapshot) if one.tag == definition.name]
    if not found:
        raise InvalidTag(f"{asset.type_name} {asset.qualified_name} does not have the tag {definition.display_name}")
    return json_answer(found[0].form)


def _tags(asset: Asset, reader: Reader) -> list[Attachment]:
    return tags_of([asset.id], reader).get(asset.id, [])


_GUID = "/entity/guid/{guid}"
_NAME = "/entity/uniqueAttribute/type/{type}"


def _write(
    method: str, path: str, handler: Handler, summary: str, *parameters: Parameter, body: Any = None
) -> Endpoint:
    return Endpoint(
        method, path, handler, "write", summary, True, (*parameters, DRY_RUN), body, status=204, group=GROUP
    )


def _read(path: str, handler: Handler, summary: str, answer: str, *parameters: Parameter) -> Endpoint:
    return Endpoint("GET", path, handler, "read", summary, True, parameters, answer=answer, group=GROUP)


_LIST = "The tags under list, the asset's own first; a tag that came from elsewhere has that asset's entityGuid."
ENDPOINTS: tuple[Endpoint, ...] = (
    _read(f"{_GUID}/classifications", _listing(_guid_asset), "All tags of an asset", _LIST),
    _write("POST", f"{_GUID}/classifications", _putting(_by_guid, "add"), "Put tags on an asset", body=list[Any]),
    _write("PUT", f"{_GUID}/classifications", _putting(_by_guid, "update"), "Change tags of an asset", body=list[Any]),
    _read(f"{_GUID}/classification/{{tag}}", get_one, "One tag of an asset", "The tag."),
    _write("DELETE", f"{_GUID}/classification/{{tag}}", _taking(_by_guid), "Take a tag off an asset", FROM),
    _read(f"{_NAME}/classifications", _listing(_name_asset), "All tags of an asset by its name", _LIST, NAME),
    _write("POST", f"{_NAME}/classifications", _putting(_by_name, "add"), "Put tags on an asset by its name", NAME,
           body=list[Any]),
    _write("PUT", f"{_NAME}/classifications", _putting(_by_name, "update"), "Change tags of an asset by its name", NAME,
           body=list[Any]),
    _write("DELETE", f"{_NAME}/classification/{{tag}}", _taking(_by_name), "Take a tag off an asset by its name", NAME, FROM),
    _write("POST", "/entity/bulk/classification", put_on_many, "Put one tag on several assets", body=ManyBody),
    _write("POST", "/entity/bulk/classification/displayName", put_on_many,
           "Put one tag on several assets; the tag by what people call it (every call takes that too)", body=ManyBody),
    Endpoint("POST", "/entity/bulk/setClassifications", set_many, "write", "Set all tags of several assets", True, (DRY_RUN,),
             HeadersBody, "mutatedEntities with those that changed.", group=GROUP),
)  # fmt: skip
