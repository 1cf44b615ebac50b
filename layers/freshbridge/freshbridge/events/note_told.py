"""One note or reply that is told twice: by a webhook, and by the sync that finds it afterwards.

Pure. A sync names the note and when it was made; a webhook has no id of it, comes soon after, and
may hold its text. So each note of the one is taken for one of the other: of the same type, told
within `LATE_WEBHOOK_S` of its making, with the same text where both have it, and within `SOON_S`
where not. Each is taken once only: two notes are never taken for one.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Mapping, Sequence
from typing import Any

from freshbridge.events.twice_told import LATE_WEBHOOK_S, SKEW_S, Told

TYPES = ("note_created", "reply_created")
SOON_S = 300.0
_ID, _WEBHOOK, _TEXT = "#note", "#webhook", "#text"
_TAG = re.compile(r"<[^>]*>")


def marks(note: Mapping[str, Any]) -> dict[str, str]:
    """What a note is known by: its id and a digest of its text, as far as there are any."""
    found = {}
    if note.get("id") is not None:
        found[_ID] = str(note["id"])
    text = note.get("body") or note.get("body_text")
    if isinstance(text, str) and (plain := _plain(text)):
        found[_TEXT] = hashlib.sha256(plain.encode(errors="surrogatepass")).hexdigest()[:8]
    return found


def told_note(
    history: Sequence[Told], *, source: str, type: str, marks: Mapping[str, str], key: str,
    at: float, happened_at: float,
) -> tuple[int, dict[str, str]] | None:  # fmt: skip
    """Which event of the other source told of this note: its place, and its fields from now on.

    `key` names the content of this event, which came `at`; the note was made `happened_at`, or not
    long before for a webhook. All epoch seconds.
    """
    name, value = (_ID, marks.get(_ID, "")) if source == "sync" else (_WEBHOOK, key)
    others = [
        (place, one)
        for place, one in enumerate(history)
        if one.type == type and one.source != source
    ]
    for place, one in others:
        if value and one.fields.get(name) == value:
            return place, dict(one.fields)
    for place, one in others:
        if one.fields.get(name) or not _same_id(one.fields, marks):
            continue
        made, heard = (happened_at, one.first_at) if source == "sync" else (one.happened_at, at)
        texts = one.fields.get(_TEXT), marks.get(_TEXT)
        latest = LATE_WEBHOOK_S if all(texts) else SOON_S
        if -SKEW_S <= heard - made <= latest and (texts[0] == texts[1] or not all(texts)):
            return place, {**one.fields, name: value}
    return None


def _same_id(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    return not (one.get(_ID) and other.get(_ID)) or one[_ID] == other[_ID]


def _plain(text: str) -> str:
    return " ".join(html.unescape(_TAG.sub(" ", text)).split()).casefold()
