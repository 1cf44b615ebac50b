"""Rules at work: runs are counted, kept and listed; ordered actions follow one another."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from freshbridge import aws, timestamps
from freshbridge.actions.record import State
from freshbridge.actions.record_store import RecordStore
from freshbridge.errors import NotFound, ProviderDown
from freshbridge.events.normalised import Event
from freshbridge.queues import envelope
from freshbridge.queues.envelope import ActionRequest
from freshbridge.queues.payload import PayloadStore
from freshbridge.queues.publish import NotQueued, Publisher
from freshbridge.rules.continuation import Continuation, NotThereYet
from freshbridge.rules.dispatch import Dispatcher
from freshbridge.rules.guard import RunGuard
from freshbridge.rules.model import Rule, RuleAction
from freshbridge.rules.options import Cap, Options
from freshbridge.rules.route import Run
from freshbridge.rules.run_store import RunStore
from freshbridge.rules.schedule import read_schedule
from tests import builders
from tests.fakes.aws_failures import Failing, client_error, raising
from tests.integration.conftest import ORGANIZATION_SECRET, USER_SECRET, Stack, Start

NOW = timestamps.from_text(builders.RECEIVED_AT)
NOTE = RuleAction("freshdesk", "add_note", {"ticket_id": "{{ ticket.id }}", "body": "Seen"})
FOLLOWING = RuleAction(
    "freshdesk",
    "add_note",
    {
        "ticket_id": 1042,
        "body": "After {{ results[0].data.conversation_id }} / {{ steps.first.state }}",
    },
)
FIRST = RuleAction("freshdesk", "add_note", NOTE.parameters, name="first")
LAST = RuleAction("freshdesk", "add_note", {"ticket_id": 1042, "body": "Last"})


class Sending(Publisher):
    """Remembers what it sends one by one, and with which delay."""

    def __init__(self, queue_url: str, payloads: PayloadStore) -> None:
        super().__init__(queue_url, payloads, prefix="actions")
        self.sent: list[tuple[envelope.Message, int]] = []

    def publish(self, envelope: envelope.Message, name: str, delay_s: int = 0) -> None:
        """Send one message."""
        self.sent.append((envelope, delay_s))
        super().publish(envelope, name, delay_s)


class Desk:
    """The parts that rules run with, in one stack."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.payloads = PayloadStore(stack.names["PayloadBucket"])
        self.queue = Sending(stack.names["ActionQueue"], self.payloads)
        self.runs = RunStore(stack.names["ActionTable"], self.payloads, days=30)
        self.guard = RunGuard(stack.names["IdempotencyTable"])
        self.dispatcher = Dispatcher(self.guard, self.runs, self.queue)
        self.records = RecordStore(stack.names["ActionTable"], self.payloads, days=30)
        self.continuation = Continuation(self.runs, self.records, self.queue)

    def dispatch(self, rule: Rule, event: Event | None = None) -> Run:
        """What one rule does on one event."""
        (run,) = self.dispatcher.dispatch(event or builders.event(), [rule], now=NOW)
        return run

    def queued(self) -> list[ActionRequest]:
        """Every message that is visible."""
        return [
            envelope.action_request(self.payloads.unpack(message["Body"]))
            for message in self.stack.messages("ActionQueue")
        ]

    def take(self) -> ActionRequest:
        """The one message of the queue, which is then gone."""
        (request,) = self.queued()
        for record in self.stack.poll("ActionQueue")["Records"]:
            aws.sqs().delete_message(
                QueueUrl=self.stack.names["ActionQueue"], ReceiptHandle=record["receiptHandle"]
            )
        return request

    def shown(self, rule_id: str = "rul_1") -> list[dict[str, Any]]:
        """The rule's history."""
        return self.runs.page(builders.INSTANCE_ID, rule_id, limit=50, after=None).runs


@pytest.fixture
def desk(stack: Stack) -> Desk:
    return Desk(stack)


def event_of(number: int, **changed: Any) -> Event:
    """Events that differ by their ids."""
    return builders.event(id=f"evt_{number}", **changed)


def ordered(*actions: RuleAction, **options: Any) -> Rule:
    return builders.rule(actions=actions, options=Options(run="ordered", **options))


# --- how often


def test_a_loop_ends_for_its_ticket_and_no_other(desk: Desk) -> None:
    rule = builders.rule(options=Options(loop_guard=Cap(3, "hour")))

    outcomes = [desk.dispatch(rule, event_of(n)).outcome for n in range(5)]
    other = desk.dispatch(rule, event_of(9, ticket={"id": 2043}))

    assert outcomes == ["ran", "ran", "ran", "skipped", "skipped"]
    assert other.outcome == "ran"
    assert len(desk.queued()) == 4
    assert [run["code"] for run in desk.shown()].count("loop_guard") == 2
    assert "ticket 1042 3 times in this hour" in next(
        run["reason"] for run in desk.shown() if run["code"]
    )


def test_a_loop_ends_without_being_asked_to(desk: Desk) -> None:
    outcomes = [desk.dispatch(builders.rule(), event_of(n)).outcome for n in range(12)]

    assert outcomes == ["ran"] * 10 + ["skipped"] * 2


def test_what_is_above_the_rate_cap_is_skipped_until_the_next_minute(desk: Desk) -> None:
    rule = builders.rule(options=Options(rate_cap=Cap(2, "minute")))

    def outcome(number: int, at: str) -> str:
        event = event_of(number, ticket={"id": number}, received_at=at)
        return desk.dispatch(rule, event).outcome

    assert [outcome(n, "2026-03-03T12:02:40Z") for n in (1, 2, 3)] == ["ran", "ran", "skipped"]
    assert outcome(4, "2026-03-03T12:03:00Z") == "ran"
    assert outcome(5, "2026-03-03T12:02:59Z") == "skipped"


def test_routing_an_event_again_counts_once_and_judges_the_same(desk: Desk) -> None:
    rule = builders.rule(options=Options(rate_cap=Cap(2, "hour"), loop_guard=Cap(2, "hour")))

    once = [desk.dispatch(rule, event_of(n)).outcome for n in (1, 2, 3)]
    again = [desk.dispatch(rule, event_of(n)).outcome for n in (1, 2, 3)]

    assert once == again == ["ran", "ran", "skipped"]
    assert len(desk.shown()) == 3


def test_what_does_not_run_is_not_counted(desk: Desk) -> None:
    rule = builders.rule(options=Options(loop_guard=Cap(1, "hour")))
    broken = builders.rule(
        actions=(RuleAction("freshdesk", "add_note", {"body": "{{ ticket.nothing }}"}),),
        options=rule.options,
    )

    assert desk.dispatch(broken, event_of(1)).outcome == "failed"
    assert desk.dispatch(rule, event_of(2)).outcome == "ran"


def test_an_event_about_nothing_is_guarded_by_the_rate_cap_alone(desk: Desk) -> None:
    rule = builders.rule(
        actions=(RuleAction("freshdesk", "list_agents", {}),),
        options=Options(loop_guard=Cap(1, "hour")),
    )

    assert [desk.dispatch(rule, event_of(n, ticket={})).outcome for n in (1, 2)] == ["ran", "ran"]


@pytest.mark.parametrize("method", ["update_item", "put_item"])
def test_while_a_table_is_down_nothing_is_queued(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    broken = Failing(aws.dynamodb(), **{method: raising(client_error(method))})
    monkeypatch.setattr(aws, "dynamodb", lambda: broken)

    with pytest.raises(ClientError):
        desk.dispatch(builders.rule())

    assert desk.stack.messages("ActionQueue") == []


# --- history


def test_what_a_customer_wrote_is_text_in_every_note_of_an_ordered_run(desk: Desk) -> None:
    words = {"ticket_id": 7, "body": "{{ ticket.subject }} {{ results|length }}"}
    event = builders.event(ticket={"id": 7, "subject": "<b>"})
    first, later = (
        RuleAction("freshdesk", "add_note", words | body)
        for body in ({"body": "{{ ticket.subject }}"}, {})
    )
    desk.dispatch(ordered(first, later), event)

    bodies = [act(desk, {}).parameters["body"] for _ in range(2)]

    assert bodies == ["&lt;b&gt;", "&lt;b&gt; 1"]


def test_a_run_names_its_event_its_actions_and_where_they_are(desk: Desk) -> None:
    later = RuleAction("freshdesk", "add_note", {"ticket_id": 1, "body": "x"}, delay_s=60)
    run = desk.dispatch(builders.rule(actions=(NOTE, later), version=4))

    (shown,) = desk.shown()

    first, second = (action.action_id for action in run.actions)
    assert shown == {
        "run_id": run.run_id,
        "at": builders.RECEIVED_AT,
        "state": None,
        "code": None,
        "reason": None,
        "event_id": "evt_0001",
        "subject": "ticket 1042",
        "rule_version": 4,
        "called_by": None,
        "enriched": None,
        "enrichment_error": None,
        "actions": [
            {
                "action_id": first,
                "platform": "freshdesk",
                "action": "add_note",
                "href": f"/api/actions/{first}",
            },
            {
                "action_id": second,
                "platform": "freshdesk",
                "action": "add_note",
                "due_at": "2026-03-03T12:03:40Z",
                "href": f"/api/actions/{second}",
            },
        ],
    }
    assert desk.queued()[0].action_id == first


def test_a_delayed_message_is_hidden_by_the_queue_for_at_most_what_it_can(desk: Desk) -> None:
    delays = (0, 60, 43_200)
    actions = tuple(
        RuleAction("freshdesk", "add_note", {"ticket_id": 1, "body": "x"}, delay_s=delay)
        for delay in delays
    )
    desk.dispatch(builders.rule(actions=actions))

    assert [delay_s for _, delay_s in desk.queue.sent] == [60, 900]
    assert len(desk.queued()) == 1


def test_a_rule_that_waits_for_its_hours_says_when(desk: Desk) -> None:
    hours = read_schedule({"days": ["monday"], "from": "09:00", "to": "17:00", "outside": "wait"})

    desk.dispatch(builders.rule(options=Options(schedule=hours)))

    (shown,) = desk.shown()
    assert shown["actions"][0]["due_at"] == "2026-03-09T09:00:00Z"
    assert desk.queued() == []


def test_a_mended_rule_runs_when_its_event_is_put_back(desk: Desk) -> None:
    broken = ordered(RuleAction("freshdesk", "add_note", {"body": "{{ ticket.nothing }}"}), LAST)
    assert desk.dispatch(broken).outcome == "failed"
    (failed,) = desk.shown()
    assert (failed["state"], failed["code"]) == ("failed", "invalid_template")
    assert "actions[0].parameters.body" in failed["reason"]

    desk.dispatch(ordered(NOTE, LAST))

    (shown,) = desk.shown()
    assert (shown["state"], shown["code"], shown["reason"]) == ("running", None, None)
    assert desk.take().origin["step"] == 0


def test_the_history_has_pages_of_each_rule_s_own(desk: Desk) -> None:
    for number in range(5):
        at = NOW + timedelta(seconds=number)
        desk.dispatcher.dispatch(event_of(number), [builders.rule()], now=at)
    desk.dispatch(builders.rule(rule_id="rul_2"))

    found: list[str] = []
    after: str | None = None
    while True:
        page = desk.runs.page(builders.INSTANCE_ID, "rul_1", limit=2, after=after)
        found += [run["event_id"] for run in page.runs]
        after = page.after
        if after is None:
            break

    assert found == [f"evt_{n}" for n in (4, 3, 2, 1, 0)]
    first = desk.runs.page(builders.INSTANCE_ID, "rul_1", limit=2, after=None).after
    with pytest.raises(Exception, match="another list"):
        desk.runs.page(builders.INSTANCE_ID, "rul_2", limit=2, after=first)


def test_an_expired_run_is_not_shown(stack: Stack) -> None:
    desk = Desk(stack)
    desk.dispatch(builders.rule())
    late = RunStore(
        stack.names["ActionTable"],
        desk.payloads,
        days=30,
        clock=lambda: timestamps.epoch() + 31 * 86_400,
    )

    assert late.page(builders.INSTANCE_ID, "rul_1", limit=5, after=None).runs == []


def test_the_history_is_read_over_http_and_keeps_apart_from_actions(
    desk: Desk, start: Start
) -> None:
    instance = desk.stack.connect()
    run = desk.dispatch(builders.rule())

    def get(path: str, **query: str) -> tuple[int, dict[str, Any]]:
        access = f"User {USER_SECRET}, Organization {ORGANIZATION_SECRET}"
        event = builders.rest_event("GET", path, headers={"Authorization": access})
        event["queryStringParameters"] = query or None
        answer = start("ConnectorApi").handler(event, builders.Context())
        return answer["statusCode"], json.loads(answer["body"])

    runs = f"/api/integrations/{instance.instance_id}/rules/rul_1/runs"
    status, body = get(runs, limit="1")

    assert status == 200
    assert [r["run_id"] for r in body["data"]["runs"]] == [run.run_id]
    # A rule without a history has none to show; one that never was is unknown.
    desk.stack.save_rule(builders.rule(rule_id="rul_2"))
    other = f"/api/integrations/{instance.instance_id}/rules/rul_2/runs"
    assert get(other)[1]["data"] == {"runs": [], "after": None}
    status, body = get(other.replace("rul_2", "rul_nope"))
    assert (status, body["code"]) == (404, "unknown_rule")
    assert get(runs, after="eyJ4IjoiMSJ9")[0] == 400
    assert get(f"/api/integrations/{instance.instance_id}/actions")[1]["data"]["actions"] == []
    assert get(f"/api/actions/run#{run.run_id}")[0] == 404


# --- one after the other


def act(desk: Desk, outcome: dict[str, Any] | Exception) -> ActionRequest:
    """Do to the one message of the queue what action_executor does."""
    request = desk.take()
    desk.records.submit(request)
    with suppress(NotFound, ProviderDown), desk.continuation.following(request):
        if isinstance(outcome, Exception):
            raise outcome
        desk.records.end(request, State.SUCCEEDED, None, message="Note added", data=outcome)
    return request


def test_ordered_actions_follow_one_another_with_results(desk: Desk) -> None:
    desk.dispatch(ordered(FIRST, FOLLOWING, LAST))

    done = [act(desk, {"conversation_id": number}) for number in (31, 32, 33)]

    assert [request.parameters["body"] for request in done] == [
        "Seen", "After 31 / succeeded", "Last",
    ]  # fmt: skip
    assert desk.queued() == []
    (shown,) = desk.shown()
    assert (shown["state"], shown["reason"]) == ("done", None)
    assert [action["action_id"] for action in shown["actions"]] == [r.action_id for r in done]


def test_a_result_that_is_too_large_is_named_without_its_data(desk: Desk) -> None:
    telling = RuleAction(
        "freshdesk", "add_note", {"body": "{{ results[0].message }} {{ results[0].data }}"}
    )
    desk.dispatch(ordered(FIRST, telling, missing="empty"))

    act(desk, {"tickets": ["x" * 70_000]})

    assert desk.take().parameters == {"body": "Note added "}


def test_an_action_that_is_refused_stops_the_rest(desk: Desk) -> None:
    desk.dispatch(ordered(FIRST, LAST))

    act(desk, NotFound("no such ticket"))

    assert desk.queued() == []
    (shown,) = desk.shown()
    assert (shown["state"], shown["reason"]) == ("stopped", "action 1 of 2 ended with not_found")


def test_a_refused_action_that_is_put_back_and_succeeds_takes_its_run_on(desk: Desk) -> None:
    desk.dispatch(ordered(FIRST, LAST))
    refused = act(desk, NotFound("no such ticket"))

    desk.queue.publish(refused, refused.action_id)
    act(desk, {"conversation_id": 31})
    last = act(desk, {"conversation_id": 32})

    assert last.parameters["body"] == "Last"
    assert desk.shown()[0]["state"] == "done"


def test_a_rule_may_go_on_after_a_failure_and_tell_of_it(desk: Desk) -> None:
    telling = RuleAction(
        "freshdesk", "add_note", {"body": "{{ steps.first.state }} {{ results[0].code }}"}
    )
    desk.dispatch(ordered(FIRST, telling, on_failure="continue"))

    act(desk, NotFound("no such ticket"))
    told = act(desk, {"conversation_id": 31})

    assert told.parameters == {"body": "failed not_found"}
    assert desk.shown()[0]["state"] == "done"


def test_what_is_only_put_off_moves_nothing(desk: Desk) -> None:
    desk.dispatch(ordered(FIRST, LAST))

    act(desk, ProviderDown("Freshdesk failed"))

    assert (desk.queued(), desk.shown()[0]["state"]) == ([], "running")


def test_what_was_tried_for_too_long_stops_the_rest(desk: Desk) -> None:
    desk.dispatch(ordered(FIRST, LAST))

    desk.continuation.failed(desk.take(), "exhausted_provider_down")

    assert desk.queued() == []
    assert desk.shown()[0]["reason"] == "action 1 of 2 ended with exhausted_provider_down"


def test_a_result_that_is_not_there_ends_the_run_or_is_passed_over(desk: Desk) -> None:
    wanting = RuleAction("freshdesk", "add_note", {"body": "{{ results[0].data.nothing }}"})
    for number, on_failure in enumerate(("stop", "continue")):
        desk.dispatch(ordered(FIRST, wanting, LAST, on_failure=on_failure), event_of(number))
        desk.continuation.succeeded(desk.take())

    went_on = desk.take()
    assert went_on.origin["step"] == 2
    desk.continuation.succeeded(went_on)
    by_event = {run["event_id"]: run for run in desk.shown()}
    assert [by_event[f"evt_{n}"]["state"] for n in (0, 1)] == ["failed", "done"]
    assert "actions[1].parameters.body" in by_event["evt_0"]["reason"]


def test_the_last_template_that_cannot_be_filled_is_told(desk: Desk) -> None:
    wanting = RuleAction("freshdesk", "add_note", {"body": "{{ results[0].data.nothing }}"})
    desk.dispatch(ordered(FIRST, wanting, on_failure="continue"))

    desk.continuation.succeeded(desk.take())

    assert desk.shown()[0]["state"] == "failed"
    assert desk.queued() == []


def test_a_missing_result_is_empty_where_the_rule_says_so(desk: Desk) -> None:
    wanting = RuleAction("freshdesk", "add_note", {"body": "<{{ results[0].data.nothing }}>"})
    desk.dispatch(ordered(FIRST, wanting, missing="empty"))

    desk.continuation.succeeded(desk.take())

    assert desk.take().parameters == {"body": "<>"}


def test_the_event_is_still_there_for_a_later_action_however_large(desk: Desk) -> None:
    both = RuleAction(
        "freshdesk", "add_note", {"body": "{{ ticket.subject|length }} {{ results|length }}"}
    )
    desk.dispatch(ordered(FIRST, both), builders.event(ticket={"id": 7, "subject": "x" * 250_000}))

    desk.continuation.succeeded(desk.take())

    assert desk.take().parameters == {"body": "250000 1"}


def test_a_run_whose_stored_event_is_gone_ends_quietly(desk: Desk) -> None:
    desk.dispatch(
        ordered(FIRST, FOLLOWING), builders.event(ticket={"id": 7, "subject": "x" * 250_000})
    )
    for key in desk.stack.objects("PayloadBucket"):
        aws.s3().delete_object(Bucket=desk.stack.names["PayloadBucket"], Key=key)

    desk.continuation.succeeded(desk.take())

    assert desk.queued() == []


def test_a_later_action_s_delay_begins_when_the_one_before_has_ended(desk: Desk) -> None:
    late = RuleAction("freshdesk", "add_note", {"body": "x"}, delay_s=7200)
    ended = NOW + timedelta(hours=5)
    continuation = Continuation(
        desk.runs,
        desk.records,
        desk.queue,
        clock=lambda: ended,
    )

    desk.dispatcher.dispatch(builders.event(), [ordered(FIRST, late)], now=NOW)
    continuation.succeeded(desk.take())

    ((sent, delay_s),) = desk.queue.sent
    assert isinstance(sent, ActionRequest)
    assert (sent.origin["not_before"], delay_s) == ("2026-03-03T19:02:40Z", 900)
    assert sent.submitted_at == "2026-03-03T17:02:40Z"


def test_how_deep_a_chain_of_rules_is_goes_along_with_each_action(desk: Desk) -> None:
    @dataclass(frozen=True)
    class Caused(Event):
        depth: int = 3

    desk.dispatch(ordered(FIRST, LAST), Caused(**vars(builders.event())))
    desk.continuation.succeeded(desk.take())

    assert desk.take().origin["depth"] == 3


# --- what may go wrong between two actions


def test_an_action_that_ends_twice_queues_what_follows_once(desk: Desk) -> None:
    desk.dispatch(ordered(FIRST, LAST))
    first = desk.take()

    desk.continuation.succeeded(first)
    desk.continuation.succeeded(first)
    desk.continuation.failed(first, "not_found")

    assert desk.take().origin["step"] == 1
    assert desk.shown()[0]["state"] == "running"


def test_a_death_after_queueing_and_before_noting_it_loses_and_doubles_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.dispatch(ordered(FIRST, LAST))
    first = desk.take()
    with monkeypatch.context() as patched:
        broken = Failing(aws.dynamodb(), update_item=raising(client_error("UpdateItem")))
        patched.setattr(aws, "dynamodb", lambda: broken)
        with pytest.raises(ClientError):
            desk.continuation.succeeded(first)
    second = desk.take()

    # The second one ends first: it has to wait for the first one's message to come again.
    with pytest.raises(NotThereYet):
        desk.continuation.succeeded(second)
    desk.continuation.succeeded(first)
    again = desk.take()
    desk.continuation.succeeded(again)

    assert again.idempotency_key == second.idempotency_key
    assert desk.shown()[0]["state"] == "done"


def test_of_two_who_take_a_run_on_the_second_changes_nothing(desk: Desk) -> None:
    run = desk.dispatch(ordered(FIRST, LAST))

    desk.runs.advance(run.run_id, step=0, to=1, state="running")
    desk.runs.advance(run.run_id, step=0, to=0, state="stopped")

    progress = desk.runs.progress(run.run_id)
    assert progress is not None
    assert (progress.step, desk.shown()[0]["state"]) == (1, "running")


def test_while_the_queue_is_down_the_run_stays_where_it_is(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.dispatch(ordered(FIRST, LAST))
    first = desk.take()
    with monkeypatch.context() as patched:
        broken = Failing(aws.sqs(), send_message=raising(client_error("SendMessage")))
        patched.setattr(aws, "sqs", lambda: broken)
        with pytest.raises(NotQueued), desk.continuation.following(first):
            pass

    with pytest.raises(NotFound), desk.continuation.following(first):
        raise NotFound("no such ticket")
    assert desk.shown()[0]["state"] == "stopped"
    desk.continuation.succeeded(first)

    assert desk.take().origin["step"] == 1


@pytest.mark.parametrize(
    "origin",
    [
        {"type": "api"},
        {"run_id": 7, "step": 0},
        {"run_id": "run_none", "step": 0},
        {"step": "0"},
        {"step": -1},
        {"step": 99},
        {"step": True},
    ],
)
def test_a_stranger_s_message_moves_no_run(desk: Desk, origin: dict[str, Any]) -> None:
    run = desk.dispatch(ordered(FIRST, LAST))
    desk.take()
    stranger = builders.action_request(origin={"run_id": run.run_id, "step": 0} | origin)

    desk.continuation.succeeded(stranger)
    desk.continuation.failed(stranger, "not_found")

    assert desk.queued() == []
    assert desk.shown()[0]["state"] == "running"


# --- through the function


@pytest.mark.parametrize("known", [True, False])
def test_a_status_of_the_account_s_own_is_met_by_its_number(
    desk: Desk, start: Start, *, known: bool
) -> None:
    config = {"custom_statuses": {"Waiting on vendor": 9}} if known else {}
    desk.stack.connect(builders.instance(config=config))
    desk.stack.save_rule(builders.rule(conditions={"status": 9}))
    body = json.dumps(builders.simple_content(ticket_status="Waiting on vendor"))
    desk.stack.send("EventQueue", builders.received_event(body=body))

    assert desk.stack.deliver("EventQueue", start("EventRouter").handler) == []

    assert len(desk.queued()) == (1 if known else 0)


def test_the_rules_of_an_instance_that_is_gone_do_nothing(desk: Desk, start: Start) -> None:
    desk.stack.send("EventQueue", builders.received_event())

    assert desk.stack.deliver("EventQueue", start("EventRouter").handler) == []

    assert desk.queued() == []


def test_the_router_runs_rules_keeps_their_history_and_parks_what_it_cannot_fill(
    desk: Desk, start: Start
) -> None:
    desk.stack.connect()
    capped = Options(rate_cap=Cap(1, "hour"))
    desk.stack.save_rule(builders.rule(options=capped, conditions={"priority": {"gte": "High"}}))
    desk.stack.save_rule(builders.rule(rule_id="rul_off").enabled(on=False))
    for number in (1, 2):
        body = json.dumps(builders.simple_content(ticket_id=number))
        desk.stack.send("EventQueue", builders.received_event(event_id=f"evt_{number}", body=body))

    assert desk.stack.deliver("EventQueue", start("EventRouter").handler) == []

    assert [request.origin["event_id"] for request in desk.queued()] == ["evt_1"]
    assert {run["event_id"]: run["code"] for run in desk.shown()} == {
        "evt_1": None, "evt_2": "rate_cap",
    }  # fmt: skip
    assert desk.shown("rul_off") == []
