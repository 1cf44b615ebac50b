"""The fields of a link are held against what its accounts list."""

from __future__ import annotations

from typing import Any

import pytest

from freshbridge.customers.account_fields import asks, unknown_fields
from freshbridge.customers.field_reading import COMPANY, USUAL_FIELDS
from freshbridge.customers.link import FieldRule, Kind, KindRules, Side

DESK: list[dict[str, Any]] = [{"name": "name", "default": True}, {"name": "tier", "default": False}]
SALES: list[dict[str, Any]] = [
    {"name": "lead_score"},
    {"name": "group", "fields": [{"name": "cf_tier"}]},
]


def rules(desk: str = "name", sales: str = "name", kind: Kind = Kind.CONTACTS) -> KindRules:
    return KindRules(kind, ("email",), (FieldRule(desk, desk, sales),))


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("side", list(Side))
def test_no_account_is_asked_for_the_usual_fields(kind: Kind, side: Side) -> None:
    usual = KindRules(kind, ("name",), (*USUAL_FIELDS[kind],))

    assert not asks(usual, side)
    assert not asks(KindRules(Kind.CONTACTS, ("email",), (COMPANY,)), side)
    assert unknown_fields(usual, side, []) == []


@pytest.mark.parametrize(
    ("side", "name", "said"),
    [
        (Side.FRESHDESK, "custom_fields.tier", ""),
        (Side.FRESHDESK, "custom_fields.teir", "did you mean custom_fields.tier?"),
        (Side.FRESHDESK, "custom_fields.name", "its own are custom_fields.tier"),
        (Side.FRESHDESK, "job_titel", "did you mean job_title?"),
        (Side.FRESHDESK, "tier", "did you mean custom_fields.tier?"),
        (Side.FRESHSALES, "custom_field.cf_tier", ""),
        (Side.FRESHSALES, "lead_score", ""),
        (Side.FRESHSALES, "custom_field.tier", "did you mean custom_field.cf_tier?"),
        (Side.FRESHSALES, "custom_field.cf_zzz", "its own are custom_field.cf_tier"),
    ],
)
def test_a_field_that_is_not_there_is_named_with_what_is_near(
    side: Side, name: str, said: str
) -> None:
    given = rules(desk=name) if side is Side.FRESHDESK else rules(sales=name)
    listed = DESK if side is Side.FRESHDESK else SALES

    found = unknown_fields(given, side, listed)

    assert [one.field for one in found] == ([f"objects.contacts.fields.0.{side}"] if said else [])
    assert all(said in one.message for one in found)
