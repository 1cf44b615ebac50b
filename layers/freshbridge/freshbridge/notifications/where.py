"""Which deliveries a `where` asks for. Pure.

    channel='webhook' and status='queued' and config.url='https://events.example/in'

Comparisons of three fields with texts, joined by `and`. A quote inside a text is written twice.
Anything else is refused with its position: a filter that was half understood would release, or
show, what nobody asked for.
Source: https://docs.cloud-elements.com, "Event Management: Event Retry and Queueing"
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from freshbridge.errors import FieldError, InvalidRequest
from freshbridge.notifications.delivery import Status

FIELDS = ("channel", "status", "config.url")
CHANNELS = ("webhook", "email", "sms", "push")
LONGEST = 4096
_TERM = re.compile(r"\s*(?P<field>[A-Za-z.]+)\s*=\s*'(?P<text>(?:[^']|'')*)'\s*")
_AND = re.compile(r"and\b", re.IGNORECASE)


class InvalidWhere(InvalidRequest):
    """The `where` cannot be read."""

    code = "invalid_where"
    default_advice = "Write it as channel='webhook' and status='queued' and config.url='https://…'."


@dataclass(frozen=True)
class Where:
    """What each delivery has to be; None for anything."""

    channel: str | None = None
    status: Status | None = None
    url: str | None = None

    @property
    def possible(self) -> bool:
        """Whether there can be such deliveries: webhook is the only channel."""
        return self.channel in (None, "webhook")


def read_where(text: str | None) -> Where:
    """The conditions of a `where`; none of them without one.

    Raises:
        InvalidWhere: naming the position of what cannot be read.
    """
    if text is None or not text.strip():
        return Where()
    if len(text) > LONGEST:
        raise _refusal(f"is longer than {LONGEST} characters")
    found = _terms(text)
    if found.get("channel", "webhook") not in CHANNELS:
        raise _refusal(f"channel is one of {', '.join(CHANNELS)}")
    status = found.get("status")
    if status is not None and status not in list(Status):
        raise _refusal(f"status is one of {', '.join(Status)}")
    return Where(
        channel=found.get("channel"),
        status=None if status is None else Status(status),
        url=found.get("config.url"),
    )


def _terms(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    position = 0
    while True:
        term = _TERM.match(text, position)
        if term is None:
            raise _refusal(f"a comparison is expected at character {position + 1}")
        field = term["field"]
        if field not in FIELDS:
            raise _refusal(f"{field[:40]} is not one of {', '.join(FIELDS)}")
        if field in found:
            raise _refusal(f"{field} is compared twice")
        found[field] = term["text"].replace("''", "'")
        position = term.end()
        if position == len(text):
            return found
        joint = _AND.match(text, position)
        if joint is None:
            raise _refusal(f"`and` is expected at character {position + 1}")
        position = joint.end()


def _refusal(message: str) -> InvalidWhere:
    return InvalidWhere(
        "the filter cannot be read", fields=[FieldError("where", message, "invalid_value")]
    )
