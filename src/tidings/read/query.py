"""The protocol's search queries: what is taken of them, and whether an asset meets one.

A query is read into clauses, which are asked in the order of what they cost. Whatever is not taken is refused by name:
an answer is never wider or narrower than the query that was sent.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tidings.model.errors import InvalidParameter, NotSupported
from tidings.model.registry import TypeRegistry
from tidings.read.bounds import SIDES, Period, number_of, period_of
from tidings.read.effort import Effort
from tidings.read.fields import Field, Look, field_of, terms, words
from tidings.read.regexp import regexp, wildcard

DEEPEST = 50
MOST_CLAUSES = 1_024
MOST_VALUES = 65_536
"""Values of one ``terms``."""
LONGEST_FORMAT = 200
Test = Callable[[Sequence[Any]], bool]
"""Of the terms of a field."""

_ASIDE = frozenset(
    {"__traitNames", "__classificationNames", "__propagatedTraitNames", "__propagatedClassificationNames", "__meanings",
     "__meaningsText", "__glossary", "__categories", "__parentCategory", "__hasLineage"}
)  # fmt: skip
"""Sources for which something else than the asset itself must be read."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A test of one field. ``wanted`` is what a ``term``, ``terms`` or ``prefix`` looks for; ``folded`` in either case."""

    kind: str
    field: Field
    test: Test
    wanted: tuple[str, ...] = ()
    folded: bool = False

    def meets(self, look: Look) -> bool:
        return self.test(terms(self.field, look))

    @property
    def cost(self) -> int:
        if self.field.source in _ASIDE:
            return 3
        return 0 if self.field.source.startswith("__") or self.field.source == "qualifiedName" else 1


@dataclass(frozen=True, slots=True)
class All:
    """Every part must be met; none at all lets everything pass."""

    parts: tuple[Clause, ...] = ()
    cost: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", tuple(sorted(self.parts, key=lambda part: part.cost)))
        object.__setattr__(self, "cost", max((part.cost for part in self.parts), default=0))

    def meets(self, look: Look) -> bool:
        return all(part.meets(look) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Some:
    """At least so many of the parts."""

    parts: tuple[Clause, ...]
    least: int = 1
    cost: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", tuple(sorted(self.parts, key=lambda part: part.cost)))
        object.__setattr__(self, "cost", max((part.cost for part in self.parts), default=0))

    def meets(self, look: Look) -> bool:
        missing = self.least
        for part in self.parts:
            if missing <= 0:
                break
            missing -= part.meets(look)
        return missing <= 0


@dataclass(frozen=True, slots=True)
class Not:
    """The part must not be met."""

    part: Clause

    def meets(self, look: Look) -> bool:
        return not self.part.meets(look)

    @property
    def cost(self) -> int:
        return self.part.cost


Clause = Leaf | All | Some | Not
ALL = All()
NONE = Some((), 1)


def read_query(query: Any, types: TypeRegistry, where: str = "dsl.query", effort: Effort | None = None) -> Clause:
    """A query as clauses; raises NotSupported or InvalidParameter that name the place and what would be right."""
    return _Reader(types, effort or Effort()).clause(query, where, 0) if query is not None else ALL


class _Reader:
    """Reads one query, and counts its clauses."""

    def __init__(self, types: TypeRegistry, effort: Effort) -> None:
        self._types = types
        self._effort = effort
        self._left = MOST_CLAUSES
        self._kinds: Mapping[str, Callable[[Any, str, int], Clause]] = {
            "bool": self._bool,
            "match_all": lambda body, where, depth: self._plain(body, where, ALL),
            "match_none": lambda body, where, depth: self._plain(body, where, NONE),
            "term": self._term,
            "terms": self._terms,
            "prefix": self._prefix,
            "wildcard": self._wildcard,
            "regexp": self._regexp,
            "exists": self._exists,
            "range": self._range,
            "match": self._match,
        }

    def clause(self, query: Any, where: str, depth: int) -> Clause:
        if not isinstance(query, dict):
            raise InvalidParameter(f"{where} must be an object with one clause, such as {{'term': …}}")
        self._effort.check()
        self._left -= 1
        if depth > DEEPEST or self._left < 0:
            raise InvalidParameter(
                f"{where}: a query has at most {MOST_CLAUSES:,} clauses, {DEEPEST} within each other"
            )
        if not query:
            return ALL
        if len(query) > 1:
            raise InvalidParameter(f"{where} has several clauses ({', '.join(query)}); put them into a bool")
        [(kind, body)] = query.items()
        if kind not in self._kinds:
            raise NotSupported(f"{where}: {kind} is not taken here; there are {' '.join(self._kinds)}")
        return self._kinds[kind](body, f"{where}.{kind}", depth)

    def _plain(self, body: Any, where: str, clause: Clause) -> Clause:
        _options(body, where, ())
        return clause

    def _bool(self, body: Any, where: str, depth: int) -> Clause:
        kinds = ("filter", "must", "must_not", "should")
        _options(body, where, (*kinds, "minimum_should_match", "adjust_pure_negative"))
        read = {kind: self._several(body.get(kind), f"{where}.{kind}", depth) for kind in kinds}
        parts: list[Clause] = [*read["filter"], *read["must"], *(Not(part) for part in read["must_not"])]
        if should := read["should"]:
            default = 0 if read["filter"] or read["must"] else 1
            least = _least(body.get("minimum_should_match"), len(should), default, where)
            if least > 0:
                parts.append(Some(tuple(should), least))
        return All(tuple(parts))

    def _several(self, given: Any, where: str, depth: int) -> list[Clause]:
        if given is None:
            return []
        if isinstance(given, dict):
            return [self.clause(given, where, depth + 1)]
        if not isinstance(given, list):
            raise InvalidParameter(f"{where} must be a list of clauses, or one of them")
        return [self.clause(one, f"{where}[{number}]", depth + 1) for number, one in enumerate(given)]

    def _named(self, body: Any, where: str, short: str, *options: str) -> tuple[Field, Any, Mapping[str, Any]]:
        """A clause about one field: the field, the value under ``short``, and the options beside it."""
        if not isinstance(body, dict) or len(body) != 1:
            raise InvalidParameter(f"{where} must be an object with one field and what it must be")
        [(name, given)] = body.items()
        options_given = given if isinstance(given, dict) else {short: given}
        _options(options_given, f"{where}.{name}", (short, *options))
        if options_given.get(short) is None:
            raise InvalidParameter(f"{where}.{name} has no {short}")
        return field_of(name, self._types), options_given[short], options_given

    def _term(self, body: Any, where: str, depth: int) -> Clause:
        known, value, options = self._named(body, where, "value", "case_insensitive")
        return _one_of("term", known, [value], where, folded=_flag(options, where))

    def _terms(self, body: Any, where: str, depth: int) -> Clause:
        given = {name: value for name, value in body.items() if name not in _IGNORED} if isinstance(body, dict) else {}
        if len(given) != 1:
            raise InvalidParameter(f"{where} must be an object with one field and the list of its values")
        [(name, values)] = given.items()
        if isinstance(values, dict):
            raise NotSupported(f"{where}.{name}: values are not looked up in other documents; send them as a list")
        if not isinstance(values, list) or len(values) > MOST_VALUES:
            raise InvalidParameter(f"{where}.{name} must be a list of up to {MOST_VALUES:,} values")
        return _one_of("terms", field_of(name, self._types), values, where, folded=False)

    def _prefix(self, body: Any, where: str, depth: int) -> Clause:
        known, value, options = self._named(body, where, "value", "case_insensitive", "rewrite")
        folded = _flag(options, where) or known.reading == "folded"
        wanted = _text(value, where)
        start = wanted.lower() if folded else wanted
        return Leaf("prefix", known, _any_text(lambda text: text.startswith(start), folded), (wanted,), folded)

    def _wildcard(self, body: Any, where: str, depth: int) -> Clause:
        if isinstance(body, dict):  # an older name of the same
            body = {
                name: {"value" if key == "wildcard" else key: one for key, one in given.items()}
                if isinstance(given, dict)
                else given
                for name, given in body.items()
            }
        known, value, options = self._named(body, where, "value", "case_insensitive", "rewrite")
        folded = _flag(options, where) or known.reading == "folded"
        pattern = wildcard(_text(value, where), folded, self._effort)
        return Leaf("wildcard", known, _any_text(pattern.matches))

    def _regexp(self, body: Any, where: str, depth: int) -> Clause:
        known, value, options = self._named(
            body, where, "value", "case_insensitive", "flags", "max_determinized_states", "rewrite"
        )
        if options.get("flags") not in (None, "", "ALL"):
            raise NotSupported(f"{where}: flags ({options['flags']!r}) are not taken here; leave them out")
        folded = _flag(options, where) or known.reading == "folded"
        pattern = regexp(_text(value, where), folded, self._effort)
        return Leaf("regexp", known, _any_text(pattern.matches))

    def _exists(self, body: Any, where: str, depth: int) -> Clause:
        _options(body, where, ("field",))
        return Leaf("exists", field_of(_text(body.get("field"), f"{where}.field"), self._types), bool)

    def _range(self, body: Any, where: str, depth: int) -> Clause:
        if not isinstance(body, dict) or len(body) != 1:
            raise InvalidParameter(f"{where} must be an object with one field and its bounds")
        [(name, given)] = body.items()
        _options(given, f"{where}.{name}", (*SIDES, "format", "relation", "time_zone"))
        if given.get("relation") not in (None, "INTERSECTS", "WITHIN", "CONTAINS"):
            raise InvalidParameter(f"{where}.{name}.relation must be INTERSECTS, WITHIN or CONTAINS")
        if given.get("time_zone") not in (None, "Z", "UTC", "+00:00"):
            raise NotSupported(f"{where}.{name}: only the time zone UTC is taken here; write the zone into the dates")
        formats = given.get("format") or ""
        if not isinstance(formats, str) or len(formats) > LONGEST_FORMAT:
            raise InvalidParameter(f"{where}.{name}.format must be a text of up to {LONGEST_FORMAT} characters")
        known = field_of(name, self._types)
        bounds = [
            _bound(side, given[side], known, formats, f"{where}.{name}.{side}")
            for side in SIDES
            if given.get(side) is not None
        ]
        return Leaf("range", known, lambda found: any(all(bound(term) for bound in bounds) for term in found))

    def _match(self, body: Any, where: str, depth: int) -> Clause:
        known, value, options = self._named(body, where, "query", *_MATCH_OPTIONS)
        if known.reading not in ("words", "mixed") or known.kind == "number" or not isinstance(value, str):
            return _one_of("term", known, [value], where, folded=False)
        operator = str(options.get("operator") or "or").lower()
        if operator not in ("or", "and"):
            raise InvalidParameter(f"{where}.operator must be and or or")
        wanted = frozenset(words(value))
        if not wanted:
            return ALL if options.get("zero_terms_query") == "all" else NONE
        default = len(wanted) if operator == "and" else 1
        least = max(1, _least(options.get("minimum_should_match"), len(wanted), default, where))
        by_word = known._replace(reading="words")
        return Leaf("match", by_word, lambda found: len(wanted.intersection(map(str, found))) >= least)


_MATCH_OPTIONS = (
    "operator",
    "minimum_should_match",
    "zero_terms_query",
    "lenient",
    "auto_generate_synonyms_phrase_query",
)
_IGNORED = frozenset({"boost", "_name"})
"""Options that change an order of relevance only, which there is none of."""


def _options(given: Any, where: str, known: Collection[str]) -> None:
    if not isinstance(given, dict):
        raise InvalidParameter(f"{where} must be an object")
    for name in given:
        if name not in known and name not in _IGNORED:
            there = f"there are {' '.join(known)}" if known else "it takes nothing"
            raise NotSupported(f"{where}: {name} is not taken here; {there}")


def _flag(options: Mapping[str, Any], where: str) -> bool:
    given = options.get("case_insensitive")
    if given not in (None, True, False):
        raise InvalidParameter(f"{where}: case_insensitive must be true or false")
    return bool(given)


def _text(value: Any, where: str) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise InvalidParameter(f"{where} must be a text")
    return str(value)


def _least(given: Any, count: int, default: int, where: str) -> int:
    """How many of ``count`` must be met: a number, or one below zero for how many need not be."""
    if given is None:
        return default
    number = number_of(given)
    if not isinstance(number, int):
        raise NotSupported(f"{where}: minimum_should_match ({given!r}) must be a whole number here")
    return number if number >= 0 else max(0, count + number)


def _one_of(kind: str, known: Field, values: Sequence[Any], where: str, *, folded: bool) -> Leaf:
    """One of the field's terms is one of the values."""
    for value in values:
        if not isinstance(value, (str, int, float)):
            raise InvalidParameter(f"{where}.{known.name}: {value!r} must be a text, a number, true or false")
    wanted = tuple(("true" if value else "false") if isinstance(value, bool) else str(value) for value in values)
    folded = folded or known.reading == "folded"
    texts = frozenset(one.lower() for one in wanted) if folded else frozenset(wanted)
    numbers = frozenset(number for value in values if (number := number_of(value)) is not None)

    def meets(term: Any) -> bool:
        if isinstance(term, str):
            return (term.lower() if folded else term) in texts
        if isinstance(term, bool):
            return ("true" if term else "false") in texts
        return isinstance(term, (int, float)) and term in numbers

    return Leaf(kind, known, lambda found: any(map(meets, found)), wanted, folded)


def _any_text(passes: Callable[[str], bool], folded: bool = False) -> Test:
    """One of the terms that are texts passes."""
    if folded:
        return lambda found: any(passes(term.lower()) for term in found if isinstance(term, str))
    return lambda found: any(passes(term) for term in found if isinstance(term, str))


def _bound(side: str, value: Any, known: Field, formats: str, where: str) -> Callable[[Any], bool]:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise InvalidParameter(f"{where} must be a number, a date or a text")
    compare = SIDES[side]
    period: Period | None = None
    if known.kind == "number" or formats or not isinstance(value, str):
        period = period_of(value, formats, where)
    text = str(value).lower() if known.reading == "folded" else str(value)

    def meets(term: Any) -> bool:
        if isinstance(term, str):
            return compare(term, text, text)
        if isinstance(term, (int, float)) and not isinstance(term, bool) and period is not None:
            return compare(term, period.first, period.last)
        return False

    return meets
