"""What is written into an action's record when it is made, begun, ended, and queued again. Pure.

Each write is given as the parameters of DynamoDB's UpdateItem, but for table and key.
Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import asdict
from types import MappingProxyType
from typing import Any

from freshbridge.actions.record import Attempt, State
from freshbridge.actions.record_item import attribute, json_text
from freshbridge.queues.envelope import ActionRequest

_AS_RUN = ("parameters", "parameters_hash", "instance_id")
"""What an edited dead letter may bring anew under the same id: a record shows those that ran."""


def new_item(request: ActionRequest, parameters: str, *, expires_at: int) -> dict[str, Any]:
    """The item of a request; `parameters` as text, or a pointer to them where they are large.

    `expires_at` is in seconds since the epoch.
    """
    return {
        "pk": {"S": request.action_id},
        "instance_id": {"S": request.instance_id},
        "platform": {"S": request.platform},
        "action": {"S": request.action},
        "submitted_at": {"S": request.submitted_at},
        "idempotency_key": {"S": request.idempotency_key},
        # Ordered by time, and told apart when two share a second.
        "listed": {"S": f"{request.submitted_at}#{request.action_id}"},
        "origin": {"S": json_text(request.origin)},
        "parameters": {"S": parameters},
        "parameters_hash": {"S": hash_of(request)},
        "expires_at": {"N": str(expires_at)},
    }


def beginning(
    request: ActionRequest,
    times: Mapping[str, str],
    *,
    queued: bool,
    mark: str,
    new: Mapping[str, Any] = MappingProxyType({}),
    kept: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Any]:
    """Begin an attempt, with a `new` record where none is there.

    `times` are `at`, when it begins, and `until`, when its function's time is up. Refused when
    there is nothing to go on with, when that is not as it should be `kept`, and when it has
    succeeded.
    """
    if_new = "".join(
        f"#{name} = :{name}, "
        if name in _AS_RUN
        else f"#{name} = if_not_exists(#{name}, :{name}), "
        for name in new
    )
    there = "attribute_not_exists(#state) OR " if new else ""
    as_kept = "".join(f" AND #{name} = :{name}" for name in kept)
    names = {f"#{name}": name for name in (*new, *kept)}
    values: dict[str, Any] = {f":{name}": v for name, v in (*new.items(), *kept.items())} | {
        ":running": {"S": State.RUNNING.value},
        ":succeeded": {"S": State.SUCCEEDED.value},
        ":in_state": in_state(request.instance_id, State.RUNNING),
        ":at": {"S": times["at"]},
        ":until": {"S": times["until"]},
        ":queued": {"BOOL": queued},
        ":mark": {"SS": [mark]},
    }
    return {
        "UpdateExpression": (
            f"SET {if_new}#state = :running, instance_state = :in_state, "
            "started_at = :at, running_until = :until, queued = :queued "
            "REMOVE next_at, code, message, finished_at, #fields, #data ADD unsure :mark"
        ),
        "ConditionExpression": (
            f"{there}(attribute_exists(#state) AND #state <> :succeeded{as_kept})"
        ),
        "ExpressionAttributeNames": names
        | {"#state": "state", "#fields": "fields", "#data": "data"},
        "ExpressionAttributeValues": values,
    }


def ending(
    instance_id: str,
    state: State,
    attempt: Attempt | None,
    *,
    settled: Collection[str],
    known: Mapping[str, Any],
) -> dict[str, Any]:
    """End what was begun in `state`, with the attributes that are `known` of it.

    Without an `attempt` none is added. `settled` are the marks that are taken away. Anything but
    success is refused where it has succeeded, and where there is no record.
    """
    changes = {"state": state.value, **known}
    values: dict[str, Any] = {f":{name}": attribute(v) for name, v in changes.items()}
    values[":in_state"] = in_state(instance_id, state)
    sets = [f"#{name} = :{name}" for name in changes]
    if attempt is not None:
        sets.append("attempts = list_append(if_not_exists(attempts, :none), :attempt)")
        values[":none"] = {"L": []}
        values[":attempt"] = {"L": [{"M": {k: {"S": v} for k, v in attempt.shown().items()}}]}
    unmarked = ""
    if settled:
        unmarked = " DELETE unsure :settled"
        values[":settled"] = {"SS": sorted(settled)}
    condition: dict[str, Any] = {}
    if state is not State.SUCCEEDED:
        # An execution that came second must not take back what the first one did. A message
        # that was put off before anything began may have no record yet.
        condition = {"ConditionExpression": "attribute_exists(pk) AND #state <> :succeeded"}
        values[":succeeded"] = {"S": State.SUCCEEDED.value}
    return {
        "UpdateExpression": f"SET {', '.join(sets)}, instance_state = :in_state{unmarked}",
        "ExpressionAttributeNames": {f"#{name}": name for name in changes},
        "ExpressionAttributeValues": values,
        **condition,
    }


def reopening(instance_id: str) -> dict[str, Any]:
    """Queue again what had come to its end; its attempts stay. Refused where there is no record."""
    return {
        "UpdateExpression": (
            "SET #state = :queued, instance_state = :in_state "
            "REMOVE finished_at, next_at, message, code, #data, #fields"
        ),
        "ConditionExpression": "attribute_exists(pk)",
        "ExpressionAttributeNames": {"#state": "state", "#data": "data", "#fields": "fields"},
        "ExpressionAttributeValues": {
            ":queued": {"S": State.QUEUED.value},
            ":in_state": in_state(instance_id, State.QUEUED),
        },
    }


def in_state(instance_id: str, state: State) -> dict[str, str]:
    """What lists an instance's records by their state."""
    return {"S": f"{instance_id}#{state}"}


def failure_attributes(code: str, message: str, named: tuple[Any, ...] = ()) -> dict[str, Any]:
    """What a record keeps of an error; `named` are its FieldErrors."""
    known: dict[str, Any] = {"code": code, "message": message}
    if named:
        known["fields"] = json_text([asdict(entry) for entry in named])
    return known


def hash_of(request: ActionRequest) -> str:
    """What tells a request's parameters from others: 32 hex digits."""
    return hashlib.sha256(json_text(request.parameters).encode()).hexdigest()[:32]
