"""One effect for each idempotency key: kept in DynamoDB, found again whenever it is asked for.

While one execution is at it, others are told when that one is over: it has answered, or its
function's time is up.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyInconsistentStateError,
    IdempotencyItemAlreadyExistsError,
    IdempotencyPersistenceLayerError,
)

from freshbridge import aws, timestamps
from freshbridge.errors import Retry

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from types_boto3_dynamodb import DynamoDBClient

REMEMBERED_S = 5 * 86_400
"""Longer than the action queue keeps a message, so a late delivery still finds its record."""
UNTOLD_S = 30.0
"""When to come back to an action that another is at, where nothing tells how long that may take."""


class AlreadyRunning(Retry):
    """Another execution of the same action is at it; come back when it is over."""

    code = "already_running"
    costs_no_attempt: ClassVar[bool] = True


class RecordUnavailable(Retry):
    """The idempotency table did not answer, so running now could be running twice."""

    code = "record_unavailable"


class Effects:
    """The effects that one table remembers."""

    def __init__(
        self,
        table: str,
        *,
        client: DynamoDBClient | None = None,
        clock: Callable[[], datetime] = timestamps.now,
    ) -> None:
        """`table`: the stack's IdempotencyTable. `client`: for tests."""
        self._clock = clock
        self._config = IdempotencyConfig(
            event_key_jmespath="idempotency_key",
            raise_on_no_idempotency_key=True,
            expires_after_seconds=REMEMBERED_S,
        )
        store = DynamoDBPersistenceLayer(table_name=table, boto3_client=client or aws.dynamodb())
        self._kept: Callable[..., dict[str, Any]] = idempotent_function(
            _run,
            data_keyword_argument="request",
            persistence_store=store,
            config=self._config,
            key_prefix="action",
        )

    def once(self, key: str, work: Callable[[], str], context: LambdaContext) -> str:
        """What `work` gives, or gave when it ran for this key before.

        Raises:
            AlreadyRunning: another execution is at it.
            RecordUnavailable: the table did not answer; the caller knows whether `work` ran.
            Whatever `work` raises; nothing is kept then, so that a retry runs.
        """
        self._config.register_lambda_context(context)
        try:
            return str(self._kept(request={"idempotency_key": key, "work": work})["outcome"])
        except IdempotencyAlreadyInProgressError as error:
            raise AlreadyRunning(
                "this action is being run already", after=self._until_over_s(error)
            ) from error
        except (IdempotencyPersistenceLayerError, IdempotencyInconsistentStateError) as error:
            # The latter when the record of another changes again and again while it is read.
            raise RecordUnavailable("the idempotency table did not answer") from error

    def _until_over_s(self, error: BaseException) -> float:
        """Seconds until the execution that is at it must be over: its function's time is up then.

        Asking earlier, again and again, would cost a receive each time and find the same.
        """
        refused = error.__context__
        kept = (
            refused.old_data_record
            if isinstance(refused, IdempotencyItemAlreadyExistsError)
            else None
        )
        if kept is None or kept.in_progress_expiry_timestamp is None:
            return UNTOLD_S
        over = float(kept.in_progress_expiry_timestamp) / 1000 - self._clock().timestamp()
        return max(over, 0.0) + 1.0


def _run(*, request: dict[str, Any]) -> dict[str, Any]:
    return {"outcome": request["work"]()}
