"""The rules that are installed, and how what they send is read."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.events.authentication import SECRET_HEADER as INGEST_HEADER
from freshbridge.events.delivery import delivery_of
from freshbridge.events.normalised import EVENT_TYPES, Event
from freshbridge.events.payload import read_body
from freshbridge.events.reading import event_of
from freshbridge.freshdesk.automation import AutomationType
from freshbridge.webhooks.automation import Piece, pieces_of, rule_body
from freshbridge.webhooks.by_hand import content_text
from freshbridge.webhooks.choice import BY_WEBHOOK
from local.freshdesk.webhook_content import ADVANCED, JSON, SIMPLE, Value, build_body
from tests import builders

ALL = {piece.key: piece for piece in pieces_of(BY_WEBHOOK)}
WILD = st.text(st.sampled_from("ab1 é😀\"\\'<>{}[]:,\n\t/"), max_size=40)


def body(key: str) -> dict[str, Any]:
    return rule_body(ALL[key], instance_id="193", url="https://a.example/hook", secret="s3cret")


def test_everything_takes_one_creation_rule_and_three_update_rules() -> None:
    assert [(p.key, int(p.rule_type)) for p in ALL.values()] == [
        ("created", 1), ("status", 4), ("conversations", 4), ("fields", 4),
    ]  # fmt: skip
    assert {event for piece in ALL.values() for event in piece.events} == set(BY_WEBHOOK)
    assert set(BY_WEBHOOK) <= set(EVENT_TYPES)


@pytest.mark.parametrize(
    ("events", "triggers"),
    [
        (["ticket_created"], {"created": []}),
        (["ticket_resolved"], {"status": [("status", 4)]}),
        (["ticket_closed"], {"status": [("status", 5)]}),
        (["ticket_resolved", "ticket_closed"], {"status": [("status", 4), ("status", 5)]}),
        (["note_created"], {"conversations": [("note_type", "private"), ("note_type", "public")]}),
        (["reply_created"], {"conversations": [("reply_sent", None)]}),
        (
            ["ticket_updated"],
            {
                "status": [("status", "--")],
                "fields": [
                    ("priority", "--"), ("ticket_type", "--"), ("group_id", "--"),
                    ("responder_id", "--"),
                ],
            },
        ),
    ],
)  # fmt: skip
def test_only_what_was_chosen_sets_a_rule_off(
    events: list[str], triggers: dict[str, list[tuple[str, Any]]]
) -> None:
    found = {
        piece.key: [
            (trigger["field_name"], trigger.get("to", trigger.get("value")))
            for trigger in piece.trigger_records
        ]
        for piece in pieces_of(events)
    }
    assert found == triggers


def test_a_creation_rule_as_it_is_sent() -> None:
    sent = body("created")
    (action,) = sent["actions"]
    assert sent["name"] == "Freshbridge 193: new tickets"
    assert sent["active"] is True
    assert {"performer", "events", "position"} & sent.keys() == set()
    assert sent["conditions"] == [
        {
            "name": "condition_set_1",
            "match_type": "any",
            "properties": [
                {
                    "resource_type": "ticket",
                    "field_name": "priority",
                    "operator": "in",
                    "value": [1, 2, 3, 4],
                }
            ],
        }
    ]
    assert action["custom_headers"] == {
        "X-Freshbridge-Secret": "s3cret",
        "X-Freshbridge-Rule": "193.created",
    }
    assert {name: action[name] for name in ("field_name", "request_type", "url")} == {
        "field_name": "trigger_webhook",
        "request_type": "POST",
        "url": "https://a.example/hook",
    }
    assert (action["content_type"], action["content_layout"]) == ("JSON", "1")


def test_an_update_rule_listens_to_agents_and_requesters() -> None:
    sent = body("status")
    assert sent["performer"] == {"type": 3}
    assert sent["events"] == [{"field_name": "status", "from": "--", "to": "--"}]


def test_the_secrets_header_is_the_one_that_ingest_reads() -> None:
    assert INGEST_HEADER in {
        name.lower() for name in body("created")["actions"][0]["custom_headers"]
    }


@pytest.mark.parametrize("piece", ALL.values(), ids=list(ALL))
def test_no_header_holds_what_freshdesk_stumbles_over(piece: Piece) -> None:
    secret = "Ab-_" * 10
    sent = rule_body(piece, instance_id="193", url="https://a.example", secret=secret)
    for name, value in sent["actions"][0]["custom_headers"].items():
        assert not re.search(r"[\s,:]", name + value)


@pytest.mark.parametrize("piece", ALL.values(), ids=list(ALL))
def test_each_key_is_what_freshdesk_makes_of_its_placeholder(piece: Piece) -> None:
    for key, placeholder in piece.content.items():
        assert placeholder == f"{{{{{placeholder.strip('{}')}}}}}"
        assert key == placeholder.strip("{}").replace(".", "_")


@pytest.mark.parametrize("piece", ALL.values(), ids=list(ALL))
def test_what_people_wrote_comes_last_and_descriptions_never(piece: Piece) -> None:
    free = {
        "ticket_subject", "ticket_requester_name", "event_performer_name", "ticket_tags",
        "ticket_ticket_type", "ticket_latest_private_comment", "ticket_latest_public_comment",
    }  # fmt: skip
    keys = list(piece.content)
    first = next(n for n, key in enumerate(keys) if key in free)
    assert all(key in free for key in keys[first:])
    assert not any("description" in key for key in keys)


def values(**changed: Value) -> dict[str, Value]:
    """What the account knows of the ticket."""
    known: dict[str, Value] = {
        "ticket.id": 1042,
        "ticket.subject": "Printer on fire",
        "ticket.status": "Resolved",
        "ticket.priority": "High",
        "ticket.source": "Email",
        "ticket.ticket_type": "Incident",
        "ticket.tags": "a,b",
        "ticket.group_id": None,
        "ticket.agent.id": 88001,
        "ticket.company.id": None,
        "ticket.requester.id": 77001,
        "ticket.requester.email": builders.EMAIL,
        "ticket.requester.name": "Asha Example",
        "ticket.modified_on": "March 06 2026 at 05:00 PM EST",
        "ticket.latest_private_comment": "",
        "ticket.latest_public_comment": "",
        "event_performer.name": "Ravi Example",
        "event_performer.email": "ravi@acme.example",
        "triggered_event": "{status:{from:2,to:4}}",
    }
    return known | {name.replace("__", "."): value for name, value in changed.items()}


def received(piece: Piece, told: dict[str, Value], *, by_hand: bool = False) -> Event:
    """The event that a delivery of the piece's content becomes."""
    layout, content = (ADVANCED, content_text(piece)) if by_hand else (SIMPLE, piece.content)
    sent = build_body(method="POST", layout=layout, encoding=JSON, content=content, values=told)
    assert sent.content is not None
    text = read_body(sent.content, "application/json").text
    return event_of(builders.received_event(body=text))


@pytest.mark.parametrize("by_hand", [False, True], ids=["installed", "by hand"])
def test_the_content_is_read_as_the_whole_event(by_hand: bool) -> None:
    event = received(ALL["status"], values(), by_hand=by_hand)
    assert event.type == "ticket_resolved"
    assert event.changes == {"status": {"from": 2, "to": 4}}
    assert event.ticket == {
        "id": 1042, "subject": "Printer on fire", "status": 4, "priority": 3, "source": 1,
        "type": "Incident", "tags": ["a", "b"], "group_id": None, "responder_id": 88001,
        "company_id": None, "custom_fields": {},
    }  # fmt: skip
    assert event.contact == {"id": 77001, "email": builders.EMAIL, "name": "Asha Example"}
    assert event.actor == {"name": "Ravi Example", "email": "ravi@acme.example"}
    assert not event.recovered


@pytest.mark.parametrize(
    ("key", "triggered", "event_type"),
    [
        ("created", "{ticket_action:created}", "ticket_created"),
        ("status", "{status:{from:2,to:3}}", "ticket_updated"),
        ("status", "{status:{from:4,to:5}}", "ticket_closed"),
        ("fields", "{priority:{from:1,to:4}}", "ticket_updated"),
        ("conversations", "{note_type:private}", "note_created"),
        ("conversations", "{reply_sent:sent}", "reply_created"),
    ],
)
def test_each_rule_tells_its_event(key: str, triggered: str, event_type: str) -> None:
    assert received(ALL[key], values(triggered_event=triggered)).type == event_type


def test_a_note_arrives_with_its_author_and_words() -> None:
    told = values(
        triggered_event="{note_type:private}",
        ticket__latest_private_comment="Ravi : <div>Called her.</div>",
    )
    note = received(ALL["conversations"], told).note
    assert note == {"private": True, "author": "Ravi", "body": "<div>Called her.</div>"}


def test_two_notes_of_one_minute_are_two_events() -> None:
    def key_of(words: str) -> tuple[str, bool]:
        told = values(triggered_event="{note_type:private}", ticket__latest_private_comment=words)
        event = received(ALL["conversations"], told)
        delivery = delivery_of(event, json.dumps(event.raw), at=0.0)
        return delivery.key, delivery.dated

    assert key_of("Ravi : one") != key_of("Ravi : two")
    assert key_of("Ravi : one") == key_of("Ravi : one")
    assert key_of("Ravi : one")[1]


@given(subject=WILD, comment=WILD, name=WILD)
def test_whatever_people_write_the_installed_content_is_whole(
    subject: str, comment: str, name: str
) -> None:
    told = values(
        ticket__subject=subject,
        ticket__latest_public_comment=f"Ravi : {comment}",
        ticket__requester__name=name,
        triggered_event="{note_type:public}",
    )
    event = received(ALL["conversations"], told)
    assert (event.ticket["subject"], event.contact["name"]) == (subject, name)
    assert event.note["body"] == comment
    assert not event.recovered


@given(subject=st.text(st.sampled_from("ab1 é😀\"\n<>'"), max_size=40))
def test_a_subject_that_breaks_the_pasted_content_costs_nothing_else(subject: str) -> None:
    event = received(ALL["status"], values(ticket__subject=subject), by_hand=True)
    assert event.type == "ticket_resolved"
    assert event.ticket["id"] == 1042
    assert event.contact["email"] == builders.EMAIL
    assert event.recovered is ('"' in subject or "\n" in subject)


def test_one_rule_type_each_is_what_the_paths_say() -> None:
    assert {int(piece.rule_type) for piece in ALL.values()} == {
        AutomationType.CREATION, AutomationType.UPDATE,
    }  # fmt: skip
