"""One object of the synced copy as a file. No call to the provider is made.

The copy is exported as it stands: the answer tells how far the sync has come.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr, field_validator

from freshbridge.actions.action import Action, Effect, NothingDone, Outcome, Parameters, Unfinished
from freshbridge.errors import Misconfigured
from freshbridge.exports.matching import OPERATORS, moment
from freshbridge.exports.offer import offer
from freshbridge.exports.run import Cancelled, ExportRun
from freshbridge.exports.state import ExportState, Phase
from freshbridge.exports.wanted import Condition, Format, Wanted
from freshbridge.sync.objects import OBJECTS

if TYPE_CHECKING:
    from freshbridge.actions.context import Context

GOES_ON_S = 1
FormatName = Literal["csv", "json", "jsonl"]
FieldPath = Annotated[str, Field(min_length=1, max_length=200)]


class ExportCancelled(NothingDone):
    """Somebody cancelled it before it was done."""

    code = "cancelled"


class WhereTerm(Parameters):
    """One comparison; a text is compared as what the record has: a number, a time, a text."""

    field: FieldPath = Field(description="Such as status, stats.resolved_at, custom_fields.cf_x")
    op: Literal[tuple(OPERATORS)] = "="  # type: ignore[valid-type]  # the names are the code's
    value: StrictStr | StrictInt | StrictFloat | StrictBool | None = Field(
        description="Of a list, such as tags, = asks whether it holds the value"
    )


class ExportObject(Parameters):
    """Export one synced object as CSV or JSON Lines, behind a URL that downloads it.

    The copy in the lake is read as it stands, without a call to Freshdesk.
    """

    object: Literal[tuple(OBJECTS)] = Field(  # type: ignore[valid-type]  # as above
        description="What is synced under this name (sync_objects)"
    )
    format: FormatName | Annotated[list[FormatName], Field(min_length=1, max_length=3)] = Field(
        default="csv", description="json is one array; several formats give a file each"
    )
    fields: list[FieldPath] | None = Field(
        default=None,
        min_length=1,
        max_length=500,
        description="Dotted paths, in the order wanted; all members by default",
    )
    where: list[WhereTerm] = Field(
        default=[], max_length=20, description="All of these have to hold"
    )
    updated_since: str | None = Field(
        default=None, max_length=40, description="ISO 8601; records that changed then or later"
    )
    include_removed: bool = Field(
        default=False,
        description="Deleted, spam, merged and gone ones too; _state tells which they are",
    )
    limit: int | None = Field(default=None, ge=1, description="Stop after so many records")
    gzip: bool = Field(default=False, description="Pack the files")
    raw: bool = Field(
        default=False, description="CSV: leave texts that begin like a formula as they are"
    )
    bom: bool = Field(default=False, description="CSV: begin with a byte order mark, for Excel")

    @field_validator("updated_since")
    @classmethod
    def _is_time(cls, value: str | None) -> str | None:
        if value is not None and moment(value) is None:
            raise ValueError("give a time such as 2026-03-01T08:00:00Z, or a day")
        return value


def export_object(context: Context, parameters: ExportObject) -> Outcome:
    """Go on with the export; what was asked for twice is exported once.

    Raises:
        Unfinished: it takes more runs.
        Busy: another execution is at the same export.
        ExportCancelled: somebody wanted it to end.
    """
    desk = context.services.exports
    if desk is None:
        raise Misconfigured("exports are run by the queue's function only")
    wanted = wanted_of(parameters)
    instance_id, export_id = context.instance.instance_id, context.request.action_id
    with context.services.locks.hold(f"export/{export_id}"):
        try:
            state = ExportRun(desk, context.instance, export_id, wanted).go()
        except Cancelled:
            raise ExportCancelled("the export was cancelled", {"object": wanted.object}) from None
    if state.phase is not Phase.DONE:
        raise Unfinished(GOES_ON_S)
    data = offer(desk.folder, (instance_id, export_id), wanted, state, now=context.clock())
    return Outcome(data, _sentence(wanted, state))


def wanted_of(parameters: ExportObject) -> Wanted:
    """The export that parameters ask for."""
    given = parameters.format
    formats = [given] if isinstance(given, str) else given
    return Wanted(
        object=parameters.object,
        formats=tuple(dict.fromkeys(Format(one) for one in formats)),
        fields=tuple(dict.fromkeys(parameters.fields or ())),
        conditions=tuple(Condition(one.field, one.op, one.value) for one in parameters.where),
        updated_since=parameters.updated_since or "",
        include_removed=parameters.include_removed,
        limit=parameters.limit,
        gzip=parameters.gzip,
        raw=parameters.raw,
        bom=parameters.bom,
    )


def _sentence(wanted: Wanted, state: ExportState) -> str:
    doubts = [state.doubt] if state.doubt else []
    return "; ".join([f"{state.rows} {wanted.object} exported", *doubts, *state.unknown])


ACTIONS = (
    Action(
        "freshdesk",
        "export_object",
        ExportObject,
        export_object,
        Effect.READ,
        {
            "object": "tickets",
            "format": "csv",
            "fields": ["id", "subject", "status", "stats.resolved_at", "custom_fields.cf_region"],
            "where": [{"field": "status", "op": "=", "value": 2}],
            "updated_since": "2026-03-01",
        },
        credits=0,
        credits_note="Reads the lake; Freshdesk is not called",
        in_background=True,
    ),
)
