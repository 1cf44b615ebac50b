"""Freshdesk's simple content becomes the normalised event."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.events.freshdesk_webhook import NotATicketEvent, normalise, read_triggered_event
from freshbridge.events.normalised import Event
from tests import builders


def normalised(body: dict[str, Any]) -> Event:
    return normalise(body, event_id="evt_1", instance_id="ins_1", received_at=builders.RECEIVED_AT)


def test_a_full_payload_arrives_whole_with_the_api_s_names_and_numbers() -> None:
    event = normalised(builders.simple_content())

    assert event == Event(
        id="evt_1",
        type="ticket_created",
        platform="freshdesk",
        instance_id="ins_1",
        occurred_at=builders.RECEIVED_AT,
        received_at=builders.RECEIVED_AT,
        ticket={
            "id": 1042,
            "subject": builders.SUBJECT,
            "description": builders.DESCRIPTION,
            "url": "https://acme.freshdesk.com/helpdesk/tickets/1042",
            "status": 2,
            "priority": 4,
            "source": 1,
            "type": "Incident",
            "tags": ["printer", "fire"],
            "group_name": "Support",
            "agent_name": "Ravi Example",
            "agent_email": "ravi@acme.example",
            "company_name": "Customer Inc",
            "custom_fields": {"cf_floor": "12"},
        },
        contact={"name": "Asha Example", "email": builders.EMAIL, "phone": "555-0100"},
    )


def test_what_was_not_ticked_is_absent_rather_than_empty() -> None:
    event = normalised({"freshdesk_webhook": {"ticket_id": 7}})

    assert event.ticket == {"id": 7, "custom_fields": {}}
    assert event.contact == {}
    assert event.type == "ticket_updated"


@pytest.mark.parametrize(
    ("text", "changes", "facts"),
    [
        ("{ticket_action:created}", {}, {"ticket_action": "created"}),
        ("{status:{from:4,to:6}}", {"status": {"from": 4, "to": 6}}, {}),
        ("{priority:{from:1,to:4}}", {"priority": {"from": 1, "to": 4}}, {}),
        ("{note_type:private}", {}, {"note_type": "private"}),
        ("{reply_sent:sent}", {}, {"reply_sent": "sent"}),
        (
            "{responder_id:{from:,to:88001202520}}",
            {"responder_id": {"from": None, "to": 88001202520}},
            {},
        ),
        (
            "{status:{from:2,to:5},priority:{from:1,to:--}}",
            {"status": {"from": 2, "to": 5}, "priority": {"from": 1, "to": None}},
            {},
        ),
        (
            "{ type : { from : Question , to : Incident } }",
            {"type": {"from": "Question", "to": "Incident"}},
            {},
        ),
        ("", {}, {}),
        (None, {}, {}),
        (17, {}, {}),
    ],
)  # fmt: skip
def test_triggered_event_is_read(
    text: object, changes: dict[str, Any], facts: dict[str, str]
) -> None:
    assert read_triggered_event(text) == (changes, facts)


@given(st.one_of(st.text(), st.text(alphabet="{}:, fromt0123-\"'\n"), st.integers(), st.none()))
def test_no_triggered_event_whatever_raises(text: object) -> None:
    changes, facts = read_triggered_event(text)

    assert all(set(change) == {"from", "to"} for change in changes.values())
    assert all(isinstance(value, str) for value in facts.values())


@given(
    st.text("abcdefghij_", min_size=1),
    st.one_of(st.none(), st.integers(-(10**12), 10**12)),
    st.one_of(st.none(), st.integers(-(10**12), 10**12)),
)
def test_any_change_that_freshdesk_can_write_is_read_back(
    name: str, before: int | None, after: int | None
) -> None:
    shown = [("" if value is None else value) for value in (before, after)]

    changes, facts = read_triggered_event(f"{{{name}:{{from:{shown[0]},to:{shown[1]}}}}}")

    assert changes == {name: {"from": before, "to": after}}
    assert facts == {}


@pytest.mark.parametrize(
    ("triggered", "kind"),
    [
        ("{ticket_action:created}", "ticket_created"),
        ("{status:{from:2,to:4}}", "ticket_resolved"),
        ("{status:{from:4,to:5}}", "ticket_closed"),
        ("{status:{from:4,to:6}}", "ticket_updated"),
        ("{priority:{from:1,to:4}}", "ticket_updated"),
        ("{note_type:private}", "note_created"),
        ("{reply_sent:sent}", "reply_created"),
        ("nonsense", "ticket_updated"),
    ],
)
def test_the_event_s_type_follows_what_triggered_it(triggered: str, kind: str) -> None:
    assert normalised(builders.simple_content(triggered_event=triggered)).type == kind


@pytest.mark.parametrize("ticket_id", [7, "7", " 7 "])
def test_a_ticket_id_may_be_number_or_digits(ticket_id: object) -> None:
    assert normalised(builders.simple_content(ticket_id=ticket_id)).ticket["id"] == 7


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"freshdesk_webhook": []},
        {"freshdesk_webhook": {}},
        {"freshdesk_webhook": {"ticket_id": True}},
        {"freshdesk_webhook": {"ticket_id": "seven"}},
        {"freshdesk_webhook": {"ticket_id": "\u0667"}},
        {"freshdesk_webhook": {"ticket_id": 7.5}},
    ],
)
def test_a_body_without_a_ticket_is_refused_with_advice(body: dict[str, Any]) -> None:
    with pytest.raises(NotATicketEvent) as raised:
        normalised(body)
    assert "Ticket ID" in raised.value.advice


def test_a_custom_status_keeps_its_label() -> None:
    event = normalised(builders.simple_content(ticket_status="Waiting on vendor"))

    assert event.ticket["status"] == "Waiting on vendor"


@pytest.mark.parametrize(
    ("tags", "expected"),
    [("", []), (None, None), ("[]", []), ("a", ["a"]), ("a, b ,,c", ["a", "b", "c"])],
)
def test_tags_are_split(tags: str | None, expected: list[str] | None) -> None:
    assert normalised(builders.simple_content(ticket_tags=tags)).ticket.get("tags") == expected
