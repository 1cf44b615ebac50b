"""Values of both products in one plain form, and back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from freshbridge.customers.field_reading import COMPANY, USUAL_FIELDS
from freshbridge.customers.fields import CONVERSIONS, body, outgoing, plain
from freshbridge.customers.link import FieldRule, Kind, Side
from freshbridge.customers.reading import row_of, utc
from tests.unit.customers.test_convergence import link

NAME = next(rule for rule in USUAL_FIELDS[Kind.CONTACTS] if rule.name == "name")
TIER = FieldRule(
    "custom_fields.tier", "custom_fields.tier", "custom_field.cf_tier",
    values={"gold": "Gold"}, default_freshsales="Bronze",
)  # fmt: skip


@pytest.mark.parametrize(
    ("convert", "value", "text"),
    [
        ("text", None, ""),
        ("text", "  two   words ", "two words"),
        ("text", "two\nlines ", "two\nlines"),
        ("text", True, "true"),
        ("text", 5.0, "5"),
        ("lower", "ABC", "abc"),
        ("upper", "abc", "ABC"),
        ("email", " Mira@Client.Example ", "mira@client.example"),
        ("phone", "+44 (20) 555-010", "+4420555010"),
        ("number", "5.0", "5"),
        ("number", 2.5, "2.5"),
        ("number", "many", "many"),
        ("number", "12345678901234567", "12345678901234567"),
        ("number", "NaN", "NaN"),
        ("number", "1e400", "1e400"),
        ("boolean", "Yes", "true"),
        ("boolean", 0, "false"),
        ("boolean", None, ""),
        ("date", "2026-03-03T00:00:00Z", "2026-03-03"),
        ("domain", ["client.example", "b.example"], "client.example"),
        ("domain", [], ""),
        ("domain", "https://www.Client.example:8080/path?x", "client.example"),
        ("domain", None, ""),
    ],
)
def test_a_value_is_read_into_its_plain_form(convert: str, value: Any, text: str) -> None:
    assert CONVERSIONS[convert].read(value) == text


@pytest.mark.parametrize(
    ("convert", "text", "value"),
    [
        ("number", "5", 5), ("number", "2.5", 2.5), ("number", "many", "many"),
        ("number", "12345678901234567", 12345678901234567), ("number", "NaN", "NaN"),
        ("boolean", "true", True), ("boolean", "false", False), ("company", "7", 7),
        ("text", "a", "a"),
    ],
)  # fmt: skip
def test_a_plain_form_is_written_as_the_product_wants_it(
    convert: str, text: str, value: Any
) -> None:
    assert CONVERSIONS[convert].write(text) == value


@settings(max_examples=50)
@example("text", "two  words\n")
@example("text", "two\rwords\n")
@example("date", "1234567  \n1")
@example("domain", "www.www.client.example")
@example("domain", "mira@home@client.example")
@example("domain", "client /")
@given(st.sampled_from(sorted(set(CONVERSIONS) - {"company"})), st.text(max_size=30))
def test_what_was_written_reads_as_it_was(convert: str, typed: str) -> None:
    text = CONVERSIONS[convert].read(typed)

    assert CONVERSIONS[convert].read(CONVERSIONS[convert].write(text) if text else None) == text


@settings(max_examples=50)
@given(st.text(alphabet="ab  -é", max_size=20))
def test_a_name_in_two_parts_reads_as_the_whole(typed: str) -> None:
    text = plain(NAME, Side.FRESHDESK, {"name": typed})

    sent = body([(NAME, text)], Side.FRESHSALES)

    assert plain(NAME, Side.FRESHSALES, sent) == text


def test_choices_are_translated_both_ways_and_defaults_fill_in() -> None:
    assert plain(TIER, Side.FRESHSALES, {"custom_field": {"cf_tier": "Gold"}}) == "gold"
    assert plain(TIER, Side.FRESHDESK, {"custom_fields": {"tier": "gold"}}) == "gold"
    assert plain(TIER, Side.FRESHDESK, {}) == ""
    assert body([(TIER, "gold")], Side.FRESHSALES) == {"custom_field": {"cf_tier": "Gold"}}
    assert body([(TIER, "")], Side.FRESHDESK) == {"custom_fields": {"tier": None}}
    assert outgoing(TIER, Side.FRESHSALES, "") == "Bronze"
    assert outgoing(TIER, Side.FRESHDESK, "") == ""


def test_a_name_and_a_company_are_never_emptied() -> None:
    assert outgoing(NAME, Side.FRESHSALES, "") is None
    assert outgoing(COMPANY, Side.FRESHSALES, "") is None
    assert outgoing(COMPANY, Side.FRESHSALES, "7") == "7"


def test_domains_are_a_list_in_freshdesk() -> None:
    domains = next(rule for rule in USUAL_FIELDS[Kind.COMPANIES] if rule.name == "domains")

    assert body([(domains, "client.example")], Side.FRESHDESK) == {"domains": ["client.example"]}
    assert body([(domains, "")], Side.FRESHDESK) == {"domains": []}


@pytest.mark.parametrize(
    ("accounts", "text"),
    [
        (None, ""),
        ([], ""),
        ([{"id": 1}, {"id": 2, "is_primary": True}], "2"),
        ([{"id": 1, "is_primary": False}], "1"),
        ("nonsense", ""),
    ],
)
def test_the_primary_account_is_a_contacts_company(accounts: Any, text: str) -> None:
    assert plain(COMPANY, Side.FRESHSALES, {"sales_accounts": accounts}) == text


def test_a_row_has_the_fields_the_keys_and_the_time_in_utc() -> None:
    rules = link().rules(Kind.CONTACTS)
    assert rules is not None

    row = row_of(
        rules,
        Side.FRESHSALES,
        {"id": 7, "email": "A@b.example", "updated_at": "2026-03-03T14:00:00+02:00"},
    )

    assert (row.id, row.updated_at) == ("7", "2026-03-03T12:00:00Z")
    assert row.keys == {"email": "a@b.example"}
    assert row.values == {"name": "", "email": "a@b.example", "job_title": "", "phone": ""}
    assert utc("yesterday") == ""
