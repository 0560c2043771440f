"""The protocol's lineage calls: as a list in pages, and as a graph."""

from __future__ import annotations

from typing import Any, cast

import msgspec
from starlette.responses import Response

from tidings.api.endpoint import Call, Endpoint, Parameter, json_answer, plain_guid
from tidings.model.asset import Asset
from tidings.model.errors import InvalidParameter
from tidings.model.registry import TypeRegistry
from tidings.read.assets import by_guids, by_name
from tidings.read.lineage_graph import GraphDirection, graph_form
from tidings.read.lineage_list import LineageList, lineage_page
from tidings.store.base import Reader

GROUP = "Lineage (protocol)"
DIRECTIONS = ("INPUT", "OUTPUT", "BOTH")
DEEPEST = 1_000_000


class GraphBody(msgspec.Struct, rename="camel"):
    """A graph as the older call asks for it."""

    guid: str
    depth: int = 0
    direction: GraphDirection = "BOTH"
    hide_process: bool = True


def list_lineage(call: Call) -> Response:
    wanted: LineageList = call.decode(LineageList)
    wanted.guid = plain_guid(wanted.guid)
    with call.parts.store.snapshot() as snapshot:
        return json_answer(lineage_page(wanted, call.parts.types.of(snapshot), snapshot))


def get_lineage(call: Call) -> Response:
    with call.parts.store.snapshot() as snapshot:
        [start] = by_guids([call.path_guid()], snapshot)
        return _graph(call, start, call.parts.types.of(snapshot), snapshot)


def get_lineage_by_name(call: Call) -> Response:
    with call.parts.store.snapshot() as snapshot:
        types = call.parts.types.of(snapshot)
        return _graph(call, by_name(call.path["type"], call.unique_name(), types, snapshot), types, snapshot)


def _graph(call: Call, start: Asset, types: TypeRegistry, reader: Reader) -> Response:
    direction = call.query.get("direction") or "BOTH"
    if direction not in DIRECTIONS:
        raise InvalidParameter(f"the parameter direction ({direction!r}) must be one of {' '.join(DIRECTIONS)}")
    depth = 0 if call.query.get("depth") == "-1" else call.whole("depth", 3, 0, DEEPEST)
    return json_answer(graph_form(start, cast(GraphDirection, direction), depth, types, reader))


def get_lineage_by_body(call: Call) -> Response:
    wanted: GraphBody = call.decode(GraphBody)
    with call.parts.store.snapshot() as snapshot:
        [start] = by_guids([plain_guid(wanted.guid)], snapshot)
        types = call.parts.types.of(snapshot)
        form = graph_form(start, wanted.direction, wanted.depth, types, snapshot, hide_process=wanted.hide_process)
    return json_answer(form)


_DIRECTION = Parameter(
    "direction", "INPUT: what it was made of. OUTPUT: what was made of it.",
    {"type": "string", "enum": [*DIRECTIONS], "default": "BOTH"},
)  # fmt: skip
_DEPTH = Parameter(
    "depth", "How many processes deep; 0 and -1 mean all.",
    {"type": "integer", "minimum": -1, "maximum": DEEPEST, "default": 3},
)  # fmt: skip
_NAME = Parameter("attr:qualifiedName", "The asset's qualifiedName.", required=True)
_GRAPH = "guidEntityMap with a header for each asset, and relations from one to the next."


def _row(method: str, path: str, handler: Any, summary: str, answer: str, *parameters: Parameter, body: Any = None
         ) -> Endpoint:  # fmt: skip
    return Endpoint(method, path, handler, "read", summary, True, parameters, body, answer, group=GROUP)


ENDPOINTS: tuple[Endpoint, ...] = (
    _row("POST", "/lineage/list", list_lineage, "Lineage in one direction, in pages",
         "entities, nearest first, each with its depth; hasMore.", body=LineageList),
    _row("POST", "/lineage/getlineage", get_lineage_by_body, "The lineage around an asset, from asset to asset", _GRAPH,
         body=GraphBody),
    _row("GET", "/lineage/{guid}", get_lineage, "The lineage around an asset as a graph", _GRAPH, _DIRECTION, _DEPTH),
    _row("GET", "/lineage/uniqueAttribute/type/{type}", get_lineage_by_name,
         "The lineage around an asset by its name, as a graph", _GRAPH, _NAME, _DIRECTION, _DEPTH),
)  # fmt: skip
