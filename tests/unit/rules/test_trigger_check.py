"""A rule that would wait for ever is told from one that waits for something rare."""

from __future__ import annotations

from typing import Any

import pytest

from freshbridge.rules.invalid import InvalidRule
from freshbridge.rules.trigger_check import check_trigger
from tests import builders

CONFIG = {"custom_statuses": {"Done": 10, "Parked": 11}, "status_meaning": {"Done": "resolved"}}
RESOLVED = {"status": {"changed_to": "Resolved"}}


@pytest.mark.parametrize(
    ("conditions", "type_"),
    [
        (RESOLVED, "ticket_resolved"),
        ({"status": {"changed_to": 5}}, "ticket_closed"),
        ({"status": {"changed_to": ["Resolved", "Closed"]}}, "ticket_resolved"),
        ({"status": {"changed_to": "done"}}, "ticket_resolved"),
        ({"status": {"changed_to": 10}, "priority": 4}, "ticket_resolved"),
        ({"any": [RESOLVED, {"status": {"changed_to": 5}}]}, "ticket_resolved"),
        ({"all": [{"priority": 4}, RESOLVED]}, "ticket_resolved"),
    ],
)
def test_a_change_of_status_that_is_another_event_is_refused(
    conditions: dict[str, Any], type_: str
) -> None:
    rule = builders.rule(event="ticket_updated", conditions=conditions)

    with pytest.raises(InvalidRule, match=f"never holds.*{type_}") as raised:
        check_trigger(rule, "freshdesk", CONFIG)

    assert f'"event": "{type_}"' in raised.value.advice
    assert "status" in raised.value.fields[0].field


@pytest.mark.parametrize(
    "conditions",
    [
        {},
        {"status": {"changed_to": "Pending"}},
        {"status": {"changed_to": "Parked"}},
        {"status": {"changed_to": ["Pending", "Resolved"]}},
        {"any": [RESOLVED, {"priority": 4}]},
        {"not": RESOLVED},
        {"status": "Resolved"},
        {"priority": {"changed_to": 4}},
    ],
)
def test_a_change_that_may_come_is_waited_for(conditions: dict[str, Any]) -> None:
    check_trigger(builders.rule(event="ticket_updated", conditions=conditions), "freshdesk", CONFIG)


def test_only_of_an_update_the_status_makes_another_event() -> None:
    check_trigger(builders.rule(event="ticket_resolved", conditions=RESOLVED), "freshdesk", {})


def test_what_a_status_means_is_the_account_s_own() -> None:
    rule = builders.rule(event="ticket_updated", conditions={"status": {"changed_to": "Done"}})

    check_trigger(rule, "freshdesk", {"custom_statuses": {"Done": 10}})
    with pytest.raises(InvalidRule):
        check_trigger(rule, "freshdesk", CONFIG)


@pytest.mark.parametrize(
    ("platform", "event", "account", "place"),
    [
        ("freshsales", "contact_created", "freshdesk", "trigger.platform"),
        ("freshdesk", "ticket_created", "slack", "trigger.platform"),
        ("freshsales", "ticket_created", "freshsales", "trigger.event"),
        ("freshdesk", "deal_created", "freshdesk", "trigger.event"),
        ("slack", "contact_created", "slack", "trigger.event"),
    ],
)
def test_an_event_that_the_account_never_tells_of_is_refused(
    platform: str, event: str, account: str, place: str
) -> None:
    with pytest.raises(InvalidRule) as raised:
        check_trigger(builders.rule(platform=platform, event=event), account, {})

    assert raised.value.fields[0].field == place


@pytest.mark.parametrize("event", ["contact_created", "deal_deleted", "account_updated"])
def test_what_freshsales_tells_of_is_waited_for(event: str) -> None:
    check_trigger(builders.rule(platform="freshsales", event=event), "freshsales", {})
