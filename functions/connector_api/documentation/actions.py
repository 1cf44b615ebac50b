"""Documents the routes of actions, and gives every action as a part of other bodies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, Union

from pydantic import BaseModel, ConfigDict, Field, create_model

from connector_api.documentation.operation import Body, Family, Operation, Parameter
from freshbridge.actions.action import Action
from freshbridge.actions.catalogue import CATALOGUE

Template = Annotated[
    str, Field(pattern=r"\{[{%]", description="A template", examples=["{{ ticket.id }}"])
]
_OF_RULES: dict[str, Any] = {
    "name": (str, Field("", description="What later actions' templates call its result")),
    "delay_s": (int, Field(0, ge=0, le=43_200, description="Seconds before it begins")),
    "instance_id": (
        int | str | None,
        Field(
            None,
            description="The integration that it is for. Left out, an action of the rule's own "
            "platform is for the rule's own, one of another platform for the only enabled "
            "integration of that platform, which is then written here",
        ),
    ),
}


def _in_rule(action: Action) -> type[BaseModel]:
    """The action as a rule has it: each parameter may be a template instead."""
    fields: dict[str, Any] = {}
    for name, info in action.parameters.model_fields.items():
        plain: Any = info.annotation
        for limit in info.metadata:
            plain = Annotated[plain, limit]
        default = ... if info.is_required() else info.get_default(call_default_factory=True)
        fields[name] = (
            plain | Template,
            Field(default, description=info.description, alias=info.alias),
        )
    parameters = create_model(
        f"{action.parameters.__name__}Parameters",
        __config__=ConfigDict(extra="forbid"),
        __doc__=action.description,
        **fields,
    )
    return _named(action, "InRule", parameters, optional_platform=False, **_OF_RULES)


def _named(
    action: Action,
    ending: str,
    parameters: type[BaseModel],
    *,
    optional_platform: bool,
    **more: Any,
) -> type[BaseModel]:
    named: Any = {
        "platform": action.platform,
        "action": action.name,
        "parameters": dict(action.example),
    }
    platform: Any = Literal[action.platform]
    return create_model(
        f"{action.parameters.__name__}{ending}",
        __config__=ConfigDict(extra="forbid", json_schema_extra={"examples": [named]}),
        __doc__=action.description,
        platform=(platform, action.platform if optional_platform else ...),
        action=Literal[action.name],
        parameters=parameters,
        **more,
    )


def _by_platform(model: Callable[[Action], type[BaseModel]]) -> list[Any]:
    """A choice among a platform's actions by their names, for each platform: names may recur."""
    platforms = dict.fromkeys(action.platform for action in CATALOGUE)
    return [
        _by_name([model(action) for action in CATALOGUE if action.platform == platform])
        for platform in platforms
    ]


def _by_name(models: list[type[BaseModel]]) -> Any:
    if len(models) == 1:
        return models[0]
    made: Any = Union[tuple(models)]  # noqa: UP007 - made from a list
    return Annotated[made, Field(discriminator="action")]


RuleAction: Any = Annotated[
    Union[tuple(_by_platform(_in_rule))],  # noqa: UP007 - made from a list
    Field(discriminator="platform"),
]
# Without a platform an action is one of the instance's own, so that several may be meant.
NewAction: Any = Union[  # noqa: UP007 - made from a list
    tuple(
        _by_platform(
            lambda action: _named(action, "Request", action.parameters, optional_platform=True)
        )
    )
]


class CatalogueEntry(BaseModel):
    """An action with the JSON Schema of its parameters."""

    platform: str
    action: str
    description: str
    parameters: dict[str, Any] = Field(description="JSON Schema")
    example: dict[str, Any] = Field(description="Parameters that are accepted as they are")
    effect: Literal["read", "set", "add"] = Field(
        description="read changes nothing, set leaves the same state when repeated, add makes more"
    )
    safe_to_repeat: bool = Field(description="Whether it may be sent twice without a key")
    credits: int = Field(description="Calls of the provider's rate limit that it mostly costs")
    credits_note: str = Field(description="When it costs more")
    in_background: bool = Field(description="Always answered with 202")


class ActionSummary(BaseModel):
    """An action that was asked for."""

    action_id: str
    instance_id: int | str
    platform: str
    action: str
    state: Literal["queued", "waiting", "running", "succeeded", "failed", "dead"]
    submitted_at: str = Field(examples=["2026-03-03T12:02:40Z"])
    origin: dict[str, Any] = Field(description="Who asked: the API, a rule, a batch, your code")
    started_at: str | None = None
    finished_at: str | None = None
    waiting_until: str | None = Field(default=None, description="When it is tried again")
    code: str | None = Field(default=None, description="Why it failed or waits")
    message: str | None = None


class AttemptView(BaseModel):
    """One try."""

    started_at: str
    ended_at: str
    status: Literal["succeeded", "waiting", "failed", "dead"]
    code: str | None = None
    reason: str | None = None
    next_at: str | None = None


class RefusedField(BaseModel):
    """A parameter that was refused."""

    field: str
    message: str
    code: str


class ActionView(ActionSummary):
    """An action with all that is known of it."""

    parameters: dict[str, Any]
    attempts: list[AttemptView]
    unsure_since: str | None = Field(
        default=None, description="Since then it may have had its effect, and nobody knows"
    )
    dead_letter_id: str | None = Field(
        default=None, description="Where its message waits to be sent back, or was"
    )
    fields: list[RefusedField] | None = None
    data: dict[str, Any] | None = Field(default=None, description="The result")
    cached: bool | None = None
    age_s: int | None = None


class ActionPage(BaseModel):
    """Newest first."""

    actions: list[ActionSummary]
    after: str | None = Field(description="Asks for the next page; null on the last one")


class ActionAnswer(BaseModel):
    """What the provider did."""

    success: Literal[True]
    message: str = Field(examples=["Ticket created"])
    data: dict[str, Any] = Field(
        examples=[
            {"ticket_id": 12345, "ticket_url": "https://company.freshdesk.com/a/tickets/12345"}
        ]
    )
    cached: bool = Field(description="Whether the answer was kept from an earlier call")
    age_s: int = Field(description="Seconds since the provider gave it")
    action_id: str


class ActionAccepted(BaseModel):
    """It goes on by itself."""

    success: Literal[True]
    message: str
    data: ActionSummary
    action_id: str


_HEADERS = (
    Parameter("Prefer", "respond-async, handling=strict, or both", place="header"),
    Parameter(
        "Idempotency-Key",
        "A text of your own for this request; sent again, it gives the first one's result",
        place="header",
    ),
)
FAMILY = Family(
    "Actions",
    "What can be done at a provider, and what was done.",
    {
        "list_all": Operation(list[CatalogueEntry]),
        "run": Operation(
            ActionAnswer,
            wrapped=False,
            accepted=ActionAccepted,
            body=Body(
                NewAction,
                {
                    f"{action.platform}.{action.name}": {
                        "action": action.name,
                        "parameters": dict(action.example),
                    }
                    for action in CATALOGUE
                },
            ),
            query=_HEADERS,
            refusals=(403, 409, 429, 502, 503),
            headers={
                "Location": "Where the action's state can be read",
                "Idempotent-Replayed": "true when the result is that of an earlier request",
            },
        ),
        "of_instance": Operation(
            ActionPage,
            query=(
                Parameter("state", "Only actions in this state"),
                Parameter("limit", "1 to 200, 50 unless said", {"type": "integer"}),
                Parameter("after", "The `after` of the page before"),
            ),
        ),
        "get": Operation(ActionView),
    },
)
