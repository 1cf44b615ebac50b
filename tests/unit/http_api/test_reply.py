"""What is kept of a reply, and what its status means to who sent the request."""

from __future__ import annotations

from typing import Any

import pytest

from freshbridge.errors import (
    Conflict,
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
)
from freshbridge.http_api.reply import MOST_KEPT, captured, error_of
from freshbridge.http_message import ProviderReply, ProviderRequest

POST = ProviderRequest(
    method="POST", url="https://api.acme.example/orders", headers={"Authorization": "made-up"}
)


def reply(body: bytes, kind: str = "application/json", status: int = 200) -> ProviderReply:
    headers = {"Content-Type": kind, "ETag": "e" * 600, "Set-Cookie": "session=made-up"}
    return ProviderReply(status, headers, body)


@pytest.mark.parametrize(
    ("body", "kind", "json", "text"),
    [
        (b'{"id": 7}', "application/json", {"id": 7}, None),
        (b"[1]", "text/plain", [1], None),
        (b"7", "application/problem+json", 7, None),
        (b"<p>ok", "text/html", None, "<p>ok"),
        (b'{"id": ', "application/json", None, '{"id": '),
        (b'{"x": NaN}', "application/json", None, '{"x": NaN}'),
        (b"[" * 100_000, "application/json", None, "[" * MOST_KEPT),
        ("é".encode("latin-1"), "text/plain; charset=ISO-8859-1", None, "é"),
        (b"\xff", "text/plain; charset=klingon", None, "\ufffd"),
        (b"", "application/json", None, ""),
    ],
)
def test_a_reply_is_kept_as_json_or_text(body: bytes, kind: str, json: Any, text: str) -> None:
    found = captured(reply(body, kind))

    assert (found["status"], found["json"], found["text"]) == (200, json, text)
    assert found["headers"] == {"content-type": kind, "etag": "e" * 500}


def test_a_large_document_is_not_kept_in_part() -> None:
    document = b'["' + b"x" * MOST_KEPT + b'"]'

    found = captured(reply(document))
    text = captured(reply(b"y" * (MOST_KEPT + 1), "text/plain"))

    assert (found["json"], found["text"], found["truncated"]) == (None, None, True)
    assert (len(text["text"]), text["truncated"]) == (MOST_KEPT, True)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (204, Reject),
        (302, Redirected),
        (400, InvalidRequest),
        (401, Unauthorized),
        (403, Forbidden),
        (404, NotFound),
        (409, Conflict),
        (418, Reject),
        (422, InvalidRequest),
    ],
)
def test_a_refusal_is_final_and_its_words_are_not_quoted(
    status: int, kind: type[FreshbridgeError]
) -> None:
    error = error_of(reply(b"asha@customer.example", status=status), POST, repeatable=False)

    assert type(error) is kind
    assert (error.status, error.provider_message) == (status, "")


@pytest.mark.parametrize(
    ("status", "after", "repeatable", "kind", "unknown"),
    [
        (429, "7", False, Throttled, False),
        (408, None, False, ProviderDown, False),
        (503, "30", False, ProviderDown, False),
        (503, None, False, ProviderDown, True),
        (500, "30", False, ProviderDown, True),
        (500, None, True, ProviderDown, False),
        (599, None, True, ProviderDown, False),
    ],
)
def test_what_is_tried_again_says_whether_it_may_have_been_done(
    status: int, after: str | None, repeatable: bool, kind: type[Retry], unknown: bool
) -> None:
    headers = {"Retry-After": after} if after else {}

    error: Any = error_of(ProviderReply(status, headers, b"x"), POST, repeatable=repeatable)

    assert type(error) is kind
    assert error.after == (float(after) if after else None)
    assert error.outcome_unknown is unknown


def test_a_401_to_a_request_without_credentials_asks_for_some() -> None:
    bare = ProviderRequest(method="GET", url="https://api.acme.example/orders")

    error = error_of(ProviderReply(401), bare, repeatable=True)

    # An Unauthorized would hold back all of the account's work until its key is another one.
    assert type(error) is Forbidden
    assert "credentials.authorization" in str(error)
