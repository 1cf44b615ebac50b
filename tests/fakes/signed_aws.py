"""AWS behind signed JSON calls: checks each signature, and lets boto3's clients answer.

It stands in for `aws_json.Sender`, so that moto, and what a test puts in a client's place, are
reached by a function that does not use boto3.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError

from freshbridge import aws

SERVICES = {
    "DynamoDB_20120810": "dynamodb",
    "secretsmanager": "secretsmanager",
    "AmazonSQS": "sqs",
}


def expected_signature(url: str, headers: Mapping[str, str], body: bytes) -> str:
    """The signature that botocore puts under the same request at the same time."""
    scope = re.search(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/", headers["authorization"])
    assert scope is not None
    signed = headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    secret = os.environ["AWS_SECRET_ACCESS_KEY"]  # made up by moto, or by tests/conftest.py
    keys = Credentials(scope[1], secret, headers.get("x-amz-security-token"))
    signer = SigV4Auth(keys, scope[3], scope[2])
    request = AWSRequest("POST", url, data=body, headers={n: headers[n] for n in signed})
    request.context["timestamp"] = headers["x-amz-date"]
    text = signer.string_to_sign(request, signer.canonical_request(request))
    return str(signer.signature(text, request))


class SignedAws:
    """Answers as the service would."""

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """Status and body."""
        if not headers["authorization"].endswith(expected_signature(url, headers, body)):
            return 403, b'{"__type": "InvalidSignatureException", "message": ""}'
        service, _, operation = headers["x-amz-target"].rpartition(".")
        client = getattr(aws, SERVICES[service])()
        method = getattr(client, re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower())
        try:
            answer = method(**json.loads(body))
        except ClientError as error:
            told = error.response["Error"]
            refusal = {"__type": f"some.thing#{told['Code']}", "message": told["Message"]}
            return 400, json.dumps(refusal).encode()
        except BotoCoreError as error:
            raise ConnectionError from error
        return 200, json.dumps(answer, default=_as_json).encode()


def _as_json(value: Any) -> Any:
    return value.timestamp() if isinstance(value, datetime) else str(value)
