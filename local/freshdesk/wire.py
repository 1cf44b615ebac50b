"""Between HTTP and a ``Request``: credentials, content types, JSON and multipart forms."""

import base64
import re
from typing import Any

import orjson
from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from local.freshdesk.account import Account, Record
from local.freshdesk.errors import (
    invalid_credentials,
    invalid_json,
    not_acceptable,
    unsupported_media_type,
)
from local.freshdesk.routing import UploadedFile
from local.simulator.http import form_text

_SEEN_BY_SCRIPTS = (
    "Link, Location, Retry-After, X-Request-Id, X-Freshdesk-Api-Version, X-RateLimit-Total, "
    "X-RateLimit-Remaining, X-RateLimit-Used-CurrentRequest"
)
_BRACKETS = re.compile(r"^(\w+)\[([\w-]*)\]$")


def authenticate(account: Account, request: web.Request) -> Record:
    """The agent whose API key is the Basic user name; the password may be anything.

    The word ``Basic`` may be left out: n8n's node does so, and the real service lets it in.

    Raises ApiError 401.
    """
    scheme, _, credentials = request.headers.get("Authorization", "").rpartition(" ")
    if scheme.lower() not in {"basic", ""}:
        raise invalid_credentials()
    try:
        key = base64.b64decode(credentials, validate=True).decode().partition(":")[0]
    except ValueError:
        # Neither base64 nor text: bytes beyond ASCII may stand in a header, too.
        raise invalid_credentials() from None
    agent = account.agents.get(account.api_keys.get(key, 0))
    if agent is None or agent["deactivated"]:
        raise invalid_credentials()
    return agent


def is_preflight(request: web.Request) -> bool:
    """Whether a browser asks if it may send a request from another site's page."""
    return request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers


def cross_origin_headers(request: web.Request) -> dict[str, str]:
    """What lets a browser on another site's page have the answer; nothing for other clients.

    Any site may: the key is in the request, not in a cookie.
    """
    if "Origin" not in request.headers:
        return {}
    shared = {"Access-Control-Allow-Origin": "*"}
    if not is_preflight(request):
        return {**shared, "Access-Control-Expose-Headers": _SEEN_BY_SCRIPTS}
    wanted = request.headers.get("Access-Control-Request-Headers", "Authorization, Content-Type")
    return {
        **shared,
        "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE, OPTIONS",
        "Access-Control-Allow-Headers": wanted,
        "Access-Control-Max-Age": "86400",
    }


def check_accept(request: web.Request) -> None:
    """Raises ApiError 406 unless the client takes JSON."""
    accepted = request.headers.get("Accept", "*/*")
    ranges = [part.partition(";")[0].strip().lower() for part in accepted.split(",")]
    if not {"application/json", "application/*", "*/*", ""} & set(ranges):
        raise not_acceptable()


async def read_body(request: web.Request, *, files: bool) -> tuple[Any, list[UploadedFile], bool]:
    """(body, files, is_form). Raises ApiError 400 for bad JSON, 415 for another content type."""
    if request.method == "GET" or not request.can_read_body:
        return None, [], False
    if request.content_type == "multipart/form-data" and files:
        body, uploads = await _read_form(request)
        return body, uploads, True
    content = await request.read()
    if not content:
        return None, [], False
    if request.content_type != "application/json":
        raise unsupported_media_type()
    return _parsed(content), [], False


async def read_json(request: web.Request) -> Any:
    """The body as JSON whatever its content type says. Raises ApiError 400."""
    content = await request.read()
    return _parsed(content) if content else None


def _parsed(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        raise invalid_json() from None


async def _read_form(request: web.Request) -> tuple[Record, list[UploadedFile]]:
    body: Record = {}
    uploads: list[UploadedFile] = []
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader) or part.name is None:
                continue
            content = bytes(await part.read())
            if part.filename is None:
                _put(body, form_text(part.name), content.decode("utf-8", "replace"))
                continue
            content_type = form_text(part.headers.get("Content-Type", "application/octet-stream"))
            name, filename = form_text(part.name).removesuffix("[]"), form_text(part.filename)
            uploads.append(UploadedFile(name, filename, content_type, content))
    except (ValueError, AssertionError, HttpProcessingError):
        # aiohttp signals a form without boundary or with broken parts this way.
        raise invalid_json() from None
    return body, uploads


def _put(body: Record, name: str, value: str) -> None:
    """``tags[]`` appends to a list, ``custom_fields[cf_x]`` sets a member, a bare name a value."""
    found = _BRACKETS.match(name)
    if found is None:
        body[name] = value
    elif found[2]:
        nested = body.setdefault(found[1], {})
        if isinstance(nested, dict):
            nested[found[2]] = value
    else:
        members = body.setdefault(found[1], [])
        if isinstance(members, list):
            members.append(value)
