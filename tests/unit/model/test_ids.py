"""Guids that ascend, guids that spell out a link, tokens."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.model.ids import is_guid, link_guid, link_key, new_guid, new_guids, new_token


def test_guids_ascend_and_never_repeat() -> None:
    guids = [*new_guids(5_000), new_guid(), *new_guids(3)]

    assert guids == sorted(set(guids))
    assert all(is_guid(guid) and guid[14] == "7" and guid[19] in "89ab" for guid in guids)


def test_threads_do_not_share_guids() -> None:
    with ThreadPoolExecutor(4) as pool:
        made = [guid for guids in pool.map(new_guids, [500] * 20) for guid in guids]

    assert len(set(made)) == len(made)


@pytest.mark.parametrize(
    "text", ["", "-1", None, 5, "01a1fbb8-64a4-7001-8793-455a98960", "01a1fbb864a470018793455a989609d3", "x" * 36]
)
def test_what_is_no_guid(text: object) -> None:
    assert not is_guid(text)


@given(st.integers(0, 2**16 - 1), st.integers(0, 2**48 - 1), st.integers(0, 2**48 - 1))
def test_a_links_guid_spells_its_key(relationship: int, end1: int, end2: int) -> None:
    guid = link_guid(relationship, end1, end2)

    assert is_guid(guid)
    assert link_key(guid) == (relationship, end1, end2)


def test_other_guids_are_no_links() -> None:
    with pytest.raises(ValueError, match="not the guid of a link"):
        link_key(new_guid())


def test_tokens_differ_and_name_their_program() -> None:
    one, other = new_token(), new_token()

    assert one != other
    assert one.startswith("tidings_")
    assert len(one) > 48
