"""Read a webhook's body into an object, whatever encoding it came in.

Pure, and on the ingest path: standard library only, and the reader of a format is imported when a
body of that format comes. Freshdesk and Freshsales send JSON, XML or a form; what the content type
says is believed unless the first character tells otherwise, since a text sent with curl's defaults
claims to be a form.

A body that unescaped placeholders broke is read as far as it can be and marked `recovered`; its
text stays as it came.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from freshbridge.events.content import (
    FORM,
    GUESSED,
    LARGEST_BODY,
    BodyTooLarge,
    Content,
    UnknownContentType,
    UnreadableBody,
    strict_json,
)

__all__ = [
    "LARGEST_BODY", "BodyTooLarge", "Content", "UnknownContentType", "UnreadableBody",
    "check_size", "read_body", "read_json", "read_text", "stored_type",
]  # fmt: skip

_ANY_TEXT = ("", "text/plain", "application/octet-stream")


def check_size(body: bytes) -> None:
    """Refuse a body that no webhook needs.

    Raises:
        BodyTooLarge: with the size and the limit.
    """
    if len(body) > LARGEST_BODY:
        raise BodyTooLarge(
            f"body is {len(body)} bytes, the limit is {LARGEST_BODY}",
            advice="Leave attachments and long texts out of the webhook's content.",
        )


def read_body(body: bytes, content_type: str = "", content_encoding: str = "") -> Content:
    """A request's bytes, read by its two header fields.

    Raises:
        BodyTooLarge: a compressed body is too large when unpacked.
        UnknownContentType: the media type or the compression is none that is read.
        UnreadableBody: saying where it stops making sense; the body itself is never quoted.
    """
    if content_encoding.strip().lower() in ("", "identity") and _is_plain(content_type):
        try:
            return read_text(body.decode("utf-8-sig"), content_type)
        except UnicodeDecodeError:
            pass
    from freshbridge.events import charset  # noqa: PLC0415 - paid for when it is needed

    text, exact = charset.decoded(body, content_type, content_encoding)
    content = read_text(text, content_type)
    return content if exact else replace(content, recovered=True)


def read_text(text: str, content_type: str = "") -> Content:
    """A body that has been decoded; of the content type, the charset no longer counts.

    Raises:
        UnknownContentType, UnreadableBody: as `read_body`.
    """
    content = _read(text, content_type)
    return replace(content, recovered=True) if GUESSED in content_type else content


def stored_type(content_type: str, content: Content) -> str:
    """The content type under which the text is kept: a guess at its letters is not forgotten."""
    guessed = content.recovered and not _read(content.text, content_type).recovered
    return f"{content_type.partition(';')[0].strip()}; {GUESSED}" if guessed else content_type


def _read(text: str, content_type: str) -> Content:
    media_type = content_type.partition(";")[0].strip().lower()
    first = text.lstrip("\ufeff \t\r\n")[:1]
    if not first:
        raise UnreadableBody("body is empty")
    if first in "{[" and (_says(media_type, "json") or media_type in (FORM, *_ANY_TEXT)):
        return _json(text)
    if first == "<" and (_says(media_type, "xml", "json") or media_type in (FORM, *_ANY_TEXT)):
        from freshbridge.events import xml_body  # noqa: PLC0415 - as above

        return xml_body.read(text)
    if media_type == FORM:
        from freshbridge.events import form_body  # noqa: PLC0415 - as above

        return form_body.read(text)
    if _says(media_type, "json") or media_type in _ANY_TEXT:
        return _json(text)
    if _says(media_type, "xml"):
        raise UnreadableBody("body is not XML: it does not begin with <")
    raise UnknownContentType(f"content type {media_type[:64]} is not read")


def read_json(body: bytes, content_type: str = "application/json") -> dict[str, Any]:
    """The body as an object, if it is JSON and nothing else: nothing is mended.

    Raises:
        UnreadableBody: saying where it stops being JSON; the body itself is never quoted.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type and not media_type.endswith("json"):
        raise UnreadableBody(f"content type {media_type} is not read")
    if not body.strip():
        raise UnreadableBody("body is empty")
    try:
        return strict_json(body.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UnreadableBody(f"body is not UTF-8 at byte {error.start}") from None


def _json(text: str) -> Content:
    try:
        return Content(strict_json(text), text)
    except UnreadableBody as error:
        from freshbridge.events import broken_json  # noqa: PLC0415 - as above

        value = broken_json.mended(text)
        if value is None:
            raise error from None
        return Content(value, text, recovered=True)


def _is_plain(content_type: str) -> bool:
    lower = content_type.lower()
    return "charset" not in lower or "utf-8" in lower or "utf8" in lower


def _says(media_type: str, *formats: str) -> bool:
    # application/json, text/xml, application/vnd.api+json
    return media_type.replace("+", "/").rpartition("/")[2] in formats
