"""The secrets that open an instance's webhook: the current one and, for a while, the one before.

Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class WebhookSecrets:
    """`previous` opens until `previous_until`, seconds since the epoch; "" opens to no one."""

    current: str = field(default="", repr=False)
    previous: str = field(default="", repr=False)
    previous_until: float = 0.0

    def opening(self, now: float) -> tuple[str, ...]:
        """Those that open at `now`, none of them empty."""
        before = self.previous if now < self.previous_until else ""
        return tuple(secret for secret in (self.current, before) if secret)


def read_secrets(stored: Mapping[str, str]) -> WebhookSecrets:
    """What the vault holds; a time that cannot be read has passed."""
    try:
        until = float(stored.get("previous_until", ""))
    except ValueError:
        until = 0.0
    return WebhookSecrets(stored.get("secret", ""), stored.get("previous", ""), until)


def rotated(before: WebhookSecrets, fresh: str, *, until: float) -> dict[str, str]:
    """What the vault is to hold: `fresh`, and the one before until then; not at all for 0."""
    stored = {"secret": fresh}
    if until and before.current:
        stored |= {"previous": before.current, "previous_until": str(until)}
    return stored
