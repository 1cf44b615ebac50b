"""The tests' own ground: each has an account of its own, and none makes the next one slower."""

from __future__ import annotations

from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer
from botocore.awsrequest import AWSRequest
from moto import mock_aws

from freshbridge import aws
from tests.integration.conftest import QUEUES, TABLES, TEMPLATE, Stack

_SECRETS = ("UserSecret", "OrganizationSecret")


def test_what_one_test_leaves_the_next_does_not_find() -> None:
    # Given a stack with a record, a message and one that was received
    with mock_aws():
        left = Stack()
        aws.dynamodb().put_item(
            TableName=left.names["IdempotencyTable"], Item={"id": {"S": "action#1"}}
        )
        left.send("ActionQueue", "one")
        left.send("ActionQueue", "two")
        left.poll("ActionQueue")

    # When the next test has its own
    with mock_aws():
        found = Stack()

        # Then nothing of it is there
        assert found.names == {**left.names, **{name: found.names[name] for name in _SECRETS}}
        assert {table: found.items(table) for table in TABLES} == {table: [] for table in TABLES}
        assert {found.count(queue) for queue in QUEUES} == {(0, 0)}

        # and its queues are joined to one another, not to those of the first
        policy = TEMPLATE["Resources"]["EventQueue"]["Properties"]["RedrivePolicy"]
        found.send("EventQueue", "poison")
        for _ in range(int(policy["maxReceiveCount"]) + 1):
            for record in found.poll("EventQueue")["Records"]:
                aws.sqs().change_message_visibility(
                    QueueUrl=found.names["EventQueue"],
                    ReceiptHandle=record["receiptHandle"],
                    VisibilityTimeout=0,
                )
        assert found.count("EventDeadLetterQueue") == (1, 0)


def test_a_thousand_stores_over_one_client_are_heard_of_once_a_call(stack: Stack) -> None:
    client, table = aws.dynamodb(), stack.names["IdempotencyTable"]

    def listeners() -> int:
        request = AWSRequest("POST", "https://any.example")
        return len(client.meta.events.emit("request-created.any", request=request))

    DynamoDBPersistenceLayer(table, boto3_client=client)
    one = listeners()
    for _ in range(1000):
        DynamoDBPersistenceLayer(table, boto3_client=client)

    assert one >= 1
    assert listeners() == one
