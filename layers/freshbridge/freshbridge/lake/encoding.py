"""From a provider's record to a row, and from rows to the lines of a file and back. Pure.

A line is the record with seven members of ours in front, always in this order and of letters that
JSON need not escape: what a merge has to know of a line is cut off its beginning, and the record
behind it is neither parsed nor written anew. Half an emoji, as a text cut at a fixed length ends,
becomes "?": no UTF-8 can hold it.

Level 3 of zlib: 10,000 tickets of 1.7 kB become 4.8 MB in 0.17 s; at level 1 4.9 MB in 0.16 s, at
level 6 4.5 MB in 0.27 s. A bucket is packed anew for every change in it, so time counts more.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from freshbridge import timestamps
from freshbridge.lake.rows import NOTHING, Row, State

if TYPE_CHECKING:
    from freshbridge.sync.objects import SyncObject

MEMBERS = ("_id", "_updated_at", "_seen_at", "_state", "_parent", "_run_id", "_instance")
LEVEL = 3
_GZIP = 31
"""zlib's number for gzip's frame, in which it notes no time: equal rows are equal bytes."""
_OWN = frozenset(MEMBERS)
_USUAL_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_PLAIN = re.compile(r"[^\"\\\x00-\x1f\ud800-\udfff]{1,200}")
_CUTS = 4 * len(MEMBERS)
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class UnreadableRecord(ValueError):
    """A provider's record that cannot be kept; the text says what is wrong with it."""


class UnreadableFile(ValueError):
    """A file of the lake that is not as it was written."""


@dataclass
class RowsRead:
    """The rows of a page, and what was wrong with the records that gave none."""

    rows: list[Row] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


def rows_of(
    obj: SyncObject,
    records: Iterable[Any],
    *,
    seen_at: str,
    state: State = State.LIVE,
) -> RowsRead:
    """The rows of a page. A record that cannot be read costs no other its place."""
    found = RowsRead()
    for record in records:
        try:
            found.rows.append(row_of(obj, record, seen_at=seen_at, state=state))
        except UnreadableRecord as problem:
            found.unreadable.append(str(problem))
    return found


def row_of(obj: SyncObject, record: Any, *, seen_at: str, state: State = State.LIVE) -> Row:
    """A provider's record as a row.

    Raises:
        UnreadableRecord: it is no object, has no id, or a time that is none.
    """
    if not isinstance(record, Mapping):
        raise UnreadableRecord(f"{obj.name}: a record is no JSON object but {_kind(record)}")
    identity = _id(obj.name, obj.id_field, record.get(obj.id_field))
    if not identity:
        raise UnreadableRecord(f"{obj.name}: a record has no {obj.id_field}")
    parent = _id(obj.name, obj.parent_field, record.get(obj.parent_field))
    updated_at = time_of(record.get(obj.updated_field)) if obj.updated_field else ""
    if updated_at is None:
        raise UnreadableRecord(f"{obj.name} {identity}: {obj.updated_field} is no time")
    return Row(identity, updated_at, seen_at, state, body_of(record), parent)


def body_of(record: Mapping[str, Any]) -> bytes:
    """A record as a row keeps it."""
    if not _OWN.isdisjoint(record):
        # Ours would be hidden behind the provider's in every reader.
        record = {name: value for name, value in record.items() if name not in _OWN}
    return _encode(record).encode(errors="replace")


def time_of(value: Any) -> str | None:
    """A provider's time in UTC with whole seconds, so that the order of texts is that of times.

    "" for no time, None for what is none.
    """
    if value is None or value == "":
        return ""
    if not isinstance(value, str):
        return None
    if _USUAL_TIME.fullmatch(value):
        return value
    try:
        return timestamps.to_text(timestamps.from_text(value))
    except (ValueError, OverflowError):
        return None


def line_of(row: Row, instance_id: str) -> bytes:
    """A row as a line, without the line feed.

    Raises:
        ValueError: an id or a time holds what would have to be escaped.
    """
    given = (
        row.id,
        row.updated_at,
        row.seen_at,
        row.state.value,
        row.parent,
        row.run_id,
        instance_id,
    )
    own = ",".join(f'"{name}":"{value}"' for name, value in zip(MEMBERS, given, strict=True))
    if own.count('"') != _CUTS or "\\" in own or "\n" in own:
        raise ValueError(
            f"a row's id, time or run holds a quote, a backslash or a line feed: {own}"
        )
    if row.body == NOTHING:
        return b"{%b}" % own.encode()
    return b"{%b,%b" % (own.encode(), row.body[1:])


def row_in(line: bytes) -> Row:
    """The row of a line.

    Raises:
        UnreadableFile: it is no line of ours.
    """
    parts = line.split(b'"', _CUTS)
    try:
        identity, updated_at, seen_at, state, parent, run_id, _ = (
            one.decode() for one in parts[3::4]
        )
        rest = parts[_CUTS]
        body = NOTHING if rest == b"}" else b"{" + rest[1:]
        return Row(identity, updated_at, seen_at, State(state), body, parent, run_id)
    except (ValueError, IndexError) as error:
        raise UnreadableFile("a line does not begin with the members of the lake") from error


def id_in(line: bytes) -> bytes:
    """The id at a line's beginning, as bytes."""
    return line[8 : line.index(b'"', 8)]


def parent_in(line: bytes) -> str:
    """The parent that a line names."""
    return line.split(b'"', 20)[19].decode()


def seen_at_in(line: bytes) -> str:
    """When the record of a line was last seen."""
    return line.split(b'"', 12)[11].decode()


def seen_again(line: bytes, seen_at: str) -> bytes:
    """The line with another `_seen_at`."""
    parts = line.split(b'"', 12)
    parts[11] = seen_at.encode()
    return b'"'.join(parts)


def packed(lines: Iterable[bytes]) -> bytes:
    """The lines as a gzip file; the same lines always give the same bytes."""
    pack = zlib.compressobj(LEVEL, wbits=_GZIP)
    # Several lines at a call: a call for each would take longer than the packing.
    parts, waiting, size = [], [], 0
    for line in lines:
        waiting.append(line)
        size += len(line)
        if size > 65_536:
            parts.append(pack.compress(b"\n".join(waiting) + b"\n"))
            waiting, size = [], 0
    if waiting:
        parts.append(pack.compress(b"\n".join(waiting) + b"\n"))
    return b"".join((*parts, pack.flush()))


def unpacked(data: bytes) -> list[bytes]:
    """The lines of a gzip file.

    Raises:
        UnreadableFile: it is no gzip file, or cut off.
    """
    unpack = zlib.decompressobj(_GZIP)
    try:
        text = unpack.decompress(data)
    except zlib.error as error:
        raise UnreadableFile(f"it is no gzip file: {error}") from error
    if not unpack.eof:
        raise UnreadableFile("its end is missing")
    lines = text.split(b"\n")
    if lines.pop():
        raise UnreadableFile("its last line has no end")
    return lines


def _id(object_name: str, field_name: str, value: Any) -> str:
    if value is None or not field_name:
        return ""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise UnreadableRecord(f"{object_name}: {field_name} is {_kind(value)}")
    text = str(value)
    if not _PLAIN.fullmatch(text):
        raise UnreadableRecord(f"{object_name}: {field_name} is no id")
    return text


def _kind(value: Any) -> str:
    return f"of type {type(value).__name__}"
