"""Reading as much of a list as the lookup of an earlier attempt may (see `actions.earlier`)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from freshbridge.actions.earlier import CALLS

if TYPE_CHECKING:
    from freshbridge.freshdesk.paging import Page, Record


def first_pages(pages: Iterator[Page]) -> tuple[list[Record], bool]:
    """The records of as many pages as may be asked for, and whether those are all."""
    records: list[Record] = []
    for page in islice(pages, CALLS):
        records += page.records
        if page.next_url is None:
            return records, True
    return records, False
