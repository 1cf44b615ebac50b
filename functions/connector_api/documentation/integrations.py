"""Documents /api/integrations."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Union

from pydantic import BaseModel, ConfigDict, Field, create_model

from connector_api.documentation.elements import one_of
from connector_api.documentation.failures import ShownCircuit
from connector_api.documentation.operation import Body, Family, Operation
from connector_api.documentation.users import GRACE
from freshbridge.instances import elements
from freshbridge.instances.config import (
    ENRICH,
    LONGEST_AGE_S,
    STATUS_MEANINGS,
    SYNC_OBJECTS,
)
from freshbridge.instances.request import CREDENTIAL_ENTRIES, LONGEST_NAME
from freshbridge.sync.selection import INCLUDES

Name = Annotated[str, Field(min_length=1, description=f"Cut after {LONGEST_NAME} characters")]
Masked = Annotated[dict[str, str], Field(description="Eight stars for each credential")]
Token = Annotated[str, Field(description="Element token; it is shown this once")]


class SyncSettings(BaseModel):
    """How one object is synced; not every object has every setting."""

    model_config = ConfigDict(extra="forbid")
    every_minutes: int | None = Field(
        default=None, ge=0, description="How often at most; 0 at each tick of the SyncSchedule"
    )
    full_every_hours: int | None = Field(
        default=None, ge=0, description="How often all of it is read again; 0 for never"
    )
    include: list[Literal[INCLUDES]] | None = Field(  # type: ignore[valid-type]  # the names are the code's
        default=None, description="What is embedded in each ticket"
    )
    most_removed: int | None = Field(
        default=None, ge=0, description="How many records may vanish in one run without asking"
    )
    most_removed_share: float | None = Field(
        default=None, ge=0, le=1, description="Or which part of those held, if that is more"
    )


class Config(BaseModel):
    """Settings of the integration; what is not known here is kept as it is."""

    model_config = ConfigDict(extra="allow")
    sync_objects: list[Literal[SYNC_OBJECTS]] | None = Field(  # type: ignore[valid-type]  # the names are the code's
        default=None, description="What the scheduled sync copies; tickets unless it is told"
    )
    sync: dict[Literal[(*SYNC_OBJECTS, "from_webhooks")], SyncSettings | bool] | None = Field(  # type: ignore[valid-type]  # as above
        default=None,
        description="How often each object is synced, and with what; from_webhooks, true or false: "
        "whether what a webhook names is read at once",
    )
    custom_field_mapping: dict[str, str] | None = Field(
        default=None,
        description="Your names for custom fields, {provider's name: your name}: actions take "
        "either, results, errors, events and rules have yours",
    )
    default_group_id: int | None = Field(
        default=None, ge=1, description="Of new tickets that name none"
    )
    default_priority: Literal[1, 2, 3, 4, "Low", "Medium", "High", "Urgent"] | None = Field(
        default=None, description="Of new tickets that name none"
    )
    auto_assign: bool | Literal["round_robin", "least_loaded"] | None = Field(
        default=None,
        description="New tickets that name no agent go to an available agent of their group; "
        "true is round_robin",
    )
    custom_statuses: dict[str, int] | None = Field(
        default=None, description="Your own statuses and their numbers: {name: number}"
    )
    status_meaning: dict[str, Literal[STATUS_MEANINGS]] | None = Field(  # type: ignore[valid-type]  # the names are the code's
        default=None,
        description="Which of your own statuses, by name or number, resolve or close a ticket",
    )
    enrich: Literal[ENRICH] | None = Field(  # type: ignore[valid-type]  # as above
        default=None,
        alias="event.enrich",
        description="When the ticket or contact of an event is fetched: where a rule needs what it "
        "does not carry; always, for subscribers; or never",
    )
    cachingEnabled: bool | None = Field(  # noqa: N815 - as Open Connectors has it
        default=None, description="Whether lists of agents, groups and fields may be kept ones"
    )
    cacheTimeToLive: int | None = Field(  # noqa: N815 - as above
        default=None, ge=0, le=LONGEST_AGE_S, description="Seconds that one is kept; 0 for 300"
    )
    maxCacheSize: int | None = Field(  # noqa: N815 - as above
        default=None,
        ge=0,
        description="The most records that a kept one may have; 0 for any number",
    )


def _credentials(platform: str) -> type[BaseModel]:
    element = elements.find(elements.PLATFORM_ELEMENTS[platform])
    fields: dict[str, Any] = {}
    for name, key in CREDENTIAL_ENTRIES[platform].items():
        entry = element.entry(key)
        shown: dict[str, Any] = {"format": "password"} if entry.secret else {}
        info = Field(title=entry.name, description=entry.description, json_schema_extra=shown)
        fields[name] = Annotated[str, info] if entry.required else (Annotated[str, info], "")
    back = {key: name for name, key in CREDENTIAL_ENTRIES[platform].items()}
    extra = one_of(element, back)
    return create_model(
        f"{element.hook_name}Credentials",
        __config__=ConfigDict(extra="forbid", json_schema_extra=extra),
        **fields,
    )


def _body(platform: str) -> type[BaseModel]:
    return create_model(
        f"New{platform.capitalize()}Integration",
        platform=Literal[platform],
        name=Name,
        credentials=_credentials(platform),
        config=(Config, Field(default=Config())),
    )


NewIntegration: Any = Annotated[
    Union[tuple(_body(platform) for platform in CREDENTIAL_ENTRIES)],  # noqa: UP007 - made from a list
    Field(discriminator="platform"),
]


class IntegrationChange(BaseModel):
    """What is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")
    name: Name | None = None
    credentials: dict[str, str] | None = Field(
        default=None, description="Those to change, named as on creation"
    )
    config: Config | None = None
    tags: list[str] | None = None
    disabled: bool = False


class Integration(BaseModel):
    """A connected account, without its secrets."""

    id: int
    platform: str
    element: str
    name: str
    domain: str
    tags: list[str]
    valid: bool = Field(description="False once the provider has refused the credentials")
    disabled: bool
    credentials: Masked
    config: dict[str, Any]
    created_at: str


class WatchedIntegration(Integration):
    """With what is known of its provider."""

    circuit: ShownCircuit


class WebhookAddress(BaseModel):
    """Where the provider sends its webhooks, and the header that it shows."""

    path: str
    header: str
    secret: str


class CreatedIntegration(Integration):
    """With what is shown this once."""

    token: Token
    agent_id: int | None = Field(description="Who the credentials belong to")
    webhook: WebhookAddress


class NewToken(BaseModel):
    """The token before it is valid for another day."""

    token: Token


class Agent(BaseModel):
    """Who the credentials belong to, as far as the provider tells."""

    id: int | None
    name: str | None


class RateLimit(BaseModel):
    """Requests a minute, from the provider's headers."""

    total: int | None
    remaining: int | None


class Connection(BaseModel):
    """What the provider says about the credentials."""

    success: Literal[True]
    message: str
    platform: str
    domain: str
    latency_ms: int
    agent: Agent
    may_not: list[str] = Field(description="What the credentials do not allow")
    rate_limit: RateLimit | None


_FRESHDESK = {
    "platform": "freshdesk",
    "name": "My Freshdesk Integration",
    "credentials": {"domain": "yourcompany.freshdesk.com", "api_key": "your-api-key-here"},
    "config": {"default_group_id": 123, "default_priority": 1, "auto_assign": True},
}

FAMILY = Family(
    "Integrations",
    "Accounts of providers: connect, look at, change, test, disconnect.",
    {
        "create": Operation(
            CreatedIntegration,
            201,
            body=Body(NewIntegration, {"Freshdesk": _FRESHDESK}),
            refusals=(403, 429, 502),
        ),
        "list_all": Operation(list[Integration]),
        "get": Operation(WatchedIntegration),
        "change": Operation(
            Integration,
            body=Body(
                IntegrationChange,
                {
                    "Another key": {"credentials": {"api_key": "your-api-key-here"}},
                    "Pause": {"disabled": True},
                },
            ),
            refusals=(403, 409, 429, 502),
        ),
        "delete": Operation(Integration, refusals=(409,)),
        "rotate_token": Operation(NewToken),
        "rotate_webhook_secret": Operation(WebhookAddress, body=GRACE),
        "test": Operation(Connection, wrapped=False, refusals=(400, 403, 429, 502)),
    },
)
