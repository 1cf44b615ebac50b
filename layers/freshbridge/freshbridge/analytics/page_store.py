"""Pages of a report's pull, kept in S3 until the report is made, and how far the pull has come.

`actions/reports/<action id>/<feed>-<n>.jsonl.gz` and `…/state.json`. The bucket's lifecycle rule
removes them.
"""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any, Protocol

from freshbridge.bucket_store import BucketStore
from freshbridge.lake.encoding import body_of, packed

if TYPE_CHECKING:
    from freshbridge.analytics.slim import Row


class Pages(Protocol):
    """Where a pull keeps what it has."""

    def load(self, report_id: str) -> dict[str, Any] | None:
        """How far a pull has come; None when it has not begun."""
        ...  # pragma: no cover  # a protocol has no body

    def save(self, report_id: str, state: dict[str, Any]) -> None:
        """Keep how far it has come."""
        ...  # pragma: no cover  # as above

    def write(self, report_id: str, page: str, rows: list[Row]) -> None:
        """Keep a page; written again, it replaces itself."""
        ...  # pragma: no cover  # as above

    def read(self, report_id: str, page: str) -> list[Row]:
        """A page's rows."""
        ...  # pragma: no cover  # as above


class PageStore(BucketStore):
    """Pages in one bucket."""

    def load(self, report_id: str) -> dict[str, Any] | None:
        """How far a pull has come; None when it has not begun."""
        try:
            found = self._client.get_object(Bucket=self._bucket, Key=_key(report_id, "state.json"))
        except self._client.exceptions.NoSuchKey:
            return None
        state: dict[str, Any] = json.loads(found["Body"].read())
        return state

    def save(self, report_id: str, state: dict[str, Any]) -> None:
        """Keep how far it has come."""
        self._put(_key(report_id, "state.json"), json.dumps(state).encode())

    def write(self, report_id: str, page: str, rows: list[Row]) -> None:
        """Keep a page; written again, it replaces itself."""
        self._put(_key(report_id, f"{page}.jsonl.gz"), packed(map(body_of, rows)))

    def read(self, report_id: str, page: str) -> list[Row]:
        """A page's rows."""
        key = _key(report_id, f"{page}.jsonl.gz")
        body = self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        return [json.loads(line) for line in gzip.decompress(body).splitlines()]

    def _put(self, key: str, body: bytes) -> None:
        self._client.put_object(Bucket=self._bucket, Key=key, Body=body)


def _key(report_id: str, name: str) -> str:
    return f"actions/reports/{report_id}/{name}"
