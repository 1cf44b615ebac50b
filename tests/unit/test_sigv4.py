"""A call is signed as botocore signs it."""

from __future__ import annotations

import pytest
from freezegun import freeze_time
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.sigv4 import Keys, signed
from tests.fakes.signed_aws import expected_signature

HOST = "sqs.eu-central-1.amazonaws.com"


@given(
    st.binary(max_size=200),
    st.integers(1_000_000_000, 4_000_000_000),
    st.sampled_from(["", "token/with+signs=="]),
    st.sampled_from(["sqs", "dynamodb", "secretsmanager"]),
    st.text("abc  XYZ", max_size=20),
)
def test_the_signature_is_botocore_s(
    body: bytes, now: int, token: str, service: str, value: str
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("AWS_SECRET_ACCESS_KEY", "secret+made/up")
        keys = Keys("AKIDEXAMPLE", "secret+made/up", token)
        headers = {"host": HOST, "x-amz-target": f"T.{value.strip()}x"}

        told = signed(
            headers, body, keys=keys, region="eu-central-1", service=service, now=float(now)
        )

        expected = expected_signature(f"https://{HOST}/", told, body)
        assert told["authorization"].endswith(f"Signature={expected}")
        assert ("x-amz-security-token" in told) == bool(token)


@freeze_time("2026-03-03T12:02:40Z")
def test_the_time_is_the_argument_s() -> None:
    told = signed({"host": HOST}, b"", keys=Keys("a", "b"), region="r", service="sqs", now=0.0)

    assert told["x-amz-date"] == "19700101T000000Z"


def test_keys_are_not_shown() -> None:
    assert "hidden" not in repr(Keys("a", "hidden", "hidden"))
