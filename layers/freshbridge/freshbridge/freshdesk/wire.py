"""Requests and replies of Freshdesk's REST API v2, as pure functions: no I/O.

`build_request` makes what is to be sent, `decipher` turns what came back into data or raises the
error that says what to do.

Facts: https://developers.freshdesk.com/api/#intro
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from freshbridge.errors import InvalidRequest, ProviderDown
from freshbridge.freshdesk.credentials import Credential, api_root, authorization
from freshbridge.freshdesk.error_reply import error_from
from freshbridge.freshdesk.form import form_fields
from freshbridge.freshdesk.paging import next_page_url
from freshbridge.freshdesk.rate_limit import RateLimit, bucket_of
from freshbridge.http_message import FilePart, Headers, ProviderReply, ProviderRequest, Timeouts

# The connect time-out also bounds how long each piece of a body may wait to be taken.
UPLOAD_STALL_S = 10.0
ParamValue = str | int | bool | Sequence[str | int] | None


@dataclass(frozen=True, slots=True)
class Deciphered:
    """A success: the body's data (None when there is no body), the rate limit, the next page."""

    data: Any
    rate_limit: RateLimit | None
    next_page_url: str | None


def build_request(
    base_url: str,
    api_key: Credential,
    method: str,
    path: str,
    *,
    params: Mapping[str, ParamValue] | None = None,
    body: Mapping[str, Any] | None = None,
    files: Sequence[FilePart] = (),
    timeouts: Timeouts | None = None,
) -> ProviderRequest:
    """Return the request for `path` (below `/api/v2`, such as `/tickets/7`), ready to send.

    A parameter that is None is left out; a list is sent as comma-separated text. With `files` the
    body goes as multipart. Raises Misconfigured for an address or key that cannot be used, and
    InvalidRequest for a body that multipart cannot say.
    """
    in_form = bool(files)
    timeouts = timeouts or Timeouts()
    if in_form:
        timeouts = replace(timeouts, connect_s=max(timeouts.connect_s, UPLOAD_STALL_S))
    return ProviderRequest(
        method=method,
        url=api_root(base_url) + path,
        headers=_headers(api_key, has_body=body is not None and not in_form),
        params=tuple(
            (name, _param(value)) for name, value in (params or {}).items() if value is not None
        ),
        json=None if body is None or in_form else dict(body),
        form=form_fields(body or {}) if in_form else (),
        files=tuple(files),
        timeouts=timeouts,
    )


def build_next_request(
    url: str, api_key: Credential, *, timeouts: Timeouts | None = None
) -> ProviderRequest:
    """Return the request for the next page, whose address `decipher` has already vetted."""
    return ProviderRequest(
        method="GET",
        url=url,
        headers=_headers(api_key, has_body=False),
        timeouts=timeouts or Timeouts(),
    )


def _headers(api_key: Credential, *, has_body: bool) -> Headers:
    fields = {"Authorization": authorization(api_key), "Accept": "application/json"}
    if has_body:
        fields["Content-Type"] = "application/json"
    return Headers(fields)


def _param(value: str | int | bool | Sequence[str | int]) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int):
        return str(value)
    return ",".join(str(item) for item in value)


def record_path(collection: str, record_id: int, rest: str = "") -> str:
    """Return `/{collection}/{record_id}{rest}`, refusing an id that is not a positive integer.

    An id that came as text could otherwise lead to another path altogether.
    """
    if isinstance(record_id, bool) or not isinstance(record_id, int) or record_id < 1:
        raise InvalidRequest(
            "A Freshdesk id is a positive whole number",
            where=f"id of /{collection}",
            advice="Give the id as Freshdesk shows it.",
        )
    return f"/{collection}/{record_id}{rest}"


def rate_limit_of(reply: ProviderReply, request: ProviderRequest) -> RateLimit | None:
    """Return what the reply says about the limit its request was counted against."""
    return RateLimit.from_headers(reply.headers, bucket_of(request.method, request.path))


def decipher(reply: ProviderReply, request: ProviderRequest) -> Deciphered:
    """Return a success's data, rate limit and next page; raise the typed error for anything else.

    A 2xx whose body is not JSON raises ProviderDown: something other than the API answered, or
    the reply was damaged. After a write it leaves the outcome unknown.
    """
    if not 200 <= reply.status < 300:
        raise error_from(reply, request)
    return Deciphered(
        data=_json(reply, request),
        rate_limit=rate_limit_of(reply, request),
        next_page_url=next_page_url(reply.headers.get("link", ""), request.full_url),
    )


def _json(reply: ProviderReply, request: ProviderRequest) -> Any:
    if not reply.body.strip():
        return None
    try:
        return json.loads(reply.body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise nonsense("Freshdesk's reply is not JSON", reply, request) from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def nonsense(what: str, reply: ProviderReply, request: ProviderRequest) -> ProviderDown:
    """Return the error for a success that makes no sense, such as a record where a list was due."""
    return ProviderDown(
        what,
        where=request.where,
        status=reply.status,
        provider_request_id=reply.headers.get("x-request-id", ""),
        outcome_unknown=not request.read_only,
    )
