"""A note that a webhook and a sync both tell is told once, and no note is taken for another."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freshbridge import timestamps
from freshbridge.events.delivery import Delivery, History, delivery_of, from_text, judge, to_text
from freshbridge.events.freshdesk_webhook import normalise
from freshbridge.events.reading import event_of
from freshbridge.events.synced import Change
from tests import builders

MADE = timestamps.from_text("2026-03-03T12:00:00Z").timestamp()


def at_text(after_s: float) -> str:
    return timestamps.to_text(timestamps.from_epoch(MADE + after_s))


def webhook(number: int, text: str, *, after_s: float = 2, told: str = "private") -> Delivery:
    """The webhook of a note, `after_s` after it could be made at the earliest."""
    comment = f"Dana Roe : <div>{text}</div>" if text else ""
    body = builders.simple_content(
        triggered_event=f"{{note_type:{told}}}",
        ticket_latest_private_comment=comment,
        ticket_latest_public_comment=comment,
    )
    event = normalise(
        body, event_id=f"evt_web_{number}", instance_id="1", received_at=at_text(after_s)
    )
    assert event.type == "note_created"
    return delivery_of(event, f"{number}", at=MADE + after_s)


def synced(
    number: int, text: str, *, made_s: float = 0, after_s: float = 300, kind: str = "note_created"
) -> Delivery:
    """The note `number` as the sync found it."""
    note = {"id": number, "body": f"<p>{text}</p>", "private": True}
    change = Change(
        "ticket", kind, {"id": 1042}, at_text(made_s), note=note, emission=f"emi_{number}"
    )
    received = builders.received_event(
        event_id=f"evt_sync_{number}", body=change.to_text(), source="sync",
        received_at=at_text(after_s),
    )  # fmt: skip
    return delivery_of(event_of(received), received.body, at=MADE + after_s)


def news(*deliveries: Delivery) -> list[str]:
    """The ids of those that were told, in the order in which they came."""
    history: History = ()
    told = []
    for one in deliveries:
        verdict, history = judge(from_text(to_text(history)), one)
        if not verdict.duplicate_of:
            told.append(one.event_id.partition("#")[0])
    # The queue may give a message twice, and what it asks for is done again.
    return list(dict.fromkeys(told))


def test_whichever_comes_first_is_told() -> None:
    assert news(webhook(1, "Seen"), synced(9, "Seen")) == ["evt_web_1"]
    assert news(synced(9, "Seen", after_s=1), webhook(1, "Seen")) == ["evt_sync_9"]


def test_a_webhook_that_comes_again_and_a_page_that_comes_again_tell_nothing() -> None:
    one, two = webhook(1, "Seen"), synced(9, "Seen")
    assert news(one, two, two, one) == ["evt_web_1"]
    assert news(two, one, one, two) == ["evt_sync_9"]


def test_two_notes_with_one_text_are_two() -> None:
    told = news(webhook(1, "+1"), synced(8, "+1"), synced(9, "+1", made_s=1))
    assert told == ["evt_web_1", "evt_sync_9"]


@pytest.mark.parametrize(
    ("hook", "found"),
    [
        # Another text, another kind, too long before, before it was made.
        (webhook(1, "Seen"), synced(9, "Heard")),
        (webhook(1, "Seen"), synced(9, "Seen", kind="reply_created")),
        (webhook(1, "Seen", after_s=4000), synced(9, "Seen", after_s=4001)),
        (webhook(1, "Seen", after_s=0), synced(9, "Seen", made_s=60)),
        # Without a text only what comes soon is the same.
        (webhook(1, "", after_s=400), synced(9, "Seen", after_s=401)),
    ],
)
def test_what_may_be_another_note_is_told(hook: Delivery, found: Delivery) -> None:
    assert len(news(hook, found)) == 2


def test_a_webhook_without_its_text_is_the_note_that_was_made_just_before() -> None:
    assert news(webhook(1, "", after_s=4), synced(9, "Seen")) == ["evt_web_1"]


def test_words_count_not_how_they_are_set() -> None:
    one = webhook(1, "Tom &amp; I&nbsp;agree<br>on it")
    assert news(one, synced(9, "tom & i agree</b> on it")) == ["evt_web_1"]


@settings(max_examples=50, deadline=None)
@given(data=st.data(), notes=st.lists(st.sampled_from(["a", "b", "c"]), max_size=6))
def test_of_any_number_of_notes_in_any_order_none_is_lost_and_each_is_told_once(
    data: Any, notes: list[str]
) -> None:
    heard = [
        one
        for number, text in enumerate(notes)
        for one in (
            webhook(number, text, after_s=number * 10 + 2),
            synced(100 + number, text, made_s=number * 10, after_s=number * 10 + 20),
        )
    ]
    told = len(news(*data.draw(st.permutations(heard))))
    # Of notes that nothing tells apart, one too many may be told, and never one too few.
    assert told == len(notes) if len(set(notes)) == len(notes) else told >= len(notes)
