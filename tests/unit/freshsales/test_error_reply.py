"""What Freshsales' refusals mean: throttling in disguise, several languages, no JSON at all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.errors import (
    Forbidden,
    FreshbridgeError,
    InvalidRequest,
    NotFound,
    ProviderDown,
    Redirected,
    Reject,
    Retry,
    Throttled,
    Unauthorized,
    WrongState,
)
from freshbridge.freshsales.error_reply import error_from
from freshbridge.freshsales.throttling import BULK_WAIT_S, LONGEST_WAIT_S, wait_s
from freshbridge.http_message import ProviderReply, ProviderRequest
from tests.fakes.provider import empty_reply, html_reply, json_reply

KEY = "key-made-up-4d1f"
SUITE = "https://acme.myfreshworks.com/crm/sales/api"
CLASSIC = "https://acme.freshsales.io/api"
DATE = "Fri, 07 Jun 2024 12:59:30 GMT"
LEAKED = "UCR contact fetch failure :: response_code :: 429 :: response :: Too many requests"


def request(method: str = "POST", path: str = "/contacts", root: str = SUITE) -> ProviderRequest:
    return ProviderRequest(
        method=method, url=root + path, headers={"Authorization": f"Token token={KEY}"}
    )


def enveloped(status: int, message: Any, code: int | None = None) -> ProviderReply:
    return json_reply({"errors": {"code": code or status, "message": message}}, status)


def retry(reply: ProviderReply, asked: ProviderRequest | None = None) -> Retry:
    error = error_from(reply, asked or request())
    assert isinstance(error, Retry)
    return error


@pytest.mark.parametrize(
    "reply",
    [
        enveloped(429, ["Too many requests"]),
        empty_reply(429),
        html_reply(429),
        enveloped(400, [LEAKED]),
        enveloped(400, LEAKED),
        json_reply({"message": LEAKED.lower()}, 400),
        ProviderReply(400, {"Content-Type": "text/html"}, f"<p>{LEAKED}</p>".encode()),
    ],
)
def test_throttling_is_found_under_a_429_and_under_a_400(reply: ProviderReply) -> None:
    error = retry(reply)

    assert isinstance(error, Throttled)
    assert error.told.startswith("Rate limit exceeded. Please try again later")
    # Whatever failed within a 400 may have failed after the write.
    assert error.outcome_unknown == (reply.status == 400)
    assert not retry(reply, request("GET")).outcome_unknown


@pytest.mark.parametrize(
    ("method", "path", "throttled"),
    [
        ("POST", "/contacts/bulk_upsert", True),
        ("POST", "/sales_accounts/bulk_upsert.json", True),
        ("POST", "/deals/bulk_upsert/", True),
        ("GET", "/contacts/bulk_upsert", False),
        ("POST", "/contacts/bulk_upsert/7", False),
        ("POST", "/contacts", True),
        ("POST", "/contacts/upsert", True),
        ("PUT", "/contacts/7", True),
        ("DELETE", "/deals/7/forget", True),
        ("POST", "/users", False),
        ("PUT", "/contacts", False),
        ("DELETE", "/contacts/7/notes", False),
        ("GET", "/contacts/7", False),
    ],
)
@pytest.mark.parametrize("root", [SUITE, CLASSIC])
@pytest.mark.parametrize("reply", [empty_reply(405), html_reply(405)])
def test_a_405_of_a_write_that_every_account_takes_is_throttling_and_of_anything_else_a_refusal(
    reply: ProviderReply, method: str, path: str, throttled: bool, root: str
) -> None:
    error = error_from(reply, request(method, path, root))

    assert isinstance(error, Throttled if throttled else WrongState)
    if isinstance(error, Throttled):
        assert error.after == BULK_WAIT_S
        assert not error.outcome_unknown


@pytest.mark.parametrize(
    ("words", "throttled"),
    [
        ({"message": "Method Not Allowed"}, False),
        ({"errors": {"code": 405, "message": ["Het contact is verwijderd"]}}, False),
        ({"message": "Too many requests"}, True),
        ({"message": LEAKED}, True),
        ({}, True),
    ],
)
def test_a_405_in_the_product_s_own_words_is_a_refusal_unless_it_is_too_busy(
    words: dict[str, Any], throttled: bool
) -> None:
    error = error_from(json_reply(words, 405), request("PUT", "/contacts/7"))

    assert isinstance(error, Throttled if throttled else WrongState)


def test_the_suite_has_no_leads_that_could_be_busy() -> None:
    assert isinstance(error_from(empty_reply(405), request(path="/leads", root=SUITE)), WrongState)
    assert isinstance(error_from(empty_reply(405), request(path="/leads", root=CLASSIC)), Throttled)


def test_a_bulk_upsert_s_own_wait_counts_where_it_is_longer() -> None:
    asked = request(path="/contacts/bulk_upsert")

    assert retry(empty_reply(405, {"Retry-After": "60"}), asked).after == 60
    assert retry(empty_reply(405, {"Retry-After": "1"}), asked).after == BULK_WAIT_S


@pytest.mark.parametrize(
    "message",
    [
        ["Name has already been taken"],
        ["Email is not unique", "MobileNumber is not unique"],
        ["El correo electrónico no es único"],
        ["Naam is al in gebruik"],
        # Somebody's own text, quoted, is no sign of throttling.
        ["Name Too many requests has already been taken"],
        ["response_code 429 is not a valid choice"],
    ],
)
def test_a_validation_in_any_language_is_a_refusal_with_the_provider_s_words(
    message: list[str],
) -> None:
    error = error_from(enveloped(400, message), request())

    assert isinstance(error, InvalidRequest)
    assert all(text in str(error) for text in message)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (json_reply({"login": "failed", "message": "Bad key"}, 401), Unauthorized),
        (enveloped(403, ["Toegang geweigerd"]), Forbidden),
        (enveloped(404, ["nope"]), NotFound),
        (html_reply(404), NotFound),
        (enveloped(422, ["no"]), InvalidRequest),
        (html_reply(400), InvalidRequest),
        (empty_reply(302), Redirected),
        (empty_reply(418), Reject),
        (html_reply(500), ProviderDown),
        (empty_reply(502), ProviderDown),
        (empty_reply(503, {"Retry-After": "20"}), ProviderDown),
        (empty_reply(408), ProviderDown),
    ],
)
def test_the_status_decides_everything_else(
    reply: ProviderReply, kind: type[FreshbridgeError]
) -> None:
    error = error_from(reply, request())

    assert type(error) is kind
    assert error.status == reply.status
    assert "html" not in str(error).lower()
    assert "proxy" not in str(error)


def test_a_write_behind_a_5xx_may_have_been_made() -> None:
    assert retry(html_reply(500)).outcome_unknown
    assert not retry(html_reply(500), request("GET")).outcome_unknown
    assert not retry(empty_reply(408)).outcome_unknown


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"errors": {"code": 400, "message": "one"}}, "one"),
        ({"errors": ["one", {"message": "two."}, 3, {}]}, "one; two"),
        ({"message": "one", "error": "two"}, "one"),
        ({"error": "two"}, "two"),
        ({"description": "three", "errors": []}, "three"),
        ({"errors": {"code": "busy"}}, ""),
        ([1, 2], ""),
        ("text", ""),
    ],
)
def test_every_shape_of_body_is_read(body: Any, words: str) -> None:
    assert error_from(json_reply(body, 400), request()).provider_message == words


def test_a_code_that_is_a_word_is_kept() -> None:
    assert error_from(enveloped(400, "x"), request()).provider_code == ""
    reply = json_reply({"errors": {"code": "limit_reached", "message": "x"}}, 403)
    assert error_from(reply, request()).provider_code == "limit_reached"


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/contacts/7", "Contact not found: Invalid contact ID"),
        ("/sales_accounts/7/notes", "Account not found: Invalid account ID"),
        ("/selector/owners", "Freshsales has nothing here"),
    ],
)
@pytest.mark.parametrize("root", [SUITE, CLASSIC])
def test_what_is_missing_is_named(path: str, told: str, root: str) -> None:
    assert error_from(empty_reply(404), request("GET", path, root)).told == told


def test_the_key_and_addresses_are_never_told() -> None:
    message = f"Token {KEY} of asha.example@customer.example is unknown"
    error = error_from(json_reply({"message": message}, 401), request())

    assert KEY not in str(error)
    assert "customer.example" not in str(error)
    bare = ProviderRequest(method="GET", url=SUITE)
    assert error_from(json_reply({"message": "m"}, 401), bare).provider_message == "m"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "30"}, 30),
        ({"Retry-After": "999999"}, LONGEST_WAIT_S),
        ({"Retry-After": "Fri, 07 Jun 2024 13:00:00 GMT", "Date": DATE}, 30),
        ({"x-ratelimit-reset": "1717765200", "Date": DATE}, 30),
        ({"x-ratelimit-reset": "1717765200000", "Date": DATE}, 30),
        ({"x-ratelimit-reset": "070624130000", "Date": DATE}, 30),
        ({"x-ratelimit-reset": "070624130000", "Date": "Fri, 07 Jun 2024 12:59:30 -0000"}, 30),
        ({"x-ratelimit-reset": "070624183000", "Date": DATE}, LONGEST_WAIT_S),
        ({"x-ratelimit-reset": "070624110000", "Date": DATE}, None),
        ({"x-ratelimit-reset": "990624110000", "Date": DATE}, None),
        ({"x-ratelimit-reset": "soon", "Date": DATE}, None),
        ({"x-ratelimit-reset": "17", "Date": DATE}, None),
        ({"x-ratelimit-reset": "1717765200"}, None),
        ({"Retry-After": "5", "x-ratelimit-reset": "1717765200", "Date": DATE}, 5),
    ],
)
def test_how_long_it_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert wait_s(empty_reply(429, headers)) == seconds
    assert retry(empty_reply(429, headers)).after == seconds
    assert retry(enveloped(400, [LEAKED])).after is None


def test_throttling_in_disguise_does_not_wait_for_the_account_s_window() -> None:
    window = {"x-ratelimit-reset": "1717765200", "Date": DATE}
    quoted = enveloped(400, [LEAKED])
    asked = request(path="/contacts/bulk_upsert")

    assert retry(ProviderReply(400, {**quoted.headers, **window}, quoted.body)).after is None
    told = {**quoted.headers, **window, "Retry-After": "7"}
    assert retry(ProviderReply(400, told, quoted.body)).after == 7
    assert retry(empty_reply(405, window), asked).after == BULK_WAIT_S


@given(
    status=st.integers(-1, 700).filter(lambda status: not 200 <= status < 300),
    body=st.one_of(
        st.binary(max_size=300),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text(max_size=20),
            lambda inner: (
                st.lists(inner, max_size=4)
                | st.dictionaries(
                    st.sampled_from(["errors", "message", "code", "error", "description"]), inner
                )
            ),
            max_leaves=12,
        ).map(lambda value: json.dumps(value).encode()),
    ),
    headers=st.dictionaries(
        st.sampled_from(["Retry-After", "Date", "x-ratelimit-reset", "Content-Type"]),
        st.text(max_size=30) | st.sampled_from([DATE, "070624130000", "9" * 12, "9" * 13]),
    ),
    path=st.sampled_from(["/contacts", "/contacts/bulk_upsert", "/deals/7", ""]),
)
def test_any_bytes_give_an_error_of_the_tree(
    status: int, body: bytes, headers: dict[str, str], path: str
) -> None:
    error = error_from(ProviderReply(status, headers, body), request(path=path))

    assert isinstance(error, Retry | Reject)
    assert error.status == status
    assert str(error)
    if isinstance(error, Retry) and error.after is not None:
        assert 0 <= error.after <= LONGEST_WAIT_S


@pytest.mark.parametrize(
    ("path", "root", "status", "instead"),
    [
        ("/leads", SUITE, 403, "lifecycle_stage_id"),
        ("/leads/7/convert", SUITE, 404, "lifecycle_stage_id"),
        ("/settings/leads/fields", SUITE, 403, "lifecycle_stage_id"),
        ("/contacts/bulk_upsert", CLASSIC, 403, "one by one"),
        ("/job_statuses/7", CLASSIC, 404, "one by one"),
        ("/leads", CLASSIC, 403, "role"),
        ("/leads/7", CLASSIC, 404, "id"),
        ("/contacts/bulk_upsert", SUITE, 403, "role"),
        ("/contacts", SUITE, 403, "role"),
        ("/leads", SUITE, 400, "parameters"),
    ],
)
def test_what_a_generation_lacks_is_told_with_what_to_use_instead(
    path: str, root: str, *, status: int, instead: str
) -> None:
    error = error_from(enveloped(status, ["No"]), request("POST", path, root))

    assert instead in error.advice
    assert error.provider_message == "No"
