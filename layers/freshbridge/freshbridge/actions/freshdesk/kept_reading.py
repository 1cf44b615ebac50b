"""What lists of slow data share: they may be answered from what is kept, and say how old it is.

A person's read is answered from what is kept only where the instance's `cachingEnabled` says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pydantic import Field

from freshbridge.actions.action import Outcome, Parameters
from freshbridge.errors import Forbidden

if TYPE_CHECKING:
    from freshbridge.actions.context import Cached, Context

MOST = 1_000
BY_HUNDRED = "One for each hundred; none when answered from what is kept"


class Listing(Parameters):
    """What every list takes."""

    page: int = Field(default=1, ge=1, strict=True, description="Counted from 1")
    per_page: int = Field(
        default=MOST, ge=1, le=MOST, strict=True, description="Records on a page of the answer"
    )
    fresh: bool = Field(default=False, description="Ask Freshdesk, whatever is kept")


def read_kept(context: Context, kind: str, *, key: str = "", fresh: bool = False) -> Cached:
    """Reference data as a person may see it: kept only where the instance allows it."""
    caching = context.instance.caching
    if fresh or not caching.enabled:
        return context.reference(kind, key=key, max_age_s=0)
    found = context.reference(kind, key=key, max_age_s=caching.max_age_s)
    too_many = 0 < caching.max_records < len(found.records)
    if found.cached and too_many:
        return context.reference(kind, key=key, max_age_s=0)
    return found


def paged(what: str, records: list[Any], asked: Listing, ages: list[Cached]) -> Outcome:
    begin = (asked.page - 1) * asked.per_page
    page = records[begin : begin + asked.per_page]
    more = begin + asked.per_page < len(records)
    data = {
        what: page,
        "total": len(records),
        "page": asked.page,
        "per_page": asked.per_page,
        "next_page": asked.page + 1 if more else None,
    }
    return aged(data, f"{len(page)} of {len(records)} {what}", ages)


def aged(data: dict[str, Any], message: str, ages: list[Cached]) -> Outcome:
    """An outcome that is as old as the oldest of what it was made of."""
    return Outcome(
        data,
        message,
        cached=any(found.cached for found in ages),
        age_s=max(found.age_s for found in ages),
    )


@contextmanager
def for_administrators(what: str) -> Iterator[None]:
    try:
        yield
    except Forbidden as error:
        raise Forbidden(
            f"The API key may not {what}",
            where=error.where,
            status=error.status,
            advice="That takes an administrator's key; connect the instance with one.",
            provider_code=error.provider_code,
            provider_message=error.provider_message,
            provider_request_id=error.provider_request_id,
        ) from error
