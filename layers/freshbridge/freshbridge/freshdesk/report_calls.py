"""Calls that reports are made from: survey ratings and business hours.

Facts: https://developers.freshdesk.com/api/#satisfaction-ratings, #business-hours
"""

from collections.abc import Iterator, Mapping

from freshbridge.freshdesk.caller import Caller
from freshbridge.freshdesk.paging import PER_PAGE, Page
from freshbridge.freshdesk.wire import ParamValue


class ReportCalls(Caller):
    """One method per endpoint."""

    def satisfaction_ratings(
        self, params: Mapping[str, ParamValue] | None = None, *, page: int = 1
    ) -> Iterator[Page]:
        """Yield the account's survey answers; give `created_since`, for the default is not told.

        Raises Forbidden where the plan has no surveys.
        """
        return self._pages("/surveys/satisfaction_ratings", params, page, PER_PAGE)

    def business_hours(self) -> Iterator[Page]:
        """Yield the account's business hours; closed days are missing from each."""
        return self._pages("/business_hours", None, 1, PER_PAGE)
