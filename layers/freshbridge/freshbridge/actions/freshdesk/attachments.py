"""Files to attach: how a caller gives them, and how they become parts of a request.

An action has `attachments: Attachments = Field(default_factory=list)` and sends them so:

    parts = file_parts(context, parameters.attachments)
    ticket = context.client.create_ticket(fields, files=parts)

Freshdesk takes files as parts of a multipart request, 20 MB at most on one ticket.
Source: https://developers.freshdesk.com/api/#create_ticket_with_attachment
"""

from __future__ import annotations

import base64
import binascii
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from freshbridge.actions.freshdesk.file_names import (
    UNKNOWN_TYPE,
    checked_content_type,
    content_type_of,
    is_disarmed,
    safe_name,
)
from freshbridge.actions.uploads import LONGEST_GIVEN_NAME, MOST_BYTES, UPLOAD_ID_PATTERN
from freshbridge.errors import PayloadTooLarge
from freshbridge.http_message import FilePart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from freshbridge.actions.context import Context
    from freshbridge.http_message import Readable

FIELD = "attachments[]"
MOST_INLINE_BYTES = 3 * 1024 * 1024
"""Of one inline file: its base64 has to fit into the 6 MB that AWS Lambda takes as a request."""
MOST_FILES = 50


def _checked_base64(text: str) -> str:
    size = base64_size(text)
    if size > MOST_INLINE_BYTES:
        raise ValueError(
            f"the file has {size} bytes, and at most {MOST_INLINE_BYTES} go inline; upload it and "
            "give its upload_id instead"
        )
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(
            "this is not base64: use A-Z, a-z, 0-9, + and /, padded with =, without line breaks "
            "and without a data: prefix"
        ) from None
    if not size:
        raise ValueError("the file is empty")
    return text


class Attachment(BaseModel):
    """A file: a small one inline, as name and content_base64; any other by its upload_id."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "oneOf": [{"required": ["name", "content_base64"]}, {"required": ["upload_id"]}]
        },
    )

    name: str | None = Field(
        default=None,
        min_length=1,
        max_length=LONGEST_GIVEN_NAME,
        description="The file's name; of an upload, a name to send it under instead of its own",
    )
    content_base64: Annotated[str, AfterValidator(_checked_base64)] | None = Field(
        default=None, description="The file's bytes in base64, 3 MB at most", repr=False
    )
    content_type: str | None = Field(
        default=None, description="Such as application/pdf; guessed from the name when left out"
    )
    upload_id: str | None = Field(
        default=None, pattern=UPLOAD_ID_PATTERN, description="As the upload route gave it"
    )

    @field_validator("content_type")
    @classmethod
    def _is_media_type(cls, value: str | None) -> str | None:
        return None if value is None else checked_content_type(value)

    @model_validator(mode="after")
    def _is_one_file(self) -> Attachment:
        if (self.content_base64 is None) == (self.upload_id is None):
            raise ValueError("give either name and content_base64, or upload_id")
        if self.upload_id is None and self.name is None:
            raise ValueError("a file that is given inline needs a name")
        return self


def _small_enough(found: list[Attachment]) -> list[Attachment]:
    size = sum(base64_size(one.content_base64) for one in found if one.content_base64)
    if size > MOST_BYTES:
        raise ValueError(f"the files have {size} bytes together, {MOST_BYTES} at most can be sent")
    return found


Attachments = Annotated[
    list[Attachment],
    Field(
        max_length=MOST_FILES,
        description="Files, 20 MB together at most. One that a double click would run, such as "
        "invoice.pdf.exe, is sent with .txt after its name.",
    ),
    AfterValidator(_small_enough),
]
"""The type of every action's `attachments`, whose default is the empty list."""


def base64_size(text: str) -> int:
    """How many bytes well-formed base64 stands for."""
    return len(text) // 4 * 3 - text[-2:].count("=")


def file_parts(context: Context, attachments: Sequence[Attachment]) -> tuple[FilePart, ...]:
    """The attachments as parts of a Freshdesk request; their bytes are read when it is sent.

    Asks the upload store for the size of each upload, and the provider nothing.

    Raises:
        UploadMissing: an upload of another instance, or never made, or expired.
        PayloadTooLarge: more than 20 MB together.
    """
    parts = tuple(_part(context, one) for one in attachments)
    size = sum(part.size for part in parts)
    if size > MOST_BYTES:
        raise PayloadTooLarge(
            f"The attachments have {size} bytes together, Freshdesk takes {MOST_BYTES} at most",
            where="attachments",
            advice="Send fewer or smaller files, or a link to them.",
        )
    return parts


def described(parts: Sequence[FilePart]) -> list[dict[str, Any]]:
    """What was sent, for a result: a file's name there may differ from the one that was given."""
    return [
        {"name": part.filename, "size": part.size, "content_type": part.content_type}
        for part in parts
    ]


@dataclass(frozen=True)
class _Inline:
    """Implements FileSource; decoded when it is read, since its base64 is held anyway."""

    text: str

    @property
    def size(self) -> int:
        return base64_size(self.text)

    def open(self) -> Readable:
        return io.BytesIO(base64.b64decode(self.text))


def _part(context: Context, one: Attachment) -> FilePart:
    if one.upload_id is not None:
        stored = context.services.uploads.find(context.instance.instance_id, one.upload_id)
        name = safe_name(one.name or stored.name)
        kind = one.content_type or stored.content_type
        return FilePart(FIELD, name, stored.content, _type(name, kind))
    name = safe_name(one.name or "")
    source = _Inline(one.content_base64 or "")
    return FilePart(FIELD, name, source, _type(name, one.content_type))


def _type(name: str, given: str | None) -> str:
    """A disarmed file is octets whatever was said: no program then shows or runs it."""
    return UNKNOWN_TYPE if is_disarmed(name) else given or content_type_of(name)
