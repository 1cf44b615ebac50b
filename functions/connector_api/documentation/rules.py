"""Documents /api/integrations/{id}/rules."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from connector_api.documentation.actions import RuleAction
from connector_api.documentation.operation import Body, Family, Operation, Parameter
from connector_api.documentation.rule_examples import EVENT, URGENT, WEBHOOK, WHOLE
from freshbridge.analytics.business_hours import WEEKDAYS
from freshbridge.rules.model import EVENT_TYPES, LONGEST_NAME, MOST_ACTIONS
from freshbridge.rules.options import MOST_RUNS, MOST_RUNS_OF_TICKET

Value = str | int | float | bool | None
_CLOSED = ConfigDict(extra="forbid")


class Operators(BaseModel):
    """What is asked of one field; all of it must hold."""

    model_config = _CLOSED

    eq: Value = Field(default=None, description="Equal; a list is equal to what it holds")
    ne: Value = None
    in_: list[Value] = Field(default=[], alias="in", description="Equal to one of these")
    not_in: list[Value] = []
    gt: str | int | float = Field(
        default=0, description="A number, a date, or a priority's name, as the three that follow"
    )
    gte: str | int | float = 0
    lt: str | int | float = 0
    lte: str | int | float = 0
    contains: str | int | float | bool = Field(
        default="", description="A text has it in it, a list has it"
    )
    matches: str = Field(
        default="", max_length=500, description="A regular expression of Rust's regex crate"
    )
    exists: bool = Field(default=True, description="Whether it is there and not null")
    changed: bool = Field(default=True, description="Whether the event tells of a change of it")
    changed_to: Value | list[Value] = None


class Conditions(BaseModel):
    """A field, its dotted path, and its value, a list of values, or operators; all must hold."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Value | list[Value] | Operators]

    any: list[Conditions] = Field(default=[], min_length=1, description="One must hold")
    all: list[Conditions] = Field(default=[], min_length=1, description="Each must hold")
    not_: Conditions = Field(default=None, alias="not", description="Must not hold")  # type: ignore[assignment]  # it may be left out, but not be null


class Trigger(BaseModel):
    """When the rule runs: on an event whose fields have these values."""

    model_config = _CLOSED

    platform: str = Field(min_length=1)
    event: Literal[EVENT_TYPES]  # type: ignore[valid-type]  # the names are the code's
    conditions: Conditions = Field(default={}, description="With none the rule always runs")  # type: ignore[assignment]  # shown as it is sent


class Schedule(BaseModel):
    """Days and hours; hours that end before they begin go over midnight."""

    model_config = _CLOSED

    days: list[Literal[WEEKDAYS]] = Field(  # type: ignore[valid-type]  # the names are the code's
        default=list(WEEKDAYS[:5]), min_length=1
    )
    from_: str = Field(default="00:00", alias="from", examples=["09:00"])
    to: str = Field(default="24:00", examples=["17:30"])
    time_zone: str = Field(default="UTC", examples=["Europe/Berlin"])
    outside: Literal["skip", "wait"] = "skip"


class RateCap(BaseModel):
    """At most so many runs in each minute or hour of the clock; those above it are skipped."""

    model_config = _CLOSED

    runs: int = Field(ge=1, le=MOST_RUNS)
    per: Literal["minute", "hour"] = "hour"


class LoopGuard(RateCap):
    """The same for one ticket: where an action's own change fires the rule, this ends it."""

    runs: int = Field(ge=1, le=MOST_RUNS_OF_TICKET)


class Options(BaseModel):
    """How a rule runs."""

    enabled: bool = True
    run: Literal["parallel", "ordered"] = Field(
        default="parallel", description="Ordered: each action when the one before has ended"
    )
    on_failure: Literal["stop", "continue"] = Field(
        default="stop", description="What an ordered rule does when an action is given up"
    )
    missing: Literal["error", "empty"] = Field(
        default="error", description="What a template makes of a value that the event lacks"
    )
    enrich: Literal["auto", "always", "never"] = Field(
        default="auto",
        description="When the event's record is fetched: where conditions or templates name what "
        "the event does not carry; whenever the rule may run; or not for this rule",
    )
    schedule: Schedule | None = None
    rate_cap: RateCap | None = None
    loop_guard: LoopGuard | None = Field(default=None, description="10 an hour unless said")


class Named(BaseModel):
    """The name of a rule."""

    name: str = Field(default="", max_length=LONGEST_NAME, description="The event's when not given")


class NewRule(Options, Named):
    """All conditions must hold; then the actions run."""

    trigger: Trigger
    actions: list[RuleAction] = Field(min_length=1, max_length=MOST_ACTIONS)


class ChangedRule(NewRule):
    """A rule anew; what a saved rule has beside may come back with it."""

    rule_id: str | None = None
    version: int | None = Field(default=None, description="Refused unless it is the present one")
    created_at: str | None = None
    updated_at: str | None = None


class RulePatch(Options):
    """Members to be replaced, each whole; null makes an option what it is in a new rule."""

    name: str = ""
    trigger: Trigger = None  # type: ignore[assignment]  # it may be left out, but not be null
    actions: list[RuleAction] = Field(default=[], min_length=1, max_length=MOST_ACTIONS)
    version: int | None = Field(default=None, description="Refused unless it is the present one")


class SavedAction(BaseModel):
    """An action of a rule, as it was saved."""

    platform: str
    action: str
    parameters: dict[str, Any]
    instance_id: int | None = Field(
        default=None, description="The integration that it is for, where it is not the rule's own"
    )
    name: str | None = Field(default=None, description="What later actions call its result")
    delay_s: int | None = Field(default=None, description="Seconds before it begins")


class SavedTrigger(BaseModel):
    """A trigger, as it was saved."""

    platform: str
    event: str
    conditions: dict[str, Any]


class Rule(Options, Named):
    """A rule as it was saved, with its id."""

    rule_id: str
    trigger: SavedTrigger
    actions: list[SavedAction]
    version: int = Field(description="Grows with each save")
    created_at: str = Field(description="Empty in rules from before it was noted")
    updated_at: str


class RuleList(BaseModel):
    """Oldest first."""

    success: Literal[True]
    message: str
    data: list[Rule]
    after: str | None = Field(description="Asks for the next page; null on the last one")


class ForgottenRule(BaseModel):
    """The id of what was deleted."""

    rule_id: str


class Rehearsal(BaseModel):
    """An event, and the rules to try on it: one, one that is saved, or all of the instance."""

    model_config = _CLOSED

    event: dict[str, Any] = Field(
        description="`type` and `ticket` as the event bus has them, or a webhook's body"
    )
    rule: NewRule = Field(default=None, description="A rule that need not be saved")  # type: ignore[assignment]  # it may be left out, but not be null
    rule_id: str = ""


class RefusedParameter(BaseModel):
    """A parameter that the action would refuse."""

    field: str
    message: str
    code: str


class RehearsedAction(BaseModel):
    """An action as it would be queued."""

    platform: str
    action: str
    instance_id: int = Field(description="The integration that it would be run for")
    parameters: dict[str, Any] = Field(description="Filled in, unless it waits for results")
    waits_for_results: bool
    delay_s: int
    not_before: str | None
    refused: list[RefusedParameter]


class WouldFetch(BaseModel):
    """What is fetched before the rule is decided."""

    calls: list[str] = Field(examples=[["GET /api/v2/tickets/1042?include=requester"]])
    for_: list[str] = Field(alias="for", examples=[["ticket.description"]])


class RehearsedRule(BaseModel):
    """What one rule makes of the event."""

    rule_id: str | None
    name: str
    trigger_matched: bool
    conditions_matched: bool
    conditions: dict[str, Any] = Field(
        description="A tree of `all`, `any` and `not`; each part has `held`, each test its "
        "`field`, `operator`, `expected` and `actual`"
    )
    would_run: bool
    code: str | None = Field(description="Why it would not")
    reason: str | None
    would_fetch: WouldFetch | None = Field(
        description="Null where the event carries all that the rule needs, or its known conditions "
        "fail already"
    )
    actions: list[RehearsedAction]


class Rehearsed(BaseModel):
    """The event as rules see it, and what they make of it."""

    event: dict[str, Any]
    rules: list[RehearsedRule]


class RunAction(BaseModel):
    """An action of a run."""

    action_id: str
    platform: str
    action: str
    href: str = Field(description="Where its record is, once it has begun")
    due_at: str | None = None


class Run(BaseModel):
    """What the rule did for one event."""

    run_id: str
    at: str
    state: Literal["running", "done", "stopped", "failed", "skipped"] | None = Field(
        description="Running, done, stopped: how far an ordered rule has come. Failed: a template "
        "could not be filled. Null where all actions were handed over at once: the record of each "
        "tells what became of it"
    )
    code: str | None
    reason: str | None
    event_id: str
    subject: str | None = Field(examples=["ticket 7"])
    rule_version: int
    called_by: str | None = Field(
        description="The action of another rule that asked for it; null: the event did"
    )
    enriched: Literal["fetched", "gone", "refused"] | None = Field(
        description="What became of fetching what the event lacked; null: nothing was fetched"
    )
    enrichment_error: str | None = Field(description="Why the provider would not give it")
    actions: list[RunAction]


class RunPage(BaseModel):
    """Newest first."""

    runs: list[Run]
    after: str | None = Field(description="Asks for the next page; null on the last one")


_PAGE = (
    Parameter("limit", "1 to 200, 100 unless said", {"type": "integer"}),
    Parameter("after", "The `after` of the page before"),
)
_SAVES = (409,)

FAMILY = Family(
    "Rules",
    "What happens when an event has certain values.",
    {
        "create": Operation(
            Rule, 201, body=Body(NewRule, {"Urgent incidents": URGENT, "All options": WHOLE})
        ),
        "list_all": Operation(RuleList, wrapped=False, query=_PAGE),
        "test": Operation(
            Rehearsed,
            body=Body(
                Rehearsal,
                {
                    "A rule and an event": {"rule": URGENT, "event": EVENT},
                    "All rules on a webhook": {"event": WEBHOOK},
                },
            ),
        ),
        "get": Operation(Rule),
        "put": Operation(Rule, body=Body(ChangedRule, {"Anew": URGENT}), refusals=_SAVES),
        "change": Operation(
            Rule,
            body=Body(RulePatch, {"Another cap": {"rate_cap": {"runs": 20, "per": "minute"}}}),
            refusals=_SAVES,
        ),
        "delete": Operation(ForgottenRule),
        "enable": Operation(Rule, refusals=_SAVES),
        "disable": Operation(Rule, refusals=_SAVES),
        "versions": Operation(list[Rule]),
        "version": Operation(Rule),
        "restore": Operation(Rule, refusals=_SAVES),
        "runs": Operation(RunPage, query=_PAGE),
    },
)
