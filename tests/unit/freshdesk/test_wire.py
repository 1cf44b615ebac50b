"""Every row of the vendor's error table, and what a success must look like."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.errors import (
    Conflict,
    FieldError,
    Forbidden,
    FreshbridgeError,
    InvalidRequest,
    NotFound,
    PayloadTooLarge,
    ProviderDown,
    Redirected,
    Reject,
    Retry,
    Throttled,
    Unauthorized,
    UnsupportedFormat,
    WrongState,
)
from freshbridge.freshdesk.rate_limit import Bucket
from freshbridge.freshdesk.wire import build_next_request, build_request, decipher, record_path
from freshbridge.http_message import ProviderReply, ProviderRequest, Timeouts
from tests.fakes.provider import empty_reply, html_reply, json_reply

BASE = "https://acme.freshdesk.com"
KEY = "Kq7secretZ"
VALIDATION = {
    "description": "Validation failed",
    "errors": [
        {"field": "email", "message": "mira@client.example is no address", "code": "invalid_value"},
        {"field": "custom_fields.cf_region", "message": "It is missing", "code": "missing_field"},
    ],
}
TAKEN = {
    "description": "Validation failed",
    "errors": [
        {
            "field": "email",
            "additional_info": {"user_id": 88000123456},
            "message": "It should be a unique value",
            "code": "duplicate_value",
        }
    ],
}


def _request(method: str = "GET", path: str = "/tickets/7", **fields: Any) -> ProviderRequest:
    return build_request(BASE, KEY, method, path, **fields)


def _error(reply: ProviderReply, request: ProviderRequest | None = None) -> FreshbridgeError:
    with pytest.raises(FreshbridgeError) as caught:
        decipher(reply, request or _request())
    return caught.value


def _flat(code: str, message: str = "No") -> dict[str, str]:
    return {"code": code, "message": message}


@pytest.mark.parametrize(
    ("reply", "kind", "code", "message"),
    [
        (json_reply(VALIDATION, 400), InvalidRequest, "", "Validation failed"),
        (json_reply(_flat("invalid_json"), 400), InvalidRequest, "invalid_json", "No"),
        (json_reply(_flat("invalid_credentials"), 401), Unauthorized, "invalid_credentials", "No"),
        (json_reply(_flat("access_denied"), 403), Forbidden, "access_denied", "No"),
        (json_reply(_flat("require_feature"), 403), Forbidden, "require_feature", "No"),
        (empty_reply(404), NotFound, "", ""),
        (json_reply({"message": "PUT method is not allowed"}, 405), WrongState, "", "PUT method"),
        (empty_reply(406), UnsupportedFormat, "", ""),
        (json_reply(TAKEN, 409), Conflict, "", "Validation failed"),
        (empty_reply(413), PayloadTooLarge, "", ""),
        (empty_reply(415), UnsupportedFormat, "", ""),
        (empty_reply(418), Reject, "", ""),
        (empty_reply(429, {"Retry-After": "17"}), Throttled, "", ""),
        (json_reply(_flat("oops"), 500), ProviderDown, "oops", "No"),
        (html_reply(502), ProviderDown, "", ""),
        (html_reply(503), ProviderDown, "", ""),
        (html_reply(504), ProviderDown, "", ""),
        (html_reply(403), Forbidden, "", ""),
        (empty_reply(302, {"Location": "https://evil.example"}), Redirected, "", ""),
        (empty_reply(999), ProviderDown, "", ""),
    ],
)
def test_every_row_of_the_error_table(
    reply: ProviderReply, kind: type[FreshbridgeError], code: str, message: str
) -> None:
    # When such a reply is deciphered
    error = _error(reply)

    # Then the status decides the type, and the provider's words are kept but no page is quoted
    assert type(error) is kind
    assert error.status == reply.status
    assert error.provider_code == code
    assert error.provider_message.startswith(message)
    assert bool(error.provider_message) is bool(message)
    assert "GET /api/v2/tickets/7" in str(error)
    for leak in ("<html", "proxy.example", "mira@", "evil.example"):
        assert leak not in str(error)


def test_a_400_names_the_fields() -> None:
    error = _error(json_reply(VALIDATION, 400))
    assert isinstance(error, InvalidRequest)
    assert error.fields == (
        FieldError("email", "[e-mail] is no address", "invalid_value"),
        FieldError("custom_fields.cf_region", "It is missing", "missing_field"),
    )
    assert "custom_fields.cf_region: It is missing [missing_field]" in str(error)


def test_the_custom_objects_own_shape_is_read_too() -> None:
    body = {
        "error_type": "INVALID_INPUT",
        "message": "Bad record",
        "errors": [{"type": "X", "name": "size", "message": "Too big"}],
    }
    error = _error(json_reply(body, 400))
    assert isinstance(error, InvalidRequest)
    assert (error.provider_code, error.fields) == (
        "INVALID_INPUT",
        (FieldError("size", "Too big", "X"),),
    )


def test_a_409_names_the_contact_that_exists() -> None:
    error = _error(json_reply(TAKEN, 409), _request("POST", "/contacts", body={"name": "x"}))
    assert isinstance(error, Conflict)
    assert error.existing_id == 88000123456
    assert error.fields[0].code == "duplicate_value"


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"errors": None},
        {"errors": ["x", None]},
        {"errors": [{"additional_info": []}, {"additional_info": {"user_id": True}}]},
        {"errors": [{"additional_info": {"user_id": "7"}, "field": 1, "message": None}]},
        {"description": 7, "message": ["x"], "code": {}},
    ],
)
def test_an_unexpected_error_body_is_still_the_same_error(body: object) -> None:
    error = _error(json_reply(body, 409))
    assert isinstance(error, Conflict)
    assert error.existing_id is None
    assert error.provider_message == ""


@pytest.mark.parametrize("body", [b"[" * 200_000, b"\xff\xfe", b"<html>", b"{", b"1" * 5000])
def test_an_error_body_that_is_no_json_adds_no_words(body: bytes) -> None:
    assert _error(ProviderReply(400, {}, body)).provider_message == ""


def test_a_403_says_what_its_code_calls_for() -> None:
    assert "plan lacks the feature" in str(_error(json_reply(_flat("require_feature"), 403)))
    assert "role" in str(_error(json_reply(_flat("access_denied"), 403)))


def test_the_request_id_is_kept_for_the_providers_support() -> None:
    assert _error(empty_reply(500, {"X-Request-Id": "r-1"})).provider_request_id == "r-1"


@pytest.mark.parametrize("status", [429, 500, 503, 408])
def test_the_servers_wait_is_kept(status: int) -> None:
    error = _error(empty_reply(status, {"retry-after": "17"}))
    assert isinstance(error, Retry)
    assert error.after == 17.0


@pytest.mark.parametrize(
    ("method", "status", "unknown"),
    [
        ("POST", 500, True),
        ("PUT", 502, True),
        ("DELETE", 504, True),
        ("GET", 500, False),
        ("POST", 429, False),
        ("POST", 408, False),
    ],
)
def test_only_a_failed_write_leaves_the_outcome_unknown(
    method: str, status: int, unknown: bool
) -> None:
    error = _error(empty_reply(status), _request(method))
    assert isinstance(error, Retry)
    assert error.outcome_unknown is unknown


@pytest.mark.parametrize(
    "body",
    [b"<html>login</html>", b"{", b"NaN", b'{"a": Infinity}', b"\xff", b"[" * 200_000, b"1" * 5000],
)
@pytest.mark.parametrize(("method", "unknown"), [("GET", False), ("POST", True)])
def test_a_success_that_is_not_json_is_a_provider_that_is_down(
    body: bytes, method: str, unknown: bool
) -> None:
    error = _error(ProviderReply(200, {}, body), _request(method))
    assert isinstance(error, ProviderDown)
    assert error.outcome_unknown is unknown
    assert "login" not in str(error)


def test_a_success_is_data_limit_and_next_page() -> None:
    # Given a page of the ticket list, with a number no double can hold
    reply = json_reply(
        [{"id": 1848295627395445761}],
        headers={
            "X-Ratelimit-Total": "20",
            "X-Ratelimit-Remaining": "19",
            "Link": f'<{BASE}/api/v2/tickets?page=2>; rel="next"',
        },
    )

    # When it is deciphered
    answer = decipher(reply, _request("GET", "/tickets"))

    # Then nothing is lost, and the limit is known to be the list's own
    assert answer.data == [{"id": 1848295627395445761}]
    assert answer.next_page_url == f"{BASE}/api/v2/tickets?page=2"
    assert answer.rate_limit is not None
    assert (answer.rate_limit.bucket, answer.rate_limit.total) == (Bucket.TICKET_LIST, 20)


@pytest.mark.parametrize("reply", [empty_reply(204), ProviderReply(200, {}, b" \n")])
def test_a_success_without_a_body_has_no_data(reply: ProviderReply) -> None:
    answer = decipher(reply, _request("DELETE"))
    assert (answer.data, answer.rate_limit, answer.next_page_url) == (None, None, None)


def test_a_key_that_is_echoed_goes_no_further() -> None:
    error = _error(json_reply(_flat("x", f"Unknown key {KEY}"), 401))
    assert KEY not in f"{error} {error!r} {vars(error)}"
    assert "Unknown key [key]" in str(error)


@given(st.integers(100, 999).filter(lambda status: not 200 <= status < 300), st.binary())
def test_no_reply_escapes_the_tree(status: int, body: bytes) -> None:
    error = _error(ProviderReply(status, {}, body))
    assert isinstance(error, Retry | Reject)


def test_a_request_is_built_with_the_key_in_the_header_alone() -> None:
    # When a request with parameters of every kind is built
    request = _request(
        "POST",
        "/tickets",
        params={"a": None, "b": True, "c": False, "d": 7, "e": ["x", 2], "f": "y z"},
        body={"subject": "x"},
        timeouts=Timeouts(read_s=5),
    )

    # Then it is complete, and shows the key nowhere but in its header
    assert request.url == f"{BASE}/api/v2/tickets"
    assert request.params == (("b", "true"), ("c", "false"), ("d", "7"), ("e", "x,2"), ("f", "y z"))
    assert request.content() == json.dumps({"subject": "x"}, separators=(",", ":")).encode()
    assert request.headers["content-type"] == "application/json"
    assert request.timeouts.read_s == 5
    assert (request.read_only, request.idempotent) == (False, False)
    assert KEY not in f"{request!r} {request.full_url}"
    assert request.headers["authorization"] not in repr(request)


def test_a_request_without_a_body_names_no_content_type() -> None:
    assert "content-type" not in _request("DELETE").headers
    following = build_next_request(f"{BASE}/api/v2/tickets?page=2", KEY)
    assert following.headers["authorization"] == _request().headers["authorization"]
    assert "content-type" not in following.headers


@pytest.mark.parametrize("record_id", [0, -1, True, "7", "1/../../agents", 7.0, None])
def test_an_id_that_is_no_id_never_reaches_a_path(record_id: object) -> None:
    with pytest.raises(InvalidRequest, match="positive whole number"):
        record_path("tickets", record_id)  # type: ignore[arg-type]  # what a careless caller passes


def test_an_id_becomes_a_path() -> None:
    assert record_path("tickets", 88000123456, "/notes") == "/tickets/88000123456/notes"
