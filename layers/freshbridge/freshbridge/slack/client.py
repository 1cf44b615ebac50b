"""Posts to one Slack workspace, and finds what was posted before.

With a bot token by `chat.postMessage`, to any channel that the app may post to; else by an incoming
webhook, to the one channel that it was made for. It sends each request once.

Facts: https://docs.slack.dev/reference/methods/chat.postMessage,
https://docs.slack.dev/reference/methods/conversations.history
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from freshbridge.errors import Misconfigured, Throttled
from freshbridge.http_message import Timeouts
from freshbridge.instances.origin import slack_webhook_url
from freshbridge.slack.error_reply import THROTTLED_S
from freshbridge.slack.pace import KNOWN, Pace
from freshbridge.slack.sdk import SlackWebClient, SlackWebhookClient

if TYPE_CHECKING:
    from datetime import datetime

    from freshbridge.http_message import ProviderReply, ProviderRequest
    from freshbridge.transport import Transport

MARK = "freshbridge_action"
"""The type of the metadata that tells which action posted a message."""
PAGE = 200
"""Messages that are looked through; more in the minutes around a lost answer prove nothing."""
CHANNEL_PAGE = 1000
_CHANNEL_ID = re.compile(r"[CGDZ][A-Z0-9]{7,}")
OnReply = Callable[["ProviderRequest", "ProviderReply", Any], None]


@dataclass(frozen=True)
class Posted:
    """A message in its channel, which `ts` names there. A webhook tells neither: both are ""."""

    channel: str = ""
    ts: str = ""


class SlackClient:
    """Calls one workspace. Every method raises the errors of `freshbridge.errors`."""

    def __init__(
        self,
        transport: Transport,
        origin: str,
        secrets: dict[str, str],
        *,
        on_reply: OnReply | None = None,
        timeouts: Timeouts | None = None,
        pace: Pace = KNOWN,
    ) -> None:
        """`secrets`: the instance's `bot_token`, its `webhook_url`, or both; the token is used.

        `pace`: what was found out about channels, shared by all clients.

        Raises:
            Misconfigured: it has neither, or the webhook leads elsewhere than to Slack.
        """
        self._transport = transport
        self._on_reply = on_reply
        self._pace = pace
        self.wrote = False
        """Whether a message was posted."""
        self.told_time: datetime | None = None
        """Slack's time when its last reply came."""
        timeouts = timeouts or Timeouts()
        token, url = secrets.get("bot_token"), secrets.get("webhook_url")
        self._line = token or url or ""
        self._web = SlackWebClient(self._sent, origin, token, timeouts) if token else None
        self._webhook: SlackWebhookClient | None = None
        if not token:
            if not url:
                raise Misconfigured(
                    "the Slack account has neither a bot token nor an incoming webhook",
                    advice="PATCH its credentials.bot_token.",
                )
            self._webhook = SlackWebhookClient(self._sent, slack_webhook_url(url, origin), timeouts)

    @property
    def by_webhook(self) -> bool:
        """Whether messages go to the webhook's channel, whatever channel is named."""
        return self._webhook is not None

    def post(self, channel: str, message: dict[str, Any], *, action_id: str) -> Posted:
        """Post a message; `message` has Slack's own names, of which `text` has to be there.

        `action_id` is kept in the message's metadata, which nobody sees, for `posted` to find.

        Raises:
            ChannelBusy: the channel refused others a moment ago; nothing was sent.
        """
        line = f"{self._line}#{'' if self.by_webhook else channel}"
        self._pace.check(line)
        try:
            return self._post(channel, message, action_id)
        except Throttled as error:
            self._pace.refused(line, error.after or THROTTLED_S)
            raise

    def _post(self, channel: str, message: dict[str, Any], action_id: str) -> Posted:
        if self._webhook is not None:
            self._webhook.send_dict(message)
            self.wrote = True
            return Posted()
        # `parse` and `link_names` stay off: words of a customer's are not to become mentions.
        answer = self._api.chat_postMessage(
            channel=channel,
            metadata={"event_type": MARK, "event_payload": {"action_id": action_id}},
            **message,
        )
        self.wrote = True
        return Posted(str(answer.get("channel") or ""), str(answer.get("ts") or ""))

    def posted(
        self, channel: str, *, action_id: str, thread_ts: str | None, since: datetime
    ) -> tuple[Posted | None, bool]:
        """What the action has posted since then, and whether all was looked through.

        Two calls at most: one more for a channel that is named by its name.

        Raises:
            Forbidden: the app lacks channels:history, or channels:read.
        """
        known = channel if _CHANNEL_ID.fullmatch(channel) else self._channel_id(channel)
        if known is None:
            return None, False
        asked: dict[str, Any] = {
            "channel": known,
            "oldest": f"{since.timestamp():.6f}",
            "limit": PAGE,
            "include_all_metadata": True,
        }
        answer = (
            self._api.conversations_replies(ts=thread_ts, **asked)
            if thread_ts
            else self._api.conversations_history(**asked)
        )
        for message in answer.get("messages") or []:
            if _mark(message) == action_id:
                return Posted(known, str(message.get("ts") or "")), True
        return None, not answer.get("has_more")

    @property
    def _api(self) -> SlackWebClient:
        if self._web is None:
            raise Misconfigured("an incoming webhook can only post")
        return self._web

    def _channel_id(self, name: str) -> str | None:
        """The id of a public channel; None where the first page of the channels lacks it."""
        answer = self._api.conversations_list(
            limit=CHANNEL_PAGE, exclude_archived=True, types="public_channel"
        )
        wanted = name.removeprefix("#")
        found = (c.get("id") for c in answer.get("channels") or [] if c.get("name") == wanted)
        return next((str(one) for one in found), None)

    def _sent(self, request: ProviderRequest) -> ProviderReply:
        reply = self._transport.send(request)
        self.told_time = reply.date
        if self._on_reply is not None:
            self._on_reply(request, reply, None)
        return reply


def _mark(message: Any) -> str | None:
    """Which action posted it, where it says so."""
    metadata = message.get("metadata") if isinstance(message, dict) else None
    if not isinstance(metadata, dict) or metadata.get("event_type") != MARK:
        return None
    payload = metadata.get("event_payload")
    return payload.get("action_id") if isinstance(payload, dict) else None
