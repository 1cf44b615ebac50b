"""Requests and replies of Freshsales' REST API, as pure functions: no I/O.

`build_request` makes what is to be sent, `decipher` turns what came back into data or raises the
error that says what to do. A record is wrapped in its singular, `{"contact": {…}}`, with related
records beside it; a list is under its plural, with `meta` beside it.

Facts: https://developers.freshworks.com/crm/api/#introduction
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from freshbridge.errors import InvalidRequest, ProviderDown
from freshbridge.freshsales.credentials import authorization
from freshbridge.freshsales.error_reply import error_from
from freshbridge.http_message import Headers, ProviderReply, ProviderRequest, Timeouts

Record = dict[str, Any]
ParamValue = str | int | Sequence[str] | None

_TOKENS = "fc_widget_collaboration"
"""Of deals: holds tokens of the account's chat."""


def build_request(
    origin: str,
    root: str,
    api_key: str,
    method: str,
    path: str,
    *,
    params: Mapping[str, ParamValue] | None = None,
    body: Mapping[str, Any] | None = None,
    timeouts: Timeouts | None = None,
    read_only: bool | None = None,
    idempotent: bool | None = None,
) -> ProviderRequest:
    """Return the request for `path` (below the root, such as `/contacts/7`), ready to send.

    A parameter that is None or empty is left out; a list is sent as comma-separated text.
    `read_only` and `idempotent` as of ProviderRequest, where the method does not tell.
    """
    fields = {"Authorization": authorization(api_key), "Accept": "application/json"}
    if body is not None:
        fields["Content-Type"] = "application/json"
    return ProviderRequest(
        method=method,
        url=f"{origin}{root}{path}",
        headers=Headers(fields),
        params=tuple(
            (name, _param(value))
            for name, value in (params or {}).items()
            if value is not None and value not in ("", (), [])
        ),
        json=None if body is None else dict(body),
        timeouts=timeouts or Timeouts(),
        read_only=read_only,  # type: ignore[arg-type]  # None: as the method says
        idempotent=idempotent,  # type: ignore[arg-type]  # as above
    )


def _param(value: str | int | Sequence[str]) -> str:
    return str(value) if isinstance(value, str | int) else ",".join(value)


def record_path(collection: str, record_id: int, rest: str = "") -> str:
    """Return `/{collection}/{record_id}{rest}`, refusing an id that is not a positive integer.

    An id that came as text could otherwise lead to another path altogether.
    """
    if isinstance(record_id, bool) or not isinstance(record_id, int) or record_id < 1:
        raise InvalidRequest(
            "A Freshsales id is a positive whole number",
            where=f"id of /{collection}",
            advice="Give the id as Freshsales shows it.",
        )
    return f"/{collection}/{record_id}{rest}"


def is_page(reply: ProviderReply) -> bool:
    """Whether a page for people came, where data was due."""
    kind = reply.headers.get("content-type", "").lower()
    return "html" in kind or reply.body.lstrip()[:1] == b"<"


def decipher(reply: ProviderReply, request: ProviderRequest) -> Any:
    """Return a success's data, None for an empty body; raise the typed error for anything else.

    A 2xx whose body is not JSON raises ProviderDown: something other than the API answered, or
    the reply was damaged. After a write it leaves the outcome unknown. Whole numbers of any size
    are kept exactly.
    """
    if not 200 <= reply.status < 300:
        raise error_from(reply, request)
    if not reply.body.strip():
        return None
    try:
        return json.loads(reply.body, parse_constant=_refuse_constant, object_hook=_without_tokens)
    except (ValueError, RecursionError):
        raise nonsense("Freshsales' reply is not JSON", reply, request) from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _without_tokens(found: dict[str, Any]) -> dict[str, Any]:
    found.pop(_TOKENS, None)
    return found


def record_in(data: Any, wrapper: str) -> Record | None:
    """The record of a reply, wrapped as documented or not; None when there is none."""
    if not isinstance(data, dict):
        return None
    inner = data.get(wrapper, data)
    return inner if isinstance(inner, dict) and "id" in inner else None


def rows_in(data: Any, key: str) -> list[Record] | None:
    """The records of a list's reply; None when it is no list."""
    rows = data.get(key) if isinstance(data, dict) else None
    good = isinstance(rows, list) and all(isinstance(row, dict) for row in rows)
    return rows if good else None


def beside(data: Any, *but: str) -> dict[str, Any]:
    """What else a reply holds: related records by their plural."""
    found = data if isinstance(data, dict) else {}
    return {name: value for name, value in found.items() if name not in (*but, "meta")}


def nonsense(what: str, reply: ProviderReply, request: ProviderRequest) -> ProviderDown:
    """Return the error for a success that makes no sense, such as a record where a list was due."""
    return ProviderDown(
        what,
        where=request.where,
        status=reply.status,
        provider_request_id=reply.headers.get("x-request-id", ""),
        outcome_unknown=not request.read_only,
    )
