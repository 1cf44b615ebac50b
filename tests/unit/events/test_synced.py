"""What a sync found travels in the webhooks' queue and gives the same event."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from freshbridge.events.reading import event_of
from freshbridge.events.synced import Change, UnreadableChange, read
from freshbridge.queues import envelope
from freshbridge.queues.envelope import ReceivedEvent, UnreadableMessage
from tests import builders

TICKET = {"id": 1042, "status": 4, "requester_id": 7, "updated_at": builders.RECEIVED_AT}
CHANGE = Change(
    kind="ticket",
    type="ticket_updated",
    record=TICKET,
    occurred_at="2026-03-03T12:00:00Z",
    since="2026-03-03T11:00:00Z",
    changes={"status": {"from": 2, "to": 4}},
    emission="emi_1",
)


def received(change: Change = CHANGE, **changed: Any) -> ReceivedEvent:
    return builders.received_event(source="sync", body=change.to_text(), **changed)


def test_a_change_travels_and_comes_out_as_the_one_event() -> None:
    message = envelope.received_event(envelope.to_text(received()))

    event = event_of(message)

    assert event == builders.event(
        type="ticket_updated",
        occurred_at="2026-03-03T12:00:00Z",
        ticket=TICKET,
        contact={"id": 7},
        changes={"status": {"from": 2, "to": 4}},
        raw=TICKET,
        source="sync",
    )


@pytest.mark.parametrize("kind", ["contact", "deal", "account"])
def test_other_records_stand_where_they_belong(kind: str) -> None:
    change = Change(kind, f"{kind}_created", {"id": 3}, builders.RECEIVED_AT)

    event = event_of(received(change, platform="freshsales"))

    assert getattr(event, kind) == {"id": 3}
    assert event.ticket == {}
    assert (event.type, event.platform) == (f"{kind}_created", "freshsales")


def test_a_webhook_says_nothing_of_its_source_and_is_one() -> None:
    text = envelope.to_text(builders.received_event())

    assert "source" not in json.loads(text)
    assert envelope.received_event(text).source == "webhook"
    assert event_of(envelope.received_event(text)).source == "webhook"


def test_no_content_of_a_webhook_makes_it_a_sync_s() -> None:
    forged = builders.received_event(body=CHANGE.to_text())

    assert event_of(replace(forged, source="sync")).source == "sync"
    with pytest.raises(Exception, match="id is missing"):
        event_of(forged)


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{}", "null", '{"kind": "ticket"}', "{" * 3000,
        CHANGE.to_text().replace('"ticket"', '"spaceship"', 1),
        CHANGE.to_text().replace("ticket_updated", "ticket_painted"),
        replace(CHANGE, changes=[]).to_text(),  # type: ignore[arg-type]  # what it may not be
        replace(CHANGE, emission=3).to_text(),  # type: ignore[arg-type]  # what it may not be
        replace(CHANGE, occurred_at="yesterday").to_text(),
        replace(CHANGE, occurred_at="").to_text(),
        replace(CHANGE, since="2026-13-01T00:00:00Z").to_text(),
        json.dumps(vars(CHANGE) | {"more": 1}),
    ],
)  # fmt: skip
def test_what_no_sync_wrote_is_refused(text: str) -> None:
    with pytest.raises(UnreadableChange):
        read(text)


def test_a_source_that_is_no_text_is_unreadable() -> None:
    fields = json.loads(envelope.to_text(received())) | {"source": 3}

    with pytest.raises(UnreadableMessage):
        envelope.received_event(json.dumps(fields))
