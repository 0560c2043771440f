"""The protocol's index search."""

from __future__ import annotations

import anyio.to_thread
from starlette.responses import Response

from tidings.api.endpoint import Call, Endpoint, json_answer
from tidings.read.search import search_page
from tidings.read.search_request import IndexSearch

GROUP = "Search (protocol)"


async def index_search(call: Call) -> Response:
    wanted: IndexSearch = call.decode(IndexSearch)
    return await anyio.to_thread.run_sync(_search, call, wanted, limiter=call.parts.searching)


def _search(call: Call, wanted: IndexSearch) -> Response:
    with call.parts.store.snapshot() as snapshot:
        types = call.parts.types.of(snapshot)
        return json_answer(search_page(wanted, types, snapshot, call.parts.searches))


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "POST", "/search/indexsearch", index_search, "read", "Search assets by a query", True, body=IndexSearch,
        answer="entities with what was asked for of each, approximateCount (exact), aggregations where asked for.",
        group=GROUP,
    ),
)  # fmt: skip
