"""An event becomes the actions that its instance's rules ask for."""

from __future__ import annotations

from freshbridge.rules.model import RuleAction
from freshbridge.rules.route import actions_for
from tests import builders

NOW = "2026-03-03T12:02:41Z"


def test_each_matching_rule_gives_its_actions_in_order() -> None:
    actions = (
        RuleAction("freshdesk", "update_ticket", {"ticket_id": "{{ ticket.id }}", "priority": 4}),
        RuleAction("freshdesk", "add_note", {"ticket_id": "{{ ticket.id }}", "body": "Hi"}),
    )
    rules = [
        builders.rule(actions=actions),
        builders.rule(rule_id="rul_2", event="ticket_closed"),
        builders.rule(rule_id="rul_3"),
    ]

    requests, errors = actions_for(builders.event(), rules, now=NOW)

    assert errors == []
    assert [(r.origin["rule_id"], r.action) for r in requests] == [
        ("rul_1", "update_ticket"),
        ("rul_1", "add_note"),
        ("rul_3", "add_note"),
    ]
    first = requests[0]
    assert first.parameters == {"ticket_id": 1042, "priority": 4}
    assert first.instance_id == builders.INSTANCE_ID
    assert first.submitted_at == NOW
    assert first.correlation_id == "evt_0001"
    assert first.origin == {"type": "rule", "rule_id": "rul_1", "event_id": "evt_0001"}


def test_routing_an_event_again_names_the_same_effects_and_another_event_others() -> None:
    rules = [builders.rule(), builders.rule(rule_id="rul_2")]

    once, _ = actions_for(builders.event(), rules, now=NOW)
    again, _ = actions_for(builders.event(), rules, now="2026-03-04T00:00:00Z")
    other, _ = actions_for(builders.event(id="evt_0002"), rules, now=NOW)

    keys = [[r.idempotency_key for r in some] for some in (once, again, other)]
    assert keys[0] == keys[1]
    assert len({*keys[0], *keys[2]}) == 4


def test_a_rule_that_cannot_be_filled_runs_nothing_of_itself_and_all_of_the_others() -> None:
    broken = builders.rule(
        rule_id="rul_broken",
        actions=(
            RuleAction("freshdesk", "add_note", {"ticket_id": 7, "body": "fine"}),
            RuleAction("freshdesk", "add_note", {"ticket_id": 7, "body": "{{ ticket.nothing }}"}),
        ),
    )

    requests, errors = actions_for(builders.event(), [broken, builders.rule()], now=NOW)

    assert [r.origin["rule_id"] for r in requests] == ["rul_1"]
    assert len(errors) == 1
    assert "rul_broken" in str(errors[0])
    assert "parameters.body" in str(errors[0])


def test_one_rule_s_template_cannot_take_the_event_from_the_next_rule() -> None:
    thief = builders.rule(
        rule_id="rul_thief",
        actions=(RuleAction("freshdesk", "add_note", {"ticket_id": "{{ ticket.pop('id') }}"}),),
    )

    requests, errors = actions_for(builders.event(), [thief, builders.rule()], now=NOW)

    assert errors == []
    assert [r.parameters["ticket_id"] for r in requests] == [1042, 1042]


def test_the_whole_event_can_be_named_too() -> None:
    named = builders.rule(
        actions=(RuleAction("freshdesk", "add_note", {"body": "{{ event.type }} {{ type }}"}),)
    )

    requests, _ = actions_for(builders.event(), [named], now=NOW)

    assert requests[0].parameters == {"body": "ticket_created ticket_created"}
