"""AWS clients: one session, explicit time-outs, retries stated once.

AWS calls are retried by botocore (standard mode, 3 tries) and by nothing else; provider calls are
retried by the queue. boto3 comes with the Lambda runtime and is not in the layer. It is imported
with the first client: the webhook's function does without (see aws_json), and the others import it
themselves while Lambda starts them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import boto3
    from botocore.config import Config
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_events import EventBridgeClient
    from types_boto3_lambda import LambdaClient
    from types_boto3_s3 import S3Client
    from types_boto3_secretsmanager import SecretsManagerClient
    from types_boto3_sesv2 import SESV2Client
    from types_boto3_sqs import SQSClient

Use = Literal["usual", "presigning", "brief", "once"]


@lru_cache(maxsize=1)
def _configs() -> dict[Use, Config]:
    from botocore.config import Config  # noqa: PLC0415 - with the first client, see above

    usual = Config(
        connect_timeout=2,
        read_timeout=5,
        # The sync reads eight files of its lake while it writes eight others.
        max_pool_connections=16,
        retries={"mode": "standard", "total_max_attempts": 3},
        user_agent_extra="freshbridge",
    )
    return {
        "usual": usual,
        "presigning": usual.merge(
            Config(signature_version="s3v4", s3={"addressing_style": "virtual"})
        ),
        # For what would be done twice if it were tried twice.
        "once": usual.merge(
            Config(read_timeout=10, retries={"mode": "standard", "total_max_attempts": 1})
        ),
        # For what may be lost, but may not hold up the work that it is beside.
        "brief": usual.merge(
            Config(
                connect_timeout=1,
                read_timeout=2,
                retries={"mode": "standard", "total_max_attempts": 1},
            )
        ),
    }


@lru_cache(maxsize=1)
def _session() -> boto3.session.Session:
    import boto3  # noqa: PLC0415 - with the first client, see above

    return boto3.session.Session()


@lru_cache(maxsize=16)
def _client(service: str, use: Use = "usual") -> Any:
    # The service name is typed by the functions below; boto3's own overloads need a literal.
    return _session().client(service, config=_configs()[use])  # type: ignore[call-overload]


def dynamodb() -> DynamoDBClient:
    """The low-level client: `boto3.resource` costs 70 ms more at import."""
    client: DynamoDBClient = _client("dynamodb")
    return client


def dynamodb_briefly() -> DynamoDBClient:
    """A client that tries once and gives up soon: for writes that may be lost."""
    client: DynamoDBClient = _client("dynamodb", "brief")
    return client


def sqs() -> SQSClient:
    """Amazon SQS."""
    client: SQSClient = _client("sqs")
    return client


def secretsmanager() -> SecretsManagerClient:
    """AWS Secrets Manager."""
    client: SecretsManagerClient = _client("secretsmanager")
    return client


def s3() -> S3Client:
    """Amazon S3."""
    client: S3Client = _client("s3")
    return client


def s3_presigning() -> S3Client:
    """Signs URLs for others to use; calls nothing itself.

    Signature version 4 and the bucket's regional host are said outright: botocore's defaults for
    URLs are older, and a new bucket's global host redirects, which breaks an upload.
    """
    client: S3Client = _client("s3", "presigning")
    return client


def s3_briefly() -> S3Client:
    """A client that tries once and gives up soon: for what saves time and can be done without."""
    client: S3Client = _client("s3", "brief")
    return client


def events() -> EventBridgeClient:
    """Amazon EventBridge."""
    client: EventBridgeClient = _client("events")
    return client


def functions() -> LambdaClient:
    """AWS Lambda, to hand work to another function. Tries once: what it starts may run twice."""
    client: LambdaClient = _client("lambda", "brief")
    return client


def mail() -> SESV2Client:
    """Amazon SES. Tries once: it has no way to know a mail that it was given twice."""
    client: SESV2Client = _client("sesv2", "once")
    return client


def forget_clients() -> None:
    """Drop every cached client and the session; tests call it between accounts."""
    _client.cache_clear()
    _session.cache_clear()


def error_name(error: Exception) -> str:
    """What a log line says of a failed AWS call: its code, else the exception's type.

    The code tells a missing permission from a throttled call; the message may hold the request.
    """
    response = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
    return str(code or type(error).__name__)
