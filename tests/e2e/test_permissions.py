"""Each function may do what it needs, and not what another one does. IAM is enforced here."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local.scenario import Scenario
from local.stack import Stack


def as_function(stack: Stack, logical_id: str, service: str) -> Any:
    """A client with the credentials of a function's role."""
    arn = stack.clients.client("iam").get_role(
        RoleName=stack.deployment.resources[f"{logical_id}Role"]
    )["Role"]["Arn"]
    given = stack.clients.client("sts").assume_role(RoleArn=arn, RoleSessionName=logical_id)
    keys = given["Credentials"]
    session = boto3.Session()
    return session.client(  # type: ignore[call-overload]  # the service is not a literal
        service,
        endpoint_url=stack.aws_endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )


def secret_id(scenario: Scenario, kind: str) -> str:
    return f"freshbridge/freshbridge/{kind}/{scenario.instance['id']}"


@pytest.mark.parametrize(
    ("function", "kind", "allowed"),
    [
        ("WebhookIngest", "webhooks", True),
        ("WebhookIngest", "credentials", False),
        ("EventRouter", "webhooks", False),
        ("EventRouter", "credentials", True),
        ("ActionExecutor", "credentials", True),
        ("ActionExecutor", "webhooks", False),
        ("SyncWorker", "credentials", True),
        ("ScheduledSync", "credentials", False),
        ("DeadLetterRedrive", "credentials", False),
        ("CallbackSender", "credentials", True),
        ("CallbackSender", "webhooks", False),
    ],
)
def test_who_reads_which_secret(
    connected: Scenario, function: str, kind: str, allowed: bool
) -> None:
    client = as_function(connected.stack, function, "secretsmanager")

    if allowed:
        assert client.get_secret_value(SecretId=secret_id(connected, kind))["SecretString"]
        return
    with pytest.raises(ClientError) as refused:
        client.get_secret_value(SecretId=secret_id(connected, kind))
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"


def test_no_function_reads_another_stacks_secrets(connected: Scenario) -> None:
    name = "freshbridge/another-stack/credentials/ins_1"
    connected.stack.clients.secrets.create_secret(Name=name, SecretString="{}")

    client = as_function(connected.stack, "ActionExecutor", "secretsmanager")

    with pytest.raises(ClientError) as refused:
        client.get_secret_value(SecretId=name)
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"


def test_ingest_cannot_queue_actions(connected: Scenario) -> None:
    client = as_function(connected.stack, "WebhookIngest", "sqs")

    with pytest.raises(ClientError) as refused:
        client.send_message(QueueUrl=connected.stack.outputs["ActionQueueUrl"], MessageBody="{}")
    assert "AccessDenied" in refused.value.response["Error"]["Code"]


@pytest.mark.parametrize(
    ("folder", "refusal"),
    [
        ("events", "NoSuchKey"),
        ("event-bodies", "NoSuchKey"),
        ("dead-letters", "NoSuchKey"),
        ("uploads", "AccessDenied"),
        ("callbacks", "AccessDenied"),
        ("actions", "AccessDenied"),
    ],
)
def test_the_router_reads_events_and_nothing_that_others_keep(
    connected: Scenario, folder: str, refusal: str
) -> None:
    client = as_function(connected.stack, "EventRouter", "s3")
    bucket = connected.stack.deployment.resources["PayloadBucket"]

    with pytest.raises(ClientError) as refused:
        client.get_object(Bucket=bucket, Key=f"{folder}/none.json")
    assert refused.value.response["Error"]["Code"] == refusal
