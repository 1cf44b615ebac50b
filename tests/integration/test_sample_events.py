"""Every file under events/ goes through its function and does what the table says.

The files are whole AWS events, so that `sam local invoke -e events/...` takes them too. All names,
secrets and addresses in them are made up.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from freshbridge import aws
from freshbridge.actions.catalogue import CATALOGUE
from freshbridge.actions.perform import check
from freshbridge.events.reading import event_of
from freshbridge.queues.envelope import action_request, received_event
from freshbridge.queues.park import DeadLetterQueue
from tests import builders
from tests.fakes.freshsales import freshsales_instance
from tests.fakes.provider import FakeTransport, PagedList, json_reply
from tests.integration.callback_world import event_ids, wanting
from tests.integration.conftest import ROOT, Stack, Start

EVENTS = ROOT / "events"


@dataclass
class Outcome:
    """What a handler answered, and what the stack held after."""

    answer: Any
    stack: Stack
    provider: FakeTransport

    @property
    def body(self) -> Any:
        """The HTTP answer's body."""
        return json.loads(self.answer["body"])


def answers(status: int) -> Callable[[Outcome], bool]:
    """The HTTP status."""
    return lambda o: o.answer["statusCode"] == status


def becomes_action(name: str) -> Callable[[Outcome], bool]:
    """One action of this name is queued, for the destination that was meant."""

    def found(o: Outcome) -> bool:
        (body,) = o.stack.bodies("ActionQueue")
        meant = (body["instance_id"], body["parameters"]["destination_id"])
        return bool((body["action"], *meant) == (name, "193000002", "dst_0193c0ffee"))

    return found


def queued(o: Outcome) -> bool:
    """One event is stored, and its id told."""
    (event,) = o.stack.bodies("EventQueue")
    return bool(event["event_id"] == o.body["data"]["event_id"])


def becomes(kind: str, *, recovered: bool = False, **ticket: Any) -> Callable[[Outcome], bool]:
    """The stored event is read as this type, and its ticket has these fields."""

    def check(o: Outcome) -> bool:
        (message,) = o.stack.messages("EventQueue")
        event = event_of(received_event(message["Body"]))
        found = {name: event.ticket.get(name) for name in ticket}
        return (event.type, event.recovered, found) == (kind, recovered, ticket)

    return check


def of_freshsales(kind: str, record: str, **fields: Any) -> Callable[[Outcome], bool]:
    """The stored event is Freshsales' and of this type, and its record has these fields."""

    def check(o: Outcome) -> bool:
        (message,) = o.stack.messages("EventQueue")
        event = event_of(received_event(message["Body"]))
        found = {name: getattr(event, record).get(name) for name in fields}
        return (event.platform, event.type, found) == ("freshsales", kind, fields)

    return check


def refused(o: Outcome) -> bool:
    """Nothing is stored."""
    return o.stack.bodies("EventQueue") == [] and o.body["success"] is False


def all_done(o: Outcome) -> bool:
    """No message is to be kept."""
    return bool(o.answer == {"batchItemFailures": []})


def routed_as(kind: str) -> Callable[[Outcome], bool]:
    """The event log has one event, of this type."""

    def check(o: Outcome) -> bool:
        (entry,) = o.stack.items("EventTable")
        return kind in json.dumps(entry)

    return check


def parked(queue: str, *codes: str) -> Callable[[Outcome], bool]:
    """Exactly these reasons are in the dead-letter queue."""
    return lambda o: (
        [m["MessageAttributes"]["code"]["StringValue"] for m in o.stack.messages(queue)]
        == list(codes)
    )


Checks = tuple[Callable[[Outcome], Any], ...]


def _stored(check: Callable[[Outcome], bool]) -> tuple[str, Checks]:
    """A webhook that is let in."""
    return "WebhookIngest", (answers(202), queued, check)


# What Freshdesk's simple content says, by what triggered it: the event's type, some of its ticket.
SIMPLE: dict[str, tuple[str, dict[str, Any]]] = {
    "created": ("ticket_created", {"status": 2, "priority": 2, "source": 1, "type": "Problem"}),
    "status_changed": ("ticket_updated", {"status": 3, "tags": ["billing", "pdf"]}),
    "waiting": ("ticket_updated", {"status": 6}),
    "resolved": ("ticket_resolved", {"status": 4}),
    "closed": ("ticket_closed", {"status": 5}),
    "priority_changed": ("ticket_updated", {"priority": 4}),
    "assigned": ("ticket_updated", {"agent_email": "dana@acmedemo.example"}),
    "private_note": ("note_created", {"custom_fields": {"cf_region": "EMEA"}}),
    "public_note": ("note_created", {"subject": "Invoice PDF is blank"}),
    "reply_sent": ("reply_created", {"description": "<div>The invoice opens empty.</div>"}),
    "custom_status_no_tags": ("ticket_updated", {"status": "Waiting on vendor", "tags": []}),
}
# file: (function in the template, what must hold afterwards)
TABLE: dict[str, tuple[str, Checks]] = {
    "webhook_ingest/ticket_created.json": ("WebhookIngest", (answers(202), queued)),
    "webhook_ingest/base64_body.json": ("WebhookIngest", (answers(202), queued)),
    "webhook_ingest/wrong_secret.json": ("WebhookIngest", (answers(401), refused)),
    "webhook_ingest/broken_json.json": _stored(
        becomes("ticket_updated", recovered=True, subject="Printer on fire")
    ),
    **{
        f"webhook_ingest/simple_{name}_{encoding}.json": _stored(becomes(kind, id=1042, **ticket))
        for encoding in ("json", "xml", "form")
        for name, (kind, ticket) in SIMPLE.items()
    },
    "webhook_ingest/advanced_json.json": _stored(becomes("ticket_updated", group_id=5)),
    **{
        f"webhook_ingest/broken_{name}.json": _stored(
            becomes("ticket_updated", recovered=True, id=1042, priority=2, **ticket)
        )
        for name, ticket in (
            ("quotes", {"group_id": 5}),
            ("line_breaks", {"group_id": 5}),
            ("empty_placeholder", {"group_id": None}),
            ("cut_off", {"group_id": 5}),
        )
    },
    "webhook_ingest/broken_xml.json": _stored(
        becomes("ticket_created", recovered=True, id=1042, subject="Tom & Jerry <3")
    ),
    "webhook_ingest/broken_charset.json": _stored(
        becomes("ticket_created", recovered=True, subject="Café")
    ),
    "webhook_ingest/broken_beyond_repair.json": (
        "WebhookIngest",
        (answers(400), refused, lambda o: "line 1, column 37" in o.body["message"]),
    ),
    "webhook_ingest/xml_with_entities.json": ("WebhookIngest", (answers(400), refused)),
    "webhook_ingest/unknown_content_type.json": ("WebhookIngest", (answers(415), refused)),
    "webhook_ingest/freshsales_contact_created.json": _stored(
        of_freshsales("contact_created", "contact", id=70021, first_name="Asha")
    ),
    "webhook_ingest/freshsales_deal_updated.json": _stored(
        of_freshsales("deal_updated", "deal", id=402001, deal_stage_id=74)
    ),
    "webhook_ingest/elements_event.json": (
        "WebhookIngest",
        (answers(202), becomes("ticket_created"), lambda o: o.body["status"] == "RECEIVED"),
    ),
    "webhook_ingest/without_instance.json": _stored(becomes("ticket_created")),
    "event_router/ticket_created.json": (
        "EventRouter",
        (all_done, lambda o: len(o.stack.bodies("ActionQueue")) == 1),
    ),
    "event_router/found_by_sync.json": ("EventRouter", (all_done, routed_as("ticket_resolved"))),
    "event_router/poison_in_the_middle.json": (
        "EventRouter",
        (
            all_done,
            lambda o: len(o.stack.bodies("ActionQueue")) == 1,
            parked("EventDeadLetterQueue", "unreadable_message"),
        ),
    ),
    "event_router/replay.json": (
        "EventRouter",
        # Nothing is kept of the event that it names.
        (all_done, parked("EventDeadLetterQueue", "event_gone")),
    ),
    "event_router/replay_work.json": (
        "EventRouter",
        (all_done, parked("EventDeadLetterQueue", "unknown_replay_job")),
    ),
    "action_executor/add_note.json": (
        "ActionExecutor",
        (all_done, lambda o: o.provider.requests[0].path == "/api/v2/tickets/1042/notes"),
    ),
    **{
        f"action_executor/{name}.json": ("ActionExecutor", (all_done, becomes_action(action)))
        for name, action in (
            ("file_for_destination", "send_records"),
            ("s3_notification_for_destination", "send_records"),
            ("record_for_destination", "send_record"),
        )
    },
    "action_executor/unknown_action.json": (
        "ActionExecutor",
        (
            all_done,
            lambda o: o.provider.requests == [],
            parked("ActionDeadLetterQueue", "unknown_action"),
        ),
    ),
    "scheduled_sync/schedule.json": (
        "ScheduledSync",
        (lambda o: o.answer["queued"] == 1, lambda o: len(o.stack.bodies("SyncQueue")) == 1),
    ),
    "scheduled_sync/work.json": (
        "SyncWorker",
        (all_done, lambda o: any("/history/" in key for key in o.stack.objects("LakeBucket"))),
    ),
    "scheduled_sync/touch.json": (
        "SyncWorker",
        (all_done, lambda o: any("/current/" in key for key in o.stack.objects("LakeBucket"))),
    ),
    "connector_api/list_integrations.json": (
        "ConnectorApi",
        (answers(200), lambda o: [str(i["id"]) for i in o.body["data"]] == [builders.INSTANCE_ID]),
    ),
    "connector_api/create_instance.json": (
        "ConnectorApi",
        (answers(200), lambda o: o.body["token"], lambda o: o.body["elementId"] == 491),
    ),
    "connector_api/create_instance_missing_entries.json": (
        "ConnectorApi",
        (answers(400), lambda o: "missing: subdomain, username" in o.body["message"]),
    ),
    "connector_api/list_instances.json": (
        "ConnectorApi",
        (answers(200), lambda o: [i["name"] for i in o.body] == ["Acme"]),
    ),
    "connector_api/rename_instance.json": (
        "ConnectorApi",
        (answers(200), lambda o: (o.body["name"], o.body["tags"]) == ("Renamed", [])),
    ),
    "connector_api/configuration_wrong_token.json": (
        "ConnectorApi",
        (answers(401), lambda o: set(o.body) == {"requestId", "message"}),
    ),
    "connector_api/delete_instance.json": (
        "ConnectorApi",
        (answers(200), lambda o: o.stack.items("InstanceTable") == []),
    ),
    "connector_api/without_access.json": (
        "ConnectorApi",
        (answers(401), lambda o: o.body["code"] == "access_denied"),
    ),
    "connector_api/create_integration.json": (
        "ConnectorApi",
        (answers(201), lambda o: o.body["data"]["webhook"]["secret"]),
    ),
    "connector_api/list_events.json": (
        "ConnectorApi",
        (answers(200), lambda o: o.body["data"] == {"events": [], "after": None}),
    ),
    "connector_api/replay_window.json": (
        "ConnectorApi",
        (
            answers(202),
            lambda o: (
                [m["replay_job"] for m in o.stack.bodies("EventQueue")]
                == [o.body["data"]["replay_id"]]
            ),
        ),
    ),
    "connector_api/create_rule.json": (
        "ConnectorApi",
        (answers(201), lambda o: o.body["data"]["name"] == "Note on urgent tickets"),
    ),
    "callback_sender/two_events.json": (
        "CallbackSender",
        (
            all_done,
            lambda o: [event_ids(r) for r in o.provider.requests] == [["evt_0001", "evt_0002"]],
        ),
    ),
    "callback_sender/bulk_download_done.json": (
        "CallbackSender",
        (all_done, lambda o: b'"status":"COMPLETED"' in (o.provider.requests[0].body or b"")),
    ),
    "callback_sender/schedule.json": (
        "CallbackSender",
        (all_done, lambda o: o.provider.requests == []),
    ),
    # The link was deleted meanwhile: nothing is called for it.
    "customer_sync/run.json": ("CustomerSync", (all_done, lambda o: o.provider.requests == [])),
    "customer_sync/schedule.json": (
        "CustomerSync",
        (all_done, lambda o: o.stack.bodies("CustomerQueue") == []),
    ),
    "dead_letter_redrive/dry_run.json": (
        "DeadLetterRedrive",
        (lambda o: (o.answer["moved"], o.answer["by_code"]) == (0, {"throttled": 1}),),
    ),
}


OF_ACTION = re.compile(r"action_executor/(\w+)\.(\w+)\.json")
"""A request for one action of the catalogue; what it does is told where the action is tested."""


def test_every_sample_has_its_row_and_every_row_its_sample() -> None:
    names = {str(p.relative_to(EVENTS)) for p in EVENTS.rglob("*.json")}

    assert {name for name in names if not OF_ACTION.fullmatch(name)} == set(TABLE)


def test_every_action_has_a_sample_that_its_parameters_accept() -> None:
    found = {}
    for path in EVENTS.rglob("*.json"):
        if match := OF_ACTION.fullmatch(str(path.relative_to(EVENTS))):
            (record,) = json.loads(path.read_text())["Records"]
            assert record["md5OfBody"] == hashlib.md5(record["body"].encode()).hexdigest()  # noqa: S324 - as Amazon SQS does
            request = action_request(record["body"])
            assert (request.platform, request.action) == match.groups(), path
            check(request)
            found[match.groups()] = request

    assert set(found) == {(action.platform, action.name) for action in CATALOGUE}


@pytest.mark.parametrize("name", TABLE)
def test_a_sample_does_what_the_table_says(
    stack: Stack, start: Start, provider: FakeTransport, name: str
) -> None:
    # Given a connected account, one rule, one ticket and one dead letter for the redrive
    function, checks = TABLE[name]
    stack.connect(wanting() if function == "CallbackSender" else None)
    if name.startswith("webhook_ingest/freshsales_"):
        stack.connect(freshsales_instance())
    stack.save_rule(builders.rule())
    provider.on("GET", "/api/v2/agents/me", json_reply({"id": 55}))
    provider.on("POST", "/api/v2/tickets/1042/notes", json_reply({"id": 31}, 201))
    provider.on("POST", "/in", json_reply({}))
    ticket = {"id": 1042, "updated_at": builders.RECEIVED_AT}
    provider.on("GET", "/api/v2/tickets", PagedList([ticket]))
    if function == "SyncWorker":
        stack.begin_sync()
        aws.sqs().purge_queue(QueueUrl=stack.names["SyncQueue"])
    if function == "DeadLetterRedrive":
        DeadLetterQueue(stack.names["ActionDeadLetterQueue"], function="tests").park(
            "{}", code="throttled", reason="r", attempts=1, parked_at="t"
        )

    # When the sample arrives
    event = json.loads((EVENTS / name).read_text())
    answer = start(function).handler(event, builders.Context())

    # Then
    outcome = Outcome(answer, stack, provider)
    assert all(check(outcome) for check in checks), answer


@pytest.mark.parametrize("path", sorted(EVENTS.rglob("*.json")), ids=lambda p: str(p.name))
def test_samples_hold_no_address_outside_the_domains_kept_for_examples(path: Path) -> None:
    text = path.read_text()

    for found in text.split("@")[1:]:
        assert re.split(r'["\\<]', found)[0].endswith(".example"), path
    assert "AKIA" not in text
