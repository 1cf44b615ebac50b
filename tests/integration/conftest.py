"""A stack in memory: every table, queue, bucket and secret as template.yaml defines it, in moto.

Each function gets exactly the environment variables that the template gives it, so a variable
that the template forgets fails here as it would on AWS.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
import pytest
import yaml
from aws_lambda_powertools.shared import user_agent
from moto import mock_aws

from freshbridge import aws, aws_json, compare_and_swap, timestamps
from freshbridge.actions.catalogue import CATALOGUE
from freshbridge.budget import assembly
from freshbridge.budget.budgeted_transport import Budgets
from freshbridge.instances.model import Instance
from freshbridge.instances.registry import Registry
from freshbridge.instances.vault import Vault
from freshbridge.queues.envelope import Envelope, to_text
from freshbridge.queues.payload import PayloadStore
from freshbridge.queues.publish import Publisher
from freshbridge.rules.model import Rule
from freshbridge.rules.store import RuleStore
from freshbridge.sync.chosen import chosen
from freshbridge.sync.feeds.catalogue import feeds_of
from freshbridge.sync.record_states import RecordStates
from freshbridge.sync.run_store import RunStore
from freshbridge.sync.starting import Asked, Starter, needs_all
from freshbridge.sync.starting import Start as Begun
from tests import builders
from tests.fakes.aws_failures import Failing
from tests.fakes.moto_account import KeptAccount
from tests.fakes.moto_transactions import one_copy_each
from tests.fakes.provider import FakeTransport
from tests.fakes.signed_aws import SignedAws

ROOT = Path(__file__).parents[2]
STACK_NAME = "demo"
USER_SECRET = "user-secret-made-up-19c2"
ORGANIZATION_SECRET = "organization-secret-made-up-5e0b"
HANDLERS = {
    "WebhookIngest": "webhook_ingest.app",
    "ConnectorApi": "connector_api.app",
    "EventRouter": "event_router.app",
    "ActionExecutor": "action_executor.app",
    "ScheduledSync": "scheduled_sync.app",
    "SyncWorker": "scheduled_sync.worker",
    "DeadLetterRedrive": "dead_letter_redrive.app",
    "CallbackSender": "callback_sender.app",
    "CustomerSync": "customer_sync.app",
}
TABLES = (
    "AccessTable",
    "ActionTable",
    "BudgetTable",
    "BulkTable",
    "CallbackTable",
    "CustomerTable",
    "DeadLetterTable",
    "EventTable",
    "InstanceTable",
    "SyncTable",
    "IdempotencyTable",
    "TraceTable",
)
# A queue is created after the dead-letter queue that it names.
QUEUES = (
    "EventDeadLetterQueue", "EventQueue",
    "ActionDeadLetterQueue", "ActionQueue",
    "SyncDeadLetterQueue", "SyncQueue",
    "CallbackDeadLetterQueue", "CallbackQueue",
    "CustomerDeadLetterQueue", "CustomerQueue",
)  # fmt: skip
BUCKETS = {"PayloadBucket": "demo-payloads", "LakeBucket": "demo-lake"}
_MADE = KeptAccount("eu-central-1")


class _CloudFormation(yaml.SafeLoader):
    """Reads `!Ref X` as {"Ref": "X"}, and so for every tag."""


def _tagged(loader: yaml.SafeLoader, tag: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        return {tag: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {tag: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {tag: loader.construct_mapping(node, deep=True)}


_CloudFormation.add_multi_constructor("!", _tagged)
TEMPLATE: dict[str, Any] = yaml.load(
    (ROOT / "template.yaml").read_text(),
    _CloudFormation,  # noqa: S506 - a SafeLoader with tags
)


class Stack:
    """The resources by their logical ids in the template, and shorthands to fill and read them."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {
            "AWS::StackName": STACK_NAME,
            **{name: str(p.get("Default", "")) for name, p in TEMPLATE["Parameters"].items()},
        }
        self.names |= _MADE.fill(self._create_tables_and_queues)
        for bucket, name in BUCKETS.items():
            aws.s3().create_bucket(
                Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
            )
            self.names[bucket] = name
        self.names["DeadLetterRedrive"] = "demo-DeadLetterRedrive"
        aws.events().create_event_bus(Name=f"{STACK_NAME}-events")
        self.names["EventBus"] = f"{STACK_NAME}-events"
        for secret, value in (
            ("UserSecret", USER_SECRET),
            ("OrganizationSecret", ORGANIZATION_SECRET),
        ):
            made = aws.secretsmanager().create_secret(Name=f"access/{secret}", SecretString=value)
            self.names[secret] = made["ARN"]

    def environment(self, function: str) -> dict[str, str]:
        """What the template sets for a function, resolved to this stack's names."""
        own = TEMPLATE["Resources"][function]["Properties"]["Environment"]["Variables"]
        shared = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]
        return {name: self._resolved(value) for name, value in {**shared, **own}.items()}

    def connect(self, instance: Instance | None = None) -> Instance:
        """Store an instance with both of its secrets."""
        instance = instance or builders.instance()
        Registry(self.names["InstanceTable"]).create(instance)
        Vault(STACK_NAME).create(
            instance.instance_id,
            credentials={"username": builders.API_KEY},
            webhook_secret=builders.WEBHOOK_SECRET,
        )
        return instance

    def save_rule(self, rule: Rule, instance_id: str = builders.INSTANCE_ID) -> None:
        """Store a rule."""
        RuleStore(self.names["InstanceTable"]).put(instance_id, rule)

    def begin_sync(
        self, instance: Instance | None = None, run_id: str = "run_0001", **asked: Any
    ) -> list[Begun]:
        """Begin the runs of an instance that are due, as the schedule does."""
        instance = instance or builders.instance()
        queue = Publisher(
            self.names["SyncQueue"], PayloadStore(self.names["PayloadBucket"]), prefix="sync"
        )
        table = self.names["SyncTable"]
        starter = Starter(RunStore(table), queue, feeds_of, needs_all(RecordStates(table)))
        now = timestamps.to_text(timestamps.now())
        return starter.start_all(instance, chosen(instance), Asked(run_id, now, **asked))

    def send(self, queue: str, body: str | Envelope) -> None:
        """Put a message on a queue."""
        text = body if isinstance(body, str) else to_text(body)
        aws.sqs().send_message(QueueUrl=self.names[queue], MessageBody=text)

    def poll(self, queue: str) -> dict[str, Any]:
        """Receive up to ten messages as Lambda would, as the event that it passes on."""
        answer = aws.sqs().receive_message(
            QueueUrl=self.names[queue],
            MaxNumberOfMessages=10,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return {
            "Records": [
                {
                    "messageId": message["MessageId"],
                    "receiptHandle": message["ReceiptHandle"],
                    "body": message["Body"],
                    "attributes": message["Attributes"],
                    "messageAttributes": {
                        name: {"stringValue": value["StringValue"], "dataType": value["DataType"]}
                        for name, value in message.get("MessageAttributes", {}).items()
                    },
                    "md5OfBody": message["MD5OfBody"],
                    "eventSource": "aws:sqs",
                    "eventSourceARN": f"arn:aws:sqs:eu-central-1:123456789012:{queue}",
                    "awsRegion": "eu-central-1",
                }
                for message in answer.get("Messages", [])
            ]
        }

    def deliver(
        self, queue: str, handler: Callable[..., Any], context: builders.Context | None = None
    ) -> list[str]:
        """Poll, run the handler, delete what it did not report. Returns the bodies reported."""
        event = self.poll(queue)
        reported = {
            failure["itemIdentifier"]
            for failure in handler(event, context or builders.Context())["batchItemFailures"]
        }
        for record in event["Records"]:
            if record["messageId"] not in reported:
                aws.sqs().delete_message(
                    QueueUrl=self.names[queue], ReceiptHandle=record["receiptHandle"]
                )
        return [r["body"] for r in event["Records"] if r["messageId"] in reported]

    def bodies(self, queue: str) -> list[Any]:
        """The visible messages of a queue, read as JSON where they are, without taking them."""
        messages = self.messages(queue)
        return [_read(message["Body"]) for message in messages]

    def messages(self, queue: str) -> list[Any]:
        """The visible messages of a queue with their attributes, without taking them."""
        found = []
        while (
            batch := aws.sqs()
            .receive_message(
                QueueUrl=self.names[queue],
                MaxNumberOfMessages=10,
                VisibilityTimeout=60,
                MessageAttributeNames=["All"],
            )
            .get("Messages")
        ):
            found += batch
        for message in found:
            aws.sqs().change_message_visibility(
                QueueUrl=self.names[queue],
                ReceiptHandle=message["ReceiptHandle"],
                VisibilityTimeout=0,
            )
        return found

    def count(self, queue: str) -> tuple[int, int]:
        """How many messages of a queue are visible, and how many hidden."""
        names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found: Any = aws.sqs().get_queue_attributes(
            QueueUrl=self.names[queue], AttributeNames=names
        )["Attributes"]
        return int(found[names[0]]), int(found[names[1]])

    def items(self, table: str) -> list[dict[str, Any]]:
        """Every item of a table."""
        found: list[dict[str, Any]] = aws.dynamodb().scan(TableName=self.names[table])["Items"]
        return found

    def objects(self, bucket: str) -> list[str]:
        """The keys of a bucket."""
        listed = aws.s3().list_objects_v2(Bucket=self.names[bucket])
        return [entry["Key"] for entry in listed.get("Contents", [])]

    def _create_tables_and_queues(self) -> dict[str, str]:
        """Their names by their logical ids."""
        tables = {table: self._create_table(table) for table in TABLES}
        return tables | {queue: self._create_queue(queue) for queue in QUEUES}

    def _create_table(self, logical_id: str) -> str:
        properties = TEMPLATE["Resources"][logical_id]["Properties"]
        kept = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")
        name = f"{STACK_NAME}-{logical_id}"
        aws.dynamodb().create_table(
            TableName=name, **{k: properties[k] for k in kept if k in properties}
        )
        return name

    def _create_queue(self, logical_id: str) -> str:
        properties = TEMPLATE["Resources"][logical_id]["Properties"]
        attributes = {
            name: str(properties[name])
            for name in ("VisibilityTimeout", "MessageRetentionPeriod")
            if name in properties
        }
        if "RedrivePolicy" in properties:
            policy = properties["RedrivePolicy"]
            dead = policy["deadLetterTargetArn"]["GetAtt"].removesuffix(".Arn")
            attributes["RedrivePolicy"] = json.dumps(
                {
                    "deadLetterTargetArn": f"arn:aws:sqs:eu-central-1:123456789012:demo-{dead}",
                    "maxReceiveCount": policy["maxReceiveCount"],
                }
            )
        made = aws.sqs().create_queue(QueueName=f"demo-{logical_id}", Attributes=attributes)  # type: ignore[arg-type]  # the stub names each attribute
        return made["QueueUrl"]

    def _resolved(self, value: Any) -> str:
        if isinstance(value, dict):
            ((_tag, target),) = value.items()
            return self.names[str(target).removesuffix(".Id")]
        return str(value)


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _forget_everything() -> None:
    """Empty what a warm function keeps between invocations."""
    for name, cache in (
        *((module, "_ports") for module in HANDLERS.values()),
        ("dead_letter_redrive.ports", "ports"),
        ("connector_api.ports", "ports"),
    ):
        kept = getattr(import_module(name), cache, None)
        if kept is not None:
            kept.cache_clear()


@pytest.fixture(scope="session", autouse=True)
def _clients() -> Iterator[None]:
    """AWS clients of these tests' own, made once: moto empties the account behind them.

    Making the five of them anew for each test would take more time than the tests.
    """
    aws.forget_clients()
    yield
    aws.forget_clients()


@pytest.fixture(scope="session", autouse=True)
def _named_once() -> Iterator[None]:
    """Powertools names itself once in a client's calls, not once for each store made over it.

    A function makes one store in its life. Here a thousand tests make theirs over the same client,
    and each would add its words to the User-Agent header of every later call.
    """
    register = user_agent.register_feature_to_client
    with patch.object(user_agent, register.__name__, lru_cache(maxsize=None)(register)):
        yield


@pytest.fixture(scope="session", autouse=True)
def _transactions() -> Iterator[None]:
    """Without this, a quarter of the bulk tests' time goes into moto's copies of a table."""
    with one_copy_each():
        yield


@pytest.fixture(scope="session", autouse=True)
def _parameters() -> None:
    """Models are built when first used, which cannot be done while freezegun replaces datetime."""
    for action in CATALOGUE:
        action.parameters.model_rebuild()


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """An empty stack in a fresh account."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        _forget_everything()
        yield Stack()
    _forget_everything()


@pytest.fixture
def provider() -> FakeTransport:
    """The provider's side of every function of the test."""
    return FakeTransport()


class PassingTime:
    """A clock that a wait moves on, so that no test waits for the rate budget."""

    def __init__(self) -> None:
        self.waited = 0.0

    def now(self) -> float:
        """The real time and what was waited."""
        return timestamps.epoch() + self.waited

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.waited += seconds


Start = Callable[[str], Any]


@pytest.fixture
def passing_time() -> PassingTime:
    """The clock of the functions' rate budgets."""
    return PassingTime()


@pytest.fixture
def start(
    stack: Stack,
    provider: FakeTransport,
    passing_time: PassingTime,
    monkeypatch: pytest.MonkeyPatch,
) -> Start:
    """Start one function, named as in the template; returns its module.

    Its environment is the template's and nothing more of what the template sets elsewhere.
    """
    budgets = partial(Budgets, clock=passing_time.now, sleep=passing_time.sleep)
    monkeypatch.setattr(assembly, "Budgets", budgets)
    real_date = compare_and_swap._date  # what is replaced is called

    def date(answer: Any) -> float | None:
        # What was waited has passed for the table as well.
        dated = real_date(answer)
        return None if dated is None else dated + passing_time.waited

    monkeypatch.setattr(compare_and_swap, "_date", date)
    monkeypatch.setattr(aws_json, "Sender", SignedAws)
    every = {name for function in HANDLERS for name in stack.environment(function)}

    def begin(function: str) -> Any:
        for name in every:
            monkeypatch.delenv(name, raising=False)
        for name, value in stack.environment(function).items():
            monkeypatch.setenv(name, value)
        module = import_module(HANDLERS[function])
        for holder in (module, import_module("freshbridge.instances.assembly")):
            if hasattr(holder, "RequestsTransport"):
                monkeypatch.setattr(holder, "RequestsTransport", lambda **_options: provider)
        return module

    return begin


@pytest.fixture
def published(
    stack: Stack,  # noqa: ARG001 - the client belongs to the stack's account
    monkeypatch: pytest.MonkeyPatch,
) -> list[dict[str, Any]]:
    """The entries put on the event bus, as they come; the bus has them too."""
    entries: list[dict[str, Any]] = []
    client = aws.events()

    def put(**arguments: Any) -> Any:
        entries.extend(arguments["Entries"])
        return client.put_events(**arguments)

    monkeypatch.setattr(aws, "events", lambda: Failing(client, put_events=put))
    return entries


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Everything that the functions log."""
    buffer = io.StringIO()
    for name in HANDLERS.values():
        handler = import_module(name).logger.registered_handler
        monkeypatch.setattr(handler, "stream", buffer)
    return buffer


@pytest.fixture
def sqs(stack: Stack) -> Any:  # noqa: ARG001 - the client belongs to the stack's account
    """A client of the stack's account."""
    return boto3.client("sqs")
