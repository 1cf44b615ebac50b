"""Webhook checks in memory, and a queue that remembers what was sent to it."""

from __future__ import annotations

from dataclasses import replace

from freshbridge.events.normalised import Event
from freshbridge.queues.envelope import ActionRequest
from freshbridge.queues.publish import NotQueued
from freshbridge.webhooks.check import Arrival, Check, check_id_in, rule_of
from freshbridge.webhooks.check_store import UnknownCheck


class MemoryChecks:
    """Implements `CheckStore`."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], Check] = {}
        self.now = 0.0

    def begin(self, instance_id: str, check: Check) -> None:
        """Keep a new one."""
        self.kept[instance_id, check.check_id] = check

    def update(self, instance_id: str, check: Check) -> None:
        """Keep what the API knows."""
        held = self.kept[instance_id, check.check_id]
        self.kept[instance_id, check.check_id] = replace(check, arrivals=held.arrivals)

    def get(self, instance_id: str, check_id: str) -> Check:
        """The check, or UnknownCheck."""
        if (instance_id, check_id) not in self.kept:
            raise UnknownCheck("no such check")
        return self.kept[instance_id, check_id]

    def noticed(self, event: Event) -> bool:
        """Note what came."""
        key = (event.instance_id, check_id_in(event) or "")
        if key not in self.kept:
            return False
        held = self.kept[key]
        if held.ticket_id not in (None, int(event.ticket["id"])):
            return False
        arrival = Arrival(event.id, event.type, self.now, int(event.ticket["id"]))
        arrivals = {rule_of(event): arrival} | dict(held.arrivals)
        self.kept[key] = replace(held, arrivals=arrivals)
        return True


class SentActions:
    """Implements `Publisher`: `sent` has what was queued, and its delay in seconds."""

    def __init__(self) -> None:
        self.sent: list[tuple[ActionRequest, int]] = []
        self.refuses = False

    def publish(self, envelope: ActionRequest, name: str, delay_s: int = 0) -> None:
        """Remember it."""
        if self.refuses:
            raise NotQueued(f"could not queue {name}")
        self.sent.append((envelope, delay_s))
