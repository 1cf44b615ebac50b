"""What the simulated Freshdesk sends, in any encoding and layout, is read as the same event."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.events.normalised import Event
from freshbridge.events.payload import read_body
from freshbridge.events.reading import event_of
from local.freshdesk.webhook_content import (
    ADVANCED,
    FORM,
    JSON,
    SIMPLE,
    XML,
    Value,
    build_body,
)
from tests import builders

TICKED = [
    "ticket_id", "ticket_subject", "ticket_status", "ticket_priority", "ticket_tags",
    "ticket_agent_name", "ticket_contact_email", "ticket_latest_private_comment",
    "triggered_event",
]  # fmt: skip
TEMPLATE = """{
  "ticket": {"id": {{ticket.id}}, "subject": "{{ticket.subject}}", "group_id": {{ticket.group_id}}},
  "status": "{{ticket.status}}", "triggered_event": "{{triggered_event}}",
  "comment": "{{ticket.latest_private_comment}}"
}"""
TEXTS = st.text(st.sampled_from("ab1 é😀\"'<>&;,:.-=%+/"), max_size=40)


def values(**changed: Value) -> dict[str, Value]:
    """What the account knows about the ticket."""
    known: dict[str, Value] = {
        "ticket.id": 1042,
        "ticket.subject": "Printer on fire",
        "ticket.status": "Resolved",
        "ticket.priority": "High",
        "ticket.tags": "a,b",
        "ticket.agent.name": "Ravi",
        "ticket.requester.email": builders.EMAIL,
        "ticket.latest_private_comment": "",
        "ticket.group_id": None,
        "triggered_event": "{status:{from:2,to:4}}",
    }
    return known | {name.replace("__", "."): value for name, value in changed.items()}


def received(layout: str, encoding: str, content: object, told: dict[str, Value]) -> Event:
    """The event that the delivery becomes, without its raw form."""
    sent = build_body(method="POST", layout=layout, encoding=encoding, content=content, values=told)
    assert sent.content is not None
    assert sent.content_type is not None
    read = read_body(sent.content, sent.content_type)
    stored = builders.received_event(content_type=sent.content_type, body=read.text)
    return replace(event_of(stored), raw={}, raw_text="")


@given(TEXTS, TEXTS)
def test_simple_content_is_one_event_in_all_three_encodings(subject: str, comment: str) -> None:
    told = values(
        ticket__subject=subject,
        ticket__latest_private_comment=comment,
        triggered_event="{note_type:private}",
    )

    events = [received(SIMPLE, encoding, TICKED, told) for encoding in (JSON, XML, FORM)]

    assert events[0] == events[1] == events[2]
    assert events[0].type == "note_created"
    assert events[0].ticket["subject"] == subject
    assert (events[0].ticket["status"], events[0].ticket["priority"]) == (4, 3)
    assert events[0].contact == {"email": builders.EMAIL}
    assert not events[0].recovered


@given(TEXTS, TEXTS)
def test_advanced_content_is_read_whatever_is_pasted_into_it(subject: str, comment: str) -> None:
    told = values(ticket__subject=subject, ticket__latest_private_comment=comment)

    event = received(ADVANCED, JSON, TEMPLATE, told)

    # The group's empty place breaks it each time.
    assert event.recovered
    assert event.ticket["id"] == 1042
    assert event.ticket["group_id"] is None
    assert (event.type, event.changes) == ("ticket_resolved", {"status": {"from": 2, "to": 4}})
    if '"' not in subject:
        assert event.ticket["subject"] == subject


@pytest.mark.parametrize("encoding", [JSON, XML, FORM])
def test_what_is_not_ticked_is_not_in_the_event(encoding: str) -> None:
    event = received(SIMPLE, encoding, ["ticket_id"], values())

    assert (event.type, event.ticket) == ("ticket_updated", {"id": 1042, "custom_fields": {}})
