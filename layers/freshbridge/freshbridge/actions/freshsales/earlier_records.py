"""The contact, account, deal or lead that an earlier attempt created.

Looked up by an e-mail address, a mobile number or a name, which is one call; where what was asked
for has none of these, or more have it than one reply shows, among what was changed since the
attempt began, the latest first. Two calls at most.

It cannot be proved, and a person is asked, when
- two records of the attempt's time come into question and neither is exactly what was asked for;
- the account created or changed more records since then than the calls left show (100, or 200
  where nothing was there to look up by);
- Freshsales refuses the lookup.
Not seen are records that were deleted meanwhile, those that the key's user may not see, and those
that the index does not hold yet: it lags behind writes by seconds, which is what the settling time
is for. Of a contact and an account that came too late for it Freshsales refuses the second one, and
the refusal leads to the first.
Facts: https://developers.freshworks.com/crm/api/#lookup, #search
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from freshbridge import timestamps
from freshbridge.actions.earlier import CALLS, Period, created_at, proof
from freshbridge.actions.freshsales.same_record import identified, likeness
from freshbridge.errors import InvalidRequest

if TYPE_CHECKING:
    from freshbridge.actions.attempt_marks import Unsure
    from freshbridge.actions.context import Context
    from freshbridge.actions.freshsales.kinds import Kind
    from freshbridge.freshsales.client import FreshsalesClient
    from freshbridge.freshsales.paging import Page
    from freshbridge.freshsales.wire import Record

LOOKED_UP_BY: dict[str, tuple[tuple[str, str], ...]] = {
    "contact": (("emails", "email"), ("email", "email"), ("mobile_number", "mobile_number")),
    "account": (("name", "name"),),
    "deal": (("name", "name"),),
    "lead": (("email", "email"), ("mobile_number", "mobile_number")),
}
"""Attributes by which a kind can be looked up, and what the lookup calls each."""
IDENTITY = {
    "contact": ("emails", "email", "mobile_number", "first_name", "last_name"),
    "account": ("name",),
    "deal": ("name",),
    "lead": ("email", "first_name", "last_name"),
}
"""What nobody changes within minutes."""


def earlier_record(
    context: Context[FreshsalesClient], unsure: Unsure, kind: Kind, asked: Mapping[str, Any]
) -> Record | None:
    """The record that was made, claimed for this action; None when it is shown that none was.

    Raises:
        OutcomeUnknown: neither can be shown.
    """
    period = Period.of(unsure)
    found, whole, calls = _looked_up(context, kind, asked)
    if not whole:
        more, whole = _changed_since(context, kind, period, CALLS - calls)
        found = list({row["id"]: row for row in (*found, *more)}.values())
    near = [row for row in found if period.has(row)]
    return proof(
        context,
        kind.word,
        near,
        lambda row: likeness(IDENTITY[kind.word], asked, row),
        whole=whole,
    )


def _looked_up(
    context: Context[FreshsalesClient], kind: Kind, asked: Mapping[str, Any]
) -> tuple[list[Record], bool, int]:
    """The records with the value that identifies it, whether those are all, and the calls made."""
    key = _key(kind, asked)
    if key is None:
        return [], False, 0
    field, value = key
    try:
        rows, whole = kind.calls(context.client).lookup(field, value)
    except InvalidRequest:
        # An account that cannot be asked by this value.
        return [], False, 1
    found = [row for row in rows if identified(field, value, row)]
    # What does not say when it was made is asked for otherwise.
    return found, whole and all(created_at(row) for row in found), 1


def _key(kind: Kind, asked: Mapping[str, Any]) -> tuple[str, str] | None:
    for name, field in LOOKED_UP_BY[kind.word]:
        value = asked.get(name)
        first = value[0] if isinstance(value, list) and value else value
        if isinstance(first, str) and first.strip():
            return field, first.strip()
    return None


def _changed_since(
    context: Context[FreshsalesClient], kind: Kind, period: Period, calls: int
) -> tuple[list[Record], bool]:
    """Records that were changed since the attempt began, and whether those are all."""
    # Of those created since then all were changed since then.
    since = {
        "attribute": "updated_at",
        "operator": "is_after",
        "value": timestamps.to_text(period.begin),
    }
    pages = kind.calls(context.client).search([since], sort="created_at", sort_type="desc")
    return rows_of(islice(pages, calls), period)


def rows_of(pages: Iterable[Page], period: Period) -> tuple[list[Record], bool]:
    """The rows of some pages of a list, and whether those are all of the attempt's time."""
    rows: list[Record] = []
    for page in pages:
        rows += page.records
        if page.last or reaches_back(rows, period):
            return rows, True
    return rows, False


def reaches_back(rows: list[Record], period: Period) -> bool:
    """Whether rows that come the latest first go back to before the attempt.

    Whether they do come so is seen by themselves: not every list can be ordered.
    """
    times = [created_at(row) for row in rows]
    known = [time for time in times if time is not None]
    ordered = len(known) == len(times) and known == sorted(known, reverse=True)
    return bool(known) and ordered and known[-1] < period.begin
