"""Two changes at once: both last, or one is told to try again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from freshbridge import aws
from freshbridge.http_message import ProviderReply, ProviderRequest
from freshbridge.instances.registry import CHANGE_ATTEMPTS, Registry
from freshbridge.instances.vault import Vault
from tests.fakes.provider import FakeTransport, json_reply
from tests.integration.conftest import STACK_NAME, Stack
from tests.integration.elements_api.calls import (
    INSTANCES,
    KEY,
    MASK,
    ME,
    OTHER_KEY,
    Api,
    held,
)


class Meddling:
    """A DynamoDB client that lets another writer in between a read and the write after it."""

    def __init__(self, write: Callable[[], object], times: int) -> None:
        self._real = aws.dynamodb()
        self._write = write
        self._times = times

    def put_item(self, **arguments: Any) -> Any:
        """The other one first."""
        if self._times:
            self._times -= 1
            self._write()
        return self._real.put_item(**arguments)

    def __getattr__(self, name: str) -> Any:
        """Everything else is the real client's."""
        return getattr(self._real, name)


def other_writer(stack: Stack, instance_id: int, **changed: Any) -> Callable[[], object]:
    table = stack.names["InstanceTable"]

    def write() -> object:
        def edit(now: Any) -> Any:
            values = {
                name: {**getattr(now, name), **value} if isinstance(value, dict) else value
                for name, value in changed.items()
            }
            return type(now)(**{**vars(now), **values})

        return Registry(table, real).change(str(instance_id), edit)

    real = aws.dynamodb()
    return write


def test_two_changes_at_once_both_last(
    stack: Stack, api: Api, freshdesk: FakeTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = api.create()
    path = f"{INSTANCES}/{made['id']}"
    write = other_writer(
        stack, made["id"], tags=("theirs",), configuration={"event.objects": "theirs"},
        secret_entries=("event.notification.basic.password", "username"),
    )  # fmt: skip
    client = Meddling(write, 1)
    monkeypatch.setattr("freshbridge.aws.dynamodb", lambda: client)

    configuration = {"event.metadata": "ours", "event.notification.signature.key": "sign-made-up"}
    answer = api("PATCH", path, {"name": "ours", "configuration": configuration})

    assert answer.status == 200
    shown = api("GET", path).body
    assert (shown["name"], shown["tags"]) == ("ours", ["theirs"])
    assert shown["configuration"]["event.objects"] == "theirs"
    assert shown["configuration"]["event.metadata"] == "ours"
    masked = {name for name, value in shown["configuration"].items() if value == MASK}
    assert masked == {
        "username", "event.notification.signature.key", "event.notification.basic.password",
    }  # fmt: skip
    assert len(freshdesk.requests) == 1


@pytest.mark.parametrize("change", [{"name": "ours"}, {"configuration": {"username": OTHER_KEY}}])
def test_when_others_never_stop_it_is_409_and_the_key_stays(
    *, stack: Stack, api: Api, freshdesk: FakeTransport, monkeypatch: pytest.MonkeyPatch,
    change: dict[str, Any],
) -> None:  # fmt: skip
    made = api.create()
    path = f"{INSTANCES}/{made['id']}"
    client = Meddling(other_writer(stack, made["id"], tags=("theirs",)), CHANGE_ATTEMPTS)
    monkeypatch.setattr("freshbridge.aws.dynamodb", lambda: client)

    answer = api("PATCH", path, change)

    assert answer.status == 409
    assert "changed by others" in answer.body["message"]
    assert held(made) == {"username": KEY}
    shown = api("GET", path).body
    assert (shown["name"], shown["tags"]) == ("API Instance", ["theirs"])
    assert freshdesk.requests


def test_a_secret_that_was_changed_while_the_provider_was_asked_is_not_undone(
    api: Api, provider: FakeTransport
) -> None:
    made: dict[str, Any] = {}

    def slowly(_request: ProviderRequest) -> ProviderReply:
        theirs = held(made) | {"event.notification.signature.key": "sign-made-up"}
        Vault(STACK_NAME).replace_credentials(str(made["id"]), theirs)
        return json_reply({"id": 55})

    provider.on("GET", ME, json_reply({"id": 55}), slowly)
    made |= api.create()

    configuration = {"configuration": {"username": OTHER_KEY}}
    assert api("PATCH", f"{INSTANCES}/{made['id']}", configuration).status == 200

    assert held(made) == {
        "username": OTHER_KEY, "event.notification.signature.key": "sign-made-up",
    }  # fmt: skip
