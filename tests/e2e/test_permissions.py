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
    ("function", "own"),
    [
        ("EventRouter", {"events", "event-bodies", "dead-letters"}),
        ("ActionExecutor", {"actions", "uploads", "reference", "dead-letters"}),
        ("CallbackSender", {"callbacks", "dead-letters"}),
    ],
)
def test_who_reads_which_bodies(connected: Scenario, function: str, own: set[str]) -> None:
    client = as_function(connected.stack, function, "s3")
    bucket = connected.stack.deployment.resources["PayloadBucket"]
    every = {
        "actions", "callbacks", "dead-letters", "event-bodies", "events", "reference", "uploads",
    }  # fmt: skip
    told = {}

    for folder in every:
        with pytest.raises(ClientError) as refused:
            client.get_object(Bucket=bucket, Key=f"{folder}/none.json")
        told[folder] = refused.value.response["Error"]["Code"]

    assert {folder for folder, code in told.items() if code == "NoSuchKey"} == own
    assert {code for folder, code in told.items() if folder not in own} == {"AccessDenied"}
