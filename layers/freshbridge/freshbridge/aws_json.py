"""The four AWS calls of the webhook's function, without boto3.

boto3 takes several times as long to import and to make its clients as answering a webhook takes in
all. DynamoDB, Secrets Manager and SQS speak the same JSON over POST, so their calls are made here
with the standard library. A client has boto3's own method names and raises botocore's errors, and
takes the place of boto3's in whatever is given it. Retried as there: three tries in all.

Where credentials come otherwise than through the environment's keys, or a proxy is set, `clients`
gives boto3's own.
Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-json-faqs.html
"""

from __future__ import annotations

import json
import random
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from botocore.exceptions import ClientError, EndpointConnectionError

from freshbridge import aws
from freshbridge.sigv4 import Keys, signed

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_secretsmanager import SecretsManagerClient
    from types_boto3_sqs import SQSClient

    from freshbridge.settings import AwsEnvironment

TIMEOUT_S = 2.5
TRIES = 3
LONGEST_WAIT_S = 0.2
"""The sender of a webhook waits for its answer: what three quick tries do not mend is told to it,
and it sends again."""
_THROTTLED = ("Throttl", "ProvisionedThroughputExceeded", "RequestLimitExceeded", "TooManyRequests")


@dataclass(frozen=True)
class Clients:
    """The three services."""

    dynamodb: DynamoDBClient
    secretsmanager: SecretsManagerClient
    sqs: SQSClient


def clients(environment: AwsEnvironment | None) -> Clients:
    """Light clients where the environment has all that they need, boto3's otherwise."""
    if environment is None:
        return Clients(aws.dynamodb(), aws.secretsmanager(), aws.sqs())
    caller = Caller(environment, Sender())
    return Clients(
        cast("DynamoDBClient", DynamoDb(caller)),
        cast("SecretsManagerClient", SecretsManager(caller)),
        cast("SQSClient", Sqs(caller)),
    )


class Sender:
    """Sends to one or several hosts, and keeps their connections for the next call."""

    def __init__(self) -> None:
        """Nothing is opened before the first call."""
        self._kept: dict[tuple[str, str], HTTPConnection] = {}
        self._trust: ssl.SSLContext | None = None

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """Status and body of the answer.

        Raises:
            OSError, HTTPException: no complete answer came; the connection is given up.
        """
        parts = urlsplit(url)
        place = (parts.scheme, parts.netloc)
        connection = self._kept.pop(place, None) or self._connection(*place)
        try:
            connection.request("POST", parts.path or "/", body=body, headers=dict(headers))
            answer = connection.getresponse()
            found = answer.status, answer.read()
        except (OSError, HTTPException):
            connection.close()
            raise
        self._kept[place] = connection
        return found

    def _connection(self, scheme: str, host: str) -> HTTPConnection:
        if scheme != "https":
            return HTTPConnection(host, timeout=TIMEOUT_S)
        if self._trust is None:
            # Reading the certificates that are trusted takes longer than a call: once for all.
            self._trust = ssl.create_default_context()
        return HTTPSConnection(host, timeout=TIMEOUT_S, context=self._trust)

    def close(self) -> None:
        """Give up the connections that are kept."""
        while self._kept:
            self._kept.popitem()[1].close()


class Caller:
    """Makes signed calls with one environment's credentials."""

    def __init__(
        self,
        environment: AwsEnvironment,
        sender: Sender,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`clock`: seconds since the epoch."""
        self._environment = environment
        self._keys = Keys(
            environment.access_key_id, environment.secret_access_key, environment.session_token
        )
        self._sender = sender
        self._clock = clock
        self._sleep = sleep

    def call(
        self, service: str, target: str, version: str, parameters: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Call `target` ("DynamoDB_20120810.GetItem") and return its answer.

        Raises:
            ClientError: the service refused, three times if that is of any use.
            EndpointConnectionError: it could not be reached.
        """
        operation = target.rpartition(".")[2]
        body = json.dumps(parameters, separators=(",", ":")).encode()
        error: Exception | None = None
        for attempt in range(TRIES):
            if attempt:
                self._sleep(random.uniform(0, LONGEST_WAIT_S * attempt))  # noqa: S311 - a wait
            try:
                status, found = self._send(service, target, version, body)
            except (OSError, HTTPException) as failure:
                error = EndpointConnectionError(endpoint_url=self._url(service), error=failure)
                continue
            if status == 200:
                return _object(found)
            error = _error(operation, status, found)
            code = str(error.response["Error"].get("Code", ""))
            if status < 500 and status != 429 and not code.startswith(_THROTTLED):
                break
        raise cast("Exception", error)

    def _send(self, service: str, target: str, version: str, body: bytes) -> tuple[int, bytes]:
        url = self._url(service)
        headers = {
            "host": urlsplit(url).netloc,
            "content-type": f"application/x-amz-json-{version}",
            "x-amz-target": target,
        }
        told = signed(
            headers,
            body,
            keys=self._keys,
            region=self._environment.region,
            service=service,
            now=self._clock(),
        )
        return self._sender.post(url, told, body)

    def _url(self, service: str) -> str:
        if self._environment.endpoint_url:
            return self._environment.endpoint_url
        region = self._environment.region
        suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        return f"https://{service}.{region}.{suffix}"


class _Client:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller


class DynamoDb(_Client):
    """GetItem, and Query page by page."""

    def get_item(self, **parameters: Any) -> dict[str, Any]:
        """As boto3's."""
        return self._caller.call("dynamodb", "DynamoDB_20120810.GetItem", "1.0", parameters)

    def get_paginator(self, _operation: str) -> SimpleNamespace:
        """As boto3's, for Query alone."""
        return SimpleNamespace(paginate=self._pages)

    def _pages(self, **parameters: Any) -> Iterator[dict[str, Any]]:
        while True:
            page = self._caller.call("dynamodb", "DynamoDB_20120810.Query", "1.0", parameters)
            yield page
            if not page.get("LastEvaluatedKey"):
                return
            parameters["ExclusiveStartKey"] = page["LastEvaluatedKey"]


class ResourceNotFoundException(ClientError):
    """There is no such secret."""


class SecretsManager(_Client):
    """GetSecretValue."""

    exceptions = SimpleNamespace(ResourceNotFoundException=ResourceNotFoundException)

    def get_secret_value(self, **parameters: Any) -> dict[str, Any]:
        """As boto3's, but that times stay numbers."""
        target = "secretsmanager.GetSecretValue"
        return self._caller.call("secretsmanager", target, "1.1", parameters)


class Sqs(_Client):
    """SendMessage."""

    def send_message(self, **parameters: Any) -> dict[str, Any]:
        """As boto3's."""
        return self._caller.call("sqs", "AmazonSQS.SendMessage", "1.0", parameters)


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        value = None
    return value if isinstance(value, dict) else {}


def _error(operation: str, status: int, body: bytes) -> ClientError:
    told = _object(body)
    # "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException", or the name alone.
    code = str(told.get("__type") or f"HTTP {status}").rpartition("#")[2].partition(":")[0]
    message = str(told.get("message") or told.get("Message") or "")
    kind = ResourceNotFoundException if code == "ResourceNotFoundException" else ClientError
    return kind({"Error": {"Code": code, "Message": message}}, operation)
