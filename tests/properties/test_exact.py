"""What a save takes over without a look at each value is what each value would become by itself."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.catalog import TYPES
from tidings.model.errors import InvalidValue
from tidings.model.events import encode
from tidings.model.registry import Attribute
from tidings.write.check import check
from tidings.write.commands import EntityInput, Save

TABLE = TYPES.type("Table")
BY_TYPE = {one.value_type.name: one for one in TABLE.attributes.values() if one.name not in TABLE.stamped}
ATTRIBUTES = [one for one in BY_TYPE.values() if one.name not in ("name", "qualifiedName")]
"""One attribute of each type that tables have."""
TEXTS = st.sampled_from(["", "text", "VERIFIED", "DRAFT"])
PLAIN = st.none() | st.booleans() | st.integers(-(2**65), 2**65) | st.sampled_from([0, 1, 0.0, 2.5, 3.0]) | TEXTS
LISTS = st.lists(PLAIN, max_size=3) | st.lists(TEXTS, max_size=3)
VALUES = PLAIN | LISTS | LISTS.map(tuple) | st.dictionaries(TEXTS, PLAIN, max_size=2)


def canonical(attribute: Attribute, value: Any) -> Any:
    """None for «unset»; raises ValueError where the value is not one of the attribute's."""
    if value is None:
        return None
    found = attribute.value_type.normalise(value)
    return None if found == attribute.unset or found in ([], {}) else found


@settings(max_examples=300, deadline=None)
@example([(BY_TYPE["array<string>"], ("ann", "bob", "ann"))])
@example([(BY_TYPE["array<string>"], ())])
@given(st.lists(st.tuples(st.sampled_from(ATTRIBUTES), VALUES), max_size=4))
def test_many_values_at_once_are_as_each_by_itself(pairs: list[tuple[Attribute, Any]]) -> None:
    given_ones = {attribute.name: value for attribute, value in pairs}
    wanted, wrong = {}, []
    for key, value in given_ones.items():
        try:
            wanted[key] = canonical(TABLE.attributes[key], value)
        except ValueError:
            wrong.append(key)
    save = Save([EntityInput("Table", attributes={"name": "n", "qualifiedName": "q", **given_ones})])
    for _ in range(2):  # the first time that keys are sent, and when they come again
        if wrong:
            with pytest.raises(InvalidValue) as caught:
                check(save, TYPES)
            places = sorted(one.location for one in caught.value.problems)
            assert places == sorted(f"entities[0].attributes.{key}" for key in wrong)
            continue
        [draft] = check(save, TYPES)
        assert repr({key: draft.attributes[key] for key in wanted}) == repr(wanted)
        assert draft.settled is not None
        assert draft.settled.attributes == {key: value for key, value in draft.attributes.items() if value is not None}
        assert draft.settled.encoded == encode(draft.settled.attributes)
