"""The bodies of refused requests, and what each status means."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class FieldFailure(BaseModel):
    """One field that was refused."""

    field: str = Field(description="Its place in the request", examples=["credentials.api_key"])
    message: str
    code: str


class ShownCircuit(BaseModel):
    """Whether an integration's work may go to its provider."""

    state: Literal["closed", "open", "half_open", "unknown"] = Field(
        description="Open: it waits. Half-open: the next piece of work finds out whether it may go"
    )
    since: str | None = Field(default=None, description="When it opened")
    reason: Literal["provider_down", "key_refused"] | None = Field(
        default=None, description="A key that is changed closes it at once"
    )
    message: str | None = Field(default=None, description="What the provider did last")
    next_try_at: str | None = Field(default=None, description="When one call is tried")


class RuleByHand(BaseModel):
    """An automation rule as a person enters it in Freshdesk."""

    rule: str
    brings: list[str]
    tab: str
    name: str
    condition: str
    events: list[str]
    request_type: str
    encoding: str
    content: str = Field(description="To paste as Advanced content")


class ByHand(BaseModel):
    """What a person does in Freshdesk where the key may not."""

    steps: list[str]
    url: str | None
    custom_headers: str | None = Field(description="The line to paste; the secret only when asked")
    rules: list[RuleByHand]


class FailureDetails(BaseModel):
    """What is known beyond the message."""

    provider_message: str | None = Field(default=None, description="The provider's own words")
    where: str | None = Field(default=None, description="The provider's verb and path")
    advice: str | None = Field(default=None, description="What to do about it")
    action_id: str | None = Field(default=None, description="The action's record, if it has one")
    outcome_unknown: bool = Field(
        default=False, description="True when the provider may have done it: look before repeating"
    )
    fields: list[FieldFailure] = Field(default=[], description="Every field that was refused")
    circuit: ShownCircuit | None = Field(
        default=None, description="Why nothing is sent at present, with the code `circuit_open`"
    )
    by_hand: ByHand | None = Field(
        default=None, description="What a person does, with the code `webhooks_by_hand`"
    )


class Failure(BaseModel):
    """A refusal under /api."""

    success: Literal[False]
    message: str = Field(description="What was wrong, where, and what to do about it")
    code: str = Field(examples=["invalid_integration"])
    request_id: str = Field(description="Finds the request in the logs")
    details: FailureDetails | None = None


class ElementsFailure(BaseModel):
    """A refusal under /elements/api-v2, as Open Connectors words it."""

    requestId: str = Field(pattern="^[0-9a-f]{1,24}$")  # noqa: N815 - the wire's name
    message: str
    providerMessage: str | None = Field(  # noqa: N815 - the wire's name
        default=None, description="The provider's own words, when it had any"
    )


MEANING = {
    400: "The request cannot be used as it is; every wrong field is named at once.",
    401: "The caller is not known, or the provider refused the credentials.",
    403: "The provider knows the credentials and does not allow this.",
    404: "There is no such record.",
    409: "The state of the record does not allow this.",
    413: "The body is larger than 1 MiB.",
    415: "The body's media type or compression is not read.",
    429: "The provider's rate limit is used up. Try again later.",
    502: "The provider does not answer properly. Try again later.",
    503: "A service behind this one, or the provider for some time, did not answer. Try again "
    "later.",
}
