"""From an instance to a working provider client.

A key can be rotated while functions hold the old one: when the provider refuses it, the key is
read once more, and only if it has changed is the work tried again. All work goes through the
instance's circuit, which holds it back while the provider is down or the key stays refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

from freshbridge.errors import Misconfigured, Unauthorized
from freshbridge.freshdesk.client import FreshdeskClient, OnReply
from freshbridge.freshdesk.credentials import Credential, Login
from freshbridge.instances.origin import freshdesk_origin
from freshbridge.instances.traced_transport import UNKNOWN

if TYPE_CHECKING:
    from freshbridge.budget.budgeted_transport import Budgets, Waiting
    from freshbridge.circuit.circuits import Circuits
    from freshbridge.circuit.passage import Passage
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
        work: Callable[[FreshdeskClient, Instance], T],
        *,
        cause: Cause = UNKNOWN,
        waiting: Waiting | None = None,
    ) -> T:
        """Run `work` with a client of the instance; `cause` is what a trace of its calls names.

        `waiting` says how long its calls may wait for their slots in the account's rate budget;
        without it they draw on none.

        Raises:
            UnknownInstance, InstanceDisabled, SecretMissing, CircuitOpen: nothing was sent.
            Unauthorized: the key was refused, and reading it anew gave the same key.
            Whatever else `work` raises.
        """
        instance = self._registry.get(instance_id)
        if instance.disabled:
            raise InstanceDisabled(f"instance {instance_id} is disabled")
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
    ) -> FreshdeskClient:
        if instance.platform != "freshdesk":
            raise Misconfigured(
                f"instance {instance.instance_id} is a {instance.platform} account",
                advice="Actions and the sync speak Freshdesk; name a Freshdesk instance.",
            )
        # Checked again at every use: the deployer may have narrowed the allow-list since.
        origin = freshdesk_origin(instance.origin, self._allowed)
        credential = freshdesk_credential(instance.configuration, secrets)
        transport = self._transport()
        if self._tracer is not None:
            transport = self._tracer.around(transport, instance, cause)
        if passage is not None:
            # Within the budget, for a wait is no sign of how the provider is.
            transport = passage.around(transport)
        if self._budgets is not None and waiting is not None:
            # Outside the trace, so that a wait is not told as the time that a call took.
            transport = self._budgets.around(
                transport, platform=instance.platform, origin=origin, waiting=waiting
            )
        return FreshdeskClient(
            transport, origin, credential, on_reply=self._on_reply, timeouts=self._timeouts
        )


def _name(cause: Cause) -> str:
    """What a piece of work is known by, the same each time that it is tried."""
    return cause.action_id or cause.run_id or cause.correlation_id


def freshdesk_credential(configuration: dict[str, str], secrets: dict[str, str]) -> Credential:
    """The API key of Freshdesk V2, or the login of the older element.

    Raises:
        Misconfigured: the vault has neither.
    """
    # The key first: a client that sends a password beside it means the key all the same.
    if "username" in secrets:
        return secrets["username"]
    if "password" in secrets:
        return Login(configuration.get("username", ""), secrets["password"])
    raise Misconfigured("the instance has no API key", advice="PATCH its configuration.username.")
