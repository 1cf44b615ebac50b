"""A change of status resolves or closes a ticket, whatever the account calls its statuses."""

from __future__ import annotations

from typing import Any

import pytest

from freshbridge.events.freshdesk_webhook import normalise
from freshbridge.events.status_type import meaning_of, typed
from tests import builders

CONFIG = {
    "custom_statuses": {"Gelöst": 4, "Done": 10, "With the vendor": 9, "odd": "x"},
    "status_meaning": {"Done": "closed", "11": "resolved", "Archived": "closed", "9": "nonsense"},
}


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (4, "resolved"), ("4", "resolved"), ("Resolved", "resolved"), ("gelöst", "resolved"),
        (5, "closed"), ("Closed", "closed"), (10, "closed"), ("done", "closed"), ("10", "closed"),
        (11, "resolved"), ("11", "resolved"), ("archived", "closed"), (9, ""), (2, ""), (3, ""),
        ("With the vendor", ""), ("never heard of", ""), (None, ""), (True, ""), ([], ""), (12, ""),
    ],
)  # fmt: skip
def test_a_status_means_what_freshdesk_or_the_person_says(status: object, meaning: str) -> None:
    assert meaning_of(status, CONFIG) == meaning


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"from": 2, "to": 4}, "ticket_resolved"),
        ({"from": 2, "to": "Done"}, "ticket_closed"),
        ({"to": 11}, "ticket_resolved"),
        ({"from": 4, "to": 5}, "ticket_closed"),
        ({"from": 10, "to": 5}, "ticket_updated"),
        ({"from": 4, "to": 2}, "ticket_updated"),
        ({}, "ticket_updated"),
        ("odd", "ticket_updated"),
    ],
)
def test_an_update_is_resolved_or_closed_by_what_its_status_became(change: Any, kind: str) -> None:
    event = builders.event(type="ticket_updated", changes={"status": change})

    assert typed(event, CONFIG).type == kind


def test_other_events_and_other_changes_stay_what_they_are() -> None:
    created = builders.event(type="ticket_created", changes={"status": {"from": 2, "to": 4}})
    moved = builders.event(type="ticket_updated", changes={"priority": {"from": 2, "to": 4}})

    assert typed(created, CONFIG) == created
    assert typed(moved, {"status_meaning": ["no object"], "custom_statuses": 3}) == moved


def test_a_webhook_with_an_own_status_s_label_is_derived_alike() -> None:
    content = builders.simple_content(triggered_event="{status:{from:2,to:Done}}")
    event = normalise(content, event_id="e", instance_id="1", received_at=builders.RECEIVED_AT)

    assert event.type == "ticket_updated"
    assert typed(event, CONFIG).type == "ticket_closed"
    assert typed(event, {}).type == "ticket_updated"
