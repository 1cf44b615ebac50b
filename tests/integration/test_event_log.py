"""What came in is kept, listed and shown with all that became of it."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory

from freshbridge import aws
from freshbridge.dead_letters.letter import State as LetterState
from freshbridge.event_log.entry import Entry, State
from freshbridge.event_log.lists import POINTER
from freshbridge.event_log.store import EventStore
from freshbridge.events.synced import Change
from freshbridge.queues.envelope import to_text
from freshbridge.queues.payload import PayloadStore
from freshbridge.rules.model import RuleAction
from freshbridge.rules.options import Cap, Options
from tests import builders
from tests.fakes.aws_failures import Failing, client_error, raising
from tests.fakes.provider import FakeTransport, empty_reply, json_reply
from tests.integration.callback_world import URL
from tests.integration.callback_world import World as CallbackWorld
from tests.integration.conftest import Stack, Start
from tests.integration.event_world import ACCESS, EVENTS, World, came
from tests.integration.test_dead_letters import letters

NOTES = "/api/v2/tickets/1042/notes"
ELEMENTS = f"/elements/api-v2/instances/{builders.INSTANCE_ID}/events"


@pytest.fixture
def world(stack: Stack, start: Start) -> World:
    return World(stack, start)


def test_a_trail_shows_the_rule_the_action_and_its_result(
    world: World, provider: FakeTransport
) -> None:
    # Given a rule that notes, one that another priority meets, and one that is off
    provider.on("POST", NOTES, json_reply({"id": 31}, 201))
    world.stack.save_rule(builders.rule())
    world.stack.save_rule(builders.rule(rule_id="rul_2", conditions={"priority": 1}))

    # When an event comes and its action has run
    world.route(builders.received_event())
    world.act()

    # Then
    trail = world.trail("evt_0001")
    assert (trail["state"], trail["outcome"], trail["subject"]) == (
        "routed", "acted", "ticket 1042",
    )  # fmt: skip
    received = trail["received"]
    assert (received["at"], received["source"]) == (builders.RECEIVED_AT, "webhook")
    assert received["content_type"] == "application/json"
    assert received["size"] == len(builders.received_event().body)
    assert (received["late"], received["recovered"], received["repeat_of"]) == (False, False, None)
    assert trail["rules"]["considered"] == 2
    (run,) = trail["rules"]["runs"]
    assert (run["rule_id"], run["outcome"], run["rule_version"]) == ("rul_1", "ran", 1)
    assert run["rule_name"] == "Note on new tickets"
    (action,) = run["actions"]
    assert (action["state"], action["code"], action["dead_letter"]) == ("succeeded", None, None)
    assert [attempt["status"] for attempt in action["attempts"]] == ["succeeded"]
    assert action["result"]["conversation_id"] == 31
    assert action["finished_at"] >= action["started_at"]
    assert trail["outgoing"]["bus"]["published_at"] >= builders.RECEIVED_AT
    assert trail["dead_letters"] == []
    assert json.loads(trail["content"]["body"]) == json.loads(builders.received_event().body)
    assert trail["content"]["event"]["ticket"]["id"] == 1042
    assert "raw_text" not in trail["content"]["event"]


def test_a_rule_that_a_rule_ran_is_part_of_the_trail(world: World, provider: FakeTransport) -> None:
    # Given a rule that runs another one, which notes
    provider.on("POST", NOTES, json_reply({"id": 31}, 201))
    never = {"ticket.subject": "No such subject"}
    world.stack.save_rule(builders.rule(rule_id="rul_called", conditions=never))
    asked = {"rule_id": "rul_called", "skip_conditions": True}
    calling = RuleAction("freshbridge", "run_rule", asked)
    world.stack.save_rule(builders.rule(rule_id="rul_calling", actions=(calling,)))

    # When an event has gone all the way
    world.route(builders.received_event())
    world.act()
    world.act()

    # Then both runs are there, and the second says who asked for it
    caller, called = world.trail("evt_0001")["rules"]["runs"]
    assert (caller["rule_id"], caller["called_by"]) == ("rul_calling", None)
    assert (called["rule_id"], called["rule_name"]) == ("rul_called", None)
    assert called["called_by"] == caller["actions"][0]["action_id"]
    assert [action["state"] for action in called["actions"]] == ["succeeded"]


def test_a_rule_that_a_rule_asked_for_in_vain_has_no_run(world: World) -> None:
    world.stack.save_rule(builders.rule(rule_id="rul_called", conditions={"priority": 1}))
    calling = RuleAction("freshbridge", "run_rule", {"rule_id": "rul_called"})
    world.stack.save_rule(builders.rule(rule_id="rul_calling", actions=(calling,)))
    world.route(builders.received_event())
    world.act()

    (run,) = world.trail("evt_0001")["rules"]["runs"]

    assert run["rule_id"] == "rul_calling"
    assert run["actions"][0]["result"]["outcome"] == "skipped"


def test_an_action_that_has_not_begun_says_so(world: World) -> None:
    world.stack.save_rule(builders.rule())
    world.route(builders.received_event())

    (action,) = world.trail("evt_0001")["rules"]["runs"][0]["actions"]

    assert (action["state"], action["attempts"], action["result"]) == (None, [], None)
    assert action["href"] == f"/api/actions/{action['action_id']}"


def test_a_refused_action_is_shown_with_its_dead_letter(
    world: World, provider: FakeTransport
) -> None:
    provider.on("POST", NOTES, empty_reply(404))
    world.stack.save_rule(builders.rule())
    world.route(builders.received_event())
    world.act()

    trail = world.trail("evt_0001")

    (action,) = trail["rules"]["runs"][0]["actions"]
    assert (action["state"], action["code"]) == ("failed", "not_found")
    (letter,) = trail["dead_letters"]
    assert action["dead_letter"] == letter["id"]
    assert (letter["queue"], letter["code"]) == ("actions", "not_found")
    assert trail["state"] == "routed"
    assert world.call("GET", action["href"])[1]["data"]["dead_letter_id"] == letter["id"]


def test_rules_that_were_skipped_or_failed_say_why(world: World, start: Start) -> None:
    broken = RuleAction("freshdesk", "add_note", {"body": "{{ ticket.nothing }}"})
    capped = Options(rate_cap=Cap(1, "hour"))
    world.stack.save_rule(builders.rule(rule_id="rul_1", options=capped))
    world.route(came(1))
    world.stack.save_rule(builders.rule(rule_id="rul_2", actions=(broken,)))
    start("EventRouter")._ports.cache_clear()
    world.route(came(2))

    first, second = world.trail("evt_0001"), world.trail("evt_0002")

    assert (first["outcome"], first["state"]) == ("acted", "routed")
    skipped, failed = second["rules"]["runs"]
    assert (skipped["outcome"], skipped["code"]) == ("skipped", "rate_cap")
    assert "1 times in this hour" in skipped["reason"]
    assert (failed["outcome"], failed["code"]) == ("failed", "invalid_template")
    assert (second["state"], second["outcome"], second["code"]) == (
        "parked", "failed", "invalid_template",
    )  # fmt: skip
    assert [letter["queue"] for letter in second["dead_letters"]] == ["events"]


def test_what_cannot_be_read_is_kept_all_the_same(world: World) -> None:
    world.route(builders.received_event(body="{}"))

    trail = world.trail("evt_0001")

    assert (trail["state"], trail["code"]) == ("parked", "not_a_ticket_event")
    assert (trail["type"], trail["outcome"], trail["subject"]) == (None, None, None)
    assert trail["content"] == {"body": "{}", "event": None}
    assert [letter["code"] for letter in trail["dead_letters"]] == ["not_a_ticket_event"]
    assert world.ids(state="parked") == ["evt_0001"]


def test_a_delivery_that_came_twice_names_the_first(world: World) -> None:
    body = came(1).body
    world.route(came(1), builders.received_event(event_id="evt_0002", body=body))

    assert world.ids(state="duplicate") == ["evt_0002"]
    trail = world.trail("evt_0002")
    assert (trail["duplicate_of"], trail["rules"]["runs"]) == ("evt_0001", [])
    assert trail["received"]["duplicate_of"] == "evt_0001"


def test_a_change_made_again_is_marked(world: World) -> None:
    higher, lower = "{priority:{from:1,to:4}}", "{priority:{from:4,to:1}}"
    told: dict[str, Any] = {"ticket_id": 7, "ticket_subject": "s"}
    world.route(came(1, triggered_event=higher, **told))
    world.route(came(2, triggered_event=lower, **told))
    world.route(came(3, triggered_event=higher, **told))

    assert world.trail("evt_0003")["received"]["repeat_of"] == "evt_0001"
    assert world.trail("evt_0002")["received"]["repeat_of"] is None


def test_what_comes_after_something_later_is_marked(world: World) -> None:
    told: dict[str, Any] = {"ticket_id": 7, "triggered_event": "{priority:{from:1,to:4}}"}
    world.route(came(1, ticket_updated_at="2026-03-03T12:00:20Z", **told))
    world.route(came(2, ticket_updated_at="2026-03-03T12:00:10Z", **told))

    assert [event["late"] for event in world.events()] == [True, False]
    assert world.trail("evt_0002")["received"]["late"] is True


def test_a_mended_body_is_marked(world: World) -> None:
    broken = '{"ticket_id": 7, "ticket_subject": "a "b" c", "triggered_event": "x"}'
    world.route(builders.received_event(body=broken))

    trail = world.trail("evt_0001")

    assert trail["received"]["recovered"] is True
    assert trail["content"]["body"] == broken


@pytest.mark.parametrize(
    ("reply", "state"),
    [
        (json_reply({"id": 1001, "stats": {"closed_at": "2026-03-03T12:00:00Z"}}), "fetched"),
        (empty_reply(404), "gone"),
    ],
)
def test_what_was_fetched_for_an_event_is_told(
    world: World, provider: FakeTransport, reply: Any, state: str
) -> None:
    described = {"ticket_id": "{{ ticket.id }}", "body": "{{ ticket.stats.closed_at }}"}
    action = RuleAction("freshdesk", "add_note", described)
    world.stack.save_rule(builders.rule(actions=(action,)))
    provider.on("GET", "/api/v2/tickets/1001", reply)
    world.route(came(1), came(2, triggered_event="{priority:{from:1,to:4}}"))

    fetched, other = (world.trail(f"evt_000{number}")["enrichment"] for number in (1, 2))

    assert (fetched["state"], fetched["error"]) == (state, None)
    assert other is None


def test_what_a_sync_found_is_kept_and_replayed_like_a_webhook(world: World) -> None:
    change = Change(
        kind="ticket",
        type="ticket_created",
        record={"id": 7, "subject": "Found", "priority": 4},
        occurred_at=builders.RECEIVED_AT,
    )
    world.stack.save_rule(builders.rule())
    world.route(builders.received_event(source="sync", body=change.to_text()))

    trail = world.trail("evt_0001")
    assert (trail["source"], trail["subject"], trail["outcome"]) == ("sync", "ticket 7", "acted")
    assert trail["content"]["event"]["ticket"]["subject"] == "Found"
    assert world.call("GET", f"{ELEMENTS}/evt_0001")[1]["providerData"] == change.to_text()
    new = world.call("POST", f"{EVENTS}/evt_0001/replay")[1]["data"]["id"]
    world.settle()
    assert world.trail(new)["source"] == "sync"
    assert world.trail(new)["outcome"] == "acted"


def test_callbacks_are_part_of_the_trail(
    stack: Stack, start: Start, provider: FakeTransport
) -> None:
    # Given an instance that wants its events, and a receiver that takes one and not the other
    with freeze_time(datetime.now(UTC).replace(microsecond=0)) as clock:
        assert isinstance(clock, FrozenDateTimeFactory)
        world = CallbackWorld(stack, start, provider, clock)
        world.connect()
        provider.on("POST", "/in", empty_reply(204), empty_reply(500))
        for number in (1, 2):
            world.happen(number)
            world.send()

        def shown(event_id: str) -> Any:
            return world.api("GET", f"/instances/{builders.INSTANCE_ID}/events/{event_id}")[1]

        def trail(event_id: str) -> Any:
            event = builders.rest_event(
                "GET", f"{EVENTS}/{event_id}", headers={"Authorization": ACCESS}
            )
            answer = start("ConnectorApi").handler(event, builders.Context())
            return json.loads(answer["body"])["data"]["outgoing"]["callbacks"]

        # When their trails are looked at
        (taken,), (refused,) = trail("evt_0001"), trail("evt_0002")

        # Then
        assert (taken["status"], taken["config"]["url"]) == ("delivered", URL)
        assert (refused["status"], refused["failures"]) == ("retry", 1)
        assert shown("evt_0001")["status"] == "NOTIFIED"
        assert len(shown("evt_0001")["notifiedData"]) == 1
        assert (shown("evt_0002")["status"], shown("evt_0002")["notifiedData"]) == ("CONSUMED", [])


def test_while_a_service_is_down_the_event_waits_and_says_for_what(
    world: World, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.stack.save_rule(builders.rule())
    world.stack.send("EventQueue", builders.received_event())
    broken = Failing(aws.sqs(), send_message_batch=raising(client_error("SendMessageBatch")))
    monkeypatch.setattr(aws, "sqs", lambda: broken)

    world.stack.deliver("EventQueue", start("EventRouter").handler)
    monkeypatch.undo()

    (event,) = world.events(state="waiting")
    assert (event["id"], event["code"]) == ("evt_0001", "not_queued")
    assert world.ids() == ["evt_0001"]


def test_an_event_put_back_from_the_dead_letters_is_routed_at_last(
    world: World, start: Start
) -> None:
    # Given an event that a broken rule parked
    broken = RuleAction("freshdesk", "add_note", {"body": "{{ ticket.nothing }}"})
    world.stack.save_rule(builders.rule(actions=(broken,)))
    world.route(came(1))
    assert world.ids(state="parked") == ["evt_0001"]

    # When the rule is mended and the letter sent back
    world.stack.save_rule(builders.rule())
    start("EventRouter")._ports.cache_clear()
    (letter,) = letters(world.stack)
    world.call("POST", f"/api/dead-letters/{letter.letter_id}/redrive")
    world.settle()

    # Then it is routed, and its letter closed
    trail = world.trail("evt_0001")
    assert (trail["state"], trail["outcome"], trail["code"]) == ("routed", "acted", None)
    assert [one["state"] for one in trail["dead_letters"]] == [LetterState.RESOLVED]
    assert world.ids(state="parked") == []


def test_an_event_whose_table_is_down_is_not_routed(
    world: World, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.stack.save_rule(builders.rule())
    world.stack.send("EventQueue", builders.received_event())
    broken = Failing(aws.dynamodb(), put_item=raising(client_error("PutItem")))
    monkeypatch.setattr(aws, "dynamodb", lambda: broken)

    kept = world.stack.deliver("EventQueue", start("EventRouter").handler)
    monkeypatch.undo()

    assert len(kept) == 1
    assert world.stack.bodies("ActionQueue") == []


def test_an_event_that_cannot_be_noted_as_waiting_waits_all_the_same(
    world: World, start: Start, monkeypatch: pytest.MonkeyPatch, log: io.StringIO
) -> None:
    world.stack.save_rule(builders.rule())
    world.stack.send("EventQueue", builders.received_event())
    sqs = Failing(aws.sqs(), send_message_batch=raising(client_error("SendMessageBatch")))
    tables = Failing(aws.dynamodb(), update_item=_only_guard(aws.dynamodb()))
    monkeypatch.setattr(aws, "sqs", lambda: sqs)
    monkeypatch.setattr(aws, "dynamodb", lambda: tables)

    kept = world.stack.deliver("EventQueue", start("EventRouter").handler)
    monkeypatch.undo()

    assert len(kept) == 1
    assert "state of event not kept" in log.getvalue()


def _only_guard(client: Any) -> Any:
    """Writes of the table of events fail."""

    def update(**arguments: Any) -> Any:
        if "EventTable" in arguments["TableName"]:
            raise client_error("UpdateItem")
        return client.update_item(**arguments)

    return update


def test_a_message_delivered_again_is_listed_once(world: World, start: Start) -> None:
    world.stack.save_rule(builders.rule())
    for _ in range(2):
        world.stack.send("EventQueue", builders.received_event())
        world.stack.deliver("EventQueue", start("EventRouter").handler)

    assert world.ids() == ["evt_0001"]
    assert world.trail("evt_0001")["state"] == "routed"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["evt_0005", "evt_0004", "evt_0003", "evt_0002", "evt_0001"]),
        ({"type": "ticket_created"}, ["evt_0004", "evt_0001"]),
        ({"type": "ticket_updated", "outcome": "acted"}, ["evt_0003", "evt_0002"]),
        ({"outcome": "unmatched"}, ["evt_0004", "evt_0001"]),
        ({"subject": "ticket 1002"}, ["evt_0003", "evt_0002"]),
        ({"subject": "1002", "from": "2026-03-03T12:20:00Z"}, ["evt_0003"]),
        ({"subject": "ticket/1002", "outcome": "unmatched"}, []),
        ({"from": "2026-03-03T12:10:00Z", "to": "2026-03-03T12:20:00Z"}, ["evt_0003", "evt_0002"]),
        ({"from": "2026-03-03T13:00:00+00:00"}, []),
        ({"state": "routed", "to": "2026-03-03T12:00:00Z"}, ["evt_0001"]),
        ({"state": "parked"}, ["evt_0005"]),
        ({"state": "parked", "type": "ticket_created"}, []),
        ({"state": "queued"}, []),
    ],
)
def test_a_list_can_be_filtered(world: World, query: dict[str, str], expected: list[str]) -> None:
    world.stack.save_rule(builders.rule(event="ticket_updated"))
    change = {"triggered_event": "{priority:{from:1,to:4}}", "ticket_id": 1002}
    back = {"triggered_event": "{priority:{from:4,to:1}}", "ticket_id": 1002}
    world.route(came(1, at="2026-03-03T12:00:00Z"))
    world.route(came(2, at="2026-03-03T12:10:00Z", **change))
    world.route(came(3, at="2026-03-03T12:20:00Z", **back))
    world.route(came(4, at="2026-03-03T12:30:00Z"))
    world.route(
        builders.received_event(event_id="evt_0005", received_at="2026-03-03T12:40:00Z", body="{}")
    )

    assert world.ids(**query) == expected


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"type": "ticket_eaten"}, "type"),
        ({"state": "lost"}, "state"),
        ({"outcome": "good"}, "outcome"),
        ({"from": "yesterday"}, "from"),
        ({"from": "2026-03-03T12:00:00Z", "to": "2026-03-03T11:00:00Z"}, "from"),
        ({"subject": "a b c"}, "subject"),
        ({"subject": " "}, "subject"),
        ({"ticket": "7"}, "ticket"),
        ({"limit": "0"}, "limit"),
    ],
)
def test_a_wrong_filter_is_refused_by_name(world: World, query: dict[str, str], field: str) -> None:
    status, body, _headers = world.call("GET", EVENTS, **query)

    assert status == 400
    assert [wrong["field"] for wrong in body["details"]["fields"]] == [field]


def test_what_is_not_there_says_that_it_may_come(world: World) -> None:
    status, body, _headers = world.call("GET", f"{EVENTS}/evt_0001")

    assert (status, body["code"]) == (404, "unknown_event")
    assert "not routed yet, or older than 30 days" in body["message"]
    assert world.call("GET", f"{EVENTS}/{'x' * 200}")[0] == 404


def test_an_instances_events_are_its_own(world: World) -> None:
    world.route(came(1), builders.received_event(event_id="evt_9", instance_id="193000002"))

    assert world.ids() == ["evt_0001"]
    assert world.call("GET", f"{EVENTS}/evt_9")[0] == 404
    assert world.call("GET", "/api/integrations/193000009/events")[0] == 404


def test_events_expire(stack: Stack) -> None:
    now = [1_000_000.0]
    store = EventStore(
        stack.names["EventTable"],
        PayloadStore(stack.names["PayloadBucket"]),
        days=1,
        clock=lambda: now[0],
    )
    entry = Entry("evt_1", "1", "freshdesk", builders.RECEIVED_AT, State.ROUTED)
    assert store.add(entry)
    assert not store.add(entry)
    assert store.find("evt_1") is not None

    now[0] += 86_400

    assert store.find("evt_1") is None
    assert store.find("") is None
    # One that DynamoDB has not removed yet is in nobody's way.
    assert store.add(entry)


def test_a_large_body_is_kept_beside_the_table_and_shown(world: World) -> None:
    text = "ö" * 90_000
    world.route(came(1, ticket_description=text))

    (item,) = [i for i in world.stack.items("EventTable") if i["pk"]["S"] == "evt_0001"]
    assert item["envelope"]["S"].startswith(POINTER)
    assert "event-bodies/evt_0001.json" in world.stack.objects("PayloadBucket")
    assert world.trail("evt_0001")["content"]["event"]["ticket"]["description"] == text
    # In Open Connectors' list there is no room for it.
    status, listed, headers = world.call("GET", ELEMENTS)
    assert (status, listed[0]["providerData"]) == (200, "")
    assert headers["Elements-Error"].startswith("providerData of 1 events left out")
    assert (
        world.call("GET", f"{ELEMENTS}/evt_0001")[1]["providerData"]
        == came(1, ticket_description=text).body
    )


def test_a_body_that_is_gone_leaves_its_trail(world: World) -> None:
    world.route(came(1, ticket_description="x" * 100_000))
    aws.s3().delete_object(
        Bucket=world.stack.names["PayloadBucket"], Key="event-bodies/evt_0001.json"
    )

    assert world.trail("evt_0001")["content"] is None
    assert world.call("GET", f"{ELEMENTS}/evt_0001")[1]["providerData"] == ""


def test_open_connectors_form(world: World, provider: FakeTransport) -> None:
    provider.on("POST", NOTES, json_reply({"id": 31}, 201))
    world.stack.save_rule(builders.rule(conditions={"ticket.id": 1042}))
    world.route(builders.received_event(), came(2))

    # Each event has the shape of Open Connectors
    status, listed, headers = world.call("GET", ELEMENTS)
    assert status == 200
    assert headers["Elements-Returned-Count"] == "2"
    assert "Elements-Next-Page-Token" not in headers
    consumed, dispatched = listed
    assert dispatched == {
        "id": "evt_0001",
        "eventDate": builders.RECEIVED_AT,
        "status": "DISPATCHED",
        "providerData": builders.received_event().body,
        "notifiedData": [],
        "eventElementInstances": [{"elementInstanceId": int(builders.INSTANCE_ID)}],
    }
    assert consumed["status"] == "CONSUMED"

    # and is consumed once its actions have ended
    assert world.call("GET", f"{ELEMENTS}/evt_0001")[1]["status"] == "DISPATCHED"
    world.act()
    assert world.call("GET", f"{ELEMENTS}/evt_0001")[1]["status"] == "CONSUMED"

    # and a page goes on from its token
    _s, first, headers = world.call("GET", ELEMENTS, pageSize="1")
    token = headers["Elements-Next-Page-Token"]
    _s, second, headers = world.call("GET", ELEMENTS, pageSize="1", nextPage=token)
    assert [one["id"] for one in first + second] == ["evt_0002", "evt_0001"]
    assert "Elements-Next-Page-Token" not in headers
    assert world.call("GET", ELEMENTS, pageSize="0")[0] == 400
    assert set(world.call("GET", f"{ELEMENTS}/evt_none")[1]) == {"requestId", "message"}


def test_open_connectors_form_by_token(world: World) -> None:
    path = f"/api/integrations/{builders.INSTANCE_ID}/token"
    token = world.call("POST", path)[1]["data"]["token"]
    world.route(came(1))

    by_token = "/elements/api-v2/instances/events"
    assert [one["id"] for one in world.call("GET", by_token, token=token)[1]] == ["evt_0001"]
    assert world.call("GET", f"{by_token}/evt_0001", token=token)[1]["status"] == "CONSUMED"
    assert world.call("GET", by_token)[0] == 401


def test_bodies_of_a_list_have_an_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.route(came(1), came(2), came(3))
    size = len(came(1).body)
    monkeypatch.setattr("freshbridge.event_log.elements_view.LARGEST_DATA", size * 2)

    _status, listed, headers = world.call("GET", ELEMENTS)

    assert [bool(one["providerData"]) for one in listed] == [True, True, False]
    assert headers["Elements-Error"].startswith("providerData of 1 events")


def test_a_result_too_large_for_the_trail_is_left_to_its_own_page(
    world: World, provider: FakeTransport
) -> None:
    provider.on("POST", NOTES, json_reply({"id": 31, "body_text": "x" * 20_000}, 201))
    world.stack.save_rule(builders.rule())
    world.route(builders.received_event())
    world.act()

    (action,) = world.trail("evt_0001")["rules"]["runs"][0]["actions"]

    assert (action["result"], action["result_too_large"]) == (None, True)


def test_results_that_are_too_large_together_are_left_to_their_own_pages(
    world: World, provider: FakeTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a trail that has room for one of two results
    replies = [json_reply({"id": number, "body_text": "x" * 300}, 201) for number in (31, 32)]
    provider.on("POST", NOTES, *replies)
    monkeypatch.setattr("freshbridge.event_log.trail_view.MOST_RESULTS", 700)
    note = builders.rule().actions[0]
    world.stack.save_rule(builders.rule(actions=(note, note)))
    world.route(builders.received_event())
    world.act()

    # When
    one, other = world.trail("evt_0001")["rules"]["runs"][0]["actions"]

    # Then
    assert (one["result"]["conversation_id"], one["result_too_large"]) == (31, False)
    assert (other["result"], other["result_too_large"]) == (None, True)


def test_content_that_has_no_room_beside_the_trail_is_a_url(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given an answer that has room for the content or for the trail
    world.route(came(1))
    answer = world.call("GET", f"{EVENTS}/evt_0001")[1]["data"]
    content, trail = answer.pop("content"), answer
    sizes = [len(json.dumps(json.dumps(part))) for part in (content, trail)]
    monkeypatch.setattr(
        "freshbridge.actions.large_result.LARGEST_ANSWER", max(sizes) + min(sizes) // 2
    )

    # When
    content = world.call("GET", f"{EVENTS}/evt_0001")[1]["data"]["content"]

    # Then
    assert content["too_large"] is True
    assert "/actions/downloads/event-evt_0001.json" in content["url"]


def test_no_log_line_holds_what_an_event_says(world: World, log: io.StringIO) -> None:
    world.stack.save_rule(builders.rule())
    world.route(came(1, ticket_subject="Very private words", ticket_requester_email="a@b.example"))
    world.trail("evt_0001")

    assert "event routed" in log.getvalue()
    assert "Very private" not in log.getvalue()
    assert "a@b.example" not in log.getvalue()


def test_an_event_stuck_while_its_letter_waits_is_shown_as_parked(world: World) -> None:
    # Given an entry left as its function died, and the letter that the sweep made of its message
    world.route(builders.received_event(body="{}"))
    store = EventStore(
        world.stack.names["EventTable"], PayloadStore(world.stack.names["PayloadBucket"]), days=30
    )
    entry = store.find("evt_0001")
    assert entry is not None
    store.change(entry, {"state": State.ROUTING.value, "code": ""})

    assert world.trail("evt_0001")["state"] == "parked"
    assert to_text(builders.received_event(body="{}")) == entry.envelope
