"""How the shorter lists page: one page, or the pages that a limit needs.

Source: https://developers.freshdesk.com/api/#pagination
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from freshbridge.actions.action import Parameters
from freshbridge.freshdesk.paging import PER_PAGE, Record

if TYPE_CHECKING:
    from freshbridge.freshdesk.paging import Page

MOST = 3_000


class Paged(Parameters):
    """Which part of a list to read."""

    page: int = Field(default=1, ge=1, le=500, strict=True, description="The first page to read")
    per_page: int | None = Field(
        default=None, ge=1, le=PER_PAGE, strict=True, description=f"{PER_PAGE} if not given"
    )
    limit: int | None = Field(
        default=None,
        ge=1,
        le=MOST,
        strict=True,
        description="Read as many pages as this many records need, instead of one",
    )

    @model_validator(mode="after")
    def _pages_or_limit(self) -> Paged:
        if self.limit is not None and self.per_page is not None:
            raise ValueError("per_page is for one page, limit for several; give one of the two")
        return self

    @property
    def size(self) -> int:
        """How many records each page is asked for."""
        return min(self.limit or self.per_page or PER_PAGE, PER_PAGE)


def read_pages(pages: Iterator[Page], asked: Paged) -> tuple[list[Record], dict[str, Any]]:
    """The records that were asked for, and what an answer says of the pages.

    `next_page` is where to go on, None at the end; a page that was taken in part is read again.
    """
    wanted = asked.limit or asked.size
    found: dict[int, Record] = {}
    last, more, read = asked.page, False, 0
    for page in pages:
        # Deleting a record moves one of a later page to this one, and it is met twice.
        found |= {record["id"]: record for record in page.records}
        last, more, read = page.number, page.next_url is not None, read + 1
        if len(found) >= wanted or asked.limit is None:
            break
    cut = len(found) > wanted
    following = last if cut else last + 1 if more else None
    shown = {
        "page": asked.page,
        "per_page": asked.size,
        "next_page": following,
        "credits": read,
    }
    return list(found.values())[:wanted], shown
