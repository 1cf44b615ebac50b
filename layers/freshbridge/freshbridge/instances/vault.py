"""Credentials and webhook secrets in Secrets Manager, one secret each, read through a cache.

Names: `freshbridge/<stack>/credentials/<instance>` holds the element's secret entries by their keys
(`{"username": …}` for Freshdesk V2, whose API key goes by that name);
`freshbridge/<stack>/webhooks/<instance>` holds `{"secret"}` and, after a rotation, `{"previous",
"previous_until"}`. They are apart so that the function
that the internet can reach may read the second kind only.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from freshbridge import aws
from freshbridge.errors import Conflict, Misconfigured
from freshbridge.instances.webhook_secrets import WebhookSecrets, read_secrets, rotated

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient

Kind = Literal["credentials", "webhooks"]
RECOVERY_DAYS = 7


class SecretMissing(Misconfigured):
    """An instance exists, but its secret does not."""

    code = "secret_missing"


class SecretExists(Conflict):
    """A new instance's id has a secret already."""

    code = "secret_exists"


class Vault:
    """The secrets of one stack's instances."""

    def __init__(
        self,
        stack_name: str,
        client: SecretsManagerClient | None = None,
        *,
        age_s: float = 300.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`age_s`: how long a secret may be served from memory."""
        self._stack_name = stack_name
        self._injected = client
        self._age_s = age_s
        self._clock = clock
        self._cache: dict[str, tuple[float, dict[str, str]]] = {}

    @property
    def _client(self) -> SecretsManagerClient:
        return self._injected or aws.secretsmanager()

    def name(self, kind: Kind, instance_id: str) -> str:
        """The secret's name; the template's policies are written for this path."""
        return f"freshbridge/{self._stack_name}/{kind}/{instance_id}"

    def credentials(self, instance_id: str) -> dict[str, str]:
        """The element's secret entries by their keys.

        Raises:
            SecretMissing: the instance has none.
        """
        return self._secret("credentials", instance_id)

    def webhook_secret(self, instance_id: str, *, age_s: float | None = None) -> str:
        """The newest secret that the provider's webhook may show; "" when none is set.

        `age_s` asks for one that was read no longer ago than that.

        Raises:
            SecretMissing: the instance has none.
        """
        return self.webhook_secrets(instance_id, age_s=age_s).current

    def webhook_secrets(self, instance_id: str, *, age_s: float | None = None) -> WebhookSecrets:
        """All that the provider's webhook may show: after a rotation, two for a while.

        Raises:
            SecretMissing: the instance has none.
        """
        return read_secrets(self._secret("webhooks", instance_id, age_s))

    def create(self, instance_id: str, *, credentials: dict[str, str], webhook_secret: str) -> None:
        """Store both secrets of a new instance.

        Raises:
            SecretExists: there is one of this id, or was within the last week; nothing is stored.
        """
        self._create("credentials", instance_id, credentials)
        try:
            self._create("webhooks", instance_id, {"secret": webhook_secret})
        except SecretExists:
            self._delete("credentials", instance_id)
            raise

    def _create(self, kind: Kind, instance_id: str, value: dict[str, str]) -> None:
        exceptions = self._client.exceptions
        try:
            self._client.create_secret(
                Name=self.name(kind, instance_id),
                SecretString=json.dumps(value),
                Tags=[{"Key": "freshbridge:instance", "Value": instance_id}],
            )
        except (exceptions.ResourceExistsException, exceptions.InvalidRequestException) as error:
            raise SecretExists(f"there is a secret for instance {instance_id}") from error

    def delete(self, instance_id: str) -> None:
        """Schedule both secrets' deletion; they can be restored for a week."""
        self._delete("credentials", instance_id)
        self._delete("webhooks", instance_id)

    def _delete(self, kind: Kind, instance_id: str) -> None:
        self.forget(kind, instance_id)
        with contextlib.suppress(self._client.exceptions.ResourceNotFoundException):
            self._client.delete_secret(
                SecretId=self.name(kind, instance_id), RecoveryWindowInDays=RECOVERY_DAYS
            )

    def forget(self, kind: Kind, instance_id: str) -> None:
        """Read the secret anew next time: the provider refused it, so it may have been rotated."""
        self._cache.pop(self.name(kind, instance_id), None)

    def replace_credentials(self, instance_id: str, credentials: dict[str, str]) -> None:
        """Store a new version; Secrets Manager keeps the one before as AWSPREVIOUS."""
        self.forget("credentials", instance_id)
        self._client.put_secret_value(
            SecretId=self.name("credentials", instance_id), SecretString=json.dumps(credentials)
        )

    def replace_webhook_secret(self, instance_id: str, secret: str, *, until: float = 0.0) -> None:
        """Store a new one; the one before opens until then, in seconds since the epoch.

        Without that, it does for as long as warm functions remember it.
        """
        self.forget("webhooks", instance_id)
        try:
            before = self.webhook_secrets(instance_id)
        except SecretMissing:
            before = WebhookSecrets()
        self.forget("webhooks", instance_id)
        self._client.put_secret_value(
            SecretId=self.name("webhooks", instance_id),
            SecretString=json.dumps(rotated(before, secret, until=until)),
        )

    def _secret(self, kind: Kind, instance_id: str, age_s: float | None = None) -> dict[str, str]:
        name = self.name(kind, instance_id)
        read_at, secret = self._cache.get(name, (float("-inf"), {}))
        if self._clock() - read_at >= (self._age_s if age_s is None else age_s):
            secret = self._read(name)
            self._cache[name] = (self._clock(), secret)
        return secret

    def _read(self, name: str) -> dict[str, str]:
        try:
            text = self._client.get_secret_value(SecretId=name)["SecretString"]
            secret = json.loads(text)
        except self._client.exceptions.ResourceNotFoundException as error:
            raise SecretMissing(f"there is no secret {name}") from error
        except ValueError as error:
            raise SecretMissing(f"secret {name} is not JSON") from error
        if not isinstance(secret, dict):
            raise SecretMissing(f"secret {name} is not a JSON object")
        return {key: value for key, value in secret.items() if isinstance(value, str)}
