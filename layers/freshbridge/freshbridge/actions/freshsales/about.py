"""Parameters of what is about another record: tasks, appointments, notes, sales activities.

Source: https://developers.freshworks.com/crm/api/#tasks
"""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from freshbridge.actions.action import Parameters
from freshbridge.actions.freshsales.parameters import PerPage, RecordId, TargetableType


class AboutOrNothing(Parameters):
    """The record that something is about; both are given, or neither."""

    targetable_type: TargetableType | None = Field(default=None, description="What it is about")
    targetable_id: RecordId | None = Field(default=None, description="That record's id")

    @model_validator(mode="after")
    def _both(self) -> Self:
        if (self.targetable_type is None) != (self.targetable_id is None):
            raise ValueError("give targetable_type and targetable_id together")
        return self


class Finding(AboutOrNothing):
    """Base of the lists that can be asked for those about one record."""

    page: int = Field(default=1, ge=1, le=100_000, description="From 1")
    per_page: PerPage = 25
