"""Requests and replies as values: what they show, encode and mean."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.errors import InvalidRequest
from freshbridge.http_message import (
    MAX_RETRY_AFTER_S,
    FilePart,
    Headers,
    ProviderReply,
    ProviderRequest,
)

URL = "https://acme.freshdesk.com/api/v2/tickets"
NOW = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)


def test_neither_repr_shows_a_secret_or_a_body() -> None:
    # Given a request and a reply full of what must not be logged
    request = ProviderRequest(
        method="post",
        url=f"{URL}?email=mira@client.example",
        headers={"Authorization": "Basic c2VjcmV0"},
        params=(("phone", "+4420555010"),),
        json={"subject": "private words"},
    )
    upload = FilePart("attachments[]", "a.txt", b"private words")
    reply = ProviderReply(200, {"Set-Cookie": "private"}, b"private words", 0.25)

    # Then their repr names verb, path and sizes only
    assert repr(request) == "ProviderRequest(POST /api/v2/tickets, query names: [phone])"
    assert repr(reply) == "ProviderReply(200, 13 bytes, 0.250 s)"
    assert "private" not in repr(upload) + repr(reply.headers)
    assert repr(request.headers) == "Headers(authorization)"


def test_header_names_have_no_letter_case() -> None:
    headers = Headers({"Retry-After": "3", "X-A": "1"})
    assert headers["retry-AFTER"] == "3"
    assert "RETRY-AFTER" in headers
    assert "absent" not in headers
    assert len(headers) == 2


@pytest.mark.parametrize(
    ("method", "read_only", "idempotent"),
    [
        ("get", True, True),
        ("HEAD", True, True),
        ("PUT", False, True),
        ("DELETE", False, True),
        ("POST", False, False),
        ("PATCH", False, False),
    ],
)
def test_the_method_tells_what_sending_twice_does(
    method: str, read_only: bool, idempotent: bool
) -> None:
    request = ProviderRequest(method=method, url=URL)
    assert (request.read_only, request.idempotent) == (read_only, idempotent)


def test_a_provider_can_say_that_a_post_only_reads_or_may_be_repeated() -> None:
    search = ProviderRequest(method="POST", url=URL, read_only=True)
    upsert = ProviderRequest(method="POST", url=URL, idempotent=True)
    assert (search.read_only, search.idempotent) == (True, True)
    assert (upsert.read_only, upsert.idempotent) == (False, True)


def test_a_request_has_one_body() -> None:
    with pytest.raises(ValueError, match="one body"):
        ProviderRequest(method="POST", url=URL, json={}, body=b"x")
    with pytest.raises(ValueError, match="one body"):
        ProviderRequest(method="POST", url=URL, json={}, form=(("a", "b"),))


def test_an_address_that_is_none_is_refused_with_advice() -> None:
    with pytest.raises(InvalidRequest, match="https://host/path"):
        ProviderRequest(method="GET", url="http://[::bad/")


def test_the_body_is_compact_json_or_the_bytes_given() -> None:
    assert ProviderRequest(method="POST", url=URL, json={"a": [1, "é"]}).content() == (
        b'{"a":[1,"\\u00e9"]}'
    )
    assert ProviderRequest(method="POST", url=URL, body=b"raw").content() == b"raw"
    assert ProviderRequest(method="GET", url=URL).content() is None


@pytest.mark.parametrize("value", [float("nan"), float("inf"), NOW, {1, 2}, b"x"])
def test_what_json_cannot_say_is_refused_without_repeating_it(value: object) -> None:
    request = ProviderRequest(method="POST", url=URL, json={"subject": "private words", "x": value})
    with pytest.raises(InvalidRequest) as caught:
        request.content()
    assert "POST /api/v2/tickets" in str(caught.value)
    assert "private" not in str(caught.value)


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8"), min_size=1, max_size=8),
            st.text(st.characters(codec="utf-8"), max_size=20),
        ),
        max_size=5,
    ),
    st.sampled_from([URL, URL + "?page=2"]),
)
def test_parameters_survive_the_query_unchanged(pairs: list[tuple[str, str]], url: str) -> None:
    # When parameters of any text are put into the URL
    full = ProviderRequest(method="GET", url=url, params=tuple(pairs)).full_url

    # Then a server reads the same, after what the URL already asked
    already = [("page", "2")] if "?" in url else []
    assert parse_qsl(urlsplit(full).query, keep_blank_values=True) == already + pairs
    assert " " not in full
    assert "+" not in full


def test_a_space_in_the_query_is_percent_encoded() -> None:
    request = ProviderRequest(method="GET", url=URL, params=(("query", "\"status:2 AND 'x'\""),))
    assert request.full_url.endswith("?query=%22status%3A2%20AND%20%27x%27%22")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("30", 30.0),
        (" 30 ", 30.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("99999999999", MAX_RETRY_AFTER_S),
        ("9" * 400, MAX_RETRY_AFTER_S),
        ("-5", None),
        ("nan", None),
        ("inf", None),
        ("1e3", None),
        ("٣", None),
        ("soon", None),
        ("", None),
    ],
)
def test_a_wait_in_seconds(value: str, seconds: float | None) -> None:
    assert ProviderReply(429, {"Retry-After": value}).retry_after_s == seconds


def test_a_wait_until_a_date_is_measured_on_the_servers_clock() -> None:
    # Given a server whose clock is years off this machine's
    def wait(
        delta: timedelta, date: str | None = format_datetime(NOW, usegmt=True)
    ) -> float | None:
        headers = {"RETRY-AFTER": format_datetime(NOW + delta, usegmt=True)}
        return ProviderReply(503, headers | ({"Date": date} if date else {})).retry_after_s

    # Then its own Date decides; without one the date says nothing
    assert wait(timedelta(seconds=90)) == 90.0
    assert wait(timedelta(seconds=-90)) == 0.0
    assert wait(timedelta(days=400)) == MAX_RETRY_AFTER_S
    assert wait(timedelta(seconds=90), "Tue, 03 Mar 2026 12:00:00 -0000") == 90.0
    assert wait(timedelta(seconds=90), None) is None
    assert wait(timedelta(seconds=90), "yesterday") is None


@pytest.mark.parametrize(
    ("headers", "date"),
    [
        ({"date": format_datetime(NOW, usegmt=True)}, NOW),
        ({"Date": format_datetime(NOW, usegmt=True), "Age": "0"}, NOW),
        ({"Date": format_datetime(NOW, usegmt=True), "Age": "12"}, None),
        ({"Date": "yesterday"}, None),
        ({}, None),
    ],
)
def test_a_reply_tells_when_it_was_made_unless_it_was_kept(
    headers: dict[str, str], date: datetime | None
) -> None:
    assert ProviderReply(200, headers).date == date


def test_no_header_no_wait() -> None:
    assert ProviderReply(429).retry_after_s is None


_DATES = st.datetimes(timezones=st.just(UTC)).map(lambda d: format_datetime(d, usegmt=True))


@given(
    st.one_of(st.text(), _DATES, st.integers().map(str), st.floats().map(str)),
    st.one_of(st.text(), _DATES),
)
def test_no_header_makes_a_negative_or_endless_wait(value: str, date: str) -> None:
    seconds = ProviderReply(429, {"Retry-After": value, "Date": date}).retry_after_s
    assert seconds is None or 0 <= seconds <= MAX_RETRY_AFTER_S


@given(st.binary(max_size=50))
def test_any_body_can_be_carried(body: bytes) -> None:
    assert json.dumps(len(body)) in repr(ProviderReply(200, {}, body))
