"""Documents the set-up of Freshdesk's webhooks."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from connector_api.documentation.failures import ByHand
from connector_api.documentation.operation import Body, Family, Operation
from freshbridge.webhooks.address import LONGEST
from freshbridge.webhooks.check import DEFAULT_WAIT_S, LONGEST_WAIT_S
from freshbridge.webhooks.choice import BY_WEBHOOK, FROM_SYNC, LAST, POSITIONS

EventName = Literal[(*BY_WEBHOOK, *FROM_SYNC)]  # type: ignore[valid-type]  # the names are the code's
RuleName = Annotated[str, Field(description="created, status, conversations or fields")]


class WebhookSetup(BaseModel):
    """Which events Freshdesk is to tell of."""

    model_config = ConfigDict(extra="forbid")
    events: list[EventName] = Field(
        default=list(BY_WEBHOOK),
        description="Rules for others are removed. Those that no webhook brings come by the sync",
    )
    base_url: str | None = Field(
        default=None,
        max_length=LONGEST,
        description="Where this API is reached, the part before /api; needed behind a domain name "
        "of your own",
    )
    position: Literal[POSITIONS] = Field(  # type: ignore[valid-type]  # the names are the code's
        default=LAST,
        description="Among the account's creation rules. Where only the first that fits runs, "
        "`first` keeps all others from running on new tickets. `last`, where it is given, moves a "
        "rule that is there already behind them",
    )
    dry_run: bool = Field(default=False, description="Show the requests and send none")
    verify: bool = Field(default=False, description="Check with a test ticket afterwards")
    show_secret: bool = Field(
        default=False, description="Show the webhook's secret in requests and instructions"
    )


class WebhookRepair(BaseModel):
    """How to go about it."""

    model_config = ConfigDict(extra="forbid")
    dry_run: bool = Field(default=False, description="Show the requests and send none")


class WebhookCheckRequest(BaseModel):
    """How long to wait, and what this account demands of a ticket."""

    model_config = ConfigDict(extra="forbid")
    wait_s: int = Field(default=DEFAULT_WAIT_S, ge=0, le=LONGEST_WAIT_S, description="Seconds")
    ticket: dict[str, Any] = Field(
        default={}, description="Fields of the test ticket, such as mandatory ones"
    )


class HandMadeRule(BaseModel):
    """A rule that a person made and that calls the webhook; it is left alone."""

    rule_id: int
    name: str


class WebhookProblem(BaseModel):
    """What is wrong with a rule."""

    code: Literal[
        "missing", "disabled", "renamed", "changed", "wrong_url", "old_secret", "wrong_secret",
        "duplicate", "doubled", "not_wanted", "outdated", "position", "shadowed", "wrong_method",
        "narrowed",
    ]  # fmt: skip
    message: str
    repairable: bool = Field(description="Whether POST …/webhooks/repair puts it right")


class CallingRule(HandMadeRule):
    """Such a rule, and what keeps it from standing in for one of this integration's own."""

    problems: list[WebhookProblem]


class InstalledRule(BaseModel):
    """One automation rule, as it is and as it ought to be."""

    rule: RuleName
    events: list[str] = Field(description="Those that it brings; none for one too many")
    automation_type: Literal[1, 4] = Field(description="1 on creation, 4 on updates")
    rule_id: int | None = Field(description="Freshdesk's number; null where it is missing")
    name: str | None
    active: bool | None
    position: int | None
    made_by_hand: list[HandMadeRule] = Field(description="Rules that bring the same events")
    problems: list[WebhookProblem]


class SyncEvent(BaseModel):
    """An event that Freshdesk's automations cannot tell of."""

    event: str
    comes_from: Literal["sync"] = Field(
        description="Sync: while the instance's configuration has event.notification.enabled true "
        "and event.vendor.type polling"
    )
    reason: str


class RuleChange(BaseModel):
    """What this call did."""

    rule: RuleName
    rule_id: int | None
    did: Literal["created", "updated", "deleted"]


class ProviderRequest(BaseModel):
    """A request that would be sent; the secret is masked."""

    method: str
    path: str
    body: dict[str, Any] | None


class CheckedRule(BaseModel):
    """One rule's webhook."""

    rule: RuleName
    arrived: bool
    event_id: str | None
    event: str | None
    took_ms: int | None = Field(description="From the ticket's creation to the router")
    not_tried: str | None = Field(description="Why it could not be set off")


class WebhookCheck(BaseModel):
    """A test ticket, and what has come of it."""

    check_id: str
    state: Literal["arrived", "waiting", "not_arrived"]
    ticket_id: int | None
    ticket_deleted: bool
    rules: list[CheckedRule]
    path: str = Field(description="GET it to see what has come by then")


class Webhooks(BaseModel):
    """What Freshdesk tells this integration, and whether it can."""

    url: str
    events: list[str]
    installed: bool
    healthy: bool
    cascading_rules: bool | None = Field(
        description="Whether all creation rules that fit run; false for only the first"
    )
    rules: list[InstalledRule]
    made_by_hand: list[CallingRule]
    not_by_webhook: list[SyncEvent]
    warnings: list[str]
    changes: list[RuleChange]
    requests: list[ProviderRequest] | None = Field(description="With dry_run")
    by_hand: ByHand | None = Field(description="With dry_run")
    verification: WebhookCheck | None = Field(description="With verify")


class RemovedRule(BaseModel):
    """It is gone from Freshdesk."""

    rule: RuleName
    rule_id: int
    name: str


class RemovedRules(BaseModel):
    """Those that were this integration's own."""

    removed: list[RemovedRule]


class AcceptedWebhooks(BaseModel):
    """Set up; not all of the test ticket's webhooks have come yet."""

    success: Literal[True]
    message: str
    data: Webhooks


class AcceptedCheck(BaseModel):
    """Not all webhooks have come yet."""

    success: Literal[True]
    message: str
    data: WebhookCheck


_REFUSALS = (400, 403, 429, 502)

FAMILY = Family(
    "Webhook set-up",
    "Freshdesk's automation rules that call this stack: one call installs them.",
    {
        "install": Operation(
            Webhooks,
            body=Body(
                WebhookSetup,
                {
                    "Everything, with a test ticket": {"verify": True},
                    "Only what closes": {"events": ["ticket_resolved", "ticket_closed"]},
                    "Show what would be sent": {"dry_run": True},
                },
                required=False,
            ),
            refusals=_REFUSALS,
            accepted=AcceptedWebhooks,
        ),
        "health": Operation(Webhooks, refusals=_REFUSALS),
        "repair": Operation(
            Webhooks,
            body=Body(WebhookRepair, {"Show only": {"dry_run": True}}, required=False),
            refusals=_REFUSALS,
        ),
        "remove": Operation(RemovedRules, refusals=_REFUSALS),
        "remove_one": Operation(RemovedRules, refusals=_REFUSALS),
        "verify": Operation(
            WebhookCheck,
            body=Body(
                WebhookCheckRequest,
                {"A type is mandatory": {"ticket": {"type": "Question"}}},
                required=False,
            ),
            refusals=_REFUSALS,
            accepted=AcceptedCheck,
        ),
        "verification": Operation(WebhookCheck, refusals=_REFUSALS),
    },
)
