"""A person's names for custom fields replace the provider's, both ways and without a loss."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.actions.mapping import (
    FieldNames,
    NamedTwice,
    names_in,
    nearest,
    unknown_field,
)
from freshbridge.instances.config import config_errors
from tests import builders

NAMES = FieldNames({"cf_category": "category", "cf_priority_level": "priority_level"})


def test_sent_fields_have_the_providers_names_and_either_name_will_do() -> None:
    assert NAMES.sent({"category": "Technical", "cf_priority_level": 2, "cf_other": None}) == {
        "cf_category": "Technical",
        "cf_priority_level": 2,
        "cf_other": None,
    }


def test_one_field_under_both_names_is_refused() -> None:
    with pytest.raises(NamedTwice, match="cf_category and category are one field"):
        NAMES.sent({"cf_category": 1, "category": 2})


def test_a_field_that_really_has_the_persons_name_keeps_it() -> None:
    assert NAMES.sent_name("category", {"category", "department"}) == "category"
    assert NAMES.sent_name("category", {"cf_category", "category"}) == "cf_category"
    assert NAMES.sent_name("category", {"department"}) == "cf_category"


def test_custom_fields_are_renamed_wherever_they_are_in_a_result() -> None:
    data: dict[str, Any] = {
        "ticket": {
            "id": 7,
            "custom_fields": {"cf_category": "A", "cf_free": [1]},
            "cf_category": 1,
        },
        "tickets": [{"custom_fields": {"cf_category": None}}, {"custom_fields": None}, 5, None],
    }

    assert NAMES.shown_data(data) == {
        "ticket": {"id": 7, "custom_fields": {"category": "A", "cf_free": [1]}, "cf_category": 1},
        "tickets": [{"custom_fields": {"category": None}}, {"custom_fields": None}, 5, None],
    }
    assert data["ticket"]["custom_fields"] == {"cf_category": "A", "cf_free": [1]}


def test_no_value_is_lost_to_a_name_that_is_taken() -> None:
    fields = {"cf_category": "mapped", "category": "the account's own"}
    assert NAMES.shown_fields(fields) == fields


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("custom_fields.cf_category", "custom_fields.category"),
        ("properties.custom_fields.cf_category", "properties.custom_fields.category"),
        ("cf_category", "category"),
        ("custom_fields.cf_other", "custom_fields.cf_other"),
        ("custom_fields", "custom_fields"),
        ("tags.cf_category", "tags.cf_category"),
        ("", ""),
    ],
)
def test_errors_name_a_field_as_its_person_does(path: str, shown: str) -> None:
    assert NAMES.shown_path(path) == shown


@pytest.mark.parametrize(
    ("query", "sent"),
    [
        ("category:'x'", "cf_category:'x'"),
        ("(category : 'x') AND priority_level:>3", "(cf_category : 'x') AND cf_priority_level:>3"),
        ("tag:'category:1' AND category:null", "tag:'category:1' AND cf_category:null"),
        ("subcategory:'x' OR category_2:'y'", "subcategory:'x' OR category_2:'y'"),
        ("cf_category:'category'", "cf_category:'category'"),
        ("", ""),
    ],
)
def test_a_query_has_the_providers_names_and_its_values_stay(query: str, sent: str) -> None:
    assert NAMES.sent_query(query) == sent


def test_an_event_has_the_persons_names_only() -> None:
    event = builders.event(
        ticket={"id": 1, "custom_fields": {"cf_category": "A"}},
        contact={"custom_fields": {"cf_category": "B"}},
        changes={"cf_category": {"from": "A", "to": "B"}, "status": {"from": 2, "to": 3}},
    )

    shown = NAMES.shown_event(event)

    assert shown.ticket["custom_fields"] == {"category": "A"}
    assert shown.contact["custom_fields"] == {"category": "B"}
    assert shown.changes == {
        "category": {"from": "A", "to": "B"},
        "status": {"from": 2, "to": 3},
    }
    assert FieldNames({}).shown_event(event) is event


def test_the_names_that_an_account_has() -> None:
    definitions: list[dict[str, Any]] = [
        {"name": "subject", "default": True},
        {"name": "cf_category", "default": False},
        {"name": "department"},
        {
            "name": "cf_country",
            "default": False,
            "nested_ticket_fields": [{"name": "cf_state"}, {"name": "cf_city"}],
        },
        {"name": "cf_a", "default": False, "dependent_fields": [{"name": "cf_b"}]},
        {"default": False},
    ]
    assert names_in(definitions) == {
        "cf_category",
        "department",
        "cf_country",
        "cf_state",
        "cf_city",
        "cf_a",
        "cf_b",
    }


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("catgory", "category"),
        ("Category", "category"),
        ("cf_regoin", "cf_region"),
        ("region", "cf_region"),
        ("Priority Level", "priority_level"),
        ("customer-type", "cf_customer_type"),
        ("zzz", None),
        ("", None),
    ],
)
def test_the_nearest_name_is_meant(name: str, meant: str | None) -> None:
    known = {"category", "cf_region", "priority_level", "cf_customer_type"}
    assert nearest(name, known) == meant


def test_without_a_near_one_the_error_lists_what_there_is() -> None:
    assert unknown_field("custom_fields.x", "x", "ticket", {"cf_b", "cf_a"}).message == (
        "the account has no such ticket field; it has cf_a, cf_b"
    )
    assert "no custom fields" in unknown_field("custom_fields.x", "x", "contact", ()).message
    many = unknown_field("custom_fields.x", "x", "ticket", {f"cf_{n}" for n in range(100, 900)})
    assert len(many.message) < 300


FIELD_NAME = st.from_regex(re.compile(r"cf_[a-z]{1,6}"), fullmatch=True)
OWN_NAME = st.text(min_size=1, max_size=8).filter(
    lambda name: name == name.strip() and name.isprintable() and not name.startswith("cf_")
)
MAPPINGS = st.dictionaries(FIELD_NAME, OWN_NAME, max_size=5).filter(
    lambda mapping: len(set(mapping.values())) == len(mapping)
)


@given(MAPPINGS, st.dictionaries(FIELD_NAME, st.text() | st.integers() | st.none(), max_size=6))
def test_out_and_in_again_is_the_same(mapping: dict[str, str], fields: dict[str, Any]) -> None:
    assert config_errors({"custom_field_mapping": mapping}) == []
    names = FieldNames(mapping)

    shown = names.shown_fields(fields)

    assert names.sent(shown) == fields
    assert list(shown.values()) == list(fields.values())
    assert not set(shown) & set(mapping)
