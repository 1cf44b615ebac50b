"""A delivery that is repeated is one event; a change that is repeated is two."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.events import freshsales_webhook
from freshbridge.events.delivery import (
    DAY_S,
    MOST_KEPT,
    REPEAT_S,
    Delivery,
    History,
    Verdict,
    delivery_of,
    from_text,
    judge,
    to_text,
)
from freshbridge.events.freshdesk_webhook import normalise
from tests import builders

HALF_HOUR = 1800.0


def delivery(key: str, at: float, number: int = 0, **changed: object) -> Delivery:
    known = Delivery(
        f"evt_{key}_{number}_{at}", key, "form", at, "2026-03-03T12:02:40Z", dated=False
    )
    return replace(known, **changed)  # type: ignore[arg-type]  # fields by name


def judged(*deliveries: Delivery) -> list[Verdict]:
    history: History = ()
    found = []
    for one in deliveries:
        verdict, history = judge(history, one)
        found.append(verdict)
    return found


def test_all_48_calls_of_one_delivery_are_one_event() -> None:
    for dated in (True, False):
        calls = [delivery("a", n * HALF_HOUR, dated=dated) for n in range(48)]

        verdicts = judged(*calls)

        assert verdicts[0] == Verdict()
        assert {v.duplicate_of for v in verdicts[1:]} == {calls[0].event_id}


def test_the_same_change_after_another_is_news() -> None:
    first, verdict = judged(delivery("a", 0), delivery("b", 10), delivery("a", 20))[::2]

    assert first == Verdict()
    assert verdict.duplicate_of == ""
    assert verdict.repeat_of == "evt_a_0_0"


def test_dated_content_is_the_same_event_whatever_came_between() -> None:
    verdicts = judged(
        delivery("a", 0, dated=True), delivery("b", 10), delivery("a", 20, dated=True)
    )

    assert verdicts[2].duplicate_of == "evt_a_0_0"


def test_what_another_rule_sends_about_the_record_does_not_come_between() -> None:
    verdicts = judged(delivery("a", 0), delivery("b", 1, form="another"), delivery("a", HALF_HOUR))

    assert verdicts[2].duplicate_of == "evt_a_0_0"


def test_undated_content_is_news_when_it_comes_later_than_any_retry() -> None:
    verdicts = judged(delivery("a", 0), delivery("a", REPEAT_S + 1))

    assert verdicts[1] == Verdict(repeat_of="evt_a_0_0")


@pytest.mark.parametrize("dated", [True, False])
def test_after_a_day_nothing_is_remembered(dated: bool) -> None:
    verdicts = judged(delivery("a", 0, dated=dated), delivery("a", DAY_S + 1, dated=dated))

    assert verdicts[1] == Verdict()


def test_a_message_that_the_queue_gives_again_is_not_its_own_duplicate() -> None:
    first = delivery("a", 0)

    assert judged(first, first, first) == [Verdict()] * 3


def test_what_happened_before_the_latest_is_late() -> None:
    late = judged(
        delivery("a", 0, occurred_at="2026-03-03T12:02:40Z"),
        delivery("b", 5, occurred_at="2026-03-03T12:02:39Z"),
        delivery("c", 6, occurred_at="2026-03-03T12:02:41Z"),
    )

    assert [verdict.late for verdict in late] == [False, True, False]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 3000), st.booleans()), max_size=80))
def test_news_is_never_lost_and_a_duplicate_always_names_news(
    calls: list[tuple[str, float, bool]],
) -> None:
    history: History = ()
    news: list[str] = []
    known: set[str] = set()
    at = 0.0
    for number, (key, wait, dated) in enumerate(calls):
        at += wait
        one = delivery(key, at, number, dated=dated)
        verdict, history = judge(history, one)
        if verdict.duplicate_of:
            assert key in known
            assert verdict.duplicate_of in news
            assert verdict.duplicate_of.startswith(f"evt_{key}_")
        else:
            news.append(one.event_id)
            assert history[-1].event_id == one.event_id
        known.add(key)
        assert len(history) <= MOST_KEPT
        assert from_text(to_text(history)) == history


@pytest.mark.parametrize("text", ["", "{", "7", "[7]", '[{"event_id": "x"}]', "null"])
def test_a_history_that_cannot_be_read_is_none(text: str) -> None:
    assert from_text(text) == ()


@pytest.mark.parametrize(
    ("content", "dated"),
    [
        ({"triggered_event": "{ticket_action:created}"}, True),
        ({"triggered_event": "{ticket_action:deleted}"}, True),
        ({"triggered_event": "{priority:{from:1,to:4}}"}, False),
        ({"triggered_event": "{note_type:private}"}, False),
        ({"triggered_event": "{priority:{from:1,to:4}}", "ticket_modified_on": "March 06"}, True),
        ({"triggered_event": "{priority:{from:1,to:4}}", "ticket_created_on": "March 06"}, False),
        ({"triggered_event": "{priority:{from:1,to:4}}", "ticket_status_changed_on": "x"}, False),
        ({"triggered_event": "{status:{from:2,to:4}}", "ticket_status_changed_on": "x"}, True),
        ({"triggered_event": "{note_type:private}", "note_id": 5}, True),
    ],
)
def test_content_is_dated_by_what_a_second_change_could_not_repeat(
    content: dict[str, object], dated: bool
) -> None:
    body = {"freshdesk_webhook": {"ticket_id": 7, **content}}
    event = normalise(body, event_id="e", instance_id="1", received_at=builders.RECEIVED_AT)

    found = delivery_of(event, str(body), at=0)

    assert found.dated is dated
    assert delivery_of(event, str(body), at=9).key == found.key
    assert delivery_of(event, str(body) + " ", at=0).key != found.key


def test_content_that_goes_on_coming_is_news_again_after_a_day() -> None:
    calls = [delivery("a", n * HALF_HOUR) for n in range(60)]

    verdicts = judged(*calls)

    assert [n for n, verdict in enumerate(verdicts) if not verdict.duplicate_of] == [0, 51]


def test_a_record_s_own_time_dates_content_of_freshsales() -> None:
    body = {"data": {"deal": {"id": 7, "updated_at": "2026-03-03T12:00:00Z"}}}
    dated = freshsales_webhook.normalise(
        body, event_id="e", instance_id="1", received_at=builders.RECEIVED_AT
    )

    assert delivery_of(dated, "x", at=0).dated
