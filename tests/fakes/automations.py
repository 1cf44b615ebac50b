"""Freshdesk's automation rules in memory, behind a FakeTransport, and stores for a set-up."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from freshbridge.budget.turn_taking import Waiting
from freshbridge.http_message import ProviderReply, ProviderRequest
from freshbridge.instances.connection import Connections
from freshbridge.instances.model import Instance
from freshbridge.instances.registry import UnknownInstance
from freshbridge.instances.trace import Cause
from freshbridge.instances.webhook_secrets import WebhookSecrets
from freshbridge.transport import Transport
from freshbridge.webhooks.choice import Wish
from freshbridge.webhooks.report import Calling
from freshbridge.webhooks.setup import WebhookSetup
from tests import builders
from tests.fakes.provider import FakeTransport, empty_reply, json_reply

NOW = 1_772_539_360.0
SECRET = "fresh-secret-made-up-91c3"
OLD_SECRET = "old-secret-made-up-2b7e"
BASE_URL = "https://abc.execute-api.eu-central-1.amazonaws.com/live"
Record = dict[str, Any]


class AutomationAccount:
    """Keeps rules of types 1 and 4; each list's meta tells whether creation rules cascade.

    `lost_answers` is how many creations take effect without an answer.
    """

    def __init__(self, provider: FakeTransport, *, cascading: bool | None = True) -> None:
        self.provider = provider
        self.cascading = cascading
        self.rules: dict[int, list[Record]] = {1: [], 4: []}
        self.lost_answers = 0
        self._last_id = 88_000_900_000
        for rule_type in self.rules:
            path = f"/api/v2/automations/{rule_type}/rules"
            provider.on("GET", path, self._listed(rule_type))
            provider.on("POST", path, self._created(rule_type))

    def add(self, rule_type: int, **fields: Any) -> Record:
        """A rule that somebody made; returns the stored record."""
        self._last_id += 1
        rules = self.rules[rule_type]
        rule = {
            "id": self._last_id, "name": "Somebody's", "active": True, "outdated": False,
            "position": len(rules) + 1, "events": [], "conditions": [], "actions": [], **fields,
        }  # fmt: skip
        rules.append(rule)
        if "position" in fields:
            rules.insert(fields["position"] - 1, rules.pop())
        self._renumber(rule_type)
        path = f"/api/v2/automations/{rule_type}/rules/{rule['id']}"
        self.provider.on("PUT", path, self._updated(rule_type, rule))
        self.provider.on("DELETE", path, self._deleted(rule_type, rule))
        return rule

    def named(self, ending: str) -> Record:
        """The one rule whose name ends so."""
        (found,) = [r for rules in self.rules.values() for r in rules if r["name"].endswith(ending)]
        return found

    @property
    def names(self) -> list[str]:
        """Every rule's name, creation rules first."""
        return [rule["name"] for rules in self.rules.values() for rule in rules]

    def _listed(self, rule_type: int) -> Callable[[ProviderRequest], ProviderReply]:
        def answer(_request: ProviderRequest) -> ProviderReply:
            rules = copy.deepcopy(self.rules[rule_type])
            meta = {"count": len(rules), "cascading_rules": self.cascading}
            return json_reply({"rules": rules, "meta": meta})

        return answer

    def _created(self, rule_type: int) -> Callable[[ProviderRequest], ProviderReply]:
        def answer(request: ProviderRequest) -> ProviderReply:
            rule = self.add(rule_type, **json.loads(json.dumps(request.json)))
            if self.lost_answers:
                self.lost_answers -= 1
                return empty_reply(502)
            return json_reply(rule, 201)

        return answer

    def _updated(self, rule_type: int, rule: Record) -> Callable[[ProviderRequest], ProviderReply]:
        def answer(request: ProviderRequest) -> ProviderReply:
            if rule not in self.rules[rule_type]:
                return empty_reply(404)
            changes = json.loads(json.dumps(request.json))
            rule.update(changes)
            if "position" in changes:
                rules = self.rules[rule_type]
                rules.remove(rule)
                rules.insert(changes["position"] - 1, rule)
                self._renumber(rule_type)
            return json_reply(rule)

        return answer

    def _deleted(self, rule_type: int, rule: Record) -> Callable[[ProviderRequest], ProviderReply]:
        def answer(_request: ProviderRequest) -> ProviderReply:
            if rule not in self.rules[rule_type]:
                return empty_reply(404)
            self.rules[rule_type].remove(rule)
            self._renumber(rule_type)
            return empty_reply(204)

        return answer

    def _renumber(self, rule_type: int) -> None:
        for position, rule in enumerate(self.rules[rule_type], start=1):
            rule["position"] = position


class MemoryWishes:
    """Implements `WishStore`."""

    def __init__(self) -> None:
        self.kept: dict[str, Wish] = {}

    def get(self, instance_id: str) -> Wish | None:
        """The wish."""
        return self.kept.get(instance_id)

    def put(self, instance_id: str, wish: Wish) -> None:
        """Keep it."""
        self.kept[instance_id] = wish

    def delete(self, instance_id: str) -> None:
        """Forget it."""
        self.kept.pop(instance_id, None)


class Secrets:
    """Implements what a set-up asks of the vault and of the registry."""

    def __init__(self, instance: Instance, api_key: str) -> None:
        self.instance = instance
        self.api_key = api_key
        self.webhook = WebhookSecrets(SECRET)

    def get(self, instance_id: str) -> Instance:
        """The one instance."""
        if instance_id != self.instance.instance_id:
            raise UnknownInstance("no such instance")
        return self.instance

    def credentials(self, instance_id: str) -> dict[str, str]:  # noqa: ARG002 - there is one
        """The account's key."""
        return {"username": self.api_key}

    def forget(self, kind: str, instance_id: str) -> None:
        """Nothing is remembered."""

    def webhook_secrets(self, instance_id: str, *, age_s: float | None = None) -> WebhookSecrets:  # noqa: ARG002 - as the real one takes them
        """What opens the webhook."""
        return self.webhook


class SetupWorld:
    """A set-up with everything behind it in memory, but for the provider."""

    def __init__(
        self,
        transport: Transport,
        *,
        instance: Instance | None = None,
        api_key: str = builders.API_KEY,
        allowed: tuple[str, ...] = (),
    ) -> None:
        self.instance = instance or builders.instance()
        self.secrets = Secrets(self.instance, api_key)
        self.wishes = MemoryWishes()
        self.held: list[str] = []
        self.now = NOW
        held = cast("Any", self.secrets)
        self.connections = Connections(held, held, lambda: transport, allowed_origins=allowed)
        self.setup = WebhookSetup(
            self.connections,
            held,
            cast("Any", self.wishes),
            self._hold,
            clock=lambda: self.now,
        )
        self.calling = Calling(Cause("req_1"), Waiting(1.0, remaining_s=lambda: 25.0))

    @contextmanager
    def _hold(self, name: str) -> Iterator[None]:
        self.held.append(name)
        yield
