"""Run one action request: find it, check it, call the provider, once; keep what came of it.

The idempotency record is keyed by what the action is for, not by the message that carried it, so
a message delivered twice, redriven, or published again has its effect once. While one execution is
at it, others wait until that one is over: it has answered, or its function's time is up.

An attempt is in doubt from its beginning until it ends with a known outcome: success, a refusal, or
a failure before anything took effect. One that fails after the provider has carried out a part of
it stays in doubt, whatever it failed of. When one in doubt is followed by another attempt, what it
may have made is looked for first (see `once`).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from freshbridge import timestamps
from freshbridge.actions.action import Effect, NothingDone, Outcome
from freshbridge.actions.attempt_marks import new_mark
from freshbridge.actions.begun_attempt import BegunAttempt
from freshbridge.actions.catalogue import CATALOGUE, Catalogue
from freshbridge.actions.context import Context, Services
from freshbridge.actions.idempotency import AlreadyRunning, Effects, RecordUnavailable
from freshbridge.actions.once import HalfDone
from freshbridge.actions.perform import check, perform
from freshbridge.actions.record import Attempt, State
from freshbridge.actions.record_store import Begun, RecordStore
from freshbridge.actions.record_writes import failure_attributes
from freshbridge.errors import Conflict, InvalidRequest, Reject
from freshbridge.instances.connection import Connections
from freshbridge.instances.provider_clients import WITHOUT_ACCOUNT
from freshbridge.instances.trace import Cause
from freshbridge.queues.payload import PayloadStore

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from types_boto3_dynamodb import DynamoDBClient

    from freshbridge.budget.budgeted_transport import Waiting
    from freshbridge.instances.model import Instance
    from freshbridge.queues.envelope import ActionRequest


@dataclass(frozen=True)
class _Run:
    """How long a run's calls may wait, and what the record said when it began."""

    waiting: Waiting | None
    begun: Begun


class Executor:
    """Runs action requests and keeps their records."""

    def __init__(
        self,
        connections: Connections,
        services: Services,
        records: RecordStore,
        payloads: PayloadStore,
        *,
        idempotency_table: str,
        catalogue: Catalogue = CATALOGUE,
        client: DynamoDBClient | None = None,
        clock: Callable[[], datetime] = timestamps.now,
    ) -> None:
        """`payloads`: keeps results too large for a record. `client`: for tests."""
        self._connections = connections
        self._services = services
        self._records = records
        self._payloads = payloads
        self._catalogue = catalogue
        self._clock = clock
        self._running: dict[str, BegunAttempt] = {}
        self._effects = Effects(idempotency_table, client=client, clock=clock)

    def execute(
        self,
        request: ActionRequest,
        context: LambdaContext,
        *,
        queued: bool = True,
        waiting: Waiting | None = None,
    ) -> Outcome:
        """Run the action, or return what it returned when it ran before.

        `queued` says whether a message stands behind the request and brings it back; `waiting` how
        long its calls may wait for the account's rate budget.

        What had its effect answers before its parameters are looked at: this copy's may be those
        that another one was mended of.

        Raises:
            UnknownAction, InvalidParameters: before any call.
            AlreadyRunning, RecordUnavailable: nothing was sent; try again.
            Unfinished: to be run again later.
            Whatever the provider's client raises; the idempotency record is then removed, so that
            a retry runs. `failed` then has to be told.
        """
        begun = self._begin(request, context, queued=queued)
        outcome, ran = self._outcome(request, context, _Run(waiting, begun))
        attempt = self._attempt(request, State.SUCCEEDED) if ran else None
        started = self._running.pop(request.action_id)
        self._records.end(
            request,
            State.SUCCEEDED,
            attempt,
            settled=started.marks,
            finished_at=timestamps.to_text(self._clock()),
            message=outcome.message,
            data=outcome.data,
            cached=outcome.cached,
            age_s=outcome.age_s,
        )
        return outcome

    def _begin(self, request: ActionRequest, context: LambdaContext, *, queued: bool) -> Begun:
        started = self._clock()
        left = timedelta(milliseconds=context.get_remaining_time_in_millis())
        at, until = timestamps.to_text(started), timestamps.to_text(started + left)
        mark = new_mark(at, until)
        begun = self._records.begin(request, at=at, until=until, queued=queued, mark=mark)
        self._running[request.action_id] = BegunAttempt(request, at, mark, begun)
        return begun

    def failed(
        self,
        request: ActionRequest,
        state: State,
        *,
        error: BaseException,
        code: str,
        reason: str,
        wait_s: int = 0,
        attempted: bool = True,
    ) -> None:
        """Note that an attempt did not succeed and what happens next.

        Of one that found another at it, nothing: that one's word counts.

        Raises:
            ClientError, BotoCoreError: the record could not be written.
        """
        started = self._running.get(request.action_id)
        settled = started.settled_by(error) if started is not None else []
        if isinstance(error, AlreadyRunning):
            self._running.pop(request.action_id, None)
            if settled:
                self._records.withdraw(request, settled)
            return
        named = error.fields if isinstance(error, InvalidRequest | Conflict) else ()
        known = failure_attributes(code, reason, named)
        if isinstance(error, NothingDone):
            known["data"] = error.data
        next_at = ""
        if state is State.WAITING:
            next_at = timestamps.to_text(self._clock() + timedelta(seconds=wait_s))
            known["next_at"] = next_at
        else:
            known["finished_at"] = timestamps.to_text(self._clock())
        attempt = self._attempt(request, state, code, reason, next_at) if attempted else None
        self._running.pop(request.action_id, None)
        self._records.end(request, state, attempt, settled=settled, **known)

    def defects(self, action_id: str) -> int | None:
        """How often the action had ended with an unforeseen error before the attempt at hand.

        None when no attempt is.
        """
        started = self._running.get(action_id)
        return started.begun.defects if started is not None else None

    def _attempt(
        self,
        request: ActionRequest,
        state: State,
        code: str = "",
        reason: str = "",
        next_at: str = "",
    ) -> Attempt:
        now = timestamps.to_text(self._clock())
        started = self._running.get(request.action_id)
        return Attempt(started.at if started else now, now, state.value, code, reason, next_at)

    def _outcome(
        self, request: ActionRequest, context: LambdaContext, run: _Run
    ) -> tuple[Outcome, bool]:
        """What the action answered, and whether it ran just now."""
        if self._catalogue.find(request.platform, request.action).effect is Effect.READ:
            return self._read(request, run)
        ran: list[bool] = []

        def work() -> str:
            outcome = self._recorded(request) if run.begun.succeeded else None
            if outcome is None:
                check(request, self._catalogue)
                ran.append(True)
                outcome = self._run(request, run)
            text = json.dumps(asdict(outcome), separators=(",", ":"))
            return self._payloads.pack(text, f"actions/outcomes/{request.action_id}.json")

        try:
            kept = self._effects.once(request.idempotency_key, work, context)
        except RecordUnavailable as error:
            error.outcome_unknown = bool(ran)
            raise
        return Outcome(**json.loads(self._payloads.unpack(kept))), bool(ran)

    def _read(self, request: ActionRequest, run: _Run) -> tuple[Outcome, bool]:
        """Read anew each time: an answer of the first time may be old by the second."""
        try:
            check(request, self._catalogue)
        except Reject:
            kept = self._recorded(request) if run.begun.succeeded else None
            if kept is None:
                raise
            return kept, False
        return self._run(request, run), True

    def _recorded(self, request: ActionRequest) -> Outcome | None:
        """What the action's own record keeps of this effect, after the idempotency record is gone.

        None when it tells of another effect: a bulk action is resumed under a new key.
        """
        known = self._records.get(request.action_id)
        if known.idempotency_key != request.idempotency_key:
            return None
        return Outcome(known.data or {}, known.message, known.cached, known.age_s)

    def _run(self, request: ActionRequest, run: _Run) -> Outcome:
        action = self._catalogue.find(request.platform, request.action)
        started = self._running[request.action_id]

        def work(client: Any, instance: Instance) -> Outcome:
            if started.wrote and action.reconcile is not None:
                # Begun anew with a key that was rotated meanwhile.
                raise HalfDone("the key was refused in the middle", outcome_unknown=True)
            if client is not None:
                started.clients.append(client)
            return perform(
                Context(
                    client,
                    instance,
                    request,
                    self._services,
                    self._clock,
                    run.begun.unsure,
                    run.begun.codes,
                ),
                action,
            )

        cause = Cause(request.correlation_id, action_id=request.action_id)
        if request.platform in WITHOUT_ACCOUNT:
            return self._connections.visit(request.instance_id, lambda own: work(None, own))
        return self._connections.use(
            request.instance_id, work, platform=request.platform, cause=cause, waiting=run.waiting
        )
