"""Records in a request's body: JSON, JSON Lines or CSV, as a file of rows. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from freshbridge.bulk.rows import RowFormat
from freshbridge.bulk.text_lines import UnreadableRows, text_lines
from freshbridge.errors import FieldError, InvalidRequest, PayloadTooLarge

LARGEST_INLINE = 6_000_000
"""Bytes; AWS Lambda takes 6 MB a request. More is uploaded."""
_CSV = ("text/csv", "application/csv")
_LINES = ("application/x-ndjson", "application/jsonl", "application/x-jsonlines", "text/plain")
_REPLACED = "\ufffd"
_KNOWN = frozenset({"records", "upload_id", "format", "dry_run"})


class UnreadableRecords(InvalidRequest):
    """The body holds no records."""

    code = "unreadable_records"
    default_advice = (
        'Send {"records": […]}, a JSON list, JSON Lines (application/x-ndjson) or CSV (text/csv).'
    )


@dataclass(frozen=True)
class Inline:
    """`content` is the file, None where `upload_id` names one."""

    kind: RowFormat | None
    content: bytes | None = field(repr=False)
    upload_id: str = ""
    dry_run: bool | None = None


def read_inline(given: str | bytes, content_type: str) -> Inline:
    """The records of a body; a text is one that the gateway has decoded already.

    Raises:
        PayloadTooLarge, UnreadableRecords: naming what is wrong.
    """
    content = given.encode(errors="surrogatepass") if isinstance(given, str) else given
    if len(content) > LARGEST_INLINE:
        raise PayloadTooLarge(
            f"the body has {len(content)} bytes, {LARGEST_INLINE} are taken inline",
            advice="Ask …/uploads for a URL, put the file there, and send its upload_id.",
        )
    kind = content_type.partition(";")[0].strip().lower()
    if not content.strip():
        raise UnreadableRecords("the body is empty")
    text = _readable(content, decoded=isinstance(given, str))
    if kind in _CSV:
        return Inline(RowFormat.CSV, content)
    if kind in _LINES:
        return Inline(RowFormat.JSON_LINES, content)
    return _json(text)


def _readable(content: bytes, *, decoded: bool) -> str:
    """The text of a body, in the encodings that an uploaded file may have.

    Whoever decodes bytes that are no UTF-8 puts U+FFFD in place of each, and nobody knows any more
    what the names were that held them.
    """
    try:
        text = "".join(text_lines([content]))
    except UnreadableRows as error:
        said = error.what.replace("the file", "the body")
        raise UnreadableRecords(said, advice="Send it as UTF-8.") from None
    place = text.find(_REPLACED) if decoded else -1
    if place >= 0:
        line = text.count("\n", 0, place) + 1
        raise UnreadableRecords(f"line {line} of the body is not UTF-8", advice="Send it as UTF-8.")
    return text


def _json(text: str) -> Inline:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        raise UnreadableRecords("the body is no JSON") from None
    if isinstance(body, list):
        return _listed(body)
    if not isinstance(body, dict):
        raise UnreadableRecords("the body is neither an object nor a list")
    if "records" not in body and "upload_id" not in body:
        return _listed([body])
    if wrong := list(_wrong(body)):
        raise UnreadableRecords("the records cannot be taken", fields=wrong)
    if "records" in body:
        return _listed(body["records"], body.get("dry_run"))
    kind = body.get("format")
    chosen = None if kind is None else RowFormat(kind)
    return Inline(chosen, None, str(body["upload_id"]), body.get("dry_run"))


def _wrong(body: dict[str, Any]) -> Iterator[FieldError]:
    for name in sorted(set(body) - _KNOWN):
        yield FieldError(name, "there is no such field", "unknown")
    if not isinstance(body.get("dry_run", False), bool):
        yield FieldError("dry_run", "must be true or false", "invalid_value")
    if ("records" in body) == ("upload_id" in body):
        yield FieldError("records", "give either records or upload_id", "invalid_value")
    elif "records" in body and not isinstance(body["records"], list):
        yield FieldError("records", "must be a list of objects", "wrong_type")
    if body.get("format") not in (None, *RowFormat):
        yield FieldError("format", "must be csv or jsonl", "invalid_value")


def _listed(records: list[Any], dry_run: bool | None = None) -> Inline:
    if not records:
        raise UnreadableRecords("there are no records")
    lines = (json.dumps(one, separators=(",", ":")) for one in records)
    return Inline(RowFormat.JSON_LINES, "\n".join(lines).encode(), dry_run=dry_run)
