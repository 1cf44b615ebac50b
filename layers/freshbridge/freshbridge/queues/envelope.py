"""The two messages that travel between functions.

Pure: values in, JSON text out, and back. A message that does not read as its envelope is rejected
with the field that was wrong, so it is parked at once instead of failing until it expires.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Protocol

from freshbridge import timestamps
from freshbridge.errors import Reject

# Amazon SQS refuses these characters, and a lone surrogate is no UTF-8: JSON's escape hides them.
_NOT_SENDABLE = re.compile("[\ud800-\udfff\ufffe\uffff]")
_NOT_IN_GROUP = re.compile("[^!-~]")
WEBHOOK = "webhook"
INTERACTIVE = "api"
"""The origin of what a person or program asked for through the API and may be waiting for."""


class UnreadableMessage(Reject):
    """A queue message that is not the envelope its reader expects."""

    code = "unreadable_message"


@dataclass(frozen=True)
class ReceivedEvent:
    """What webhook_ingest queues: the provider's body as it came, and where it belongs.

    `received_at` is UTC, ISO 8601 with seconds; `body` is the raw text, not yet normalised. With
    `source` "sync" the body is what a scheduled sync found changed; no webhook can be that.
    """

    event_id: str
    instance_id: str
    platform: str
    received_at: str
    content_type: str
    body: str
    source: str = WEBHOOK

    @property
    def correlation_id(self) -> str:
        """What every log line about this event carries."""
        return self.event_id

    @property
    def group(self) -> str:
        """Whose messages are to wait behind each other, and not behind anybody else's."""
        return fair_group(self.instance_id)


@dataclass(frozen=True)
class ActionRequest:
    """One action to run, whoever asked for it: a rule, the API, a sync, or a deployer's own code.

    `origin` says who: `{"type": "rule", "rule_id": …, "event_id": …}`. `idempotency_key` names the
    effect: two requests with one key have the effect once. `submitted_at` is UTC, ISO 8601.
    """

    action_id: str
    instance_id: str
    platform: str
    action: str
    parameters: dict[str, Any]
    idempotency_key: str
    origin: dict[str, Any]
    submitted_at: str

    @property
    def correlation_id(self) -> str:
        """The event that led to this action, else the action itself."""
        return str(self.origin.get("event_id") or self.action_id)

    @property
    def group(self) -> str:
        """Of one instance, and of one kind of origin: a batch's rows do not hold back a rule."""
        return fair_group(self.instance_id, str(self.origin.get("type", "")))

    @property
    def interactive(self) -> bool:
        """Whether somebody may be waiting for it."""
        return self.origin.get("type") == INTERACTIVE


@dataclass(frozen=True)
class SyncWork:
    """Go on with one part of a run of one object of one instance.

    `started_at` is when the run began, UTC, ISO 8601. How far the part is stands in the SyncTable.
    """

    run_id: str
    instance_id: str
    object: str
    started_at: str
    part: str = ""

    @property
    def correlation_id(self) -> str:
        """What every log line of this run carries."""
        return self.run_id

    @property
    def group(self) -> str:
        """Whose messages are to wait behind each other, and not behind anybody else's."""
        return fair_group(self.instance_id)


@dataclass(frozen=True)
class Replay:
    """Route the kept event `replay_of` once more, as `event_id`, as if it came at `requested_at`.

    `only_rules` are ids of rules with commas between, "" for all that there are. `job_id` is "" for
    an event that was asked for by itself. `requested_at` is UTC, ISO 8601.
    """

    event_id: str
    replay_of: str
    instance_id: str
    requested_at: str
    only_rules: str = ""
    job_id: str = ""

    @property
    def correlation_id(self) -> str:
        """What every log line about this event carries."""
        return self.event_id

    @property
    def group(self) -> str:
        """Behind each other, and not in front of what the provider sends meanwhile."""
        return fair_group(self.instance_id, "replay")

    @property
    def rules(self) -> tuple[str, ...]:
        """The ids of the only rules that are to run; () for all."""
        return tuple(part for part in self.only_rules.split(",") if part)


@dataclass(frozen=True)
class ReplayWork:
    """Queue the next piece of a replay of many events: of the job `replay_job`."""

    replay_job: str
    instance_id: str

    @property
    def correlation_id(self) -> str:
        """What every log line about this job carries."""
        return self.replay_job

    @property
    def group(self) -> str:
        """As its replays."""
        return fair_group(self.instance_id, "replay")


Envelope = ReceivedEvent | ActionRequest | SyncWork | Replay | ReplayWork


def fair_group(instance_id: str, origin: str = "") -> str:
    """The `MessageGroupId` of a message: Amazon SQS keeps one group's backlog from delaying others.

    At most 128 letters, digits and punctuation marks, as SQS demands; anybody's own words are cut
    and cleaned to fit.
    Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html
    """
    name = f"{instance_id}.{origin}" if origin else instance_id
    return _NOT_IN_GROUP.sub("-", name)[:128] or "-"


class Message(Protocol):
    """Whatever a queue carries: a dataclass of JSON values that knows its group."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def group(self) -> str:
        """The `MessageGroupId`."""
        ...  # pragma: no cover  # a protocol has no body


def to_text(envelope: Message) -> str:
    """The message body: one JSON object, keys as the fields are named."""
    fields = asdict(envelope)
    if fields.get("source") == WEBHOOK:
        # What it is unless it is said.
        del fields["source"]
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    return _NOT_SENDABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def received_event(text: str) -> ReceivedEvent:
    """Read what webhook_ingest queued.

    Raises:
        UnreadableMessage: naming what is missing or of the wrong type.
    """
    return ReceivedEvent(**_strings({"source": WEBHOOK, **_object(text)}, ReceivedEvent))


def replay_order(text: str) -> Replay | ReplayWork | None:
    """What a message says that asks for kept events to be routed again; None for any other message.

    Raises:
        UnreadableMessage: naming what is missing or of the wrong type.
    """
    if '"replay_' not in text:
        # A long body need not be read twice to know.
        return None
    fields = _object(text)
    for kind, name in ((Replay, "replay_of"), (ReplayWork, "replay_job")):
        if name in fields:
            found: Replay | ReplayWork = kind(**_strings(fields, kind))
            return found
    return None


def sync_work(text: str) -> SyncWork:
    """Read a piece of sync work.

    Raises:
        UnreadableMessage: naming what is missing or of the wrong type.
    """
    return SyncWork(**_strings({"part": "", **_object(text)}, SyncWork))


def action_request(text: str) -> ActionRequest:
    """Read an action request. Unknown keys are refused: a misspelt one would be lost in silence.

    Raises:
        UnreadableMessage: naming what is missing, unknown or of the wrong type.
    """
    fields = _object(text)
    if type(fields.get("instance_id")) is int:
        # The API shows an instance's id as a number, so that is what a deployer's own code sends.
        fields["instance_id"] = str(fields["instance_id"])
    objects: dict[str, Any] = {}
    for name in ("parameters", "origin"):
        value = fields.pop(name, None)
        if not isinstance(value, dict):
            raise UnreadableMessage(f"action request: {name} must be an object")
        objects[name] = value
    texts: dict[str, Any] = dict(_strings(fields, ActionRequest, leave=tuple(objects)))
    try:
        moment = timestamps.from_text(texts["submitted_at"])
        texts["submitted_at"] = timestamps.to_text(moment)
    except (ValueError, OverflowError):
        raise UnreadableMessage("action request: submitted_at must be an ISO 8601 time") from None
    if not texts["idempotency_key"]:
        raise UnreadableMessage("action request: idempotency_key must not be empty")
    return ActionRequest(**texts, **objects)


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableMessage(f"message is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise UnreadableMessage(f"message must be a JSON object, not {type(value).__name__}")
    return value


def _strings(
    fields: dict[str, Any], kind: type[Envelope], leave: tuple[str, ...] = ()
) -> dict[str, str]:
    expected = set(kind.__dataclass_fields__) - set(leave)
    missing, unknown = sorted(expected - set(fields)), sorted(set(fields) - expected)
    if missing or unknown:
        raise UnreadableMessage(
            f"{kind.__name__}: missing {missing or 'nothing'}, unknown {unknown or 'nothing'}"
        )
    wrong = sorted(name for name, value in fields.items() if not isinstance(value, str))
    if wrong:
        raise UnreadableMessage(f"{kind.__name__}: must be strings: {wrong}")
    return fields
