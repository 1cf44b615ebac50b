"""Dead letters as DynamoDB items, and back. Pure.

`listing` and `listed` make the lists: the queue and the state, and then the time of parking.
`due` is there only while the letter waits for a moment of its own, so that its index holds no
others. What a list does not show (body, history, the provider's answer) is in no index.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from freshbridge.dead_letters.letter import Entry, Failure, Letter, State
from freshbridge.dead_letters.subject import Queue, Subject

DUE = "letter"
_SUBJECT = (
    "instance_id", "platform", "action", "action_id", "event_id", "run_id", "object",
    "idempotency_key",
)  # fmt: skip
_TEXTS = ("first_sent_at", "first_parked_at", "parked_at", "return_at", "claimed_by")
_NUMBERS = ("round", "expires_at", "returns", "sends", "version")


def listing(queue: Queue, state: State) -> str:
    """The partition of one queue's letters in one state."""
    return f"{queue.value}#{state.value}"


def to_item(letter: Letter) -> dict[str, Any]:
    """Every attribute of a letter; what is empty is left out, as index keys must be."""
    texts = {
        "pk": letter.letter_id,
        "queue": letter.queue.value,
        "state": letter.state.value,
        "listing": listing(letter.queue, letter.state),
        "listed": f"{letter.parked_at}#{letter.letter_id}",
        "code": letter.failure.code,
        "message": letter.failure.message,
        "parked_by": letter.failure.parked_by,
        "advice": letter.failure.advice,
        "due": DUE if letter.return_at else "",
        "body": letter.body,
        "original_body": letter.original_body,
        "origin": _json(letter.subject.origin) if letter.subject.origin else "",
        "provider": _json(letter.failure.provider) if letter.failure.provider else "",
        "fields": _json(letter.failure.fields) if letter.failure.fields else "",
        "history": _json([asdict(entry) for entry in letter.history]),
        **{name: getattr(letter.subject, name) for name in _SUBJECT},
        **{name: getattr(letter, name) for name in _TEXTS},
    }
    numbers = {"attempts": letter.failure.attempts} | {
        name: getattr(letter, name) for name in _NUMBERS
    }
    return {
        **{name: {"S": text} for name, text in texts.items() if text},
        **{name: {"N": str(number)} for name, number in numbers.items()},
        "carried": {"BOOL": letter.carried},
    }


def from_item(item: dict[str, Any]) -> Letter:
    """The letter of an item, whole or as an index has it."""
    texts = {name: value["S"] for name, value in item.items() if "S" in value}
    numbers = {name: int(value["N"]) for name, value in item.items() if "N" in value}
    plain: dict[str, Any] = {name: texts.get(name, "") for name in _TEXTS}
    plain |= {name: numbers.get(name, 0) for name in _NUMBERS}
    return Letter(
        letter_id=texts["pk"],
        queue=Queue(texts["queue"]),
        state=State(texts["state"]),
        body=texts.get("body", ""),
        original_body=texts.get("original_body", ""),
        failure=Failure(
            code=texts.get("code", ""),
            message=texts.get("message", ""),
            attempts=numbers.get("attempts", 0),
            parked_by=texts.get("parked_by", ""),
            provider=json.loads(texts.get("provider", "{}")),
            fields=tuple(json.loads(texts.get("fields", "[]"))),
            advice=texts.get("advice", ""),
        ),
        subject=Subject(
            **{name: texts.get(name, "") for name in _SUBJECT},
            origin=json.loads(texts.get("origin", "{}")),
        ),
        carried=item.get("carried", {}).get("BOOL", True),
        history=tuple(Entry(**entry) for entry in json.loads(texts.get("history", "[]"))),
        **plain,
    )


def _json(value: Any) -> str:
    # ASCII, so that half an emoji, which no UTF-8 can hold, survives as its escape.
    return json.dumps(value, separators=(",", ":"))
