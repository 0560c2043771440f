"""The types in force over a store: those that come with the program and those that its users made."""

from __future__ import annotations

from tidings.model.definitions import with_definitions
from tidings.model.registry import TypeRegistry
from tidings.model.typedefs import TypeSystem
from tidings.store.base import Reader

_KEPT = 4


class Types:
    """Registries by the stamp of the definitions they were made of.

    A definition is in force for every transaction and snapshot that sees it, in whichever process it was made: the stamp
    is read with the state, and a registry belongs to one stamp. ``latest`` is the one used last: good for what can be
    done again should it not be the right one.
    """

    def __init__(self, shipped: TypeSystem) -> None:
        self.shipped = shipped
        self._known = {"": TypeRegistry(shipped)}
        self.latest = self._known[""]

    def of(self, reader: Reader) -> TypeRegistry:
        """The types that are in force in what ``reader`` sees."""
        stamp = reader.types_stamp()
        known = self._known.get(stamp)
        if known is None:
            known = TypeRegistry(with_definitions(self.shipped, reader.definitions()), self.latest)
            if len(self._known) > _KEPT:
                self._known = {"": self._known[""]}
            self._known[stamp] = known
        self.latest = known
        return known
