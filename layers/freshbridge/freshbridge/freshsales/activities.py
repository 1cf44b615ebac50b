"""Calls on tasks, appointments, notes and sales activities: what is done about a record.

Facts: https://developers.freshworks.com/crm/api/#tasks, #appointments, #notes and #sales_activities
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from freshbridge.freshsales.paging import PER_PAGE, Page
from freshbridge.freshsales.records import Include, ReadableRecords, Records
from freshbridge.freshsales.wire import Record


class Tasks(ReadableRecords):
    """What somebody has to do: `status` 0 is open, 1 done."""

    collection: ClassVar = "tasks"
    wrapper: ClassVar = "task"

    def listed(
        self, which: str, include: Include = (), *, page: int = 1, per_page: int = PER_PAGE
    ) -> Iterator[Page]:
        """Yield those that are open, due_today, due_tomorrow, overdue or completed."""
        params = {"filter": which, "include": include}
        return self._caller.pages("/tasks", "tasks", params, page=page, per_page=per_page)


class Appointments(ReadableRecords):
    """Meetings."""

    collection: ClassVar = "appointments"
    wrapper: ClassVar = "appointment"

    def listed(
        self, which: str, include: Include = (), *, page: int = 1, per_page: int = PER_PAGE
    ) -> Iterator[Page]:
        """Yield those that are past or upcoming."""
        params = {"filter": which, "include": include}
        path = "/appointments"
        return self._caller.pages(path, "appointments", params, page=page, per_page=per_page)


class Notes(Records):
    """Text on a record; they are listed there, and no call reads one singly."""

    collection: ClassVar = "notes"
    wrapper: ClassVar = "note"


class SalesActivities(ReadableRecords):
    """Calls, demonstrations and whatever else the account has named."""

    collection: ClassVar = "sales_activities"
    wrapper: ClassVar = "sales_activity"

    def listed(self, *, page: int = 1, per_page: int = PER_PAGE) -> Iterator[Page]:
        """Yield all of them."""
        path = "/sales_activities"
        return self._caller.pages(path, "sales_activities", {}, page=page, per_page=per_page)

    def fields(self) -> list[Record]:
        """What is known of their fields."""
        return self._caller.rows("/settings/sales_activities/fields", "fields")[0]
