"""Each function as it is built, under the runtime client of AWS Lambda.

What no emulator shows: that a function needs nothing but its artifact, the layer and the runtime;
which error, by type, its caller sees; and that it never tells of success while AWS is out of reach.
"""

import json
import struct
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from freshbridge.events.payload import LARGEST_BODY
from local import build, native_template
from local.installer import ROOT
from local.processes import Processes
from tests import builders
from tests.e2e import runtime_api
from tests.e2e.runtime_api import ExecutionEnvironment, FakeAws, Function, Report

pytestmark = pytest.mark.e2e

RESOURCES = native_template.load((ROOT / "template.yaml").read_text())["Resources"]
FUNCTIONS = sorted(
    name for name, found in RESOURCES.items() if found["Type"] == "AWS::Serverless::Function"
)
QUEUE_CONSUMERS = ["EventRouter", "ActionExecutor", "SyncWorker", "CallbackSender", "CustomerSync"]
PEP_552_UNCHECKED = 0b01
Start = Callable[..., AbstractContextManager[ExecutionEnvironment]]


@pytest.fixture(scope="session")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    with Processes(tmp_path_factory.mktemp("runtime-contract")) as started:
        yield started


@pytest.fixture(scope="session")
def artifacts(processes: Processes) -> Path:
    """What gets deployed, for this machine's processor."""
    target = build.for_this_machine()
    build.build(target, processes)
    return target.artifacts.absolute()


@pytest.fixture(scope="session")
def functions(artifacts: Path) -> dict[str, Function]:
    return runtime_api.functions_of(artifacts / "template.yaml")


@pytest.fixture(scope="session")
def start(
    functions: dict[str, Function],
    processes: Processes,
    tmp_path_factory: pytest.TempPathFactory,
) -> Start:
    """Start a function, with AWS out of reach unless a fake one is given."""
    client = runtime_api.place_client(tmp_path_factory.mktemp("client"))

    @contextmanager
    def started(
        function: str | Function, aws: FakeAws | None = None, **variables: str
    ) -> Iterator[ExecutionEnvironment]:
        chosen = functions[function] if isinstance(function, str) else function
        with ExitStack() as stack:
            if aws is None:
                url = stack.enter_context(runtime_api.unreachable())
            else:
                url = f"http://{stack.enter_context(runtime_api.served(aws))}"
            yield stack.enter_context(
                runtime_api.running(chosen, client, url, processes, **variables)
            )

    return started


def webhook(body: str) -> dict[str, Any]:
    path = {"platform": "freshdesk", "instance_id": builders.INSTANCE_ID}
    return builders.rest_event("POST", "/api/webhooks/freshdesk/any", body=body, parameters=path)


def test_webhook_ingest_refuses_a_body_too_large_without_asking_aws(start: Start) -> None:
    aws = FakeAws()
    with start("WebhookIngest", aws) as environment:
        report = environment.invoke(webhook("x" * (LARGEST_BODY + 1)))

    assert report.kind == "response", report
    assert report.body["statusCode"] == 413
    assert json.loads(report.body["body"])["code"] == "body_too_large"
    assert aws.calls == []


def test_webhook_ingest_asks_for_the_webhook_again_while_aws_is_out_of_reach(start: Start) -> None:
    with start("WebhookIngest") as environment:
        report = environment.invoke(webhook("{}"))

    assert report.kind == "response", report
    assert report.body["statusCode"] == 503
    assert json.loads(report.body["body"])["success"] is False


def request_of_a_stranger() -> dict[str, Any]:
    headers = {"Authorization": "User guessed, Organization guessed"}
    return builders.rest_event("GET", "/api/integrations", headers=headers)


def test_connector_api_lets_nobody_in_while_aws_is_out_of_reach(start: Start) -> None:
    with start("ConnectorApi") as environment:
        report = environment.invoke(request_of_a_stranger())

    # API Gateway puts 502 in the place of an error.
    assert report.kind in {"response", "error"}, report
    assert report.body.get("statusCode", 502) >= 500, report


def test_connector_api_refuses_wrong_secrets_without_reading_a_table(start: Start) -> None:
    secret = {"SecretString": "secret-made-up", "VersionId": "0" * 32, "CreatedDate": 1_700_000_000}
    aws = FakeAws({"secretsmanager.GetSecretValue": secret})
    with start("ConnectorApi", aws) as environment:
        report = environment.invoke(request_of_a_stranger())

    assert report.kind == "response", report
    assert report.body["statusCode"] == 401
    assert set(aws.calls) == {"secretsmanager.GetSecretValue"}


@pytest.mark.parametrize("name", QUEUE_CONSUMERS)
def test_a_poison_message_is_acknowledged_once_it_is_parked(start: Start, name: str) -> None:
    aws = FakeAws({"AmazonSQS.SendMessage": {"MessageId": "parked"}})
    with start(name, aws) as environment:
        report = environment.invoke({"Records": [builders.sqs_record("poison")]})

    assert report == Report("response", {"batchItemFailures": []})
    # The table of dead letters refuses here: the queue alone is enough.
    *table, queue = aws.calls
    assert queue == "AmazonSQS.SendMessage"
    assert all(call.startswith("DynamoDB_") for call in table)


@pytest.mark.parametrize("name", QUEUE_CONSUMERS)
def test_a_poison_message_is_kept_while_aws_is_out_of_reach(start: Start, name: str) -> None:
    with start(name) as environment:
        report = environment.invoke(
            {"Records": [builders.sqs_record("poison", message_id="poison-1")]}
        )
        log = environment.log()

    assert report == Report("response", {"batchItemFailures": [{"itemIdentifier": "poison-1"}]})
    assert "could not park" in log
    assert "EndpointConnectionError" in log


def test_scheduled_sync_fails_while_aws_is_out_of_reach(start: Start) -> None:
    with start("ScheduledSync") as environment:
        report = environment.invoke({})

    # An error is what makes EventBridge Scheduler's invocation count as failed and be retried.
    assert report.kind == "error", report
    assert report.body["errorType"] == "EndpointConnectionError"


def test_dead_letter_redrive_refuses_a_queue_that_it_does_not_know(start: Start) -> None:
    aws = FakeAws()
    with start("DeadLetterRedrive", aws) as environment:
        report = environment.invoke({"queue": "nobody's"})

    assert report.kind == "error", report
    assert report.body["errorType"] == "InvalidOrder"
    assert "events, actions, sync" in report.body["errorMessage"]
    assert aws.calls == []


def test_dead_letter_redrive_moves_nothing_while_aws_is_out_of_reach(start: Start) -> None:
    with start("DeadLetterRedrive") as environment:
        report = environment.invoke({"queue": "actions"})

    assert report.kind == "error", report
    assert report.body["errorType"] == "EndpointConnectionError"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_loading_a_function_compiles_nothing_that_is_shipped(
    start: Start, functions: dict[str, Function], name: str
) -> None:
    with start(name, PYTHONVERBOSE="1") as environment:
        report = environment.start()
        lines = environment.log().splitlines()

    assert report == Report("ready")
    shipped = [str(folder) for folder in (functions[name].code, *functions[name].layers)]
    # Python quotes the path of bytecode, and not that of a source that it compiled.
    sources = [line.partition("# code object from ")[2].strip("'") for line in lines]
    loaded = [path for path in sources if path.startswith(tuple(shipped))]
    compiled = [path for path in loaded if path.endswith(".py")]
    assert compiled == []
    # And something was loaded from each.
    assert all(any(path.startswith(folder) for path in loaded) for folder in shipped)


def test_every_shipped_module_has_bytecode_that_no_file_time_outdates(artifacts: Path) -> None:
    modules = sorted(artifacts.rglob("*.py"))

    assert {path.relative_to(artifacts).parts[0] for path in modules} >= set(FUNCTIONS)
    outdated = [str(path) for path in modules if bytecode_flags(path) != PEP_552_UNCHECKED]
    assert outdated == []


def bytecode_flags(module: Path) -> int | None:
    """The flags after the magic number: 0 by time, 1 by hash unchecked, 3 by hash checked."""
    compiled = module.parent / "__pycache__" / f"{module.stem}.cpython-311.pyc"
    if not compiled.is_file():
        return None
    flags: int = struct.unpack("<I", compiled.read_bytes()[4:8])[0]
    return flags


def test_a_function_without_its_layer_says_what_it_misses(
    start: Start, functions: dict[str, Function]
) -> None:
    with start(replace(functions["WebhookIngest"], layers=())) as environment:
        report = environment.start()

    assert report.kind == "init_error"
    assert report.body["errorType"] == "Runtime.ImportModuleError"
    assert "No module named 'freshbridge'" in report.body["errorMessage"]


PROBE = """
import importlib.util, sys

def handler(event, context):
    return {
        "paths": sys.path,
        "importable": [name for name in event["modules"] if importlib.util.find_spec(name)],
    }
"""


def test_a_function_sees_nothing_of_the_development_machine(
    start: Start, functions: dict[str, Function], tmp_path: Path
) -> None:
    (tmp_path / "probe.py").write_text(PROBE)
    probe = replace(functions["ConnectorApi"], code=tmp_path, handler="probe.handler")
    ours = ["probe", "freshbridge", "aws_lambda_powertools", "pydantic", "boto3"]
    foreign = ["pytest", "moto", "samtranslator", "ministack", "yaml", "local", "tests"]

    with start(probe) as environment:
        result = environment.invoke({"modules": [*ours, *foreign]}).body

    assert result["importable"] == ours
    allowed = [*probe.layers, ROOT.absolute() / ".venvs" / "runtime"]
    assert [
        path
        for path in result["paths"]
        if Path(path).is_relative_to(ROOT.absolute())
        and not any(Path(path).is_relative_to(folder) for folder in allowed)
    ] == []
