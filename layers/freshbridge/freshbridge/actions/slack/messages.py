"""Posting messages to Slack.

A message carries the id of the action that posts it in its metadata. When the answer to a post was
lost, the channel is looked through for that id before anything is posted again; an app without the
scopes for it (channels:history, and channels:read where the channel is named by its name), and an
incoming webhook, cannot look: then a person decides.
Sources: https://docs.slack.dev/reference/methods/chat.postMessage,
https://docs.slack.dev/messaging/message-metadata
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, StringConstraints, model_validator

from freshbridge.actions.action import Action, Effect, Outcome, Parameters, Reconciliation
from freshbridge.actions.once import OutcomeUnknown
from freshbridge.errors import FieldError, InvalidRequest
from freshbridge.slack.message_text import fallback_text

if TYPE_CHECKING:
    from freshbridge.actions.attempt_marks import Unsure
    from freshbridge.actions.context import Context
    from freshbridge.slack.client import Posted, SlackClient

LONGEST_TEXT = 40_000
"""Characters; Slack refuses more."""
MOST_BLOCKS, MOST_ATTACHMENTS = 50, 100
ALLOWANCE = timedelta(minutes=5)
"""By which Slack's clock may be behind this one."""

Text = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_TEXT)]


class SendMessage(Parameters):
    """Post a message to a Slack channel."""

    channel: Annotated[str, StringConstraints(strip_whitespace=True, max_length=128)] = Field(
        "",
        description="The channel's id (C…), or its name: #urgent-tickets. An incoming webhook "
        "posts to its own channel, whatever is said here",
        examples=["#urgent-tickets"],
    )
    message: Text | None = Field(None, description="The text, in Slack's mrkdwn")
    text: Text | None = Field(None, description="The same as `message`, by Slack's own name")
    blocks: list[dict[str, Any]] = Field(
        [], max_length=MOST_BLOCKS, description="Block Kit; the text is then what notifications say"
    )
    attachments: list[dict[str, Any]] = Field(
        [], max_length=MOST_ATTACHMENTS, description="Slack's older form of blocks"
    )
    thread_ts: str | None = Field(
        None, max_length=40, description="The `ts` of the message that this one answers"
    )
    reply_broadcast: bool | None = Field(
        None, description="Whether a reply in a thread is shown in the channel too"
    )
    unfurl_links: bool | None = Field(None, description="Whether links to texts are previewed")
    unfurl_media: bool | None = Field(None, description="Whether links to media are previewed")

    @model_validator(mode="after")
    def _has_content(self) -> SendMessage:
        if self.message is not None and self.text is not None:
            raise ValueError("give message or text, which are the same, and not both")
        if not (self.message or self.text or self.blocks or self.attachments):
            raise ValueError("give a message, or blocks, or attachments")
        return self


def send_message(context: Context[SlackClient], parameters: SendMessage) -> Outcome:
    """Post it once."""
    if not parameters.channel and not context.client.by_webhook:
        raise InvalidRequest(
            "slack.send_message: no channel",
            fields=[FieldError("channel", "it is required with a bot token", "missing")],
        )
    posted = context.client.post(
        parameters.channel, _message(parameters), action_id=context.request.action_id
    )
    return _outcome(posted)


def _message(parameters: SendMessage) -> dict[str, Any]:
    text = parameters.message or parameters.text
    message: dict[str, Any] = {
        "text": text or fallback_text(parameters.blocks, parameters.attachments),
        "blocks": parameters.blocks or None,
        "attachments": parameters.attachments or None,
        "thread_ts": parameters.thread_ts or None,
        "reply_broadcast": parameters.reply_broadcast,
        "unfurl_links": parameters.unfurl_links,
        "unfurl_media": parameters.unfurl_media,
    }
    return {name: value for name, value in message.items() if value is not None}


def _outcome(posted: Posted) -> Outcome:
    where = posted.channel or "the webhook's own channel"
    return Outcome(
        {"channel": posted.channel or None, "ts": posted.ts or None}, f"Message sent to {where}"
    )


def _earlier(
    context: Context[SlackClient], unsure: Unsure, parameters: SendMessage
) -> Outcome | None:
    if context.client.by_webhook:
        raise OutcomeUnknown("An incoming webhook cannot tell whether it posted the message")
    posted, complete = context.client.posted(
        parameters.channel,
        action_id=context.request.action_id,
        thread_ts=parameters.thread_ts,
        since=unsure.since - ALLOWANCE,
    )
    if posted is None and not complete:
        raise OutcomeUnknown("Slack's channel does not tell whether the message was posted")
    return _outcome(posted) if posted is not None else None


ACTIONS = (
    Action(
        platform="slack",
        name="send_message",
        parameters=SendMessage,
        run=send_message,
        effect=Effect.ADD,
        example={
            "channel": "#urgent-tickets",
            "message": "Urgent ticket created: Cannot log in",
        },
        credits_note="Slack counts messages by the channel: about one a second",
        reconcile=Reconciliation(_earlier),
    ),
)
