"""Registry, vault, rule store and provisioning against the tables and secrets of the template."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, cast

import pytest

from freshbridge import aws
from freshbridge.errors import Forbidden, Misconfigured, Unauthorized
from freshbridge.instances.connection import Connections, InstanceDisabled
from freshbridge.instances.provision import Provisioner
from freshbridge.instances.registry import IdTaken, Registry, UnknownInstance
from freshbridge.instances.request import read_integration
from freshbridge.instances.vault import SecretMissing, Vault
from freshbridge.rules.store import RuleStore
from tests import builders
from tests.fakes.aws_failures import Failing, client_error, raising
from tests.fakes.provider import FakeTransport, empty_reply, json_reply
from tests.integration.conftest import STACK_NAME, Stack

ME = "/api/v2/agents/me"


class Clock:
    """Seconds that move only when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def counting(client: Any) -> Any:
    """A client that remembers what was called."""
    return Failing(client)


def test_an_instance_comes_back_as_it_was_stored(stack: Stack) -> None:
    registry = Registry(stack.names["InstanceTable"])
    stored = builders.instance(
        disabled=True,
        sync_objects=("tickets", "contacts"),
        config={"default_group_id": 7, "ratio": 0.1, "mapping": {"ü": [None, True]}},
    )

    registry.create(stored)

    assert Registry(stack.names["InstanceTable"]).get(stored.instance_id) == stored


def test_instances_are_listed_by_id_and_rules_are_not_among_them(stack: Stack) -> None:
    registry = Registry(stack.names["InstanceTable"])
    for number in (3, 1, 2):
        registry.create(builders.instance(instance_id=f"ins_{number}"))
    RuleStore(stack.names["InstanceTable"]).put("ins_1", builders.rule())

    assert [i.instance_id for i in registry.all()] == ["ins_1", "ins_2", "ins_3"]


def test_an_instance_is_read_again_once_its_age_is_over(stack: Stack) -> None:
    table, clock = stack.names["InstanceTable"], Clock()
    client = counting(aws.dynamodb())
    registry = Registry(table, client, age_s=30, clock=clock)
    Registry(table).create(builders.instance())
    assert not registry.get(builders.INSTANCE_ID).disabled

    Registry(table).change(builders.INSTANCE_ID, lambda held: replace(held, disabled=True))
    clock.now += 29
    assert not registry.get(builders.INSTANCE_ID).disabled
    clock.now += 1
    assert registry.get(builders.INSTANCE_ID).disabled
    assert client.calls == ["get_item", "get_item"]


def test_what_another_function_wrote_a_moment_ago_is_read(stack: Stack) -> None:
    # A read that is only consistent in the end may miss an instance that was just created.
    asked: list[dict[str, Any]] = []

    def get_item(**arguments: Any) -> Any:
        asked.append(arguments)
        return aws.dynamodb().get_item(**arguments)

    client = cast("Any", Failing(aws.dynamodb(), get_item=get_item))
    Registry(stack.names["InstanceTable"]).create(builders.instance())

    Registry(stack.names["InstanceTable"], client).get(builders.INSTANCE_ID)

    assert [arguments["ConsistentRead"] for arguments in asked] == [True]


def test_unknown_ids_are_remembered_too_and_never_reach_the_table_malformed(stack: Stack) -> None:
    client = counting(aws.dynamodb())
    registry = Registry(stack.names["InstanceTable"], client)

    for name in ("ins_none", "ins_none", "", "x" * 3000):
        with pytest.raises(UnknownInstance):
            registry.get(name)

    assert client.calls == ["get_item"]


def test_strangers_ids_do_not_fill_the_memory(stack: Stack) -> None:
    registry = Registry(stack.names["InstanceTable"])

    for number in range(1100):
        with pytest.raises(UnknownInstance):
            registry.get("" if number < 1 else "x" * (200 + number))

    assert len(registry._cache) <= 1000


def test_what_one_registry_writes_it_sees_at_once(stack: Stack) -> None:
    registry = Registry(stack.names["InstanceTable"])
    with pytest.raises(UnknownInstance):
        registry.get(builders.INSTANCE_ID)

    registry.create(builders.instance())
    assert registry.get(builders.INSTANCE_ID) == builders.instance()
    registry.delete(builders.INSTANCE_ID)
    registry.delete(builders.INSTANCE_ID)
    with pytest.raises(UnknownInstance):
        registry.get(builders.INSTANCE_ID)


def test_rules_belong_to_their_instance_and_are_cached_for_an_age(stack: Stack) -> None:
    table, clock = stack.names["InstanceTable"], Clock()
    store, writer = RuleStore(table, age_s=10, clock=clock), RuleStore(table)
    assert store.of("ins_a") == []

    writer.put("ins_a", builders.rule(rule_id="rul_2"))
    writer.put("ins_a", builders.rule(rule_id="rul_1"))
    writer.put("ins_b", builders.rule(rule_id="rul_3"))
    assert store.of("ins_a") == []
    clock.now += 10

    assert store.of("ins_a") == [
        builders.rule(rule_id="rul_1"),
        builders.rule(rule_id="rul_2"),
    ]
    assert writer.delete("ins_a", "rul_1")
    assert not writer.delete("ins_a", "rul_1")
    assert [r.rule_id for r in writer.of("ins_a")] == ["rul_2"]


def rotate(stack_name: str, key: str) -> None:
    aws.secretsmanager().put_secret_value(
        SecretId=f"freshbridge/{stack_name}/credentials/{builders.INSTANCE_ID}",
        SecretString=f'{{"username": "{key}"}}',
    )


def test_a_rotated_key_is_seen_after_forgetting_or_ageing(stack: Stack) -> None:
    stack.connect()
    clock = Clock()
    vault = Vault(STACK_NAME, age_s=300, clock=clock)
    assert vault.credentials(builders.INSTANCE_ID)["username"] == builders.API_KEY

    rotate(STACK_NAME, "second")
    clock.now += 299
    assert vault.credentials(builders.INSTANCE_ID)["username"] == builders.API_KEY
    clock.now += 1
    assert vault.credentials(builders.INSTANCE_ID)["username"] == "second"

    rotate(STACK_NAME, "third")
    assert vault.credentials(builders.INSTANCE_ID)["username"] == "second"
    vault.forget("credentials", builders.INSTANCE_ID)
    assert vault.credentials(builders.INSTANCE_ID)["username"] == "third"
    assert vault.webhook_secret(builders.INSTANCE_ID) == builders.WEBHOOK_SECRET


@pytest.mark.parametrize("content", ["not json", "7"])
def test_a_secret_that_is_not_what_it_should_be_is_missing(stack: Stack, content: str) -> None:
    stack.connect()
    aws.secretsmanager().put_secret_value(
        SecretId=f"freshbridge/{STACK_NAME}/credentials/{builders.INSTANCE_ID}",
        SecretString=content,
    )

    with pytest.raises(SecretMissing):
        Vault(STACK_NAME).credentials(builders.INSTANCE_ID)
    with pytest.raises(SecretMissing):
        Vault(STACK_NAME).credentials("ins_none")


WANTED = read_integration(
    {
        "platform": "freshdesk",
        "name": "Acme",
        "credentials": {"domain": "acme", "api_key": builders.API_KEY},
    }
)


def provisioned(stack: Stack, provider: FakeTransport, registry: Any = None) -> Any:
    table = stack.names["InstanceTable"]
    return Provisioner(
        registry or Registry(table),
        Vault(STACK_NAME),
        RuleStore(table),
        lambda: provider,
        allowed_origins=(),
    ).create(WANTED)


def secrets_left() -> list[str]:
    """Names of the instances' secrets that are not scheduled for deletion."""
    listed = aws.secretsmanager().list_secrets()["SecretList"]
    return [s["Name"] for s in listed if s["Name"].startswith("freshbridge/")]


def test_a_connected_account_has_its_secrets_and_its_instance(
    stack: Stack, provider: FakeTransport
) -> None:
    provider.on("GET", ME, json_reply({"id": 55}))

    made = provisioned(stack, provider)

    instance_id = made.instance.instance_id
    vault = Vault(STACK_NAME)
    assert made.checked.agent_id == 55
    assert Registry(stack.names["InstanceTable"]).get(instance_id) == made.instance
    assert made.instance.origin == "https://acme.freshdesk.com"
    assert vault.credentials(instance_id) == {"username": builders.API_KEY}
    assert vault.webhook_secret(instance_id) == made.webhook_secret
    assert len(made.webhook_secret) >= 32
    assert builders.API_KEY not in str(stack.items("InstanceTable"))


def test_a_refused_key_stores_nothing(stack: Stack, provider: FakeTransport) -> None:
    provider.on("GET", ME, empty_reply(401), empty_reply(403))

    with pytest.raises(Unauthorized):
        provisioned(stack, provider)
    with pytest.raises(Forbidden):
        provisioned(stack, provider)

    assert stack.items("InstanceTable") == []
    assert secrets_left() == []


def test_when_the_instance_cannot_be_stored_its_secrets_are_removed(
    stack: Stack, provider: FakeTransport
) -> None:
    provider.on("GET", ME, json_reply({"id": 55}))
    broken = Failing(aws.dynamodb(), put_item=raising(client_error("PutItem")))

    with pytest.raises(Exception, match="PutItem"):
        provisioned(stack, provider, Registry("t", cast("Any", broken)))

    assert secrets_left() == []


def connections(stack: Stack, provider: FakeTransport) -> Connections:
    return Connections(
        Registry(stack.names["InstanceTable"], age_s=0), Vault(STACK_NAME), lambda: provider
    )


def keys_sent(provider: FakeTransport) -> int:
    return len({request.headers["authorization"] for request in provider.requests})


def test_a_rotated_key_is_fetched_once_more_when_the_provider_refuses_the_old_one(
    stack: Stack, provider: FakeTransport
) -> None:
    # Given a function that holds the old key
    stack.connect()
    provider.on(
        "GET", ME, json_reply({"id": 1}), empty_reply(401), json_reply({"id": 2}), empty_reply(401)
    )
    warm = connections(stack, provider)
    assert warm.use(builders.INSTANCE_ID, lambda client, _: client.me()) == {"id": 1}

    # When the key is rotated
    rotate(STACK_NAME, "second-key")

    # Then the work is done with the new one, and a key that is simply wrong is tried once
    assert warm.use(builders.INSTANCE_ID, lambda client, _: client.me()) == {"id": 2}
    assert keys_sent(provider) == 2
    with pytest.raises(Unauthorized):
        warm.use(builders.INSTANCE_ID, lambda client, _: client.me())
    assert len(provider.requests) == 4


def test_nothing_is_sent_for_a_disabled_or_unknown_instance(
    stack: Stack, provider: FakeTransport
) -> None:
    stack.connect(builders.instance(disabled=True))

    with pytest.raises(InstanceDisabled):
        connections(stack, provider).use(builders.INSTANCE_ID, lambda client, _: client.me())
    with pytest.raises(UnknownInstance):
        connections(stack, provider).use("ins_none", lambda client, _: client.me())
    assert provider.requests == []


def test_an_origin_that_is_no_longer_allowed_gets_no_key(
    stack: Stack, provider: FakeTransport
) -> None:
    stack.connect(builders.instance(origin="http://127.0.0.1:4010"))

    with pytest.raises(Misconfigured):
        connections(stack, provider).use(builders.INSTANCE_ID, lambda client, _: client.me())
    assert provider.requests == []


def test_a_webhook_secret_is_read_anew_only_when_it_is_older_than_asked(stack: Stack) -> None:
    stack.connect()
    clock = Clock()
    client = counting(aws.secretsmanager())
    vault = Vault(STACK_NAME, client, age_s=300, clock=clock)
    assert vault.webhook_secret(builders.INSTANCE_ID) == builders.WEBHOOK_SECRET
    Vault(STACK_NAME).replace_webhook_secret(builders.INSTANCE_ID, "second")

    clock.now += 4
    assert vault.webhook_secret(builders.INSTANCE_ID, age_s=5) == builders.WEBHOOK_SECRET
    clock.now += 1
    assert vault.webhook_secret(builders.INSTANCE_ID) == builders.WEBHOOK_SECRET
    assert vault.webhook_secret(builders.INSTANCE_ID, age_s=5) == "second"
    assert client.calls == ["get_secret_value", "get_secret_value"]


def test_what_a_newer_version_wrote_can_be_read_during_a_deploy(stack: Stack) -> None:
    stack.connect()
    table = stack.names["InstanceTable"]
    key = {"pk": {"S": builders.INSTANCE_ID}, "sk": {"S": "instance"}}
    item = aws.dynamodb().get_item(TableName=table, Key=key)["Item"]
    body = json.loads(item["body"]["S"]) | {"a_field_of_tomorrow": 1}
    aws.dynamodb().put_item(TableName=table, Item={**item, "body": {"S": json.dumps(body)}})

    assert Registry(table).get(builders.INSTANCE_ID) == builders.instance()


def test_a_creation_whose_answer_was_lost_and_is_sent_again_succeeds(stack: Stack) -> None:
    # Given botocore's own second try of a write that had reached the table
    table = stack.names["InstanceTable"]
    real = aws.dynamodb()

    def twice(**arguments: Any) -> Any:
        real.put_item(**arguments)
        return real.put_item(**arguments)

    registry = Registry(table, cast("Any", Failing(real, put_item=twice)))

    # Then the instance is there, and another one of its id is still refused
    assert registry.create(builders.instance()) == builders.instance()
    with pytest.raises(IdTaken):
        registry.create(builders.instance(name="Another"))


def test_an_account_of_another_platform_gets_no_freshdesk_call(
    stack: Stack, provider: FakeTransport
) -> None:
    stack.connect(builders.instance(platform="http", element="http"))

    with pytest.raises(Misconfigured, match="is a http account"):
        connections(stack, provider).use(builders.INSTANCE_ID, lambda client, _: client.me())
    assert provider.requests == []
