"""Calls that reports are made from: survey ratings and business hours.

Facts: https://developers.freshdesk.com/api/#satisfaction-ratings, #business-hours
"""

from collections.abc import Iterator, Mapping

from freshbridge.freshdesk.caller import Caller
from freshbridge.freshdesk.paging import PER_PAGE, Page
from freshbridge.freshdesk.wire import ParamValue, record_path


class ReportCalls(Caller):
    """One method per endpoint."""

    def satisfaction_ratings(
        self, params: Mapping[str, ParamValue] | None = None, *, page: int = 1
    ) -> Iterator[Page]:
        """Yield the account's survey answers; give `created_since`, for the default is not told.

        Raises Forbidden where the plan has no surveys.
        """
        return self._pages("/surveys/satisfaction_ratings", params, page, PER_PAGE)

    def ticket_satisfaction_ratings(self, ticket_id: int) -> Iterator[Page]:
        """Yield one ticket's survey answers; Forbidden where the plan has no surveys."""
        path = record_path("tickets", ticket_id, "/satisfaction_ratings")
        return self._pages(path, None, 1, PER_PAGE)

    def business_hours(self, *, page: int = 1) -> Iterator[Page]:
        """Yield the account's business hours from `page` on; each lacks its closed days."""
        return self._pages("/business_hours", None, page, PER_PAGE)
