"""slack_sdk's two clients, each sending through this package's transport.

The SDK knows Slack's methods and their arguments. What it would do beside is not wanted here: its
own HTTP by urllib, through whatever proxy the environment names; its own retries; bodies in its
debug log. Both clients have one public method that all others go through, and that one is replaced.
Importing this loads slack_sdk, some 75 ms: only what speaks to Slack does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from slack_sdk.web.client import WebClient
from slack_sdk.web.slack_response import SlackResponse
from slack_sdk.webhook.client import WebhookClient
from slack_sdk.webhook.webhook_response import WebhookResponse

from freshbridge.http_message import ProviderReply, ProviderRequest, Timeouts
from freshbridge.slack.error_reply import api_error, read_answer, webhook_error

Send = Callable[[ProviderRequest], ProviderReply]
TOLD_WEBHOOK = "/services/…"
"""Whoever has a webhook's path may post: it is told nowhere."""
_READING = frozenset({"auth.test", "conversations.history", "conversations.list",
                      "conversations.replies"})  # fmt: skip


class SlackWebClient(WebClient):
    """The Web API: https://docs.slack.dev/apis/web-api."""

    def __init__(self, send: Send, origin: str, token: str, timeouts: Timeouts) -> None:
        super().__init__(token=token, base_url=f"{origin}/api/", retry_handlers=[])
        self._send = send
        self._timeouts = timeouts

    def api_call(
        self, api_method: str, *, params: Any = None, json: Any = None, **_unused: Any
    ) -> SlackResponse:
        """Call one method, once.

        Raises:
            What the transport does, and the error of an answer that is not `ok`.
        """
        reading = api_method in _READING
        given = params if json is None else json
        content = {name: value for name, value in (given or {}).items() if value is not None}
        request = ProviderRequest(
            method="POST",
            url=f"{self.base_url}{api_method}",
            headers={"Authorization": f"Bearer {self.token}"},
            form=tuple((name, _text(value)) for name, value in content.items()) if reading else (),
            json=None if reading else content,
            timeouts=self._timeouts,
            read_only=reading,
        )
        reply = self._send(request)
        answer = read_answer(reply)
        if answer is None or not answer.get("ok") or not 200 <= reply.status < 300:
            raise api_error(reply, request.where, answer, read_only=reading)
        return SlackResponse(
            client=self,
            http_verb="POST",
            api_url=request.url,
            req_args={},
            data=answer,
            headers=dict(reply.headers),
            status_code=reply.status,
        )


class SlackWebhookClient(WebhookClient):
    """One incoming webhook."""

    def __init__(self, send: Send, url: str, timeouts: Timeouts) -> None:
        super().__init__(url, retry_handlers=[])
        self._send = send
        self._timeouts = timeouts

    def send_dict(self, body: dict[str, Any], headers: Any = None) -> WebhookResponse:  # noqa: ARG002 - as the SDK has it
        """Post one message, once.

        Raises:
            What the transport does, and the error of an answer that is not `ok`.
        """
        request = ProviderRequest(
            method="POST",
            url=self.url,
            json={name: value for name, value in body.items() if value is not None},
            timeouts=self._timeouts,
            told_path=TOLD_WEBHOOK,
            takes_pages=True,
        )
        reply = self._send(request)
        # As HTML, though it is none.
        if not 200 <= reply.status < 300 or reply.body.strip() != b"ok":
            raise webhook_error(reply, request.where)
        return WebhookResponse(
            url=TOLD_WEBHOOK, status_code=reply.status, body="ok", headers=dict(reply.headers)
        )


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
