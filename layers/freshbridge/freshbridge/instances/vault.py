"""Credentials and webhook secrets in Secrets Manager, one secret each, read through a cache.

Names: `freshbridge/<stack>/credentials/<instance>` holds `{"api_key"}`;
`freshbridge/<stack>/webhooks/<instance>` holds `{"secret"}`. They are apart so that the function
that the internet can reach may read the second kind only.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from freshbridge import aws
from freshbridge.errors import Misconfigured

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient

Kind = Literal["credentials", "webhooks"]
RECOVERY_DAYS = 7


class SecretMissing(Misconfigured):
    """An instance exists, but its secret does not."""

    code = "secret_missing"


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

    def api_key(self, instance_id: str) -> str:
        """The provider's API key.

        Raises:
            SecretMissing: the instance has none.
        """
        return self._value("credentials", instance_id, "api_key")

    def webhook_secret(self, instance_id: str) -> str:
        """What the provider's webhook must show; "" when none is set, which nothing matches.

        Raises:
            SecretMissing: the instance has none.
        """
        return self._value("webhooks", instance_id, "secret")

    def create(self, instance_id: str, *, api_key: str, webhook_secret: str) -> None:
        """Store both secrets of a new instance."""
        tags = [{"Key": "freshbridge:instance", "Value": instance_id}]
        for kind, value in (
            ("credentials", {"api_key": api_key}),
            ("webhooks", {"secret": webhook_secret}),
        ):
            self._client.create_secret(
                Name=self.name(kind, instance_id),  # type: ignore[arg-type]  # the tuple's literals
                SecretString=json.dumps(value),
                Tags=tags,  # type: ignore[arg-type]  # plain dicts of the shape the stub names
            )

    def delete(self, instance_id: str) -> None:
        """Schedule both secrets' deletion; they can be restored for a week."""
        kinds: tuple[Kind, ...] = ("credentials", "webhooks")
        for kind in kinds:
            name = self.name(kind, instance_id)
            self._cache.pop(name, None)
            try:
                self._client.delete_secret(SecretId=name, RecoveryWindowInDays=RECOVERY_DAYS)
            except self._client.exceptions.ResourceNotFoundException:
                continue

    def forget(self, kind: Kind, instance_id: str) -> None:
        """Read the secret anew next time: the provider refused it, so it may have been rotated."""
        self._cache.pop(self.name(kind, instance_id), None)

    def _value(self, kind: Kind, instance_id: str, field: str) -> str:
        name = self.name(kind, instance_id)
        read_at, secret = self._cache.get(name, (float("-inf"), {}))
        if self._clock() - read_at >= self._age_s:
            secret = self._read(name)
            self._cache[name] = (self._clock(), secret)
        if field not in secret:
            raise SecretMissing(f"secret {name} has no {field}")
        return secret[field]

    def _read(self, name: str) -> dict[str, str]:
        try:
            text = self._client.get_secret_value(SecretId=name)["SecretString"]
            secret = json.loads(text)
        except self._client.exceptions.ResourceNotFoundException as error:
            raise SecretMissing(f"there is no secret {name}") from error
        except ValueError as error:
            raise SecretMissing(f"secret {name} is not JSON") from error
        return {key: value for key, value in secret.items() if isinstance(value, str)}
