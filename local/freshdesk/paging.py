"""Page numbers, page sizes and the ``link`` header of bare-array lists.

Source: developers.freshdesk.com/api, Pagination: ``page`` from 1, ``per_page`` 30 unless told and
100 at most; a ``link`` header with ``rel="next"`` while another page exists, and no total.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from local.freshdesk.routing import Reply, Request
from local.freshdesk.validation import Field

DEFAULT_PER_PAGE = 30

# Merge these two into a list call's query spec: {**PAGING, "email": Field("string")}.
PAGING: dict[str, Field] = {
    "page": Field("integer", nullable=False, minimum=1),
    "per_page": Field("integer", nullable=False, minimum=1, maximum=100),
}


@dataclass(frozen=True, slots=True)
class Page:
    number: int
    size: int

    @property
    def start(self) -> int:
        return (self.number - 1) * self.size

    @property
    def stop(self) -> int:
        return self.start + self.size


def page_of(checked: dict[str, Any]) -> Page:
    """The page asked for by a query that ``check_query`` has passed."""
    return Page(checked.get("page", 1), checked.get("per_page", DEFAULT_PER_PAGE))


def next_link(request: Request, page: Page) -> dict[str, str]:
    """The header naming the following page: this request's own address with ``page`` raised."""
    query = urlencode({**request.query, "page": str(page.number + 1)})
    return {"link": f'<{request.base_url}{request.path}?{query}>; rel="next"'}


def paged(request: Request, rows: Sequence[Any], page: Page) -> Reply:
    """Reply with one page of ``rows`` (already rendered, or cheap to render)."""
    headers = next_link(request, page) if len(rows) > page.stop else {}
    return Reply(200, list(rows[page.start : page.stop]), headers)
