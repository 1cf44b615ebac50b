"""From a provider's reply to the message that is put off: whatever was asked for is a floor."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests import ConnectionError as BrokenConnection
from requests import PreparedRequest, ReadTimeout
from requests.adapters import BaseAdapter

from freshbridge.errors import Retry
from freshbridge.freshdesk.error_reply import error_from as freshdesk_error
from freshbridge.freshsales.error_reply import error_from as freshsales_error
from freshbridge.http_message import ProviderReply, ProviderRequest
from freshbridge.queues.backoff import CEILING_S
from freshbridge.queues.history import History
from freshbridge.queues.verdict import Patience, judge
from freshbridge.transport import RequestsTransport

DATE = "Tue, 03 Mar 2026 12:00:00 GMT"
REQUEST = ProviderRequest(method="POST", url="https://acme.freshdesk.com/api/v2/tickets")
PROVIDERS = pytest.mark.parametrize("error_from", [freshdesk_error, freshsales_error])


def wait_of(error: Exception, receives: int = 1, jitter: float = 0.0) -> int:
    """Seconds that the message of a call that ended so is hidden."""
    history = History(first_sent_ms=0, receives=receives)
    verdict = judge(error, history, now=60, patience=Patience(), jitter=jitter)
    assert not verdict.park
    return verdict.wait_s


@PROVIDERS
@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
@pytest.mark.parametrize("after", ["90", "Tue, 03 Mar 2026 12:01:30 GMT"])
def test_retry_after_in_either_form_is_a_floor(error_from: object, status: int, after: str) -> None:
    assert callable(error_from)
    error = error_from(ProviderReply(status, {"Retry-After": after, "Date": DATE}), REQUEST)

    assert isinstance(error, Retry)
    assert wait_of(error) == 90
    # Above it they are spread, so that not all come back in one instant.
    assert {wait_of(error, 9, jitter) for jitter in (0.0, 0.5, 0.99)} == {90, 105, 120}


@PROVIDERS
@pytest.mark.parametrize("status", [429, 500, 503])
def test_without_it_the_wait_is_jittered_in_full_below_a_growing_ceiling(
    error_from: object, status: int
) -> None:
    assert callable(error_from)
    error = error_from(ProviderReply(status), REQUEST)

    assert [wait_of(error, n, 0.999) for n in (1, 2, 3, 4)] == [2, 4, 8, 16]
    assert wait_of(error, 40, 0.999) == CEILING_S
    assert wait_of(error, 40, 0.0) == 1


class Broken(BaseAdapter):
    """A network that fails."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def send(  # type: ignore[override]  # never answers
        self,
        request: PreparedRequest,  # noqa: ARG002 - the interface of requests
        **_how: object,
    ) -> None:
        """Raise it."""
        raise self._error

    def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize(
    "failure", [ReadTimeout(), BrokenConnection(ConnectionResetError(104, "reset by peer"))]
)
def test_a_time_out_and_a_reset_are_tried_again_and_may_have_taken_effect(
    failure: Exception,
) -> None:
    transport = RequestsTransport(adapter=Broken(failure))

    with pytest.raises(Retry) as raised:
        transport.send(REQUEST)

    assert raised.value.outcome_unknown
    assert 1 <= wait_of(raised.value, 3, 0.5) <= 8


@given(
    text=st.one_of(st.text(max_size=40), st.integers(-10, 10**9).map(str)),
    receives=st.integers(1, 44),
    jitter=st.floats(0, 1, exclude_max=True),
)
def test_whatever_the_header_holds_the_message_comes_back_in_time(
    text: str, receives: int, jitter: float
) -> None:
    reply = ProviderReply(503, {"Retry-After": text, "Date": DATE})
    error = freshdesk_error(reply, REQUEST)

    wait = wait_of(error, receives, jitter)
    assert 1 <= wait <= Patience().deadline_s - 60
    assert wait >= min(reply.retry_after_s or 0, 42_300)
