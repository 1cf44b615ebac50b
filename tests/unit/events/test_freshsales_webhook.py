"""Whatever a workflow of Freshsales sends becomes the normalised event."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.events.freshsales_webhook import NotARecordEvent, normalise
from freshbridge.events.normalised import EVENT_TYPES, Event
from freshbridge.events.reading import event_of
from tests import builders


def normalised(body: dict[str, Any]) -> Event:
    return normalise(body, event_id="e", instance_id="1", received_at=builders.RECEIVED_AT)


def test_a_deal_with_what_it_was_before() -> None:
    event = normalised(
        {
            "event_name": "Deal Updated",
            "data": {
                "deal": {
                    "id": 7,
                    "name": "Big",
                    "amount": 100,
                    "updated_at": "2026-03-03T12:00:00Z",
                },
                "previous": {"amount": 90, "name": "Big", "gone": 1},
            },
            "user": {"id": 3, "name": "Ravi"},
        }
    )

    assert (event.type, event.platform) == ("deal_updated", "freshsales")
    assert event.deal["id"] == 7
    assert event.changes == {"amount": {"from": 90, "to": 100}}
    assert event.actor == {"id": 3, "name": "Ravi"}
    assert event.occurred_at == "2026-03-03T12:00:00Z"
    assert (event.ticket, event.contact, event.account) == ({}, {}, {})


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"contact": {"id": 7}}, "contact_updated"),
        ({"contact": {"id": "7"}, "event": "contact_created"}, "contact_created"),
        ({"event_type": "contact.deleted", "contact": {"id": 7}}, "contact_deleted"),
        ({"lead": {"id": 7}, "event": "Lead was created"}, "contact_created"),
        ({"sales_account": {"id": 7}}, "account_updated"),
        ({"event_name": "Sales Account added", "account": {"id": 7}}, "account_created"),
        ({"deal_id": "7", "deal_name": "Big"}, "deal_updated"),
        ({"freshsales_webhook": {"contact_id": 7, "contact_x": "y"}}, "contact_updated"),
        ({"id": 7, "event_name": "Deals changed"}, "deal_updated"),
        ({"contact": {"id": 7, "created_at": "t", "updated_at": "t"}}, "contact_created"),
        ({"contact": {"id": 7, "created_at": "t", "updated_at": "u"}}, "contact_updated"),
        ({"event": "Deal Removed", "contact": {"id": 1}, "deal": {"id": 7}}, "deal_deleted"),
    ],
)  # fmt: skip
def test_what_happened_is_told_by_its_words_or_its_record(body: dict[str, Any], kind: str) -> None:
    event = normalised(body)

    assert event.type == kind
    assert getattr(event, kind.partition("_")[0])["id"] == 7


def test_simple_fields_lose_their_prefix() -> None:
    assert normalised({"deal_id": "7", "deal_name": "Big", "x": 1}).deal == {"id": 7, "name": "Big"}


@pytest.mark.parametrize(
    "body", [{}, {"contact": {"name": "x"}}, {"id": 7}, {"event": "x", "id": 7}]
)
def test_without_a_record_it_is_refused_with_advice(body: dict[str, Any]) -> None:
    with pytest.raises(NotARecordEvent, match="contact_id"):
        normalised(body)


@given(
    st.dictionaries(
        st.sampled_from(
            ["contact", "deal", "deal_id", "id", "event", "previous", "data", "updated_at"]
        ),
        st.recursive(
            st.none() | st.integers() | st.text(max_size=20),
            lambda inner: st.dictionaries(st.sampled_from(["id", "deal", "event", "x"]), inner),
            max_leaves=6,
        ),
    )
)
def test_no_object_whatever_raises_anything_else(body: dict[str, Any]) -> None:
    with suppress(NotARecordEvent):
        assert normalised(body).type in EVENT_TYPES


def test_the_reader_goes_by_the_platform() -> None:
    sales = builders.received_event(platform="freshsales", body='{"deal": {"id": 7}}')

    assert event_of(sales).type == "deal_updated"
    assert event_of(builders.received_event()).type == "ticket_created"
    broken = event_of(builders.received_event(body='{"ticket_id": 7, "subject": "a "b""}'))
    assert (broken.recovered, broken.raw_text) == (True, '{"ticket_id": 7, "subject": "a "b""}')
    with pytest.raises(Exception, match="no webhook of platform slack"):
        event_of(builders.received_event(platform="slack"))
