"""Run one action request: find it, check it, call the provider, once.

The idempotency record is keyed by what the action is for, not by the message that carried it, so
a message delivered twice, redriven, or published again has its effect once.
"""

from __future__ import annotations

from collections.abc import Callable
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

from freshbridge import aws
from freshbridge.actions import catalogue
from freshbridge.errors import Retry
from freshbridge.freshdesk.client import FreshdeskClient
from freshbridge.instances.connection import Connections
from freshbridge.instances.trace import Cause

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from types_boto3_dynamodb import DynamoDBClient

    from freshbridge.queues.envelope import ActionRequest

REMEMBERED_S = 5 * 86_400
"""Longer than the action queue keeps a message, so a late delivery still finds its record."""


class AlreadyRunning(Retry):
    """Another execution of the same action is at it; its result decides."""

    code = "already_running"


class RecordUnavailable(Retry):
    """The idempotency table did not answer, so running now could be running twice."""

    code = "record_unavailable"


class Executor:
    """Runs action requests."""

    def __init__(
        self,
        connections: Connections,
        *,
        idempotency_table: str,
        client: DynamoDBClient | None = None,
    ) -> None:
        """`client`: for tests; made from the environment otherwise."""
        self._connections = connections
        self._config = IdempotencyConfig(
            event_key_jmespath="idempotency_key",
            raise_on_no_idempotency_key=True,
            expires_after_seconds=REMEMBERED_S,
        )
        store = DynamoDBPersistenceLayer(
            table_name=idempotency_table, boto3_client=client or aws.dynamodb()
        )
        self._once: Callable[..., dict[str, Any]] = idempotent_function(
            self._run,
            data_keyword_argument="request",
            persistence_store=store,
            config=self._config,
            key_prefix="action",
        )

    def execute(self, request: ActionRequest, context: LambdaContext) -> dict[str, Any]:
        """Run the action, or return what it returned when it ran before.

        Raises:
            UnknownAction, InvalidParameters: before any call.
            AlreadyRunning, RecordUnavailable: nothing was sent; try again.
            Whatever the provider's client raises; the record is then removed, so a retry runs.
        """
        action = catalogue.find(request.platform, request.action)
        catalogue.validate(action, request.parameters)
        self._config.register_lambda_context(context)
        fields = {
            "idempotency_key": request.idempotency_key,
            "instance_id": request.instance_id,
            "platform": request.platform,
            "action": request.action,
            "parameters": request.parameters,
            "cause": Cause(request.correlation_id, action_id=request.action_id),
        }
        try:
            return self._once(request=fields)
        except IdempotencyAlreadyInProgressError as error:
            raise AlreadyRunning("this action is being run already", after=5.0) from error
        except IdempotencyPersistenceLayerError as error:
            raise RecordUnavailable("the idempotency table did not answer") from error

    def _run(self, *, request: dict[str, Any]) -> dict[str, Any]:
        action = catalogue.find(request["platform"], request["action"])
        parameters = catalogue.validate(action, request["parameters"])

        def work(client: FreshdeskClient, _instance: object) -> dict[str, Any]:
            return action.run(client, parameters)

        return self._connections.use(request["instance_id"], work, cause=request["cause"])
