"""From an instance to a working provider client.

A key can be rotated while functions hold the old one: when the provider refuses it, the key is
read once more, and only if it has changed is the work tried again. All work goes through the
instance's circuit, which holds it back while the provider is down or the key stays refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from freshbridge.errors import Misconfigured, Unauthorized
from freshbridge.instances.provider_clients import Opening, provider_of
from freshbridge.instances.traced_transport import UNKNOWN

if TYPE_CHECKING:
    from freshbridge.budget.budgeted_transport import Budgets, Waiting
    from freshbridge.circuit.circuits import Circuits
    from freshbridge.circuit.passage import Passage
    from freshbridge.freshdesk.client import OnReply
    from freshbridge.http_message import Timeouts
    from freshbridge.instances.model import Instance
    from freshbridge.instances.registry import Registry
    from freshbridge.instances.trace import Cause
    from freshbridge.instances.traced_transport import Tracer
    from freshbridge.instances.vault import Vault
    from freshbridge.transport import Transport

T = TypeVar("T")


class InstanceDisabled(Misconfigured):
    """The instance was switched off; nothing is sent to its provider."""

    code = "instance_disabled"
    default_advice = "Enable the instance, then redrive the message."


class Connections:
    """Opens provider clients for instances."""

    def __init__(
        self,
        registry: Registry,
        vault: Vault,
        transport: Callable[[], Transport],
        *,
        allowed_origins: Iterable[str] = (),
        on_reply: OnReply | None = None,
        tracer: Tracer | None = None,
        timeouts: Timeouts | None = None,
        budgets: Budgets | None = None,
        circuits: Circuits | None = None,
    ) -> None:
        """`transport` is called at first use, so that importing this costs no HTTP library."""
        self._registry = registry
        self._vault = vault
        self._transport = transport
        self._allowed = tuple(allowed_origins)
        self._on_reply = on_reply
        self._tracer = tracer
        self._timeouts = timeouts
        self._budgets = budgets
        self._circuits = circuits

    def check(self, instance_id: str) -> None:
        """Refuse work that its circuit would hold back, before anything is prepared for it.

        Raises:
            CircuitOpen: come back when it says.
        """
        if self._circuits is not None:
            self._circuits.check(instance_id)

    def use(
        self,
        instance_id: str,
        work: Callable[[Any, Instance], T],
        *,
        platform: str = "freshdesk",
        cause: Cause = UNKNOWN,
        waiting: Waiting | None = None,
    ) -> T:
        """Run `work` with a client of the instance; `cause` is what a trace of its calls names.

        `platform` is the one that `work` speaks to, and gets the client of. `waiting` says how long
        its calls may wait for their slots in the account's rate budget; without it they draw on
        none.

        Raises:
            UnknownInstance, InstanceDisabled, SecretMissing, CircuitOpen: nothing was sent.
            Misconfigured: the instance is another platform's.
            Unauthorized: the key was refused, and reading it anew gave the same key.
            Whatever else `work` raises.
        """
        instance = self._enabled(instance_id)
        if instance.platform != platform:
            raise Misconfigured(
                f"instance {instance_id} is a {instance.platform} account",
                advice=f"This speaks to {platform}: name an instance of that platform.",
            )
        if self._circuits is None:
            return self._with_fresh_key(
                instance,
                lambda secrets: work(self._client(instance, secrets, cause, waiting), instance),
            )
        passage = self._circuits.enter(instance_id, _name(cause))
        try:
            return self._with_fresh_key(
                instance,
                lambda secrets: work(
                    self._client(instance, secrets, cause, waiting, passage), instance
                ),
            )
        except Unauthorized as error:
            raise passage.refused(error) from error
        finally:
            passage.leave()

    def visit(self, instance_id: str, work: Callable[[Instance], T]) -> T:
        """Run `work`, which calls nothing with the instance's credentials, for an enabled instance.

        Raises:
            UnknownInstance, InstanceDisabled: nothing was done.
            Whatever else `work` raises.
        """
        return work(self._enabled(instance_id))

    def _enabled(self, instance_id: str) -> Instance:
        instance = self._registry.get(instance_id)
        if instance.disabled:
            raise InstanceDisabled(f"instance {instance_id} is disabled")
        return instance

    def _with_fresh_key(self, instance: Instance, work: Callable[[dict[str, str]], T]) -> T:
        secrets = self._vault.credentials(instance.instance_id)
        try:
            return work(secrets)
        except Unauthorized:
            self._vault.forget("credentials", instance.instance_id)
            if (rotated := self._vault.credentials(instance.instance_id)) == secrets:
                raise
            return work(rotated)

    def _client(
        self,
        instance: Instance,
        secrets: dict[str, str],
        cause: Cause,
        waiting: Waiting | None,
        passage: Passage | None = None,
    ) -> Any:
        provider = provider_of(instance)
        origin = provider.origin(instance.origin, self._allowed)
        transport = self._transport()
        if self._tracer is not None:
            transport = self._tracer.around(transport, instance, cause)
        if passage is not None:
            # Within the budget, for a wait is no sign of how the provider is.
            transport = passage.around(transport, instance.platform)
        if provider.budgeted and self._budgets is not None and waiting is not None:
            # Outside the trace, so that a wait is not told as the time that a call took.
            transport = self._budgets.around(
                transport, platform=instance.platform, origin=origin, waiting=waiting
            )
        opening = Opening(
            transport, instance, secrets, self._allowed, self._on_reply, self._timeouts
        )
        return provider.open(opening, origin)


def _name(cause: Cause) -> str:
    """What a piece of work is known by, the same each time that it is tried."""
    return cause.action_id or cause.run_id or cause.correlation_id
