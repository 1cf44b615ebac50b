"""Adding and removing tags, although Freshdesk only takes a ticket's tags as a whole.

So the tags are read, changed, written, and read again to see that they held. These actions take
turns on one ticket, across all executions; a change from elsewhere that replaces ours is seen and
ours made once more. Freshdesk has no conditional write, so a change from elsewhere that falls
between a read and the write right after it, some tenths of a second, is lost.
Source: https://developers.freshdesk.com/api/#update_ticket
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, StringConstraints

from freshbridge.actions.action import Action, Effect, Outcome, Parameters
from freshbridge.actions.freshdesk.fields import TicketId
from freshbridge.errors import Retry

if TYPE_CHECKING:
    from freshbridge.actions.context import Context

_WRITES = 4
_NOTE = "1 when there is nothing to change; 2 more each time that another change interferes"

TagList = Annotated[
    list[Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]],
    Field(min_length=1, max_length=100, description="Upper and lower case are the same"),
]


class TagsContended(Retry):
    """The ticket's tags were replaced as often as they were written."""

    code = "tags_contended"


class AddTags(Parameters):
    """Add tags to a ticket and leave those it has."""

    ticket_id: TicketId
    tags: TagList


def add_tags(context: Context, parameters: AddTags) -> Outcome:
    """Add what is missing."""

    def added(tags: list[str]) -> list[str]:
        present = {tag.casefold() for tag in tags}
        wanted = {tag.casefold(): tag for tag in parameters.tags}
        return [*tags, *(tag for key, tag in wanted.items() if key not in present)]

    return _change(context, parameters.ticket_id, added, "Tags added")


class RemoveTags(Parameters):
    """Remove tags from a ticket and leave its others."""

    ticket_id: TicketId
    tags: TagList


def remove_tags(context: Context, parameters: RemoveTags) -> Outcome:
    """Remove what is there."""
    unwanted = {tag.casefold() for tag in parameters.tags}

    def left(tags: list[str]) -> list[str]:
        return [tag for tag in tags if tag.casefold() not in unwanted]

    return _change(context, parameters.ticket_id, left, "Tags removed")


def _change(
    context: Context, ticket_id: int, change: Callable[[list[str]], list[str]], message: str
) -> Outcome:
    """Write `change` of the tags until reading them shows that nothing is left to change."""
    with context.services.locks.hold(f"tags#{context.instance.instance_id}#{ticket_id}"):
        for written in range(_WRITES + 1):
            tags = list(context.client.ticket(ticket_id).get("tags") or [])
            wanted = change(tags)
            if wanted == tags:
                return _outcome(context, ticket_id, tags, message, changed=written > 0)
            if written < _WRITES:
                context.client.update_ticket(ticket_id, {"tags": wanted})
    raise TagsContended(
        f"the ticket's tags did not hold although they were written {_WRITES} times",
        where="tags",
        after=5.0,
        advice="Something else sets the ticket's tags at the same moment, or refuses these.",
    )


def _outcome(
    context: Context, ticket_id: int, tags: list[str], message: str, *, changed: bool
) -> Outcome:
    data = {
        "ticket_id": ticket_id,
        "ticket_url": context.ticket_url(ticket_id),
        "tags": tags,
        "changed": changed,
    }
    return Outcome(data, message if changed else "Tags unchanged")


_EXAMPLE = {"ticket_id": 12345, "tags": ["urgent", "billing"]}

ACTIONS = (
    Action("freshdesk", "add_tags", AddTags, add_tags, Effect.SET, _EXAMPLE, 3, credits_note=_NOTE),
    Action(
        "freshdesk",
        "remove_tags",
        RemoveTags,
        remove_tags,
        Effect.SET,
        _EXAMPLE,
        3,
        credits_note=_NOTE,
    ),
)
