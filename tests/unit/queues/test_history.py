"""What a message that is sent anew knows of the ones before it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.queues.history import History, history_of
from tests import builders

SENT_MS = 1_772_539_360_000


def record(attributes: Any, receives: int = 3) -> dict[str, Any]:
    return builders.sqs_record("b", receives=receives, sent_ms=SENT_MS) | {
        "messageAttributes": attributes
    }


def received(history: History, receives: int) -> History:
    """The history read from the message that took the other one's place."""
    given = {
        name: {"stringValue": value["StringValue"], "dataType": value["DataType"]}
        for name, value in history.attributes().items()
    }
    return history_of(record(given, receives))


def test_a_message_sent_once_has_no_past() -> None:
    assert history_of(record({})) == History(SENT_MS, 3)
    assert history_of(record(None)) == History(SENT_MS, 3)
    assert History(SENT_MS, 3).age_s(SENT_MS / 1000 + 60) == pytest.approx(60)


@given(lives=st.lists(st.integers(1, 50), min_size=1, max_size=20))
def test_through_all_its_lives_its_date_stays_and_its_receives_add_up(lives: list[int]) -> None:
    history = History(SENT_MS - 1000, lives[0])
    for receives in lives[1:]:
        history = received(history, receives)

    assert history.first_sent_ms == SENT_MS - 1000
    assert history.before + history.receives == sum(lives)


@pytest.mark.parametrize(
    "attributes",
    [
        {"first_sent": {"stringValue": "soon", "dataType": "String"}},
        {"first_sent": {"stringValue": str(SENT_MS + 10**9), "dataType": "Number"}},
        {"first_sent": {"binaryValue": "AA==", "dataType": "Binary"}},
        {"first_sent": "1", "received_before": None},
        {"received_before": {"stringValue": "-5", "dataType": "Number"}},
        {"received_before": {"stringValue": "9" * 30, "dataType": "Number"}},
    ],
)
def test_a_past_that_makes_no_sense_is_left_aside(attributes: dict[str, Any]) -> None:
    assert history_of(record(attributes)) == History(SENT_MS, 3)
