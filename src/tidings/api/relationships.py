"""The protocol's calls about links as such: read, create, change their attributes, delete."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from starlette.responses import Response

from tidings.api.answers import receipt_form
from tidings.api.endpoint import BOOLEAN, DRY_RUN, Call, Endpoint, Parameter, json_answer
from tidings.api.writes import count
from tidings.model.events import encode
from tidings.read.relationships import extended_form, key_of, link_form
from tidings.store.base import Transaction
from tidings.write.relate import LinkInput, Work, change_link, create_link, remove_link
from tidings.write.submit import Receipt

GROUP = "Relationships (protocol)"
JsonObject = dict[str, Any]
T = TypeVar("T")


def get_link(call: Call) -> Response:
    key, with_ends = key_of(call.path_guid()), call.flag("extendedInfo")
    with call.parts.store.snapshot() as snapshot:
        form = extended_form(key, call.parts.types.of(snapshot), snapshot, with_ends=with_ends)
    return json_answer(encode(form))


async def post_link(call: Call) -> Response:
    return await _shown(call, create_link)


async def put_link(call: Call) -> Response:
    return await _shown(call, change_link)


async def delete_link(call: Call) -> Response:
    dry_run, parts = call.flag("dryRun"), call.parts
    at_once = parts.config.propagation_at_once
    work = remove_link(parts.types, call.path_guid(), call.actor(), parts.profile, dry_run=dry_run, at_once=at_once)
    related = await _carried_out(call, work, lambda one: one.receipt)
    return _tried(related.receipt) if dry_run else Response(status_code=204)


async def _shown(call: Call, act: Callable[..., Work]) -> Response:
    """The link as it is then; for a dry run the events there would have been."""
    wanted: LinkInput = call.decode(LinkInput)
    dry_run, parts = call.flag("dryRun"), call.parts
    at_once = parts.config.propagation_at_once
    work = act(parts.types, wanted, call.actor(), parts.profile, dry_run=dry_run, at_once=at_once)

    def shown(tx: Transaction) -> tuple[Receipt, JsonObject]:
        related = work(tx)
        return related.receipt, link_form(related.key, parts.types.of(tx), tx)

    receipt, form = await _carried_out(call, shown, lambda found: found[0])
    if dry_run:
        return _tried(receipt)
    ignored = sum(len(names) for _, names in receipt.ignored)
    return json_answer(encode(form), headers={"tidings-ignored": str(ignored)} if ignored else None)


def _tried(receipt: Receipt) -> Response:
    return json_answer(receipt_form(receipt, dry_run=True))


async def _carried_out(call: Call, work: Callable[[Transaction], T], receipt: Callable[[T], Receipt]) -> T:
    dry_run = call.flag("dryRun")
    done = await asyncio.wrap_future(call.parts.store.enqueue(work, rollback=dry_run))
    if not dry_run:
        count(call, receipt(done))
    return done


_EXTENDED = Parameter("extendedInfo", "Headers of both ends under referredEntities.", BOOLEAN)
_LINK = "The relationship with its guid, ends and attributes."
ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("GET", "/relationship/guid/{guid}", get_link, "read", "One link", True, (_EXTENDED,),
             answer="The relationship; its status is DELETED while one of its ends is archived.", group=GROUP),
    Endpoint("DELETE", "/relationship/guid/{guid}", delete_link, "write", "Take a link away", True, (DRY_RUN,), status=204,
             group=GROUP),
    Endpoint("POST", "/relationship", post_link, "write", "Link two assets", True, (DRY_RUN,), LinkInput, _LINK, group=GROUP),
    Endpoint("PUT", "/relationship", put_link, "write", "Change the attributes of a link", True, (DRY_RUN,), LinkInput, _LINK,
             group=GROUP),
)  # fmt: skip
