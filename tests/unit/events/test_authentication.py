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
        {"authorization": basic("anyone", SECRET).replace("Basic", "bAsIc")},
        {"x-freshbridge-secret": SECRET, "authorization": basic("u", "wrong")},
    ],
)
def test_the_secret_opens(headers: dict[str, str]) -> None:
    authenticate(headers, secret=SECRET)


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
        authenticate(headers, secret=SECRET)
    assert raised.value.what == "webhook secret missing or wrong"
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize(
    "headers",
    [{}, {"x-freshbridge-secret": ""}, {"authorization": basic("", "")}, {"authorization": ""}],
)
def test_an_empty_stored_secret_matches_nothing(headers: dict[str, str]) -> None:
    with pytest.raises(NotAuthenticated):
        authenticate(headers, secret="")


@given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8"), min_size=1))
def test_only_an_equal_secret_opens(shown: str, secret: str) -> None:
    headers = {"x-freshbridge-secret": shown}

    if shown == secret:
        authenticate(headers, secret=secret)
    else:
        with pytest.raises(NotAuthenticated):
            authenticate(headers, secret=secret)
