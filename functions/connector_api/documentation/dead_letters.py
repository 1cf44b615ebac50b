"""Documents the routes of dead letters."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, with_config
from typing_extensions import TypedDict  # pydantic takes no other before Python 3.12

from connector_api.documentation.actions import AttemptView, RefusedField
from connector_api.documentation.operation import Body, Family, Operation, Parameter
from freshbridge.dead_letters.filters import ALL
from freshbridge.dead_letters.letter import State
from freshbridge.dead_letters.subject import Queue

_Given = Annotated[str, Field(min_length=1)]
QueueName = Literal["events", "actions", "sync", "callbacks", "customers"]
StateName = Literal["parked", "returning", "redriven", "resolved", "discarded"]


class DeadLetterSummary(BaseModel):
    """A message that could not be done; what does not apply to its queue is left out."""

    id: str
    queue: QueueName
    state: StateName = Field(
        description="parked: waits; returning: sent back; redriven: runs; resolved: done after all"
    )
    code: str = Field(examples=["not_found", "exhausted_throttled", "moved_by_queue"])
    message: str = Field(description="Why, and what to do about it")
    instance_id: int | str | None = None
    platform: str | None = None
    action: str | None = None
    action_id: str | None = None
    event_id: str | None = None
    run_id: str | None = None
    object: str | None = None
    origin: dict[str, Any] = Field(
        description="Who asked: the API, a rule, a batch, your code; of a callback, what it repeats"
    )
    attempts: int = Field(description="Deliveries until it was parked last")
    parked_by: str = Field(description="The function that parked it; `queue` for Amazon SQS itself")
    round: int = Field(description="How often it has been parked")
    first_sent_at: str
    first_parked_at: str
    parked_at: str
    automatic_returns: int = Field(description="Since a person last sent it back; four at most")
    returns_at: str | None = Field(default=None, description="When it comes back by itself")


class ProviderAnswer(BaseModel):
    """What the provider said; e-mail addresses are masked."""

    status: int
    where: str | None = Field(default=None, description="The verb and path that were called")
    code: str | None = None
    message: str | None = None
    request_id: str | None = Field(default=None, description="What its support asks for")


class HistoryEntry(BaseModel):
    """One thing that happened."""

    at: str
    what: str = Field(
        examples=["parked", "edited", "redriven", "returned", "parked again", "resolved"]
    )
    by: str | None = Field(default=None, examples=["user 1", "automatic", "action_executor"])
    note: str | None = None


class DeadLetterView(DeadLetterSummary):
    """All that is known of a dead letter."""

    body: dict[str, Any] | None = Field(
        description='The message; `{"text"}` when it is no JSON object, null when it is gone'
    )
    parameters: dict[str, Any] | None = Field(description="An action's")
    original_parameters: dict[str, Any] | None = Field(
        description="Those from before the first edit; null where there was none, or they are gone"
    )
    event_ids: list[str] | None = Field(
        description="A callback's: the events that it tells of, as far as they are known still"
    )
    idempotency_key: str | None
    provider: ProviderAnswer | None
    fields: list[RefusedField] = Field(description="The parameters that were refused")
    advice: str | None
    history: list[HistoryEntry] = Field(description="Of every round, the first first")
    attempted: list[AttemptView] | None = Field(
        description="The attempts of the action's record, as long as there is one"
    )


class RehearsedRedrive(DeadLetterSummary):
    """What would be sent."""

    body: dict[str, Any] | None


class DeadLetterPage(BaseModel):
    """Newest first."""

    dead_letters: list[DeadLetterSummary]
    after: str | None = Field(description="Asks for the next page; null on the last one")


class DeadLetterCensus(BaseModel):
    """Counts by queue, and by code in each."""

    total: int
    complete: bool = Field(description="False where there were too many to count: the newest are")
    queues: dict[str, dict[str, int]] = Field(examples=[{"actions": {"not_found": 3}}])
    oldest_parked_at: str | None


@with_config(ConfigDict(extra="forbid"))
class DeadLetterFilter(TypedDict, total=False):
    """Which letters are meant: every name that is given has to fit, and none may be empty."""

    queue: QueueName
    code: _Given
    instance_id: int | _Given
    action: _Given
    origin: Annotated[_Given, Field(description="The type of the origin: api, rule, …")]
    parked_from: Annotated[_Given, Field(description="ISO 8601, included")]
    parked_to: Annotated[_Given, Field(description="ISO 8601, included; not before parked_from")]
    text: Annotated[_Given, Field(description="A part of the message that says why")]
    state: Literal["parked"]


class Redrive(BaseModel):
    """How one letter is sent back; nothing to send it as it is."""

    model_config = ConfigDict(extra="forbid")

    parameters: dict[str, Any] | None = Field(
        default=None, description="Merged over the action's parameters, name by name"
    )
    replace: bool = Field(default=False, description="The parameters given replace all of them")
    instance_id: int | str | None = Field(default=None, description="Run it for this one instead")
    dry_run: bool = Field(default=False, description="Check it and send nothing")


class RedriveMany(BaseModel):
    """Which letters are sent back."""

    model_config = ConfigDict(extra="forbid")

    filter: DeadLetterFilter
    limit: int | None = Field(default=None, ge=1, description="No more than this many")
    dry_run: bool = Field(default=False, description="Count up to `limit` and change none")


class Discard(BaseModel):
    """Why a letter is given up."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=500)


class DiscardMany(RedriveMany):
    """Which letters are given up, and why."""

    reason: str = Field(min_length=1, max_length=500)


class DeadLetterJob(BaseModel):
    """A redrive or a discard by filter."""

    job_id: str
    kind: Literal["redrive", "discard"]
    state: Literal["running", "finished"]
    filter: DeadLetterFilter
    limit: int | None
    done: int = Field(description="Letters sent back, or given up")
    skipped: int = Field(description="Letters that somebody else had dealt with")
    by_code: dict[str, int] = Field(description="Those done, by code")
    created_at: str
    finished_at: str | None


class DeadLetterSummaryAnswer(BaseModel):
    """It is on its way; its history tells what becomes of it."""

    success: Literal[True]
    message: str
    data: DeadLetterSummary


class DeadLetterJobAnswer(BaseModel):
    """A part is done, and the rest goes on by itself."""

    success: Literal[True]
    message: str
    data: DeadLetterJob


_FILTER = (
    Parameter("queue", "Only of this queue", {"enum": [queue.value for queue in Queue]}),
    Parameter(
        "state",
        "Only in this state; parked unless said, `all` for every one",
        {"enum": [*(state.value for state in State), ALL]},
    ),
    Parameter("code", "Only with this code"),
    Parameter("instance_id", "Only of this instance"),
    Parameter("action", "Only of this action, by its name"),
    Parameter("origin", "Only of this type of origin: api, rule, batch, …"),
    Parameter("parked_from", "Only parked at this ISO 8601 time or later"),
    Parameter("parked_to", "Only parked at this ISO 8601 time or earlier"),
    Parameter("text", "Only with this text in the message that says why"),
)

FAMILY = Family(
    "Dead letters",
    "Messages that could not be done: why, what became of them, sending them back.",
    {
        "page": Operation(
            DeadLetterPage,
            query=(
                *_FILTER,
                Parameter("limit", "1 to 200, 50 unless said", {"type": "integer"}),
                Parameter("after", "The `after` of the page before"),
            ),
        ),
        "count": Operation(DeadLetterCensus, query=_FILTER),
        "job": Operation(DeadLetterJob),
        "get": Operation(DeadLetterView),
        "redrive": Operation(
            # A dry run answers 200 with what would be sent; the redrive itself is accepted.
            RehearsedRedrive,
            accepted=DeadLetterSummaryAnswer,
            body=Body(
                Redrive,
                {
                    "As it is": {},
                    "With another ticket": {"parameters": {"ticket_id": 12345}},
                    "Look first": {"dry_run": True},
                },
                required=False,
            ),
            refusals=(409, 502),
        ),
        "discard": Operation(
            DeadLetterSummary,
            body=Body(Discard, {"Give up": {"reason": "the customer has left"}}),
            refusals=(409, 502),
        ),
        "restore": Operation(DeadLetterSummary, refusals=(409, 502)),
        "redrive_many": Operation(
            DeadLetterJob | DeadLetterCensus,
            accepted=DeadLetterJobAnswer,
            body=Body(
                RedriveMany,
                {
                    "All of one code": {"filter": {"code": "not_found"}, "limit": 100},
                    "Count first": {"filter": {"queue": "actions"}, "dry_run": True},
                },
            ),
            refusals=(502,),
        ),
        "discard_many": Operation(
            DeadLetterJob | DeadLetterCensus,
            accepted=DeadLetterJobAnswer,
            body=Body(
                DiscardMany,
                {
                    "An instance that is gone": {
                        "filter": {"code": "unknown_instance"},
                        "reason": "the account was closed",
                    }
                },
            ),
            refusals=(502,),
        ),
    },
)
