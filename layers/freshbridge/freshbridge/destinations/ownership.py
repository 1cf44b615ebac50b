"""Whose a record is that the account has: made by this request, by its run, or by somebody else.

A record is a request's own work where it is of the request's time, equal in everything that was
asked for, and claimed by no other request. Were it somebody else's, made in that moment, it would
still be what was asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from freshbridge.actions.earlier import Period, created_at
from freshbridge.actions.freshsales.changes import is_new
from freshbridge.actions.freshsales.duplicates import made_by_this_request
from freshbridge.actions.freshsales.kinds import ACCOUNT, CONTACT, DEAL, LEAD, Kind
from freshbridge.actions.freshsales.same_record import shows
from freshbridge.actions.once import ClaimedByAnother
from freshbridge.destinations.model import DestinationSettings, Template
from freshbridge.timestamps import from_text

if TYPE_CHECKING:
    from datetime import datetime

    from freshbridge.actions.context import Context
    from freshbridge.freshsales.client import FreshsalesClient
    from freshbridge.freshsales.wire import Record

KINDS: dict[str, Kind] = {one.collection: one for one in (CONTACT, ACCOUNT, DEAL, LEAD)}
SETTLE_S = 10.0
_ROUNDED = timedelta(seconds=2)
"""The provider writes its times in whole seconds, when it answers and when it made something."""


def made_earlier(
    context: Context[FreshsalesClient],
    settings: DestinationSettings,
    fields: Mapping[str, Any],
    record: Record,
) -> bool:
    """Whether an earlier attempt of this same request made the record."""
    kind = KINDS.get(settings.type.name)
    return kind is not None and made_by_this_request(context, kind, fields, record)


def made_just_now(
    context: Context[FreshsalesClient],
    kind: Kind,
    fields: Mapping[str, Any],
    found: Record,
    began: datetime,
) -> bool:
    """Whether the very call that was refused has made the record that it was refused for.

    Something between here and the provider may send a request twice, and answer with what the
    second one met. The record is then no older than the call by the provider's own clock, equal in
    everything, unchanged since, and no other request's.
    """
    told, made = context.client.told_time, created_at(found)
    if told is None or made is None:
        return False
    begin = began + (told - context.clock()) - _ROUNDED
    return (
        made >= begin
        and is_new(context, found)
        and shows(fields, found)
        and context.claim(kind.word, found)
    )


def made_in_bulk(
    context: Context[FreshsalesClient],
    settings: DestinationSettings,
    fields: Mapping[str, Any],
    found: Record,
) -> bool:
    """Whether a bulk upsert of the same run, which nobody knows the end of, has made the record.

    It is then younger than the run, unchanged since, equal in everything, and no other request's.
    """
    in_a_run = settings.template is Template.BULK and context.request.origin.get("parent")
    kind = KINDS.get(settings.type.name)
    made, told = created_at(found), context.client.told_time
    if not in_a_run or kind is None or made is None or told is None:
        return False
    begun = from_text(context.request.submitted_at) + (told - context.clock()) - _ROUNDED
    untouched = found.get("created_at") == found.get("updated_at")
    return made >= begun and untouched and shows(fields, found) and context.claim(kind.word, found)


def changed_since(context: Context[FreshsalesClient], found: Record) -> bool:
    """Whether an earlier attempt of this same request, in doubt, may have changed the record."""
    unsure = context.unsure
    return unsure is not None and Period.of(unsure).has({"created_at": found.get("updated_at")})


def claim(
    context: Context[FreshsalesClient], settings: DestinationSettings, record: Record
) -> None:
    """Let no other request take for theirs what this one made.

    Raises:
        ClaimedByAnother: one has, in the moment between; that one's own is looked for.
    """
    kind = KINDS.get(settings.type.name)
    word = kind.word if kind is not None else settings.type.wrapper
    if not context.claim(word, record):
        raise ClaimedByAnother(
            "what was made passes for another request's", after=SETTLE_S, outcome_unknown=True
        )
