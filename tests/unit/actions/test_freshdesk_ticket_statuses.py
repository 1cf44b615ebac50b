"""A status is found by number or by name, the account's own included."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from freshbridge.actions.context import Context
from freshbridge.actions.freshdesk.statuses import (
    StatusChoice,
    labels_of,
    resolve_status,
    with_status_number,
)
from freshbridge.errors import InvalidRequest
from freshbridge.freshdesk.client import FreshdeskClient
from tests import builders
from tests.fakes.actions import FakeReference, services
from tests.fakes.provider import FakeTransport

CHOICE = TypeAdapter[Any](StatusChoice)


def status_field(**labels: str) -> list[dict[str, Any]]:
    """The account's ticket fields; `n8="Escalated"` is a status."""
    choices = {name[1:]: [label, f"{label} for customers"] for name, label in labels.items()}
    return [
        {"name": "subject", "type": "default_subject"},
        {"name": "status", "type": "default_status", "choices": choices},
    ]


def context_with(reference: FakeReference) -> Context:
    client = FreshdeskClient(FakeTransport(), "https://acme.freshdesk.com", "key")
    return Context(
        client, builders.instance(), builders.action_request(), services(reference=reference)
    )


@pytest.mark.parametrize(
    ("given", "found"),
    [(2, 2), ("4", 4), (" 17 ", 17), ("Resolved", "Resolved"), (" In review ", "In review")],
)
def test_a_status_is_a_number_or_a_name(given: Any, found: int | str) -> None:
    assert CHOICE.validate_python(given) == found


@pytest.mark.parametrize("given", [1, 0, -2, "1", "", "  ", True, 2.0, None, [2], "x" * 256])
def test_what_is_neither_is_refused(given: Any) -> None:
    with pytest.raises(ValidationError, match="2 Open, 3 Pending, 4 Resolved"):
        CHOICE.validate_python(given)


def test_a_number_asks_nobody() -> None:
    reference = FakeReference()
    assert resolve_status(context_with(reference), 99) == 99
    assert reference.refreshed == []


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("Escalated", 8),
        ("escalated", 8),
        ("waiting_on-customer", 6),
        ("Erledigt", 4),
        # The account calls status 4 otherwise; its number is still Freshdesk's "Resolved".
        ("Resolved", 4),
        # A status of the account's own that has a stock name wins over the stock number.
        ("Pending", 9),
    ],
)
def test_a_name_is_the_accounts(name: str, number: int) -> None:
    labels = {"n2": "Offen", "n3": "In Arbeit", "n4": "Erledigt", "n6": "Waiting on Customer"}
    reference = FakeReference(ticket_fields=status_field(**labels, n8="Escalated", n9="Pending"))

    assert resolve_status(context_with(reference), name) == number
    assert reference.refreshed == []


def test_a_name_that_is_new_makes_the_fields_be_read_once_more() -> None:
    before, after = status_field(n2="Open"), status_field(n2="Open", n8="Escalated")
    reference = FakeReference(ticket_fields=[before, after])

    assert resolve_status(context_with(reference), "Escalated") == 8
    assert reference.refreshed == ["ticket_fields"]


def test_an_unknown_name_is_told_the_nearest_and_all_others() -> None:
    reference = FakeReference(ticket_fields=status_field(n2="Open", n8="Escalated"))

    with pytest.raises(InvalidRequest) as raised:
        resolve_status(context_with(reference), "Escallated", "filters.status")

    (field,) = raised.value.fields
    assert field.field == "filters.status"
    assert 'Did you mean "Escalated"?' in field.message
    assert "Open (2), Escalated (8)" in field.message
    assert reference.refreshed == ["ticket_fields"]


def test_a_stock_name_that_the_account_has_removed_is_unknown() -> None:
    reference = FakeReference(ticket_fields=status_field(n2="Open"))
    with pytest.raises(InvalidRequest):
        resolve_status(context_with(reference), "Waiting on Third Party")


def test_values_without_a_status_stay_as_they_are() -> None:
    context = context_with(FakeReference(ticket_fields=status_field(n8="Escalated")))

    assert with_status_number(context, {"priority": 1}) == {"priority": 1}
    assert with_status_number(context, {"status": None}) == {"status": None}
    assert with_status_number(context, {"status": "Escalated", "type": "a"}) == {
        "status": 8,
        "type": "a",
    }


def test_fields_of_another_form_have_no_labels() -> None:
    assert labels_of([{"type": "default_status"}, {"type": "custom_dropdown", "choices": {}}]) == {}
    assert labels_of(
        [{"type": "default_status", "choices": {"2": "Open", "x": ["No"], "3": [], "4": [None]}}]
    ) == {"Open": 2}
