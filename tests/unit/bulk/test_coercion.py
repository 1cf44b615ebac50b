"""Texts of a spreadsheet become what an action takes, and nothing else is touched."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, StrictBool, StrictFloat, StrictInt

from freshbridge.actions.catalogue import CATALOGUE, validate
from freshbridge.bulk.coercion import fitted, typed_custom_fields


class Inner(BaseModel):
    number: StrictInt


class Model(BaseModel):
    number: StrictInt | None = None
    share: StrictFloat | None = None
    yes: StrictBool | None = None
    words: list[str] | None = None
    numbers: list[StrictInt] | None = None
    either: StrictInt | StrictBool | None = None
    inner: Inner | None = None
    items: list[Inner] | None = None
    text: str | None = None
    pairs: dict[str, StrictInt] | None = None


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("number", " 12 ", 12),
        ("number", "9007199254740993", 9007199254740993),
        ("number", "twelve", "twelve"),
        ("number", "1.5", "1.5"),
        ("share", "0.25", 0.25),
        ("share", "inf", "inf"),
        ("share", "x", "x"),
        ("yes", "Yes", True),
        ("yes", "0", False),
        ("yes", "maybe", "maybe"),
        ("words", "a; b ;;c", ["a", "b", "c"]),
        ("words", '["a;b"]', ["a;b"]),
        ("words", "[broken", "[broken"),
        ("numbers", "1;2", [1, 2]),
        ("numbers", "1;x", [1, "x"]),
        ("either", "7", 7),
        ("inner", '{"number": 1}', {"number": 1}),
        ("items", '[{"number": "4"}]', [{"number": 4}]),
        ("pairs", '{"a": 1}', {"a": 1}),
        ("text", "0012", "0012"),
        ("text", "true", "true"),
    ],
)
def test_a_text_becomes_what_the_model_wants(name: str, text: str, wanted: Any) -> None:
    given_values = {name: text}

    assert fitted(Model, given_values) == {name: wanted}
    assert given_values == {name: text}


def test_a_nested_text_is_found() -> None:
    assert fitted(Model, {"inner": {"number": "3"}}) == {"inner": {"number": 3}}


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.lists(st.text())))
def test_nothing_is_raised_and_no_name_is_lost(values: dict[str, Any]) -> None:
    assert fitted(Model, values).keys() == values.keys()


@pytest.mark.parametrize(
    ("action", "row"),
    [
        ("update_ticket", {"ticket_id": "7", "priority": "3", "status": "4", "tags": "a;b"}),
        ("update_ticket", {"ticket_id": "7", "priority": "high", "responder_id": "88000000001"}),
        ("add_note", {"ticket_id": "7", "body": "Seen", "private": "no"}),
        ("delete_ticket", {"ticket_id": "7"}),
        ("create_ticket", {"subject": "x", "email": "a@client.example", "description": "<p>"}),
    ],
)
def test_the_catalogue_takes_rows_of_a_spreadsheet(action: str, row: dict[str, str]) -> None:
    found = CATALOGUE.find("freshdesk", action)

    validate(found, fitted(found.parameters, row))


def test_custom_fields_are_what_the_account_says_they_are() -> None:
    kinds = {
        "cf_number": "custom_number",
        "cf_share": "custom_decimal",
        "cf_vip": "custom_checkbox",
        "cf_text": "custom_text",
    }
    texts = {"cf_number": "42", "cf_share": "0.5", "cf_vip": "yes", "cf_text": "0042", "cf_x": "7"}

    typed = typed_custom_fields({"custom_fields": texts, "ticket_id": "1"}, kinds)

    assert typed == {
        "custom_fields": {
            "cf_number": 42, "cf_share": 0.5, "cf_vip": True, "cf_text": "0042", "cf_x": "7",
        },
        "ticket_id": "1",
    }  # fmt: skip
    assert typed_custom_fields({"custom_fields": "x"}, kinds) == {"custom_fields": "x"}
    kept = {"custom_fields": {"cf_number": "many", "cf_vip": 1}}
    assert typed_custom_fields(kept, kinds) == kept
