"""Creating, updating, upserting and deleting, alike for every kind of record.

Each function here makes an action's `run` or `find` for one kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from freshbridge.actions.action import Outcome, Reconciliation
from freshbridge.actions.earlier import created_at
from freshbridge.actions.freshsales.duplicates import (
    UNIQUE,
    conflict,
    existing,
    made_by_this_request,
)
from freshbridge.actions.freshsales.earlier_activities import earlier_activity
from freshbridge.actions.freshsales.earlier_records import IDENTITY, earlier_record
from freshbridge.actions.freshsales.kinds import Kind, answer
from freshbridge.actions.freshsales.parameters import sent
from freshbridge.actions.once import reconciled
from freshbridge.errors import InvalidRequest, NotFound
from freshbridge.timestamps import from_text

if TYPE_CHECKING:
    from freshbridge.actions.attempt_marks import Unsure
    from freshbridge.actions.context import Context
    from freshbridge.freshsales.client import FreshsalesClient
    from freshbridge.freshsales.wire import Record

    Run = Callable[[Context[FreshsalesClient], Any], Outcome]

_OPTIONS = ("on_duplicate",)
_JUST = timedelta(minutes=2)
"""A record that was created and last updated at one moment, so long ago at most, is a new one."""


def creating(kind: Kind) -> Run:
    """Create one; where a unique value is taken, `on_duplicate` says what then."""

    def run(context: Context[FreshsalesClient], parameters: Any) -> Outcome:
        fields = sent(parameters, *_OPTIONS)
        try:
            record = kind.calls(context.client).create(fields)
        except InvalidRequest as refusal:
            if kind.word not in UNIQUE:
                raise
            return _settled(context, kind, parameters, fields, refusal)
        return _created(context, kind, record, fields)

    return run


def _created(
    context: Context[FreshsalesClient], kind: Kind, record: Record, fields: Mapping[str, Any]
) -> Outcome:
    said = f"{kind.noun.capitalize()} created"
    if kind.word not in UNIQUE:
        return answer(context, kind, record, said, asked=fields)
    return answer(context, kind, record, said, asked=fields, created=True, updated=False)


def _settled(
    context: Context[FreshsalesClient],
    kind: Kind,
    parameters: Any,
    fields: dict[str, Any],
    refusal: InvalidRequest,
) -> Outcome:
    found = existing(context, kind, fields, refusal)
    if found is None:
        raise refusal
    if made_by_this_request(context, kind, fields, found):
        return reconciled(_created(context, kind, found, fields))
    if parameters.on_duplicate == "fail":
        raise conflict(kind, refusal, found) from refusal
    if parameters.on_duplicate == "return":
        said = f"The {kind.noun} exists already and is returned as it is"
        return answer(context, kind, found, said, created=False, updated=False)
    record = kind.calls(context.client).update(found["id"], fields)
    said = f"The {kind.noun} existed already and was updated"
    return answer(context, kind, record, said, asked=fields, created=False, updated=True)


def reconciling(kind: Kind) -> Reconciliation:
    """How to find what an earlier attempt to create one has made."""
    look = earlier_record if kind.word in IDENTITY else earlier_activity

    def find(context: Context[FreshsalesClient], unsure: Unsure, parameters: Any) -> Outcome | None:
        fields = sent(parameters, *_OPTIONS)
        record = look(context, unsure, kind, fields)
        return None if record is None else _created(context, kind, record, fields)

    return Reconciliation(find, makes=kind.id_name)


def updating(kind: Kind) -> Run:
    """Change the fields given; null clears one."""

    def run(context: Context[FreshsalesClient], parameters: Any) -> Outcome:
        changes = sent(parameters, kind.id_name, nulls=True)
        record_id = getattr(parameters, kind.id_name)
        record = kind.calls(context.client).update(record_id, changes)
        return answer(context, kind, record, f"{kind.noun.capitalize()} updated", asked=changes)

    return run


def upserting(kind: Kind) -> Run:
    """Update the one that the identifier finds, or create it.

    Of two at the same moment one may be refused, for the other has just made the record: that is
    looked up and updated.
    """

    def run(context: Context[FreshsalesClient], parameters: Any) -> Outcome:
        identifier: dict[str, Any] = parameters.unique_identifier.model_dump(exclude_none=True)
        fields = sent(parameters, "unique_identifier", nulls=True)
        calls = kind.calls(context.client)
        try:
            record = calls.upsert(identifier, fields)
        except InvalidRequest as refusal:
            found = existing(context, kind, identifier, refusal)
            if found is None:
                raise
            record = calls.update(found["id"], fields)
        created = is_new(context, record)
        said = f"{kind.noun.capitalize()} {'created' if created else 'updated'}"
        return answer(context, kind, record, said, asked=fields, created=created)

    return run


def is_new(context: Context[FreshsalesClient], record: Record) -> bool:
    """Whether an upsert has created the record, as far as its times tell; the reply does not."""
    made = created_at(record)
    try:
        updated = from_text(str(record.get("updated_at")))
    except ValueError:
        return False
    now = context.client.told_time or context.clock()
    return made is not None and made == updated and abs(now - made) < _JUST


def deleting(kind: Kind) -> Run:
    """Delete one; one that an earlier attempt of this request has deleted is gone by right."""

    def run(context: Context[FreshsalesClient], parameters: Any) -> Outcome:
        record_id = getattr(parameters, kind.id_name)
        permanently = getattr(parameters, "permanently", None)
        calls = kind.calls(context.client)
        try:
            if permanently:
                calls.forget(record_id)
            else:
                calls.delete(record_id)
        except NotFound:
            if context.unsure is None:
                raise
        data = {kind.id_name: record_id, "deleted": True}
        if permanently is not None:
            data["permanently"] = permanently
        end = "deleted for good" if permanently in (None, True) else "moved to the recycle bin"
        return Outcome(data, f"{kind.noun.capitalize()} {end}")

    return run
