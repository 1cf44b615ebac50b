"""What could never run is refused when it is saved; what may still come right is not."""

from __future__ import annotations

from typing import Any

import pytest

from freshbridge.actions.catalogue import CATALOGUE
from freshbridge.rules.check import check
from freshbridge.rules.html_parameters import HTML, html_parameters
from freshbridge.rules.invalid import InvalidRule
from freshbridge.rules.model import Rule, RuleAction
from freshbridge.rules.options import Options
from tests import builders


def acting(action: str, parameters: dict[str, Any], platform: str = "freshdesk") -> Rule:
    """A rule of one action."""
    return builders.rule(actions=(RuleAction(platform, action, parameters),))


def waiting(conditions: dict[str, Any], event: str = "ticket_updated") -> Rule:
    """A rule with these conditions."""
    return builders.rule(event=event, conditions=conditions)


def test_each_example_of_the_catalogue_may_be_a_rule_s_action() -> None:
    for action in CATALOGUE:
        check(acting(action.name, dict(action.example), action.platform))


def test_any_parameter_may_be_a_template() -> None:
    for action in CATALOGUE:
        for name in action.example:
            filled = dict(action.example) | {name: "{{ ticket.id }}"}
            check(acting(action.name, filled, action.platform))


@pytest.mark.parametrize(
    ("action", "parameters"),
    [
        ("add_note", {"ticket_id": "{{ ticket.id }}", "body": "x", "private": "{{ event.late }}"}),
        ("update_ticket", {"ticket_id": 7, "status": "Waiting on the moon"}),
        ("update_ticket", {"ticket_id": 7, "custom_fields": {"whatever": "x"}}),
        ("create_ticket", {"subject": "{{ ticket.subject }}", "description": "x",
                           "email": "{{ contact.email }}", "tags": ["{{ ticket.type }}"]}),
        ("add_note", {"ticket_id": 7, "body": "{% for t in ticket.tags %}{{ t }}{{ loop.index }}"
                                              "{% endfor %}{% for i in range(3) %}{{ i }}"
                                              "{% endfor %}"}),
        ("add_note", {"ticket_id": 7, "body": "{{ deal.name }}{{ account.id }}{{ note.body }}"
                                              "{{ received_at }}{{ changes.status.to }}"}),
        ("batch", {"action": "add_note", "rows": "{{ event.raw.rows }}"}),
    ],
)  # fmt: skip
def test_what_may_come_right_is_taken(action: str, parameters: dict[str, Any]) -> None:
    check(acting(action, parameters))


@pytest.mark.parametrize(
    ("action", "parameters", "place"),
    [
        ("add_note", {"ticket_id": "{{ ticket.id }}"}, "actions[0].parameters.body"),
        ("add_note", {"ticket_id": 7, "body": "x", "y": "{{ ticket.id }}"},
         "actions[0].parameters.y"),
        ("add_note", {"ticket_id": "seven", "body": "{{ ticket.id }}"},
         "actions[0].parameters.ticket_id"),
        ("update_ticket", {"ticket_id": "{{ ticket.id }}", "priority": "Frob"},
         "actions[0].parameters.priority"),
        ("add_note", {"ticket_id": 7, "body": "x", "notify_emails": ["{{ contact.email }}", 5]},
         "actions[0].parameters.notify_emails.1"),
        ("add_note", {"ticket_id": 7, "body": "{{ tikket.id }}"}, "actions[0].parameters.body"),
        ("add_note", {"ticket_id": 7, "body": "{{ raw.ticket }}"}, "actions[0].parameters.body"),
        ("batch", {"action": "add_note", "source": {"kee": "{{ ticket.id }}"}},
         "actions[0].parameters.source.kee"),
    ],
)  # fmt: skip
def test_what_never_can_is_refused_with_its_place(
    action: str, parameters: dict[str, Any], place: str
) -> None:
    with pytest.raises(InvalidRule) as raised:
        check(acting(action, parameters))

    assert [field.field for field in raised.value.fields] == [place]
    assert place in raised.value.what


def test_a_step_has_to_come_before_who_names_it() -> None:
    first, last = (
        RuleAction("freshdesk", "add_note", {"ticket_id": 7, "body": body}, name=name)
        for name, body in (("first", "x"), ("last", "{{ steps.last.state }}"))
    )

    with pytest.raises(InvalidRule, match=r"actions\[1\].*steps\.last.*first"):
        check(builders.rule(actions=(first, last), options=Options(run="ordered")))


@pytest.mark.parametrize(
    "conditions",
    [
        {"priority": "Frob"},
        {"priority": 5},
        {"priority": True},
        {"ticket.priority": {"ne": "Frob"}},
        {"not": {"changes.priority.to": "Frob"}},
        {"priority": {"changed_to": ["High", "Frob"]}},
        {"source": "Carrier pigeon"},
    ],
)
def test_a_value_that_its_field_never_has_is_refused(conditions: dict[str, Any]) -> None:
    with pytest.raises(InvalidRule, match=r"trigger\.conditions\..*is none of"):
        check(waiting(conditions))


@pytest.mark.parametrize(
    "conditions",
    [
        {"priority": ["urgent", 4, "4", None, ""]},
        {"priority": {"gte": "High", "lt": 9, "contains": "x", "exists": True}},
        {"priority": {"changed": True}},
        {"source": ["Feedback Widget", 101, "101"]},
        {"status": "With the vendor"},
        {"custom_fields.priority": "Frob"},
        {"type": "Frob"},
    ],
)
def test_a_value_that_an_account_may_have_is_taken(conditions: dict[str, Any]) -> None:
    check(waiting(conditions))


def test_a_status_is_unknown_only_where_the_account_s_own_are_named() -> None:
    named = {"With the vendor": 9}

    check(waiting({"status": "With the vendr"}))
    check(waiting({"status": ["With the vendor", "Open", 12]}), named)
    with pytest.raises(InvalidRule, match="With the vendor"):
        check(waiting({"status": "With the vendr"}), named)


def test_other_events_have_values_of_their_own() -> None:
    check(waiting({"ticket.priority": "Frob"}, event="contact_updated"))


def test_the_list_of_html_parameters_is_what_the_actions_say() -> None:
    assert {
        (action.name, place)
        for action in CATALOGUE
        for place in html_of(action.parameters.model_json_schema())
    } == {(name, place) for name, places in HTML.items() for place in places}


def html_of(schema: dict[str, Any]) -> set[str]:
    """Dotted paths of the properties whose description begins with the word."""
    found: set[str] = set()
    left = [("", schema)]
    while left:
        place, node = left.pop()
        if node.get("description", "").startswith("HTML"):
            found.add(place[1:])
        if "$ref" in node:
            left.append((place, schema["$defs"][node["$ref"].rpartition("/")[2]]))
        left += [(place, form) for form in node.get("anyOf", [])]
        left += [(f"{place}.{name}", inner) for name, inner in node.get("properties", {}).items()]
    return found


@pytest.mark.parametrize(
    ("action", "parameters", "places"),
    [
        ("add_note", {}, {"body"}),
        ("update_contact", {}, set()),
        ("batch", {"action": "add_note"}, {"rows.body", "defaults.body"}),
        ("batch", {"action": "create_contact"}, set()),
    ],
)
def test_where_html_is(action: str, parameters: dict[str, Any], places: set[str]) -> None:
    assert html_parameters("freshdesk", action, parameters) == places
    assert html_parameters("freshsales", action, parameters) == set()


def test_a_batch_whose_action_is_a_template_is_escaped_wherever_one_has_html() -> None:
    found = html_parameters("freshdesk", "batch", {"action": "{{ ticket.type }}"})

    assert {"rows.body", "rows.description"} <= found
