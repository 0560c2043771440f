"""What is kept under small numbers that never change."""

from __future__ import annotations


class Names:
    """Relationships by name, fillers of events by number and by text, as far as they are known.

    One for all readers of a store, and one for its writer, who forgets it when numbers that it drew are undone.
    """

    def __init__(self) -> None:
        self.relationships: dict[str, int] = {}
        self.by_number: dict[int, str] = {}
        """The same the other way, for a body whose statements answer with numbers."""
        self.fillers: dict[int, bytes] = {}
        self.filler_numbers: dict[bytes, int] = {}

    def forget(self) -> None:
        """Begin anew; what is needed is read again."""
        self.relationships.clear()
        self.by_number.clear()
        self.fillers.clear()
        self.filler_numbers.clear()
