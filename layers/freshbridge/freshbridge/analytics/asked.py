"""What a report is asked for, and what it is made with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING

from freshbridge.analytics.report import Dimension
from freshbridge.errors import InvalidRequest

if TYPE_CHECKING:
    from freshbridge.actions.context import Cached
    from freshbridge.analytics.page_store import Pages
    from freshbridge.analytics.synced import SyncedTickets
    from freshbridge.freshdesk.client import FreshdeskClient


class LakeNotUsable(InvalidRequest):
    """The synced data was asked for and does not cover the period."""

    code = "lake_not_usable"
    default_advice = "Ask with source auto or live, or wait for the sync."


@dataclass(frozen=True)
class Asked:
    """What a report is asked for; `rows` limits the rows of a dimension to these keys."""

    start: date | datetime
    end: date | datetime
    by: tuple[Dimension, ...]
    zone: str = "UTC"
    business_hours: bool = False
    source: str = "auto"
    max_credits: int = 2000
    dry_run: bool = False
    rows: Mapping[Dimension, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Desk:
    """The account that a report is about, and what it is made with.

    `synced` is None where the stack keeps no lake. `reference` gives an account's slow data.
    """

    client: FreshdeskClient
    instance_id: str
    pages: Pages
    synced: SyncedTickets | None
    reference: Callable[[str], Cached]
    clock: Callable[[], datetime]


@dataclass(frozen=True)
class Waiting:
    """The report is not all there yet; run it again in so many seconds."""

    after_s: int
