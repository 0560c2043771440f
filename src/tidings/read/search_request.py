"""The protocol's request for a search."""

from __future__ import annotations

from typing import Any

import msgspec

from tidings.model.errors import InvalidParameter, NotSupported

LARGEST_PAGE = 10_000
FURTHEST = 100_000
"""Where a page can begin; clients go on by time of creation from there."""
MOST_ATTRIBUTES = 1_000
"""That are asked for, of the hits and of what is linked to them."""
_TAKEN = frozenset({"from", "size", "aggregations", "aggs", "track_total_hits", "query", "post_filter", "sort"})


class IndexSearch(msgspec.Struct, rename="camel"):
    """The protocol's search: ``dsl`` says what is looked for, the rest what is shown of it."""

    dsl: dict[str, Any]
    attributes: list[str] | None = None
    relation_attributes: list[str] | None = None
    exclude_classifications: bool | None = None
    include_classification_names: bool | None = None
    exclude_meanings: bool | None = None
    include_relationship_attributes: bool | None = None
    allow_deleted_relations: bool | None = None
    show_search_score: bool | None = None
    persona: str | None = None
    purpose: str | None = None

    @property
    def offset(self) -> int:
        return self._whole("from", 0, FURTHEST)

    @property
    def size(self) -> int:
        return self._whole("size", 10, LARGEST_PAGE)

    def _whole(self, name: str, default: int, most: int) -> int:
        given = self.dsl.get(name)
        if given is None:
            return default
        if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given <= most:
            raise InvalidParameter(f"dsl.{name} ({given!r}) must be a whole number from 0 to {most:,}")
        return given

    def check(self) -> None:
        """Raises NotSupported for what would change the answer and is not taken, InvalidParameter for too much."""
        for name in self.dsl:
            if name not in _TAKEN:
                raise NotSupported(f"dsl.{name} is not taken here; there are {' '.join(sorted(_TAKEN))}")
        for names, where in ((self.attributes, "attributes"), (self.relation_attributes, "relationAttributes")):
            if names and len(names) > MOST_ATTRIBUTES:
                raise InvalidParameter(f"{where} has {len(names):,} names, of which there may be {MOST_ATTRIBUTES:,}")
        for wanted, what in (
            (self.persona, "persona: access policies are not evaluated here, a token's role decides"),
            (self.purpose, "purpose: access policies are not evaluated here, a token's role decides"),
            (self.show_search_score, "showSearchScore: hits are not scored here; sort by a field"),
            (self.allow_deleted_relations, "allowDeletedRelations: an active asset shows its active links only"),
        ):
            if wanted:
                raise NotSupported(what)
