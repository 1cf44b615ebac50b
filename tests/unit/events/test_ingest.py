"""A webhook is let in by its instance's secrets, old and new; a wrong one never is."""

from __future__ import annotations

import json

import pytest

from freshbridge.events.authentication import NotAuthenticated
from freshbridge.events.ingest import ROTATION_CHECK_S, Ports, Webhook, accept
from freshbridge.instances.model import Instance
from freshbridge.instances.vault import SecretMissing
from freshbridge.instances.webhook_secrets import WebhookSecrets
from freshbridge.queues.envelope import Envelope, ReceivedEvent
from tests import builders

NOW = 1_772_539_360.0


class Rotated:
    """Remembers the old secret, and reads the new one when asked for one that is fresh enough."""

    def __init__(self, *, previous: str = "", until: float = 0.0) -> None:
        self.asked: list[float | None] = []
        self.previous = previous
        self.until = until

    def webhook_secrets(self, _instance_id: str, *, age_s: float | None = None) -> WebhookSecrets:
        self.asked.append(age_s)
        if age_s is None:
            return WebhookSecrets("old")
        return WebhookSecrets("new", self.previous, self.until)


class NoSecrets:
    def webhook_secrets(self, _instance_id: str, *, age_s: float | None = None) -> WebhookSecrets:
        del age_s
        raise SecretMissing("there is no secret")


class OneInstance:
    def find(self, _platform: str, _instance_id: str, _headers: object) -> Instance:
        return builders.instance()


class Stored:
    def __init__(self) -> None:
        self.names: list[str] = []

    def publish(self, _envelope: Envelope, name: str) -> None:
        self.names.append(name)


def send(secret: str, secrets: Rotated | NoSecrets, queue: Stored) -> ReceivedEvent:
    return accept(
        Webhook(
            platform="freshdesk",
            instance_id=builders.INSTANCE_ID,
            headers={"x-freshbridge-secret": secret},
            body=json.dumps({"freshdesk_webhook": {"ticket_id": 1}}).encode(),
        ),
        Ports(OneInstance(), secrets, queue),
        event_id="evt_1",
        received_at=builders.RECEIVED_AT,
        now=NOW,
    )


def test_the_remembered_secret_needs_no_second_look() -> None:
    secrets, queue = Rotated(), Stored()

    send("old", secrets, queue)

    assert (queue.names, secrets.asked) == (["evt_1"], [None])


def test_a_secret_rotated_since_it_was_read_is_let_in() -> None:
    secrets, queue = Rotated(), Stored()

    send("new", secrets, queue)

    assert (queue.names, secrets.asked) == (["evt_1"], [None, ROTATION_CHECK_S])


def test_the_secret_before_is_let_in_until_its_end_and_no_longer() -> None:
    queue = Stored()

    send("before", Rotated(previous="before", until=NOW + 1), queue)
    with pytest.raises(NotAuthenticated):
        send("before", Rotated(previous="before", until=NOW), queue)

    assert queue.names == ["evt_1"]


def test_a_wrong_secret_is_refused_and_nothing_is_stored() -> None:
    secrets, queue = Rotated(), Stored()

    for shown in ("wrong", ""):
        with pytest.raises(NotAuthenticated):
            send(shown, secrets, queue)

    assert queue.names == []
    assert ROTATION_CHECK_S > 0  # else every stranger's call would be a read of the vault


def test_an_instance_without_a_secret_lets_nobody_in() -> None:
    queue = Stored()

    with pytest.raises(NotAuthenticated):
        send("", NoSecrets(), queue)

    assert queue.names == []


def test_the_event_is_the_instance_s_own_whatever_the_path_called_it() -> None:
    event = send("old", Rotated(), Stored())

    assert (event.instance_id, event.platform) == (builders.INSTANCE_ID, "freshdesk")
