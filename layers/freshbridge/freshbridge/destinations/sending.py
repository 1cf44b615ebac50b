"""One record on its way to the account: matched, compared, written once, and what came of it.

A write that creates is sent only where nothing shows that an earlier attempt made the record: the
action that calls this is reconciled first (see `freshbridge.actions.once`). An upsert is matched by
the provider, so a second one updates what the first has made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from freshbridge.actions.freshsales.changes import is_new
from freshbridge.actions.freshsales.duplicates import (
    conflict,
    existing,
    made_by_this_request,
    unique_values,
)
from freshbridge.destinations import finding
from freshbridge.destinations.difference import differing, unshown
from freshbridge.destinations.manual_request import manual_request
from freshbridge.destinations.model import DestinationSettings, Template
from freshbridge.destinations.ownership import (
    KINDS,
    SETTLE_S,
    changed_since,
    claim,
    made_earlier,
    made_in_bulk,
    made_just_now,
)
from freshbridge.destinations.preparation import Prepared
from freshbridge.destinations.writing import WouldSend, Writer
from freshbridge.errors import InvalidRequest, NotFound, Retry

if TYPE_CHECKING:
    from freshbridge.actions.context import Context
    from freshbridge.actions.freshsales.kinds import Kind
    from freshbridge.freshsales.client import FreshsalesClient
    from freshbridge.freshsales.wire import Record


@dataclass(frozen=True)
class Delivered:
    """What became of a record. `outcome` is one of bulk.progress.OUTCOMES."""

    outcome: str
    message: str
    record_id: int | None = None
    record: Mapping[str, Any] = field(default_factory=dict, repr=False)


class NoSuchRecord(NotFound):
    """No record has the key, and none is to be made."""

    code = "no_such_record"
    default_advice = "Create it first, or let the destination create what is not there."


class UnfoundDuplicate(Retry):
    """The account refused a record that it may have already, and its index does not show it yet.

    Such a refusal differs from others in its words alone, which are in any language: `refusal`.
    """

    code = "duplicate_unfound"
    default_advice = "It is looked for again in a moment."

    def __init__(self, refusal: InvalidRequest) -> None:
        super().__init__("The account may have the record already", after=SETTLE_S)
        self.refusal = refusal


def deliver(
    context: Context[FreshsalesClient],
    settings: DestinationSettings,
    ready: Prepared,
    known: finding.KnownIds,
    *,
    dry: bool = False,
) -> Delivered:
    """Do with one record what the destination is for.

    Raises:
        InvalidRecord: nothing was sent.
        WouldSend: it is a dry run, which came to this request.
        UnfoundDuplicate: it was refused, perhaps for a record that cannot be found yet.
        Whatever the provider's client raises.
    """
    ready.refuse()
    if settings.template is Template.MANUAL:
        return _by_hand(context, settings, ready, dry=dry)
    now = context.clock().timestamp()
    fields = known.resolved(context.client, ready.fields, now=now)
    writer = Writer(context.client, settings.type, dry=dry)
    if settings.template is Template.CREATE:
        return _create(context, settings, fields, writer)
    found = finding.by_key(context.client, settings.type, settings.key, ready.key)
    if settings.template is Template.DELETE:
        return _delete(context, settings, found, writer)
    if found is None:
        only = settings.mode == "update_only" or settings.key == "id"
        if settings.template is Template.UPDATE or only:
            raise NoSuchRecord(f"no record has this {settings.key}")
        ready.refuse(creates=True)
        return _new(context, settings, ready, fields, writer)
    if settings.template is not Template.UPDATE and settings.mode == "create_only":
        left = Delivered("unchanged", "It exists already and is left as it is", found["id"], found)
        return _own_or(context, settings, fields, left)
    return _update(context, settings, fields, found, writer)


def _create(
    context: Context[FreshsalesClient],
    settings: DestinationSettings,
    fields: dict[str, Any],
    writer: Writer,
) -> Delivered:
    kind = KINDS.get(settings.type.name)
    if writer.dry and kind is not None:
        planned = InvalidRequest("it exists already", status=HTTPStatus.BAD_REQUEST)
        there = existing(context, kind, fields, planned)
        if there is not None:
            return _there(context, settings, fields, (kind, planned, there), writer)
    began = context.clock()
    try:
        record = writer.create(fields)
    except InvalidRequest as refusal:
        found = existing(context, kind, fields, refusal) if kind is not None else None
        if found is None or kind is None:
            _unfound(kind, fields, refusal)
            raise
        own = made_by_this_request(context, kind, fields, found)
        if own or made_just_now(context, kind, fields, found, began):
            return _created(found)
        return _there(context, settings, fields, (kind, refusal, found), writer)
    claim(context, settings, record)
    return _created(record)


def _unfound(kind: Kind | None, fields: Mapping[str, Any], refusal: InvalidRequest) -> None:
    """Raises UnfoundDuplicate for a refusal that may mean one."""
    unique = kind is not None and any(True for _ in unique_values(kind, fields))
    if unique and refusal.status == HTTPStatus.BAD_REQUEST:
        raise UnfoundDuplicate(refusal) from refusal


def _there(
    context: Context[FreshsalesClient],
    settings: DestinationSettings,
    fields: dict[str, Any],
    duplicate: tuple[Kind, InvalidRequest, Record],
    writer: Writer,
) -> Delivered:
    """What the destination does where the account has the record already."""
    kind, refusal, found = duplicate
    if settings.on_duplicate == "fail":
        error = conflict(kind, refusal, found)
        error.advice = (
            f"It is {kind.noun} {found['id']}: let on_duplicate of the destination be skip or "
            "update instead of fail, or change the value."
        )
        raise error from refusal
    if settings.on_duplicate == "skip":
        return Delivered("unchanged", "It exists already", found["id"], found)
    return _update(context, settings, fields, found, writer)


def _created(record: Mapping[str, Any]) -> Delivered:
    return Delivered("created", "Created", record.get("id"), record)


def _new(
    context: Context[FreshsalesClient],
    settings: DestinationSettings,
    ready: Prepared,
    fields: dict[str, Any],
    writer: Writer,
) -> Delivered:
    if settings.key not in settings.type.native_keys or settings.mode == "create_only":
        return _create(context, settings, fields, writer)
    key = settings.key
    try:
        record = writer.upsert(key, ready.key, fields, "created")
    except InvalidRequest as refusal:
        # Of two at the same moment one is refused, for the other has just made the record.
        kind = KINDS[settings.type.name]
        found = existing(context, kind, {**fields, key: ready.key}, refusal)
        if found is None:
            _unfound(kind, {**fields, key: ready.key}, refusal)
            raise
        return _update(context, settings, fields, found, writer)
    # The index may have missed a record that was there.
    if is_new(context, record) or made_earlier(context, settings, fields, record):
        return _created(record)
    return Delivered("updated", "Updated", record["id"], record)


def _update(
    context: Context[FreshsalesClient],
    settings: DestinationSettings,
    fields: dict[str, Any],
    found: Record,
    writer: Writer,
) -> Delivered:
    if settings.compare:
        shown = found
        if unshown(fields, found) and settings.key != "id":
            shown = finding.full(context.client, settings.type, found["id"])
        if not differing(fields, shown):
            same = Delivered("unchanged", "It is as it should be", shown["id"], shown)
            return _own_or(context, settings, fields, same)
    record = writer.update(found["id"], fields)
    return Delivered("updated", "Updated", record["id"], record)


def _own_or(
    context: Context[FreshsalesClient],
    settings: DestinationSettings,
    fields: Mapping[str, Any],
    otherwise: Delivered,
) -> Delivered:
    """Of a record that needs nothing: it may be what an earlier attempt has made or changed."""
    found = dict(otherwise.record)
    if made_earlier(context, settings, fields, found) or made_in_bulk(
        context, settings, fields, found
    ):
        return _created(found)
    if context.unsure is not None and changed_since(context, found):
        return Delivered("updated", "Updated by an earlier attempt", found["id"], found)
    return otherwise


def _delete(
    context: Context[FreshsalesClient],
    settings: DestinationSettings,
    found: Record | None,
    writer: Writer,
) -> Delivered:
    if found is None and context.unsure is not None:
        return Delivered("deleted", "Deleted by an earlier attempt")
    if found is None:
        return Delivered("unchanged", "There is no such record")
    writer.delete(found["id"], permanently=settings.permanently)
    return Delivered("deleted", "Deleted", found["id"])


def _by_hand(
    context: Context[FreshsalesClient],
    settings: DestinationSettings,
    ready: Prepared,
    *,
    dry: bool,
) -> Delivered:
    send_by_hand(context, settings, [ready], dry=dry)
    return Delivered("delivered", "Sent")


def send_by_hand(
    context: Context[FreshsalesClient],
    settings: DestinationSettings,
    ready: list[Prepared],
    *,
    dry: bool = False,
) -> None:
    """The request of a manual destination, for one record or several.

    Raises:
        WouldSend: it is a dry run.
        InvalidRequest: the request cannot be made.
    """
    pairs = [(one.record, one.fields) for one in ready]
    asked = manual_request(settings, context.instance.origin, pairs)
    parts: Any = {"headers": asked.headers, "content": asked.content}
    if dry:
        request = context.client.request_as_it_is(asked.method, asked.path, **parts)
        raise WouldSend("delivered", request)
    context.client.send_as_it_is(asked.method, asked.path, **parts, idempotent=settings.repeatable)
