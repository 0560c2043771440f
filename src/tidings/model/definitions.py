"""Definitions that users made, in the protocol's form («AtlasTypesDef»), as the definitions that the registry puts in force."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tidings.model.typedefs import Definition, TypeSystem


def with_definitions(shipped: TypeSystem, stored: Iterable[Definition]) -> TypeSystem:
    """The shipped types and those that users made, together. Mappings to which nothing was added stay the same objects."""
    return replace(shipped, stored={one.name: one for one in stored})
