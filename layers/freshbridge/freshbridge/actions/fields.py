"""Parameter types that several actions share.

Strict where Freshdesk is strict, lenient where people are: "high" is a priority.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from freshbridge.freshdesk.enums import Priority, status_number

TicketId = Annotated[int, Field(gt=0, description="The ticket's number, as in its URL")]
PriorityValue = Annotated[
    int,
    BeforeValidator(lambda value: int(Priority.parse(value)), json_schema_input_type=int | str),
    Field(description="1 to 4, or Low, Medium, High, Urgent"),
]
StatusValue = Annotated[
    int,
    BeforeValidator(status_number, json_schema_input_type=int | str),
    Field(description="2 Open, 3 Pending, 4 Resolved, 5 Closed, or a custom status's number"),
]


class Parameters(BaseModel):
    """Base of every action's parameters: an unknown name is an error, not a silent loss."""

    model_config = ConfigDict(extra="forbid", str_max_length=1_000_000)
