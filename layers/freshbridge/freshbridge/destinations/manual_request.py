"""The request of a manual destination: its URL below the account's own API, and its body. Pure.

A URL is filled from records, that is by strangers: whatever they hold, it stays at the account's
own origin and below its API, for the key goes with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from freshbridge.destinations.content import TYPES, written
from freshbridge.destinations.model import DestinationSettings
from freshbridge.destinations.placeholders import MissingField, filled, filled_url, filled_xml
from freshbridge.errors import FieldError, InvalidRequest
from freshbridge.freshsales.roots import CLASSIC, SUITE
from freshbridge.http_api.target import InvalidPath, target_url

_WITHOUT_BODY = frozenset({"GET", "DELETE"})


@dataclass(frozen=True)
class ManualRequest:
    """`path` is below the API's root, with its query."""

    method: str
    path: str
    headers: dict[str, str]
    content: bytes | None = field(repr=False)


def manual_request(
    settings: DestinationSettings,
    origin: str,
    records: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]],
) -> ManualRequest:
    """The request for one record, or for several in one body; each as it came, and as mapped.

    Raises:
        InvalidRequest: naming what the record lacks, or where the URL would lead.
    """
    known = {**records[0][0], **records[0][1]}
    try:
        path = _path(settings.url, origin, known)
        content = _content(settings, records)
    except MissingField as error:
        raise InvalidRequest(
            "the request cannot be made", fields=[FieldError("", str(error), "missing")]
        ) from None
    headers = dict(settings.headers)
    if content is not None:
        headers["Content-Type"] = TYPES[settings.content_format]
    return ManualRequest(settings.method, path, headers, content)


def check_url(url: str, origin: str) -> None:
    """Refuse a URL that could never be called for this account.

    Raises:
        InvalidRequest: saying where it has to lead.
    """
    if url.count("{") != url.count("}"):
        raise _wrong("a placeholder is not closed: write {field}")
    sample = {"": ""}
    _path(url.replace("{domain}", "\x00"), origin, sample, check=True)


def _path(url: str, origin: str, record: Mapping[str, Any], *, check: bool = False) -> str:
    mark = "\x00" if check else "{domain}"
    for scheme in ("https://", "http://", ""):
        if url.startswith(f"{scheme}{mark}"):
            url = origin + url.removeprefix(f"{scheme}{mark}")
            break
    template = _anything(url) if check else url
    try:
        whole = target_url(origin, filled_url(template, record))
    except InvalidPath as error:
        raise _wrong(error.fields[0].message) from None
    parts = urlsplit(whole)
    rest = next(
        (parts.path.removeprefix(root) for root in (SUITE, CLASSIC) if parts.path.startswith(root)),
        "",
    )
    if not rest.startswith("/") or len(rest) < 2:
        raise _wrong("must be below the account's API: https://{domain}/api/…")
    return f"{rest}?{parts.query}" if parts.query else rest


def _anything(url: str) -> str:
    """The URL with its placeholders as some value, to see where it leads."""
    found, depth = "", 0
    for one in url:
        if one == "{":
            depth += 1
            found += "" if depth > 1 else "x"
        elif one == "}":
            depth = max(depth - 1, 0)
        elif not depth:
            found += one
    return found


def _wrong(why: str) -> InvalidRequest:
    return InvalidRequest("the URL cannot be called", fields=[FieldError("url", why, "invalid")])


def _content(
    settings: DestinationSettings,
    records: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]],
) -> bytes | None:
    if settings.method in _WITHOUT_BODY and settings.body is None:
        return None
    if isinstance(settings.body, str):
        known = {**records[0][0], **records[0][1]}
        return written(filled_xml(settings.body, known), "xml")
    bodies = [
        dict(fields) if settings.body is None else filled(settings.body, {**record, **fields})
        for record, fields in records
    ]
    value: Any = bodies[0]
    if settings.batch.mode:
        value = {settings.batch.wrapper: bodies} if settings.batch.wrapper else bodies
    return written(value, settings.content_format, settings.xml_root)
