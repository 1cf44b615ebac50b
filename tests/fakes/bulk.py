"""What bulk actions stand on, in moto: a table, a bucket, a queue, and somebody who works it off.

Needs `mock_aws` around it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from freshbridge import aws
from freshbridge.actions.action import NothingDone, Outcome, Unfinished
from freshbridge.actions.catalogue import CATALOGUE, validate
from freshbridge.actions.record_store import RecordStore
from freshbridge.bulk.inputs import RowInputs
from freshbridge.bulk.parts import Bulk
from freshbridge.bulk.row_watch import RowWatch
from freshbridge.bulk.source import RowFiles
from freshbridge.bulk.store import BulkStore
from freshbridge.errors import Reject, Retry
from freshbridge.queues import envelope
from freshbridge.queues.envelope import ActionRequest
from freshbridge.queues.payload import PayloadStore
from freshbridge.queues.publish import Publisher
from tests import builders

ACTION_ID = "act_bulk_1"
Run = Callable[[ActionRequest], Outcome]


class BulkStack:
    """A bulk action's surroundings; `waits` are the pauses that it asked for."""

    def __init__(self) -> None:
        aws.dynamodb().create_table(
            TableName="bulk",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
        )
        aws.s3().create_bucket(
            Bucket="payloads", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        self.queue_url = aws.sqs().create_queue(QueueName="actions")["QueueUrl"]
        payloads = PayloadStore("payloads")
        self.store = BulkStore("bulk", payloads, days=30)
        self.bulk = Bulk(
            self.store,
            RowInputs("payloads"),
            RowFiles("payloads"),
            Publisher(self.queue_url, payloads, prefix="actions"),
            RecordStore("actions", payloads, days=30),
            find=CATALOGUE.find,
            validate=validate,
        )
        self.waits: list[int] = []

    def request(self, action: str, parameters: dict[str, Any]) -> ActionRequest:
        """The bulk action's own."""
        return builders.action_request(
            action_id=ACTION_ID, idempotency_key=ACTION_ID, action=action, parameters=parameters
        )

    def turn(self, run: Run, request: ActionRequest) -> Outcome | None:
        """Run the bulk action once and then what it sent; its outcome when it was the last time."""
        try:
            return run(request)
        except Unfinished as rest:
            self.waits.append(rest.after_s)
        for row in self._sent():
            self._work(run, row)
        return None

    def finish(self, run: Run, request: ActionRequest, turns: int = 200) -> Outcome:
        """Run it until it is done."""
        for _ in range(turns):
            try:
                outcome = self.turn(run, request)
            except Retry:
                continue  # the queue would bring it back
            except NothingDone as error:
                return Outcome(error.data, error.what)
            if outcome is not None:
                return outcome
        raise AssertionError(f"not done: {self.store.get(ACTION_ID)}")

    def rows(self) -> dict[int, tuple[str, str, str]]:
        """By ticket: the action, the state and the code of its last row."""
        return {
            row.ticket_id: (row.action, row.state.value, row.code)
            for row in self.store.rows(ACTION_ID)
        }

    def _work(self, run: Run, row: ActionRequest) -> None:
        watch = RowWatch(self.store)
        if not watch.may_begin(row):
            return
        try:
            watch.succeeded(row, run(row))
        except Reject as error:
            watch.failed(row, error, error.code, str(error))
        except Retry:
            watch.put_off(row)
            self.bulk.queue.publish(row, row.action_id)

    def _sent(self) -> list[ActionRequest]:
        found = []
        while messages := (
            aws.sqs()
            .receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10)
            .get("Messages")
        ):
            for message in messages:
                found.append(envelope.action_request(message["Body"]))
                aws.sqs().delete_message(
                    QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"]
                )
        return found
