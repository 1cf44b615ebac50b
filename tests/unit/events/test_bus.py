"""What is put on the event bus, and what is left out of an event that is too large for it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from freshbridge.events.bus import LARGEST_DETAIL, EventBus, NotPublished
from freshbridge.events.freshdesk_webhook import normalise
from tests import builders
from tests.fakes.aws_failures import Failing, client_error, raising


class Bus:
    """Remembers its entries."""

    def __init__(self, failed: int = 0) -> None:
        self.entries: list[dict[str, Any]] = []
        self.failed = failed

    def put_events(self, **parameters: Any) -> dict[str, Any]:
        self.entries += parameters["Entries"]
        return {"FailedEntryCount": self.failed, "Entries": [{"ErrorCode": "ThrottlingException"}]}

    def detail(self, **content: str) -> dict[str, Any]:
        """What is published of simple content with these fields."""
        body = builders.simple_content(**content)
        event = normalise(body, event_id="evt_1", instance_id="1", received_at=builders.RECEIVED_AT)
        client: Any = self
        EventBus("bus", client).publish(event)
        found: dict[str, Any] = json.loads(self.entries[-1]["Detail"])
        return found


def test_an_event_is_published_whole() -> None:
    detail = Bus().detail()

    assert detail["ticket"]["id"] == 1042
    assert detail["raw"] == builders.simple_content()
    assert (detail["recovered"], detail["repeat_of"], detail["late"]) == (False, "", False)
    assert "truncated" not in detail


def test_what_is_said_twice_goes_first() -> None:
    detail = Bus().detail(ticket_description="x" * (LARGEST_DETAIL // 2))

    assert detail["truncated"] == ["raw"]
    assert len(detail["ticket"]["description"]) == LARGEST_DETAIL // 2


def test_then_the_longest_texts_go_until_it_fits() -> None:
    large = "é" * LARGEST_DETAIL
    detail = Bus().detail(
        ticket_description=large,
        ticket_cf_notes=large,
        ticket_latest_private_comment=large,
        triggered_event="{note_type:private}",
    )

    assert detail["truncated"] == ["raw", "note.body", "ticket.description", "ticket.custom_fields"]
    assert detail["ticket"]["subject"] == builders.SUBJECT


def test_a_fetched_ticket_which_has_its_text_three_times_fits() -> None:
    text = "x" * (LARGEST_DETAIL // 2)
    names = ("structured_description", "description_text", "description")
    ticket = {"id": 1042, **dict.fromkeys(names, text), "conversations": [{"body": text}]}
    bus: Any = Bus()

    EventBus("bus", bus).publish(builders.event(ticket=ticket, enriched="fetched"))

    detail = json.loads(bus.entries[-1]["Detail"])
    left_out = ["ticket.conversations", "ticket.structured_description", "ticket.description_text"]
    assert detail["truncated"] == left_out
    assert detail["ticket"] == {"id": 1042, "description": text}


def test_whatever_is_in_it_an_event_fits() -> None:
    large = {f"field_{number}": "x" * 50_000 for number in range(10)}
    changes = {name: {"from": None, "to": value} for name, value in large.items()}
    bus: Any = Bus()

    for record in ("ticket", "contact", "deal", "account", "note"):
        event = builders.event(ticket={"id": 1042}, changes=changes)
        changed: dict[str, Any] = {record: {"id": 7, **large}}
        EventBus("bus", bus).publish(replace(event, **changed))

    for entry, record in zip(
        bus.entries, ("ticket", "contact", "deal", "account", "note"), strict=True
    ):
        detail = json.loads(entry["Detail"])
        assert len(entry["Detail"].encode()) <= LARGEST_DETAIL
        assert detail[record] == {"id": 7}
        assert detail["truncated"][-1] == record
        assert "changes" in detail["truncated"]
        assert detail["ticket"]["id"] == (7 if record == "ticket" else 1042)


def test_an_event_that_is_not_on_the_bus_is_told() -> None:
    event = replace(builders.event(), raw={})
    refusing: Any = Bus(failed=1)
    down: Any = Failing(None, put_events=raising(client_error("PutEvents")))

    for client, words in ((refusing, "ThrottlingException"), (down, "InternalError")):
        with pytest.raises(NotPublished, match=words):
            EventBus("bus", client).publish(event)
