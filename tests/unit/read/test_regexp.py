"""Patterns of searches: Lucene's regular expressions and wildcards, over whole texts."""

from __future__ import annotations

import contextlib
from random import Random

import pytest

from tidings.model.errors import NotSupported
from tidings.read.effort import Effort
from tidings.read.regexp import LONGEST, MOST_STEPS, Pattern, regexp, wildcard


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("abc", ["abc"], ["ab", "abcd", "xabc", ""]),
        ("a.c", ["abc", "a.c", "a\nc"], ["ac"]),
        ("ab*", ["a", "abbb"], ["b", "aab"]),
        ("ab+", ["ab", "abb"], ["a"]),
        ("ab?", ["a", "ab"], ["abb"]),
        ("a{2,3}", ["aa", "aaa"], ["a", "aaaa"]),
        ("a{2}", ["aa"], ["a", "aaa"]),
        ("a{2,}", ["aa", "aaaaa"], ["a"]),
        ("a{0}b", ["b"], ["ab"]),
        ("ab|cd", ["ab", "cd"], ["abcd", "ad"]),
        ("(ab|c)+d", ["abd", "cabd"], ["d"]),
        ("()a", ["a"], [""]),
        ("", [""], ["a"]),
        ("[a-c1]", ["a", "c", "1"], ["d", "-"]),
        ("[^a-c]", ["d", "^"], ["a", ""]),
        ("[a-]", ["a", "-"], ["b"]),
        (r"[\]\d]+", ["]", "12]"], ["a"]),
        (r"\d+\.\w*", ["12.a_Z", "1."], ["12a", "."]),
        (r"\S\s\D", ["a b"], ["a 1", "  b"]),
        ("^a$", ["^a$"], ["a"]),
        ('a".*"b', ["a.*b"], ["axb"]),
        ("@x@", ["x", "axb"], ["a", ""]),
        ("#|a", ["a"], ["", "#"]),
        ("~(ab)c?", ["", "a", "abc", "xc"], ["ab"]),
        ("~~a", ["a"], ["", "b"]),
        (".*a.*&.*b.*", ["ab", "xbxa"], ["a", "b"]),
        ("(a+)+", ["a" * 50], ["a" * 50 + "b"]),
        ("a*?", ["", "aaa"], ["b"]),
        ("a+?", ["", "aaa"], ["b"]),
    ],
)
def test_a_regexp_is_met_by_whole_texts(pattern: str, yes: list[str], no: list[str]) -> None:
    found = regexp(pattern, folded=False)
    assert [text for text in [*yes, *no] if found.matches(text)] == yes


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("<1-9>", "range of numbers"),
        ("(a", "not closed"),
        ("a)", "closing bracket"),
        ("[ab", "its end"),
        ('"ab', "quotation"),
        ("*a", "nothing before it"),
        ("a{x}", "not a number"),
        ("a{3,2}", "a repeat that is not"),
        ("a{2000}", "up to 1,000"),
        ("[b-a]", "ends before it begins"),
        (r"[\D]", "within brackets"),
        ("a\\", "its end"),
        ("(" * 60 + ")" * 60, "too many brackets"),
        ("a" * 1001, "longer than"),
        ("(a{1000}){1000}", "too many ways"),
    ],
)
def test_what_a_regexp_cannot_be_is_said(pattern: str, said: str) -> None:
    with pytest.raises(NotSupported, match=said):
        regexp(pattern, folded=False)


CHANCE = "".join(Random(1).choices("ab", k=5_000))
COSTLY = [
    regexp("(a*)*(a*)*b", folded=False),
    regexp("(a|ab|b){1000}", folded=False),
    regexp("(a?b?){200}", folded=False),
    regexp("(a?){300}", folded=False),
    regexp("(a?){0,500}", folded=False),
    regexp("(a+?)" * 100, folded=False),
    regexp(".*a.{40}", folded=False),
    wildcard("*a" * 100 + "b", folded=False),
    wildcard("*a*" * 330, folded=False),
    wildcard("*a" * 400, folded=False),
]


@pytest.mark.parametrize("pattern", COSTLY)
@pytest.mark.parametrize("text", ["a" * 5_000, "ab" * 2_500, CHANCE], ids=["same", "turns", "chance"])
def test_no_pattern_takes_long(pattern: Pattern, text: str) -> None:
    with contextlib.suppress(NotSupported):
        pattern.matches(text)
    assert pattern.steps <= MOST_STEPS + 2 * LONGEST


@pytest.mark.parametrize("pattern", ["(a?b?){200}", "(a?){300}", "(a|ab|b){1000}", "a" + "+?" * 490, "*a" * 400])
def test_a_pattern_that_would_take_long_is_refused(pattern: str) -> None:
    made = wildcard if pattern.startswith("*") else regexp
    with pytest.raises(NotSupported, match="too many ways to match; send a shorter one"):
        made(pattern, folded=False).matches("ab" * 1_000)


def test_characters_that_a_pattern_does_not_tell_apart_cost_nothing_more() -> None:
    pattern = wildcard("*order*", folded=True)
    pattern.matches("some orders")
    before = pattern.steps
    assert pattern.matches("".join(map(chr, range(0x4E00, 0x9FFF))) + "ORDER")
    assert pattern.steps < before + 400


def test_all_patterns_of_a_search_share_one_bound() -> None:
    effort = Effort()

    def read() -> None:
        for _ in range(1_000):
            regexp("[a-z]{1,1000}", folded=False, effort=effort)

    with pytest.raises(NotSupported, match="together"):
        read()


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("a*c", ["ac", "abbc"], ["acd"]),
        ("a?c", ["abc"], ["ac", "abbc"]),
        (r"a\*\?", ["a*?"], ["abc"]),
        ("[a]", ["[a]"], ["a"]),
        ("a\\", ["a\\"], ["a"]),
        ("**", ["", "abc"], []),
    ],
)
def test_a_wildcard(pattern: str, yes: list[str], no: list[str]) -> None:
    found = wildcard(pattern, folded=False)
    assert [text for text in [*yes, *no] if found.matches(text)] == yes


def test_folded_patterns_take_either_case() -> None:
    assert regexp("Ab[C-D]", folded=True).matches("aBc")
    assert not regexp("[^a]", folded=True).matches("A")
    assert wildcard("Ord*", folded=True).matches("oRDERS")
