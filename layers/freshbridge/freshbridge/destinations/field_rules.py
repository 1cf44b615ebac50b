"""Where a field's value comes from: the rules of a destination's mapping. Pure but for pydantic."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from freshbridge.actions.action import Parameters
from freshbridge.destinations.lookup_kinds import CHOICES, KINDS
from freshbridge.destinations.transforms import check_transforms
from freshbridge.errors import InvalidRequest
from freshbridge.rules import templates

Path = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


class Lookup(Parameters):
    """The id that a name stands for."""

    kind: str = Field(description=f"One of {', '.join(KINDS)}")
    by: Annotated[str, StringConstraints(max_length=60)] | None = Field(
        default=None, description="Of records: the attribute to look them up by"
    )
    missing: Literal["reject", "skip"] = Field(
        default="reject", description="What a record is whose name is not found: invalid, or sent "
        "without the field"
    )  # fmt: skip

    @field_validator("kind")
    @classmethod
    def _known(cls, kind: str) -> str:
        if kind not in KINDS:
            raise ValueError(f"there are {', '.join(KINDS)}")
        return kind

    @model_validator(mode="after")
    def _by_of_records(self) -> Self:
        if self.by is not None and self.kind in CHOICES:
            raise ValueError(f"{self.kind} is found by its name; leave `by` out")
        return self


class FieldRule(Parameters):
    """Where a field's value comes from, and what is done to it: exactly one source."""

    source: Path | None = Field(
        default=None, alias="from", description="The record's own field; a.b for one inside another"
    )
    value: Any = Field(default=None, description="Always this")
    template: Annotated[str, StringConstraints(max_length=4_000)] | None = Field(
        default=None, description="Such as {{ record.first }} {{ record.last }}"
    )
    transforms: list[str | dict[str, Any]] = Field(default_factory=list, max_length=20)
    lookup: Lookup | None = Field(default=None, description="The id that the value stands for")
    default: Any = Field(default=None, description="Where the value is missing or empty")

    @field_validator("lookup", mode="before")
    @classmethod
    def _short(cls, given: Any) -> Any:
        return {"kind": given} if isinstance(given, str) else given

    @field_validator("transforms")
    @classmethod
    def _transforms(cls, given: list[str | dict[str, Any]]) -> list[str | dict[str, Any]]:
        check_transforms(given)
        return given

    @field_validator("template")
    @classmethod
    def _parses(cls, given: str | None) -> str | None:
        if given is not None:
            try:
                named = templates.check({"template": given})
            except InvalidRequest as error:
                raise ValueError(error.what) from None
            if others := sorted(named - {"record"}):
                raise ValueError(f"templates know `record` only, not {', '.join(others)[:100]}")
        return given

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        given = self.model_fields_set & {"source", "value", "template"}
        if len(given) != 1 and not (not given and "default" in self.model_fields_set):
            raise ValueError("give one of from, value and template")
        return self
