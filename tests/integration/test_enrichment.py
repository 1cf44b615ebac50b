"""The router fetches what rules need and an event lacks: once, under the budget, or not at all."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import pytest

from freshbridge import aws
from freshbridge.errors import Unreachable
from freshbridge.instances.vault import Vault
from freshbridge.rules.model import Rule, RuleAction
from freshbridge.rules.options import Options
from freshbridge.rules.run_store import RunStore
from tests import builders
from tests.fakes.provider import (
    FakeTransport,
    PagedList,
    empty_reply,
    html_reply,
    json_reply,
    query_of,
)
from tests.integration.conftest import STACK_NAME, PassingTime, Stack, Start

TICKET = "/api/v2/tickets/1042"
CONTACT = "/api/v2/contacts/7"
CONVERSATIONS = f"{TICKET}/conversations"
WHOLE = {
    "id": 1042,
    "subject": "As it is by now",
    "status": 5,
    "description": "<p>Flames</p>",
    "requester_id": 7,
    "custom_fields": {"cf_floor": "13", "cf_region": "EMEA"},
    "tags": ["later"],
}


def rule(number: int = 1, text: str = "{{ ticket.description }}", **changed: Any) -> Rule:
    """Adds a note with a text that an event of simple content need not carry."""
    note = RuleAction("freshdesk", "add_note", {"ticket_id": "{{ ticket.id }}", "body": text})
    return builders.rule(**{"rule_id": f"rul_{number}", "actions": (note,)} | changed)


def came(number: int = 1, **content: Any) -> Any:
    """A webhook without a description, each of another text."""
    body = builders.simple_content(
        **{"ticket_description": None, "ticket_due_by_time": f"n{number}"} | content
    )
    return builders.received_event(event_id=f"evt_{number}", body=json.dumps(body))


class Router:
    """The event router of a stack with one connected account."""

    def __init__(
        self,
        stack: Stack,
        start: Start,
        provider: FakeTransport,
        published: list[dict[str, Any]],
    ) -> None:
        self.stack = stack
        self.provider = provider
        self._start = start
        self._entries = published

    @property
    def published(self) -> list[dict[str, Any]]:
        """The events on the bus."""
        return [json.loads(entry["Detail"]) for entry in self._entries]

    def connect(self, *rules: Rule, **changed: Any) -> None:
        self.stack.connect(builders.instance(**changed))
        for one in rules:
            self.stack.save_rule(one)

    def route(self, *events: Any) -> list[str]:
        """Queue events and route them; returns what was kept in the queue."""
        for event in events:
            self.stack.send("EventQueue", event)
        return self.stack.deliver("EventQueue", self._start("EventRouter").handler)

    def notes(self) -> dict[str, str]:
        """What each rule's note says."""
        return {
            body["origin"]["rule_id"]: body["parameters"]["body"]
            for body in self.stack.bodies("ActionQueue")
        }

    def runs(self, rule_id: str = "rul_1") -> list[dict[str, Any]]:
        """The history of a rule."""
        runs = RunStore(self.stack.names["ActionTable"], None, days=30)  # type: ignore[arg-type]  # no bodies are read
        return runs.page(builders.INSTANCE_ID, rule_id, limit=50, after=None).runs

    def parked(self) -> dict[str, str]:
        """Code to reason of every dead letter."""
        return {
            letter["MessageAttributes"]["code"]["StringValue"]: letter["MessageAttributes"][
                "reason"
            ]["StringValue"]
            for letter in self.stack.messages("EventDeadLetterQueue")
        }


@pytest.fixture
def router(
    stack: Stack, start: Start, provider: FakeTransport, published: list[dict[str, Any]]
) -> Router:
    return Router(stack, start, provider, published)


def test_ten_rules_that_need_the_ticket_are_one_call(router: Router) -> None:
    router.connect(
        *(rule(n, f"{n} {{{{ ticket.description }}}}") for n in range(5)),
        *(rule(n, "{{ ticket.stats.closed_at }}") for n in range(5, 10)),
    )
    stats = {"stats": {"closed_at": "2026-03-03T12:00:00Z"}}
    router.provider.on("GET", TICKET, json_reply(WHOLE | stats))

    assert router.route(came()) == []

    (request,) = router.provider.requests
    assert query_of(request) == {"include": "stats"}
    notes = router.notes()
    assert notes["rul_3"].startswith("3 ")
    assert "Flames" in notes["rul_3"]
    assert notes["rul_7"] == "2026-03-03T12:00:00Z"
    (event,) = router.published
    assert event["enriched"] == "fetched"
    assert event["enriched_at"] != ""
    assert event["ticket"]["description"] == "<p>Flames</p>"


def test_what_the_event_says_is_not_overwritten_by_what_is_so_by_now(router: Router) -> None:
    body = "{{ ticket.description }} {{ ticket.subject }} {{ ticket.status }}"
    router.connect(
        rule(1, body, event="ticket_updated"),
        config={"custom_field_mapping": {"cf_region": "region", "cf_floor": "floor"}},
    )
    router.provider.on("GET", TICKET, json_reply(WHOLE))

    router.route(came(ticket_status=None, triggered_event="{status:{from:2,to:3}}"))

    (event,) = router.published
    assert event["ticket"]["subject"] == builders.SUBJECT
    assert event["ticket"]["status"] == 3
    assert event["ticket"]["tags"] == ["printer", "fire"]
    assert event["ticket"]["custom_fields"] == {"floor": "12", "region": "EMEA"}
    assert event["changes"] == {"status": {"from": 2, "to": 3}}


def test_nothing_is_called_when_nothing_needs_it(router: Router) -> None:
    router.connect(
        rule(1, "{{ ticket.subject }}"),
        rule(2, conditions={"priority": "Low", "group_id": 7}),
        rule(3, event="ticket_closed"),
        rule(4, options=Options(enabled=False)),
    )

    assert router.route(came()) == []

    assert router.provider.requests == []
    assert list(router.notes()) == ["rul_1"]
    assert router.published[0]["enriched"] == ""


def test_a_condition_is_decided_by_what_was_fetched(router: Router) -> None:
    router.connect(
        rule(1, "yes", conditions={"priority": "Urgent", "description": {"contains": "flames"}}),
        rule(2, "no", conditions={"priority": "Urgent", "description": {"contains": "water"}}),
    )
    router.provider.on("GET", TICKET, json_reply(WHOLE))

    assert router.route(came()) == []

    assert router.notes() == {"rul_1": "yes"}
    assert len(router.provider.requests) == 1
    assert router.runs()[0]["enriched"] == "fetched"


def test_events_of_one_ticket_in_a_batch_share_a_call(router: Router) -> None:
    router.connect(rule(), rule(2, "{{ ticket.description }}", event="ticket_updated"))
    router.provider.on("GET", TICKET, json_reply(WHOLE))
    other = came(4, ticket_id=2)
    router.provider.on("GET", "/api/v2/tickets/2", json_reply(WHOLE | {"id": 2}))

    changes = ("{priority:{from:1,to:2}}", "{priority:{from:2,to:3}}")
    updates = [came(n, triggered_event=told) for n, told in enumerate(changes, 2)]
    assert router.route(came(1), *updates, other) == []

    assert len(router.provider.sent("GET", TICKET)) == 1
    assert len(router.provider.requests) == 2
    assert len(router.stack.bodies("ActionQueue")) == 4


def test_what_was_fetched_before_an_event_came_is_too_old_for_it(router: Router) -> None:
    router.connect(rule(), rule(2, event="ticket_updated"))
    router.provider.on("GET", TICKET, json_reply(WHOLE))
    assert router.route(came(1)) == []

    told = came(2, triggered_event="{priority:{from:1,to:2}}")
    assert router.route(replace(told, received_at="2035-03-03T12:00:00Z")) == []

    assert len(router.provider.sent("GET", TICKET)) == 2


def test_more_is_included_where_a_later_event_needs_it(router: Router) -> None:
    router.connect(rule(), rule(2, "{{ ticket.stats.closed_at }}", event="ticket_updated"))
    router.provider.on("GET", TICKET, json_reply(WHOLE), json_reply(WHOLE | {"stats": {}}))

    router.route(came(1), came(2, triggered_event="{priority:{from:1,to:2}}"))

    asked = [query_of(request) for request in router.provider.requests]
    assert asked == [{}, {"include": "stats"}]


def test_a_throttled_event_is_put_off_and_rules_that_need_nothing_run_meanwhile(
    router: Router, passing_time: PassingTime
) -> None:
    router.connect(rule(1), rule(2, "at once"), rule(3, "{{ event.id }}"), rule(4, "{{ event }}"))
    router.provider.on("GET", TICKET, empty_reply(429, {"Retry-After": "30"}), json_reply(WHOLE))

    kept = router.route(came())

    assert len(kept) == 1
    assert router.stack.count("EventQueue") == (0, 1)
    assert router.notes() == {"rul_2": "at once", "rul_3": "evt_1"}
    assert router.published == []
    assert router.parked() == {}

    passing_time.sleep(120)
    assert router.route(kept[0]) == []
    assert set(router.notes()) == {"rul_1", "rul_2", "rul_3", "rul_4"}
    asked = [body["action_id"] for body in router.stack.bodies("ActionQueue")]
    first_twice = len(asked) - len(set(asked))
    assert first_twice == 2, "named once more, under the same ids"
    assert len(router.published) == 1


@pytest.mark.parametrize(
    "answer", [empty_reply(500), html_reply(200), Unreachable("no reply"), empty_reply(429)]
)
def test_a_provider_that_is_down_puts_the_event_off(router: Router, answer: Any) -> None:
    router.connect(rule())
    router.provider.on("GET", TICKET, answer)

    assert len(router.route(came())) == 1

    assert router.stack.count("EventQueue") == (0, 1)
    assert router.notes() == {}
    assert router.parked() == {}


def test_a_message_that_is_put_off_again_runs_nothing_meanwhile(router: Router) -> None:
    router.connect(rule(1), rule(2, "at once"))
    router.provider.on("GET", TICKET, empty_reply(500))
    (body,) = router.route(came())
    router.stack.send("EventQueue", body)
    event = router.stack.poll("EventQueue")
    event["Records"][0]["attributes"]["ApproximateReceiveCount"] = "2"

    router._start("EventRouter").handler(event, builders.Context())

    assert len(router.stack.bodies("ActionQueue")) == 1


def test_a_ticket_that_is_gone_holds_nobody_up(router: Router) -> None:
    empty = Options(missing="empty")
    router.connect(
        rule(1, "[{{ ticket.description }}]", options=empty),
        rule(2, "it has one", conditions={"description": {"exists": True}}),
        rule(3, "it has none", conditions={"description": {"exists": False}}),
    )
    router.provider.on("GET", TICKET, empty_reply(404))

    assert router.route(came()) == []

    assert router.notes() == {"rul_1": "[]", "rul_3": "it has none"}
    assert router.published[0]["enriched"] == "gone"
    assert router.runs()[0]["enriched"] == "gone"
    assert router.parked() == {}


def test_a_key_that_may_not_is_told_and_what_can_be_done_without_is_done(
    router: Router, log: io.StringIO
) -> None:
    router.connect(
        rule(1, "[{{ ticket.description }}]", options=Options(missing="empty")),
        rule(2, "plain"),
    )
    router.provider.on("GET", TICKET, json_reply({"code": "access_denied", "message": "no"}, 403))

    assert router.route(came()) == []

    assert router.notes() == {"rul_1": "[]", "rul_2": "plain"}
    (run,) = router.runs()
    assert run["enriched"] == "refused"
    assert run["enrichment_error"].startswith("forbidden: ")
    assert router.published[0]["enrichment_error"] == run["enrichment_error"]
    assert "event enriched" in log.getvalue()
    for word in builders.PRIVATE_WORDS:
        assert word not in log.getvalue()


def test_a_condition_that_turns_on_what_is_refused_fails_and_is_parked(router: Router) -> None:
    router.connect(
        rule(1, "x", conditions={"description": {"contains": "fire"}}),
        rule(2, "plain"),
        rule(3, "{{ ticket.subject }}", conditions={"any": [{"priority": 4}, {"group_id": 1}]}),
        rule(4, "as it is", conditions={"description": None}, options=Options(enrich="never")),
    )
    router.provider.on("GET", TICKET, json_reply({"code": "access_denied"}, 403))

    assert router.route(came()) == []

    assert set(router.notes()) == {"rul_2", "rul_3", "rul_4"}
    (run,) = router.runs()
    assert (run["state"], run["code"]) == ("failed", "enrichment_refused")
    assert "its conditions need ticket.description" in run["reason"]
    assert "rule rul_1: " in router.parked()["enrichment_refused"]
    assert len(router.published) == 1


def test_once_the_key_is_mended_the_parked_event_runs_what_it_did_not(
    router: Router, passing_time: PassingTime
) -> None:
    router.connect(rule(1, "found", conditions={"description": {"contains": "flames"}}))
    denied = json_reply({"code": "access_denied"}, 403)
    router.provider.on("GET", TICKET, denied, json_reply(WHOLE))
    router.route(came())
    (letter,) = router.stack.messages("EventDeadLetterQueue")

    passing_time.sleep(5)
    assert router.route(letter["Body"]) == []

    assert router.notes() == {"rul_1": "found"}
    assert router.runs()[0]["enriched"] == "fetched"


def test_a_refused_key_refuses_the_next_event_without_a_call(router: Router) -> None:
    router.connect(rule(1, "x", options=Options(missing="empty")), rule(2))
    router.provider.on("GET", TICKET, json_reply({"code": "invalid_credentials"}, 401))

    router.route(came(1))
    asked = len(router.provider.requests)
    router.route(came(2, ticket_id=1042, ticket_subject="another"))

    assert len(router.provider.requests) == asked
    assert [event["enriched"] for event in router.published] == ["refused", "refused"]
    assert "unauthorized" in router.published[0]["enrichment_error"]
    assert "circuit_open" in router.published[1]["enrichment_error"]
    reasons = router.parked()["invalid_template"]
    assert "ticket.description" in reasons
    assert "not fetched: " in reasons


def test_an_instance_that_is_off_is_not_called(router: Router) -> None:
    router.connect(rule(1, "x", options=Options(missing="empty", enrich="always")), disabled=True)

    router.route(came(1))

    assert router.published == []
    assert router.provider.requests == []


def test_an_instance_without_a_key_is_not_called(router: Router) -> None:
    router.connect(rule(1, "x", options=Options(missing="empty", enrich="always")))
    aws.secretsmanager().delete_secret(
        SecretId=Vault(STACK_NAME).name("credentials", builders.INSTANCE_ID),
        ForceDeleteWithoutRecovery=True,
    )

    assert router.route(came(1)) == []

    assert router.published[0]["enriched"] == "refused"
    assert router.notes() == {"rul_1": "x"}
    assert router.provider.requests == []


def test_an_event_of_an_instance_that_is_deleted_meanwhile_is_routed_as_it_is(
    router: Router,
) -> None:
    router.stack.save_rule(rule())

    router.route(came(1))

    assert router.published[0]["enriched"] == ""
    assert "invalid_template" in router.parked()


def test_subscribers_may_have_every_event_whole_or_none(router: Router) -> None:
    router.connect(rule(1, "plain"), config={"event.enrich": "always"})
    person = {"id": 7, "name": "Asha Example", "email": builders.EMAIL, "phone": None}
    parts = {"requester": person, "company": {"id": 3, "name": "Customer Inc"}, "stats": {}}
    router.provider.on("GET", TICKET, json_reply(WHOLE | parts))

    assert router.route(came(ticket_contact_phone=None)) == []

    (request,) = router.provider.requests
    assert query_of(request) == {"include": "company,requester,stats"}
    (event,) = router.published
    assert event["contact"]["id"] == 7
    assert event["contact"]["phone"] is None


def test_an_instance_that_forbids_it_is_never_called(router: Router) -> None:
    fields = {"subdomain": "acme", "event.enrich": "never"}
    router.connect(
        rule(1, "[{{ ticket.description }}]", options=Options(missing="empty", enrich="always")),
        rule(2, "x", conditions={"description": "x"}),
        configuration=fields,
    )

    assert router.route(came()) == []

    assert router.provider.requests == []
    assert router.notes() == {"rul_1": "[]"}


def test_the_note_of_a_conversation_is_fetched(router: Router) -> None:
    body = "{{ note.body }} by {{ note.user_id }}"
    router.connect(rule(1, body, event="note_created"))
    notes = [
        {"id": 1, "source": 2, "private": True, "body": "first", "user_id": 3,
         "created_at": "2026-03-03T12:00:00Z"},
        {"id": 2, "source": 2, "private": True, "body": "second", "user_id": 4,
         "created_at": "2026-03-03T12:02:30Z"},
        {"id": 3, "source": 0, "private": False, "body": "mail", "user_id": 5,
         "created_at": "2026-03-03T12:02:35Z"},
    ]  # fmt: skip
    router.provider.on("GET", CONVERSATIONS, PagedList(notes))

    assert router.route(came(triggered_event="{note_type:private}")) == []

    assert router.notes() == {"rul_1": "second by 4"}
    assert len(router.provider.requests) == 1


def test_of_a_ticket_with_more_conversations_than_are_read_no_note_is_told(router: Router) -> None:
    empty = Options(missing="empty")
    router.connect(rule(1, "[{{ note.body }}]", event="note_created", options=empty))
    many = [
        {
            "id": n,
            "source": 2,
            "private": True,
            "body": f"{n}",
            "created_at": "2026-03-01T00:00:00Z",
        }
        for n in range(501)
    ]
    router.provider.on("GET", CONVERSATIONS, PagedList(many))

    assert router.route(came(triggered_event="{note_type:private}")) == []

    assert router.notes() == {"rul_1": "[]"}
    assert len(router.provider.requests) == 5


def test_more_of_the_requester_is_a_call_of_its_own(router: Router) -> None:
    router.connect(
        rule(1, "{{ contact.job_title }}"),
        rule(2, "{{ contact.job_title }}", event="ticket_updated"),
    )
    router.provider.on("GET", TICKET, json_reply(WHOLE))
    person = {"id": 7, "email": builders.EMAIL, "job_title": "Clerk"}
    router.provider.on("GET", CONTACT, json_reply(person))

    changed = came(2, triggered_event="{priority:{from:1,to:4}}")
    assert router.route(came(), changed) == []

    assert router.notes() == {"rul_1": "Clerk", "rul_2": "Clerk"}
    assert [request.path for request in router.provider.requests] == [TICKET, CONTACT]


def test_a_requester_that_is_gone_does_not_take_the_ticket_along(router: Router) -> None:
    text = "{{ ticket.description }} {{ contact.job_title }}"
    router.connect(rule(1, text, options=Options(missing="empty")))
    router.provider.on("GET", TICKET, json_reply(WHOLE))
    router.provider.on("GET", CONTACT, empty_reply(404))

    assert router.route(came()) == []

    assert router.published[0]["enriched"] == "fetched"
    assert "Flames" in router.notes()["rul_1"]


@pytest.mark.parametrize(
    ("answer", "state"),
    [(json_reply({"id": 7, "email": builders.EMAIL}), "fetched"), (empty_reply(404), "gone")],
)
def test_a_contact_s_event_is_fetched_as_a_contact(router: Router, answer: Any, state: str) -> None:
    router.connect(rule(1, "{{ contact.email }}", event="contact_updated"))
    router.provider.on("GET", CONTACT, answer)
    change = {
        "kind": "contact", "type": "contact_updated", "record": {"id": 7, "name": "Asha"},
        "occurred_at": builders.RECEIVED_AT, "since": "", "changes": {}, "note": {},
        "emission": "emi_1",
    }  # fmt: skip

    router.route(builders.received_event(source="sync", event_id="evt_9", body=json.dumps(change)))

    assert router.published[0]["enriched"] == state
    assert len(router.provider.requests) == 1


def test_a_rule_of_an_own_status_runs_on_what_it_means(router: Router) -> None:
    router.connect(
        rule(1, "resolved", event="ticket_resolved"),
        config={"custom_statuses": {"Done": 10}, "status_meaning": {"Done": "resolved"}},
    )

    assert router.route(came(triggered_event="{status:{from:2,to:10}}")) == []

    assert router.notes() == {"rul_1": "resolved"}
    assert router.published[0]["type"] == "ticket_resolved"


def test_the_calls_of_enrichment_draw_on_the_account_s_budget(
    router: Router, passing_time: PassingTime
) -> None:
    router.connect(rule())
    tight = {"X-RateLimit-Total": "2", "X-RateLimit-Remaining": "0",
             "X-RateLimit-Used-CurrentRequest": "1"}  # fmt: skip
    for number in range(1, 6):
        path = f"/api/v2/tickets/{number}"
        router.provider.on("GET", path, json_reply(WHOLE | {"id": number}, headers=tight))

    kept = router.route(*(came(number, ticket_id=number) for number in range(1, 6)))

    assert kept != []
    assert len(router.provider.requests) + len(kept) == 5
    assert router.parked() == {}
    passing_time.sleep(3600)
    assert len(router.route(kept[0])) == 0
