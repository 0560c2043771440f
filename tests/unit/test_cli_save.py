"""Which assets a file holds, and in which parts they are sent."""

from __future__ import annotations

import msgspec
import pytest

from tidings.cli.save import batches, read_assets
from tidings.model.errors import MalformedBody


def names(assets: list[msgspec.Raw]) -> list[str]:
    return [msgspec.json.decode(one)["n"] for one in assets]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'{"entities": [{"n": "a"}, {"n": "b"}]}', ["a", "b"]),
        (b' [{"n": "a"}, {"n": "b"}]', ["a", "b"]),
        (b'{"n": "a"}\n\n{"n": "b"}\r\n', ["a", "b"]),
        ('{"n": "a\u2028"}\n{"n": "b"}'.encode(), ["a\u2028", "b"]),
        (b'{"entity": {"n": "a"}}', ["a"]),
        (b'{\n  "n": "a"\n}\n', ["a"]),
        (b'{"entities": []}', []),
        (b"[]", []),
    ],
)
def test_every_form_of_a_file(content: bytes, expected: list[str]) -> None:
    assert names(read_assets(content)) == expected


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "holds no assets"),
        (b'"text"', "holds no assets"),
        (b"[{]", "not valid JSON"),
        (b'{"entities": 5}', "not valid JSON"),
        (b'{"entities": ' + b"[" * 100_000, "nested too deeply"),
        (b'{"n": "a"}\n{"n": \n{"n": "c"}', "line 2 of the file"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(content: bytes, told: str) -> None:
    with pytest.raises(MalformedBody, match=told):
        read_assets(content)


def test_parts_keep_to_both_limits() -> None:
    assets = [msgspec.Raw(b"x" * size) for size in (1, 1, 1, 9, 20, 1)]
    parts = [[len(memoryview(one)) for one in part] for part in batches(assets, 3, 10)]
    assert parts == [[1, 1, 1], [9], [20], [1]]
    assert list(batches([], 3)) == []
