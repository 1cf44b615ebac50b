"""freshbridge.run_rule: what it asks for, and what it tells of it."""

from __future__ import annotations

from typing import Any

import pytest

from freshbridge.actions.action import Outcome
from freshbridge.actions.freshbridge.rules import RuleNotRun
from freshbridge.errors import InvalidRequest
from freshbridge.rules.nested import Called
from freshbridge.rules.route import plan
from tests import builders
from tests.fakes.actions import run_action
from tests.fakes.provider import FakeTransport

EVENT = {"type": "ticket_created", "ticket": {"id": 7}}


class Calls:
    """Implements `freshbridge.actions.context.RuleCalls`: answers with what it was given."""

    def __init__(self, answer: Called) -> None:
        self.answer = answer
        self.asked: list[tuple[str, dict[str, Any], bool]] = []

    def call(
        self, _request: Any, _instance: Any, rule_id: str, event: Any, *, skip_conditions: bool
    ) -> Called:
        """Remember what is asked for."""
        self.asked.append((rule_id, event, skip_conditions))
        return self.answer


class NoClient:
    """Stands for the client that an action without an account does not have."""

    wrote = False


def run(parameters: dict[str, Any], calls: Calls) -> Outcome:
    return run_action(
        "run_rule", parameters, FakeTransport(), platform="freshbridge", client=NoClient(),
        rules=calls,
    )  # fmt: skip


def test_the_rule_is_run_on_the_event_and_its_actions_are_named() -> None:
    planned = plan(builders.rule(), builders.event(), now=builders.RECEIVED_AT)
    calls = Calls(Called(planned))

    outcome = run({"rule_id": "rul_2", "skip_conditions": True, "event": EVENT}, calls)

    assert calls.asked == [("rul_2", EVENT, True)]
    assert outcome.message == "Rule run: 1 actions"
    [action] = planned.actions
    assert outcome.data == {
        "rule_id": "rul_2", "run_id": planned.run_id, "outcome": "ran", "code": None,
        "reason": None,
        "actions": [
            {"action_id": action.action_id, "platform": "freshdesk", "action": "add_note"}
        ],
    }  # fmt: skip


def test_a_rule_that_did_not_run_says_why() -> None:
    planned = plan(builders.rule(), builders.event(), now=builders.RECEIVED_AT)
    skipped = planned.skipped("rate_cap", "it ran 3 times in this hour already")

    off = run({"rule_id": "rul_2", "event": EVENT}, Calls(Called(code="disabled", reason="off")))
    capped = run(
        {"rule_id": "rul_2", "event": EVENT}, Calls(Called(skipped, skipped.code, skipped.reason))
    )

    assert (off.message, off.data["run_id"], off.data["code"]) == (
        "Rule not run: off", None, "disabled",
    )  # fmt: skip
    assert (capped.data["outcome"], capped.data["run_id"]) == ("skipped", planned.run_id)


def test_a_rule_whose_template_cannot_be_filled_is_for_a_person() -> None:
    rule = builders.rule()
    broken = builders.event(ticket={})
    planned = plan(rule, broken, now=builders.RECEIVED_AT)

    with pytest.raises(RuleNotRun, match=r"rul_2 was not run.*undefined"):
        run({"rule_id": "rul_2", "event": EVENT},
            Calls(Called(planned, planned.code, planned.reason)))  # fmt: skip


def test_outside_a_rule_the_event_has_to_be_there() -> None:
    with pytest.raises(InvalidRequest) as raised:
        run({"rule_id": "rul_2"}, Calls(Called()))

    assert [field.field for field in raised.value.fields] == ["event"]
