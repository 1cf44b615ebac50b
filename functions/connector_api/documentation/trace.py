"""Documents trace logging, on both faces."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from connector_api.documentation.operation import Body, Family, Nothing, Operation, Parameter
from freshbridge.instances.trace import (
    DEFAULT_MINUTES,
    LARGEST_PAGE_SIZE,
    LONGEST_MINUTES,
    PAGE_SIZE,
)


class TraceDuration(BaseModel):
    """How long to keep the instance's calls."""

    model_config = ConfigDict(extra="forbid")
    duration: int = Field(
        default=DEFAULT_MINUTES, ge=1, le=LONGEST_MINUTES, description="In minutes"
    )


class TraceState(BaseModel):
    """Until when tracing is on; null when it is off."""

    trace_until: str | None


class CallRateLimit(BaseModel):
    """What the reply's headers said."""

    total: int | None
    remaining: int | None
    bucket: str


class TracedCall(BaseModel):
    """One call to the provider: what it was and how it went, never what it held."""

    time: str
    method: str
    path: str
    status: int | None
    error: str | None = Field(description="Null when a complete reply came")
    duration_ms: int
    rate_limit: CallRateLimit | None
    request_bytes: int
    reply_bytes: int | None
    function: str
    correlation_id: str | None
    action_id: str | None
    run_id: str | None


class TracePage(TraceState):
    """Calls, newest first."""

    entries: list[TracedCall]
    before: str | None = Field(description="Asks for the next page; null on the last one")


_DURATION = Body(TraceDuration, {"Two hours": {"duration": 120}}, required=False)
_PAGE = (
    Parameter(
        "limit",
        "Calls on a page",
        {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE_SIZE, "default": PAGE_SIZE},
    ),
    Parameter("before", "A time in ISO 8601, or the `before` of the page before"),
)
_TOKEN = ("access_with_token",)

FAMILY = Family(
    "Trace",
    "The calls to an instance's provider, kept for a while.",
    {
        "switch_on": Operation(TraceState, body=_DURATION, refusals=(409,)),
        "switch_off": Operation(TraceState, refusals=(409,)),
        "entries": Operation(TracePage, query=_PAGE),
        "switch_on_instance": Operation(Nothing, wrapped=False, body=_DURATION, refusals=(409,)),
        "switch_off_instance": Operation(Nothing, wrapped=False, refusals=(409,)),
        "switch_on_by_token": Operation(
            Nothing, wrapped=False, body=_DURATION, refusals=(409,), security=_TOKEN
        ),
        "switch_off_by_token": Operation(Nothing, wrapped=False, refusals=(409,), security=_TOKEN),
    },
)
