"""Between HTTP and a ``Request``: roots, credentials, JSON and forms.

Facts (support.freshsales.io, "How to find my API key"): ``Authorization: Token token=KEY``. A
generation has its own root; anything else on the host is the web application, which answers HTML.
"""

import re
from typing import Any, Final

import orjson
from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from local.freshsales.account import Account, Record
from local.freshsales.errors import ApiError, bad_json, unauthorized
from local.freshsales.routing import UploadedFile
from local.simulator.http import form_text

SUITE_ROOT: Final = "/crm/sales/api"
CLASSIC_ROOT: Final = "/api"
_TOKEN: Final = re.compile(r'Token\s+token\s*=\s*("?)([^"\s,]+)\1', re.IGNORECASE)
PAGE: Final = (
    b"<!DOCTYPE html>\n<html><head><title>Freshsales</title></head>"
    b'<body><div id="app">Loading\xe2\x80\xa6</div></body></html>'
)


def root_of(account: Account) -> str:
    return CLASSIC_ROOT if account.settings.classic else SUITE_ROOT


def api_path(account: Account, path: str, *, has_key: bool) -> str | None:
    """``path`` below the API's root, without the ``.json`` that some clients add.

    None for what is not the API's. Classic accounts also answer at the bare host to who brings a
    key, as their first API did: the ``freshsalessdk`` package for Python relies on it.
    """
    root = root_of(account)
    if path.startswith(f"{root}/"):
        path = path.removeprefix(root)
    elif not (account.settings.classic and has_key) or path.startswith("/crm/"):
        return None
    return path.rstrip("/").removesuffix(".json")


def authenticate(account: Account, request: web.Request) -> Record:
    """The user whose key it is. Raises ApiError 401."""
    found = _TOKEN.fullmatch(request.headers.get("Authorization", "").strip())
    user = account.table("users").get(account.api_keys.get(found[2], 0)) if found else None
    if user is None or not user["is_active"]:
        raise unauthorized()
    return user


async def read_body(request: web.Request, *, files: bool) -> tuple[Any, list[UploadedFile]]:
    """The body and the uploads. Raises ApiError 400 for what is not JSON (or a form of files)."""
    if request.method == "GET" or not request.can_read_body:
        return None, []
    if request.content_type == "multipart/form-data" and files:
        return await _read_form(request)
    content = await request.read()
    if not content:
        return None, []
    if request.content_type != "application/json":
        raise ApiError(400, "The content type must be application/json.")
    return _parsed(content), []


async def read_json(request: web.Request) -> Any:
    """The body as JSON whatever its content type says. Raises ApiError 400."""
    content = await request.read()
    return _parsed(content) if content else None


def _parsed(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        raise bad_json() from None


async def _read_form(request: web.Request) -> tuple[Record, list[UploadedFile]]:
    body: Record = {}
    uploads: list[UploadedFile] = []
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader) or part.name is None:
                continue
            content = bytes(await part.read())
            if part.filename is None:
                body[form_text(part.name)] = content.decode("utf-8", "replace")
                continue
            kind = form_text(part.headers.get("Content-Type", "application/octet-stream"))
            name, filename = form_text(part.name), form_text(part.filename)
            uploads.append(UploadedFile(name, filename, kind, content))
    except (ValueError, AssertionError, HttpProcessingError):
        # aiohttp signals a form without boundary or with broken parts this way.
        raise bad_json() from None
    return body, uploads
