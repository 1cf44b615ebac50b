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
        (("trigger", "conditions", "priority"), {"over": 2}, "trigger.conditions.priority.over"),
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


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("enabeld",), True, "enabeld is unknown; there are name, trigger"),
        (("trigger", "evnt"), 1, "trigger.evnt is unknown"),
        (("actions", 1, "delay"), 5, "actions[1].delay is unknown"),
        (("name",), 7, "name must be a text"),
        (("name",), "x" * 201, "name must be a text of at most 200"),
        (("actions", 0, "delay_s"), -1, "actions[0].delay_s must be whole seconds from 0 to 43200"),
        (("actions", 0, "delay_s"), 43_201, "actions[0].delay_s must be whole seconds"),
        (("actions", 0, "delay_s"), 1.5, "actions[0].delay_s must be whole seconds"),
        (("actions", 0, "name"), "a b", "actions[0].name must be letters"),
        (("actions", 0, "name"), 7, "actions[0].name must be letters"),
        (("actions",), [{"platform": "a", "action": "b"}] * 21, "actions must be at most 20"),
        (
            ("actions",),
            [{"platform": "a", "action": "b", "name": "n"}] * 2,
            "actions two have the same name",
        ),
        (("actions", 0, "parameters", "x"), float("nan"), "parameters.x must be a finite number"),
        (("actions", 0, "parameters", "x"), list(range(1000)), "holds more than 1000 values"),
        (("actions", 0, "parameters", "x"), "x" * 100_000, "the rule is 100"),
    ],
)
def test_misspelt_members_and_what_is_too_much_are_refused(
    path: tuple[str | int, ...], value: object, words: str
) -> None:
    test_what_is_wrong_is_named_by_its_path(path, value, words)


@pytest.mark.parametrize("depth", [21, 100_000])
def test_an_endless_nesting_is_refused(depth: int) -> None:
    body = copy.deepcopy(WRITTEN)
    inner: Any = 7
    for _ in range(depth):
        inner = [inner]
    body["actions"][0]["parameters"] = {"x": inner}

    with pytest.raises(InvalidRule, match="nested"):
        read_rule(body, rule_id="rul_1")


def test_a_saved_rule_may_come_back_as_it_was_shown() -> None:
    rule = read_rule(WRITTEN, rule_id="rul_1")
    shown = write_rule(rule)

    again = read_rule(shown | {"version": 7, "created_at": "x"}, rule_id="rul_1")

    assert again == rule


def test_a_rule_of_another_version_of_this_package_is_read_as_far_as_it_is_known() -> None:
    stored = copy.deepcopy(WRITTEN) | {"version": 7, "updated_at": "t", "of_tomorrow": 1}
    stored["trigger"]["conditions"] = {"prioritty": 4}

    rule = read_rule(stored, rule_id="rul_1", saved=True)

    assert (rule.version, rule.updated_at, rule.conditions) == (7, "t", {"prioritty": 4})


def test_name_and_delay_of_an_action_are_kept() -> None:
    body = copy.deepcopy(WRITTEN)
    body["actions"][0] |= {"name": "note", "delay_s": 43_200}

    rule = read_rule(body, rule_id="rul_1")

    assert (rule.actions[0].name, rule.actions[0].delay_s) == ("note", 43_200)
    assert read_rule(write_rule(rule), rule_id="rul_1") == rule
