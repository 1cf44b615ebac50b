"""boto3 clients for the emulator, whatever AWS settings the user has."""

import os
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.config import Config

from local.emulator import REGION

if TYPE_CHECKING:
    from types_boto3_cloudformation import CloudFormationClient
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_lambda import LambdaClient
    from types_boto3_logs import CloudWatchLogsClient
    from types_boto3_secretsmanager import SecretsManagerClient
    from types_boto3_sqs import SQSClient

# The emulator's root user.
ACCESS_KEY = "test"
SECRET_KEY = "test"  # noqa: S105 - not a secret: the emulator accepts it from anyone


def isolated_session() -> boto3.Session:
    """A session that reads none of the user's AWS files, profiles and accounts."""
    core = botocore.session.Session(session_vars={"profile": (None, None, None, None)})
    core.set_config_variable("config_file", os.devnull)
    core.set_config_variable("credentials_file", os.devnull)
    return boto3.Session(
        botocore_session=core,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        region_name=REGION,
    )


@dataclass
class Clients:
    """Makes clients for the emulator at ``url``; safe to use from several threads."""

    url: str

    def client(self, service: str) -> Any:
        """A boto3 client for any service; the properties below are the typed ones."""
        # No retries: the emulator has no bad moments, and a test should see the first answer.
        config = Config(retries={"total_max_attempts": 1, "mode": "standard"}, proxies={})
        return self._session.client(service, endpoint_url=self.url, config=config)  # type: ignore[call-overload] # the service is not a literal

    @cached_property
    def _session(self) -> boto3.Session:
        return isolated_session()

    @cached_property
    def cloudformation(self) -> "CloudFormationClient":
        """CloudFormation."""
        client: CloudFormationClient = self.client("cloudformation")
        return client

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        """DynamoDB."""
        client: DynamoDBClient = self.client("dynamodb")
        return client

    @cached_property
    def functions(self) -> "LambdaClient":
        """Lambda (``lambda`` is a keyword)."""
        client: LambdaClient = self.client("lambda")
        return client

    @cached_property
    def logs(self) -> "CloudWatchLogsClient":
        """CloudWatch Logs."""
        client: CloudWatchLogsClient = self.client("logs")
        return client

    @cached_property
    def secrets(self) -> "SecretsManagerClient":
        """Secrets Manager."""
        client: SecretsManagerClient = self.client("secretsmanager")
        return client

    @cached_property
    def queues(self) -> "SQSClient":
        """SQS."""
        client: SQSClient = self.client("sqs")
        return client
