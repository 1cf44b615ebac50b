"""Freshdesk's figures over a period: by agent, by group, by what tickets are, by day.

Freshdesk's API has no report to ask for; these are calculated from tickets, time entries and survey
answers. Source: https://developers.freshdesk.com/api/#list_all_tickets
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from freshbridge.actions.action import Action, Effect, Outcome, Parameters, Unfinished
from freshbridge.analytics.asked import Asked, Desk, Waiting
from freshbridge.analytics.period import period, read_moment
from freshbridge.analytics.report import Dimension
from freshbridge.analytics.run import ReportRun
from freshbridge.analytics.time_zones import time_zone
from freshbridge.errors import InvalidRequest

if TYPE_CHECKING:
    from freshbridge.actions.context import Context

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_NOTE = (
    "3 credits for each 99 tickets updated since the period began, 1 for each 30 open tickets not "
    "updated since, 1 for each 100 time entries and survey answers; dry_run tells how many."
)


def _moment(value: object) -> date | datetime:
    try:
        if isinstance(value, str):
            kind = date if _DAY.fullmatch(value) else datetime
            moment = kind.fromisoformat(value)
            # No account is older, and no zone's offset leads outside of what a time can be.
            if 1970 < moment.year < 9999:
                return moment
    except ValueError:
        # The standard library's sentence quotes what was given.
        pass
    raise ValueError("give a day such as 2026-03-01, or a time such as 2026-03-01T08:00:00Z")


Moment = Annotated[date | datetime, BeforeValidator(_moment, json_schema_input_type=str)]
Ids = Annotated[list[int], Field(min_length=1, max_length=500)]


class Report(Parameters):
    """What every report is asked with."""

    start: Moment = Field(
        alias="from", description="First day, or an ISO 8601 time; a day begins in time_zone"
    )
    end: Moment = Field(
        alias="to", description="The day or time that is not included any more; at most 366 days on"
    )
    time_zone: str = Field(
        default="UTC",
        max_length=64,
        description="IANA name such as Europe/Berlin, or Freshdesk's own such as London",
    )
    business_hours: bool = Field(
        default=False,
        description="Count first response and resolution time in the account's business hours",
    )
    source: Literal["auto", "live", "lake"] = Field(
        default="auto",
        description="auto takes the synced tickets where they cover the period, else live ones",
    )
    max_credits: int = Field(
        default=2000, ge=10, le=1_000_000, description="Refuse to use more of the rate limit"
    )
    dry_run: bool = Field(default=False, description="Only estimate what the report would cost")

    @model_validator(mode="after")
    def _asks_for_a_period(self) -> Report:
        try:
            zone = time_zone(self.time_zone)
            period(self.start, self.end, zone=zone, now=read_moment(self.end, zone))
        except InvalidRequest as error:
            # Pydantic collects it with what else is wrong.
            raise ValueError(f"{error.what}. {error.advice}") from None
        return self


class AgentPerformance(Report):
    """Report each agent's volume, backlog, response and resolution time, SLA, CSAT and time."""

    agent_ids: Ids | None = Field(default=None, description="Only these agents; all by default")
    by: list[Dimension] = Field(default=[], description="Further tables, of the whole account")


class GroupStatistics(Report):
    """Report each group's volume, backlog, response and resolution time, SLA, CSAT and time."""

    group_ids: Ids | None = Field(default=None, description="Only these groups; all by default")
    by: list[Dimension] = Field(default=[], description="Further tables, of the whole account")


class TicketMetrics(Report):
    """Report volume, backlog, response and resolution time, SLA, reopenings, CSAT and time.

    For the whole account, and split by priority, type, source and day or by what `by` names.
    """

    by: list[Dimension] = Field(
        default=[Dimension.PRIORITY, Dimension.TYPE, Dimension.SOURCE, Dimension.DAY],
        description="The tables to make",
    )


def agent_performance(context: Context, parameters: AgentPerformance) -> Outcome:
    """The figures of each agent."""
    return _report(context, parameters, [Dimension.AGENT, *parameters.by], parameters.agent_ids)


def group_statistics(context: Context, parameters: GroupStatistics) -> Outcome:
    """The figures of each group."""
    return _report(context, parameters, [Dimension.GROUP, *parameters.by], parameters.group_ids)


def ticket_metrics(context: Context, parameters: TicketMetrics) -> Outcome:
    """The figures of the account."""
    return _report(context, parameters, parameters.by, None)


def _report(
    context: Context, parameters: Report, by: list[Dimension], ids: list[int] | None
) -> Outcome:
    """Run the report on.

    Raises:
        Unfinished: it takes more runs.
        Busy: another execution is at the same report.
        Whatever ReportRun raises.
    """
    asked = Asked(
        start=parameters.start,
        end=parameters.end,
        by=tuple(dict.fromkeys(by)),
        zone=parameters.time_zone,
        business_hours=parameters.business_hours,
        source=parameters.source,
        max_credits=parameters.max_credits,
        dry_run=parameters.dry_run,
        rows={by[0]: tuple(dict.fromkeys(ids))} if ids else {},
    )
    desk = Desk(
        context.client,
        context.instance.instance_id,
        context.services.report_pages,
        context.services.synced,
        context.reference,
        context.clock,
    )
    report_id = context.request.action_id
    # A message that came twice would pay for every page twice.
    with context.services.locks.hold(f"report/{report_id}"):
        answer = ReportRun(desk, report_id, asked).go()
    if isinstance(answer, Waiting):
        raise Unfinished(answer.after_s)
    return Outcome(answer)


_PERIOD = {"from": "2026-03-01", "to": "2026-04-01", "time_zone": "Europe/Berlin"}
ACTIONS = (
    Action(
        "freshdesk",
        "agent_performance",
        AgentPerformance,
        agent_performance,
        Effect.READ,
        {**_PERIOD, "agent_ids": [88001202520]},
        credits=10,
        credits_note=_NOTE,
        in_background=True,
    ),
    Action(
        "freshdesk",
        "group_statistics",
        GroupStatistics,
        group_statistics,
        Effect.READ,
        {**_PERIOD, "business_hours": True},
        credits=10,
        credits_note=_NOTE,
        in_background=True,
    ),
    Action(
        "freshdesk",
        "ticket_metrics",
        TicketMetrics,
        ticket_metrics,
        Effect.READ,
        {**_PERIOD, "by": ["priority", "day"], "dry_run": True},
        credits=10,
        credits_note=_NOTE,
        in_background=True,
    ),
)
