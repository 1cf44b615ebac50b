"""Which rules fire: performers, events, condition operators, and how the trigger is printed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.freshdesk.automation_matching import (
    Kind,
    Occurrence,
    Performer,
    conditions_match,
    performer_matches,
    triggered_event,
)

TICKET = {
    "status": 2,
    "priority": 3,
    "type": "Problem",
    "group_id": None,
    "tags": ["billing", "pdf"],
    "subject": "Invoice PDF is blank",
    "description_text": "The invoice opens empty.",
    "created_at": "2026-03-03T11:19:18Z",
    "cf_vip": True,
}
RESOURCES: dict[str, dict[str, Any]] = {
    "ticket": TICKET,
    "contact": {"email": "mira@client.example"},
    "company": {"name": "Client Ltd"},
}


def updated(**values: Any) -> Occurrence:
    return Occurrence(Kind.UPDATED, Performer.AGENT, performer_id=9, **values)


def rule(*events: dict[str, Any]) -> dict[str, Any]:
    return {"events": list(events)}


@pytest.mark.parametrize(
    ("event", "occurrence", "text"),
    [
        ({"field_name": "status"}, updated(changes={"status": (2, 3)}), "{status:{from:2,to:3}}"),
        (
            {"field_name": "priority", "from": "--", "to": 4},
            updated(changes={"priority": (1, 4)}),
            "{priority:{from:1,to:4}}",
        ),
        (
            {"field_name": "responder_id", "from": "", "to": "--"},
            updated(changes={"responder_id": (None, 88001202520)}),
            "{responder_id:{from:,to:88001202520}}",
        ),
        (
            {"field_name": "ticket_type", "from": "--", "to": "Problem"},
            updated(changes={"type": (None, "Problem")}),
            "{ticket_type:{from:,to:Problem}}",
        ),
        (
            {"field_name": "note_type", "value": "private"},
            updated(actions={"note_type": "private"}),
            "{note_type:private}",
        ),
        (
            {"field_name": "reply_sent"},
            updated(actions={"reply_sent": "sent"}),
            "{reply_sent:sent}",
        ),
        (
            {"field_name": "cf_region", "to": "EMEA"},
            updated(changes={"cf_region": ("APAC", "EMEA")}),
            "{cf_region:{from:APAC,to:EMEA}}",
        ),
    ],
)
def test_a_matching_event_is_printed_as_the_product_prints_it(
    event: dict[str, Any], occurrence: Occurrence, text: str
) -> None:
    assert triggered_event(rule(event), occurrence) == text


@pytest.mark.parametrize(
    ("event", "occurrence"),
    [
        ({"field_name": "status", "to": 4}, updated(changes={"status": (2, 3)})),
        ({"field_name": "status", "from": 3}, updated(changes={"status": (2, 4)})),
        ({"field_name": "responder_id", "from": ""}, updated(changes={"responder_id": (5, 6)})),
        ({"field_name": "note_type", "value": "public"}, updated(actions={"note_type": "private"})),
        ({"field_name": "priority"}, updated(changes={"status": (2, 3)})),
        ({"field_name": "reply_sent"}, updated(actions={"note_type": "public"})),
    ],
)
def test_other_events_do_not_fire_the_rule(event: dict[str, Any], occurrence: Occurrence) -> None:
    assert triggered_event(rule(event), occurrence) is None


def test_only_the_first_of_the_rules_events_is_reported() -> None:
    both = updated(changes={"status": (2, 3), "priority": (1, 4)})
    events = ({"field_name": "priority"}, {"field_name": "status"})
    assert triggered_event(rule(*events), both) == "{priority:{from:1,to:4}}"


def test_a_creation_needs_no_event() -> None:
    new = Occurrence(Kind.CREATED, Performer.REQUESTER)
    assert triggered_event({"events": []}, new) == "{ticket_action:created}"


@pytest.mark.parametrize(
    ("performer", "matches"),
    [
        ({"type": 1}, True),
        ({"type": 2}, False),
        ({"type": 3}, True),
        ({"type": 4}, False),
        ({"type": 1, "members": [9, 10]}, True),
        ({"type": 1, "members": [10]}, False),
        (None, True),
    ],
)
def test_performers(performer: dict[str, Any] | None, matches: bool) -> None:
    assert performer_matches({"performer": performer}, updated()) is matches


@pytest.mark.parametrize(
    ("field_name", "operator", "value", "holds"),
    [
        ("status", "is", 2, True),
        ("status", "is", "2", True),
        ("status", "is_not", 2, False),
        ("priority", "in", [3, 4], True),
        ("priority", "not_in", [3, 4], False),
        ("priority", "greater than", 2, True),
        ("priority", "greater_than", 3, False),
        ("priority", "less_than", 4, True),
        ("group_id", "is", "", True),
        ("group_id", "in", ["", 5], True),
        ("group_id", "greater_than", 0, False),
        ("tags", "in", ["pdf", "x"], True),
        ("tag_names", "not_in", ["x"], True),
        ("subject", "contains", "invoice pdf", True),
        ("subject", "contains", ["nothing", "BLANK"], True),
        ("subject", "does_not_contain", "blank", False),
        ("subject", "starts_with", "inv", True),
        ("subject", "ends_with", "inv", False),
        ("subject_or_description", "contains", "opens empty", True),
        ("created_at", "greater_than", "2026-03-01", True),
        ("ticket_type", "is", "Problem", True),
        ("cf_vip", "selected", None, True),
        ("cf_vip", "not_selected", None, False),
    ],
)
def test_operators(field_name: str, operator: str, value: object, holds: bool) -> None:
    condition = {
        "resource_type": "ticket",
        "field_name": field_name,
        "operator": operator,
        "value": value,
    }
    sets = {"conditions": [{"match_type": "all", "properties": [condition]}]}
    assert conditions_match(sets, RESOURCES) is holds


def a_set(match_type: str, *holding: bool) -> dict[str, Any]:
    properties = [
        {
            "resource_type": "company",
            "field_name": "name",
            "operator": "is",
            "value": "Client Ltd" if holds else "Other",
        }
        for holds in holding
    ]
    return {"match_type": match_type, "properties": properties}


@given(st.lists(st.booleans(), min_size=1), st.sampled_from(["all", "any"]))
def test_a_set_joins_its_properties_by_its_match_type(holding: list[bool], match: str) -> None:
    expected = all(holding) if match == "all" else any(holding)
    assert conditions_match({"conditions": [a_set(match, *holding)]}, RESOURCES) is expected


@given(st.booleans(), st.booleans())
def test_sets_are_joined_by_the_operator_text(first: bool, second: bool) -> None:
    sets = [a_set("all", first), a_set("all", second)]
    either = {"conditions": sets, "operator": "condition_set_1 or condition_set_2"}
    both = {"conditions": sets, "operator": "condition_set_1 and condition_set_2"}
    assert conditions_match(either, RESOURCES) is (first or second)
    assert conditions_match(both, RESOURCES) is (first and second)


def test_no_conditions_hold_always() -> None:
    assert conditions_match({"conditions": []}, RESOURCES)
