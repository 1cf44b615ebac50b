"""Which client speaks to an instance's provider, by platform.

Each platform's client is imported when the first instance of it is used: a function that only ever
calls Freshdesk loads nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from freshbridge.errors import Misconfigured
from freshbridge.freshdesk.credentials import Credential, Login
from freshbridge.instances.origin import (
    freshdesk_origin,
    freshsales_origin,
    http_origin,
    slack_origin,
)

if TYPE_CHECKING:
    from datetime import datetime

    from freshbridge.freshdesk.client import FreshdeskClient, OnReply
    from freshbridge.freshsales.client import FreshsalesClient
    from freshbridge.http_api.client import HttpClient
    from freshbridge.http_message import Timeouts
    from freshbridge.instances.model import Instance
    from freshbridge.slack.client import SlackClient
    from freshbridge.transport import Transport

WITHOUT_ACCOUNT = frozenset({"email", "freshbridge"})
"""Platforms of actions that the stack itself carries out, for an instance of any other platform."""


class ProviderClient(Protocol):
    """What the executor asks of any provider's client.

    `wrote`: whether a call that changes something was answered with success. `told_time`: the
    provider's time when its last reply came; None when that does not tell.
    """

    @property
    def wrote(self) -> bool:
        """Whether something took effect."""
        ...  # pragma: no cover  # a protocol has no body

    @property
    def told_time(self) -> datetime | None:
        """What time it is there."""
        ...  # pragma: no cover  # as above


@dataclass(frozen=True)
class Opening:
    """What a client is made of. `secrets` are the instance's, from the vault."""

    transport: Transport
    instance: Instance
    secrets: dict[str, str]
    allowed_origins: tuple[str, ...]
    on_reply: OnReply | None = None
    timeouts: Timeouts | None = None


@dataclass(frozen=True)
class Provider:
    """How one platform is spoken to.

    `origin` checks where the credentials may go, again at every use: the deployer may have narrowed
    the allow-list since the instance was made. `budgeted`: its calls draw on the account's budget.
    """

    open: Callable[[Opening, str], Any]
    origin: Callable[[str, Iterable[str]], str]
    budgeted: bool


def _freshdesk(opening: Opening, origin: str) -> FreshdeskClient:
    from freshbridge.freshdesk.client import FreshdeskClient  # noqa: PLC0415 - see above

    return FreshdeskClient(
        opening.transport,
        origin,
        freshdesk_credential(opening.instance.configuration, opening.secrets),
        on_reply=opening.on_reply,
        timeouts=opening.timeouts,
    )


def _freshsales(opening: Opening, origin: str) -> FreshsalesClient:
    from freshbridge.freshsales.client import FreshsalesClient  # noqa: PLC0415 - see above

    return FreshsalesClient(
        opening.transport,
        origin,
        freshsales_key(opening.secrets),
        on_reply=opening.on_reply,
        timeouts=opening.timeouts,
    )


def _slack(opening: Opening, origin: str) -> SlackClient:
    from freshbridge.slack.client import SlackClient  # noqa: PLC0415 - see above

    return SlackClient(
        opening.transport,
        origin,
        opening.secrets,
        on_reply=opening.on_reply,
        timeouts=opening.timeouts,
    )


def _http(opening: Opening, origin: str) -> HttpClient:
    from freshbridge.http_api.client import HttpClient  # noqa: PLC0415 - see above

    return HttpClient(
        opening.transport,
        _base_url(opening, origin),
        opening.secrets,
        allowed_origins=opening.allowed_origins,
        on_reply=opening.on_reply,
        timeouts=opening.timeouts,
    )


def _base_url(opening: Opening, origin: str) -> str:
    """What the person typed, with its path, if it still is of the origin that was checked."""
    typed = opening.instance.domain
    return typed if http_origin(typed, opening.allowed_origins) == origin else origin


PROVIDERS: dict[str, Provider] = {
    "freshdesk": Provider(_freshdesk, freshdesk_origin, budgeted=True),
    "freshsales": Provider(_freshsales, freshsales_origin, budgeted=True),
    "slack": Provider(_slack, slack_origin, budgeted=False),
    "http": Provider(_http, http_origin, budgeted=False),
}


def provider_of(instance: Instance) -> Provider:
    """How the instance's platform is spoken to.

    Raises:
        Misconfigured: nothing speaks to this platform.
    """
    found = PROVIDERS.get(instance.platform)
    if found is None:
        raise Misconfigured(
            f"instance {instance.instance_id} is a {instance.platform} account",
            advice=f"Name an instance of {' or '.join(PROVIDERS)}.",
        )
    return found


def freshdesk_credential(configuration: dict[str, str], secrets: dict[str, str]) -> Credential:
    """The API key of Freshdesk V2, or the login of the older element.

    Raises:
        Misconfigured: the vault has neither.
    """
    # The key first: a client that sends a password beside it means the key all the same.
    if "username" in secrets:
        return secrets["username"]
    if "password" in secrets:
        return Login(configuration.get("username", ""), secrets["password"])
    raise Misconfigured("the instance has no API key", advice="PATCH its configuration.username.")


def freshsales_key(secrets: dict[str, str]) -> str:
    """The API key.

    Raises:
        Misconfigured: the vault has none.
    """
    if "api_key" in secrets:
        return secrets["api_key"]
    raise Misconfigured("the instance has no API key", advice="PATCH its configuration.api_key.")
