"""Events are routed once more: one, or all of a window, each once whatever happens meanwhile."""

from __future__ import annotations

import json
from typing import Any

import pytest

from freshbridge import aws
from freshbridge.event_log import replay_jobs
from freshbridge.event_log.filters import Filter
from freshbridge.event_log.lists import EventLists
from freshbridge.event_log.replay_job import ReplayJob, Window
from freshbridge.event_log.replay_jobs import ReplayContended, ReplayJobs
from freshbridge.queues.envelope import Replay, to_text
from freshbridge.queues.payload import PayloadStore
from freshbridge.queues.publish import NotQueued, Publisher
from freshbridge.rules.options import Cap, Options
from tests import builders
from tests.fakes.aws_failures import Failing, client_error, raising
from tests.fakes.provider import FakeTransport, json_reply
from tests.integration.conftest import Stack, Start
from tests.integration.event_world import ACCESS, EVENTS, World, came, recently

ALL = {"from": "2026-03-01T00:00:00Z"}


@pytest.fixture
def world(stack: Stack, start: Start) -> World:
    world = World(stack, start)
    stack.save_rule(builders.rule())
    return world


def replay(world: World, event_id: str, body: Any = None, *, key: str = "") -> str:
    """Ask for a replay; the id of the new event."""
    status, answer, headers = world.call("POST", f"{EVENTS}/{event_id}/replay", body, key=key)
    assert status == 202, answer
    assert headers["Location"] == f"{EVENTS}/{answer['data']['id']}"
    new: str = answer["data"]["id"]
    return new


def window(world: World, *, key: str = "", **body: Any) -> Any:
    """Ask for a replay of many; the answer's data."""
    status, answer, _headers = world.call("POST", f"{EVENTS}/replay", ALL | body, key=key)
    assert status in (200, 202), answer
    return answer["data"]


def replayed(world: World) -> list[str]:
    """Which events were routed again, in the order in which they were."""
    entries = [event for event in world.events(limit="200") if event["replay_of"]]
    assert len({event["id"] for event in entries}) == len(entries)
    return sorted(event["replay_of"] for event in entries)


def jobs(stack: Stack) -> ReplayJobs:
    """Another process at the same jobs."""
    table = stack.names["EventTable"]
    payloads = PayloadStore(stack.names["PayloadBucket"])
    queue = Publisher(stack.names["EventQueue"], payloads, prefix="events")
    return ReplayJobs(table, EventLists(table), queue)


def test_a_replay_is_a_new_event_and_its_rules_run_again(
    world: World, published: list[dict[str, Any]]
) -> None:
    # Given an event that was routed long ago
    world.route(came(1))

    # When it is replayed
    new = replay(world, "evt_0001")
    assert world.trail(new)["state"] == "queued"
    world.settle()

    # Then both ran, each with actions of its own
    assert sorted(world.action_events()) == sorted(["evt_0001", new])
    assert len({body["action_id"] for body in world.stack.bodies("ActionQueue")}) == 2
    trail, original = world.trail(new), world.trail("evt_0001")
    assert (trail["state"], trail["replay_of"]) == ("routed", "evt_0001")
    assert (original["replay_of"], original["received"]["replays"]) == (None, [new])
    assert original["replayed_at"] == trail["received_at"]
    # it came now, about what happened then, and subscribers can tell it from the first
    assert trail["received_at"] > original["received_at"]
    assert trail["occurred_at"] == original["occurred_at"] == builders.RECEIVED_AT
    details = [json.loads(entry["Detail"]) for entry in published]
    assert [detail["replay_of"] for detail in details] == ["", "evt_0001"]
    assert [detail["repeat_of"] for detail in details] == ["", ""]
    assert trail["content"]["body"] == original["content"]["body"]
    assert trail["content"]["event"]["id"] == new


def test_a_replay_runs_the_rules_of_now(world: World, start: Start) -> None:
    world.route(came(1))
    world.stack.save_rule(builders.rule(rule_id="rul_2", name="Newer"))
    start("EventRouter")._ports.cache_clear()

    new = replay(world, "evt_0001")
    world.settle()

    assert [run["rule_id"] for run in world.trail(new)["rules"]["runs"]] == ["rul_1", "rul_2"]
    assert [run["rule_id"] for run in world.trail("evt_0001")["rules"]["runs"]] == ["rul_1"]


def test_a_replay_of_some_rules_runs_those_and_tells_nobody(
    world: World, published: list[dict[str, Any]]
) -> None:
    world.stack.save_rule(builders.rule(rule_id="rul_2"))
    world.route(came(1))
    published.clear()

    new = replay(world, "evt_0001", {"rules": ["rul_2"]})
    world.settle()

    trail = world.trail(new)
    assert [run["rule_id"] for run in trail["rules"]["runs"]] == ["rul_2"]
    assert (trail["rules"]["considered"], trail["received"]["only_rules"]) == (1, ["rul_2"])
    assert trail["outgoing"]["bus"]["published_at"] is None
    assert published == []


def test_a_replay_of_a_rule_that_there_is_not_is_refused(world: World) -> None:
    world.route(came(1))
    body = {"rules": ["rul_1", "rul_nope"]}

    for path, asked in ((f"{EVENTS}/evt_0001/replay", body), (f"{EVENTS}/replay", ALL | body)):
        status, answer, _headers = world.call("POST", path, asked)
        assert (status, answer["code"]) == (400, "invalid_replay")
        assert "there is no rule rul_nope" in answer["message"]

    assert world.stack.count("EventQueue") == (0, 0)


def test_events_of_a_disabled_instance_are_kept_and_replayed_once_it_is_enabled(
    world: World, start: Start, published: list[dict[str, Any]]
) -> None:
    # Given an instance that somebody switched off
    switch = f"/elements/api-v2/instances/{builders.INSTANCE_ID}/enabled"
    assert world.call("DELETE", switch)[0] == 200

    # When an event comes
    world.route(came(1))

    # Then it is kept, listed as what it is, and nothing else is done
    (event,) = world.events(outcome="instance_disabled")
    assert (event["id"], event["state"], event["actions"]) == ("evt_0001", "routed", 0)
    assert world.trail("evt_0001")["outgoing"]["bus"]["published_at"] is None
    assert (world.action_events(), published) == ([], [])

    # and once the instance is switched on again, a replay does it all
    assert world.call("PUT", switch)[0] == 200
    start("EventRouter")._ports.cache_clear()
    window(world, outcome="instance_disabled")
    world.settle()
    assert len(world.action_events()) == len(published) == 1


def test_a_replay_asked_for_twice_with_its_key_is_done_once(world: World) -> None:
    world.route(came(1))

    # Twice before the router has it: two messages, one event
    new = replay(world, "evt_0001", key="k")
    assert replay(world, "evt_0001", key="k") == new
    assert world.stack.count("EventQueue") == (2, 0)
    world.settle()
    # and once more after
    status, body, headers = world.call("POST", f"{EVENTS}/evt_0001/replay", {}, key="k")
    assert (status, body["data"]["state"]) == (202, "routed")
    assert headers["Idempotent-Replayed"] == "true"

    assert world.stack.count("EventQueue") == (0, 0)
    assert sorted(world.action_events()) == sorted(["evt_0001", new])
    assert replay(world, "evt_0001", key="another") != new
    answer = world.call("POST", f"{EVENTS}/evt_0001/replay", {"rules": ["rul_1"]}, key="k")
    assert (answer[0], answer[1]["code"]) == (409, "idempotency_key_reused")


def test_two_messages_of_one_replay_are_one_replay_whatever_changed_between(
    world: World, start: Start
) -> None:
    world.route(came(1))
    new = replay(world, "evt_0001", key="k")
    replay(world, "evt_0001", key="k")
    (first, second) = world.stack.poll("EventQueue")["Records"]
    handler = start("EventRouter").handler
    assert handler({"Records": [first]}, builders.Context()) == {"batchItemFailures": []}
    world.stack.save_rule(builders.rule(rule_id="rul_2"))
    start("EventRouter")._ports.cache_clear()

    assert start("EventRouter").handler({"Records": [second]}, builders.Context()) == {
        "batchItemFailures": []
    }

    assert [run["rule_id"] for run in world.trail(new)["rules"]["runs"]] == ["rul_1"]


def test_a_replay_is_neither_a_repeat_nor_held_against_one(world: World) -> None:
    # Given a change that was made, and replayed
    told: dict[str, Any] = {"ticket_id": 7, "ticket_subject": "s"}
    change = told | {"triggered_event": "{priority:{from:1,to:4}}"}
    back = told | {"triggered_event": "{priority:{from:4,to:1}}"}
    first, second = recently(600), recently(300)
    world.route(came(1, at=first, **change), came(2, at=first, **back))
    new = replay(world, "evt_0001")
    world.settle()
    assert world.trail(new)["received"]["repeat_of"] is None

    # When the provider sends the last one again, and makes the first change once more
    world.route(came(3, at=second, **back), came(4, at=second, **change))

    # Then the one is its repeat, and the other is news of the first, not of the replay
    assert world.trail("evt_0003")["duplicate_of"] == "evt_0002"
    assert world.trail("evt_0004")["repeat_of"] == "evt_0001"


def test_rate_caps_and_loop_guards_hold_for_replays(world: World, start: Start) -> None:
    capped = Options(rate_cap=Cap(2, "hour"), loop_guard=Cap(1, "hour"))
    world.stack.save_rule(builders.rule(options=capped))
    start("EventRouter")._ports.cache_clear()
    world.route(came(1), came(2), came(3))
    world.stack.bodies("ActionQueue")

    # They hold by the time at which the replay was asked for, not by that of the event
    codes = []
    for event_id in ("evt_0001", "evt_0001", "evt_0002", "evt_0003"):
        new = replay(world, event_id)
        world.settle()
        codes.append(world.trail(new)["rules"]["runs"][0]["code"])

    assert codes == [None, "loop_guard", None, "rate_cap"]


def test_a_replay_of_what_is_gone_is_parked_and_says_so(world: World) -> None:
    world.route(came(1))
    order = Replay("evt_new", "evt_gone", builders.INSTANCE_ID, recently())
    elsewhere = Replay("evt_other", "evt_0001", "193000002", recently())
    for one in (order, elsewhere):
        world.stack.send("EventQueue", to_text(one))
    world.settle()

    codes = [
        message["MessageAttributes"]["code"]["StringValue"]
        for message in world.stack.messages("EventDeadLetterQueue")
    ]
    assert codes == ["event_gone", "event_gone"]
    assert world.call("POST", f"{EVENTS}/evt_gone/replay")[0] == 404


def test_what_is_still_on_its_way_is_not_sent_twice(world: World) -> None:
    world.route(came(1))
    new = replay(world, "evt_0001")

    status, answer, _headers = world.call("POST", f"{EVENTS}/{new}/replay")

    assert (status, answer["code"]) == (409, "event_not_done")
    assert world.stack.count("EventQueue") == (1, 0)


def test_a_replay_of_a_replay_and_of_a_parked_event_is_routed(world: World) -> None:
    world.route(came(1), builders.received_event(event_id="evt_0002", body="{}"))
    first = replay(world, "evt_0001")
    world.settle()

    again, unread = replay(world, first), replay(world, "evt_0002")
    world.settle()

    trail = world.trail(again)
    assert (trail["state"], trail["replay_of"]) == ("routed", first)
    assert trail["occurred_at"] == builders.RECEIVED_AT
    assert world.trail(unread)["code"] == "not_a_ticket_event"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"rules": []}, "rules"),
        ({"rules": "rul_1"}, "rules"),
        ({"rules": ["a,b"]}, "rules"),
        ({"rules": [1]}, "rules"),
        ({"rule": ["rul_1"]}, "rule"),
    ],
)
def test_a_wrong_replay_is_refused(world: World, body: Any, field: str) -> None:
    world.route(came(1))

    status, answer, _headers = world.call("POST", f"{EVENTS}/evt_0001/replay", body)

    assert (status, answer["code"]) == (400, "invalid_replay")
    assert [wrong["field"] for wrong in answer["details"]["fields"]] == [field]
    assert world.call("POST", f"{EVENTS}/evt_0001/replay", {}, key="x" * 256)[0] == 400


def test_a_replay_that_cannot_be_queued_promises_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.route(came(1))
    broken = Failing(aws.sqs(), send_message=raising(client_error("SendMessage")))
    monkeypatch.setattr(aws, "sqs", lambda: broken)

    assert world.call("POST", f"{EVENTS}/evt_0001/replay", {})[0] == 503
    assert world.call("POST", f"{EVENTS}/replay", ALL)[0] == 503
    monkeypatch.undo()

    assert world.ids() == ["evt_0001"]
    states = [json.loads(i["job"]["S"]) for i in world.stack.items("EventTable") if "job" in i]
    # Nobody can ask for that job again, so it does not wait for ever.
    assert [job["cancelled"] for job in states] == [True]


def test_a_window_is_counted_first(world: World) -> None:
    change: dict[str, Any] = {"triggered_event": "{priority:{from:1,to:4}}", "ticket_id": 7}
    world.route(came(1), came(2, at="2026-03-03T13:00:00Z"), came(3, **change))
    world.route(builders.received_event(event_id="evt_copy", body=came(1).body))

    counted = window(world, dry_run=True)

    assert counted == {
        "total": 3,
        "complete": True,
        "by_type": {"ticket_created": 2, "ticket_updated": 1},
        "oldest": builders.RECEIVED_AT,
        "newest": "2026-03-03T13:00:00Z",
    }
    assert window(world, dry_run=True, type="ticket_updated")["total"] == 1
    assert window(world, dry_run=True, subject=1001)["total"] == 1
    assert window(world, dry_run=True, outcome="acted")["total"] == 2
    assert window(world, dry_run=True, to="2026-03-03T12:30:00Z")["total"] == 2
    assert window(world, dry_run=True, to="2026-03-02T12:30:00Z")["total"] == 0
    assert world.stack.count("EventQueue") == (0, 0)


def test_a_count_that_takes_too_long_says_so(world: World, stack: Stack) -> None:
    world.route(*(came(number) for number in range(1, 4)))

    class Hurried(EventLists):
        def each(self, *given: Any, **named: Any) -> Any:
            (one, *_) = super().each(*given, **named)
            yield from [one] * 1_000

    table = stack.names["EventTable"]
    payloads = PayloadStore(stack.names["PayloadBucket"])
    queue = Publisher(stack.names["EventQueue"], payloads, prefix="events")
    hurried = ReplayJobs(table, Hurried(table), queue)
    asked = Window(Filter(since=ALL["from"]))

    counted = hurried.counted(builders.INSTANCE_ID, asked, lambda: False)

    assert (counted["complete"], counted["total"]) == (False, 199)


def test_a_window_replays_each_event_once_oldest_first(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given more events than one piece takes, one of them a copy and one a replay
    monkeypatch.setattr(replay_jobs, "PIECE", 3)
    events = [came(number, at=f"2026-03-03T12:{number:02}:00Z") for number in range(1, 11)]
    world.route(*events, builders.received_event(event_id="evt_copy", body=events[0].body))
    world.stack.send(
        "EventQueue", Replay("evt_again", "evt_0001", builders.INSTANCE_ID, recently())
    )
    world.settle()
    before = len(world.action_events())

    # When the window is replayed
    begun = window(world)
    assert (begun["state"], begun["done"]) == ("running", 0)
    world.settle()

    # Then
    status, answer, _headers = world.call("GET", f"{EVENTS}/replays/{begun['replay_id']}")
    done = answer["data"]
    assert (status, done["state"], done["done"], done["skipped"]) == (200, "finished", 10, 2)
    assert done["by_type"] == {"ticket_created": 10}
    assert done["filter"]["from"] == ALL["from"]
    ran = replayed(world)
    assert ran == sorted(["evt_0001"] + [event.event_id for event in events])
    assert len(world.action_events()) - before == 10
    trail = world.trail(next(e["id"] for e in world.events() if e["replay_of"] == "evt_0005"))
    assert trail["received"]["replay_job"] == begun["replay_id"]


def test_a_window_replay_that_dies_in_the_middle_goes_on(
    world: World, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a replay whose second piece is queued, and then its process dies
    monkeypatch.setattr(replay_jobs, "PIECE", 4)
    events = [came(number, at=f"2026-03-03T12:{number:02}:00Z") for number in range(1, 11)]
    world.route(*events)
    job_id = window(world)["replay_id"]
    world.stack.deliver("EventQueue", start("EventRouter").handler)
    real = ReplayJobs._put
    deaths = iter([True])

    def dying(self: ReplayJobs, job: ReplayJob, *, fingerprint: str) -> ReplayJob | None:
        if next(deaths, False):
            raise client_error("PutItem", "ThrottlingException")
        return real(self, job, fingerprint=fingerprint)

    monkeypatch.setattr(ReplayJobs, "_put", dying)
    event = world.stack.poll("EventQueue")
    answer = start("EventRouter").handler(event, builders.Context())

    # When the queue brings its message back
    reported = {one["itemIdentifier"] for one in answer["batchItemFailures"]}
    assert len(reported) == 1
    for record in event["Records"]:
        if record["messageId"] in reported:
            world.stack.send("EventQueue", record["body"])
        aws.sqs().delete_message(
            QueueUrl=world.stack.names["EventQueue"], ReceiptHandle=record["receiptHandle"]
        )
    world.settle()

    # Then each event was replayed once
    assert jobs(world.stack).get(builders.INSTANCE_ID, job_id).done == 10
    assert replayed(world) == [event.event_id for event in events]
    assert len(world.action_events()) == 20


def test_two_that_carry_on_one_replay_replay_each_event_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay_jobs, "PIECE", 3)
    events = [came(number, at=f"2026-03-03T12:{number:02}:00Z") for number in range(1, 8)]
    world.route(*events)
    job_id = window(world)["replay_id"]
    other = jobs(world.stack)
    real = EventLists.page
    meanwhile = iter([True])

    def slow(self: EventLists, *given: Any, **named: Any) -> Any:
        found = real(self, *given, **named)
        if next(meanwhile, False):
            # While this one has read its piece, the other does the same one and writes so.
            other.carry_on(builders.INSTANCE_ID, job_id)
        return found

    monkeypatch.setattr(EventLists, "page", slow)
    jobs(world.stack).carry_on(builders.INSTANCE_ID, job_id)
    world.settle()

    assert jobs(world.stack).get(builders.INSTANCE_ID, job_id).done == 7
    assert replayed(world) == [event.event_id for event in events]
    assert len(world.action_events()) == 14


def test_a_window_sent_twice_with_its_key_is_one_replay(world: World) -> None:
    world.route(came(1))

    first = window(world, key="k")
    second = window(world, key="k")

    assert first["replay_id"] == second["replay_id"]
    world.settle()
    assert replayed(world) == ["evt_0001"]
    status, answer, headers = world.call("POST", f"{EVENTS}/replay", ALL, key="k")
    assert (status, answer["data"]["state"]) == (202, "finished")
    assert headers["Idempotent-Replayed"] == "true"
    assert world.stack.count("EventQueue") == (0, 0)
    other = world.call("POST", f"{EVENTS}/replay", ALL | {"type": "ticket_closed"}, key="k")
    assert (other[0], other[1]["code"]) == (409, "idempotency_key_reused")


def test_a_window_replay_of_some_rules(world: World) -> None:
    world.stack.save_rule(builders.rule(rule_id="rul_2"))
    world.route(came(1), came(2))

    window(world, rules=["rul_2"])
    world.settle()

    again = [event for event in world.events() if event["replay_of"]]
    assert len(again) == 2
    for event in again:
        assert [r["rule_id"] for r in world.trail(event["id"])["rules"]["runs"]] == ["rul_2"]


def test_a_window_replay_can_be_stopped(
    world: World, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay_jobs, "PIECE", 2)
    world.route(*(came(number) for number in range(1, 8)))
    job_id = window(world)["replay_id"]
    world.stack.deliver("EventQueue", start("EventRouter").handler)

    status, answer, _headers = world.call("POST", f"{EVENTS}/replays/{job_id}/cancel")
    world.settle()

    assert (status, answer["data"]["state"], answer["data"]["done"]) == (200, "cancelled", 2)
    assert len(replayed(world)) == 2
    status, answer, _headers = world.call("POST", f"{EVENTS}/replays/{job_id}/cancel")
    assert (status, answer["code"]) == (409, "replay_finished")


def test_stopping_what_goes_on_each_time_is_told(
    world: World, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = window(world)["replay_id"]
    monkeypatch.setattr(ReplayJobs, "_put", lambda *_given, **_named: None)

    with pytest.raises(ReplayContended):
        jobs(stack).cancel(builders.INSTANCE_ID, job_id)


def test_a_replay_of_another_instance_is_not_there(world: World) -> None:
    job_id = window(world)["replay_id"]

    assert world.call("GET", f"{EVENTS}/replays/{job_id}")[0] == 200
    for path in (f"/api/integrations/193000002/events/replays/{job_id}", f"{EVENTS}/replays/x"):
        assert world.call("GET", path)[0] == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "from"),
        ({"from": "2999-01-01T00:00:00Z"}, "from"),
        (ALL | {"to": "2026-02-01T00:00:00Z"}, "from"),
        (ALL | {"dry_run": "yes"}, "dry_run"),
        (ALL | {"limit": 5}, "limit"),
        (ALL | {"type": "ticket_eaten"}, "type"),
        (ALL | {"rules": {}}, "rules"),
    ],
)
def test_a_wrong_window_is_refused(world: World, body: Any, field: str) -> None:
    status, answer, _headers = world.call("POST", f"{EVENTS}/replay", body)

    assert status == 400
    assert [wrong["field"] for wrong in answer["details"]["fields"]] == [field]


def test_a_replay_with_a_key_can_be_asked_for_again_when_it_could_not_be_queued(
    world: World, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.route(came(1))
    broken = Failing(aws.sqs(), send_message=raising(client_error("SendMessage")))
    with monkeypatch.context() as outage:
        outage.setattr(aws, "sqs", lambda: broken)
        with pytest.raises(NotQueued):
            jobs(stack).begin(
                builders.INSTANCE_ID,
                Window(Filter(since=ALL["from"], until=recently(0))),
                by="user 1",
                key="k",
            )

    job, before = jobs(stack).begin(
        builders.INSTANCE_ID,
        Window(Filter(since=ALL["from"], until=recently(0))),
        by="user 1",
        key="k",
    )
    world.settle()

    assert (before, job.state) == (True, "running")
    assert replayed(world) == ["evt_0001"]


def test_a_replay_whose_routing_failed_is_routed_when_it_comes_again(
    world: World, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.route(came(1))
    new = replay(world, "evt_0001")
    broken = Failing(aws.sqs(), send_message_batch=raising(client_error("SendMessageBatch")))
    with monkeypatch.context() as outage:
        outage.setattr(aws, "sqs", lambda: broken)
        (kept,) = world.stack.deliver("EventQueue", start("EventRouter").handler)
    assert world.ids(state="waiting") == [new]

    world.stack.send("EventQueue", kept)
    world.settle()

    assert world.trail(new)["state"] == "routed"
    assert world.action_events().count(new) == 1


def test_a_job_that_cannot_be_kept_is_begun_by_nobody(
    world: World, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Failing(aws.dynamodb(), put_item=raising(client_error("PutItem")))
    with monkeypatch.context() as outage:
        outage.setattr(aws, "dynamodb", lambda: broken)
        status, answer, _headers = world.call("POST", f"{EVENTS}/replay", ALL)

    assert (status, answer["code"]) == (503, "unavailable")
    assert stack.count("EventQueue") == (0, 0)


def test_a_count_asks_how_much_time_there_is(
    world: World, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = EventLists.each

    def many(self: EventLists, *given: Any, **named: Any) -> Any:
        (one,) = real(self, *given, **named)
        yield from [one] * 450

    world.route(came(1))
    monkeypatch.setattr(EventLists, "each", many)
    body = json.dumps(ALL | {"dry_run": True})
    event = builders.rest_event(
        "POST", f"{EVENTS}/replay", body=body, headers={"Authorization": ACCESS}
    )
    handler = start("ConnectorApi").handler
    totals = {
        remaining: json.loads(handler(event, builders.Context(remaining))["body"])["data"]["total"]
        for remaining in (29_000, 9_000)
    }

    assert totals == {29_000: 450, 9_000: 199}


def test_a_replayed_action_runs_again(world: World, provider: FakeTransport) -> None:
    notes = [json_reply({"id": number}, 201) for number in (31, 32)]
    provider.on("POST", "/api/v2/tickets/1001/notes", *notes)
    world.route(came(1))
    world.act()

    new = replay(world, "evt_0001")
    world.settle()
    world.act()

    states = [
        world.trail(event_id)["rules"]["runs"][0]["actions"][0]["state"]
        for event_id in ("evt_0001", new)
    ]
    assert states == ["succeeded", "succeeded"]
    assert len([r for r in provider.requests if r.method == "POST"]) == 2
