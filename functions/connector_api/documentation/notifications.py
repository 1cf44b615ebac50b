"""Documents callbacks' deliveries, the account's settings and the schema of the event bus."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from connector_api.documentation.operation import Body, Family, Operation, Parameter

Policy = Literal["retry", "queue"]
StatusName = Literal["created", "delivered", "notified", "retry", "queued"]


class CallbackTarget(BaseModel):
    """Where it goes."""

    url: str


class CallbackSubscription(BaseModel):
    """One callback URL of one instance."""

    id: int
    channel: Literal["webhook"]
    topics: list[str]
    config: CallbackTarget
    instanceId: int  # noqa: N815 - Open Connectors' own name
    active: bool = Field(description="False once nine retries in three days were in vain")
    createdDate: str  # noqa: N815 - as above
    deactivatedDate: str | None  # noqa: N815 - as above
    reason: str | None = Field(description="Why it was deactivated")


class CallbackError(BaseModel):
    """Why the last call failed."""

    code: str
    message: str
    status: int | None = Field(description="What the receiver answered, if it did")


class CallbackDelivery(BaseModel):
    """One notification to one callback URL; its content only with hydrate=true."""

    notificationId: int = Field(  # noqa: N815 - Open Connectors' own name
        description="What the header elements-webhook-id holds"
    )
    subscriptionId: int  # noqa: N815 - as above
    instanceId: int  # noqa: N815 - as above
    status: StatusName
    channel: Literal["webhook"]
    config: CallbackTarget
    createdDate: str  # noqa: N815 - as above
    updatedDate: str  # noqa: N815 - as above
    failures: int = Field(description="Calls that failed since it was first sent or released")
    nextAttemptDate: str | None  # noqa: N815 - as above
    error: CallbackError | None
    notification: dict[str, Any] = Field(
        default={}, description="The body as it was or would be sent; empty when it has expired"
    )
    subscription: CallbackSubscription | None = None


class AcknowledgedNotification(BaseModel):
    """It is not sent any more."""

    id: int
    acknowledged: bool


class AccountSettings(BaseModel):
    """What holds for all callbacks."""

    model_config = ConfigDict(extra="forbid")
    policy: Policy = Field(
        alias="notification.webhook.failure.policy",
        description="retry: sent again nine times in three days; queue: kept to be fetched",
    )


_WHERE = Parameter(
    "where", "`channel='webhook' and status='queued' and config.url='https://…'`, or a part of it"
)
_HYDRATE = Parameter(
    "hydrate", "Whether to show the content", {"enum": ["true", "false"], "default": "false"}
)
_PAGE = (
    Parameter("pageSize", "1 to 200", {"type": "integer", "default": 100}),
    Parameter("nextPage", "The Elements-Next-Page-Token of the page before"),
)
_HEADERS = {
    "Elements-Returned-Count": "Deliveries on this page",
    "Elements-Next-Page-Token": "Asks for the next page; not there on the last one",
}
_CHOICE = Body(
    AccountSettings,
    {
        "Fetch what was not taken": {"notification.webhook.failure.policy": "queue"},
        "Send it again": {"notification.webhook.failure.policy": "retry"},
    },
)
_SETTINGS = Operation(AccountSettings, wrapped=False)
_CHANGE = Operation(AccountSettings, wrapped=False, body=_CHOICE)

FAMILY = Family(
    "Callbacks",
    "Events that went to callback URLs, or did not; the schema of those on the event bus.",
    {
        "list_subscriptions": Operation(
            list[CallbackSubscription],
            wrapped=False,
            headers={"Elements-Returned-Count": "All there are"},
        ),
        "get_subscription": Operation(CallbackSubscription, wrapped=False),
        "list_deliveries": Operation(
            list[CallbackDelivery],
            wrapped=False,
            query=(_WHERE, _HYDRATE, *_PAGE),
            headers=_HEADERS,
        ),
        "release_deliveries": Operation(
            list[CallbackSubscription], wrapped=False, query=(_WHERE,), refusals=(503,)
        ),
        "deliveries_of_notification": Operation(
            list[CallbackDelivery], wrapped=False, query=(_HYDRATE,)
        ),
        "delivery_of_subscription": Operation(CallbackDelivery, wrapped=False, query=(_HYDRATE,)),
        "acknowledge": Operation(AcknowledgedNotification, wrapped=False),
        "account_settings": _SETTINGS,
        "change_account_settings": _CHANGE,
        "settings_of_account": _SETTINGS,
        "change_settings_of_account": _CHANGE,
        "event_schema": Operation(dict[str, Any], wrapped=False),
    },
)
