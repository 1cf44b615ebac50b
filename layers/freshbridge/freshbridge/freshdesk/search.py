"""What a search may ask and how its answer is paged. Pure: no I/O.

A search has no `link` header: it answers `{total, results}`, 30 results a page, at most 10 pages.

Facts: https://developers.freshdesk.com/api/#filter_tickets
"""

from dataclasses import dataclass
from typing import Any

from freshbridge.errors import InvalidRequest
from freshbridge.freshdesk.paging import Record
from freshbridge.freshdesk.rate_limit import RateLimit

PER_PAGE = 30
PAGE_LIMIT = 10
QUERY_LIMIT = 512


@dataclass(frozen=True, slots=True)
class SearchPage:
    """One page of a search: at most 30 records out of `total`, of which 300 can be reached."""

    records: list[Record]
    total: int
    number: int
    rate_limit: RateLimit | None

    @property
    def has_more(self) -> bool:
        """Tell whether another page can be asked for."""
        return self.number < PAGE_LIMIT and self.number * PER_PAGE < self.total


def check_search_page(page: int) -> int:
    """Return `page` if a search has it; raise InvalidRequest otherwise."""
    if not 1 <= page <= PAGE_LIMIT:
        raise InvalidRequest(
            f"A search has pages 1 to {PAGE_LIMIT}",
            where="page",
            advice="Narrow the query, for instance by ranges of created_at.",
        )
    return page


def search_query(query: str) -> str:
    """Return `query` in the double quotes the search wants, after checking it.

    Raises InvalidRequest for an empty query, one of more than 512 characters, or one with a
    double quote inside, which the grammar cannot express.
    """
    text = query.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1].strip()
    fault = ""
    if not text:
        fault = "is empty"
    elif len(text) > QUERY_LIMIT:
        fault = f"is longer than {QUERY_LIMIT} characters"
    elif '"' in text:
        fault = "has a double quote inside"
    if fault:
        raise InvalidRequest(
            f"The search query {fault}",
            where="query",
            advice="Write conditions such as status:2 AND tag:'billing'.",
        )
    return f'"{text}"'


def read_results(data: Any) -> tuple[int, list[Record]] | None:
    """Return a search reply's total and records, or None when it is not of that shape."""
    if not isinstance(data, dict):
        return None
    total, results = data.get("total"), data.get("results")
    if not isinstance(total, int) or not isinstance(results, list):
        return None
    return (total, results) if all(isinstance(item, dict) for item in results) else None
