"""Our own calls about cursors: how far each consumer of the log has come, and who is at work behind which."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from starlette.responses import Response

from tidings.api.endpoint import MAX_LONG, Call, Endpoint, Parameter, json_answer
from tidings.consumers.cursors import (
    check_holder,
    check_name,
    cursor_named,
    held_by,
    lease_name,
    move,
    remove,
    take_lease,
)
from tidings.consumers.lease import SECONDS, give_back
from tidings.model.cursor import Cursor, Lease
from tidings.model.errors import Conflict, InvalidParameter, LogTrimmed, NotFound
from tidings.model.events import encode
from tidings.store.base import Transaction

GROUP = "Cursors"
Holder = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
HOLDER = Parameter("holder", "Who holds the cursor; a name that no other consumer has.")


class CursorBody(msgspec.Struct):
    """Where a cursor shall stand: behind the last position that is done."""

    position: Annotated[int, msgspec.Meta(ge=0, le=MAX_LONG)]
    holder: Holder | None = None
    rewind: bool = False


class LeaseBody(msgspec.Struct):
    """Who takes a cursor's lease, and for how long."""

    holder: Holder
    seconds: Annotated[float, msgspec.Meta(ge=0.1, le=600)] = SECONDS


def list_cursors(call: Call) -> Response:
    with call.parts.store.snapshot() as snapshot:
        cursors, first, head = snapshot.cursors(), snapshot.log_start(), snapshot.head()
        leases = {one.name: one for one in snapshot.leases()}
    forms = [_form(one, leases.get(lease_name(one.name)), first, head) for one in cursors]
    return json_answer(encode({"cursors": forms, "firstPosition": first, "head": head}))


def get_cursor(call: Call) -> Response:
    name = check_name(call.path["name"])
    with call.parts.store.snapshot() as snapshot:
        found, lease = cursor_named(snapshot, name), snapshot.lease(lease_name(name))
        first, head = snapshot.log_start(), snapshot.head()
    if found is None:
        raise NotFound(f"there is no cursor named {name}")
    return json_answer(encode(_form(found, lease, first, head)))


def _form(cursor: Cursor, lease: Lease | None, first: int, head: int) -> dict[str, Any]:
    return {
        "name": cursor.name,
        "position": cursor.position,
        "createdAt": cursor.created_at,
        "updatedAt": cursor.updated_at,
        "behind": max(0, head - cursor.position),
        "lost": max(0, first - 1 - cursor.position),
        "lease": {"holder": lease.holder, "until": lease.until} if lease is not None else None,
    }


def put_cursor(call: Call) -> Response:
    call.refuse_dry_run("cursors")
    body: CursorBody = call.decode(CursorBody)
    name = call.path["name"]

    def work(tx: Transaction) -> dict[str, Any]:
        moved = move(tx, name, body.position, body.holder or "", body.rewind)
        return _form(moved, tx.lease(lease_name(name)), tx.log_start(), tx.head)

    return json_answer(encode(call.parts.store.transact(work)))


def delete_cursor(call: Call) -> Response:
    call.refuse_dry_run("cursors")
    name, holder = call.path["name"], call.query.get("holder", "")
    call.parts.store.transact(lambda tx: remove(tx, name, holder))
    return Response(status_code=204)


def post_lease(call: Call) -> Response:
    call.refuse_dry_run("cursors")
    body: LeaseBody = call.decode(LeaseBody)
    name = call.path["name"]

    def work(tx: Transaction) -> dict[str, Any]:
        lease = take_lease(tx, name, body.holder, body.seconds)
        found = cursor_named(tx, name)
        return {"holder": lease.holder, "until": lease.until, "position": found.position if found else None}

    return json_answer(encode(call.parts.store.transact(work)))


def delete_lease(call: Call) -> Response:
    call.refuse_dry_run("cursors")
    name, holder = check_name(call.path["name"]), call.query.get("holder", "")
    if not holder:
        raise InvalidParameter("the parameter holder is missing; it names who gives the lease back")
    check_holder(holder)
    other = call.parts.store.transact(lambda tx: give_back(tx, lease_name(name), holder))
    if other is not None:
        raise Conflict(held_by(name, other))
    return Response(status_code=204)


_LIKE = "The cursor: its position, when it was made and moved, how many events it is «behind», how many it «lost» to " \
        "trimming, and its lease or null."  # fmt: skip
ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET", "/api/cursors", list_cursors, "read", "How far every consumer has come", group=GROUP,
        answer="The cursors, and both ends of the log.",
    ),
    Endpoint("GET", "/api/cursors/{name}", get_cursor, "read", "How far one consumer has come", group=GROUP, answer=_LIKE),
    Endpoint(
        "PUT", "/api/cursors/{name}", put_cursor, "write", "Make a cursor, or move it", group=GROUP, body=CursorBody,
        answer=_LIKE, errors=(LogTrimmed,),
    ),
    Endpoint(
        "DELETE", "/api/cursors/{name}", delete_cursor, "write", "Remove a cursor", group=GROUP, status=204,
        parameters=(HOLDER,),
    ),
    Endpoint(
        "POST", "/api/cursors/{name}/lease", post_lease, "write", "Take or renew a cursor's lease", group=GROUP,
        body=LeaseBody, answer="Holder, until when, and the cursor's position, or null where there is no cursor yet.",
    ),
    Endpoint(
        "DELETE", "/api/cursors/{name}/lease", delete_lease, "write", "Give a cursor's lease back", group=GROUP, status=204,
        parameters=(HOLDER,),
    ),
)  # fmt: skip
