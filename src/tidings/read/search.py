"""The protocol's index search, without an index of its own: exact, in the state of the moment, and bounded.

Candidates come from the store in sets, by whatever its indexes know; the query is asked of each. What was found stays
for a while, so that the pages of one search cost no more than the first one as long as nothing changes.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

import msgspec

from tidings.model.errors import TooLarge
from tidings.model.events import encode
from tidings.model.registry import TypeRegistry
from tidings.read.buckets import Terms, bucket_form, read_aggregations
from tidings.read.documents import Document, Page
from tidings.read.effort import Effort
from tidings.read.hits import hit_forms
from tidings.read.narrow import candidates, narrowed
from tidings.read.order import Key, in_order, key_of, read_order
from tidings.read.query import All, read_query
from tidings.read.search_request import FURTHEST, LARGEST_PAGE, IndexSearch
from tidings.store.base import Snapshot

MOST_READ = 2_000_000
"""Assets that one search reads at most."""
_KEPT = FURTHEST + LARGEST_PAGE
_SEARCHES_KEPT = 16
_LONGEST_KEPT = 256 * 1024
"""Bytes of a query whose answer is kept."""


class Found(msgspec.Struct, frozen=True):
    """What a search found: how many in all, the first of them in their order, and the aggregations as JSON."""

    count: int
    ids: array[int]
    aggregations: bytes


class Searches:
    """What the last searches found, each by the state it was found in and by what it asked."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[int, str, bytes], Found] = OrderedDict()
        self._lock = Lock()

    def found(self, wanted: IndexSearch, types: TypeRegistry, snapshot: Snapshot, effort: Effort) -> Found:
        # Nothing changes in a catalog without an event or another stamp of its types.
        asked = {name: value for name, value in wanted.dsl.items() if name not in ("from", "size", "track_total_hits")}
        key = snapshot.head(), snapshot.types_stamp(), encode(asked)
        with self._lock:
            known = self._known.get(key)
            if known is not None:
                self._known.move_to_end(key)
                return known
        known = find(wanted.dsl, types, snapshot, effort)
        if len(key[-1]) <= _LONGEST_KEPT:
            with self._lock:
                self._known[key] = known
                if len(self._known) > _SEARCHES_KEPT:
                    self._known.popitem(last=False)
        return known


def search_page(wanted: IndexSearch, types: TypeRegistry, snapshot: Snapshot, searches: Searches) -> bytes:
    """The page that was asked for, as JSON; raises InvalidParameter, NotSupported, TooLarge."""
    wanted.check()
    effort = Effort()
    first, size = wanted.offset, wanted.size
    found = searches.found(wanted, types, snapshot, effort)
    page = found.ids[first : first + size]
    assets = {asset.id: asset for asset in snapshot.assets_by_id(page)}
    forms = hit_forms([assets[own] for own in page], wanted, types, snapshot, effort)
    more = b',"aggregations":' + found.aggregations if found.aggregations and found.count else b""
    return b'{"entities":[%b],"approximateCount":%d%b}' % (b",".join(forms), found.count, more)


def find(dsl: Mapping[str, Any], types: TypeRegistry, snapshot: Snapshot, effort: Effort) -> Found:
    """Everybody who meets the query, counted, and the first of them in the order asked for."""
    query = read_query(dsl.get("query"), types, "dsl.query", effort)
    after = read_query(dsl.get("post_filter"), types, "dsl.post_filter", effort)
    order = read_order(dsl.get("sort"), types)
    counted = read_aggregations(dsl.get("aggregations") or dsl.get("aggs"), types)
    # What is counted by value is everybody who meets the query, whether the filter behind it lets them through or not.
    wanted = narrowed(query if counted else All((query, after)), types)
    keys: list[Key] = []
    count = read = 0
    for assets in candidates(wanted, snapshot):
        effort.check()
        read += len(assets)
        if read > MOST_READ:
            raise TooLarge(
                f"the search would have to read more than {MOST_READ:,} assets; name types, or the beginning of the "
                "qualifiedNames"
            )
        for document in Page(assets, types, snapshot, effort.check).documents():
            if not query.meets(document):
                continue
            _count(counted, document)
            if after.meets(document):
                count += 1
                keys.append(key_of(document, order))
        if len(keys) > 2 * _KEPT:
            keys = in_order(keys, order)[:_KEPT]
    ids = array("q", (key[-1] for key in in_order(keys, order)[:_KEPT]))
    buckets: dict[str, Any] = {}
    for one in counted:
        effort.check()
        buckets[one.name] = bucket_form(one)
    return Found(count, ids, encode(buckets) if counted else b"")


def _count(counted: Sequence[Terms], document: Document) -> None:
    for one in counted:
        one.add(document)
