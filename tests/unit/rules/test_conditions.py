"""A rule meets an event when platform, type and every condition agree."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.freshdesk.enums import Priority, Status
from freshbridge.rules.conditions import matches
from tests import builders

TICKET = {
    "id": 7,
    "priority": 4,
    "status": 2,
    "type": "Incident",
    "tags": ["vip", "Printer"],
    "group_name": None,
    "custom_fields": {"cf_floor": "12", "cf_urgent": True},
}


def holds(conditions: dict[str, Any], ticket: dict[str, Any] | None = None) -> bool:
    event = builders.event(ticket=TICKET if ticket is None else ticket)
    return matches(builders.rule(conditions=conditions), event)


@pytest.mark.parametrize(
    "conditions",
    [
        {},
        {"priority": 4},
        {"priority": "Urgent"},
        {"priority": "urgent"},
        {"priority": "4"},
        {"priority": [1, "Urgent"]},
        {"status": "open", "priority": 4},
        {"type": "incident"},
        {"tags": "vip"},
        {"tags": "printer"},
        {"tags": ["nothing", "vip"]},
        {"custom_fields.cf_floor": "12"},
        {"ticket.priority": 4},
        {"ticket.custom_fields.cf_urgent": True},
        {"group_name": None},
    ],
)
def test_conditions_that_hold(conditions: dict[str, Any]) -> None:
    assert holds(conditions)


@pytest.mark.parametrize(
    "conditions",
    [
        {"priority": 3},
        {"priority": "High"},
        {"priority": []},
        {"priority": 4, "status": "Closed"},
        {"type": "Question"},
        {"tags": "vi"},
        {"nothing": "x"},
        {"id.deeper": 7},
        {"custom_fields.cf_floor": "13"},
        {"group_name": "Support"},
    ],
)
def test_conditions_that_do_not(conditions: dict[str, Any]) -> None:
    assert not holds(conditions)


def test_another_platform_or_type_does_not_match() -> None:
    assert not matches(builders.rule(platform="freshsales"), builders.event())
    assert not matches(builders.rule(event="ticket_closed"), builders.event())


def test_a_custom_status_is_compared_by_its_label() -> None:
    assert holds({"status": "waiting on VENDOR"}, {"status": "Waiting on vendor"})
    assert not holds({"status": "Open"}, {"status": "Waiting on vendor"})


@given(st.sampled_from(Priority), st.sampled_from(Priority))
def test_a_priority_is_the_same_by_number_and_by_name(had: Priority, wanted: Priority) -> None:
    for spelling in (int(wanted), str(int(wanted)), wanted.label, wanted.label.upper()):
        assert holds({"priority": spelling}, {"priority": int(had)}) == (had is wanted)


@given(st.sampled_from(Status), st.lists(st.sampled_from(Status)))
def test_a_list_holds_when_one_of_it_does(had: Status, wanted: list[Status]) -> None:
    assert holds({"status": [w.label for w in wanted]}, {"status": int(had)}) == (had in wanted)
