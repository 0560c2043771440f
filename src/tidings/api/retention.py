"""Our own calls about how much of the log is kept."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from starlette.responses import Response

from tidings.api.endpoint import BOOLEAN, MAX_LONG, Call, Endpoint, Parameter, json_answer
from tidings.consumers.retention import Outcome
from tidings.model.cursor import Retention
from tidings.model.errors import InvalidParameter
from tidings.model.events import encode
from tidings.store.settings import retention_of, set_retention

GROUP = "Retention"
Whole = Annotated[int, msgspec.Meta(ge=1, le=MAX_LONG)]


class RetentionBody(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """What bounds the log; null or left out: nothing does."""

    max_age_days: Annotated[float, msgspec.Meta(gt=0, le=100_000)] | None = None
    max_events: Whole | None = None
    max_bytes: Whole | None = None


def get_retention(call: Call) -> Response:
    with call.parts.store.snapshot() as snapshot:
        kept, first, head = retention_of(snapshot), snapshot.log_start(), snapshot.head()
    return _answer(kept, first, head)


def put_retention(call: Call) -> Response:
    if call.flag("dryRun"):
        raise InvalidParameter("a retention cannot be tried out as it is set; POST /api/retention/run takes dryRun")
    body: RetentionBody = call.decode(RetentionBody)
    kept = Retention(body.max_age_days, body.max_events, body.max_bytes)
    call.parts.store.transact(lambda tx: set_retention(tx, kept))
    return get_retention(call)


def _answer(kept: Retention, first: int, head: int) -> Response:
    bounds = {"maxAgeDays": kept.max_age_days, "maxEvents": kept.max_events, "maxBytes": kept.max_bytes}
    return json_answer(encode({**bounds, "firstPosition": first, "head": head}))


def run(call: Call) -> Response:
    trimmer, force = call.parts.retention.trimmer, call.flag("force")
    dry_run = call.flag("dryRun")
    feed = call.parts.feed
    outcome = trimmer.plan(force=force) if dry_run else trimmer.run(force=force, ending=lambda: feed.closed)
    return json_answer(encode({"dryRun": dry_run, **outcome_form(outcome)}))


def outcome_form(outcome: Outcome) -> dict[str, Any]:
    """What a run did, as the answer has it."""
    slowest = outcome.slowest
    return {
        "trimmed": outcome.trimmed,
        "firstPosition": outcome.first,
        "head": outcome.head,
        "heldBack": {"cursor": slowest.name, "events": outcome.kept_for_it} if slowest else None,
        "lost": [{"cursor": one.cursor, "events": one.events} for one in outcome.lost],
    }


_LIKE = "maxAgeDays, maxEvents and maxBytes, null where nothing is bounded, and both ends of the log."
ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("GET", "/api/retention", get_retention, "read", "How much of the log is kept", group=GROUP, answer=_LIKE),
    Endpoint(
        "PUT", "/api/retention", put_retention, "admin", "Say how much of the log is kept", group=GROUP, body=RetentionBody,
        answer=_LIKE,
    ),
    Endpoint(
        "POST", "/api/retention/run", run, "admin", "Trim the log now", group=GROUP,
        parameters=(
            Parameter("dryRun", "Tell how many events would go, and trim nothing.", BOOLEAN),
            Parameter("force", "Also what cursors still need.", BOOLEAN),
        ),
        answer="How many events were trimmed, both ends of the log, «heldBack»: the slowest cursor and how many events it "
               "keeps, «lost»: which cursors lost how many.",
    ),
)  # fmt: skip
