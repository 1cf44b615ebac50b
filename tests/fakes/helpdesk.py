"""A Freshdesk account whose ticket list moves while it is being paged.

The list is what https://developers.freshdesk.com/api/#list_all_tickets describes: ordered by
`updated_at` (whole seconds) and id, inclusive of `updated_since`, in pages by number. Time is the
account's own and moves only when it is told to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from freshbridge import timestamps
from freshbridge.freshdesk.paging import Page

_BEGIN = datetime(2026, 3, 1, tzinfo=UTC)


class MovingHelpdesk:
    """Tickets with a version each; `between` is called after every page that was served.

    Implements the one method of FreshdeskClient that a sync uses. `calls` counts the pages asked.
    """

    def __init__(self, page_size: int) -> None:
        self.page_size = page_size
        self.second = 0
        self.calls = 0
        self.between: Callable[[], None] = lambda: None
        self._tickets: dict[int, tuple[int, int]] = {}
        # Outlives a deletion, so that a restored ticket has a newer version than the deleted one.
        self._touched: dict[int, int] = {}

    def touch(self, ticket_id: int) -> None:
        """Create or update a ticket in the present second."""
        self._touched[ticket_id] = self._touched.get(ticket_id, 0) + 1
        self._tickets[ticket_id] = (self.second, self._touched[ticket_id])

    def delete(self, ticket_id: int) -> None:
        """Take a ticket off the list."""
        self._tickets.pop(ticket_id, None)

    def now(self) -> str:
        """The account's time."""
        return self._text(self.second)

    def versions(self) -> dict[int, int]:
        """Every ticket's present version."""
        return {ticket_id: version for ticket_id, (_, version) in self._tickets.items()}

    def tickets(self, params: Mapping[str, Any], *, page: int = 1) -> Iterator[Page]:
        """Serve one page."""
        assert (params["order_by"], params["order_type"]) == ("updated_at", "asc")
        self.calls += 1
        listed = sorted((moment, key) for key, (moment, _) in self._tickets.items())
        shown = [key for moment, key in listed if self._text(moment) >= params["updated_since"]]
        start, end = (page - 1) * self.page_size, page * self.page_size
        records = [self._record(key) for key in shown[start:end]]
        following = "https://acme.freshdesk.com/next" if end < len(shown) else None
        yield Page(records, page, following, None)

    def served(self) -> None:
        """Let the world go on."""
        self.between()

    def _record(self, ticket_id: int) -> dict[str, Any]:
        moment, version = self._tickets[ticket_id]
        return {"id": ticket_id, "updated_at": self._text(moment), "version": version}

    @staticmethod
    def _text(second: int) -> str:
        return timestamps.to_text(_BEGIN + timedelta(seconds=second))
