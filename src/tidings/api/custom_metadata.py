"""The protocol's calls about custom metadata («business metadata») of one asset: set, merge, remove."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from tidings.api.endpoint import BOOLEAN, DRY_RUN, Call, Endpoint, Handler, Parameter
from tidings.api.writes import run
from tidings.model.errors import MalformedBody
from tidings.write.commands import Command, CustomMode, EntityInput, Save, Target

GROUP = "Custom metadata (protocol)"
ANY = "Referenceable"
OVERWRITE = Parameter("isOverwrite", "What is not in the body is removed, in every set.", BOOLEAN)


async def _change(call: Call, values: dict[str, Any], mode: CustomMode) -> Response:
    entity = EntityInput(ANY, call.path_guid(), business_attributes=values)
    only = Target(guid=call.path_guid())

    def make() -> Command:
        return Save([entity], only=only, custom=mode)

    return await run(call, make, silent=True)


async def set_all(call: Call) -> Response:
    """Several sets: ``{set: {attribute: value}}``."""
    return await _change(call, call.decode(dict[str, Any]), "overwrite" if call.flag("isOverwrite") else "merge")


async def set_one(call: Call) -> Response:
    """One set: ``{attribute: value}``; null removes an attribute, what is not named stays."""
    return await _change(call, {call.path["set"]: call.decode(dict[str, Any])}, "merge")


async def remove_all(call: Call) -> Response:
    """What the body names goes, whatever value it gives; a set that is null or empty goes as a whole."""
    given: dict[str, Any] = call.decode(dict[str, Any])
    return await _change(call, {name: _nulls(name, values) for name, values in given.items()}, "merge")


async def remove_one(call: Call) -> Response:
    """The same for one set; without a body the whole set."""
    given = call.decode(dict[str, Any]) if call.body else None
    return await _change(call, {call.path["set"]: _nulls(call.path["set"], given)}, "merge")


def _nulls(name: str, values: Any) -> dict[str, None] | None:
    if values is not None and not isinstance(values, dict):
        raise MalformedBody(f"{name} must be an object of the attributes to remove, or null for all of them")
    return dict.fromkeys(values) if values else None


_PATH = "/entity/guid/{guid}/businessmetadata"


def _row(method: str, path: str, handler: Handler, summary: str, *parameters: Parameter) -> Endpoint:
    return Endpoint(
        method, path, handler, "write", summary, True, (*parameters, DRY_RUN), dict[str, Any], status=204, group=GROUP
    )


ENDPOINTS: tuple[Endpoint, ...] = (
    _row("POST", _PATH, set_all, "Set custom metadata of an asset, several sets at once", OVERWRITE),
    _row("DELETE", _PATH, remove_all, "Remove custom metadata of an asset, several sets at once"),
    _row("POST", f"{_PATH}/{{set}}", set_one, "Set custom metadata of one set"),
    _row("DELETE", f"{_PATH}/{{set}}", remove_one, "Remove custom metadata of one set"),
)
