"""What a dead letter is about, read from its message, and the id that follows from it.

Pure. The message may be anything: what does not read as one of the envelopes is a letter about
nothing known, which keeps its text all the same.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from freshbridge.identifiers import derived_id


class Queue(StrEnum):
    """The queues, as people name them."""

    EVENTS = "events"
    ACTIONS = "actions"
    SYNC = "sync"
    CALLBACKS = "callbacks"
    CUSTOMERS = "customers"


LONGEST_NAME = 256
"""Characters of an id that is kept beside the body; DynamoDB would refuse a key of 2 KiB."""
_ID = {
    Queue.EVENTS: ("event_id",),
    Queue.ACTIONS: ("action_id",),
    Queue.SYNC: ("run_id", "instance_id", "object"),
    Queue.CALLBACKS: ("event_id",),
}
_REPEATED_ID = {
    "delivery": ("notification_id", "subscription_id"),
    "release": ("instance_id", "subscription_id"),
}
"""What callbacks' messages are known by that carry no event: those that send something again."""
_CUSTOMER_ID = ("link_id", "job", "run_id", "object", "side", "record_id")
"""A run has no record, a record's work no run, and what the schedule asks for neither."""
_NAMES = (
    "instance_id", "platform", "action", "action_id", "event_id", "run_id", "object",
    "idempotency_key",
)  # fmt: skip


@dataclass(frozen=True)
class Subject:
    """What the message was to do and for whom; "" for what it does not say."""

    instance_id: str = ""
    platform: str = ""
    action: str = ""
    action_id: str = ""
    event_id: str = ""
    run_id: str = ""
    object: str = ""
    idempotency_key: str = ""
    origin: dict[str, Any] = field(default_factory=dict)

    @property
    def origin_type(self) -> str:
        """Who asked: a rule, the API, a batch, a deployer's own code."""
        return str(self.origin.get("type", ""))[:LONGEST_NAME]


def read_subject(text: str) -> Subject:
    """What a message body tells; an empty subject where it is no JSON object."""
    fields = _object(text)
    known: dict[str, Any] = {name: _name(fields.get(name)) for name in _NAMES}
    origin, notice = fields.get("origin"), fields.get("notice")
    if isinstance(notice, dict):
        known["event_id"] = _name(notice.get("event_id"))
    if kind := _repeated(fields):
        # Apart from the news, in lists as in the queue's fair groups.
        origin = {"type": kind}
    if isinstance(origin, dict):
        # Its text is kept with every listing, so a stranger's novel in it is not.
        fits = len(json.dumps(origin)) <= 2048
        return Subject(**known, origin=origin if fits else {"type": _name(origin.get("type"))})
    return Subject(**known)


def read_parameters(text: str) -> dict[str, Any]:
    """An action request's parameters; none where the text has none."""
    parameters = _object(text).get("parameters")
    return parameters if isinstance(parameters, dict) else {}


def read_notification(text: str) -> int | None:
    """The notification whose delivery a callback's message asks for; None for any other message."""
    fields = _object(text)
    number = fields.get("notification_id")
    return number if _repeated(fields) and type(number) is int else None


def letter_id(queue: Queue, text: str, message_id: str) -> str:
    """The letter's id: the same for the same work, so that a later failure joins its history.

    A message that names no work of its own is known by the id that Amazon SQS gave it.
    """
    fields = _object(text)
    kind = _repeated(fields) if queue is Queue.CALLBACKS else ""
    if queue is Queue.CUSTOMERS and fields.get("link_id"):
        parts = [_name(fields.get(name)) or "-" for name in _CUSTOMER_ID]
    elif kind:
        parts = [kind, *(_name(fields.get(name)) for name in _REPEATED_ID[kind])]
    else:
        subject = read_subject(text)
        parts = [getattr(subject, name) for name in _ID.get(queue, ())]
    return letter_id_of(queue, *(parts if parts and all(parts) else ("message", message_id)))


def letter_id_of(queue: Queue, *names: str) -> str:
    """The id of the letter of one event or action, by its id, if it has one.

    A callback is named by its event; a delivery by "delivery", its notification and subscription.
    """
    return derived_id("dl", queue.value, *names)


def with_parameters(text: str, parameters: dict[str, Any], instance_id: str | None) -> str:
    """An action request's text with other parameters, and for another instance where one is named.

    Every other field stays as it is, so that the idempotency key is the one it failed under.
    """
    fields = _object(text) | {"parameters": parameters}
    if instance_id is not None:
        fields["instance_id"] = instance_id
    return json.dumps(fields, separators=(",", ":"))


def same_effect_otherwise(text: str, other: str) -> bool:
    """True for two action requests of one key that differ in their parameters or instance."""
    one, two = _object(text), _object(other)
    if not one.get("idempotency_key") or one["idempotency_key"] != two.get("idempotency_key"):
        return False
    asked = [(each.get("parameters"), _name(each.get("instance_id"))) for each in (one, two)]
    return asked[0] != asked[1]


def _repeated(fields: dict[str, Any]) -> str:
    kind = fields.get("kind")
    return kind if isinstance(kind, str) and kind in _REPEATED_ID else ""


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _name(value: Any) -> str:
    if type(value) is int:
        # The API shows an instance's id as a number, so that is what a deployer's own code sends.
        value = str(value) if abs(value) < 10**30 else ""
    if not isinstance(value, str) or len(value) > LONGEST_NAME:
        return ""
    # A lone surrogate is no UTF-8, which a database key has to be.
    return value.encode("utf-8", "replace").decode()
