"""Each action of a rule is for one account, which is settled when the rule is saved."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from freshbridge.instances.model import Instance
from freshbridge.instances.registry import UnknownInstance
from freshbridge.rules.invalid import InvalidRule
from freshbridge.rules.model import RuleAction, read_rule, write_rule
from freshbridge.rules.route import plan
from freshbridge.rules.targets import with_targets
from tests import builders

OWN = builders.instance()
SLACK = builders.instance(instance_id="193000002", platform="slack")
SECOND = builders.instance(instance_id="193000003", platform="slack")
OFF = builders.instance(instance_id="193000004", platform="slack", disabled=True)
OTHER_DESK = builders.instance(instance_id="193000005")


def settled(
    *actions: RuleAction, there: Iterable[Instance] = (OWN, SLACK), **given: Any
) -> list[str]:
    """The accounts that the actions get."""
    known = {one.instance_id: one for one in there}

    def find(instance_id: str) -> Instance:
        if instance_id not in known:
            raise UnknownInstance("no such instance")
        return known[instance_id]

    rule = builders.rule(actions=actions)
    found = with_targets(rule, OWN, find=find, every=known.values, **given)
    return [action.instance_id for action in found.actions]


def action(platform: str, instance_id: str = "") -> RuleAction:
    return RuleAction(platform, "x", {}, instance_id=instance_id)


def test_an_action_is_for_its_own_account_or_the_only_one_of_its_platform() -> None:
    found = settled(
        action("freshdesk"), action("slack"), action("email"), action("freshbridge"),
        there=(OWN, OTHER_DESK, SLACK, OFF),
    )  # fmt: skip

    assert found == ["", "193000002", "", ""]


def test_the_one_that_is_named_is_taken() -> None:
    named = [action("slack", "193000003"), action("slack", "193000004"),
             action("freshdesk", "193000005"), action("email", OWN.instance_id)]  # fmt: skip

    found = settled(*named, there=(OWN, SLACK, SECOND, OFF, OTHER_DESK))

    assert found == ["193000003", "193000004", "193000005", ""]


@pytest.mark.parametrize(
    ("wanted", "there", "why"),
    [
        (action("slack"), (OWN,), 'no slack account.*POST /api/integrations with "platform"'),
        (action("slack"), (OWN, OFF), "no slack account is connected and enabled"),
        (action("slack"), (OWN, SLACK, SECOND), "2 slack accounts.*193000002, 193000003.*Name"),
        (action("slack", "193999999"), (OWN, SLACK), "is no integration"),
        (action("slack", OWN.instance_id), (OWN, SLACK), "is a freshdesk account"),
        (action("email", SLACK.instance_id), (OWN, SLACK), "need no account"),
    ],
)
def test_what_cannot_be_settled_is_refused_with_what_to_do(
    wanted: RuleAction, there: tuple[Instance, ...], why: str
) -> None:
    with pytest.raises(InvalidRule, match=why) as raised:
        settled(action("freshdesk"), wanted, there=there)

    assert raised.value.fields[0].field.startswith("actions[1].")


def test_a_platform_that_is_switched_off_is_refused() -> None:
    with pytest.raises(InvalidRule, match=r"email is switched off here.*Set EmailSender"):
        settled(action("email"), switched_off={"email": "Set EmailSender."})


def test_nobody_is_listed_where_nothing_is_left_open() -> None:
    def every() -> Iterable[Instance]:
        raise AssertionError

    rule = builders.rule(actions=(action("freshdesk"), action("slack", "193000002")))

    with_targets(rule, OWN, find=lambda _id: SLACK, every=every)


def body(instance_id: object) -> dict[str, Any]:
    one = {"platform": "slack", "action": "send_message", "parameters": {}}
    return {
        "trigger": {"platform": "freshdesk", "event": "ticket_created"},
        "actions": [one | {"instance_id": instance_id}],
    }


@pytest.mark.parametrize(
    ("given", "kept"), [(193000002, "193000002"), ("193000002", "193000002"), (None, ""), ("", "")]
)
def test_an_account_is_read_and_written_as_a_number(given: object, kept: str) -> None:
    rule = read_rule(body(given), rule_id="rul_1")

    assert rule.actions[0].instance_id == kept
    shown = write_rule(rule)["actions"][0]
    assert shown.get("instance_id") == (int(kept) if kept else None)
    assert read_rule(write_rule(rule), rule_id="rul_1", saved=True) == rule


@pytest.mark.parametrize("given", ["{{ ticket.id }}", "me", True, 0, -1, 1.5, "007", [1], "1" * 21])
def test_anything_else_is_no_account(given: object) -> None:
    with pytest.raises(InvalidRule, match=r"actions\[0\]\.instance_id must be"):
        read_rule(body(given), rule_id="rul_1")


def test_the_request_is_for_the_account_and_its_origin_leads_back() -> None:
    rule = builders.rule(
        actions=(
            RuleAction("slack", "send_message", {"message": "x"}, instance_id="193000002"),
            RuleAction("freshdesk", "add_note", {"ticket_id": 7, "body": "x"}),
        )
    )

    sent = plan(rule, builders.event(), now=builders.RECEIVED_AT).requests()

    assert [one.instance_id for one in sent] == ["193000002", builders.INSTANCE_ID]
    assert [one.origin.get("rule_instance_id") for one in sent] == [builders.INSTANCE_ID, None]
