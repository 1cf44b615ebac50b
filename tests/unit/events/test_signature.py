"""A signature fits one body, one secret and one moment."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.events.authentication import NotAuthenticated, authenticate
from freshbridge.events.signature import TOLERANCE_S, is_in_time, signature, signed_at

NOW = 1_772_539_360
BODY = '{"ticket_id": 1042, "subject": "é"}'.encode()
SECRET = "made-up-secret"


def is_signed(header: str, body: bytes, secrets: list[str], *, now: float) -> bool:
    moment = signed_at(header, body, secrets)
    return moment is not None and is_in_time(moment, now)


def test_the_header_is_what_the_documentation_says() -> None:
    digest = hmac.new(SECRET.encode(), f"{NOW}.".encode() + BODY, hashlib.sha256).hexdigest()

    assert signature(BODY, SECRET, NOW) == f"t={NOW},v1={digest}"


@given(
    st.binary(), st.text(min_size=1), st.integers(0, 10**11), st.floats(-TOLERANCE_S, TOLERANCE_S)
)
def test_what_was_signed_within_the_tolerance_passes(
    body: bytes, secret: str, sent: int, off: float
) -> None:
    header = signature(body, secret, sent)

    assert is_signed(header, body, [secret], now=sent + off)
    assert is_signed(header, body, ["another", secret], now=sent + off)


@given(st.binary(), st.binary(), st.text(min_size=1), st.text(min_size=1))
def test_only_the_same_body_and_secret_pass(
    body: bytes, other: bytes, secret: str, wrong: str
) -> None:
    header = signature(body, secret, NOW)

    assert is_signed(header, other, [secret], now=NOW) == (body == other)
    assert is_signed(header, body, [wrong], now=NOW) == (secret == wrong)
    assert not is_signed(header, body, [], now=NOW)


@pytest.mark.parametrize("off", [-TOLERANCE_S - 1, TOLERANCE_S + 1, 10**9])
def test_a_recorded_request_cannot_be_sent_again_later(off: float) -> None:
    assert not is_signed(signature(BODY, SECRET, NOW), BODY, [SECRET], now=NOW + off)


def test_the_time_cannot_be_moved_without_the_secret() -> None:
    shown = signature(BODY, SECRET, NOW).partition(",")[2]

    assert not is_signed(f"t={NOW + 1000},{shown}", BODY, [SECRET], now=NOW + 1000)
    assert not is_signed(shown, BODY, [SECRET], now=NOW)


def test_one_of_several_signatures_is_enough_while_a_sender_changes_its_secret() -> None:
    new = signature(BODY, "newer", NOW).partition(",")[2]

    assert is_signed(f"{signature(BODY, SECRET, NOW)}, {new}", BODY, ["newer"], now=NOW)
    many = ",".join(["v1=00"] * 50)
    assert not is_signed(f"t={NOW},{many},{new}", BODY, ["newer"], now=NOW)


@given(st.text())
def test_no_header_whatever_raises_or_passes(header: str) -> None:
    assert not is_signed(header, BODY, [SECRET], now=NOW)
    assert not is_signed(f"t={NOW},v1={header}", BODY, [SECRET], now=NOW)


def test_a_wrong_signature_is_not_made_up_for_by_the_secret() -> None:
    good = {"x-freshbridge-signature": signature(BODY, SECRET, NOW)}
    authenticate(good, secrets=[SECRET], body=BODY, now=NOW)

    for header in ("", "t=1,v1=00", signature(b"other", SECRET, NOW)):
        headers = {"x-freshbridge-signature": header, "x-freshbridge-secret": SECRET}
        with pytest.raises(NotAuthenticated):
            authenticate(headers, secrets=[SECRET], body=BODY, now=NOW)


@pytest.mark.parametrize(("off", "side"), [(400, "behind"), (-400, "ahead of")])
def test_who_signs_with_a_wrong_clock_is_told_so_and_a_stranger_is_not(off: int, side: str) -> None:
    def refused(header: str) -> str:
        with pytest.raises(NotAuthenticated) as raised:
            authenticate(
                {"x-freshbridge-signature": header}, secrets=[SECRET], body=BODY, now=NOW + off
            )
        return raised.value.what

    shown = refused(signature(BODY, SECRET, NOW))
    assert f"its time is 400 seconds {side} this clock; 300 are allowed" in shown

    for strange in (signature(BODY, "guess", NOW), signature(b"other", SECRET, NOW), f"t={NOW}"):
        assert refused(strange) == "webhook secret missing or wrong"
