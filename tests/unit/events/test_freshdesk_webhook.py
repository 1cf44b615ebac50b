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
        raw=builders.simple_content(),
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
        ("{ticket_action:deleted}", "ticket_deleted"),
        ("{ticket_action:restored}", "ticket_updated"),
        ("{status:{from:Open,to:Resolved}}", "ticket_resolved"),
        ("{ticket_status:{from:2,to:5}}", "ticket_closed"),
        ("{status:{from:2,to:Somewhere else}}", "ticket_updated"),
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


def test_a_note_tells_its_author_its_words_and_whether_it_is_private() -> None:
    private = normalised(
        builders.simple_content(
            triggered_event="{note_type:private}",
            ticket_latest_private_comment="Dana Roe : <div>Seen : twice</div>",
        )
    )
    public = normalised(
        builders.simple_content(
            triggered_event="{note_type:public}", ticket_latest_public_comment="<div>Hi</div>"
        )
    )

    assert private.note == {
        "private": True,
        "author": "Dana Roe",
        "body": "<div>Seen : twice</div>",
    }
    assert private.actor == {"name": "Dana Roe"}
    assert public.note == {"private": False, "body": "<div>Hi</div>"}
    assert public.actor == {}
    assert normalised(builders.simple_content()).note == {}


def test_who_did_it_is_the_actor() -> None:
    event = normalised(
        builders.simple_content(
            event_performer_name="Ravi", event_performer_email="ravi@acme.example",
            event_performer_phone="",
        )
    )  # fmt: skip

    assert event.actor == {"name": "Ravi", "email": "ravi@acme.example"}


def test_changes_have_the_api_s_names_and_numbers() -> None:
    labels = "{ticket_status:{from:Open,to:Waiting on vendor},priority:{from:Low,to:4}}"
    agent = "{agent_id:{from:,to:88001202520}}"

    assert normalised(builders.simple_content(triggered_event=labels)).changes == {
        "status": {"from": 2, "to": "Waiting on vendor"},
        "priority": {"from": 1, "to": 4},
    }
    assert normalised(builders.simple_content(triggered_event=agent)).changes == {
        "responder_id": {"from": None, "to": 88001202520}
    }


@pytest.mark.parametrize(
    "body",
    [
        {
            "ticket": {
                "id": 7, "subject": "S", "priority": "High", "tags": ["a"],
                "agent": {"name": "Ravi"}, "requester": {"id": "9", "email": "a@b.example"},
                "custom_fields": {"cf_floor": "12"},
            }
        },
        {
            "ticket_id": "7", "ticket_subject": "S", "ticket_priority": 3, "ticket_tags": '["a"]',
            "ticket_agent_name": "Ravi", "ticket_requester_id": 9,
            "requester_email": "a@b.example", "ticket_cf_floor": "12",
        },
        {
            "id": 7, "subject": "S", "priority": "3", "tags": "a", "agent_name": "Ravi",
            "requester": {"id": 9, "email": "a@b.example"}, "ticket_cf_floor": "12",
        },
    ],
)  # fmt: skip
def test_advanced_content_in_its_usual_shapes_gives_the_same_event(body: dict[str, Any]) -> None:
    event = normalised(body)

    assert event.ticket == {
        "id": 7,
        "subject": "S",
        "priority": 3,
        "tags": ["a"],
        "agent_name": "Ravi",
        "custom_fields": {"cf_floor": "12"},
    }
    assert event.contact == {"id": 9, "email": "a@b.example"}
    assert event.raw == body


def test_advanced_content_may_say_itself_what_happened() -> None:
    body = {"event_type": "ticket_closed", "ticket": {"id": 7}}

    assert normalised(body).type == "ticket_closed"
    assert normalised(body | {"event_type": "anything"}).type == "ticket_updated"


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"ticket_updated_at": "2026-03-03T13:02:39+01:00"}, "2026-03-03T12:02:39Z"),
        ({"ticket_updated_at": "2026-03-03T12:02:39"}, "2026-03-03T12:02:39Z"),
        ({"timestamp": 1_772_539_000}, "2026-03-03T11:56:40Z"),
        ({"timestamp": 1_772_539_000_000}, "2026-03-03T11:56:40Z"),
        ({"timestamp": 7}, builders.RECEIVED_AT),
        ({"timestamp": True}, builders.RECEIVED_AT),
        ({"timestamp": 1e300}, builders.RECEIVED_AT),
        ({"ticket_modified_on": "March 03 2026 at 05:00 PM EST"}, builders.RECEIVED_AT),
        ({"ticket_updated_at": "2031-03-03T12:02:39Z"}, builders.RECEIVED_AT),
        ({"ticket_updated_at": "20260303"}, builders.RECEIVED_AT),
    ],
)
def test_when_it_happened_is_told_where_the_content_tells_it_plainly(
    told: dict[str, Any], expected: str
) -> None:
    assert normalised(builders.simple_content(**told)).occurred_at == expected


def test_numbers_that_came_as_text_are_numbers_and_empty_ones_none() -> None:
    ticket = normalised(
        builders.simple_content(ticket_group_id="88000", ticket_agent_id="", ticket_company_id="x")
    ).ticket

    assert (ticket["group_id"], ticket["responder_id"], ticket["company_id"]) == (88000, None, "x")
