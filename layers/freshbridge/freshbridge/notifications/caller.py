"""Call one callback URL once, and say what came of it.

The receiver's status is all that counts: 2xx took it, everything else did not. Its answer is
capped, and neither read nor logged. Where a URL may lead is looked at for every call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from freshbridge.errors import FreshbridgeError, Unreachable, class_for_status
from freshbridge.http_message import ProviderRequest, Timeouts
from freshbridge.notifications.configuration import SIGNATURE_KEY, request_headers
from freshbridge.notifications.signature import ID_HEADER, SIGNATURE_HEADER, signature

if TYPE_CHECKING:
    from freshbridge.transport import Transport

TIMEOUTS = Timeouts(connect_s=3.0, read_s=10.0, total_s=15.0)
LARGEST_REPLY = 64 * 1024


@dataclass(frozen=True)
class Outcome:
    """What came of a call; `code` and `message` are "" when it was taken.

    `silent`: there was no answer at all. `retry_after`: seconds that the receiver asked for.
    """

    taken: bool
    code: str = ""
    message: str = ""
    http_status: int | None = None
    retry_after: float | None = None
    silent: bool = False


class Caller:
    """Calls callbacks."""

    def __init__(self, transport: Callable[[], Transport]) -> None:
        """`transport` is called at first use; it must refuse private addresses."""
        self._transport = transport

    def call(
        self,
        url: str,
        body: bytes,
        *,
        notification_id: int,
        configuration: Mapping[str, str],
        secrets: Mapping[str, str],
    ) -> Outcome:
        """Send a notification's body as the instance's configuration says."""
        try:
            headers = request_headers(configuration, secrets)
            reply = self._transport().send(
                ProviderRequest(
                    method="POST",
                    url=url,
                    headers=headers | _own_headers(body, notification_id, secrets),
                    body=body,
                    timeouts=TIMEOUTS,
                )
            )
        except FreshbridgeError as error:
            if _is_success(error.status):
                # It said yes before its answer grew too long, or came to a halt.
                return Outcome(taken=True, http_status=error.status)
            return Outcome(
                taken=False,
                code=error.code,
                message=error.what,
                http_status=error.status,
                silent=isinstance(error, Unreachable) and error.status is None,
            )
        if _is_success(reply.status):
            return Outcome(taken=True, http_status=reply.status)
        return Outcome(
            taken=False,
            code=class_for_status(reply.status).code,
            message=f"The receiver answered {reply.status}",
            http_status=reply.status,
            retry_after=reply.retry_after_s,
        )


def _own_headers(body: bytes, notification_id: int, secrets: Mapping[str, str]) -> dict[str, str]:
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Accept": "*/*",
        ID_HEADER: str(notification_id),
    }
    if key := secrets.get(SIGNATURE_KEY, ""):
        headers[SIGNATURE_HEADER] = signature(body, key)
    return headers


def _is_success(status: int | None) -> bool:
    return status is not None and 200 <= status < 300
