"""A dead letter as the API shows it. Pure.

The body is what the user sent, and is shown to who may see it; no log line ever holds it.
"""

from __future__ import annotations

import json
from typing import Any

from freshbridge.dead_letters.letter import Letter, State
from freshbridge.dead_letters.subject import read_parameters


def summary(letter: Letter) -> dict[str, Any]:
    """What a list shows: without the body, the history and the provider's answer."""
    subject = letter.subject
    named = {
        "instance_id": _number(subject.instance_id),
        "platform": subject.platform,
        "action": subject.action,
        "action_id": subject.action_id,
        "event_id": subject.event_id,
        "run_id": subject.run_id,
        "object": subject.object,
    }
    shown = {
        "id": letter.letter_id,
        "queue": letter.queue.value,
        "state": letter.state.value,
        "code": letter.failure.code,
        "message": letter.failure.message,
        **{name: value for name, value in named.items() if value},
        "origin": subject.origin,
        "attempts": letter.failure.attempts,
        "parked_by": letter.failure.parked_by,
        "round": letter.round,
        "first_sent_at": letter.first_sent_at,
        "first_parked_at": letter.first_parked_at,
        "parked_at": letter.parked_at,
        "automatic_returns": letter.returns,
    }
    if letter.state is State.PARKED and letter.return_at:
        shown["returns_at"] = letter.return_at
    return shown


def whole(letter: Letter, text: str | None, original: str | None = None) -> dict[str, Any]:
    """All there is to tell. `text` is the message, None when it is gone.

    `original` is what it was before it was edited, None where it never was or that is gone.
    """
    body = None if text is None else _read(text)
    parameters = body.get("parameters") if body is not None else None
    return summary(letter) | {
        "body": body,
        "parameters": parameters if isinstance(parameters, dict) else None,
        "original_parameters": None if original is None else read_parameters(original),
        "idempotency_key": letter.subject.idempotency_key or None,
        "provider": letter.failure.provider or None,
        "fields": list(letter.failure.fields),
        "advice": letter.failure.advice or None,
        "history": [entry.shown() for entry in letter.history],
    }


def _read(text: str) -> dict[str, Any]:
    """The message as an object; what is none is shown as `{"text"}`."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    return value if isinstance(value, dict) else {"text": text}


def _number(instance_id: str) -> int | str:
    # The API shows an instance's id as a number; a stranger's message may hold anything.
    return int(instance_id) if instance_id.isdecimal() else instance_id
