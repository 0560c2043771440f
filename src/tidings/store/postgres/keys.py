"""Values that stand in an index for others that are too long for it, or that no text can hold."""

from __future__ import annotations

import hashlib

import msgspec

INDEXED = 300
"""How many characters of a qualifiedName its index holds (migrations/0001_catalog.sql)."""
GLOSSARY_TYPES = frozenset({"AtlasGlossary", "AtlasGlossaryCategory", "AtlasGlossaryTerm"})


class _Called(msgspec.Struct):
    name: str | None = None


_decode_called = msgspec.json.Decoder(_Called).decode


def glossary_key(name: str) -> bytes:
    """What stands for the name of a glossary, category or term."""
    return hashlib.sha256(name.encode()).digest()


def glossary_key_of(type_name: str, encoded: bytes) -> bytes | None:
    """The same for an asset by its type and attributes; None for one of another type."""
    if type_name not in GLOSSARY_TYPES:
        return None
    return glossary_key(_decode_called(encoded).name or "")
