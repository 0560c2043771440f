"""Bytes -> commands: the forms in which the protocol carries what one asks."""

from __future__ import annotations

import msgspec

from tidings.model.errors import InvalidParameter, MalformedBody
from tidings.write.commands import DELETE_TYPES, DeleteType, EntityInput, Target


class BulkBody(msgspec.Struct):
    """The body of a bulk save."""

    entities: list[EntityInput]


class EntityBody(msgspec.Struct):
    """The body of a save of one entity."""

    entity: EntityInput


class TargetInput(msgspec.Struct, rename="camel"):
    """An asset as the catalog's own calls name it: by guid, or by type and qualifiedName."""

    guid: str | None = None
    type_name: str | None = None
    qualified_name: str | None = None

    def target(self, location: str) -> Target:
        """Raises MalformedBody where neither form is whole."""
        if self.guid:
            return Target(guid=self.guid)
        if self.type_name and self.qualified_name:
            return Target(type_name=self.type_name, qualified_name=self.qualified_name)
        raise MalformedBody(f"{location} names no asset; give guid, or typeName and qualifiedName")


class TargetsBody(msgspec.Struct, rename="camel"):
    """The body of the catalog's own delete and restore calls."""

    guids: list[str] = []
    targets: list[TargetInput] = []
    delete_type: str = "DEFAULT"

    def all_targets(self) -> list[Target]:
        """Everything named, guids first; raises MalformedBody where nothing is."""
        found = [Target(guid=guid) for guid in self.guids]
        found += [one.target(f"targets[{index}]") for index, one in enumerate(self.targets)]
        if not found:
            raise MalformedBody("the body names no asset; give guids or targets")
        return found


def delete_type_of(text: str) -> DeleteType:
    """What a delete names, in any case; raises InvalidParameter."""
    for known in DELETE_TYPES:
        if text.upper() == known:
            return known
    raise InvalidParameter(f"there is no deleteType {text!r}; it must be one of {', '.join(DELETE_TYPES)}")
