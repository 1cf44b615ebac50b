"""What the API talks to, made at the first request and kept while the function is warm."""

from __future__ import annotations

import time
from functools import lru_cache

from freshbridge import aws, settings
from freshbridge.instances.registry import Registry
from freshbridge.instances.vault import Vault
from freshbridge.queues.payload import PayloadStore
from freshbridge.queues.publish import Publisher
from freshbridge.rules.store import RuleStore
from freshbridge.sync.cursor_store import CursorStore
from freshbridge.transport import RequestsTransport, Transport

ACCESS_AGE_S = 60.0


class Ports:
    """One per warm function."""

    def __init__(self, chosen: settings.ApiSettings) -> None:
        """Nothing is called before the first request."""
        self._chosen = chosen
        self.allowed_origins = chosen.allowed_provider_origins
        # Written here and read elsewhere: the API itself always looks at the table.
        self.registry = Registry(chosen.instance_table, age_s=0)
        self.rules = RuleStore(chosen.instance_table, age_s=0)
        self.vault = Vault(chosen.stack_name, age_s=0)
        self.cursors = CursorStore(chosen.sync_table)
        self.sync_queue = Publisher(
            chosen.sync_queue_url, PayloadStore(chosen.payload_bucket), prefix="sync"
        )
        self._access: tuple[float, tuple[str, str]] = (float("-inf"), ("", ""))

    @lru_cache(maxsize=1)  # noqa: B019 - one Ports lives as long as its process
    def transport(self) -> Transport:
        """The one pooled HTTP session."""
        return RequestsTransport()

    def access_secrets(self) -> tuple[str, str]:
        """The User and the Organization secret, at most a minute old."""
        read_at, pair = self._access
        if time.monotonic() - read_at >= ACCESS_AGE_S:
            client = aws.secretsmanager()
            pair = (
                client.get_secret_value(SecretId=self._chosen.user_secret_id)["SecretString"],
                client.get_secret_value(SecretId=self._chosen.organization_secret_id)[
                    "SecretString"
                ],
            )
            self._access = (time.monotonic(), pair)
        return pair


@lru_cache(maxsize=1)
def ports() -> Ports:
    """The warm function's one."""
    return Ports(settings.load(settings.ApiSettings))
