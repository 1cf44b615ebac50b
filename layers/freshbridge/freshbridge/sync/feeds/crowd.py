"""A second with more tickets than its pages reach: the ladder that is climbed instead.

The list serves 30,000 tickets of any question. What changes under it cannot be told from a page, so
each rung asks for the same tickets in another way:

    oldest    by creation, the first 30,000: an update does not move a ticket there
    newest    by creation from the end, until it meets the former
    due, status   where they do not meet (more than 60,000): other orders, for those in the middle
    ids       what no list showed, one by one: every number between the smallest and the largest id
              is then accounted for, whatever moved meanwhile
    again     where too many numbers are unaccounted for (they belong to tickets of other times):
              the pages by creation from the last to the first. A ticket that left the list let
              others up, past a reading that goes upwards, and into one that comes down

What can be proved by none of them is an error that names the second and the counts.
Source: https://developers.freshdesk.com/api/#list_all_tickets
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from freshbridge.errors import Forbidden, NotFound, ProviderDown
from freshbridge.sync.feeds.feed import Record, TooManyAtOnce
from freshbridge.sync.feeds.id_set import IdSet
from freshbridge.sync.feeds.keyset import Shown, at
from freshbridge.sync.versions import told_state

if TYPE_CHECKING:
    from freshbridge.freshdesk.client import FreshdeskClient
    from freshbridge.lake.rows import State

BY_ID_LIMIT = 30_000
"""So many tickets are asked for one by one, a call each."""
DULL_PAGES = 5
"""A further order is left after so many pages in a row that showed nothing new."""
_ORDERS: Mapping[str, tuple[str, str]] = {
    "oldest": ("created_at", "asc"),
    "newest": ("created_at", "desc"),
    "due": ("due_by", "asc"),
    "due_last": ("due_by", "desc"),
    "status": ("status", "asc"),
    "status_last": ("status", "desc"),
}
_FURTHER = ("due", "due_last", "status", "status_last")
_ONE_BY_ONE, _AGAIN, _AGAIN_NEWEST = "ids", "again", "again_newest"
_VIEW_ONLY = (
    "attachments", "associated_tickets_list", "form_id", "source_additional_info",
    "structured_description", "ticket_bcc_emails",
)  # fmt: skip
_DESCRIPTION = ("description", "description_text")
_EMBEDDED = ("requester", "company", "stats")


@dataclass(frozen=True)
class Crowd:
    """How far the ladder has come: ask next for `page` of `rung`, or for the id after `last_id`.

    `reach`: whatever was created before it is in the first rung's pages, "" where those end before
    the last page that is served. `tops` are the last pages of the first two rungs. `ids` are those
    met, `lost` is set where they are too many to keep. `dull` counts pages without news.
    """

    rung: str = "oldest"
    page: int = 1
    reach: str = ""
    met: bool = False
    tops: Sequence[int] = (0, 0)
    ids: str = ""
    lost: bool = False
    dull: int = 0
    last_id: int = 0

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Crowd:
        """The one that `shown` was kept of."""
        names = {one.name for one in fields(cls)}
        return cls(**{name: value for name, value in kept.items() if name in names})

    def shown(self) -> dict[str, Any]:
        """As it is kept."""
        return {**asdict(self), "tops": list(self.tops)}


FIRST: Mapping[str, Any] = Crowd().shown()


@dataclass(frozen=True)
class Found:
    """What a call gave, and where to go on; None once the second is had as a whole."""

    rows: list[Record]
    following: Crowd | None


ReadPage = Callable[[Mapping[str, str], int], Shown]
ReadOne = Callable[[int], Record | None]


@dataclass(frozen=True)
class Ladder:
    """The rungs for the tickets of one `second` in the list that shows those of `state`."""

    per_page: int
    page_limit: int
    second: str
    state: State

    def read(self, crowd: Crowd, page_of: ReadPage, one: ReadOne) -> Found:
        """One page, or one ticket.

        Raises:
            TooManyAtOnce: what is missing cannot be asked for.
            ProviderDown: a page is not in the order of creation.
        """
        if crowd.rung == _ONE_BY_ONE:
            return self._one_by_one(crowd, one)
        again = crowd.rung in (_AGAIN, _AGAIN_NEWEST)
        name = {_AGAIN: "oldest", _AGAIN_NEWEST: "newest"}.get(crowd.rung, crowd.rung)
        order, direction = _ORDERS[name]
        shown = page_of({"order_by": order, "order_type": direction}, crowd.page)
        met = IdSet(crowd.ids, lost=crowd.lost)
        rows = [row for row in at(self.second, shown.records) if met.lost or row["id"] not in met]
        news = met.add(record["id"] for record in shown.records)
        crowd = replace(crowd, ids=met.text(), lost=met.lost)
        if again:
            return Found(rows, self._downwards(crowd))
        return Found(rows, self._after(crowd, shown, met, news))

    def _one_by_one(self, crowd: Crowd, one: ReadOne) -> Found:
        met = IdSet(crowd.ids)
        number = met.next_unmet(crowd.last_id)
        record = one(number) if number else None
        wanted = (
            record is not None
            and record["updated_at"] == self.second
            and told_state(record) is self.state
        )
        more = number and met.next_unmet(number)
        following = replace(crowd, last_id=number) if more else None
        return Found([record] if record is not None and wanted else [], following)

    def _downwards(self, crowd: Crowd) -> Crowd | None:
        if crowd.page > 1:
            return replace(crowd, page=crowd.page - 1)
        if crowd.rung == _AGAIN and crowd.tops[1]:
            # One page more than it had: tickets that were created since moved the others down.
            highest = min(self.page_limit, crowd.tops[1] + 1)
            return replace(crowd, rung=_AGAIN_NEWEST, page=highest)
        return None

    def _after(self, crowd: Crowd, shown: Shown, met: IdSet, news: int) -> Crowd | None:
        full = shown.has_next or len(shown.records) >= self.per_page
        # Behind the last page served there may be more, whether a link says so or not.
        walled = crowd.page >= self.page_limit and full
        onwards = replace(crowd, page=crowd.page + 1, dull=0 if news else crowd.dull + 1)
        more = shown.has_next and not walled
        if crowd.rung == "oldest":
            return onwards if more else self._after_oldest(crowd, shown, met, walled=walled)
        if crowd.rung == "newest":
            created = self._created(shown.records[::-1])
            joined = not (more or walled) or bool(created and created[0] < crowd.reach)
            if more and not joined:
                return onwards
            tops = (crowd.tops[0], crowd.page)
            return self._next_rung(replace(crowd, met=joined, tops=tops), met)
        return onwards if more and onwards.dull < DULL_PAGES else self._next_rung(crowd, met)

    def _after_oldest(
        self, crowd: Crowd, shown: Shown, met: IdSet, *, walled: bool
    ) -> Crowd | None:
        created = self._created(shown.records)
        reached = replace(crowd, tops=(crowd.page, 0))
        if walled:
            return replace(reached, rung="newest", page=1, reach=created[-1])
        # So many have left since the pages were counted that one list shows them all.
        return self._next_rung(replace(reached, met=True), met)

    def _next_rung(self, crowd: Crowd, met: IdSet) -> Crowd | None:
        """What comes behind a rung that is read to its end."""
        if not met.lost and met.unmet <= max(sum(crowd.tops), self.page_limit):
            return replace(crowd, rung=_ONE_BY_ONE, page=1) if met.unmet else None
        if crowd.met:
            return replace(crowd, rung=_AGAIN, page=crowd.tops[0])
        left = _FURTHER[_FURTHER.index(crowd.rung) + 1 :] if crowd.rung in _FURTHER else _FURTHER
        if left and not met.lost:
            return replace(crowd, rung=left[0], page=1, dull=0)
        if not met.lost and met.unmet <= BY_ID_LIMIT:
            return replace(crowd, rung=_ONE_BY_ONE, page=1)
        listed = "too many to keep account of" if met.lost else f"{len(met)} could be listed"
        unmet = "" if met.lost else f", {met.unmet} numbers between them are unaccounted for"
        raise TooManyAtOnce(
            f"more than {2 * self.page_limit * self.per_page} tickets were updated at "
            f"{self.second}: {listed}{unmet}",
            where="GET /api/v2/tickets",
            advice="Freshdesk's list ends there; update some of them, or export the account.",
        )

    @staticmethod
    def _created(records: Sequence[Record]) -> list[str]:
        """When each was created, ascending as the records are meant to be."""
        created = [str(record["created_at"]) for record in records]
        if created != sorted(created):
            raise ProviderDown(
                "the provider's page is not in the order of created_at", where="GET /api/v2/tickets"
            )
        return created


def single(client: FreshdeskClient, ticket_id: int, include: Sequence[str]) -> Record | None:
    """A ticket as the list would show it; None for one that is not there, or not to be seen."""
    embedded = [name for name in include if name in _EMBEDDED]
    try:
        record = client.ticket(ticket_id, include=embedded)
    except NotFound:
        return None
    except Forbidden as error:
        if error.provider_code != "access_denied":
            raise
        return None
    return as_listed(record, include)


def as_listed(record: Record, include: Sequence[str]) -> Record:
    """The single view of a ticket with the members that a list with `include` has."""
    hidden = _VIEW_ONLY if "description" in include else (*_VIEW_ONLY, *_DESCRIPTION)
    counted = len(record.get("associated_tickets_list") or ())
    shown = {name: value for name, value in record.items() if name not in hidden}
    return {**shown, "associated_tickets_count": counted}
