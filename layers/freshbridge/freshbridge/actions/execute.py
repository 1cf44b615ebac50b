"""Run one action request: find it, check it, call the provider, once; keep what came of it.

The idempotency record is keyed by what the action is for, not by the message that carried it, so
a message delivered twice, redriven, or published again has its effect once.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyPersistenceLayerError,
)

from freshbridge import aws, timestamps
from freshbridge.actions.action import Effect, NothingDone, Outcome
from freshbridge.actions.catalogue import CATALOGUE, Catalogue
from freshbridge.actions.context import Context, Services
from freshbridge.actions.perform import check, perform
from freshbridge.actions.record import Attempt, State
from freshbridge.actions.record_store import RecordStore, failure_attributes
from freshbridge.errors import Conflict, InvalidRequest, Retry
from freshbridge.freshdesk.client import FreshdeskClient
from freshbridge.instances.connection import Connections
from freshbridge.instances.trace import Cause
from freshbridge.queues.payload import PayloadStore

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from types_boto3_dynamodb import DynamoDBClient

    from freshbridge.budget.budgeted_transport import Waiting
    from freshbridge.instances.model import Instance
    from freshbridge.queues.envelope import ActionRequest

REMEMBERED_S = 5 * 86_400
"""Longer than the action queue keeps a message, so a late delivery still finds its record."""


class AlreadyRunning(Retry):
    """Another execution of the same action is at it; its result decides."""

    code = "already_running"


class RecordUnavailable(Retry):
    """The idempotency table did not answer, so running now could be running twice."""

    code = "record_unavailable"


@dataclass(frozen=True)
class _Run:
    """How long a run's calls may wait, and whether it is the first one."""

    waiting: Waiting | None
    tried_before: bool


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
        self._running: dict[str, tuple[ActionRequest, str]] = {}
        self._config = IdempotencyConfig(
            event_key_jmespath="idempotency_key",
            raise_on_no_idempotency_key=True,
            expires_after_seconds=REMEMBERED_S,
        )
        store = DynamoDBPersistenceLayer(
            table_name=idempotency_table, boto3_client=client or aws.dynamodb()
        )
        self._once: Callable[..., dict[str, Any]] = idempotent_function(
            self._run_packed,
            data_keyword_argument="request",
            persistence_store=store,
            config=self._config,
            key_prefix="action",
        )

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

        Raises:
            UnknownAction, InvalidParameters: before any call.
            AlreadyRunning, RecordUnavailable: nothing was sent; try again.
            Unfinished: to be run again later.
            Whatever the provider's client raises; the idempotency record is then removed, so that
            a retry runs. `failed` then has to be told.
        """
        started = self._clock()
        until = started + timedelta(milliseconds=context.get_remaining_time_in_millis())
        self._running[request.action_id] = (request, timestamps.to_text(started))
        tried_before = self._records.begin(
            request,
            at=timestamps.to_text(started),
            until=timestamps.to_text(until),
            queued=queued,
        )
        outcome, ran = self._outcome(request, context, _Run(waiting, tried_before))
        attempt = self._attempt(request, State.SUCCEEDED) if ran else None
        del self._running[request.action_id]
        self._records.end(
            request,
            State.SUCCEEDED,
            attempt,
            finished_at=timestamps.to_text(self._clock()),
            message=outcome.message,
            data=outcome.data,
            cached=outcome.cached,
            age_s=outcome.age_s,
        )
        return outcome

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

        Raises:
            ClientError, BotoCoreError: the record could not be written.
        """
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
        self._records.end(request, state, attempt, **known)

    def _attempt(
        self,
        request: ActionRequest,
        state: State,
        code: str = "",
        reason: str = "",
        next_at: str = "",
    ) -> Attempt:
        now = timestamps.to_text(self._clock())
        _request, started_at = self._running.get(request.action_id, (request, now))
        return Attempt(started_at, now, state.value, code, reason, next_at)

    def _outcome(
        self, request: ActionRequest, context: LambdaContext, run: _Run
    ) -> tuple[Outcome, bool]:
        """What the action answered, and whether it ran just now."""
        action = check(request, self._catalogue)
        if action.effect is Effect.READ:
            # Read anew each time: an answer of the first time may be old by the second.
            return self._run(request, run), True
        self._config.register_lambda_context(context)
        ran: list[bool] = []
        fields = {
            "idempotency_key": request.idempotency_key,
            "ran": ran,
            "envelope": request,
            "run": run,
        }
        try:
            kept = self._once(request=fields)
        except IdempotencyAlreadyInProgressError as error:
            raise AlreadyRunning("this action is being run already", after=5.0) from error
        except IdempotencyPersistenceLayerError as error:
            raise RecordUnavailable("the idempotency table did not answer") from error
        return Outcome(**json.loads(self._payloads.unpack(kept["outcome"]))), bool(ran)

    def _run_packed(self, *, request: dict[str, Any]) -> dict[str, Any]:
        request["ran"].append(True)
        envelope: ActionRequest = request["envelope"]
        text = json.dumps(asdict(self._run(envelope, request["run"])), separators=(",", ":"))
        return {"outcome": self._payloads.pack(text, f"actions/outcomes/{envelope.action_id}.json")}

    def _run(self, request: ActionRequest, run: _Run) -> Outcome:
        action = self._catalogue.find(request.platform, request.action)

        def work(client: FreshdeskClient, instance: Instance) -> Outcome:
            return perform(
                Context(client, instance, request, self._services, self._clock, run.tried_before),
                action,
            )

        cause = Cause(request.correlation_id, action_id=request.action_id)
        return self._connections.use(request.instance_id, work, cause=cause, waiting=run.waiting)
