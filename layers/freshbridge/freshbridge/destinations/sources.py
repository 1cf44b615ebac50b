"""Where the records of a run come from: the request, an uploaded file, a bucket, a synced object.

What could change while it is read, the current view of a synced object, is copied first: a run that
is killed in the middle reads on from the same records.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, StringConstraints, model_validator

from freshbridge import aws
from freshbridge.actions.action import Parameters
from freshbridge.actions.uploads import UPLOAD_ID_PATTERN
from freshbridge.bulk.rows import Row, RowFormat, file_rows, listed_rows
from freshbridge.bulk.source import in_pieces
from freshbridge.destinations.json_list import rows_in
from freshbridge.destinations.model import MOST_ROWS, Feed
from freshbridge.errors import FieldError, InvalidRequest, Misconfigured

if TYPE_CHECKING:
    from freshbridge.actions.context import Context
    from freshbridge.destinations.parts import DestinationParts

_ENDINGS = {
    ".csv": RowFormat.CSV,
    ".jsonl": RowFormat.JSON_LINES,
    ".ndjson": RowFormat.JSON_LINES,
    ".json": RowFormat.JSON_LINES,
}


class RecordSource(Parameters):
    """A file of records, or a synced object; exactly one."""

    upload_id: str | None = Field(
        default=None, pattern=UPLOAD_ID_PATTERN, description="As the upload route gave it"
    )
    bucket: Annotated[str, StringConstraints(max_length=63)] | None = Field(
        default=None, description="With key: a bucket of the stack's"
    )
    key: Annotated[str, StringConstraints(min_length=1, max_length=1024)] | None = None
    feed: Feed | None = Field(default=None, description="A synced object's current view")
    format: RowFormat | None = Field(
        default=None, description="csv or jsonl; by the file's name when left out"
    )

    @model_validator(mode="after")
    def _is_one(self) -> RecordSource:
        given = (self.upload_id, self.key, self.feed)
        if sum(one is not None for one in given) != 1:
            raise ValueError("give one of upload_id, key and feed")
        if (self.bucket is None) != (self.key is None):
            raise ValueError("give bucket and key together")
        return self

    def told(self) -> str:
        """Where the records come from, for a list of runs."""
        if self.feed is not None:
            return f"sync {self.feed.object} of {self.feed.instance_id}"
        return f"s3://{self.bucket}/{self.key}" if self.key else f"upload {self.upload_id}"


def rows_of(
    context: Context[Any],
    parts: DestinationParts,
    records: list[dict[str, Any]] | None,
    source: RecordSource | None,
    tag: str,
) -> Iterator[Row]:
    """The rows, from the first one. `tag` is what `tag_of` gave.

    Raises:
        UnreadableRows, RowFileMissing, RowFileChanged, UploadMissing: while being iterated.
    """
    if source is None:
        return listed_rows(records or [], MOST_ROWS)
    if source.upload_id is not None:
        stored = context.services.uploads.find(context.instance.instance_id, source.upload_id)
        kind = _format(source, stored.name)
        return rows_in(in_pieces(stored.content.open()), kind, MOST_ROWS)
    if source.key is not None:
        kind = _format(source, source.key)
        return rows_in(parts.files[str(source.bucket)].pieces(source.key, tag), kind, MOST_ROWS)
    files = context.services.bulk.files
    pieces = files.pieces(_copy_key(context.request.action_id), tag)
    return file_rows(pieces, RowFormat.JSON_LINES, MOST_ROWS)


def tag_of(context: Context[Any], parts: DestinationParts, source: RecordSource | None) -> str:
    """What tells the version of the source that the run reads from later ones; "-" for none.

    Raises:
        RowFileMissing, Misconfigured: it cannot be read.
    """
    if source is None or source.upload_id is not None:
        return "-"
    if source.key is not None:
        if source.bucket is None or source.bucket not in parts.files:
            problem = FieldError(
                "source.bucket", f"this stack reads {', '.join(parts.files) or 'none'}", ""
            )
            raise InvalidRequest("this bucket is not read", fields=[problem])
        return parts.files[source.bucket].tag(source.key)
    return _copied(context, parts, source)


def _copied(context: Context[Any], parts: DestinationParts, source: RecordSource) -> str:
    assert source.feed is not None  # noqa: S101 - one of three, and none of the other two
    if parts.synced is None:
        raise Misconfigured("this function may not read the lake")
    key = _copy_key(context.request.action_id)
    with tempfile.TemporaryFile() as file:
        for record in parts.synced.current(source.feed.instance_id, source.feed.object):
            file.write(json.dumps(record, separators=(",", ":")).encode() + b"\n")
        file.seek(0)
        aws.s3().put_object(Bucket=context.services.bulk.files.bucket, Key=key, Body=file)
    return context.services.bulk.files.tag(key)


def _copy_key(run_id: str) -> str:
    return f"actions/batches/{run_id}/source.jsonl"


def _format(source: RecordSource, name: str) -> RowFormat:
    if source.format is not None:
        return source.format
    for ending, kind in _ENDINGS.items():
        if name.lower().endswith(ending):
            return kind
    problem = FieldError("source.format", "the file's name does not tell; say csv or jsonl", "")
    raise InvalidRequest("the file's format is not known", fields=[problem])
