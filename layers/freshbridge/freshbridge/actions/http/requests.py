"""One request to an HTTP API.

Its path stays below the instance's base URL; the header that opens the API and the key that signs
the request come from the vault. What may be repeated follows RFC 9110: GET, HEAD, PUT and DELETE.
A POST or PATCH whose outcome is unknown is sent again only where `repeat` says that its receiver
knows its Idempotency-Key; else a person decides.
Sources: https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2,
https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlencode

from pydantic import Field, StringConstraints, field_validator, model_validator

from freshbridge.actions.action import Action, Effect, Outcome, Parameters, Reconciliation
from freshbridge.actions.once import OutcomeUnknown
from freshbridge.errors import FieldError, InvalidRequest
from freshbridge.http_api.client import HttpCall
from freshbridge.http_api.reply import captured, error_of

if TYPE_CHECKING:
    from freshbridge.actions.attempt_marks import Unsure
    from freshbridge.actions.context import Context
    from freshbridge.http_api.client import HttpClient

LONGEST_TIMEOUT_S = 20.0
LARGEST_BODY = 1_000_000
"""Bytes."""
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]{0,4000}")
# Of the connection itself, of the vault, or of this action.
_KEPT_BACK = frozenset(
    {"authorization", "connection", "content-length", "cookie", "expect", "host", "idempotency-key",
     "keep-alive", "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade",
     "x-freshbridge-signature"}
)  # fmt: skip
_NEVER_EXPECTED = frozenset({401, 408, 425, 429})
_REPEATABLE = frozenset({"GET", "HEAD", "PUT", "DELETE"})

Value = str | int | float | bool | None
Fields = Annotated[dict[str, Value | list[Value]], Field(max_length=200)]


class HttpRequest(Parameters):
    """Send a request to an HTTP API that the deployer allowed, and keep what it answers."""

    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] = Field(
        "POST", description="GET, HEAD, POST, PUT, PATCH or DELETE"
    )
    path: Annotated[str, StringConstraints(max_length=4_000)] = Field(
        "",
        description="Below the integration's base URL, or a whole URL of the same origin. In a "
        "template write {{ ticket.subject | urlencode }}",
        examples=["/orders"],
    )
    query: Fields = Field({}, description="Of the URL; a list is a name that comes several times")
    headers: dict[str, str] = Field(
        {}, max_length=50, description="Beside those of the integration: no Authorization, no Host"
    )
    # A field of the name would hide a method of pydantic's.
    json_body: Any = Field(None, alias="json", description="The body, sent as JSON")
    form: Fields | None = Field(None, description="The body, sent as a form")
    text: str | None = Field(None, description="The body, sent as it is")
    content_type: Annotated[str, StringConstraints(max_length=200)] = Field(
        "text/plain; charset=utf-8", description="Of `text`"
    )
    expected_statuses: list[int] = Field(
        [],
        max_length=50,
        description="What counts as success, 200 to 299 and 400 to 499; 200 to 299 if it is empty",
    )
    timeout_s: float = Field(
        10.0, ge=1, le=LONGEST_TIMEOUT_S, description="Seconds that the whole reply may take"
    )
    repeat: bool = Field(
        False,
        description="Whether a POST or PATCH may be sent again when its outcome is unknown: its "
        "receiver then has to know it by its Idempotency-Key",
    )

    @field_validator("headers")
    @classmethod
    def _sendable(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            if name.lower() in _KEPT_BACK:
                raise ValueError(f"{name} is not set here: the integration and the connection do")
            if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
                raise ValueError("a name or value holds what no header may")
        return headers

    @field_validator("content_type")
    @classmethod
    def _one_line(cls, value: str) -> str:
        if not _HEADER_VALUE.fullmatch(value):
            raise ValueError("holds what no header may")
        return value

    @field_validator("expected_statuses")
    @classmethod
    def _possible(cls, statuses: list[int]) -> list[int]:
        for status in statuses:
            if not (200 <= status < 300 or 400 <= status < 500) or status in _NEVER_EXPECTED:
                raise ValueError("200 to 299 and 400 to 499, but for 401, 408, 425 and 429")
        return statuses

    @model_validator(mode="after")
    def _one_body(self) -> HttpRequest:
        if sum(body is not None for body in (self.json_body, self.form, self.text)) > 1:
            raise ValueError("give one of json, form and text")
        return self


def request(context: Context[HttpClient], parameters: HttpRequest) -> Outcome:
    """Send it once."""
    repeatable = not _doubles(parameters)
    headers = dict(parameters.headers)
    body = _body(parameters, headers)
    if parameters.method in ("POST", "PATCH"):
        headers["Idempotency-Key"] = context.request.idempotency_key
    call = HttpCall(
        parameters.method,
        parameters.path,
        params=_pairs(parameters.query),
        headers=headers,
        body=body,
        timeout_s=parameters.timeout_s,
        idempotent=repeatable,
    )
    reply, sent = context.client.send(call, at=int(context.clock().timestamp()))
    if not _is_expected(reply.status, parameters.expected_statuses):
        raise error_of(reply, sent, repeatable=repeatable)
    return Outcome(captured(reply), f"The API answered {reply.status}")


def _is_expected(status: int, expected: list[int]) -> bool:
    return status in expected if expected else 200 <= status < 300


def _body(parameters: HttpRequest, headers: dict[str, str]) -> bytes | None:
    """The body's bytes, its type among the headers unless they have one."""
    if parameters.json_body is not None:
        kind = "application/json"
        content = json.dumps(parameters.json_body, separators=(",", ":"), allow_nan=False).encode()
    elif parameters.form is not None:
        kind = "application/x-www-form-urlencoded"
        content = urlencode(_pairs(parameters.form)).encode()
    elif parameters.text is not None:
        kind, content = parameters.content_type, parameters.text.encode()
    else:
        return None
    if len(content) > LARGEST_BODY:
        told = f"it is {len(content)} bytes, the limit is {LARGEST_BODY}"
        raise InvalidRequest(
            "http.request: the body is too large", fields=[FieldError("json", told, "too_large")]
        )
    if not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = kind
    return content


def _pairs(fields: dict[str, Value | list[Value]]) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    for name, value in fields.items():
        found += [(name, _text(one)) for one in (value if isinstance(value, list) else [value])]
    return tuple(found)


def _text(value: Value) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _doubles(parameters: HttpRequest) -> bool:
    return parameters.method not in _REPEATABLE and not parameters.repeat


def _earlier(_context: Context[HttpClient], _unsure: Unsure, _parameters: HttpRequest) -> Outcome:
    raise OutcomeUnknown("Nobody but the API knows whether the request had its effect")


ACTIONS = (
    Action(
        platform="http",
        name="request",
        parameters=HttpRequest,
        run=request,
        effect=Effect.ADD,
        example={
            "method": "POST",
            "path": "/orders/1042/notes",
            "json": {"text": "Refund asked for", "priority": 4},
        },
        credits=0,
        credits_note="Its API's own limit is honoured when it answers 429",
        reconcile=Reconciliation(_earlier, doubles=_doubles),
    ),
)
