"""What a live report will cost, before it is run.

Two searches tell how many tickets there are to list. How much time was logged and how many
answered a survey no search tells: each hundred costs one credit more.
Facts: https://developers.freshdesk.com/api/#embedding, #filter_tickets
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from freshbridge.analytics.feeds import LIST_WITH_STATS, UntouchedBacklog
from freshbridge.analytics.period import Period, text_of
from freshbridge.freshdesk.paging import PER_PAGE
from freshbridge.freshdesk.search import PAGE_LIMIT as SEARCH_PAGES
from freshbridge.freshdesk.search import PER_PAGE as SEARCH_ROWS

if TYPE_CHECKING:
    from freshbridge.freshdesk.client import FreshdeskClient

_NOTE = (
    "Time entries and survey answers cannot be counted beforehand: each further hundred of them "
    "costs one credit. Lists of agents, groups and fields cost a few more when none are cached."
)


def estimate(client: FreshdeskClient, period: Period, statuses: tuple[int, ...]) -> dict[str, Any]:
    """`credits` and `calls` foreseen for a live report, and from what they follow."""
    since = text_of(period.start)[:10]
    touched = client.search_tickets(f"updated_at:>'{since}'").total
    backlog = UntouchedBacklog(period, statuses)
    parts = backlog.first()["parts"]
    untouched = sum(client.search_tickets(backlog.query(*part)).total for part in parts)
    return foreseen(touched, untouched) | {"searches": 1 + len(parts)}


def foreseen(touched: int, untouched: int) -> dict[str, Any]:
    """The cost of listing so many tickets updated in the period, and so many open but untouched."""
    # Each page begins with the last ticket of the page before it.
    pages = max(1, -(-touched // (PER_PAGE - 1)))
    searches = max(1, -(-untouched // SEARCH_ROWS))
    if untouched > SEARCH_PAGES * SEARCH_ROWS:
        # Halving the years until each part is small enough: about one look for each part kept.
        searches += 2 * -(-untouched // (SEARCH_PAGES * SEARCH_ROWS // 2))
    calls = pages + searches + 2
    return {
        "credits": pages * LIST_WITH_STATS + searches + 2,
        "calls": calls,
        "tickets_updated_since_from": touched,
        "tickets_open_and_untouched": untouched,
        "note": _NOTE,
    }
