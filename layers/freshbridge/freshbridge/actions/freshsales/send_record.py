"""One record through a destination. Each record of a run is an action of this kind as well.

Source: https://developers.freshworks.com/crm/api/
"""

from __future__ import annotations

from http import HTTPStatus
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, StringConstraints

from freshbridge.actions.action import Action, Effect, Outcome, Parameters, Reconciliation
from freshbridge.actions.earlier import unknown
from freshbridge.actions.freshsales.earlier_activities import earlier_activity
from freshbridge.actions.freshsales.earlier_records import earlier_record
from freshbridge.actions.freshsales.kinds import APPOINTMENT, NOTE, SALES_ACTIVITY, TASK
from freshbridge.actions.freshsales.passing_refusals import no_duplicate, refused_for_good
from freshbridge.actions.once import OutcomeUnknown, reconciled
from freshbridge.bulk.progress import WINDOW, RowState
from freshbridge.destinations.checks import Described
from freshbridge.destinations.exchange import shown_reply, shown_request
from freshbridge.destinations.model import DestinationSettings, Template
from freshbridge.destinations.ownership import KINDS
from freshbridge.destinations.preparation import Prepared, prepared
from freshbridge.destinations.sending import Delivered, UnfoundDuplicate, deliver
from freshbridge.destinations.writing import TypeNotOffered, WouldSend
from freshbridge.errors import (
    InvalidRequest,
    Misconfigured,
    Reject,
    Throttled,
    Unauthorized,
)

if TYPE_CHECKING:
    from freshbridge.actions.attempt_marks import Unsure
    from freshbridge.actions.context import Context
    from freshbridge.destinations.parts import DestinationParts
    from freshbridge.freshsales.client import FreshsalesClient

_ACTIVITIES = {one.collection: one for one in (TASK, APPOINTMENT, NOTE, SALES_ACTIVITY)}
_MAY_BE_NEW = frozenset({"unknown_field", "invalid_value", "lookup_missing"})
"""What an account's description that is some minutes old may be wrong about."""
DestinationId = Annotated[str, StringConstraints(min_length=1, max_length=128)]


class SendRecord(Parameters):
    """Send one record through a destination: mapped, checked, matched and written as it says."""

    destination_id: DestinationId = Field(description="The destination's id")
    record: dict[str, Any] = Field(description="The record as it is, before any mapping")
    dry_run: bool = Field(
        default=False, description="Tell the exact request instead; what is needed for it is read"
    )
    show: bool = Field(
        default=False,
        description="Tell the request and the response, also of a record that is refused",
    )


class DestinationPaused(Misconfigured):
    """The destination is switched off."""

    code = "destination_disabled"
    default_advice = "Enable the destination, then send the record again."


def parts_of(context: Context[FreshsalesClient]) -> DestinationParts:
    """What destinations stand on in this function."""
    parts = context.services.destinations
    if parts is None:
        raise Misconfigured("this function has no destinations")
    return parts


def settings_for(context: Context[FreshsalesClient], destination_id: str) -> DestinationSettings:
    """Those of the record's run as it began, or of the destination as it is now.

    Raises:
        UnknownDestination, DestinationPaused: nothing was sent.
    """
    parts = parts_of(context)
    run_id = context.request.origin.get("parent")
    held = parts.runs.settings(run_id) if isinstance(run_id, str) and run_id else None
    if held is not None:
        return held
    settings = parts.store.get(context.instance.instance_id, destination_id).settings
    if not settings.enabled:
        raise DestinationPaused("the destination is disabled", where=destination_id)
    return settings


def ready_for(
    context: Context[FreshsalesClient], settings: DestinationSettings, record: dict[str, Any]
) -> Prepared:
    """The record, mapped and checked against what the account says of itself."""
    ready = _ready(context, settings, record, refresh=False)
    if any(one.code in _MAY_BE_NEW for one in ready.problems):
        return _ready(context, settings, record, refresh=True)
    return ready


def _ready(
    context: Context[FreshsalesClient],
    settings: DestinationSettings,
    record: dict[str, Any],
    *,
    refresh: bool,
) -> Prepared:
    facts = parts_of(context).facts
    client, instance = context.client, context.instance
    described = Described(None)
    if settings.resource_type:
        described = facts.described(client, instance, settings.type, refresh=refresh)
    return prepared(settings, record, described, facts.chooser(client, instance, refresh=refresh))


def send_record(context: Context[FreshsalesClient], parameters: SendRecord) -> Outcome:
    """Send it, or tell what would be sent."""
    settings = settings_for(context, parameters.destination_id)
    try:
        ready = ready_for(context, settings, parameters.record)
        known = parts_of(context).known
        done = deliver(context, settings, ready, known, dry=parameters.dry_run)
    except WouldSend as planned:
        request = shown_request(planned.request)
        data = {"outcome": planned.outcome, "dry_run": True, "request": request}
        return Outcome(data, "Nothing was sent: this is the request")
    except Throttled as error:
        if error.status != HTTPStatus.METHOD_NOT_ALLOWED:
            raise
        return _refused(context, parameters, refused_for_good(context.tried, error))
    except UnfoundDuplicate as error:
        refused = error.refusal
        if not parameters.show:
            refused = no_duplicate(context.tried, error, parts_of(context).sayings)
        _track(context, settings, parameters, "rejected")
        return _refused(context, parameters, refused)
    except TypeNotOffered as refusal:
        _stop_the_run(context, refusal)
        return _refused(context, parameters, refusal)
    except Reject as refusal:
        _track(context, settings, parameters, "rejected")
        return _refused(context, parameters, refusal)
    _track(context, settings, parameters, done.outcome)
    return _told(context, settings, parameters, done)


def _told(
    context: Context[FreshsalesClient],
    settings: DestinationSettings,
    parameters: SendRecord,
    done: Delivered,
) -> Outcome:
    data: dict[str, Any] = {"outcome": done.outcome, "dry_run": parameters.dry_run}
    if done.record_id is not None:
        data["record_id"] = done.record_id
        data["resource_type"] = settings.type.name
    if parameters.show:
        data |= _exchange(context, writes=True)
    return Outcome(data, done.message)


def _refused(
    context: Context[FreshsalesClient], parameters: SendRecord, refusal: Reject
) -> Outcome:
    """Raises it, but for who wants to be shown what was answered.

    A refused key has to be read anew, and an unknown outcome is never an answer.
    """
    if not parameters.show or isinstance(refusal, OutcomeUnknown | Unauthorized):
        raise refusal
    invalid = isinstance(refusal, InvalidRequest) and refusal.status is None
    data: dict[str, Any] = {
        "outcome": "invalid" if invalid else "rejected",
        "dry_run": parameters.dry_run,
        "code": refusal.code,
        "provider_message": refusal.provider_message or None,
        "advice": refusal.advice or None,
        "fields": [
            {"field": one.field, "message": one.message, "code": one.code}
            for one in getattr(refusal, "fields", ())
        ],
    }
    return Outcome(data | ({} if invalid else _exchange(context)), str(refusal))


def _exchange(context: Context[FreshsalesClient], *, writes: bool = False) -> dict[str, Any]:
    """The request and its reply; with `writes` only of one that was to change something."""
    if context.client.last is None or (writes and context.client.last[0].read_only):
        return {"request": None, "response": None}
    request, reply = context.client.last
    return {"request": shown_request(request), "response": shown_reply(reply)}


def _track(
    context: Context[FreshsalesClient],
    settings: DestinationSettings,
    parameters: SendRecord,
    outcome: str,
) -> None:
    if not settings.track_responses or parameters.dry_run or context.client.last is None:
        return
    origin = context.request.origin
    parts_of(context).responses.keep(
        {
            "destination_id": parameters.destination_id,
            "instance_id": context.instance.instance_id,
            "run_id": str(origin.get("parent") or context.request.action_id),
            "row": origin.get("row", 1),
            "outcome": outcome,
            **_exchange(context),
        }
    )


def _stop_the_run(context: Context[FreshsalesClient], refusal: TypeNotOffered) -> None:
    """What one record is refused for, all are: the others are not asked about one by one."""
    run_id = context.request.origin.get("parent")
    if not isinstance(run_id, str):
        return
    store = context.services.bulk.store
    progress = store.find(run_id)
    if progress is None or progress.cancelling:
        return
    store.update(progress, cancelling=True)
    # Those on their way are ended here, all others by the run itself.
    rows = (row for row in store.rows(run_id) if row.state is RowState.WAITING)
    said = "another record was refused for what they all are"
    pairs = [
        (row, row.ended(RowState.CANCELLED, "cancelled", said)) for row in islice(rows, WINDOW)
    ]
    store.move(run_id, pairs)
    refusal.advice = f"{refusal.advice} The other records of the run were not sent."


def _earlier(
    context: Context[FreshsalesClient], unsure: Unsure, parameters: SendRecord
) -> Outcome | None:
    """What an earlier attempt made; None where a second one does no harm, or made nothing."""
    settings = settings_for(context, parameters.destination_id)
    if parameters.dry_run:
        return None
    if settings.template is Template.MANUAL:
        if settings.repeatable:
            return None
        raise OutcomeUnknown("Nobody but Freshsales knows whether the request had its effect")
    if not _creates(settings):
        return None
    ready = ready_for(context, settings, parameters.record)
    ready.refuse(creates=True)
    now = context.clock().timestamp()
    fields = parts_of(context).known.resolved(context.client, ready.fields, now=now)
    name = settings.type.name
    if name in KINDS:
        record = earlier_record(context, unsure, KINDS[name], fields)
    elif name in _ACTIVITIES:
        record = earlier_activity(context, unsure, _ACTIVITIES[name], fields)
    else:
        raise unknown(settings.type.wrapper or name, "such records cannot be looked up")
    if record is None:
        return None
    made = Delivered("created", "Created", record["id"], record)
    # What was sent and answered then is not known any more.
    unshown = parameters.model_copy(update={"show": False})
    return reconciled(_told(context, settings, unshown, made))


def _creates(settings: DestinationSettings) -> bool:
    """Whether a second attempt could make a second record."""
    if settings.template is Template.CREATE:
        return True
    if settings.template not in (Template.UPSERT, Template.BULK) or settings.mode == "update_only":
        return False
    return settings.mode == "create_only" or settings.key not in settings.type.native_keys


ACTIONS = (
    Action(
        "freshsales",
        "send_record",
        SendRecord,
        send_record,
        Effect.ADD,
        {
            "destination_id": "dst_0193c0ffee",
            "record": {"E-mail": "ana.ruiz@example.com", "First": "Ana", "Last": "Ruiz"},
        },
        credits_note="One more where records are matched, and one for each that is looked up",
        reconcile=Reconciliation(_earlier),
    ),
)
