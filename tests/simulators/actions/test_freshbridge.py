"""freshbridge.run_rule: what it asks for is done at the Freshdesk simulator."""

from __future__ import annotations

from typing import Any

from freshbridge.rules.model import RuleAction
from freshbridge.rules.nested import Called
from freshbridge.rules.rehearsal import read_event
from freshbridge.rules.route import Caller, plan
from tests import builders
from tests.fakes.actions import run_action
from tests.fakes.provider import FakeTransport
from tests.simulators.actions.conftest import Desk


class Calls:
    """Plans the rule and runs what it asks for at once."""

    def __init__(self, desk: Desk, *actions: RuleAction) -> None:
        self.desk = desk
        self.rule = builders.rule(rule_id="rul_2", actions=actions)

    def call(
        self, request: Any, instance: Any, _rule_id: str, event: Any, *, skip_conditions: bool
    ) -> Called:
        """Run the rule."""
        assert skip_conditions
        now = builders.RECEIVED_AT
        read = read_event(
            event, instance_id=instance.instance_id, platform=instance.platform, now=now
        )
        run = plan(self.rule, read, now=now, caller=Caller(request.action_id, 1))
        for asked in run.requests():
            self.desk.run(asked.action, asked.parameters)
        return Called(run)


def test_a_rule_that_is_asked_for_changes_the_ticket(desk: Desk) -> None:
    ticket_id = desk.ticket()
    calls = Calls(
        desk,
        RuleAction("freshdesk", "add_note", {"ticket_id": "{{ ticket.id }}", "body": "Shared"}),
        RuleAction("freshdesk", "set_priority", {"ticket_id": "{{ ticket.id }}", "priority": 4}),
    )
    event = {"type": "ticket_created", "ticket": {"id": ticket_id}}

    outcome = run_action(
        "run_rule",
        {"rule_id": "rul_2", "skip_conditions": True, "event": event},
        FakeTransport(),
        platform="freshbridge",
        client=object(),
        rules=calls,
    )

    assert outcome.message == "Rule run: 2 actions"
    assert desk.account.tickets[ticket_id]["priority"] == 4
    notes = [c for c in desk.account.conversations.values() if c["ticket_id"] == ticket_id]
    assert [note["body_text"] for note in notes] == ["Shared"]
