"""What becomes of a failed message, case by case."""

from __future__ import annotations

import math

import pytest
from botocore.exceptions import EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.budget.budgeted_transport import BudgetExhausted
from freshbridge.circuit.refusal import CircuitOpen
from freshbridge.errors import (
    Conflict,
    NotFound,
    ProviderDown,
    Reject,
    Retry,
    Throttled,
    Unreachable,
)
from freshbridge.queues.backoff import LONGEST_VISIBILITY_S
from freshbridge.queues.batch import HandedBack
from freshbridge.queues.history import History
from freshbridge.queues.verdict import Patience, Verdict, judge
from tests.fakes.aws_failures import client_error

DAY = 86_400.0
PATIENCE = Patience()


def held() -> CircuitOpen:
    return CircuitOpen("the provider is down", after=40, advice="", circuit={"state": "open"})


def judged(
    error: Exception, receives: int = 1, age_s: float = 0.0, *, jitter: float = 0.5
) -> Verdict:
    history = History(first_sent_ms=0, receives=receives)
    return judge(error, history, now=age_s, patience=PATIENCE, jitter=jitter)


@pytest.mark.parametrize(
    ("error", "receives", "age_s", "park", "code"),
    [
        (NotFound("gone"), 1, 0, True, "not_found"),
        (Reject("no"), 1, 0, True, "rejected"),
        (Conflict("there already"), 44, DAY * 2, True, "conflict"),
        (Throttled("wait", after=30), 1, 0, False, "throttled"),
        (Throttled("wait", after=30), 44, DAY - 1, False, "throttled"),
        (Throttled("wait", after=30), 45, 0, False, "throttled"),
        (Throttled("wait", after=30), 44, DAY, True, "exhausted_throttled"),
        (Unreachable("gone away"), 1, DAY, True, "exhausted_unreachable"),
        (HandedBack("no time"), 1, 0, False, "handed_back"),
        (HandedBack("no time"), 49, DAY - 1, False, "handed_back"),
        (HandedBack("no time"), 2, DAY, True, "exhausted_handed_back"),
        (BudgetExhausted("not now", after=9), 40, DAY - 1, False, "budget_wait"),
        (BudgetExhausted("not now", after=9), 2, DAY, True, "exhausted_budget_wait"),
        (held(), 40, DAY - 1, False, "circuit_open"),
        (held(), 2, DAY, True, "exhausted_circuit_open"),
        (KeyError("private words"), 1, 0, False, "defect"),
        (KeyError("private words"), 4, DAY * 2, False, "defect"),
        (KeyError("private words"), 5, 0, True, "defect"),
        (client_error("GetItem", "ThrottlingException"), 5, 0, False, "aws_unavailable"),
        (client_error("GetItem"), 45, DAY, True, "exhausted_aws_unavailable"),
        (EndpointConnectionError(endpoint_url="https://x"), 5, 0, False, "aws_unavailable"),
    ],
)
def test_the_table(error: Exception, receives: int, age_s: float, park: bool, code: str) -> None:
    verdict = judged(error, receives, age_s)

    assert (verdict.park, verdict.code) == (park, code)
    assert verdict.reason
    assert "private words" not in verdict.reason
    if not park:
        assert verdict.wait_s >= 1


def test_the_server_s_wait_is_a_floor_and_the_backoff_grows_without_one() -> None:
    asked = judged(Throttled("wait", after=120), jitter=0.0)
    early = judged(Retry("later"), jitter=0.9)
    late = judged(Retry("later"), 6, jitter=0.9)

    assert asked.wait_s == 120
    assert early.wait_s < late.wait_s


def test_what_was_not_tried_comes_back_when_it_said_however_often() -> None:
    waited = BudgetExhausted("not now", after=200.2)
    verdict = judged(waited, 3, 80_000, jitter=0.9)
    last = judged(waited, 45, 80_000, jitter=0.9)
    handed_back = judged(HandedBack("no time", after=1.0), 30, jitter=0.9)

    assert (verdict.park, verdict.wait_s, verdict.renew) == (False, 201, False)
    assert (last.park, last.wait_s, last.renew) == (False, 201, True)
    assert handed_back.wait_s == 1


def test_what_is_tried_until_its_deadline_is_sent_anew_before_the_queue_loses_patience() -> None:
    first = judged(Unreachable("gone away"), 44, 3600)
    renewed = judged(Unreachable("gone away"), 45, 3600)

    assert (first.park, first.renew) == (False, False)
    assert (renewed.park, renewed.renew) == (False, True)


def test_the_backoff_goes_on_where_it_was_before_the_message_was_sent_anew() -> None:
    history = History(first_sent_ms=0, receives=1, before=45)
    verdict = judge(Retry("later"), history, now=3600, patience=PATIENCE, jitter=0.9)
    defect = judge(KeyError("x"), history, now=3600, patience=PATIENCE, jitter=0.9)

    assert verdict.wait_s == 810
    assert not verdict.renew
    assert defect.park


def test_no_wait_goes_beyond_the_deadline_which_is_told_as_the_reason() -> None:
    patience = Patience(deadline_s=7200)
    waited = BudgetExhausted("The account's rate limit is used up", after=5000)
    last = judge(waited, History(0, 2), now=7000.5, patience=patience, jitter=0.5)
    over = judge(waited, History(0, 3), now=7200, patience=patience, jitter=0.5)

    assert (last.park, last.wait_s) == (False, 200)
    assert (over.park, over.code) == (True, "exhausted_budget_wait")
    assert over.reason.startswith("Not done within 2 hours of being sent, its deadline.")
    assert "rate limit is used up" in over.reason


@given(
    after=st.one_of(st.none(), st.floats(0, 1e6)),
    receives=st.integers(1, 49),
    before=st.integers(0, 10_000),
    age_s=st.floats(-5, 2 * DAY),
    jitter=st.floats(0, 1, exclude_max=True),
)
def test_a_retry_waits_at_least_as_long_as_asked_and_at_most_to_its_deadline(
    after: float | None, receives: int, before: int, age_s: float, jitter: float
) -> None:
    history = History(first_sent_ms=0, receives=receives, before=before)
    for error in (Throttled("wait", after=after), ProviderDown("HTTP 503", after=after)):
        verdict = judge(error, history, now=age_s, patience=PATIENCE, jitter=jitter)

        assert verdict.park == (age_s >= PATIENCE.deadline_s)
        if not verdict.park:
            left = math.ceil(PATIENCE.deadline_s - age_s)
            assert verdict.wait_s >= min(after or 0.0, LONGEST_VISIBILITY_S, left)
            assert 1 <= verdict.wait_s <= left


def test_patience_stays_below_the_queue_s_own_limit() -> None:
    # maxReceiveCount is 50 in the template: beyond it SQS moves the message without a reason.
    assert PATIENCE.receives < 50
    assert PATIENCE.defect_receives < PATIENCE.receives


def test_where_they_are_on_record_only_defects_count_as_defects() -> None:
    def met(before: int, receives: int, age_s: float = 3600) -> Verdict:
        history = History(first_sent_ms=0, receives=receives)
        return judge(
            KeyError("x"),
            history,
            now=age_s,
            patience=PATIENCE,
            jitter=0.9,
            defects=before,
        )

    # Given a message that waited for its turn many times and then met its first one
    first = met(0, 44)
    assert (first.park, first.renew, first.wait_s) == (False, False, met(0, 1).wait_s)
    # Then it is tried as often as any other
    assert [met(before, 44).park for before in range(5)] == [False] * 4 + [True]
    # And SQS does not move it before that, nor is it tried for ever where no record is written
    assert (met(0, 45).park, met(0, 45).renew) == (False, True)
    assert met(0, 2, PATIENCE.deadline_s).park
