"""The relay that counts: what it passes on is what came, and refused writes count too."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from bench.dynamodb_meter import DynamoDbMeter

REFUSED = {"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"}


class Database(BaseHTTPRequestHandler):
    """Refuses what has a condition; answers a read with the key that was asked for."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        refused = "ConditionExpression" in request
        answer = REFUSED if refused else {"Item": request["Key"]} if "Key" in request else {}
        body = json.dumps(answer).encode()
        self.send_response(400 if refused else 200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def meter() -> Iterator[DynamoDbMeter]:
    """A meter in front of the database."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Database) as server:
        server.daemon_threads = True
        serving = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        serving.start()
        meter = DynamoDbMeter(f"http://127.0.0.1:{server.server_port}")
        with meter.running():
            yield meter
        server.shutdown()
        serving.join()


@pytest.fixture
def dynamodb(meter: DynamoDbMeter) -> Iterator[Any]:
    config = Config(retries={"total_max_attempts": 1}, proxies={})
    client = boto3.client("dynamodb", endpoint_url=meter.url, config=config)
    yield client
    client.close()


def test_writes_are_counted_by_table_and_reads_are_not(meter: DynamoDbMeter, dynamodb: Any) -> None:
    for table in ("budget", "budget", "records"):
        dynamodb.put_item(TableName=table, Item={"pk": {"S": "1"}})
    dynamodb.get_item(TableName="budget", Key={"pk": {"S": "1"}})

    assert (meter.writes("budget"), meter.writes("records"), meter.writes()) == (2, 1, 3)
    assert meter.counts["GetItem", "budget"] == 1

    meter.clear()
    assert meter.writes() == 0


def test_a_write_that_is_refused_is_counted_and_its_refusal_passed_on(
    meter: DynamoDbMeter, dynamodb: Any
) -> None:
    with pytest.raises(ClientError) as refusal:
        dynamodb.put_item(
            TableName="budget",
            Item={"pk": {"S": "1"}},
            ConditionExpression="attribute_not_exists(pk)",
        )

    assert refusal.value.response["Error"]["Code"] == "ConditionalCheckFailedException"
    assert meter.writes("budget") == 1


def test_an_answer_comes_as_it_was_given(dynamodb: Any) -> None:
    name = "é" * 5000

    answer = dynamodb.get_item(TableName="records", Key={"pk": {"S": name}})

    assert answer["Item"] == {"pk": {"S": name}}
