"""Connect an account, change how it is connected, disconnect it.

Nothing is kept before the provider has accepted the credentials. A new instance is stored last:
until it is, nothing uses its secrets, and when storing it fails they are deleted again.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from freshbridge import timestamps
from freshbridge.instances import token, validation
from freshbridge.instances.access import DEFAULT_GRACE_HOURS
from freshbridge.instances.change import Change, connects_anew, credentials_after, edited
from freshbridge.instances.elements import InvalidConfiguration
from freshbridge.instances.model import Instance
from freshbridge.instances.origin import origin_of
from freshbridge.instances.registry import IdTaken, UnknownInstance
from freshbridge.instances.request import Wanted
from freshbridge.instances.vault import SecretExists
from freshbridge.notifications.configuration import PREFIX as CALLBACK_ENTRIES
from freshbridge.notifications.configuration import VENDOR_TYPE, callback_errors

if TYPE_CHECKING:
    from freshbridge.instances.registry import Registry
    from freshbridge.instances.traced_transport import Tracer
    from freshbridge.instances.validation import Checked
    from freshbridge.instances.vault import Vault
    from freshbridge.rules.store import RuleStore
    from freshbridge.transport import Transport

ID_ATTEMPTS = 3
HOUR_S = 3600.0


@dataclass(frozen=True)
class Provisioned:
    """A new instance, and its token and webhook secret, which are shown this once."""

    instance: Instance
    token: str
    webhook_secret: str
    checked: Checked


class Provisioner:
    """Creates, changes and deletes instances of one stack."""

    def __init__(
        self,
        registry: Registry,
        vault: Vault,
        rules: RuleStore,
        transport: Callable[[], Transport],
        *,
        allowed_origins: Iterable[str],
        clock: Callable[[], float] = time.time,
        tracer: Tracer | None = None,
        on_connected: Callable[[str], None] = lambda _instance_id: None,
        on_callbacks_changed: Callable[[Instance], None] = lambda _instance: None,
        on_deleted: Callable[[str], None] = lambda _instance_id: None,
    ) -> None:
        """`transport` is called when a provider is to be asked; `clock` is epoch seconds.

        `on_connected` hears of each instance whose provider has just accepted what it is called
        with from now on, `on_callbacks_changed` of each whose callback entries were changed,
        `on_deleted` of each that is about to go; nothing is deleted when it raises.
        """
        self._registry = registry
        self._vault = vault
        self._rules = rules
        self._transport = transport
        self._allowed = tuple(allowed_origins)
        self._clock = clock
        self._tracer = tracer
        self._on_connected = on_connected
        self._on_callbacks_changed = on_callbacks_changed
        self._on_deleted = on_deleted

    def create(self, wanted: Wanted, *, user_id: int = 1) -> Provisioned:
        """Connect the account.

        Raises:
            Misconfigured: the address is not one that credentials may be sent to, or no account
                is there.
            Unauthorized, Forbidden: the provider refused the credentials; nothing was stored.
            Retry: the provider could not be asked; nothing was stored.
        """
        instance = Instance(
            instance_id="",
            element=wanted.element.key,
            platform=wanted.element.platform,
            name=wanted.name,
            origin="",
            created_at=timestamps.to_text(timestamps.now()),
            configuration=wanted.configuration,
            config=wanted.config,
            tags=wanted.tags,
            user_id=user_id,
            sync_objects=wanted.sync_objects,
            secret_entries=tuple(sorted(wanted.credentials)),
        )
        self._check_callbacks(instance, wanted.credentials)
        instance, checked = self._checked(instance, wanted.credentials)
        for _ in range(ID_ATTEMPTS - 1):
            try:
                return self._store(instance, wanted.credentials, checked)
            except IdTaken:
                continue
        return self._store(instance, wanted.credentials, checked)

    def change(self, instance_id: str, change: Change) -> Instance:
        """Apply a change; credentials and addresses are checked with the provider first.

        Two changes at once both last. When credentials change, the new ones are stored once the
        provider has accepted them; the ones before stay in the vault as AWSPREVIOUS.

        Raises:
            UnknownInstance, ChangedMeanwhile, InvalidConfiguration, and what `create` raises.
        """
        before = self._registry.get(instance_id)
        after = self._edited(before, change)
        if change.values is None:
            return self._registry.change(instance_id, lambda now: self._edited(now, change))
        held = self._vault.credentials(instance_id)
        wanted = credentials_after(before, change, held)
        calls_back_otherwise = any(
            key == VENDOR_TYPE or key.startswith(CALLBACK_ENTRIES) for key in change.values
        )
        if calls_back_otherwise:
            self._check_callbacks(after, wanted)
        anew = connects_anew(before, after, change.values)
        if anew:
            self._checked(after, wanted)
        changed = self._kept(instance_id, change, before, wanted, held)
        if anew:
            self._on_connected(instance_id)
        if calls_back_otherwise:
            self._on_callbacks_changed(changed)
        return changed

    def _kept(
        self,
        instance_id: str,
        change: Change,
        before: Instance,
        wanted: dict[str, str],
        held: dict[str, str],
    ) -> Instance:
        """Store a change whose credentials may be new."""
        if wanted == held:
            return self._registry.change(instance_id, lambda now: self._edited(now, change))
        # Read again: the provider took its time, and another change may have been faster.
        held = self._vault.credentials(instance_id)
        self._vault.replace_credentials(instance_id, credentials_after(before, change, held))
        try:
            return self._registry.change(instance_id, lambda now: self._edited(now, change))
        except UnknownInstance:
            raise
        except Exception:
            # A new key with the old address would connect nothing.
            self._vault.replace_credentials(instance_id, held)
            raise

    def delete(self, instance_id: str) -> Instance:
        """Disconnect; the secrets can be restored for a week.

        The instance goes last: if this is cut short, it can still be found and deleted again.

        Raises:
            UnknownInstance: no such id.
            What `on_deleted` raises.
        """
        instance = self._registry.get(instance_id)
        self._on_deleted(instance_id)
        self._rules.delete_all(instance_id)
        self._vault.delete(instance_id)
        self._registry.delete(instance_id)
        return instance

    def _edited(self, instance: Instance, change: Change) -> Instance:
        return edited(instance, change, allowed_origins=self._allowed)

    def rotate_token(self, instance_id: str) -> str:
        """A new token, shown this once; the one before is valid for a grace period."""
        fresh = token.new_token(instance_id, secrets.token_bytes(32))
        now = self._clock()
        self._registry.change(instance_id, lambda held: token.rotated(held, fresh, now=now))
        return fresh

    def rotate_webhook_secret(
        self, instance_id: str, *, grace_hours: int = DEFAULT_GRACE_HOURS
    ) -> tuple[Instance, str]:
        """The instance and its new webhook secret, shown this once.

        The one before opens for `grace_hours` more, so that there is time to change it at the
        provider, and that what the provider repeats still gets in. With 0 it is gone at once, but
        for the five minutes that functions which are warm may remember it.

        Raises:
            UnknownInstance: no such id.
        """
        instance = self._registry.get(instance_id)
        fresh = secrets.token_urlsafe(32)
        until = self._clock() + grace_hours * HOUR_S if grace_hours else 0.0
        self._vault.replace_webhook_secret(instance_id, fresh, until=until)
        return instance, fresh

    def _store(
        self, instance: Instance, credentials: dict[str, str], checked: Checked
    ) -> Provisioned:
        instance_id = str(secrets.randbelow(900_000_000) + 100_000_000)
        fresh = token.new_token(instance_id, secrets.token_bytes(32))
        webhook_secret = secrets.token_urlsafe(32)
        instance = replace(instance, instance_id=instance_id, tokens=(token.token_hash(fresh),))
        try:
            self._vault.create(instance_id, credentials=credentials, webhook_secret=webhook_secret)
            stored = self._registry.create(instance)
        except SecretExists as error:
            raise IdTaken(f"instance {instance_id} exists") from error
        except Exception:
            # Whatever failed, half an instance must not stay: its secrets would outlive it unseen.
            self._vault.delete(instance_id)
            raise
        return Provisioned(stored, fresh, webhook_secret, checked)

    def _checked(self, instance: Instance, credentials: dict[str, str]) -> tuple[Instance, Checked]:
        origin = origin_of(instance.platform, instance.domain, self._allowed)
        transport = self._transport()
        if self._tracer is not None:
            transport = self._tracer.around(transport, instance)
        checked = validation.check(
            instance.platform, origin, instance.configuration, credentials, transport
        )
        return replace(instance, origin=origin, valid=True), checked

    def _check_callbacks(self, instance: Instance, secret: dict[str, str]) -> None:
        wrong = callback_errors(instance.configuration, secret, allowed_origins=self._allowed)
        if wrong:
            raise InvalidConfiguration("events cannot be sent as configured", fields=wrong)
