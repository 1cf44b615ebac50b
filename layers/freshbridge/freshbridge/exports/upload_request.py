"""Read a bulk upload of Open Connectors' clients: a multipart form with a file of records. Pure.

`file` is a CSV file, a JSON array, or JSON Lines; `metaData` is JSON. Each record becomes the
parameters of the action that creates such a record. A record that is already there is not looked
for: this connector has no upsert, nor had the original for Freshdesk.
Source: https://help.openconnectors.ext.hana.ondemand.com, "Bulk"
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, Literal, cast

from freshbridge.errors import FieldError
from freshbridge.exports.job_request import InvalidJob
from freshbridge.exports.lines import json_bytes
from freshbridge.exports.object_names import object_named

CREATES = {
    "tickets": "create_ticket",
    "contacts": "create_contact",
    "companies": "create_company",
}
_LINES = ("application/x-ndjson", "application/jsonl", "application/x-jsonlines")


@dataclass(frozen=True)
class UploadRequest:
    """Records to create by `action`, as the bytes of a CSV or JSON Lines file."""

    object: str
    asked_as: str
    action: str
    format: Literal["csv", "jsonl"]
    content: bytes = field(repr=False)
    criteria: dict[str, Any]


def read_upload(object_name: str, content_type: str, body: bytes) -> UploadRequest:
    """What `POST /bulk/{objectName}` brings.

    Raises:
        InvalidJob: saying what is wrong.
    """
    name = object_named(object_name)
    if name is None or name not in CREATES:
        raise _wrong("objectName", f"can be created in bulk: {', '.join(CREATES)}")
    if not content_type.lower().startswith("multipart/form-data"):
        raise _wrong("file", "must be a part of a multipart/form-data body")
    parts = _parts(content_type, body)
    file = parts.get("file")
    if file is None:
        raise _wrong("file", "is required: a CSV file or a JSON array of records")
    meta = _meta(parts.get("metaData"))
    kind, content = _lines(file)
    return UploadRequest(
        name, object_name, CREATES[name], kind, content, {"metaData": meta} if meta else {}
    )


def _parts(content_type: str, body: bytes) -> dict[str, EmailMessage]:
    head = f"Content-Type: {content_type}\r\n\r\n".encode(errors="replace")
    form = BytesParser(policy=HTTP).parsebytes(head + body)
    found: dict[str, EmailMessage] = {}
    for part in form.iter_parts():
        name = part.get_param("name", header="content-disposition")
        if isinstance(name, str):
            found.setdefault(name, cast("EmailMessage", part))
    return found


def _meta(part: EmailMessage | None) -> dict[str, Any]:
    if part is None:
        return {}
    try:
        found = json.loads(_bytes(part) or b"{}")
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise _wrong("metaData", "must be a JSON object")
    if found.get("identifierFieldName"):
        raise _wrong("metaData", "identifierFieldName asks for an upsert, which there is none of")
    return found


def _lines(file: EmailMessage) -> tuple[Literal["csv", "jsonl"], bytes]:
    content = _bytes(file)
    name, kind = (file.get_filename() or "").lower(), file.get_content_type()
    begin = content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if kind in _LINES or name.endswith((".jsonl", ".ndjson")) or begin == b"{":
        return "jsonl", content
    if begin != b"[":
        return "csv", content
    try:
        records = json.loads(content)
    except (ValueError, RecursionError):
        raise _wrong("file", "begins like a JSON array and is none") from None
    if not all(isinstance(one, dict) for one in records):
        raise _wrong("file", "must hold objects only")
    return "jsonl", b"".join(json_bytes(one) + b"\n" for one in records)


def _bytes(part: EmailMessage) -> bytes:
    found = part.get_payload(decode=True)
    return found if isinstance(found, bytes) else b""


def _wrong(name: str, message: str) -> InvalidJob:
    return InvalidJob(
        "nothing can be uploaded", fields=[FieldError(name, message, "invalid_value")]
    )
