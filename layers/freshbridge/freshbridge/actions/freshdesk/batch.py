"""Any action over many sets of parameters: from the request itself, or from a file in S3."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from freshbridge.actions.action import Action, Effect, Find, Outcome, Parameters, Unfinished
from freshbridge.actions.freshdesk.bulk_run import begun, seconds, seen_through
from freshbridge.actions.mapping import FieldNames
from freshbridge.actions.uploads import UPLOAD_ID_PATTERN
from freshbridge.bulk.checked_rows import RowChecker
from freshbridge.bulk.progress import Phase, Progress, RowState
from freshbridge.bulk.reader import begin_round, give_up_reading, keep_rows
from freshbridge.bulk.rows import LARGEST_COUNT, Row, RowFormat, file_rows, listed_rows
from freshbridge.bulk.source import in_pieces
from freshbridge.errors import FieldError, Forbidden, InvalidRequest, NotFound

if TYPE_CHECKING:
    from freshbridge.actions.context import Context
    from freshbridge.queues.envelope import ActionRequest

SHOWN_PROBLEMS = 100
_ENDINGS = {
    ".csv": RowFormat.CSV,
    ".jsonl": RowFormat.JSON_LINES,
    ".ndjson": RowFormat.JSON_LINES,
}
_FIELD_KINDS = (("contact", "contact_fields"), ("compan", "company_fields"))


class Source(Parameters):
    """A file of rows in the stack's PayloadBucket."""

    upload_id: str | None = Field(
        default=None, pattern=UPLOAD_ID_PATTERN, description="As the upload route gave it"
    )
    key: Annotated[str, StringConstraints(max_length=1024)] | None = Field(
        default=None,
        description="Or its key in the stack's own PayloadBucket, below uploads/<instance id>/",
    )
    format: RowFormat | None = Field(
        default=None, description="csv or jsonl; by the file's name when left out"
    )

    @model_validator(mode="after")
    def _is_one_file(self) -> Source:
        if (self.upload_id is None) == (self.key is None):
            raise ValueError("give either upload_id or key")
        return self


class Batch(Parameters):
    """Run one action with many sets of parameters, each as an action of its own.

    Every row is checked before the first one runs. In a CSV file the first line names the
    parameters, `custom_fields.cf_floor` for one inside another, and a cell holds several values
    with `;` between them.
    """

    action: str = Field(min_length=1, max_length=64, description="The action that each row is for")
    rows: list[dict[str, Any]] | None = Field(
        default=None, min_length=1, max_length=LARGEST_COUNT, description="One object per run"
    )
    source: Source | None = Field(default=None, description="Instead of rows")
    defaults: dict[str, Any] = Field(
        default_factory=dict, description="Parameters of each row that does not say otherwise"
    )
    on_error: Literal["continue", "stop"] = Field(
        default="continue",
        description="stop: rows that have not begun when one fails do not run at all; when a row "
        "is invalid, none runs",
    )
    duplicates: Literal["run", "skip"] = Field(
        default="run", description="What to do with a row that repeats an earlier one"
    )
    dry_run: bool = Field(default=False, description="Check the rows, and run nothing")

    @model_validator(mode="after")
    def _has_rows(self) -> Batch:
        if (self.rows is None) == (self.source is None):
            raise ValueError("give either rows or source")
        return self


class NotInBatch(InvalidRequest):
    """The action is one that runs in the background by itself."""

    code = "not_in_batch"
    default_advice = "Name an action that does one thing, such as update_ticket."


def refuse(request: ActionRequest, parameters: Batch, find: Find) -> None:
    """What can be seen without any row.

    Raises:
        UnknownAction, NotInBatch, InvalidRequest: this batch could run nothing.
    """
    action = find(request.platform, parameters.action)
    if action.in_background:
        raise NotInBatch(f"{action.name} cannot be a batch's action")
    if parameters.source is not None and parameters.source.key is not None:
        _own_key(request.instance_id, parameters.source.key)


def batch(context: Context, parameters: Batch) -> Outcome:
    """Keep the rows, send them through the queue, and sum up what became of them.

    Raises:
        UnreadableRows, RowFileMissing: nothing has run.
        Unfinished: it goes on.
        NothingDone: it is over, and no row succeeded.
    """
    action = context.services.bulk.find(context.request.platform, parameters.action)
    checker = RowChecker(
        context.request.action_id,
        action,
        context.services.bulk.validate,
        defaults=parameters.defaults,
        kinds=lambda: _field_kinds(context, action.name),
        skip_duplicates=parameters.duplicates == "skip",
    )
    if parameters.dry_run:
        return _report(action, checker, _rows(context, parameters, ""))
    progress = begun(context, stop_on_error=parameters.on_error == "stop")
    if progress.phase is Phase.READING:
        progress = _read(context, parameters, progress, checker)
    return seen_through(context, progress)


def _read(context: Context, parameters: Batch, progress: Progress, checker: RowChecker) -> Progress:
    bulk, source = context.services.bulk, parameters.source
    if progress.cancelling:
        return give_up_reading(bulk, progress, seconds(context))
    if source is not None and source.key and not progress.source_tag:
        tag = bulk.files.tag(_own_key(context.instance.instance_id, source.key))
        progress = bulk.store.update(progress, source_tag=tag)
    rows = (checker.check(row) for row in _rows(context, parameters, progress.source_tag))
    progress, all_kept = keep_rows(bulk, progress, rows, lambda: seconds(context))
    if not all_kept:
        if progress.cancelling:
            return give_up_reading(bulk, progress, seconds(context))
        raise Unfinished(1)
    progress = bulk.store.update(progress, duplicates=checker.duplicates)
    return begin_round(bulk, progress, Phase.RUNNING, seconds(context))


def _rows(context: Context, parameters: Batch, tag: str) -> Iterator[Row]:
    source = parameters.source
    if source is None:
        return listed_rows(parameters.rows or [])
    if source.upload_id is not None:
        stored = context.services.uploads.find(context.instance.instance_id, source.upload_id)
        return file_rows(in_pieces(stored.content.open()), _format(source, stored.name))
    key = _own_key(context.instance.instance_id, source.key or "")
    files = context.services.bulk.files
    return file_rows(files.pieces(key, tag or files.tag(key)), _format(source, key))


def _own_key(instance_id: str, key: str) -> str:
    """Another instance's uploads are none of this one's business."""
    folder = f"uploads/{instance_id}/"
    if not key.startswith(folder) or key == folder:
        problem = FieldError("source.key", f"must be below {folder}", "invalid_value")
        raise InvalidRequest("this file cannot be read", fields=[problem])
    return key


def _format(source: Source, name: str) -> RowFormat:
    if source.format is not None:
        return source.format
    for ending, kind in _ENDINGS.items():
        if name.lower().endswith(ending):
            return kind
    problem = FieldError("source.format", "the file's name does not tell; say csv or jsonl", "")
    raise InvalidRequest("the file's format is not known", fields=[problem])


def _field_kinds(context: Context, action: str) -> dict[str, str]:
    """The types of the account's custom fields; none when the key may not read them."""
    kind = next((kind for word, kind in _FIELD_KINDS if word in action), "ticket_fields")
    try:
        fields = context.reference(kind).records
    except (Forbidden, NotFound):
        return {}
    kinds = {str(field.get("name")): str(field.get("type")) for field in fields}
    names = FieldNames.of(context.instance.config)
    own = {own: kinds[name] for name, own in names.shown.items() if name in kinds}
    return {**kinds, **own}


def _report(action: Action, checker: RowChecker, rows: Iterator[Row]) -> Outcome:
    """What would run, and what could not."""
    checked = [checker.check(row).item for row in rows]
    invalid = [item for item in checked if item.state is RowState.FAILED]
    valid = sum(item.state is RowState.WAITING for item in checked)
    data = {
        "dry_run": True,
        "rows": len(checked),
        "valid": valid,
        "invalid": len(invalid),
        "duplicates": checker.duplicates,
        "credits": valid * action.credits,
        "credits_note": action.credits_note,
        "problems": [item.shown() for item in invalid[:SHOWN_PROBLEMS]],
    }
    wrong = f", {len(invalid)} are invalid" if invalid else ""
    return Outcome(data, f"Nothing was run: {valid} of {len(checked)} rows can run{wrong}")


ACTIONS = (
    Action(
        "freshdesk",
        "batch",
        Batch,
        batch,
        Effect.ADD,
        {
            "action": "update_ticket",
            "rows": [
                {"ticket_id": 12345, "priority": 3},
                {"ticket_id": 12346, "status": 4, "tags": ["resolved"]},
            ],
        },
        credits=0,
        credits_note="What its rows cost; dry_run says how much that is",
        in_background=True,
        refuse=refuse,
    ),
)
