"""Reading one record, and finding several, alike for every kind.

Each function here makes an action's `run` for one kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from freshbridge.actions.action import Outcome, Parameters
from freshbridge.actions.freshsales.kinds import Kind, answer, parent_calls
from freshbridge.actions.freshsales.parameters import Include, PerPage, RecordId
from freshbridge.errors import NotFound

if TYPE_CHECKING:
    from freshbridge.actions.context import Context
    from freshbridge.freshsales.client import FreshsalesClient
    from freshbridge.freshsales.paging import Page
    from freshbridge.freshsales.wire import Record

    Run = Callable[[Context[FreshsalesClient], Any], Outcome]


def getting(kind: Kind) -> Run:
    """Read one, with the related records asked for under `included`."""

    def run(context: Context[FreshsalesClient], parameters: Any) -> Outcome:
        record_id = getattr(parameters, kind.id_name)
        found = kind.calls(context.client).get(record_id, parameters.include)
        more = {"included": found.beside} if parameters.include else {}
        return answer(context, kind, found.record, f"{kind.noun.capitalize()} read", **more)

    return run


class Filter(Parameters):
    """One condition of a search."""

    attribute: str = Field(
        max_length=255, description="Such as updated_at, contact_email.email, cf_tier"
    )
    operator: str = Field(
        max_length=40, description="is, is_in, is_not, contains, starts_with, is_after, is_before"
    )
    value: Any = Field(description="A value, or a list of them for is_in")


class Search(Parameters):
    """Base of the searches: exactly one way to find records, and which part of what is found."""

    query: str | None = Field(
        default=None,
        min_length=2,
        max_length=500,
        description="Text in names, addresses and numbers; rows are short then, and not paged",
    )
    field: str | None = Field(
        default=None, max_length=100, description="With value: email, mobile_number, name, …"
    )
    value: str | None = Field(
        default=None, min_length=1, max_length=500, description="What that field has exactly"
    )
    filters: list[Filter] | None = Field(
        default=None, min_length=1, max_length=20, description="Conditions that all hold"
    )
    view: RecordId | str | None = Field(
        default=None, description="A view of the account, by its id or its name"
    )
    sort: str | None = Field(
        default=None, max_length=100, description="With filters or view: created_at, updated_at, …"
    )
    sort_type: Literal["asc", "desc"] | None = Field(default=None, description="asc or desc")
    include: Include = Field(default_factory=list)
    page: int = Field(default=1, ge=1, le=100_000, description="With filters or view: from 1")
    per_page: PerPage = 25

    @model_validator(mode="after")
    def _one_way(self) -> Search:
        if (self.field is None) != (self.value is None):
            raise ValueError("give field and value together")
        ways = (self.query, self.field, self.filters, self.view)
        if sum(way is not None for way in ways) != 1:
            raise ValueError("give one of query, field with value, filters, and view")
        return self


def searching(kind: Kind) -> Run:
    """Find contacts, accounts, deals or leads."""

    def run(context: Context[FreshsalesClient], parameters: Search) -> Outcome:
        calls = kind.calls(context.client)
        if parameters.query is not None:
            wrapper: str = calls.wrapper
            asked, per_page = parameters.query, parameters.per_page
            rows = context.client.directory.search(asked, [wrapper], per_page=per_page)
            return _told(kind, [row for row in rows if row.get("type", wrapper) == wrapper])
        if parameters.field is not None:
            rows, whole = calls.lookup(parameters.field, str(parameters.value))
            return _told(kind, rows, has_more=not whole)
        order = {"sort": parameters.sort or "", "sort_type": parameters.sort_type or ""}
        place = {"page": parameters.page, "per_page": parameters.per_page}
        if parameters.filters is not None:
            rules = [one.model_dump() for one in parameters.filters]
            return _page(kind, calls.search(rules, **order, **place))
        view_id = _view_id(kind, calls.views, parameters.view)
        asked_of_view = {**order, "include": parameters.include}
        return _page(kind, calls.view(view_id, asked_of_view, **place))

    return run


def _view_id(kind: Kind, views: Callable[[], list[Record]], wanted: int | str | None) -> int:
    if isinstance(wanted, int) or str(wanted).isdecimal():
        return int(str(wanted))
    found = views()
    for view in found:
        if str(view.get("name", "")).casefold() == str(wanted).strip().casefold():
            return int(view["id"])
    names = ", ".join(str(view.get("name")) for view in found[:20])
    raise NotFound(
        f"There is no view of {kind.plural} with this name",
        where="view",
        advice=f"The key's user has: {names}." if names else "The key's user has none.",
    )


def listing(kind: Kind, pages: Callable[[FreshsalesClient, Any], Iterator[Page]]) -> Run:
    """Answer with one page of a list."""

    def run(context: Context[FreshsalesClient], parameters: Any) -> Outcome:
        return _page(kind, pages(context.client, parameters))

    return run


def about(client: FreshsalesClient, kind: Kind, asked: Any) -> Iterator[Page]:
    """What there is of one kind about the record that `asked` names, from its page on."""
    calls = getattr(parent_calls(client, asked.targetable_type), kind.collection)
    found: Iterator[Page] = calls(asked.targetable_id, page=asked.page, per_page=asked.per_page)
    return found


def _page(kind: Kind, pages: Iterator[Page]) -> Outcome:
    page = next(pages)
    more: dict[str, Any] = {"included": page.beside} if page.beside else {}
    return _told(
        kind, page.records, page=page.number, total=page.total, has_more=not page.last, **more
    )


def _told(kind: Kind, rows: list[Record], **more: Any) -> Outcome:
    word = kind.noun if len(rows) == 1 else kind.plural.replace("_", " ")
    return Outcome({kind.plural: rows, "count": len(rows), **more}, f"{len(rows)} {word} found")
