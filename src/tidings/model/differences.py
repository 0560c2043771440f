"""Where our events differ from real examples of the protocol, six payloads of 2022 to 2024, and why. Data only.

A test compares both, key by key and type by type: it finds nothing that is not explained here, and each line explains
something.
"""

from __future__ import annotations

from typing import NamedTuple

from tidings.model.events import Operation

ABSENT = "absent"
UNSET = ("int", "float", "bool", "[0]")
"""Types of what attributes show that nobody has set: 0, ``false``, ``[]``."""


class Difference(NamedTuple):
    """One line. ``keys`` are paths in ``message``, with ``*`` for anything; ``real`` and ``here`` types of what is there."""

    operations: tuple[Operation, ...]
    keys: tuple[str, ...]
    real: str
    here: tuple[str, ...]
    why: str


_COLUMNS: tuple[Operation, ...] = ("ENTITY_CREATE", "CLASSIFICATION_ADD", "CLASSIFICATION_DELETE")
_OLD: tuple[Operation, ...] = (
    "ENTITY_CREATE",
    "BUSINESS_ATTRIBUTE_UPDATE",
    "CLASSIFICATION_ADD",
    "CLASSIFICATION_DELETE",
)
_ALL: tuple[Operation, ...] = (*_OLD, "ENTITY_UPDATE")
_YOUNGER = "younger than the example: the model of 2026 flags it for events, and what is unset is shown"
_UNKNOWN = "whether events show it has not been published, and what is not known to be hidden is shown"


def _attributes(*names: str) -> tuple[str, ...]:
    return tuple(f"entity.attributes.{name}" for name in names)


DIFFERENCES: tuple[Difference, ...] = (
    Difference(_OLD, _attributes("assetSoda*", "assetTags", "starred*", "isPartial", "isAIGenerated"), ABSENT, UNSET, _YOUNGER),
    Difference(_ALL, _attributes("assetMc*", "assetAnomalo*", "assetPoliciesCount", "*GUIDs", "hasContract"), ABSENT, UNSET,
               _YOUNGER),
    Difference(_OLD, _attributes("isProfiled", "lastProfiledAt"), ABSENT, UNSET, _YOUNGER),
    Difference(_COLUMNS, _attributes("column*", "nestedColumnCount"), ABSENT, UNSET,
               "profiles of columns are younger than the example; what is unset is shown"),
    Difference(("BUSINESS_ATTRIBUTE_UPDATE",), _attributes("isSharded", "tableObjectCount", "tableRetentionTime"), ABSENT,
               UNSET, _YOUNGER),
    Difference(_ALL, _attributes("assetAi*", "assetAnnouncementExpiredAt", "assetDQ*", "assetExternalDQ*",
                                 "assetGCPDataplex*", "assetHasAiReadme", "assetInternalPopularityScore", "assetSmus*",
                                 "assetSummaryFilterTokens"), ABSENT, UNSET, _UNKNOWN),
    Difference(_OLD, _attributes("sql*"), ABSENT, UNSET, _UNKNOWN),
    Difference(("ENTITY_DELETE",), _attributes("*"), ABSENT, (*UNSET, "str"),
               "the example shows qualifiedName alone; newer servers show a deleted asset by the rule of all others"),
    Difference(_COLUMNS, _attributes("numericScale"), "int", ("float",), "the model of 2026 makes it a float"),
    Difference(("CLASSIFICATION_ADD", "CLASSIFICATION_DELETE"), ("mutatedDetails[].restrictPropagationThroughHierarchy",),
               ABSENT, ("bool",), "a flag of tags that is younger than the example; clients know it"),
    Difference(("CLASSIFICATION_ADD",), ("entity.classifications[].restrictPropagationThroughHierarchy",), ABSENT, ("bool",),
               "the same"),
    Difference(("ENTITY_UPDATE",), ("entity.status",), ABSENT, ("str",),
               "the server forgets it on updates of what was saved directly; it is never wrong to know it"),
)  # fmt: skip
