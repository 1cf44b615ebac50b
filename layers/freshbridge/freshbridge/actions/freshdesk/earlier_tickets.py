"""The ticket that an earlier attempt created, or the e-mail that it sent as one.

Looked for among the requester's tickets, the latest first, by subject and then by description; a
ticket that its rules or agents have changed since is still known by these. One to two calls: the
list, and the one ticket that comes into question, or the list again with all descriptions.

Where the latest hundred do not reach back to the attempt, as with a monitoring system that opens
several a second, the time that the reply tells makes the attempt's time seconds long, and the
second call lists the requester's tickets from there, the oldest first.

It cannot be proved, and a person is asked, when
- the requester was named by a `twitter_id` or `facebook_id` alone, which no ticket shows, and an
  equal ticket is there;
- two tickets come into question and neither is exactly what was asked for;
- a ticket has the subject, and more or less than the text;
- the requester has more tickets than two calls show: more than 200 between ten seconds before the
  attempt and a minute after its end, among them those that are older and were changed since, or
  more than 100 where the latest of them have the subject; or, where no reply tells the time, more
  than 100 since two minutes before it (200 where nothing comes into question among the first);
- the requester cannot be asked for, and the account has as many tickets of that time;
- Freshdesk refuses the list.
Not seen are tickets that were deleted or marked as spam meanwhile, and those that the key's agent
may not see. Source: https://developers.freshdesk.com/api/#list_all_tickets
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from freshbridge import timestamps
from freshbridge.actions.earlier import (
    Period,
    as_asked_or_altered,
    created_at,
    free,
    proof,
)
from freshbridge.actions.freshdesk.same_text import same_html, same_line
from freshbridge.actions.likeness import Likeness
from freshbridge.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from freshbridge.actions.action import Parameters
    from freshbridge.actions.attempt_marks import Unsure
    from freshbridge.actions.context import Context
    from freshbridge.freshdesk.paging import Page, Record

_FILTERS = ("requester_id", "email", "unique_external_id")
"""What the ticket list can be asked for."""
_ALL_SHOWN = ("description", "requester")
_ALTERABLE = (
    "status",
    "priority",
    "source",
    "type",
    "responder_id",
    "group_id",
    "product_id",
    "company_id",
    "tags",
    "custom_fields",
    "cc_emails",
)


@dataclass(frozen=True)
class _Asked:
    """What was asked for. `filtered`: the list answers only with the requester's tickets.

    `mailed`: the text goes out by e-mail, so that more may have been added to it.
    """

    given: Mapping[str, Any]
    filtered: dict[str, Any]
    mailed: bool

    def likeness(self, ticket: Record) -> Likeness:
        """How much of it a ticket with its description shows."""
        said = same_html(
            self.given.get("description") or "",
            ticket.get("description"),
            ticket.get("description_text"),
            least=1 if self.mailed else 3,
        )
        if said is not Likeness.SAME:
            return said
        files = self.given.get("attachments") or []
        if "attachments" in ticket and len(ticket["attachments"]) < len(files):
            return Likeness.DOUBTFUL
        asked = {n: self.given[n] for n in _ALTERABLE if self.given.get(n) not in (None, [], {})}
        if isinstance(asked.get("status"), str):
            del asked["status"]
        return min(self._whose(ticket), as_asked_or_altered(asked, ticket))

    def _whose(self, ticket: Record) -> Likeness:
        if self.filtered:
            return Likeness.SAME
        requester = ticket.get("requester") or {}
        if email := self.given.get("email"):
            # Another of the contact's addresses may be the one that is shown.
            equal = email.casefold() == str(requester.get("email")).casefold()
            return Likeness.SAME if equal else Likeness.DOUBTFUL
        if phone := _digits(self.given.get("phone")):
            numbers = {_digits(requester.get("phone")), _digits(requester.get("mobile"))}
            return Likeness.SAME if phone in numbers else Likeness.OTHER
        return Likeness.DOUBTFUL


def earlier_ticket(
    context: Context, unsure: Unsure, parameters: Parameters, *, mailed: bool = False
) -> Record | None:
    """The ticket that was made, claimed for this action; None when it is shown that none was.

    Raises:
        OutcomeUnknown: neither can be shown.
    """
    given = parameters.model_dump(exclude_unset=True)
    if given.get("agent_id") is not None:
        given["responder_id"] = given["agent_id"]
    filtered = next(({n: given[n]} for n in _FILTERS if given.get(n) is not None), {})
    period = Period.of(unsure)
    calls_left = 1
    if filtered:
        try:
            first = _page(context, filtered, period)
        except InvalidRequest as error:
            if [field.field for field in error.fields] != list(filtered):
                raise
            # No contact has the address: nothing was made for it, unless it is an agent's.
            filtered, calls_left = {}, 0
        else:
            return _among(context, _Asked(given, filtered, mailed), unsure, first)
    asked = _Asked(given, filtered, mailed)
    page = _page(context, {}, period, *_ALL_SHOWN)
    tickets, whole = _near(asked, period, page), _whole(page, period)
    if not whole and (told := Period.told(unsure, context, page.records)) is not None:
        tickets, whole = _near(asked, told, page), _whole(page, told)
        if not whole and calls_left:
            oldest = _page(context, {}, told, *_ALL_SHOWN, oldest_first=True)
            both = {one["id"]: one for one in (*tickets, *_near(asked, told, oldest))}
            tickets, whole = [both[number] for number in sorted(both)], _meet(oldest, page, told)
    return proof(context, "ticket", tickets, asked.likeness, whole=whole)


def _among(context: Context, asked: _Asked, unsure: Unsure, first: Page) -> Record | None:
    period = Period.of(unsure)
    whole = _whole(first, period)
    # Before anything else is asked, for it is the time of that reply.
    told = None if whole else Period.told(unsure, context, first.records)
    near, own = free(context, "ticket", _near(asked, period, first))
    if own is not None:
        return context.client.ticket(own["id"])
    if told is not None:
        period = told
        near, whole = [one for one in near if told.has(one)], _whole(first, told)
    if not near and whole:
        return None
    if told is not None and not whole:
        page = _page(context, asked.filtered, period, "description", oldest_first=True)
        tickets = _near(asked, period, page)
        shown = {one["id"] for one in tickets}
        whole = _meet(page, first, period) and all(one["id"] in shown for one in near)
    elif len(near) == 1:
        (one,) = near
        tickets = [context.client.ticket(one["id"])]
    else:
        number = 1 if near else 2
        page = _page(context, asked.filtered, period, "description", number=number)
        # Meanwhile new ones may have moved the oldest off the page.
        whole = _whole(page, period)
        tickets = _near(asked, period, page)
    return proof(context, "ticket", tickets, asked.likeness, whole=whole)


def _near(asked: _Asked, period: Period, page: Page) -> list[Record]:
    """The tickets of that time with that subject, the oldest first."""
    subject = str(asked.given.get("subject") or "")
    near = [t for t in page.records if period.has(t) and same_line(subject, t.get("subject"))]
    return sorted(near, key=lambda ticket: ticket["id"])


def _page(
    context: Context,
    filtered: dict[str, Any],
    period: Period,
    *include: str,
    number: int = 1,
    oldest_first: bool = False,
) -> Page:
    asked: dict[str, Any] = {
        **filtered,
        # Of tickets created since then all were updated since then.
        "updated_since": timestamps.to_text(period.begin),
        "order_by": "created_at",
        "order_type": "asc" if oldest_first else "desc",
        "include": include or None,
    }
    return next(context.client.tickets(asked, page=number))


def _whole(page: Page, period: Period) -> bool:
    """Whether no ticket of that time is on a later page."""
    oldest = created_at(page.records[-1]) if page.records else None
    return page.next_url is None or (oldest is not None and oldest < period.begin)


def _meet(oldest: Page, latest: Page, period: Period) -> bool:
    """Whether no ticket of that time is between the oldest ones and the latest ones."""
    reached = created_at(oldest.records[-1]) if oldest.records else None
    if oldest.next_url is None or reached is None:
        return oldest.next_url is None
    began = created_at(latest.records[-1]) if latest.records else None
    # Of several of one second each of the pages may lack some.
    return reached > period.end or (began is not None and reached > began)


def _digits(number: str | None) -> str:
    return "".join(one for one in number or "" if one.isdigit())
