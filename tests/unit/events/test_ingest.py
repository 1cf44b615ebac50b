"""A webhook whose secret was rotated a moment ago is let in; a wrong one never is."""

from __future__ import annotations

import json

import pytest

from freshbridge.events.authentication import NotAuthenticated
from freshbridge.events.ingest import ROTATION_CHECK_S, Webhook, accept
from freshbridge.instances.model import Instance
from freshbridge.queues.envelope import Envelope
from tests import builders


class Rotated:
    """Remembers the old secret, and reads the new one when asked for one that is fresh enough."""

    def __init__(self) -> None:
        self.asked: list[float | None] = []

    def webhook_secret(self, _instance_id: str, *, age_s: float | None = None) -> str:
        self.asked.append(age_s)
        return "old" if age_s is None else "new"


class OneInstance:
    def get(self, _instance_id: str) -> Instance:
        return builders.instance()


class Stored:
    def __init__(self) -> None:
        self.names: list[str] = []

    def publish(self, _envelope: Envelope, name: str) -> None:
        self.names.append(name)


def send(secret: str, secrets: Rotated, queue: Stored) -> None:
    accept(
        Webhook(
            platform="freshdesk",
            instance_id=builders.INSTANCE_ID,
            headers={"x-freshbridge-secret": secret},
            body=json.dumps({"freshdesk_webhook": {"ticket_id": 1}}).encode(),
        ),
        instances=OneInstance(),
        secrets=secrets,
        queue=queue,
        event_id="evt_1",
        received_at=builders.RECEIVED_AT,
    )


def test_the_remembered_secret_needs_no_second_look() -> None:
    secrets, queue = Rotated(), Stored()

    send("old", secrets, queue)

    assert (queue.names, secrets.asked) == (["evt_1"], [None])


def test_a_secret_rotated_since_it_was_read_is_let_in() -> None:
    secrets, queue = Rotated(), Stored()

    send("new", secrets, queue)

    assert (queue.names, secrets.asked) == (["evt_1"], [None, ROTATION_CHECK_S])


def test_a_wrong_secret_is_refused_and_nothing_is_stored() -> None:
    secrets, queue = Rotated(), Stored()

    for shown in ("wrong", ""):
        with pytest.raises(NotAuthenticated):
            send(shown, secrets, queue)

    assert queue.names == []
    assert ROTATION_CHECK_S > 0  # else every stranger's call would be a read of the vault
