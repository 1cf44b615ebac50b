"""What a request for a replay may say, and the id that follows from it. Pure."""

from __future__ import annotations

from freshbridge.errors import Conflict, FieldError, InvalidRequest
from freshbridge.identifiers import derived_id

LONGEST_KEY = 255
MOST_RULES = 50
_LONGEST_RULE_ID = 128


class InvalidReplay(InvalidRequest):
    """What is to be routed again, or how, cannot be told."""

    code = "invalid_replay"


class ReplayKeyReused(Conflict):
    """The key belongs to another replay: answering with that one would be wrong."""

    code = "idempotency_key_reused"
    default_advice = "Send every new request with a new Idempotency-Key."


def replay_id(instance_id: str, event_id: str, key: str) -> str:
    """The id of the replay of one event that one key, or one job, asks for."""
    return derived_id("evt", "replay", instance_id, event_id, key)


def read_rules(value: object) -> tuple[str, ...]:
    """The ids of the only rules that are to run; () for all of them.

    Raises:
        InvalidReplay: it is no list of ids.
    """
    if value is None:
        return ()
    fits = isinstance(value, list) and 0 < len(value) <= MOST_RULES
    if not fits or not all(_is_rule_id(one) for one in value):  # type: ignore[attr-defined]  # a list
        refuse("rules", f"must be a list of 1 to {MOST_RULES} ids of rules")
    return tuple(value)  # type: ignore[arg-type]  # as above


def read_key(key: str | None) -> str | None:
    """An Idempotency-Key.

    Raises:
        InvalidReplay: it cannot be used.
    """
    if key is not None and not (0 < len(key) <= LONGEST_KEY and key.isprintable()):
        refuse("Idempotency-Key", f"1 to {LONGEST_KEY} printable characters")
    return key


def refuse(field: str, accepted: str) -> None:
    """Say what is wrong with one field.

    Raises:
        InvalidReplay: always.
    """
    raise InvalidReplay(
        "this cannot be routed again", fields=[FieldError(field, accepted, "invalid_value")]
    )


def _is_rule_id(value: object) -> bool:
    return (
        isinstance(value, str)
        and 0 < len(value) <= _LONGEST_RULE_ID
        and value.isascii()
        and value.isprintable()
        and "," not in value
    )
