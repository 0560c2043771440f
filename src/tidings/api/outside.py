"""What is not here: for an address that nothing answers, a sentence that says why, or what was probably meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping

from tidings.api.endpoint import PROTOCOL_PREFIXES

_PROTOCOL: Mapping[str, str] = {
    "search": "assets are searched with POST search/indexsearch; other searching is not in this version",
    "lineage": "lineage is read with GET lineage/{guid}, GET lineage/uniqueAttribute/type/{type} and POST lineage/list",
    "glossary/import": "glossaries are not imported from files here; save their terms and categories as entities",
    "entity/auditsearch": "searching the audit is not in this version; read GET /api/assets/{guid}/history",
    "task": "tasks are not searched here; GET /api/tasks lists long work that is not finished",
    "connection": "connections are entities; DELETE /api/connections deletes one with everything under it",
    "relationship": "links are read and deleted at relationship/guid/{guid}, created and changed at relationship",
    "entity/businessmetadata": "custom metadata is not imported from files here; set it at entity/guid/{guid}/businessmetadata",
    "entity/evaluator": "access policies are not evaluated here: a token's role decides",
    "admin": "the server has no such admin call; see GET /api/status and GET /metrics",
    "types": "there is no such call about types; see GET types/typedefs and GET types/typedef/name/{name}",
}  # fmt: skip
"""Below a protocol prefix, all in lower case."""
_ENTITY_PARTS: Mapping[str, str] = {
    "classification": "tags are put on and taken off at entity/guid/{guid}/classifications",
    "businessmetadata": "custom metadata is set at entity/guid/{guid}/businessmetadata",
    "label": "labels are not kept by this catalog",
    "audit": "the audit of an asset is read with GET /api/assets/{guid}/history",
}
"""Anywhere in an address below ``entity``."""
_ELSEWHERE: Mapping[str, str] = {
    "api/service/workflows": "this catalog runs no workflows; crawl a source with the program's own crawl command, delete a "
    "connection with everything under it by DELETE /api/connections",
    "api/service/runs": "this catalog runs no workflows, so there are no runs",
    "api/service/schedule": "this catalog runs no workflows, so there are no schedules",
    "api/service/v1/app": "this catalog runs no apps",
    "api/service/package": "this catalog installs no packages; crawl a source with the program's own crawl command",
    "api/service/credentials": "this catalog keeps no credentials of sources",
    "api/service/files": "this catalog stores no files",
    "api/service/images": "this catalog stores no images",
    "api/service/contracts": "data contracts are not drafted by this catalog; save a DataContract as an entity",
    "api/service/requests": "this catalog has no requests to approve: a token's role decides",
    "api/service/approval-workflow-requests": "this catalog has no approvals: a token's role decides",
    "api/service/query": "this catalog parses and runs no queries",
    "api/service/idp": "there is no single sign-on here; access is by token",
    "api/service/sso": "there is no single sign-on here; access is by token",
    "api/service/oauth-clients": "there are no OAuth clients here; send a token of this catalog as bearer token",
    "api/service/events": "logins and admin events are not kept by this catalog",
    "api/service/users": "users are the catalog's tokens; an admin makes and revokes them under /api/tokens",
    "api/service/apikeys": "tokens are made and revoked under /api/tokens",
    "api/service/groups": "there are no groups here; access is by the role of a token",
    "api/service/v2/groups": "there are no groups here; access is by the role of a token",
    "api/sql": "this catalog runs no queries on sources",
    "events/openlineage": "OpenLineage events are not taken in this version; save the processes as entities",
    "openlineage": "OpenLineage events are not taken in this version; save the processes as entities",
    "auth": "there is no login service here; access is by token",
    "api/service": "of /api/service this catalog answers roles, users, groups, apikeys and whoami only",
}  # fmt: skip
"""From the root, all in lower case."""
KNOWN = (
    "/api/connections", "/api/cursors", "/api/retention", "/api/retention/run", "/api/snapshot", "/api/tasks",
    "/api/assets", "/api/delete", "/api/docs", "/api/events", "/api/events/stream", "/api/openapi.json", "/api/restore",
    "/api/status", "/api/tokens", "/health", "/health/ready", "/metrics", "/api/service/roles", "/api/service/users",
    "/api/service/v2/groups", "/api/service/whoami", "/api/service/apikeys",
    *(f"{prefix}/{path}" for prefix in PROTOCOL_PREFIXES for path in (
        "entity", "entity/bulk", "entity/guid", "entity/uniqueAttribute/type", "entity/restore/bulk", "types/typedefs",
        "types/typedefs/headers", "types/typedef/name", "types/typedef/guid", "admin/purge",
    )),
)  # fmt: skip
"""Addresses that people mistype; a test holds that each begins an address that is served."""
LONGEST_SHOWN = 200


def explain(path: str) -> str:
    """One sentence about an address that nothing answers."""
    sentence = _reason(path.strip("/").lower()) or _near(path)
    shown = path if len(path) <= LONGEST_SHOWN else path[:LONGEST_SHOWN] + "…"
    return f"there is nothing at {shown}{sentence}"


def _reason(path: str) -> str:
    for prefix in PROTOCOL_PREFIXES:
        below = path.removeprefix(prefix.strip("/") + "/")
        if below != path:
            return _protocol_reason(below)
    return _longest(path, _ELSEWHERE)


def _protocol_reason(below: str) -> str:
    if re.match(r"entity(/|$)", below):
        for part, sentence in _ENTITY_PARTS.items():
            if part in below and not below.startswith("entity/auditsearch"):
                return f": {sentence}"
    return _longest(below, _PROTOCOL)


def _longest(path: str, table: Mapping[str, str]) -> str:
    """The sentence of the longest entry that the path begins with; it may end within a word (package, packages)."""
    found = [entry for entry in table if path.startswith(entry)]
    return f": {table[max(found, key=len)]}" if found else ""


def _near(path: str) -> str:
    plain = "/" + path.strip("/")
    near = difflib.get_close_matches(plain[:LONGEST_SHOWN], KNOWN, n=1, cutoff=0.75)
    return f"; did you mean {near[0]}?" if near and near[0] != plain else "; see /api/docs for what there is"
