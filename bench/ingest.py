"""How fast webhook_ingest answers: warm, and from a process's start; beside a bare boto3 handler.

    python -m bench.ingest [--artifacts .local/build/artifacts] [--runs 15] [--calls 10000]

Cold: a fresh interpreter imports the handler from the built artifact, with the bytecode that is
shipped, and answers one webhook; from before the import to after the answer. The AWS that both
speak to is one HTTP server on this machine. The bare handler compares a secret from its environment
and sends the body to the queue with boto3: one call to AWS where webhook_ingest makes three
(instance, secret, queue). The two take turns, so that whatever else the machine does meets both.

Warm: the same process answers further webhooks of different tickets.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from bench.results import Result, result

ROOT = Path(__file__).parents[1]
INSTANCE = {
    "instance_id": "193000001", "element": "freshdeskv2", "platform": "freshdesk",
    "name": "Bench", "origin": "https://bench.freshdesk.com", "tags": [],
    "created_at": "2026-03-03T12:00:00Z", "sync_objects": [], "secret_entries": [], "tokens": [],
}  # fmt: skip
SECRET = "bench-made-up"  # noqa: S105 - made up, for a queue that is not there
ANSWERS = {
    "GetItem": {"Item": {"version": {"N": "1"}, "body": {"S": json.dumps(INSTANCE)}}},
    "GetSecretValue": {"SecretString": json.dumps({"secret": SECRET})},
    "SendMessage": {"MessageId": "m-1"},
}
BARE = f"""
import hmac, json, os
import boto3
sqs = boto3.client("sqs")

def handler(event, context):
    if not hmac.compare_digest(event["headers"]["X-Freshbridge-Secret"], "{SECRET}"):
        return {{"statusCode": 401, "headers": {{}}, "body": ""}}
    sqs.send_message(QueueUrl=os.environ["EVENT_QUEUE_URL"], MessageBody=event["body"])
    return {{"statusCode": 202, "headers": {{}}, "body": json.dumps({{"success": True}})}}
"""
MEASURE = """
import json, os, sys, time
begin = time.perf_counter()
from importlib import import_module
event = json.loads(sys.stdin.read())
class Context:
    function_name = "f"; memory_limit_in_mb = 512; aws_request_id = "r"
    invoked_function_arn = "arn:aws:lambda:eu-central-1:1:function:f"
quiet = open(os.devnull, "w")
told, sys.stdout = sys.stdout, quiet
handler = import_module(sys.argv[1]).handler
answer = handler(event, Context())
cold = time.perf_counter() - begin
assert answer["statusCode"] == 202, answer
warm = []
body = event["body"]
for number in range(int(sys.argv[2])):
    event["body"] = body.replace("1042", str(2000 + number), 1)
    start = time.perf_counter()
    assert handler(event, Context())["statusCode"] == 202
    warm.append(time.perf_counter() - start)
print(json.dumps({"cold": cold, "warm": warm}), file=told)
"""


@contextmanager
def fake_aws() -> Iterator[str]:
    """DynamoDB, Secrets Manager and SQS as far as the handlers ask; gives the address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            operation = self.headers["X-Amz-Target"].rpartition(".")[2]
            body = json.dumps(ANSWERS[operation]).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def webhook() -> dict[str, Any]:
    """A webhook of simple content, as API Gateway passes it on."""
    path = ROOT / "events" / "webhook_ingest" / "simple_created_json.json"
    event: dict[str, Any] = json.loads(path.read_text())
    event["headers"]["X-Freshbridge-Secret"] = SECRET
    return event


def measured(module: str, path: list[Path], url: str, calls: int) -> dict[str, Any]:
    """One fresh process's times, in seconds."""
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": os.pathsep.join(map(str, path)),
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_ENDPOINT_URL": url,
        "STACK_NAME": "bench",
        "INSTANCE_TABLE": "instances",
        "EVENT_QUEUE_URL": f"{url}/000000000000/events",
        "PAYLOAD_BUCKET": "payloads",
        "POWERTOOLS_METRICS_NAMESPACE": "Freshbridge",
        "POWERTOOLS_SERVICE_NAME": "webhook_ingest",
    }
    answer = subprocess.run(  # noqa: S603 - this interpreter, this script
        [sys.executable, "-S", "-c", MEASURE, module, str(calls)],
        input=json.dumps(webhook()),
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def compare(artifacts: Path, runs: int, calls: int) -> list[Result]:
    """Medians of a cold start, median and 99th percentile of a warm call; in seconds."""
    runtime = ROOT / ".venvs" / "runtime" / "lib" / "python3.11" / "site-packages"
    rows: list[Result] = []
    with tempfile.TemporaryDirectory() as folder, fake_aws() as url:
        (Path(folder) / "bare.py").write_text(BARE)
        layer = artifacts / "FreshbridgeLayer" / "python"
        subjects = {
            "freshbridge": (
                "webhook_ingest.app", [artifacts / "WebhookIngest", layer, runtime]
            ),
            "bare boto3": ("bare", [Path(folder), runtime]),
        }  # fmt: skip
        cold: dict[str, list[float]] = {name: [] for name in subjects}
        for _ in range(runs):
            for name, (module, path) in subjects.items():
                cold[name].append(measured(module, path, url, 0)["cold"])
        for name, (module, path) in subjects.items():
            warm = sorted(measured(module, path, url, calls)["warm"])
            rows += [
                result("cold start ingest", name, "p50", statistics.median(cold[name])),
                result("ingest warm", name, "p50", warm[len(warm) // 2]),
                result("ingest warm", name, "p99", warm[len(warm) * 99 // 100]),
            ]
    return rows


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--artifacts", type=Path, default=ROOT / ".local" / "build" / "artifacts")
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--calls", type=int, default=10_000)
    chosen = parser.parse_args()
    for row in compare(chosen.artifacts, chosen.runs, chosen.calls):
        print(f"{row.scenario:20} {row.subject:12} {row.metric:6} {row.value * 1000:9.2f} ms")


if __name__ == "__main__":
    main()
