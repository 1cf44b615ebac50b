"""Calls on logged time. Facts: https://developers.freshdesk.com/api/#time-entries."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from freshbridge.freshdesk.caller import Caller
from freshbridge.freshdesk.paging import PER_PAGE, Page, Record
from freshbridge.freshdesk.wire import ParamValue, record_path


class TimeEntryCalls(Caller):
    """One method per endpoint for time entries."""

    def time_entries(
        self,
        params: Mapping[str, ParamValue] | None = None,
        *,
        page: int = 1,
        per_page: int = PER_PAGE,
    ) -> Iterator[Page]:
        """Yield the account's time entries that match, from `page` on."""
        return self._pages("/time_entries", params, page, per_page)

    def ticket_time_entries(
        self, ticket_id: int, *, page: int = 1, per_page: int = PER_PAGE
    ) -> Iterator[Page]:
        """Yield one ticket's time entries from `page` on; this list takes no filter."""
        path = record_path("tickets", ticket_id, "/time_entries")
        return self._pages(path, None, page, per_page)

    def add_time_entry(self, ticket_id: int, entry: Mapping[str, Any]) -> Record:
        """Log time and return the entry; with neither time nor timer given a timer starts."""
        return self._record("POST", record_path("tickets", ticket_id, "/time_entries"), body=entry)

    def update_time_entry(self, time_entry_id: int, changes: Mapping[str, Any]) -> Record:
        """Change the given fields and return the entry."""
        return self._record("PUT", record_path("time_entries", time_entry_id), body=changes)

    def toggle_timer(self, time_entry_id: int) -> None:
        """Stop a running timer, or start one that stands; the reply does not say which."""
        request = self._build("PUT", record_path("time_entries", time_entry_id, "/toggle_timer"))
        # Unlike other PUTs, sent twice it undoes itself.
        self._call(replace(request, idempotent=False))

    def delete_time_entry(self, time_entry_id: int) -> None:
        """Remove an entry for good."""
        self._done("DELETE", record_path("time_entries", time_entry_id))
