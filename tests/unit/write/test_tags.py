"""What becomes of an asset's own tags."""

from __future__ import annotations

from typing import Any

import pytest

from tests.labels import BADGE, LABELLED, PII, SECRET, tag
from tests.unit.write.steps import asset, wish
from tidings.model.asset import ARCHIVED
from tidings.model.errors import InvalidTag, InvalidValue, TidingsError
from tidings.model.events import decode
from tidings.model.tag import Attachment
from tidings.write.check import check
from tidings.write.commands import EntityInput, Save, Tagging
from tidings.write.tags import TagDelta, tag_delta

TABLE = asset(1)
HAS = Attachment(7, 1, "guid-1", PII, True, True, False, False, False, b'{"attributes":{"level":1}}')
THROUGH = Attachment(8, 2, "guid-2", SECRET, True, True, False, False, False, b"{}")


def delta(how: Tagging, *held: Attachment, new: bool = False, **given: Any) -> TagDelta:
    one = EntityInput("Table", attributes={"qualifiedName": "q1"}, **given)
    [draft] = check(Save([one], tagging=how), LABELLED)
    wanted = wish(TABLE, new=new)
    wanted.draft.tags = draft.tags
    return tag_delta(wanted, held, LABELLED)


def refusal(how: Tagging, *held: Attachment, **given: Any) -> str:
    with pytest.raises(TidingsError) as caught:
        delta(how, *held, **given)
    assert isinstance(caught.value, (InvalidTag, InvalidValue))
    return str(caught.value)


@pytest.mark.parametrize("how", ["append", "replace", "add"])
def test_a_tag_goes_on_with_the_flags_of_the_protocol(how: Tagging) -> None:
    [one] = delta(how, classifications=[tag()]).attached

    assert (one.source, one.guid, one.tag, one.encoded) == (1, "guid-1", PII, b"{}")
    assert (one.propagate, one.remove_on_delete, one.restrict_lineage, one.restrict_hierarchy) == (
        True,
        True,
        False,
        False,
    )


def test_people_may_call_a_tag_by_its_name() -> None:
    [one] = delta("append", classifications=[{"typeName": "PII", "propagate": False}]).attached
    assert (one.tag, one.propagate) == (PII, False)


def test_a_save_that_does_not_say_how_leaves_the_tags_of_what_is_there() -> None:
    assert not delta("keep", HAS, classifications=[tag(SECRET)])


def test_a_new_asset_takes_its_tags_in_any_case() -> None:
    assert [one.tag for one in delta("keep", new=True, classifications=[tag()]).attached] == [PII]


def test_what_is_sent_back_as_it_was_read_is_no_change() -> None:
    own = {"typeName": PII, "entityGuid": "guid-1", "propagate": True, "attributes": {"level": 1}}
    copy = {"typeName": SECRET, "entityGuid": "guid-2", "propagate": True}
    assert not delta("replace", HAS, THROUGH, classifications=[own, copy])


def test_replacing_takes_off_what_is_not_sent() -> None:
    found = delta("replace", HAS, classifications=[tag(SECRET)])
    assert ([one.tag for one in found.detached], [one.tag for one in found.attached]) == ([PII], [SECRET])
    assert delta("replace", HAS, classifications=[]).detached == [HAS]


def test_values_that_are_not_sent_stay_and_null_clears() -> None:
    [(_, merged)] = delta("append", HAS, classifications=[tag(PII, attributes={"why": "law"})]).changed
    assert merged.encoded == b'{"attributes":{"level":1,"why":"law"}}'
    [(_, cleared)] = delta("append", HAS, classifications=[tag(PII, attributes={"level": None})]).changed
    assert cleared.encoded == b"{}"


def test_the_same_flags_and_values_are_no_change() -> None:
    assert not delta("update", HAS, classifications=[tag(PII, attributes={"level": 1.0}, propagate=True)])


def test_a_tag_is_taken_off() -> None:
    assert delta("keep", HAS, remove_classifications=[tag()]).detached == [HAS]


def test_a_copy_whose_source_is_archived_can_be_taken_off() -> None:
    kept = Attachment(8, 2, "guid-2", SECRET, True, False, False, False, False, b"{}", ARCHIVED)
    assert delta("keep", kept, remove_classifications=[tag(SECRET)]).released == [kept]


@pytest.mark.parametrize(
    ("how", "given", "words"),
    [
        ("add", {"classifications": [tag()]}, "already associated with the tag PII"),
        ("update", {"classifications": [tag(SECRET)]}, "has no tag Secret of its own"),
        ("keep", {"remove_classifications": [tag(BADGE)]}, "does not have the tag For columns"),
        ("keep", {"remove_classifications": [tag(SECRET)]}, "from guid-2; take it off there"),
        ("append", {"classifications": [tag(BADGE)]}, "the tag For columns may be put on Column only"),
        ("append", {"classifications": [tag("Pii")]}, "did you mean PII?"),
        ("append", {"classifications": [{}]}, "give an object with typeName"),
        ("append", {"classifications": [tag(PII, propagate="yes")]}, "must be true or false"),
        ("append", {"classifications": [tag(PII, attributes={"level": "x"})]}, "level of the tag PII cannot be 'x'"),
        ("append", {"classifications": [tag(PII, attributes={"depth": 1})]}, "has no value depth (level, why)"),
        ("append", {"classifications": [tag(PII, attributes=[])]}, "must be an object"),
        ("append", {"classifications": [tag(PII, validityPeriods=[{"startTime": "now"}])]}, "yyyy/MM/dd HH:mm:ss"),
        (
            "append",
            {"classifications": [tag(SECRET, restrictPropagationThroughLineage=True, restrictPropagationThroughHierarchy=True)]},
            "set propagate to false",
        ),
        ("append", {"classifications": [tag(PII, restrictPropagationThroughHierarchy=True)]}, "set propagate to false"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(how: Tagging, given: dict[str, Any], words: str) -> None:
    has = Attachment(7, 1, "guid-1", PII, True, True, True, False, False, b"{}")
    assert words in refusal(how, has, THROUGH, **given)


@pytest.mark.parametrize("type_name", ["AtlasGlossary", "AtlasGlossaryCategory", "DataDomain"])
def test_some_types_bear_no_tags(type_name: str) -> None:
    """Also where the request names them by guid only, and so does not say what they are."""
    [draft] = check(Save([EntityInput("Referenceable", "-1", classifications=[tag()])], tagging="add"), LABELLED)
    wanted = wish(asset(1, type_name))
    wanted.draft.tags = draft.tags
    with pytest.raises(InvalidTag, match=f"is a {type_name}, which bears no tags"):
        tag_delta(wanted, [], LABELLED)


def test_validity_periods_are_shown_as_strings_whatever_form_they_came_in() -> None:
    """Some clients of the protocol send objects, and some can read nothing but strings."""
    text = '{"startTime":"2026/01/01 00:00:00","endTime":"2027/01/01 00:00:00","timeZone":"UTC"}'
    for period in (text, decode(text.encode()), decode(text.encode()) | {"other": 1}):
        [one] = delta("append", classifications=[tag(PII, validityPeriods=[period])]).attached
        assert decode(one.encoded) == {"validityPeriods": [text]}


@pytest.mark.parametrize("period", ["soon", "[]", {}, {"startTime": 1}, {"startTime": "2027/01/01"}])
def test_what_is_no_period_is_refused(period: Any) -> None:
    assert "give a list of objects with startTime" in refusal(
        "append", classifications=[tag(PII, validityPeriods=[period])]
    )


def test_a_copy_that_comes_late_is_not_the_assets_own() -> None:
    """Read when the tag came from elsewhere, saved when it no longer did."""
    late = {"typeName": SECRET, "entityGuid": "guid-2"}
    assert not delta("replace", classifications=[late])
    assert not delta("append", classifications=[late])
    assert [one.tag for one in delta("add", classifications=[late]).attached] == [SECRET]


def test_where_a_request_says_both_the_tag_is_kept() -> None:
    assert not delta("append", HAS, classifications=[tag()], remove_classifications=[tag()])


def test_a_list_of_tags_has_a_bound() -> None:
    assert "send at most 1,000" in refusal("append", classifications=[tag()] * 1_001)
