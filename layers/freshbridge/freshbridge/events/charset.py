"""From a body's bytes to its text: compression, byte order mark, charset.

Pure. Apart from the readers because a body in plain UTF-8, which nearly all are, needs none of it.
"""

from __future__ import annotations

import codecs
import re
import zlib

from freshbridge.events.content import (
    LARGEST_BODY,
    BodyTooLarge,
    UnknownContentType,
    UnreadableBody,
)

_GZIP = b"\x1f\x8b"
_LOST_GZIP = b"\x1f\xef\xbf\xbd"
"""Its second byte after a gateway took it for a text."""
# UTF-32's mark begins with UTF-16's, so it is looked for first.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)
_KNOWN = re.compile(
    r"utf-?(8|16|32)(-?(le|be))?|us-ascii|ascii|iso-?8859-[0-9]{1,2}|latin-?1"
    r"|(windows-|cp)125[0-8]|koi8-[ru]|shift[-_]jis|euc-(jp|kr)|gb(2312|k|18030)|big5",
    re.IGNORECASE,
)
"""Of Python's codecs many are no charsets, and some are slow with what a stranger may send."""
_XML_ENCODING = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})""")


def decoded(body: bytes, content_type: str, content_encoding: str = "") -> tuple[str, bool]:
    """The text, without a byte order mark, and whether every byte of it made sense.

    A mark beats the header's charset, which beats the one an XML declaration names; without any it
    is UTF-8, and what is not UTF-8 is read as Windows-1252, which gives each byte some letter.

    Raises:
        BodyTooLarge, UnknownContentType, UnreadableBody: of a compressed body.
    """
    plain = unpacked(body, content_encoding)
    for mark, name in _MARKS:
        if plain.startswith(mark):
            return _read(plain[len(mark) :], name)
    named = _CHARSET.search(content_type)
    declared = _XML_ENCODING.match(plain[:300])
    name = named[1] if named else declared[1].decode() if declared else "utf-8"
    return _read(plain, name)


def unpacked(body: bytes, content_encoding: str) -> bytes:
    """The body without its compression; gzip is seen by its first bytes, too.

    Raises:
        BodyTooLarge: a few bytes unpack to more than `LARGEST_BODY`.
        UnknownContentType: a compression other than gzip and deflate.
        UnreadableBody: it is not what the header says.
    """
    encodings = [name for part in content_encoding.split(",") if (name := part.strip().lower())]
    encodings = [name for name in encodings if name != "identity"]
    if not encodings and body.startswith(_GZIP):
        encodings = ["gzip"]
    if len(encodings) > 1 or set(encodings) - {"gzip", "x-gzip", "deflate"}:
        raise UnknownContentType(
            "the body's compression is not read", advice="Send it plain, or as gzip."
        )
    if body.startswith(_LOST_GZIP):
        raise UnreadableBody("body was compressed", advice="Send it uncompressed.")
    if not encodings or (encodings != ["deflate"] and not body.startswith(_GZIP)):
        # A gateway unpacks a body and may leave the header as it was.
        return body
    return _inflated(body, zlib.MAX_WBITS if encodings == ["deflate"] else zlib.MAX_WBITS | 16)


def _inflated(body: bytes, wbits: int) -> bytes:
    reader = zlib.decompressobj(wbits)
    try:
        plain = reader.decompress(body, LARGEST_BODY + 1)
    except zlib.error:
        raise UnreadableBody("body cannot be unpacked", advice="Send it uncompressed.") from None
    if len(plain) > LARGEST_BODY:
        raise BodyTooLarge(
            f"body is over {LARGEST_BODY} bytes once it is unpacked",
            advice="Leave attachments and long texts out of the webhook's content.",
        )
    if not reader.eof:
        raise UnreadableBody("body ends within its compression", advice="Send it uncompressed.")
    return plain


def _read(plain: bytes, name: str) -> tuple[str, bool]:
    for candidate in (name, "utf-8") if _KNOWN.fullmatch(name) else ("utf-8",):
        try:
            return plain.decode(candidate), True
        except (LookupError, UnicodeError):
            continue
    return plain.decode("cp1252", errors="replace"), False
