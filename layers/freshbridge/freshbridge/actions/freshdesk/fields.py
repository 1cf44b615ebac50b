"""Parameter types that several actions share.

Strict where Freshdesk is strict, lenient where people are: "high" is a priority.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from freshbridge import timestamps
from freshbridge.freshdesk.enums import Priority

# Freshdesk judges an address; this only catches what is none, such as a name.
_ADDRESS = re.compile(r"[^\s@<>,;\"]+@[^\s@<>,;\"]+")
_LARGEST_ID = 2**63 - 1


def _whole_number(value: Any) -> int:
    """Return an id, also one written as text; `true` would pass for 1 and 7.0 for 7."""
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdecimal():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError("give an id: a whole number, as the product shows it")


def _address(text: str) -> str:
    if not _ADDRESS.fullmatch(text.strip()):
        raise ValueError("give one e-mail address: a name, an @ and a domain")
    return text.strip()


def _moment(value: Any) -> datetime:
    try:
        # To UTC at once: an hour more or less may lie outside what a time can be.
        return timestamps.from_text(value).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(
            "give an ISO 8601 time such as 2026-03-06T21:00:00Z; without a zone it is UTC"
        ) from None


def _day(value: Any) -> date:
    """Return a day; the midnight that Freshdesk shows a day as will do."""
    try:
        return date.fromisoformat(value.removesuffix("T00:00:00Z"))
    except (AttributeError, TypeError, ValueError):
        raise ValueError("give a day as YYYY-MM-DD, such as 2026-03-06") from None


RecordId = Annotated[int, BeforeValidator(_whole_number), Field(gt=0, le=_LARGEST_ID)]
"""The id of an agent, group, contact, company or the like; digits in quotes will do."""
TicketId = Annotated[RecordId, Field(description="The ticket's number, as in its URL")]
EmailAddress = Annotated[str, AfterValidator(_address), Field(max_length=254)]
Moment = Annotated[
    datetime,
    BeforeValidator(_moment, json_schema_input_type=str),
    Field(description="ISO 8601; UTC when it names no zone"),
]
"""A moment, aware of its zone; `timestamps.to_text` writes it as Freshdesk reads it."""
Day = Annotated[
    date,
    BeforeValidator(_day, json_schema_input_type=str),
    Field(description="YYYY-MM-DD"),
]
PriorityValue = Annotated[
    int,
    BeforeValidator(lambda value: int(Priority.parse(value)), json_schema_input_type=int | str),
    Field(description="1 to 4, or Low, Medium, High, Urgent"),
]
