"""An SQS client with memory, for tests that need no queue semantics beyond send and hide."""

from __future__ import annotations

from typing import Any

from tests.fakes.aws_failures import client_error


class FakeSqs:
    """`sent` holds messages as given; `hidden` the seconds per receipt handle.

    With `refuse_sending` or `refuse_hiding` the call fails as botocore does.
    """

    def __init__(self, *, refuse_sending: bool = False, refuse_hiding: bool = False) -> None:
        self.sent: list[dict[str, Any]] = []
        self.hidden: dict[str, int] = {}
        self._refuse_sending = refuse_sending
        self._refuse_hiding = refuse_hiding

    def send_message(self, **message: Any) -> dict[str, str]:
        """Remember one message."""
        if self._refuse_sending:
            raise client_error("SendMessage")
        self.sent.append(message)
        return {"MessageId": str(len(self.sent))}

    def change_message_visibility(
        self,
        *,
        QueueUrl: str,  # noqa: ARG002, N803 - boto3's own name
        ReceiptHandle: str,  # noqa: N803 - boto3's own name
        VisibilityTimeout: int,  # noqa: N803 - boto3's own name
    ) -> None:
        """Remember how long a message is hidden."""
        if self._refuse_hiding:
            raise client_error("ChangeMessageVisibility", "ReceiptHandleIsInvalid")
        self.hidden[ReceiptHandle] = VisibilityTimeout


class Counters:
    """Metrics that only count; stands for Powertools' Metrics."""

    def __init__(self) -> None:
        self.counts: dict[str, float] = {}

    def add_metric(self, *, name: str, unit: object, value: float) -> None:  # noqa: ARG002 - the interface
        """Add to one counter."""
        self.counts[name] = self.counts.get(name, 0) + value
