"""What every kind of record can do, and what those that a CRM is about can do besides.

Facts: https://developers.freshworks.com/crm/api/#contacts and the sections after it
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from freshbridge.freshsales.bulk import bulk_body, job_id_in
from freshbridge.freshsales.caller import Caller, Found
from freshbridge.freshsales.paging import PER_PAGE, Page, total_in
from freshbridge.freshsales.wire import ParamValue, Record, nonsense, record_path

Include = Sequence[str]
"""Related records to bring along, such as `owner`."""


class Records:
    """Records of one kind.

    `collection` is their plural in paths and lists, `wrapper` their singular in bodies.
    """

    collection: ClassVar[str]
    wrapper: ClassVar[str]

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def create(self, fields: Mapping[str, Any]) -> Record:
        """Create one and return it."""
        return self._written("POST", f"/{self.collection}", fields)

    def update(self, record_id: int, changes: Mapping[str, Any]) -> Record:
        """Change the given fields and return the record."""
        return self._written("PUT", record_path(self.collection, record_id), changes)

    def delete(self, record_id: int) -> None:
        """Remove one; a contact, account, deal or lead goes to the recycle bin."""
        self._caller.call("DELETE", record_path(self.collection, record_id))

    def _written(self, method: str, path: str, fields: Mapping[str, Any]) -> Record:
        body = {self.wrapper: dict(fields)}
        return self._caller.record(method, path, self.wrapper, body=body).record


class ReadableRecords(Records):
    """Records that can be read singly."""

    def get(self, record_id: int, include: Include = ()) -> Found:
        """Return one, with the related records asked for."""
        path = record_path(self.collection, record_id)
        return self._caller.record("GET", path, self.wrapper, params={"include": include})


class CrmRecords(ReadableRecords):
    """Contacts, accounts, deals, leads: found by views and searches, merged by upserts."""

    def forget(self, record_id: int) -> None:
        """Delete one for good."""
        self._caller.call("DELETE", record_path(self.collection, record_id, "/forget"))

    def clone(self, record_id: int, changes: Mapping[str, Any]) -> Record:
        """Copy one with changes and return the copy; an account's needs a new name."""
        return self._written("POST", record_path(self.collection, record_id, "/clone"), changes)

    def upsert(self, unique_identifier: Mapping[str, Any], fields: Mapping[str, Any]) -> Record:
        """Update the record that the identifier finds, or create it; the reply does not say which.

        Such as `{"emails": "ana@acme.example"}` for a contact, `{"name": "Acme"}` for an account.
        """
        body = {"unique_identifier": dict(unique_identifier), self.wrapper: dict(fields)}
        path = f"/{self.collection}/upsert"
        return self._caller.record("POST", path, self.wrapper, body=body, idempotent=True).record

    def bulk_upsert(self, items: Sequence[Mapping[str, Any]]) -> int:
        """Begin to upsert up to 100 records and return the job's id; see `bulk`.

        Of the suite only. Each item is an identifier (`emails`, `name` or `id`) and `data`.
        """
        body = bulk_body(self.collection, items)
        data, reply, request = self._caller.call(
            "POST", f"/{self.collection}/bulk_upsert", body=body, idempotent=True
        )
        job_id = job_id_in(data)
        if job_id is None:
            raise nonsense("Freshsales' reply names no job", reply, request)
        return job_id

    def bulk_destroy(self, record_ids: Sequence[int]) -> None:
        """Delete several; it is done some time after the reply."""
        body = {"selected_ids": list(record_ids)}
        self._caller.call("POST", f"/{self.collection}/bulk_destroy", body=body, idempotent=True)

    def views(self) -> list[Record]:
        """The views that list them, each with `id` and `name`; people rename and remove them."""
        return self._caller.rows(f"/{self.collection}/filters", "filters")[0]

    def view(
        self,
        view_id: int,
        params: Mapping[str, ParamValue] | None = None,
        *,
        page: int = 1,
        per_page: int = PER_PAGE,
    ) -> Iterator[Page]:
        """Yield what a view lists from `page` on; `params` are sort, sort_type, include.

        Rows lack what only `include` brings, such as owner_id.
        """
        path = record_path(f"{self.collection}/view", view_id)
        return self._caller.pages(path, self.collection, params or {}, page=page, per_page=per_page)

    def activities(self, record_id: int, *, limit: int = 25) -> list[Record]:
        """The latest that happened to one."""
        path = record_path(self.collection, record_id, "/activities")
        return self._caller.rows(path, "activities", params={"limit": limit})[0]

    def search(
        self,
        rules: Sequence[Mapping[str, Any]],
        *,
        sort: str = "",
        sort_type: str = "",
        page: int = 1,
        per_page: int = PER_PAGE,
    ) -> Iterator[Page]:
        """Yield what fits all rules, each `{"attribute", "operator", "value"}`, from `page` on.

        The index lags behind writes by seconds.
        Facts: https://developers.freshworks.com/crm/api/#search
        """
        body: dict[str, Any] = {"filter_rule": [dict(rule) for rule in rules], "detail": True}
        if sort:
            body |= {"sort": sort, "sort_type": sort_type or "asc"}
        path = f"/filtered_search/{self.wrapper}"
        return self._caller.pages(
            path, self.collection, {}, page=page, per_page=per_page, body=body
        )

    def lookup(self, field: str, value: str) -> tuple[list[Record], bool]:
        """The records whose field has that value, and whether those are all.

        `field` is email, mobile_number, name or another that the account can be searched by.
        """
        params = {"q": value, "f": field, "entities": self.wrapper}
        data, reply, request = self._caller.call("GET", "/lookup", params=params)
        inner = data.get(self.collection) if isinstance(data, dict) else None
        rows = inner.get(self.collection) if isinstance(inner, dict) else inner
        if not isinstance(rows, list):
            # Where nothing is found, some replies lack the key.
            if isinstance(data, dict) and inner is None:
                return [], True
            raise nonsense("Freshsales' lookup reply is no list", reply, request)
        total = total_in(inner)
        return [row for row in rows if isinstance(row, dict)], total is None or total <= len(rows)

    def fields(self) -> list[Record]:
        """What is known of their fields, custom ones (`default` false) too."""
        return self._caller.rows(f"/settings/{self.collection}/fields", "fields")[0]

    def notes(self, record_id: int, *, page: int = 1, per_page: int = PER_PAGE) -> Iterator[Page]:
        """Yield the notes on one."""
        return self._related(record_id, "notes", page, per_page)

    def tasks(self, record_id: int, *, page: int = 1, per_page: int = PER_PAGE) -> Iterator[Page]:
        """Yield the tasks about one."""
        return self._related(record_id, "tasks", page, per_page)

    def appointments(
        self, record_id: int, *, page: int = 1, per_page: int = PER_PAGE
    ) -> Iterator[Page]:
        """Yield the appointments about one."""
        return self._related(record_id, "appointments", page, per_page)

    def _related(
        self, record_id: int, plural: str, page: int, per_page: int = PER_PAGE
    ) -> Iterator[Page]:
        path = record_path(self.collection, record_id, f"/{plural}")
        return self._caller.pages(path, plural, {}, page=page, per_page=per_page)
