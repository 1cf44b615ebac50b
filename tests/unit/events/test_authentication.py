"""A webhook passes with the instance's secret and in no other way."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.events.authentication import NotAuthenticated, authenticate

SECRET = "s3cret-é"


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize(
    "headers",
    [
        {"x-freshbridge-secret": SECRET},
        {"authorization": basic("anyone", SECRET)},
        {"authorization": basic("", SECRET)},
        {"authorization": basic(SECRET, "X")},
        {"authorization": basic("anyone", SECRET).replace("Basic", "bAsIc")},
        {"x-freshbridge-secret": SECRET, "authorization": basic("u", "wrong")},
    ],
)
def test_the_secret_opens(headers: dict[str, str]) -> None:
    authenticate(headers, secrets=[SECRET], body=b"", now=0.0)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-freshbridge-secret": ""},
        {"x-freshbridge-secret": "wrong"},
        {"x-freshbridge-secret": SECRET + " "},
        {"x-freshbridge-secret": "wrong", "authorization": basic("u", SECRET)},
        {"authorization": basic(SECRET, "")},
        {"authorization": basic("u", "wrong")},
        {"authorization": f"Bearer {SECRET}"},
        {"authorization": "Basic"},
        {"authorization": "Basic not*base64"},
        {"authorization": "Basic " + base64.b64encode(b"\xff\xfe:x").decode()},
        {"authorization": "Basic ünïcode"},
    ],
)
def test_anything_else_is_refused_with_the_same_words(headers: dict[str, str]) -> None:
    with pytest.raises(NotAuthenticated) as raised:
        authenticate(headers, secrets=[SECRET], body=b"", now=0.0)
    assert raised.value.what == "webhook secret missing or wrong"
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize(
    "headers",
    [{}, {"x-freshbridge-secret": ""}, {"authorization": basic("", "")}, {"authorization": ""}],
)
def test_an_empty_stored_secret_matches_nothing(headers: dict[str, str]) -> None:
    with pytest.raises(NotAuthenticated):
        authenticate(headers, secrets=[""], body=b"", now=0.0)


@given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8"), min_size=1))
def test_only_an_equal_secret_opens(shown: str, secret: str) -> None:
    headers = {"x-freshbridge-secret": shown}

    if shown == secret:
        authenticate(headers, secrets=[secret], body=b"", now=0.0)
    else:
        with pytest.raises(NotAuthenticated):
            authenticate(headers, secrets=[secret], body=b"", now=0.0)


def test_two_secrets_open_during_a_rotation() -> None:
    for shown in ("new", "old"):
        authenticate({"x-freshbridge-secret": shown}, secrets=["new", "old"], body=b"", now=0.0)
    with pytest.raises(NotAuthenticated):
        authenticate({"x-freshbridge-secret": "newold"}, secrets=["new", "old"], body=b"", now=0.0)


def test_half_a_letter_in_a_header_is_a_wrong_secret() -> None:
    with pytest.raises(NotAuthenticated):
        authenticate({"x-freshbridge-secret": "\ud83d"}, secrets=[SECRET], body=b"", now=0.0)
