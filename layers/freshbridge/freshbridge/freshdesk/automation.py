"""Automation rules as the API has them. Pure: values only.

Facts: https://developers.freshdesk.com/api/#automations
"""

from dataclasses import dataclass
from enum import IntEnum

from freshbridge.freshdesk.paging import Record


class AutomationType(IntEnum):
    """When the rules of a list run; the number is part of their path."""

    CREATION = 1
    HOURLY = 3
    UPDATE = 4


@dataclass(frozen=True, slots=True)
class AutomationRules:
    """All rules of one type, in the order in which they run.

    `cascading` is False where only the first rule that fits a ticket runs, and None where the
    reply does not tell.
    """

    rules: tuple[Record, ...]
    cascading: bool | None
