"""What a message carries of its lives before; it is sent anew when SQS counted too many receives.

Amazon SQS dates and counts each message by itself, so that both would begin at nought again; two
message attributes keep them. Whoever sends such a message for the first time sends neither. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FIRST_SENT, RECEIVED_BEFORE = "first_sent", "received_before"
_WHOLE = re.compile("[0-9]{1,15}")


@dataclass(frozen=True)
class History:
    """When it was sent first, in milliseconds since the epoch, and how often it was received.

    `receives` counts this delivery and those before it of the message as it is, `before` those of
    the messages that it took the place of.
    """

    first_sent_ms: int
    receives: int
    before: int = 0

    def age_s(self, now: float) -> float:
        """Seconds since it was sent first."""
        return now - self.first_sent_ms / 1000

    def attributes(self) -> dict[str, Any]:
        """The message attributes of the one that takes its place."""
        return {
            FIRST_SENT: _number(self.first_sent_ms),
            RECEIVED_BEFORE: _number(self.before + self.receives),
        }


def history_of(record: Mapping[str, Any]) -> History:
    """Read one record of a Lambda event; what makes no sense in its attributes is left aside."""
    own, given = record["attributes"], record.get("messageAttributes") or {}
    sent, receives = int(own["SentTimestamp"]), int(own["ApproximateReceiveCount"])
    first = _read(given, FIRST_SENT)
    # A time to come would keep it alive for ever.
    first_sent = first if first is not None and first < sent else sent
    return History(first_sent, receives, _read(given, RECEIVED_BEFORE) or 0)


def _read(attributes: Mapping[str, Any], name: str) -> int | None:
    attribute = attributes.get(name)
    text = attribute.get("stringValue") if isinstance(attribute, Mapping) else None
    return int(text) if isinstance(text, str) and _WHOLE.fullmatch(text) else None


def _number(value: int) -> dict[str, str]:
    return {"DataType": "Number", "StringValue": str(value)}
