"""What to do when Freshsales says that a record exists already.

It says so with a 400 in the language of the key's owner, which no other refusal differs from: so
the record is looked up by each value that has to be unique, one call a value. What cannot be found,
as right after its creation, which the index lags behind by seconds, is no duplicate but a refusal.

Facts: https://developers.freshworks.com/crm/api/#lookup
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from freshbridge.actions.earlier import Period
from freshbridge.actions.freshsales.same_record import identified, shows
from freshbridge.errors import Conflict, InvalidRequest

if TYPE_CHECKING:
    from freshbridge.actions.context import Context
    from freshbridge.actions.freshsales.kinds import Kind
    from freshbridge.freshsales.client import FreshsalesClient
    from freshbridge.freshsales.wire import Record

UNIQUE: dict[str, dict[str, str]] = {
    "contact": {
        "email": "email",
        "emails": "email",
        "mobile_number": "mobile_number",
        "external_id": "external_id",
    },
    "account": {"name": "name"},
}
"""What no two records of a kind have alike, and what a lookup calls it."""


def unique_values(kind: Kind, fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The lookups that find whoever has one of the values already."""
    seen = set()
    for name, field in UNIQUE.get(kind.word, {}).items():
        value = fields.get(name)
        for one in value if isinstance(value, list) else [value]:
            text = one.get("value") if isinstance(one, dict) else one
            if isinstance(text, str) and text.strip() and (field, text) not in seen:
                seen.add((field, text))
                yield field, text.strip()


def existing(
    context: Context[FreshsalesClient],
    kind: Kind,
    fields: Mapping[str, Any],
    refusal: InvalidRequest,
) -> Record | None:
    """The record that has a unique value of `fields`; None when none is found.

    Values that the account cannot be searched by are passed over.
    """
    if refusal.status != HTTPStatus.BAD_REQUEST:
        return None
    for field, value in unique_values(kind, fields):
        try:
            records: list[Record] = kind.calls(context.client).lookup(field, value)[0]
        except InvalidRequest:
            continue
        for record in records:
            if identified(field, value, record):
                return record
    return None


def conflict(kind: Kind, refusal: InvalidRequest, found: Record) -> Conflict:
    """The error for a caller who wants no existing record."""
    return Conflict(
        f"The {kind.noun} exists already",
        existing_id=found["id"],
        where=refusal.where,
        status=refusal.status,
        advice=f"It is {kind.noun} {found['id']}: use it, or set on_duplicate to return or update, "
        "or change the value.",
        provider_message=refusal.provider_message,
        provider_request_id=refusal.provider_request_id,
    )


def made_by_this_request(
    context: Context[FreshsalesClient], kind: Kind, fields: Mapping[str, Any], found: Record
) -> bool:
    """Whether the record is what an earlier attempt of this same request made.

    One created in that attempt's time, equal in everything that was asked for and claimed by no
    other request is its work; if it were somebody else's, it would still be what was asked for.
    """
    return (
        context.unsure is not None
        and Period.of(context.unsure).has(found)
        and shows(fields, found)
        and context.claim(kind.word, found)
    )
