"""What travels to the callbacks' function. Pure: values in, JSON text out, and back.

    event     an event that an instance wants to hear of; the function groups them
    direct    a body for one URL that somebody named with a request of theirs
    delivery  a delivery whose time has come
    release   a subscription whose queued deliveries are to be sent after all

A message that does not read as one of them is refused with what was wrong.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from freshbridge.notifications.shape import Notice
from freshbridge.queues.envelope import UnreadableMessage, fair_group


@dataclass(frozen=True)
class EventMessage:
    """One event of one instance. `by_polling`: it was found by the sync, not sent by a webhook."""

    instance_id: str
    by_polling: bool
    notice: Notice
    kind: Literal["event"] = "event"

    @property
    def correlation_id(self) -> str:
        """What every log line about it carries."""
        return self.notice.event_id

    @property
    def group(self) -> str:
        """Whose messages are to wait behind each other, and not behind anybody else's."""
        return fair_group(self.instance_id)

    @property
    def companions_key(self) -> tuple[str, bool, str]:
        """Messages of the same one may be told in one notification."""
        return self.instance_id, self.by_polling, self.notice.object_type


@dataclass(frozen=True)
class DeliveryMessage:
    """One delivery whose time has come; the table says whether it really has."""

    instance_id: str
    notification_id: int
    subscription_id: int
    kind: Literal["delivery"] = "delivery"

    @property
    def correlation_id(self) -> str:
        """What every log line about it carries."""
        return f"notification {self.notification_id}"

    @property
    def group(self) -> str:
        """As of events, and apart from them: old failures hold back no news."""
        return fair_group(self.instance_id, self.kind)


@dataclass(frozen=True)
class ReleaseMessage:
    """A subscription whose queued deliveries are to be sent."""

    instance_id: str
    subscription_id: int
    kind: Literal["release"] = "release"

    @property
    def correlation_id(self) -> str:
        """What every log line about it carries."""
        return f"subscription {self.subscription_id}"

    @property
    def group(self) -> str:
        """As of deliveries."""
        return fair_group(self.instance_id, self.kind)


@dataclass(frozen=True)
class DirectMessage:
    """What is told to one URL, once; `event_id` names what happened.

    It is signed and tried again like an event, and `object_type` is what it is listed as.
    """

    instance_id: str
    event_id: str
    object_type: str
    url: str
    body: dict[str, Any]
    kind: Literal["direct"] = "direct"

    @property
    def correlation_id(self) -> str:
        """What every log line about it carries."""
        return self.event_id

    @property
    def group(self) -> str:
        """As of events."""
        return fair_group(self.instance_id)


CallbackMessage = EventMessage | DirectMessage | DeliveryMessage | ReleaseMessage
_KINDS: dict[str, type[DirectMessage] | type[DeliveryMessage] | type[ReleaseMessage]] = {
    "direct": DirectMessage,
    "delivery": DeliveryMessage,
    "release": ReleaseMessage,
}
_TYPES = {"str": str, "int": int, "bool": bool}


def read_message(text: str) -> CallbackMessage:
    """The message that a text is.

    Raises:
        UnreadableMessage: naming what is missing or of the wrong type.
    """
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableMessage(f"message is not JSON: {type(error).__name__}") from error
    kind = fields.pop("kind", None) if isinstance(fields, dict) else None
    if kind == "event":
        notice = fields.pop("notice", None)
        plain = _checked(EventMessage, fields, leave="notice")
        return EventMessage(**plain, notice=Notice(**_checked(Notice, notice)))
    if not isinstance(kind, str) or kind not in _KINDS:
        raise UnreadableMessage("message is no event, direct, delivery or release")
    return _KINDS[kind](**_checked(_KINDS[kind], fields))


def _checked(of: type[Any], fields: Any, leave: str = "") -> dict[str, Any]:
    if not isinstance(fields, dict):
        raise UnreadableMessage(f"{of.__name__} must be an object")
    declared = {
        name: str(field.type)
        for name, field in of.__dataclass_fields__.items()
        if name not in ("kind", leave)
    }
    if set(fields) != set(declared):
        raise UnreadableMessage(f"{of.__name__} must have {', '.join(sorted(declared))}")
    wrong = sorted(
        name for name, told in declared.items() if type(fields[name]) is not _TYPES.get(told, dict)
    )
    if wrong:
        raise UnreadableMessage(f"{of.__name__}: of the wrong type: {', '.join(wrong)}")
    return dict(fields)
