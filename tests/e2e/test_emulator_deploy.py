"""Build and deployment of a small template: what the runner does for the real one."""

import json
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from local import build, deploy, emulator, emulator_repairs, ports
from local.build import Target
from local.deploy import DeployError
from local.emulator_clients import Clients
from local.processes import Processes

pytestmark = pytest.mark.e2e

TEMPLATE = """
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Parameters:
  Architecture: {Type: String, Default: arm64}
  Greeting: {Type: String, Default: hello}
  Concurrency: {Type: Number, Default: 2}
Globals:
  Api: {OpenApiVersion: 3.0.1}
Resources:
  Shared:
    Type: AWS::Serverless::LayerVersion
    Metadata: {BuildMethod: python3.11, BuildArchitecture: arm64}
    Properties: {ContentUri: layers/shared/, CompatibleRuntimes: [python3.11]}
  Api:
    Type: AWS::Serverless::Api
    Properties: {StageName: live}
  Work: {Type: AWS::SQS::Queue}
  Seen:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      TimeToLiveSpecification: {AttributeName: expiration, Enabled: true}
  Failed: {Type: AWS::SQS::Queue}
  Front:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.11
      Architectures: [!Ref Architecture]
      CodeUri: functions/
      Handler: front.handler
      Layers: [!Ref Shared]
      DeadLetterQueue: {Type: SQS, TargetArn: !GetAtt Failed.Arn}
      Environment: {Variables: {GREETING: !Ref Greeting, QUEUE_URL: !Ref Work}}
      Policies: [{SQSSendMessagePolicy: {QueueName: !GetAtt Work.QueueName}}]
      Events:
        Get: {Type: Api, Properties: {RestApiId: !Ref Api, Path: /hello, Method: GET}}
        Queue:
          Type: SQS
          Properties:
            Queue: !GetAtt Work.Arn
            ScalingConfig: {MaximumConcurrency: !Ref Concurrency}
Outputs:
  ApiId: {Value: !Ref Api}
  StageName: {Value: live}
"""
FRONT = """
import json, os
import greeting

def handler(event, context):
    print("called with", sorted(event))
    return {"statusCode": 200, "body": json.dumps({
        "text": greeting.polite(os.environ["GREETING"]), "bytecode": greeting.__spec__.cached,
        "compiled": os.path.exists(greeting.__spec__.cached)})}
"""
GREETING = 'def polite(word):\n    return word + ", please"\n'


class Deployed:
    """The small stack on an emulator of its own."""

    def __init__(self, target: Target, clients: Clients, processes: Processes) -> None:
        self.target = target
        self.clients = clients
        self.processes = processes
        self.deployment = deploy.deploy(target, clients, {"Greeting": "good day"}, processes)
        self.repaired = emulator_repairs.repair(self.deployment, clients)

    def get(self, path: str) -> Any:
        url = deploy.api_url(self.deployment, self.clients.url) + path
        with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - the emulator's
            return json.load(answer)

    def logs(self) -> list[str]:
        group = f"/aws/lambda/{self.deployment.resources['Front']}"
        events = self.clients.logs.filter_log_events(logGroupName=group)["events"]
        return [event["message"] for event in events]


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    folder = tmp_path_factory.mktemp("small")
    for name, text in {
        "template.yaml": TEMPLATE,
        "functions/front.py": FRONT,
        "layers/shared/greeting.py": GREETING,
        "layers/shared/requirements.txt": "",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    work = folder / "build"
    target = Target("build", build.host_architecture(), work, work / "artifacts", folder)
    with Processes(folder / "logs") as processes:
        cloud = emulator.launch(processes, folder / "emulator", ports.choose(0, "it", "X"))
        assert build.build(target, processes)
        emulator.wait(cloud)
        yield Deployed(target, Clients(cloud.url), processes)


def test_the_function_runs_behind_the_api_with_layer_and_parameters(deployed: Deployed) -> None:
    answer = deployed.get("/hello")

    assert answer["text"] == "good day, please"
    assert any("called with" in line for line in deployed.logs())


def test_what_is_shipped_is_compiled(deployed: Deployed) -> None:
    # The emulator unpacks with new times: bytecode that went by them would be rejected.
    assert deployed.get("/hello")["compiled"]
    modules = [*deployed.target.artifacts.rglob("*.pyc")]
    assert {path.name.split(".")[0] for path in modules} == {"front", "greeting"}
    flags = {int.from_bytes(path.read_bytes()[4:8], "little") for path in modules}
    assert flags == {0b01}  # hash-based, not checked against the source (PEP 552)


def test_a_second_build_has_nothing_to_do(deployed: Deployed) -> None:
    assert not build.build(deployed.target, deployed.processes)


def test_messages_are_delivered_where_concurrency_is_a_parameter(deployed: Deployed) -> None:
    queue = deployed.deployment.resources["Work"]
    deployed.clients.queues.send_message(QueueUrl=queue, MessageBody="x")

    def is_delivered() -> bool:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        counts = deployed.clients.queues.get_queue_attributes(
            QueueUrl=queue,
            AttributeNames=names,  # type: ignore[arg-type] # a list of literals, as text
        )
        called = any("Records" in line for line in deployed.logs())
        return called and not any(int(count) for count in counts["Attributes"].values())

    eventually(is_delivered)


def eventually(condition: Any) -> None:
    """Poll until it holds; fail after twenty seconds."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "not within a minute"
        time.sleep(0.05)


def test_settings_that_the_emulator_drops_are_repaired(deployed: Deployed) -> None:
    resources, clients = deployed.deployment.resources, deployed.clients

    expiry = clients.dynamodb.describe_time_to_live(TableName=resources["Seen"])
    function = clients.functions.get_function_configuration(FunctionName=resources["Front"])

    assert expiry["TimeToLiveDescription"]["AttributeName"] == "expiration"
    assert expiry["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLED"
    failed = resources["Failed"].rpartition("/")[2]
    assert function["DeadLetterConfig"]["TargetArn"].endswith(f":{failed}")
    assert any("Seen" in line for line in deployed.repaired)


def test_a_resource_that_fails_is_named_with_its_reason(deployed: Deployed) -> None:
    template = deployed.target.template
    good = template.read_text()
    bad = good.replace(
        "  Failed:\n", "  Broken:\n    Type: AWS::WAFv2::WebACLAssociation\n  Failed:\n", 1
    )
    assert bad != good
    template.write_text(bad)
    try:
        with pytest.raises(DeployError) as caught:
            deploy.deploy(deployed.target, deployed.clients, {}, deployed.processes)
    finally:
        template.write_text(good)

    message = str(caught.value)
    assert message.startswith("sam deploy failed: ")
    assert "AWS::WAFv2::WebACLAssociation" in message
    assert "deploy.log" in message
