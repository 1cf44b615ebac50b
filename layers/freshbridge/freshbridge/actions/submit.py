"""Take an action request from a caller: run it while they wait, or queue it.

Whoever waits gets the result, or the refusal. What the provider makes us wait for is queued and
answered with its action id, unless the caller refuses to wait. One idempotency key is one request:
sent again it answers with what the first one came to, and waits for that while it is being run.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from freshbridge import timestamps
from freshbridge.actions.action import Outcome, Unfinished
from freshbridge.actions.catalogue import CATALOGUE, Catalogue
from freshbridge.actions.perform import check
from freshbridge.actions.record import ActionRecord, State
from freshbridge.budget.assembly import patience
from freshbridge.budget.ledger import Use
from freshbridge.circuit.refusal import CircuitOpen
from freshbridge.errors import Conflict, FieldError, InvalidRequest, Reject, Retry, Throttled
from freshbridge.identifiers import derived_id, new_id
from freshbridge.instances.provider_clients import WITHOUT_ACCOUNT
from freshbridge.queues.backoff import wait_of
from freshbridge.queues.envelope import INTERACTIVE, ActionRequest
from freshbridge.queues.publish import NotQueued

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from freshbridge.actions.execute import Executor
    from freshbridge.actions.record_store import RecordStore
    from freshbridge.instances.model import Instance
    from freshbridge.queues.publish import Publisher

LONGEST_KEY = 255
LONGEST_HERE_S, RESERVE_S = 8.0, 20.0
"""An API answers within 29 seconds: so long a call may wait for its slot, so long it may take."""
FIRST_LOOK_S, LONGEST_LOOK_S = 0.1, 1.0
"""How soon, and at the latest how often, a duplicate looks whether the first request is done."""
NOT_IN_BACKGROUND = Use(within_s=0.0, background=False)
LONGEST_WAIT_S = 900
"""A message can be sent with no longer a delay; the executor puts it off further if need be."""


class InvalidActionRequest(InvalidRequest):
    """The body, or a header beside it, cannot be used."""

    code = "invalid_action_request"


class IdempotencyKeyReused(Conflict):
    """The key belongs to another request: answering with that one's result would be wrong."""

    code = "idempotency_key_reused"
    default_advice = "Send every new request with a new Idempotency-Key."


@dataclass(frozen=True)
class Preference:
    """How a caller wants to be answered (RFC 7240).

    `asynchronous`: queue it and answer at once. `strict`: a refusal rather than a wait.
    """

    asynchronous: bool = False
    strict: bool = False


@dataclass(frozen=True)
class Answer:
    """`outcome` is there when the action is done; `replayed` when it was done before."""

    record: ActionRecord
    outcome: Outcome | None = None
    replayed: bool = False


def read_preference(header: str | None) -> Preference:
    """`Prefer: respond-async` and `handling=strict`; others are ignored, as the RFC says."""
    given = {part.strip().lower().replace(" ", "") for part in (header or "").split(",")}
    return Preference("respond-async" in given, "handling=strict" in given)


def read_request(
    body: dict[str, Any], instance: Instance, *, key: str | None, user_id: int
) -> ActionRequest:
    """The request of a body `{"action", "parameters", "platform"?}` and of an idempotency key.

    Raises:
        InvalidActionRequest: naming everything that is wrong.
    """
    wrong = [
        FieldError(name, "there is no such field", "unknown")
        for name in sorted(set(body) - {"action", "parameters", "platform"})
    ]
    action, parameters = body.get("action"), body.get("parameters", {})
    platform = body.get("platform", instance.platform)
    own = platform == instance.platform or platform in WITHOUT_ACCOUNT
    if not isinstance(action, str) or not action:
        wrong.append(FieldError("action", "the action's name is required", "missing_field"))
    if not isinstance(parameters, dict):
        wrong.append(FieldError("parameters", "must be an object", "wrong_type"))
    if not own:
        accepted = f"this instance is a {instance.platform} account"
        wrong.append(FieldError("platform", accepted, "invalid_value"))
    if key is not None and not (0 < len(key) <= LONGEST_KEY and key.isprintable()):
        accepted = f"1 to {LONGEST_KEY} printable characters"
        wrong.append(FieldError("Idempotency-Key", accepted, "invalid_value"))
    if wrong:
        raise InvalidActionRequest("the action cannot be run", fields=wrong)
    action_id = new_id("act") if key is None else derived_id("act", instance.instance_id, key)
    return ActionRequest(
        action_id=action_id,
        instance_id=instance.instance_id,
        platform=platform,
        action=str(action),
        parameters=parameters,
        idempotency_key=action_id,
        origin={"type": INTERACTIVE, "user_id": user_id},
        submitted_at=timestamps.to_text(timestamps.now()),
    )


def fingerprint(request: ActionRequest) -> str:
    """Tells one request from another under the same key."""
    asked = [request.platform, request.action, request.parameters]
    text = json.dumps(asked, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _refusal(error: Retry) -> Retry:
    """What somebody is told who would not wait: to them the budget's wait is the rate limit."""
    if not (error.costs_no_attempt and isinstance(error, Throttled)):
        return error
    return Throttled("Rate limit exceeded. Please try again later", after=error.after, status=429)


class Submission:
    """Where the API hands its action requests in."""

    def __init__(
        self,
        executor: Executor,
        records: RecordStore,
        queue: Publisher,
        catalogue: Catalogue = CATALOGUE,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`queue`: the ActionQueue."""
        self._executor = executor
        self._records = records
        self._queue = queue
        self._catalogue = catalogue
        self._sleep = sleep

    def submit(
        self, request: ActionRequest, preference: Preference, context: LambdaContext
    ) -> Answer:
        """Run or queue the request.

        Raises:
            UnknownAction, InvalidParameters: nothing is kept.
            IdempotencyKeyReused: another request has this key.
            Reject: the provider, or the instance's state, refuses it; the record says failed.
            Retry: the provider cannot take it now and the caller would not wait.
            NotQueued: it was to be queued and could not be; nothing is promised.
        """
        action = check(request, self._catalogue)
        mark = fingerprint(request)
        known = self._records.submit(request, mark)
        if known is not None:
            if known.fingerprint != mark:
                raise IdempotencyKeyReused(
                    f"this Idempotency-Key was sent with another request, {known.action_id}"
                )
            if not (preference.asynchronous or action.in_background):
                known = self._awaited(known, context)
            if known.state is State.SUCCEEDED:
                done = Outcome(known.data or {}, known.message, known.cached, known.age_s)
                return Answer(known, done, replayed=True)
            if not known.state.final:
                return Answer(known, replayed=True)
        if preference.asynchronous or action.in_background:
            return self._queued(request)
        return self._run(request, preference, context)

    def _awaited(self, record: ActionRecord, context: LambdaContext) -> ActionRecord:
        """The record of the same request once it is done, or as it is when waiting is over.

        One that waits for a time of its own will not be done before that.
        """
        waited, look = 0.0, FIRST_LOOK_S
        while (
            record.state in (State.QUEUED, State.RUNNING)
            and waited + look <= LONGEST_HERE_S
            and context.get_remaining_time_in_millis() / 1000 - look > RESERVE_S
        ):
            self._sleep(look)
            waited, look = waited + look, min(look * 2, LONGEST_LOOK_S)
            record = self._records.get(record.action_id)
        return record

    def _queued(self, request: ActionRequest) -> Answer:
        self._publish(request)
        return Answer(self._records.get(request.action_id))

    def _run(
        self, request: ActionRequest, preference: Preference, context: LambdaContext
    ) -> Answer:
        try:
            waiting = patience(
                context, longest_s=LONGEST_HERE_S, reserve_s=RESERVE_S, use=NOT_IN_BACKGROUND
            )
            outcome = self._executor.execute(request, context, queued=False, waiting=waiting)
        except Retry as error:
            if preference.strict or (isinstance(error, CircuitOpen) and error.hopeless):
                refusal = _refusal(error)
                self._failed(request, refusal)
                raise refusal from error
            wait_s = wait_of(error, 1, random=0.5)
            return self._put_off(request, error, error.code, str(error), wait_s)
        except Unfinished as rest:
            return self._put_off(request, rest, "in_progress", str(rest), rest.after_s)
        except Reject as error:
            self._failed(request, error)
            raise
        return Answer(self._records.get(request.action_id), outcome)

    def _put_off(
        self, request: ActionRequest, error: Exception, code: str, reason: str, wait_s: int
    ) -> Answer:
        """Queue what could not be done while the caller waits."""
        wait_s = min(wait_s, LONGEST_WAIT_S)
        # Before the message is there, or its executor's word would be written over.
        self._executor.failed(
            request,
            State.WAITING,
            error=error,
            code=code,
            reason=reason,
            wait_s=wait_s,
            attempted=isinstance(error, Retry) and not error.costs_no_attempt,
        )
        self._publish(request, wait_s)
        return Answer(self._records.get(request.action_id))

    def _publish(self, request: ActionRequest, wait_s: int = 0) -> None:
        try:
            self._queue.publish(request, request.action_id, wait_s)
        except NotQueued as error:
            self._failed(request, error)
            raise

    def _failed(self, request: ActionRequest, error: Retry | Reject) -> None:
        error.action_id = request.action_id
        self._executor.failed(
            request, State.FAILED, error=error, code=error.code, reason=str(error)
        )
