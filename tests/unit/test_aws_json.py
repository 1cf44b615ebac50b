"""Calls to AWS without boto3: tried again where it helps, and refused in botocore's words."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from http.client import HTTPSConnection, RemoteDisconnected
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from freshbridge import aws, aws_json
from freshbridge.aws_json import LONGEST_WAIT_S, TRIES, Caller, DynamoDb, SecretsManager, Sqs
from freshbridge.settings import AwsEnvironment, aws_environment

ENVIRONMENT = AwsEnvironment("eu-central-1", "AKIDEXAMPLE", "made-up", "token")
Reply = tuple[int, bytes] | Exception


class Scripted:
    """Gives the replies one after the other, and remembers what was sent."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.sent: list[tuple[str, dict[str, str], Any]] = []
        self.waits: list[float] = []

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        self.sent.append((url, dict(headers), json.loads(body)))
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply

    def caller(self, environment: AwsEnvironment = ENVIRONMENT) -> Caller:
        return Caller(environment, self, clock=lambda: 0.0, sleep=self.waits.append)  # type: ignore[arg-type]  # has post()


def refusal(code: str, status: int = 400) -> Reply:
    return status, json.dumps({"__type": f"com.amazon#{code}", "message": "made up"}).encode()


def test_a_message_is_sent_to_the_region_s_queue_service() -> None:
    aws_side = Scripted((200, b'{"MessageId": "m-1"}'))

    answer = Sqs(aws_side.caller()).send_message(QueueUrl="q", MessageBody="é")

    ((url, headers, parameters),) = aws_side.sent
    assert answer == {"MessageId": "m-1"}
    assert url == "https://sqs.eu-central-1.amazonaws.com"
    assert headers["x-amz-target"] == "AmazonSQS.SendMessage"
    assert headers["content-type"] == "application/x-amz-json-1.0"
    assert headers["x-amz-security-token"] == "token"
    assert parameters == {"QueueUrl": "q", "MessageBody": "é"}


@pytest.mark.parametrize(
    ("region", "endpoint", "url"),
    [
        ("cn-north-1", "", "https://dynamodb.cn-north-1.amazonaws.com.cn"),
        ("us-gov-west-1", "", "https://dynamodb.us-gov-west-1.amazonaws.com"),
        ("eu-central-1", "http://127.0.0.1:4566", "http://127.0.0.1:4566"),
    ],
)
def test_the_address_follows_the_region_or_the_environment(
    region: str, endpoint: str, url: str
) -> None:
    aws_side = Scripted((200, b'{"Item": {}}'))

    DynamoDb(aws_side.caller(AwsEnvironment(region, "k", "s", "", endpoint))).get_item(
        TableName="t"
    )

    assert aws_side.sent[0][0] == url
    assert "x-amz-security-token" not in aws_side.sent[0][1]


@pytest.mark.parametrize(
    "first",
    [
        (500, b"<html>"),
        (503, b""),
        (429, b"{}"),
        refusal("ThrottlingException"),
        refusal("ProvisionedThroughputExceededException"),
        refusal("RequestLimitExceeded"),
        ConnectionResetError(),
        TimeoutError(),
        RemoteDisconnected("made up"),
    ],
)
def test_what_passes_is_tried_again_after_a_short_wait(first: Reply) -> None:
    aws_side = Scripted(first, first, (200, b"{}"))

    assert Sqs(aws_side.caller()).send_message() == {}

    assert len(aws_side.sent) == TRIES == 3
    assert len(aws_side.waits) == 2
    assert all(0 <= wait <= 2 * LONGEST_WAIT_S for wait in aws_side.waits)


@pytest.mark.parametrize(
    ("last", "code"),
    [(refusal("ThrottlingException"), "ThrottlingException"), ((502, b"[]"), "HTTP 502")],
)
def test_three_tries_are_all(last: Reply, code: str) -> None:
    aws_side = Scripted(*[last] * 4)

    with pytest.raises(ClientError) as raised:
        Sqs(aws_side.caller()).send_message()

    assert aws.error_name(raised.value) == code
    assert len(aws_side.sent) == 3


def test_a_service_out_of_reach_is_botocore_s_error() -> None:
    with pytest.raises(BotoCoreError, match=r"sqs\.eu-central-1"):
        Sqs(Scripted(*[ConnectionRefusedError()] * 3).caller()).send_message()


def test_what_is_refused_for_good_is_asked_once() -> None:
    aws_side = Scripted(refusal("AccessDeniedException"))

    with pytest.raises(ClientError, match="AccessDenied"):
        DynamoDb(aws_side.caller()).get_item()

    assert len(aws_side.sent) == 1


def test_a_secret_that_is_not_there_is_told_apart() -> None:
    client = SecretsManager(Scripted(refusal("ResourceNotFoundException")).caller())

    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_secret_value(SecretId="s")


def test_a_listing_follows_its_pages() -> None:
    key = {"pk": {"S": "1"}}
    aws_side = Scripted(
        (200, json.dumps({"Items": [1], "LastEvaluatedKey": key}).encode()),
        (200, b'{"Items": [2]}'),
    )

    pages = list(DynamoDb(aws_side.caller()).get_paginator("query").paginate(TableName="t"))

    assert [page["Items"] for page in pages] == [[1], [2]]
    assert aws_side.sent[1][2] == {"TableName": "t", "ExclusiveStartKey": key}


KEYS = {"AWS_REGION": "r", "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}


def test_what_lambda_sets_is_enough() -> None:
    assert aws_environment(KEYS) == AwsEnvironment("r", "k", "s")
    full = KEYS | {"AWS_SESSION_TOKEN": "t", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    assert aws_environment(full) == AwsEnvironment("r", "k", "s", "t", "http://127.0.0.1:1")
    assert "'s'" not in repr(aws_environment(full))
    assert isinstance(aws_json.clients(aws_environment(KEYS)).sqs, Sqs)


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {name: value for name, value in KEYS.items() if name != "AWS_ACCESS_KEY_ID"},
        {name: value for name, value in KEYS.items() if name != "AWS_REGION"},
        KEYS | {"HTTPS_PROXY": "http://proxy"},
        KEYS | {"AWS_USE_FIPS_ENDPOINT": "true"},
        KEYS | {"AWS_ENDPOINT_URL_SQS": "http://127.0.0.1:1"},
    ],
)
def test_where_more_is_to_be_known_boto3_is_asked(environment: dict[str, str]) -> None:
    found = aws_json.clients(aws_environment(environment))

    assert found == aws_json.Clients(aws.dynamodb(), aws.secretsmanager(), aws.sqs())


def test_https_is_checked_against_trusted_certificates_read_once() -> None:
    sender = aws_json.Sender()

    first, second = (sender._connection("https", host) for host in ("a.example", "b.example"))

    assert isinstance(first, HTTPSConnection)
    assert isinstance(second, HTTPSConnection)
    context = first._context  # type: ignore[attr-defined]  # http.client's own
    assert context is second._context  # type: ignore[attr-defined]  # as above
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
