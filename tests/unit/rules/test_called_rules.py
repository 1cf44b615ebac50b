"""Rules that run rules: seen at save, planned with their event, and no circle."""

from __future__ import annotations

from typing import Any

import pytest

from freshbridge.rules.called_event import with_event
from freshbridge.rules.called_rules import check_calls
from freshbridge.rules.invalid import InvalidRule
from freshbridge.rules.model import Rule, RuleAction
from freshbridge.rules.route import DEEPEST_CHAIN, Caller, plan
from tests import builders

EVENT = builders.event(raw={"freshdesk_webhook": {"ticket_id": 1042}}, raw_text="x" * 100)


def calling(rule_id: str, *called: str) -> Rule:
    """A rule that runs others."""
    actions = [RuleAction("freshbridge", "run_rule", {"rule_id": one}) for one in called]
    return builders.rule(rule_id=rule_id, actions=tuple(actions))


def test_a_rule_may_run_others_that_there_are() -> None:
    others = [calling("b", "c"), calling("c"), calling("d", "c")]

    check_calls(calling("a", "b", "d", "{{ ticket.type }}"), others)


@pytest.mark.parametrize(
    ("rule", "others", "why"),
    [
        (calling("a", "z"), [calling("b")], r"actions\[0\]\.parameters\.rule_id names z"),
        (calling("a", "a"), [], r"without end: a → a"),
        (calling("a", "b"), [calling("b", "a")], r"without end: a → b → a"),
        (calling("a", "d", "b"), [calling("b", "c"), calling("c", "a"), calling("d")],
         r"actions\[1\].*without end: a → b → c → a"),
        # The one that is saved replaces the one that there is.
        (calling("a", "b"), [calling("a"), calling("b", "a")], r"a → b → a"),
    ],
)  # fmt: skip
def test_a_circle_or_an_unknown_rule_is_refused(rule: Rule, others: list[Rule], why: str) -> None:
    with pytest.raises(InvalidRule, match=why):
        check_calls(rule, others)


def test_circles_of_others_are_not_this_rule_s_fault() -> None:
    check_calls(calling("a", "b"), [calling("b", "c"), calling("c", "b", "gone")])


def test_the_event_goes_along_and_is_never_read_as_a_template() -> None:
    event = builders.event(ticket={"id": 7, "subject": "{{ 7 * 7 }}{% for"})

    [action] = plan(calling("a", "b"), event, now=builders.RECEIVED_AT).actions

    assert action.parameters["rule_id"] == "b"
    assert action.parameters["event"]["ticket"]["subject"] == "{{ 7 * 7 }}{% for"
    assert action.parameters["event"]["id"] == event.id


def test_what_was_received_goes_along_once() -> None:
    [action] = plan(calling("a", "b"), EVENT, now=builders.RECEIVED_AT).actions

    assert action.parameters["event"]["raw"] == EVENT.raw
    assert "raw_text" not in action.parameters["event"]


@pytest.mark.parametrize(
    ("platform", "action", "parameters"),
    [
        ("freshbridge", "run_rule", {"event": {"type": "x"}}),
        ("freshdesk", "run_rule", {}),
        ("freshbridge", "add_note", {}),
    ],
)
def test_other_actions_and_an_event_of_one_s_own_stay(
    platform: str, action: str, parameters: dict[str, Any]
) -> None:
    assert with_event(platform, action, parameters, {"type": "y"}) == parameters


def test_asked_for_twice_a_rule_has_two_runs_and_asked_for_again_the_same() -> None:
    rule, now = builders.rule(), builders.RECEIVED_AT

    own = plan(rule, EVENT, now=now)
    one, again, other = (
        plan(rule, EVENT, now=now, caller=Caller(action_id, 1)) for action_id in ("x", "x", "y")
    )

    assert (one.run_id, one.actions) == (again.run_id, again.actions)
    assert len({own.run_id, one.run_id, other.run_id}) == 3
    assert len({run.actions[0].action_id for run in (own, one, other)}) == 3
    assert (own.called_by, one.called_by) == ("", "x")
    assert one.requests()[0].origin["depth"] == 1


def test_too_deep_is_not_run() -> None:
    run = plan(
        builders.rule(), EVENT, now=builders.RECEIVED_AT, caller=Caller("x", DEEPEST_CHAIN + 1)
    )

    assert (run.outcome, run.code) == ("skipped", "chain_too_deep")
