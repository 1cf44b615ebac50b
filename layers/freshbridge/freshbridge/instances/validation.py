"""Ask the provider whether credentials work, before anything is kept.

One short function per platform; each makes one cheap call.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from freshbridge.errors import (
    Forbidden,
    Misconfigured,
    NotFound,
    ProviderDown,
    Redirected,
    Retry,
    Throttled,
    Unauthorized,
    class_for_status,
)
from freshbridge.freshdesk.client import FreshdeskClient
from freshbridge.freshdesk.error_reply import read_words
from freshbridge.freshsales.roots import Roots
from freshbridge.http_message import ProviderReply, ProviderRequest
from freshbridge.instances.origin import slack_webhook_url
from freshbridge.instances.provider_clients import freshdesk_credential, freshsales_key
from freshbridge.slack.error_reply import webhook_error

if TYPE_CHECKING:
    from freshbridge.freshdesk.rate_limit import RateLimit
    from freshbridge.transport import Transport


class CredentialsRefused(Unauthorized):
    """The provider does not accept the credentials; its words are in `provider_message`."""

    code = "credentials_refused"

    @property
    def told(self) -> str:
        """The sentence alone, as callers compare it."""
        return str(self)

    def __str__(self) -> str:
        return f"Authentication failed: {self.what}"


class RateLimitExceeded(Throttled):
    """The provider would answer later."""

    @property
    def told(self) -> str:
        """The sentence alone, as callers compare it."""
        return str(self)

    def __str__(self) -> str:
        return "Rate limit exceeded. Please try again later."


@dataclass(frozen=True)
class Checked:
    """Who the credentials belong to, as far as the provider tells.

    `ticket_scope` is what the agent sees: 1 all tickets, 2 its groups', 3 its own; None where the
    provider does not tell.
    """

    agent_id: int | None = None
    agent_name: str | None = None
    ticket_scope: int | None = None
    rate_limit: RateLimit | None = None


def check(
    platform: str,
    origin: str,
    configuration: dict[str, str],
    credentials: dict[str, str],
    transport: Transport,
) -> Checked:
    """Ask the provider.

    Raises:
        CredentialsRefused, Forbidden: the credentials were refused.
        Misconfigured: no account answers there.
        Retry: the provider could not be asked; RateLimitExceeded when it said so itself.
    """
    try:
        return _CHECKS[platform](origin, configuration, credentials, transport)
    except Unauthorized as error:
        # Beside a password the user's name is no secret; an API key goes by that name.
        login = "password" in credentials and "username" not in credentials
        raise CredentialsRefused(
            "Invalid username or password" if login else "Invalid API key",
            where=error.where,
            status=error.status,
            provider_message=error.provider_message,
        ) from error
    except Throttled as error:
        raise RateLimitExceeded(
            error.what, where=error.where, status=error.status, after=error.after
        ) from error


def _freshdesk(
    origin: str, configuration: dict[str, str], credentials: dict[str, str], transport: Transport
) -> Checked:
    client = FreshdeskClient(transport, origin, freshdesk_credential(configuration, credentials))
    try:
        agent = client.me()
    except NotFound as error:
        raise Misconfigured(
            "no Freshdesk account answers at this domain",
            where="configuration.subdomain",
            advice="Check its spelling in the address of your helpdesk.",
            status=error.status,
        ) from error
    return Checked(
        agent_id=agent.get("id"),
        agent_name=_contact_name(agent),
        ticket_scope=agent.get("ticket_scope"),
        rate_limit=client.rate_limit,
    )


def _contact_name(agent: dict[str, Any]) -> str | None:
    contact = agent.get("contact")
    return contact.get("name") if isinstance(contact, dict) else None


def may_administrate(
    origin: str, configuration: dict[str, str], credentials: dict[str, str], transport: Transport
) -> bool | None:
    """Whether the key's agent is a Freshdesk administrator; None when that cannot be asked."""
    client = FreshdeskClient(transport, origin, freshdesk_credential(configuration, credentials))
    # Only administrators may list agents; /agents/me answers for everyone.
    # Facts: https://developers.freshdesk.com/api/#agents
    try:
        next(client.agents())
    except Forbidden:
        return False
    except Retry:
        return None
    return True


def restrictions(administrator: bool | None, ticket_scope: int | None) -> list[str]:
    """What a Freshdesk key's agent may not do or see, as sentences' ends; what is unknown is not.

    Source: https://developers.freshdesk.com/api/#agents
    """
    found = []
    if administrator is False:
        found.append("administrator calls: agents, groups, automations, ticket field settings")
    if ticket_scope in (2, 3):
        found.append("tickets outside its own " + ("groups" if ticket_scope == 2 else "assignment"))
    return found


def _freshsales(
    origin: str, _configuration: dict[str, str], credentials: dict[str, str], transport: Transport
) -> Checked:
    from freshbridge.freshsales.client import FreshsalesClient  # noqa: PLC0415 - only for its kind

    # What was found out about the address before may be what is to be corrected now.
    client = FreshsalesClient(transport, origin, freshsales_key(credentials), known=Roots())
    try:
        # Every user may read the selectors.
        # Facts: https://developers.freshworks.com/crm/api/#selector
        client.directory.owners()
    except (NotFound, Redirected, ProviderDown) as error:
        if error.status is None or error.status > HTTPStatus.NOT_FOUND:
            raise
        raise Misconfigured(
            "no Freshsales account answers at this domain",
            where="configuration.domain",
            advice="Copy the address that your API settings in Freshsales show beside the key.",
            status=error.status,
        ) from error
    return Checked()


def _slack(
    origin: str, _configuration: dict[str, str], credentials: dict[str, str], transport: Transport
) -> Checked:
    # Facts: https://docs.slack.dev/reference/methods/auth.test
    if credentials.get("webhook_url"):
        _slack_webhook(slack_webhook_url(credentials["webhook_url"], origin), transport)
        if not credentials.get("bot_token"):
            return Checked()
    reply = _probe(
        transport,
        ProviderRequest(
            method="POST",
            url=f"{origin}/api/auth.test",
            headers={"Authorization": f"Bearer {_sendable(credentials, 'bot_token')}"},
            read_only=True,
        ),
    )
    if not reply.get("ok"):
        # Slack answers 200 also when it refuses.
        raise Unauthorized("Slack refused the token", provider_message=str(reply.get("error", "")))
    return Checked(agent_name=reply.get("user"))


def _slack_webhook(url: str, transport: Transport) -> None:
    """Send what no webhook posts, a message without a text: one that exists refuses just that.

    Source: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
    """
    reply = transport.send(
        ProviderRequest(
            method="POST", url=url, json={"text": ""}, told_path="/services/…", read_only=True
        )
    )
    if reply.body.strip() not in (b"no_text", b"invalid_payload"):
        raise webhook_error(reply, "POST /services/…")


def _http(
    _origin: str,
    _configuration: dict[str, str],
    _credentials: dict[str, str],
    _transport: Transport,
) -> Checked:
    # There is no call that any HTTP API answers; its origin was allowed by the deployer.
    return Checked()


def _sendable(credentials: dict[str, str], name: str) -> str:
    value = credentials.get(name, "")
    if not value or not value.isascii() or not value.isprintable() or " " in value:
        raise Misconfigured(
            "the credential is empty or holds a character that none has",
            where=f"configuration.{name}",
            advice="Copy it again from the provider's page.",
        )
    return value


def _probe(transport: Transport, request: ProviderRequest) -> dict[str, Any]:
    reply = transport.send(request)
    if not 200 <= reply.status < 300:
        raise class_for_status(reply.status)(
            "the provider refused",
            where=request.where,
            status=reply.status,
            provider_message=_words(reply, request),
        )
    try:
        found = json.loads(reply.body)
    except ValueError as error:
        raise ProviderDown("the answer is not JSON", where=request.where) from error
    return found if isinstance(found, dict) else {}


def _words(reply: ProviderReply, request: ProviderRequest) -> str:
    # A proxy may have echoed the key.
    key = request.headers["Authorization"].rpartition(" ")[2].removeprefix("token=")
    return read_words(reply.body.decode("utf-8", "replace").replace(key, "[key]")).message


_CHECKS: dict[str, Callable[[str, dict[str, str], dict[str, str], Transport], Checked]] = {
    "freshdesk": _freshdesk,
    "freshsales": _freshsales,
    "slack": _slack,
    "http": _http,
}
