"""Our own calls about the catalog as a whole: listing, deleting and restoring in bulk, tokens, status, health."""

from __future__ import annotations

import asyncio
import base64
import binascii
import time

import anyio.to_thread
import msgspec
from starlette.responses import Response

from tidings.api.endpoint import DRY_RUN, Call, Endpoint, Parameter, json_answer
from tidings.api.writes import run
from tidings.model.asset import ACTIVE, ARCHIVED
from tidings.model.errors import InvalidParameter, StoreUnavailable
from tidings.model.events import encode
from tidings.read.assets import header_form
from tidings.read.lineage import showing_lineage
from tidings.store.base import AssetQuery, Store
from tidings.telemetry import CONTENT_TYPE
from tidings.write.commands import Delete, Restore
from tidings.write.decode import TargetsBody, delete_type_of

CATALOG = "Catalog"
SERVER = "Server"
MOST = 1_000
READY_SECONDS = 5.0
"""Whoever asks whether we are ready wants to know it now."""
_STATUS = {"ACTIVE": ACTIVE, "DELETED": ARCHIVED}


class TokenBody(msgspec.Struct):
    """A token to be made."""

    name: str
    role: str


def list_assets(call: Call) -> Response:
    status = call.query.get("status")
    if status is not None and status not in _STATUS:
        raise InvalidParameter(f"the parameter status ({status!r}) must be ACTIVE or DELETED")
    limit = call.whole("limit", 100, 1, MOST)
    query = AssetQuery(
        frozenset(call.many("type")),
        call.query.get("qualifiedNamePrefix", ""),
        None if status is None else _STATUS[status],
        _read_cursor(call.query.get("cursor")),
        limit,
    )
    with call.parts.store.snapshot() as snapshot:
        types = call.parts.types.of(snapshot)
        for name in query.type_names:
            types.type(name)
        found = showing_lineage(snapshot.list_assets(query), types, snapshot)
    forms = b",".join(header_form(asset, asset.attributes) for asset in found)
    more = _cursor(found[-1].qualified_name, found[-1].type_name) if len(found) == limit else None
    return json_answer(b'{"assets":[%b],"next":%b}' % (forms, encode(more)))


def _cursor(qualified_name: str, type_name: str) -> str:
    return base64.urlsafe_b64encode(encode([qualified_name, type_name])).decode()


def _read_cursor(text: str | None) -> tuple[str, str]:
    if not text:
        return "", ""
    try:
        return msgspec.json.decode(base64.b64decode(text, altchars=b"-_", validate=True), type=tuple[str, str])
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        raise InvalidParameter("the parameter cursor is not one that this catalog gave out") from None


async def delete(call: Call) -> Response:
    body: TargetsBody = call.decode(TargetsBody)
    return await run(call, lambda: Delete(body.all_targets(), delete_type_of(body.delete_type)))


async def restore(call: Call) -> Response:
    body: TargetsBody = call.decode(TargetsBody)
    return await run(call, lambda: Restore(body.all_targets()))


def list_tokens(call: Call) -> Response:
    tokens = [{"name": t.name, "role": t.role, "createdAt": t.created_at} for t in call.parts.gate.tokens()]
    return json_answer(encode({"tokens": tokens}))


def add_token(call: Call) -> Response:
    call.refuse_dry_run("tokens")
    body: TokenBody = call.decode(TokenBody)
    token = call.parts.gate.add(body.name, body.role)
    return json_answer(encode({"name": body.name, "role": body.role, "token": token}), 201)


def remove_token(call: Call) -> Response:
    call.refuse_dry_run("tokens")
    call.parts.gate.remove(call.path["name"])
    return Response(status_code=204)


def status(call: Call) -> Response:
    parts = call.parts
    with parts.store.snapshot() as snapshot:
        counts, first, head = snapshot.counts(), snapshot.log_start(), snapshot.head()
    return json_answer(
        encode(
            {
                "version": parts.version,
                "catalogId": parts.store.catalog_id(),
                "firstPosition": first,
                "head": head,
                "assets": {"active": counts["active"], "archived": counts["archived"]},
                "links": counts["links"],
                "profile": parts.profile.name,
                "uptimeSeconds": round(time.monotonic() - parts.started, 1),
            }
        )
    )


def metrics(call: Call) -> Response:
    call.parts.metrics.head.set(call.parts.store.head())
    return Response(call.parts.metrics.text(), media_type=CONTENT_TYPE)


async def health(_call: Call) -> Response:
    return json_answer(b'{"status":"ok"}')


async def ready(call: Call) -> Response:
    """The writer's turn comes and goes, with nothing to write, and a reader finds the database: both answer, and soon."""
    try:
        async with asyncio.timeout(READY_SECONDS):
            await asyncio.wrap_future(call.parts.store.enqueue(lambda _tx: None))
            await anyio.to_thread.run_sync(_read_nothing, call.parts.store, abandon_on_cancel=True)
    except TimeoutError:
        raise StoreUnavailable(f"the database did not give us our turn within {READY_SECONDS:g} seconds") from None
    return json_answer(b'{"status":"ready"}')


def _read_nothing(store: Store) -> None:
    with store.snapshot():
        pass


_LIMIT = {"type": "integer", "minimum": 1, "maximum": MOST, "default": 100}
ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET", "/api/assets", list_assets, "read", "Assets in the order of their qualifiedNames", group=CATALOG,
        parameters=(
            Parameter("type", "Only this type (exact name).", many=True),
            Parameter("qualifiedNamePrefix", "Only qualifiedNames that start so."),
            Parameter("status", "ACTIVE or DELETED (archived); both where left out.", {"type": "string", "enum": [*_STATUS]}),
            Parameter("limit", "How many at most.", _LIMIT),
            Parameter("cursor", "«next» of the page before."),
        ),
        answer="Headers with the attributes that are set, and «next», the cursor of the following page or null.",
    ),
    Endpoint(
        "POST", "/api/delete", delete, "write", "Archive or purge assets, all or none", group=CATALOG,
        parameters=(DRY_RUN,), body=TargetsBody, answer="mutatedEntities with the deleted under DELETE.",
    ),
    Endpoint(
        "POST", "/api/restore", restore, "write", "Restore archived assets, all or none", group=CATALOG,
        parameters=(DRY_RUN,), body=TargetsBody, answer="mutatedEntities with the restored under UPDATE.",
    ),
    Endpoint("GET", "/api/status", status, "read", "What the catalog holds", group=SERVER, answer="Counts, log, version."),
    Endpoint("GET", "/api/tokens", list_tokens, "admin", "Tokens, without their secrets", group=SERVER, answer="The tokens."),
    Endpoint(
        "POST", "/api/tokens", add_token, "admin", "Make a token", group=SERVER, body=TokenBody, status=201,
        answer="The token, shown this once.",
    ),
    Endpoint("DELETE", "/api/tokens/{name}", remove_token, "admin", "Revoke a token", group=SERVER, status=204),
    Endpoint("GET", "/metrics", metrics, "read", "Metrics for Prometheus", group=SERVER, media_type="text/plain"),
    Endpoint("GET", "/health", health, None, "Whether requests are served", group=SERVER, answer="status: ok"),
    Endpoint("GET", "/health/ready", ready, None, "Whether the database answers", group=SERVER, answer="status: ready"),
)  # fmt: skip
