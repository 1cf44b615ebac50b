"""What differs of a record is told, compactly kept and without its free texts."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from freshbridge.events.record_change import changes, kept
from tests import builders

SCALAR = st.none() | st.booleans() | st.integers(-5, 5) | st.text("ab", max_size=3)
FIELDS = st.fixed_dictionaries(
    {"id": st.just(1), "updated_at": st.text("ab", max_size=2)},
    optional={
        "status": st.integers(2, 9),
        "group_id": st.none() | st.integers(1, 3),
        "subject": st.text("ab", max_size=3),
        "type": st.none() | st.sampled_from(["Incident", "Problem"]),
        "tags": st.lists(st.sampled_from(["x", "y"]), max_size=3),
        "cc_emails": st.lists(st.text("ab", max_size=2), max_size=2),
        "spam": st.booleans(),
        "custom_fields": st.dictionaries(st.sampled_from(["cf_a", "cf_b", "cf_c"]), SCALAR),
    },
)


def applied(record: dict[str, Any], told: dict[str, Any], custom: set[str]) -> dict[str, Any]:
    """The record that the changes lead to, `custom` being the names of custom fields."""
    after = {**record, "custom_fields": dict(record.get("custom_fields", {}))}
    for name, change in told.items():
        (after["custom_fields"] if name in custom else after)[name] = change["to"]
    return after


def is_something(value: Any) -> bool:
    return value is not None and value is not False and value not in ("", [])


@given(before=FIELDS, after=FIELDS)
def test_the_changes_lead_from_one_record_to_the_other(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    custom = after.get("custom_fields", {})

    told = changes(kept(before), after)
    led_to = applied(before, told, set(custom))

    # What the record does not have this time says nothing, nor does a new field with nothing in it.
    for own, had, name in [
        *((led_to, before, name) for name in after if name not in ("updated_at", "custom_fields")),
        *((led_to["custom_fields"], before.get("custom_fields", {}), name) for name in custom),
    ]:
        value = custom[name] if own is led_to["custom_fields"] else after[name]
        if name == "tags":
            assert sorted(own.get(name, [])) == sorted(value)
        elif name in had or is_something(value):
            assert own[name] == value
    for change in told.values():
        assert "from" not in change or change["from"] != change["to"]


@given(record=FIELDS)
def test_nothing_differs_from_itself_however_it_was_stored(record: dict[str, Any]) -> None:
    stored = json.loads(json.dumps(kept(record)))

    assert changes(stored, record) == {}
    shuffled = dict(reversed(record.items()))
    assert changes(stored, shuffled) == {}


def test_numbers_and_choices_are_told_with_what_they_were_and_texts_with_what_they_became() -> None:
    before = {"id": 1, "status": 2, "type": "Incident", "subject": "old", "tags": ["b", "a"],
              "custom_fields": {"cf_floor": 12, "cf_note": "old"}}  # fmt: skip
    after = {"id": 1, "status": 4, "type": None, "subject": "new", "tags": ["a", "c"],
             "updated_at": "later", "custom_fields": {"cf_floor": 13, "cf_note": "new",
                                                      "cf_empty": None}}  # fmt: skip

    assert changes(kept(before), after) == {
        "status": {"from": 2, "to": 4},
        "type": {"from": "Incident", "to": None},
        "subject": {"to": "new"},
        "tags": {"from": ["a", "b"], "to": ["a", "c"]},
        "cf_floor": {"from": 12, "to": 13},
        "cf_note": {"to": "new"},
    }


def test_the_order_of_tags_is_no_change() -> None:
    assert changes(kept({"tags": ["b", "a"]}), {"tags": ["a", "b"]}) == {}


def test_a_field_that_the_account_has_had_since_is_news_where_something_is_in_it() -> None:
    after = {"custom_fields": {"cf_new": "x", "cf_none": None, "cf_off": False}, "spam": True}

    assert changes(kept({}), after) == {
        "cf_new": {"from": None, "to": "x"},
        "spam": {"from": None, "to": True},
    }


def test_no_free_text_is_kept() -> None:
    record = {
        "id": 1,
        "subject": builders.SUBJECT,
        "description": builders.DESCRIPTION,
        "cc_emails": [builders.EMAIL],
        "type": "x" * 101,
        "custom_fields": {"cf_note": builders.DESCRIPTION},
        "name": "Asha Example",
        "half": "\ud83d",
    }

    text = json.dumps(kept(record))

    for word in (*builders.PRIVATE_WORDS, "Asha", "x" * 101):
        assert word not in text
    assert kept(record)["subject"] != kept(record | {"subject": "another"})["subject"]


def test_freshsales_keeps_custom_fields_under_another_name() -> None:
    before = kept({"id": 1, "custom_field": {"cf_tier": 1}, "deal_stage_id": 5})

    assert changes(before, {"id": 1, "custom_field": {"cf_tier": 2}, "deal_stage_id": 6}) == {
        "cf_tier": {"from": 1, "to": 2},
        "deal_stage_id": {"from": 5, "to": 6},
    }
