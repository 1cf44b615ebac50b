"""An event becomes the runs, and the actions, that its instance's rules ask for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from freshbridge.events.normalised import Event
from freshbridge.queues.envelope import ActionRequest
from freshbridge.rules.model import Rule, RuleAction
from freshbridge.rules.options import Options
from freshbridge.rules.postponement import wait_s
from freshbridge.rules.route import DEEPEST_CHAIN, Run, runs_of
from freshbridge.rules.schedule import read_schedule
from freshbridge.timestamps import from_text
from tests import builders

NOW = "2026-03-03T12:02:41Z"
NOTE = RuleAction("freshdesk", "add_note", {"ticket_id": "{{ ticket.id }}", "body": "Hi"})


def requests_of(event: Event, rules: list[Rule], *, now: str = NOW) -> list[ActionRequest]:
    return [request for run in runs_of(event, rules, now=now) for request in run.requests()]


def only(rule: Rule, event: Event | None = None) -> Run:
    (run,) = runs_of(event or builders.event(), [rule], now=NOW)
    return run


def test_each_matching_rule_gives_its_actions_in_order() -> None:
    actions = (
        RuleAction("freshdesk", "update_ticket", {"ticket_id": "{{ ticket.id }}", "priority": 4}),
        NOTE,
    )
    rules = [
        builders.rule(actions=actions),
        builders.rule(rule_id="rul_2", event="ticket_closed"),
        builders.rule(rule_id="rul_3"),
    ]

    requests = requests_of(builders.event(), rules)

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


def test_a_rule_that_is_off_does_nothing() -> None:
    assert runs_of(builders.event(), [builders.rule().enabled(False)], now=NOW) == []


def test_routing_an_event_again_names_the_same_effects_and_another_event_others() -> None:
    rules = [builders.rule(), builders.rule(rule_id="rul_2")]

    once = requests_of(builders.event(), rules)
    again = requests_of(builders.event(), rules, now="2026-03-04T00:00:00Z")
    other = requests_of(builders.event(id="evt_0002"), rules)

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

    failed, ran = runs_of(builders.event(), [broken, builders.rule()], now=NOW)

    assert (failed.outcome, failed.code, failed.requests()) == ("failed", "invalid_template", [])
    assert "actions[1].parameters.body" in failed.reason
    assert [r.origin["rule_id"] for r in ran.requests()] == ["rul_1"]


def test_a_missing_value_is_empty_where_the_rule_says_so() -> None:
    body = {"ticket_id": "{{ ticket.id }}", "body": "Dear {{ contact.name }}: {{ a.b.c }}"}
    lenient = builders.rule(
        actions=(RuleAction("freshdesk", "add_note", body),), options=Options(missing="empty")
    )

    assert only(lenient).requests()[0].parameters == {"ticket_id": 1042, "body": "Dear : "}


def test_one_rule_s_template_cannot_take_the_event_from_the_next_rule() -> None:
    thief = builders.rule(
        rule_id="rul_thief",
        actions=(RuleAction("freshdesk", "add_note", {"ticket_id": "{{ ticket.pop('id') }}"}),),
    )

    stopped, ran = runs_of(builders.event(), [thief, builders.rule()], now=NOW)

    assert stopped.outcome == "failed"
    assert [r.parameters["ticket_id"] for r in ran.requests()] == [1042]


def test_the_whole_event_can_be_named_too() -> None:
    named = builders.rule(
        actions=(RuleAction("freshdesk", "add_note", {"body": "{{ event.type }} {{ type }}"}),)
    )

    (request,) = requests_of(builders.event(), [named])

    assert request.parameters == {"body": "ticket_created ticket_created"}


# --- when


def test_templates_see_who_asked_as_conditions_do_though_the_provider_refuses_more() -> None:
    # Given a webhook that tells of the requester, and a provider that told nothing more
    event = replace(
        builders.event(contact={"email": "ada@customer.example", "name": "Ada"}),
        enriched="refused",
        enrichment_error="forbidden: no",
    )
    text = "{{ ticket.requester.name }} {{ event.ticket.requester.email }}"
    action = RuleAction("freshdesk", "add_note", {"ticket_id": 7, "body": text})
    rule = builders.rule(
        conditions={"ticket.requester.email": "ada@customer.example"}, actions=(action,)
    )

    run = only(rule, event)

    assert (run.outcome, run.reason) == ("ran", "")
    assert run.actions[0].parameters["body"] == "Ada ada@customer.example"
    # What the ticket itself says of its requester comes first.
    own = replace(event, ticket={**event.ticket, "requester": {"name": "Grace"}})
    assert (
        only(builders.rule(actions=(action,)), own)
        .actions[0]
        .parameters["body"]
        .startswith("Grace ada@")
    )


def test_a_delayed_action_names_the_time_before_which_it_may_not_begin() -> None:
    later = RuleAction("freshdesk", "add_note", {"body": "Hi"}, delay_s=3600)

    at_once, delayed = only(builders.rule(actions=(NOTE, later))).requests()

    assert "not_before" not in at_once.origin
    assert delayed.origin["not_before"] == "2026-03-03T13:02:41Z"


def test_outside_its_hours_a_rule_is_skipped_or_waits_for_them() -> None:
    def run(outside: str) -> Run:
        hours = {"days": ["monday"], "from": "09:00", "to": "17:00", "outside": outside}
        return only(builders.rule(options=Options(schedule=read_schedule(hours))))

    skipped, waiting = run("skip"), run("wait")

    assert (skipped.outcome, skipped.code, skipped.requests()) == (
        "skipped", "outside_schedule", [],
    )  # fmt: skip
    # 3 March 2026 is a Tuesday.
    assert waiting.requests()[0].origin["not_before"] == "2026-03-09T09:00:00Z"


def test_within_its_hours_a_rule_runs_at_once() -> None:
    hours = read_schedule({"days": ["tuesday"], "from": "12:00", "to": "13:00"})

    (request,) = only(builders.rule(options=Options(schedule=hours))).requests()

    assert "not_before" not in request.origin


@pytest.mark.parametrize(
    ("not_before", "seconds"),
    [
        (None, 0),
        ("", 0),
        (17, 0),
        ("no time", 0),
        ("2026-03-03T12:02:40Z", 0),
        ("2026-03-03T12:02:41Z", 0),
        ("2026-03-03T12:02:42Z", 1),
        ("2026-03-03T12:12:41Z", 600),
        ("2026-03-04T00:00:00Z", 900),
    ],
)
def test_how_long_a_message_is_held_back(not_before: Any, seconds: int) -> None:
    request = builders.action_request(origin={"type": "rule", "not_before": not_before})

    assert wait_s(request, from_text(NOW)) == seconds


def test_a_message_without_a_time_is_due() -> None:
    assert wait_s(builders.action_request(), from_text(NOW)) == 0


# --- in which order


def test_of_an_ordered_rule_the_first_action_is_queued_and_names_its_run() -> None:
    second = RuleAction("freshdesk", "add_note", {"body": "{{ results[0].data.id }}"})
    ordered = builders.rule(actions=(NOTE, second), options=Options(run="ordered"))

    run = only(ordered)

    (request,) = run.requests()
    assert request.origin == {
        "type": "rule", "rule_id": "rul_1", "event_id": "evt_0001", "run_id": run.run_id, "step": 0,
    }  # fmt: skip
    assert [action.waits for action in run.actions] == [False, True]
    assert run.actions[1].parameters == second.parameters


def test_what_does_not_wait_for_results_is_filled_before_anything_runs() -> None:
    second = RuleAction("freshdesk", "add_note", {"body": "{{ ticket.nothing }}"})
    ordered = builders.rule(actions=(NOTE, second), options=Options(run="ordered"))

    assert only(ordered).outcome == "failed"


def test_an_ordered_rule_of_one_action_is_like_any_other() -> None:
    (request,) = only(builders.rule(options=Options(run="ordered"))).requests()

    assert "run_id" not in request.origin


# --- how deep


@dataclass(frozen=True)
class _Caused(Event):
    """An event that tells how many rules led to it."""

    depth: int = 0


def caused(depth: int) -> Event:
    return _Caused(**vars(builders.event()), depth=depth)


def test_a_chain_of_rules_is_counted_in_the_origin_and_ends() -> None:
    allowed = only(builders.rule(), caused(DEEPEST_CHAIN))
    ended = only(builders.rule(), caused(DEEPEST_CHAIN + 1))

    assert allowed.requests()[0].origin["depth"] == DEEPEST_CHAIN
    assert (ended.outcome, ended.code, ended.requests()) == ("skipped", "chain_too_deep", [])


def test_a_run_knows_what_it_is_about() -> None:
    assert only(builders.rule()).subject == "ticket 1042"
    assert (
        only(builders.rule(), builders.event(ticket={}, contact={"id": 9})).subject == "contact 9"
    )
    assert (
        only(
            builders.rule(actions=(RuleAction("freshdesk", "list_agents", {}),)),
            builders.event(ticket={}),
        ).subject
        == ""
    )
