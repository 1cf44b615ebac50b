"""Documents kept events and their replay, on both faces."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from connector_api.documentation.actions import AttemptView
from connector_api.documentation.dead_letters import DeadLetterSummary
from connector_api.documentation.operation import Body, Family, Operation, Parameter
from freshbridge.event_log import elements_view
from freshbridge.event_log.entry import Outcome, State
from freshbridge.event_log.replay_request import MOST_RULES
from freshbridge.events.normalised import EVENT_TYPES

StateName = Literal["queued", "routing", "waiting", "routed", "duplicate", "parked"]
OutcomeName = Literal["failed", "acted", "skipped", "unmatched", "instance_disabled"]
_CLOSED = ConfigDict(extra="forbid")


class EventSummary(BaseModel):
    """An event as a list shows it."""

    id: str
    platform: str
    state: StateName = Field(
        description="queued: its replay was asked for; routing: taken in; waiting: put off; "
        "routed: done; duplicate: a delivery come twice, nothing ran; parked: a dead letter"
    )
    source: str = Field(description="webhook, or sync for what a scheduled sync found changed")
    received_at: str
    late: bool = Field(description="Something that happened after it came before it")
    recovered: bool = Field(description="Its body was broken and had to be mended")
    actions: int = Field(description="How many actions its rules ask for")
    type: str | None = Field(description="Null where it could not be read")
    outcome: OutcomeName | None = Field(
        description="What its rules made of it: one failed, one acted, all were skipped, none "
        "matched, or nobody was asked for the instance was disabled; null while it is not done"
    )
    subject: str | None = Field(examples=["ticket 7"])
    occurred_at: str | None
    routed_at: str | None
    repeat_of: str | None = Field(description="The earlier event with the very same content")
    duplicate_of: str | None = Field(description="The event that this delivery only repeats")
    replay_of: str | None = Field(description="The event that was routed again as this one")
    replayed_at: str | None = Field(description="When it was routed again last")
    code: str | None = Field(description="Why it waits or is parked")
    message: str | None


class EventPage(BaseModel):
    """Newest first."""

    events: list[EventSummary]
    after: str | None = Field(description="Asks for the next page; null on the last one")


class Received(BaseModel):
    """How and when it came."""

    at: str
    source: str
    content_type: str | None
    size: int = Field(description="Characters of its body")
    recovered: bool
    late: bool
    repeat_of: str | None
    duplicate_of: str | None
    replay_of: str | None
    replay_job: str | None = Field(description="The replay of many that it belongs to")
    only_rules: list[str] = Field(description="The only rules that this replay runs; [] for all")
    replays: list[str] = Field(description="The events as which it was routed again, up to 100")


class TrailAction(BaseModel):
    """One action of a rule, as it stands now."""

    action_id: str
    platform: str
    action: str
    href: str
    due_at: str | None = Field(description="When it may begin, where its rule puts it off")
    state: Literal["queued", "waiting", "running", "succeeded", "failed", "dead"] | None = Field(
        description="Null while nothing has begun: its message is on its way"
    )
    code: str | None
    message: str | None
    started_at: str | None
    finished_at: str | None
    attempts: list[AttemptView]
    result: dict[str, Any] | None
    result_too_large: bool = Field(description="True where only its own page has the result")
    dead_letter: str | None


class TrailRun(BaseModel):
    """What one rule made of the event."""

    run_id: str
    rule_id: str
    rule_name: str | None
    rule_version: int
    called_by: str | None = Field(description="The action that ran this rule, if the event did not")
    outcome: Literal["ran", "skipped", "failed"]
    state: str | None = Field(description="How far an ordered rule has come")
    code: str | None = Field(description="Why it did not run, or stopped")
    reason: str | None
    actions: list[TrailAction]


class TrailEnrichment(BaseModel):
    """What became of fetching what the event did not carry."""

    state: str = Field(examples=["fetched", "gone", "refused"])
    at: str | None
    error: str | None


class TrailRules(BaseModel):
    """Rules whose conditions the event met; the others were considered, too."""

    considered: int
    routed_at: str | None
    runs: list[TrailRun]


class TrailBus(BaseModel):
    """The EventBridge bus."""

    published_at: str | None


class TrailOutgoing(BaseModel):
    """Who was told."""

    bus: TrailBus
    callbacks: list[dict[str, Any]] = Field(
        description="A delivery for each callback URL, as in Open Connectors' deliveries; empty "
        "while no notification has been made of it"
    )


class EventContent(BaseModel):
    """What it says, or where to download that."""

    body: str | None = Field(default=None, description="As the provider sent it")
    event: dict[str, Any] | None = Field(
        default=None, description="As rules and subscribers see it"
    )
    too_large: bool | None = None
    url: str | None = None
    expires_in_s: int | None = None


class EventTrail(EventSummary):
    """One event and its whole trail."""

    received: Received
    enrichment: TrailEnrichment | None = Field(description="Null where nothing was fetched")
    rules: TrailRules
    outgoing: TrailOutgoing
    dead_letters: list[DeadLetterSummary]
    content: EventContent | None = Field(description="Null where it is not kept any more, or yet")


class EventReplay(BaseModel):
    """How one event is routed again; nothing to run every rule and tell every subscriber."""

    model_config = _CLOSED
    rules: list[str] | None = Field(
        default=None,
        min_length=1,
        max_length=MOST_RULES,
        description="Run only these, and tell no subscriber",
    )


class WindowReplay(EventReplay):
    """Which events are routed again."""

    from_: str = Field(alias="from", description="ISO 8601, included")
    to: str | None = Field(default=None, description="ISO 8601, included; until now unless said")
    type: Literal[EVENT_TYPES] | None = None  # type: ignore[valid-type]  # the names are the code's
    subject: str | int | None = Field(default=None, examples=["ticket 7"])
    state: Literal["routed", "parked"] | None = None
    outcome: OutcomeName | None = None
    dry_run: bool = Field(default=False, description="Count them and do nothing")


class ReplayCount(BaseModel):
    """What a replay would take."""

    total: int
    complete: bool = Field(description="False where there were too many to count in the time")
    by_type: dict[str, int]
    oldest: str | None
    newest: str | None


class ReplayFilter(BaseModel):
    """What was asked for."""

    type: str | None = None
    subject: str | None = None
    state: str | None = None
    outcome: str | None = None
    from_: str = Field(alias="from")
    to: str


class ReplayProgress(BaseModel):
    """A replay of many events."""

    replay_id: str
    state: Literal["running", "finished", "cancelled"]
    filter: ReplayFilter
    rules: list[str]
    done: int = Field(description="Events queued again")
    skipped: int = Field(description="Events left: replays, duplicates, what is not done yet")
    by_type: dict[str, int]
    reached: str | None = Field(description="When the last event came that was looked at")
    created_at: str
    finished_at: str | None


class ReplayAnswer(BaseModel):
    """It goes on by itself; GET it to see how far it is."""

    success: Literal[True]
    message: str
    data: ReplayProgress


class ElementsInstance(BaseModel):
    """Whose event it is."""

    elementInstanceId: int | str  # noqa: N815 - Open Connectors' name


class ElementsEvent(BaseModel):
    """An event in Open Connectors' words."""

    id: str
    eventDate: str  # noqa: N815 - as above
    status: Literal["NEW", "RECEIVED", "DISPATCHED", "CONSUMED", "NOTIFIED"]
    providerData: str = Field(description="Its body as the provider sent it")  # noqa: N815 - as above
    notifiedData: list[str]  # noqa: N815 - as above
    eventElementInstances: list[ElementsInstance]  # noqa: N815 - as above


_FILTER = (
    Parameter("type", "Only of this type", {"enum": list(EVENT_TYPES)}),
    Parameter("subject", "Only about this record: `ticket 7`, `contact 9`; `7` for a ticket"),
    Parameter("state", "Only in this state", {"enum": [state.value for state in State]}),
    Parameter(
        "outcome",
        "Only those of which rules made this",
        {"enum": [outcome.value for outcome in Outcome]},
    ),
    Parameter("from", "Only received at this ISO 8601 time or later"),
    Parameter("to", "Only received at this ISO 8601 time or earlier"),
    Parameter("limit", "1 to 200, 50 unless said", {"type": "integer"}),
    Parameter("after", "The `after` of the page before"),
)
_KEY = Parameter("Idempotency-Key", "Sent again with its key it does nothing", place="header")
_PAGE = (
    Parameter(
        "pageSize",
        "Events on a page",
        {
            "type": "integer",
            "minimum": 1,
            "maximum": elements_view.LARGEST_PAGE_SIZE,
            "default": elements_view.PAGE_SIZE,
        },
    ),
    Parameter("nextPage", "The answer before gave it as Elements-Next-Page-Token"),
)
_HEADERS = {
    "Elements-Returned-Count": "Events on this page",
    "Elements-Next-Page-Token": "For `nextPage`; not there on the last page",
    "Elements-Error": "How many events are too large to have their providerData in a list",
}
_TOKEN = ("access_with_token",)
_LIST = Operation(
    list[ElementsEvent], wrapped=False, query=_PAGE, headers=_HEADERS, refusals=(502,)
)

FAMILY = Family(
    "Events",
    "What came in and what became of it; routing it once more.",
    {
        "page": Operation(EventPage, query=_FILTER),
        "get": Operation(EventTrail, refusals=(502,)),
        "replay": Operation(
            EventSummary,
            status=202,
            query=(_KEY,),
            body=Body(
                EventReplay,
                {"As it comes": {}, "One rule only": {"rules": ["rul_01a201ccdc5e39"]}},
                required=False,
            ),
            refusals=(409,),
        ),
        "replay_many": Operation(
            ReplayCount,
            accepted=ReplayAnswer,
            query=(_KEY,),
            body=Body(
                WindowReplay,
                {
                    "Count first": {"from": "2026-03-03T12:00:00Z", "dry_run": True},
                    "One type": {
                        "from": "2026-03-03T12:00:00Z",
                        "to": "2026-03-03T13:00:00Z",
                        "type": "ticket_created",
                    },
                },
            ),
            refusals=(409,),
        ),
        "replayed": Operation(ReplayProgress),
        "cancel": Operation(ReplayProgress, refusals=(409, 502)),
        "list_of_instance": _LIST,
        "list_by_token": Operation(
            list[ElementsEvent],
            wrapped=False,
            query=_PAGE,
            headers=_HEADERS,
            refusals=(502,),
            security=_TOKEN,
        ),
        "get_of_instance": Operation(ElementsEvent, wrapped=False, refusals=(502,)),
        "get_by_token": Operation(ElementsEvent, wrapped=False, refusals=(502,), security=_TOKEN),
    },
)
