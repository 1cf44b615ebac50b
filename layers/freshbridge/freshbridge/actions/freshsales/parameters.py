"""Parameters that Freshsales' actions share.

Names and values are the API's own. Source: https://developers.freshworks.com/crm/api/
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from freshbridge import timestamps
from freshbridge.actions.action import Parameters
from freshbridge.actions.freshdesk.fields import Day, EmailAddress, Moment, RecordId

__all__ = [
    "About",
    "Attributes",
    "Changing",
    "Day",
    "EmailAddress",
    "Emails",
    "Identifier",
    "Include",
    "Moment",
    "OnDuplicate",
    "PerPage",
    "RecordId",
    "TargetableType",
    "Text",
    "sent",
]

Text = Annotated[str, Field(max_length=255)]
Include = Annotated[
    list[Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]],
    Field(max_length=20, description="Related records to bring along, such as owner"),
]
OnDuplicate = Literal["fail", "return", "update"]
PerPage = Annotated[int, Field(ge=1, le=100, description="How many at a time, 100 at most")]
TargetableType = Literal["Contact", "SalesAccount", "Deal", "Lead"]


Emails = Annotated[
    list[EmailAddress],
    BeforeValidator(
        lambda given: [given] if isinstance(given, str) else given,
        json_schema_input_type=str | list[str],
    ),
    Field(max_length=20),
]
"""One address or several."""


def _custom(fields: dict[str, Any]) -> dict[str, Any]:
    # Others are passed over by Freshsales without a word.
    wrong = [name for name in fields if not name.startswith("cf_")]
    if wrong:
        raise ValueError("the names of custom fields begin with cf_")
    return fields


class Attributes(Parameters):
    """Base of the attributes that a kind of record is created and updated with."""

    custom_field: Annotated[dict[str, Any], AfterValidator(_custom)] | None = Field(
        default=None,
        description="By the names of the account's fields: cf_tier; several choices of one are "
        "one text, Red;Blue",
    )
    other_fields: dict[str, Any] | None = Field(
        default=None, description="Further attributes, by the API's names, sent as they are"
    )


class Changing(Parameters):
    """Base of the updates: they name a record and change something of it."""

    id_name: ClassVar[str]

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.model_fields_set <= {self.id_name}:
            raise ValueError("give at least one field to change")
        return self


class About(Parameters):
    """The record that something is about."""

    targetable_type: TargetableType = Field(description="What it is about")
    targetable_id: RecordId = Field(description="That record's id")


def sent(
    parameters: Parameters, *but: str, nulls: bool = False, only: Collection[str] | None = None
) -> dict[str, Any]:
    """The given attributes as the API takes them, those of `other_fields` among them.

    With `nulls` an attribute that was given as null is one that is to be cleared.
    """
    given = parameters.model_dump(
        exclude=set(but), include=set(only) if only is not None else None, exclude_unset=True
    )
    other = given.pop("other_fields", None) or {}
    return {
        name: _written(value)
        for name, value in {**other, **given}.items()
        if nulls or value is not None
    }


def _written(value: Any) -> Any:
    if isinstance(value, datetime):
        return timestamps.to_text(value)
    return value.isoformat() if isinstance(value, date) else value


class Identifier(Parameters):
    """What finds a record to update, by one of its fields; each family names its own."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if len(self.model_dump(exclude_none=True)) != 1:
            raise ValueError("give exactly one identifier")
        return self
