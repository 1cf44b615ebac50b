"""What of a record has changed since it was last seen.

Pure. What is kept of a record is compact and holds no free text: numbers, choices, tags and times
as they are, of every other text a digest. So a change of such a text is told by what it became, and
what it was before is not known; a change of all else is told as `{"from", "to"}`. Fields that move
by themselves with every change, such as `updated_at`, are no changes. A field that the record does
not have this time says nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

Values = dict[str, Any]
"""Of each field its value, or `{"#": digest}` for a text; custom ones are below `custom_fields`."""

CUSTOM = "custom_fields"
_DIGEST = "#"
# They change with every change, or are not the record's own.
_IGNORED = frozenset({
    "id", "created_at", "updated_at", "associated_tickets_count", "sentiment_score",
    "initial_sentiment_score", "attachments", "stats", "requester", "company", "conversations",
    "description", "description_text", "structured_description", "source_additional_info", "links",
    "last_contacted", "last_active_at", "last_login_at", "available_since", "last_seen",
    "recent_note", "avatar", "lead_score", "open_deals_amount",
    "open_deals_count", "won_deals_amount", "won_deals_count", CUSTOM, "custom_field",
})  # fmt: skip
# A list does not show them, so a record that is asked for by itself has not got them since.
_VIEWED = frozenset({
    "tags", "other_emails", "view_all_tickets", "other_companies", "associated_tickets_list",
    "agent_ids", "archived", "form_id", "ticket_bcc_emails",
})  # fmt: skip
# Texts that are choices or times, and short.
_PLAIN = frozenset({
    "type", "status", "due_by", "fr_due_by", "nr_due_by", "language", "time_zone", "contact_type",
    "expected_close", "closed_date", "stage_updated_time", "amount", "base_currency_amount",
    "annual_revenue",
})  # fmt: skip
_LONGEST_PLAIN = 100


def kept(record: Mapping[str, Any]) -> Values:
    """What is kept of a record, to be compared with what it is next time."""
    values = {
        name: _kept(value, plain=name in _PLAIN or name == "tags")
        for name, value in record.items()
        if name not in _IGNORED
    }
    values[CUSTOM] = {name: _kept(value) for name, value in custom_fields(record).items()}
    return values


def changes(before: Values, record: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """`{field: {"from", "to"}}` of what differs; a custom field stands under its own name."""
    own = {name: value for name, value in record.items() if name not in _IGNORED}
    found = _changes(before, kept(record), own)
    custom = _changes(before.get(CUSTOM, {}), kept(record)[CUSTOM], custom_fields(record))
    return custom | found


def differences(before: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """As `changes`, of a record that is held whole: also what a text was before is known."""
    own = {name: value for name, value in before.items() if name not in _IGNORED}
    was = {**custom_fields(before), **own}
    return {
        name: {"from": was.get(name), "to": change["to"]}
        for name, change in changes(kept(before), record).items()
        if name in was or name not in _VIEWED
    }


def custom_fields(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """A record's custom fields; Freshsales names the object otherwise."""
    found = record.get(CUSTOM, record.get("custom_field"))
    return found if isinstance(found, Mapping) else {}


def _changes(
    before: Mapping[str, Any], after: Mapping[str, Any], values: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        now = after[name]
        if name not in before:
            # A field that the account has had since: news only where something is in it.
            if value is not None and value is not False and value not in ("", [], {}):
                found[name] = {"from": None, "to": value}
        elif before[name] != now:
            was = before[name]
            found[name] = {"to": value} if _is_digest(was) else {"from": was, "to": value}
    return found


def _kept(value: Any, *, plain: bool = False) -> Any:
    if value is None or isinstance(value, bool | int | float) or value == "":
        return value
    if plain and isinstance(value, str) and len(value) <= _LONGEST_PLAIN:
        return value
    if plain and isinstance(value, list) and all(isinstance(one, str) for one in value):
        # Tags are a set.
        return sorted(value)
    if isinstance(value, Mapping):
        # An agent's contact has times of its own.
        value = {name: one for name, one in value.items() if name not in _IGNORED}
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return {_DIGEST: hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:16]}


def _is_digest(value: Any) -> bool:
    return isinstance(value, dict) and _DIGEST in value
