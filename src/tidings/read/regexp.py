"""Whole-value patterns of searches, regular expressions and wildcards, matched in one pass over a text.

A pattern is a term that is derived by each character of the text; what is left at the end says whether it matched. Each
derivative is made once and kept, for all characters that the pattern does not tell apart. A text costs two look-ups for
each character then, and nothing is tried again. What making the derivatives costs is counted in steps, and a pattern that
takes too many of them is refused: no pattern can keep the server busy.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import Any

from tidings.model.errors import NotSupported
from tidings.read.effort import Effort

LONGEST = 1_000
DEEPEST = 50
MOST_STEPS = 200_000
"""Each term derived, and each part of a term put together, while a pattern is read and while it matches."""
MOST_NODES = 10_000
MOST_REPEATS = 1_000
_CHARS_KEPT = 1_000
Ranges = tuple[tuple[str, str], ...]

_CLASSES: dict[str, Ranges] = {
    "d": (("0", "9"),),
    "w": (("0", "9"), ("A", "Z"), ("_", "_"), ("a", "z")),
    "s": (("\t", "\r"), (" ", " ")),
}


class _Node:
    """One term. Equal terms are one object, so they compare and hash by identity."""

    __slots__ = ("kind", "next", "nullable", "parts")

    def __init__(self, kind: str, parts: Any, nullable: bool) -> None:
        self.kind = kind
        self.parts = parts
        self.nullable = nullable
        self.next: dict[str, _Node] = {}


class Pattern:
    """A pattern ready to match. ``folded``: letters match in either case."""

    def __init__(self, folded: bool, effort: Effort) -> None:
        self.steps = 0
        self._effort = effort
        self._folded = folded
        self._lows: set[str] = set()
        self._highs: set[str] = set()
        self._sides: tuple[list[str], list[str]] | None = None
        self._alike: dict[Any, str] = {}
        self._chars: dict[str, str] = {}
        self._nodes: dict[tuple[str, Any], _Node] = {}
        self.nothing = self._node("nothing", (), False)
        self.empty = self._node("empty", (), True)
        self.any = self.chars((), negated=True)
        self.everything = self.star(self.any)
        self.start = self.nothing

    def matches(self, text: str) -> bool:
        """Whether the whole text is what the pattern says; raises NotSupported where the pattern grows too large."""
        state, chars = self.start, self._chars
        for char in text:
            alike = chars.get(char) or self._first_alike(char)
            found = state.next.get(alike)
            if found is None:
                found = state.next[alike] = self._next(state, alike)
            state = found
            if state is self.nothing:
                return False
        return state.nullable

    def _next(self, state: _Node, char: str) -> _Node:
        try:
            return self._derive(state, char)
        except RecursionError:
            raise self._refusal() from None

    def _first_alike(self, char: str) -> str:
        """The first character seen that is in the same of the pattern's ranges as this one, which may be itself."""
        if self._sides is None:
            self._sides = sorted(self._lows), sorted(self._highs)
        lows, highs = self._sides
        where = tuple((bisect_right(lows, form), bisect_left(highs, form)) for form in self._forms(char))
        found = self._alike.setdefault(where, char)
        if len(self._chars) < _CHARS_KEPT:
            self._chars[char] = found
        return found

    def _forms(self, char: str) -> tuple[str, ...]:
        return (char, char.lower(), char.upper()) if self._folded else (char,)

    def _spend(self, steps: int) -> None:
        self.steps += steps
        if self.steps > MOST_STEPS:
            raise self._refusal()
        self._effort.spend(steps)

    def _refusal(self) -> NotSupported:
        return NotSupported(
            "the pattern has too many ways to match; send a shorter one, with fewer repeats and choices that may follow "
            "each other"
        )

    def _node(self, kind: str, parts: Any, nullable: bool) -> _Node:
        known = self._nodes.get((kind, parts))
        if known is None:
            if len(self._nodes) >= MOST_NODES:
                raise self._refusal()
            known = self._nodes[kind, parts] = _Node(kind, parts, nullable)
        return known

    def chars(self, ranges: Ranges, negated: bool = False) -> _Node:
        self._spend(1 + len(ranges))
        self._lows.update(low for low, _ in ranges)
        self._highs.update(high for _, high in ranges)
        return self._node("chars", (ranges, negated), False)

    def text(self, text: str) -> _Node:
        return self.all_of([self.chars(((char, char),)) for char in text])

    def all_of(self, parts: Sequence[_Node]) -> _Node:
        """One after the other; kept as (first, rest) with a first that is no such pair itself."""
        flat: list[_Node] = []
        *front, found = parts or (self.empty,)
        for part in front:
            while part.kind == "pair":
                self._spend(1)
                flat.append(part.parts[0])
                part = part.parts[1]
            flat.append(part)
        self._spend(len(flat) + 1)
        if found is self.nothing:
            return self.nothing
        for part in reversed(flat):
            if part is self.nothing:
                return self.nothing
            if found is self.empty:
                found = part
            elif part is not self.empty:
                found = self._node("pair", (part, found), part.nullable and found.nullable)
        return found

    def either(self, parts: Iterable[_Node]) -> _Node:
        flat: set[_Node] = set()
        for part in parts:
            more = part.parts if part.kind == "either" else (part,)
            self._spend(len(more))
            flat.update(more)
        self._spend(len(flat))
        flat.discard(self.nothing)
        if self.everything in flat:
            return self.everything
        if self.empty in flat and any(part.nullable for part in flat if part is not self.empty):
            flat.discard(self.empty)
        if len(flat) < 2:
            return flat.pop() if flat else self.nothing
        return self._node("either", frozenset(flat), any(part.nullable for part in flat))

    def both(self, parts: Iterable[_Node]) -> _Node:
        flat: set[_Node] = set()
        for part in parts:
            more = part.parts if part.kind == "both" else (part,)
            self._spend(len(more))
            flat.update(more)
        self._spend(len(flat))
        flat.discard(self.everything)
        if self.nothing in flat:
            return self.nothing
        if len(flat) < 2:
            return flat.pop() if flat else self.everything
        return self._node("both", frozenset(flat), all(part.nullable for part in flat))

    def other_than(self, part: _Node) -> _Node:
        return part.parts if part.kind == "not" else self._node("not", part, not part.nullable)

    def star(self, part: _Node) -> _Node:
        if part.kind in ("star", "empty", "nothing"):
            return part if part.kind == "star" else self.empty
        return self._node("star", part, True)

    def repeated(self, part: _Node, least: int, most: int | None) -> _Node:
        """From ``least`` to ``most`` times, without end where that is None."""
        found = self.star(part) if most is None else self.empty
        for _ in range(0 if most is None else most - least):
            found = self.either((self.empty, self.all_of((part, found))))
        for _ in range(least):
            found = self.all_of((part, found))
        return found

    def _derive(self, node: _Node, char: str) -> _Node:
        """What must follow once ``char`` was read."""
        self._spend(1)
        if node.kind == "chars":
            return self.empty if self._has(node, char) else self.nothing
        if node.kind == "pair":
            return self._derive_pair(node, char)
        if node.kind == "star":
            return self.all_of((self._derive(node.parts, char), node))
        if node.kind == "not":
            return self.other_than(self._derive(node.parts, char))
        if node.kind in ("either", "both"):
            together = self.either if node.kind == "either" else self.both
            return together([self._derive(part, char) for part in node.parts])
        return self.nothing

    def _derive_pair(self, node: _Node, char: str) -> _Node:
        """Along the pairs, as far as what stands in front may be left out."""
        ways: list[_Node] = []
        while node.kind == "pair":
            self._spend(1)
            first, rest = node.parts
            ways.append(self.all_of((self._derive(first, char), rest)))
            if not first.nullable:
                return self.either(ways)
            node = rest
        return self.either([*ways, self._derive(node, char)])

    def _has(self, node: _Node, char: str) -> bool:
        ranges: Ranges = node.parts[0]
        negated: bool = node.parts[1]
        self._spend(len(ranges))
        return any(low <= form <= high for form in self._forms(char) for low, high in ranges) != negated


def wildcard(text: str, folded: bool, effort: Effort | None = None) -> Pattern:
    """``*`` is any text, ``?`` any one character; a backslash makes either of them plain."""
    _check_length(text)
    pattern = Pattern(folded, effort or Effort())
    parts: list[_Node] = []
    chars = iter(text)
    for char in chars:
        if char == "*":
            parts.append(pattern.everything)
        elif char == "?":
            parts.append(pattern.any)
        else:
            parts.append(pattern.text(next(chars, char) if char == "\\" else char))
    pattern.start = pattern.all_of(parts)
    return pattern


def regexp(text: str, folded: bool, effort: Effort | None = None) -> Pattern:
    """A regular expression in Lucene's syntax; raises NotSupported that says what it cannot be."""
    _check_length(text)
    pattern = Pattern(folded, effort or Effort())
    pattern.start = _Parser(text, pattern).whole()
    return pattern


def _check_length(text: str) -> None:
    if len(text) > LONGEST:
        raise NotSupported(f"the pattern is longer than {LONGEST:,} characters; send a part of it")


class _Parser:
    """Lucene's syntax: no anchors, ``"…"`` plain text, ``@`` any text, ``#`` nothing, ``&`` and, ``~`` not."""

    def __init__(self, text: str, pattern: Pattern) -> None:
        self._text = text
        self._pattern = pattern
        self._at = 0
        self._depth = 0

    def whole(self) -> _Node:
        found = self._union()
        if self._at < len(self._text):
            raise self._refusal("a closing bracket without an opening one")
        return found

    def _refusal(self, what: str) -> NotSupported:
        return NotSupported(f"the regexp {self._text!r} has {what} at character {self._at + 1}")

    def _peek(self, chars: str) -> bool:
        return self._at < len(self._text) and self._text[self._at] in chars

    def _take(self, chars: str) -> bool:
        found = self._peek(chars)
        self._at += found
        return found

    def _next(self) -> str:
        if self._at >= len(self._text):
            raise self._refusal("its end where more must follow")
        self._at += 1
        return self._text[self._at - 1]

    def _union(self) -> _Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._refusal("too many brackets within brackets")
        parts = [self._both()]
        while self._take("|"):
            parts.append(self._both())
        self._depth -= 1
        return self._pattern.either(parts)

    def _both(self) -> _Node:
        parts = [self._sequence()]
        while self._take("&"):
            parts.append(self._sequence())
        return self._pattern.both(parts)

    def _sequence(self) -> _Node:
        parts: list[_Node] = []
        while self._at < len(self._text) and not self._peek("|&)"):
            parts.append(self._repeat())
        return self._pattern.all_of(parts)

    def _repeat(self) -> _Node:
        found = self._negation()
        while self._peek("?*+{"):
            sign = self._next()
            least, most = {"?": (0, 1), "*": (0, None), "+": (1, None)}.get(sign) or self._bounds()
            found = self._pattern.repeated(found, least, most)
        return found

    def _bounds(self) -> tuple[int, int | None]:
        least = self._number()
        most: int | None = least
        if self._take(","):
            most = None if self._peek("}") else self._number()
        if not self._take("}") or (most is not None and most < least):
            raise self._refusal("a repeat that is not {n}, {n,} or {n,m}")
        return least, most

    def _number(self) -> int:
        digits = ""
        while self._peek("0123456789") and len(digits) < 5:
            digits += self._next()
        if not digits or int(digits) > MOST_REPEATS:
            raise self._refusal(f"a repeat that is not a number up to {MOST_REPEATS:,}")
        return int(digits)

    def _negation(self) -> _Node:
        negated = False
        while self._take("~"):
            negated = not negated
        found = self._single()
        return self._pattern.other_than(found) if negated else found

    def _single(self) -> _Node:
        pattern = self._pattern
        if self._peek("?*+{"):
            raise self._refusal("a repeat with nothing before it")
        char = self._next()
        if char == "<":
            self._at -= 1
            raise self._refusal("a range of numbers <n-m>, which is not taken here (write the digits out)")
        if char == "(":
            found = pattern.empty if self._peek(")") else self._union()
            if not self._take(")"):
                raise self._refusal("an opening bracket that is not closed")
            return found
        if char == "[":
            return self._class()
        if char == '"':
            return self._quoted()
        if char == "\\":
            return self._escaped()
        plain = {".": pattern.any, "@": pattern.everything, "#": pattern.nothing}
        return plain.get(char) or pattern.text(char)

    def _quoted(self) -> _Node:
        end = self._text.find('"', self._at)
        if end < 0:
            raise self._refusal("a quotation that is not closed")
        found = self._pattern.text(self._text[self._at : end])
        self._at = end + 1
        return found

    def _escaped(self) -> _Node:
        char = self._next()
        known = _CLASSES.get(char.lower())
        return self._pattern.chars(known, char.isupper()) if known else self._pattern.text(char)

    def _class(self) -> _Node:
        negated = self._take("^")
        ranges: list[tuple[str, str]] = []
        while not self._take("]"):
            low = self._member(ranges)
            if low is None:
                continue
            high: str | None = low
            if self._peek("-") and not self._text.startswith("-]", self._at):
                self._at += 1
                high = self._member(ranges)
            if high is None or high < low:
                raise self._refusal("a range that ends before it begins")
            ranges.append((low, high))
        return self._pattern.chars(tuple(ranges), negated)

    def _member(self, ranges: list[tuple[str, str]]) -> str | None:
        """One character of a class; None for a class within it, which is added."""
        char = self._next()
        if char != "\\":
            return char
        char = self._next()
        if char in _CLASSES:
            ranges += _CLASSES[char]
            return None
        if char.lower() in _CLASSES:
            raise self._refusal(f"\\{char} within brackets, which is not taken here")
        return char
