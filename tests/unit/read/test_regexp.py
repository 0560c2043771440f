"""Patterns of searches: Lucene's regular expressions and wildcards, over whole texts."""

from __future__ import annotations

from random import Random

import pytest

from tidings.model.errors import NotSupported
from tidings.read.regexp import regexp, wildcard


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


def test_no_pattern_takes_long() -> None:
    assert not regexp("(a*)*(a*)*b", folded=False).matches("a" * 10_000)
    assert not wildcard("*a" * 100 + "b", folded=False).matches("a" * 1_000)
    with pytest.raises(NotSupported, match="too many ways"):
        regexp(".*a.{40}", folded=False).matches("".join(Random(1).choices("ab", k=100_000)))


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
