"""Conditions on tickets as parameters, written in the search's language with its quoting.

Source: https://developers.freshdesk.com/api/#filter_tickets
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
    model_validator,
)

from freshbridge.actions.freshdesk.fields import Day, PriorityValue, RecordId
from freshbridge.actions.freshdesk.statuses import StatusChoice, resolve_status
from freshbridge.actions.freshdesk.ticket_query_text import (
    CUSTOM_PREFIX,
    Value,
    all_of,
    any_of,
    unwritable,
    write,
)
from freshbridge.errors import FieldError, InvalidRequest

if TYPE_CHECKING:
    from freshbridge.actions.context import Context

_DAYS = {
    "created_at": ("created_from", "created_to"),
    "updated_at": ("updated_from", "updated_to"),
    "due_by": ("due_from", "due_to"),
    "fr_due_by": ("fr_due_from", "fr_due_to"),
}
_VALUES = ("priority", "agent_id", "group_id", "type", "tag")


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _searchable(text: str) -> str:
    if (bad := unwritable(text)) is not None:
        raise ValueError(
            f"character {bad + 1} cannot be searched for: the search has no way to write a quote "
            "or a line break inside a text"
        )
    return text


_Text = Annotated[str, StringConstraints(min_length=1), AfterValidator(_searchable)]
_CustomValue = StrictBool | StrictInt | _Text | None
_AtMost = Field(
    min_length=1, max_length=50, description="One or several, of which one has to match"
)

Statuses = Annotated[
    list[StatusChoice],
    BeforeValidator(_listed, json_schema_input_type=int | str | list[int | str]),
    _AtMost,
]
Priorities = Annotated[
    list[PriorityValue],
    BeforeValidator(_listed, json_schema_input_type=int | str | list[int | str]),
    _AtMost,
]
Ids = Annotated[
    list[RecordId | None],
    BeforeValidator(_listed, json_schema_input_type=int | None | list[int | None]),
    Field(
        min_length=1,
        max_length=50,
        description="One or several, of which one has to match; null for nobody",
    ),
]
Texts = Annotated[
    list[_Text | None],
    BeforeValidator(_listed, json_schema_input_type=str | None | list[str | None]),
    Field(
        min_length=1,
        max_length=50,
        description="One or several, of which one has to match; null for none",
    ),
]
CustomValues = Annotated[
    list[_CustomValue],
    BeforeValidator(
        _listed,
        json_schema_input_type=str | int | bool | None | list[str | int | bool | None],
    ),
    Field(min_length=1, max_length=50),
]


class TicketFilters(BaseModel):
    """Conditions that all have to hold. Days are UTC, and both ends are included.

    There are no times of day, since the search knows none.
    """

    model_config = ConfigDict(extra="forbid")

    status: Statuses = Field(default_factory=list)
    priority: Priorities = Field(default_factory=list)
    agent_id: Ids = Field(default_factory=list)
    group_id: Ids = Field(default_factory=list)
    type: Texts = Field(default_factory=list)
    tag: Texts = Field(default_factory=list)
    created_from: Day | None = None
    created_to: Day | None = None
    updated_from: Day | None = None
    updated_to: Day | None = None
    due_from: Day | None = None
    due_to: Day | None = None
    fr_due_from: Day | None = None
    fr_due_to: Day | None = None
    custom_fields: dict[str, CustomValues] = Field(
        default_factory=dict,
        description="By the names of the account's ticket fields: single-line texts, numbers, "
        "checkboxes, dropdowns and dates can be searched",
    )

    @model_validator(mode="after")
    def _days_in_order(self) -> TicketFilters:
        for first, last in _DAYS.values():
            begin, end = getattr(self, first), getattr(self, last)
            if begin is not None and end is not None and begin > end:
                raise ValueError(f"{first} is later than {last}")
        return self

    @property
    def empty(self) -> bool:
        """Whether they say nothing."""
        return not any(getattr(self, name) for name in type(self).model_fields)

    def written(self, context: Context, *, with_creation: bool = True) -> str:
        """Return them as a query, empty when they say nothing; without the days of creation when
        somebody else sees to these.

        Raises:
            InvalidRequest: a status's name is unknown, or a custom field's is none.
        """
        statuses = [resolve_status(context, one, "filters.status") for one in self.status]
        conditions = [any_of("status", statuses)] if statuses else []
        conditions += [any_of(name, getattr(self, name)) for name in _VALUES if getattr(self, name)]
        conditions += [
            _on_custom_field(name, values) for name, values in self.custom_fields.items()
        ]
        for field, (first, last) in _DAYS.items():
            if field != "created_at" or with_creation:
                conditions += self._between(field, getattr(self, first), getattr(self, last))
        return all_of(conditions)

    @staticmethod
    def _between(field: str, first: date | None, last: date | None) -> list[str]:
        bounds = ((">", first), ("<", last))
        return [write(field, day, comparison) for comparison, day in bounds if day is not None]


def _on_custom_field(name: str, values: Sequence[Value]) -> str:
    # Checked here and not in the model: by now a person's own name for it is Freshdesk's.
    fault = f"a custom field's name begins with {CUSTOM_PREFIX}"
    if name.startswith(CUSTOM_PREFIX):
        try:
            return any_of(name, values)
        except ValueError as error:
            fault = str(error)
    raise InvalidRequest(
        "The filters name what is no custom field",
        fields=[FieldError(f"filters.custom_fields.{name}", fault, "invalid_field")],
    )
