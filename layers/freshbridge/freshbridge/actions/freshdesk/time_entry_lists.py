"""Listing logged time. Source: https://developers.freshdesk.com/api/#time-entries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from freshbridge import timestamps
from freshbridge.actions.action import Action, Effect, Outcome
from freshbridge.actions.freshdesk.fields import Moment, RecordId, TicketId
from freshbridge.actions.freshdesk.page_reading import Paged, read_pages
from freshbridge.actions.freshdesk.time_spent import written

if TYPE_CHECKING:
    from freshbridge.actions.context import Context
    from freshbridge.freshdesk.paging import Record


class ListTimeEntries(Paged):
    """List time entries of one ticket or of the account, with the sum of those listed."""

    ticket_id: TicketId | None = Field(default=None, description="Only this ticket's")
    agent_id: RecordId | None = Field(default=None, description="Only what this agent did")
    company_id: RecordId | None = Field(default=None, description="Only for this company")
    billable: bool | None = Field(default=None, description="Only what is billed, or the rest")
    executed_after: Moment | None = Field(
        default=None, description="Work done at this time or later"
    )
    executed_before: Moment | None = Field(
        default=None, description="Work done at this time or before"
    )

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> ListTimeEntries:
        after, before = self.executed_after, self.executed_before
        if after is not None and before is not None and after > before:
            raise ValueError("executed_after is later than executed_before; nothing lies between")
        return self


def list_time_entries(context: Context, parameters: ListTimeEntries) -> Outcome:
    """Read one page or all."""
    where = {"page": parameters.page, "per_page": parameters.size}
    if parameters.ticket_id is None:
        pages = context.client.time_entries(_filters(parameters), **where)
    else:
        pages = context.client.ticket_time_entries(parameters.ticket_id, **where)
    records, paging = read_pages(pages, parameters)
    # Freshdesk's list of one ticket's entries takes no filter, so they are applied here.
    entries = [one for one in records if _wanted(one, parameters)]
    data: dict[str, Any] = {
        "time_entries": entries,
        "total_time_spent": written(sum(_minutes(one) for one in entries)),
        **paging,
    }
    return Outcome(data, "Time entries read")


def _filters(asked: ListTimeEntries) -> dict[str, Any]:
    return {
        "agent_id": asked.agent_id,
        "company_id": asked.company_id,
        "billable": asked.billable,
        "executed_after": asked.executed_after and timestamps.to_text(asked.executed_after),
        "executed_before": asked.executed_before and timestamps.to_text(asked.executed_before),
    }


def _wanted(entry: Record, asked: ListTimeEntries) -> bool:
    executed = timestamps.from_text(entry["executed_at"])
    return (
        all(
            wanted is None or entry.get(name) == wanted
            for name, wanted in (
                ("agent_id", asked.agent_id),
                ("company_id", asked.company_id),
                ("billable", asked.billable),
            )
        )
        and (asked.executed_after is None or executed >= asked.executed_after)
        and (asked.executed_before is None or executed <= asked.executed_before)
    )


def _minutes(entry: Record) -> int:
    hours, _, minutes = str(entry["time_spent"]).partition(":")
    return int(hours) * 60 + int(minutes)


ACTIONS = (
    Action(
        "freshdesk",
        "list_time_entries",
        ListTimeEntries,
        list_time_entries,
        Effect.READ,
        {"agent_id": 456, "executed_after": "2026-03-01T00:00:00Z", "limit": 500},
        credits_note="One a page",
    ),
)
