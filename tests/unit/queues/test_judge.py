"""What becomes of a failed message, case by case."""

from __future__ import annotations

import pytest
from botocore.exceptions import EndpointConnectionError

from freshbridge.budget.budgeted_transport import BudgetExhausted
from freshbridge.errors import Conflict, NotFound, Reject, Retry, Throttled, Unreachable
from freshbridge.queues.batch import HandedBack, Patience, judge
from tests.fakes.aws_failures import client_error

DAY = 86_400.0
PATIENCE = Patience()


@pytest.mark.parametrize(
    ("error", "receives", "age_s", "park", "code"),
    [
        (NotFound("gone"), 1, 0, True, "not_found"),
        (Reject("no"), 1, 0, True, "rejected"),
        (Conflict("there already"), 44, DAY * 2, True, "conflict"),
        (Throttled("wait", after=30), 1, 0, False, "throttled"),
        (Throttled("wait", after=30), 44, DAY - 1, False, "throttled"),
        (Throttled("wait", after=30), 45, 0, True, "exhausted_throttled"),
        (Unreachable("gone away"), 1, DAY, True, "exhausted_unreachable"),
        (HandedBack("no time"), 1, 0, False, "handed_back"),
        (HandedBack("no time"), 49, DAY * 3, False, "handed_back"),
        (KeyError("private words"), 1, 0, False, "defect"),
        (KeyError("private words"), 4, DAY * 2, False, "defect"),
        (KeyError("private words"), 5, 0, True, "defect"),
        (client_error("GetItem", "ThrottlingException"), 5, 0, False, "aws_unavailable"),
        (client_error("GetItem"), 45, 0, True, "exhausted_aws_unavailable"),
        (EndpointConnectionError(endpoint_url="https://x"), 5, 0, False, "aws_unavailable"),
    ],
)
def test_the_table(error: Exception, receives: int, age_s: float, park: bool, code: str) -> None:
    verdict = judge(error, receives=receives, age_s=age_s, patience=PATIENCE, jitter=0.5)

    assert (verdict.park, verdict.code) == (park, code)
    assert verdict.reason
    assert "private words" not in verdict.reason
    if not park:
        assert verdict.wait_s >= 1


def test_the_server_s_wait_is_a_floor_and_the_backoff_grows_without_one() -> None:
    asked = judge(Throttled("wait", after=120), receives=1, age_s=0, patience=PATIENCE, jitter=0.0)
    early = judge(Retry("later"), receives=1, age_s=0, patience=PATIENCE, jitter=0.9)
    late = judge(Retry("later"), receives=6, age_s=0, patience=PATIENCE, jitter=0.9)

    assert asked.wait_s == 120
    assert early.wait_s < late.wait_s


def test_what_was_not_tried_comes_back_when_it_said_however_often() -> None:
    waited = BudgetExhausted("not now", after=200.2)
    verdict = judge(waited, receives=3, age_s=90_000, patience=PATIENCE, jitter=0.9)
    last = judge(waited, receives=45, age_s=90_000, patience=PATIENCE, jitter=0.9)
    handed_back = judge(
        HandedBack("no time", after=1.0), receives=30, age_s=0, patience=PATIENCE, jitter=0.9
    )

    assert (verdict.park, verdict.wait_s, verdict.renew) == (False, 201, False)
    assert (last.park, last.wait_s, last.renew) == (False, 201, True)
    assert handed_back.wait_s == 1


def test_patience_stays_below_the_queue_s_own_limit() -> None:
    # maxReceiveCount is 50 in the template: beyond it SQS moves the message without a reason.
    assert PATIENCE.receives < 50
    assert PATIENCE.defect_receives < PATIENCE.receives
