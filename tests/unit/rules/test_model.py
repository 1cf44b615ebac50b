"""A rule is read from what a person wrote, or refused with the place of the error."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from freshbridge.rules.model import InvalidRule, Rule, RuleAction, read_rule, write_rule

WRITTEN: dict[str, Any] = {
    "name": "Greet",
    "trigger": {
        "platform": "freshdesk",
        "event": "ticket_created",
        "conditions": {"priority": 4, "type": ["Incident", "Question"]},
    },
    "actions": [
        {"platform": "freshdesk", "action": "add_note", "parameters": {"ticket_id": 7}},
        {"platform": "freshdesk", "action": "update_ticket"},
    ],
}


def test_a_rule_reads_and_writes_back_the_same() -> None:
    rule = read_rule(WRITTEN, rule_id="rul_1")

    assert rule == Rule(
        "rul_1",
        "Greet",
        "freshdesk",
        "ticket_created",
        {"priority": 4, "type": ["Incident", "Question"]},
        (
            RuleAction("freshdesk", "add_note", {"ticket_id": 7}),
            RuleAction("freshdesk", "update_ticket", {}),
        ),
    )
    assert read_rule(write_rule(rule), rule_id="rul_1") == rule


def test_name_and_conditions_may_be_left_out() -> None:
    body = copy.deepcopy(WRITTEN)
    del body["name"], body["trigger"]["conditions"]

    rule = read_rule(body, rule_id="rul_1")

    assert (rule.name, rule.conditions) == ("ticket_created", {})


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("trigger",), None, "trigger must be an object"),
        (("trigger", "event"), "ticket_exploded", "ticket_updated"),
        (("trigger", "event"), 7, "trigger.event must be a text"),
        (("trigger", "platform"), "", "trigger.platform must be a text"),
        (("trigger", "conditions"), [], "trigger.conditions must be an object"),
        (("trigger", "conditions", "priority"), {"gt": 2}, "trigger.conditions.priority"),
        (("actions",), [], "at least one"),
        (("actions",), {"a": 1}, "must be a list"),
        (("actions", 1), "add_note", "actions[1] must be an object"),
        (("actions", 1, "action"), None, "actions[1].action must be a text"),
        (("actions", 0, "platform"), 3, "actions[0].platform must be a text"),
        (("actions", 0, "parameters"), "x", "actions[0].parameters must be an object"),
    ],
)
def test_what_is_wrong_is_named_by_its_path(
    path: tuple[str | int, ...], value: object, words: str
) -> None:
    body = copy.deepcopy(WRITTEN)
    place: Any = body
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value

    with pytest.raises(InvalidRule) as raised:
        read_rule(body, rule_id="rul_1")
    assert words in str(raised.value)
