"""What a peer is told: where its queue and its accounts are, and how much it may send.

A peer prints one line of JSON per event to its log, as consumers do: `ready`, `received`, and
`answered` with the seconds that an interactive call took; each with its time.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import boto3

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

LONG_POLL_S = 20
CALL_TIMEOUT_S = 30


@dataclass(frozen=True)
class Given:
    """`accounts`: the origin of each instance's account. `total` and `creations` calls are allowed
    per `window_s`. With `interactive_every_s` it reads a ticket that often, beside its queue.
    """

    queue_url: str
    endpoint: str
    api_key: str
    accounts: dict[str, str]
    total: int
    creations: int
    window_s: float
    interactive_every_s: float = 0.0
    interactive_url: str = ""

    def to_text(self) -> str:
        """The program's one argument."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> Given:
        """Read it back."""
        return cls(**json.loads(text))

    def sqs(self) -> SQSClient:
        """A client of the emulator."""
        client: SQSClient = boto3.client(
            "sqs",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 - the emulator takes any
        )
        return client


def tell(event: str, **more: Any) -> None:
    """Log one line; whole lines only, for several threads write them."""
    print(json.dumps({"event": event, "at": time.time(), **more}) + "\n", end="", flush=True)
