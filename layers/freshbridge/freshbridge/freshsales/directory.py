"""Calls on what records refer to: users, stages, sources and the like; and on jobs and all records.

Facts: https://developers.freshworks.com/crm/api/#selector, #search and #job_status
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from freshbridge.errors import InvalidRequest
from freshbridge.freshsales.bulk import Job, read_job
from freshbridge.freshsales.caller import Caller
from freshbridge.freshsales.wire import ParamValue, Record, nonsense, record_path

_KIND = re.compile(r"[a-z_]+(?:/[0-9]{1,19}/[a-z_]+)?")


class Directory:
    """Reads an account's own vocabulary."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def owners(self) -> list[Record]:
        """The account's users: id, display_name, email, is_active."""
        return self.selector("owners")

    def selector(self, kind: str) -> list[Record]:
        """The choices of one kind, such as deal_stages or deal_pipelines/7/deal_stages.

        Owners come under `users`; every other kind under its own name.

        Raises:
            InvalidRequest: what cannot be the name of a kind.
        """
        if not _KIND.fullmatch(kind):
            raise InvalidRequest("No selector has such a name", where="selector")
        data, reply, request = self._caller.call("GET", f"/selector/{kind}")
        lists = (
            [value for name, value in data.items() if name != "meta" and isinstance(value, list)]
            if isinstance(data, dict)
            else []
        )
        key = "users" if kind == "owners" else kind.rpartition("/")[2]
        named = data.get(key) if isinstance(data, dict) else None
        rows = named if isinstance(named, list) else lists[0] if len(lists) == 1 else None
        if rows is None:
            raise nonsense("Freshsales' selector reply has no list", reply, request)
        return [row for row in rows if isinstance(row, dict)]

    def search(self, text: str, kinds: Sequence[str], *, per_page: int = 25) -> list[Record]:
        """The records of some kinds (contact, sales_account, deal, …) that a text is found in.

        Each has `type`, and its `id` as a number. The index lags behind writes by seconds.
        """
        params: dict[str, ParamValue] = {"q": text, "include": kinds, "per_page": per_page}
        data, reply, request = self._caller.call("GET", "/search", params=params)
        if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
            raise nonsense("Freshsales' search reply is no list", reply, request)
        return [{**row, "id": _number(row.get("id"))} for row in data]

    def job(self, job_id: int) -> Job:
        """How far a bulk upsert is."""
        data, reply, request = self._caller.call("GET", record_path("job_statuses", job_id))
        job = read_job(data)
        if job is None:
            raise nonsense("Freshsales' reply tells no job's status", reply, request)
        return job


def _number(value: object) -> object:
    """An id as a number: searches answer with texts."""
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value
