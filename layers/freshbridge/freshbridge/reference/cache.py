"""An account's reference data, kept for a while and shared by every function.

It is looked for in this process, then in S3 (`reference/<instance>/<kind>.json.gz`), then asked of
the provider. What an instance was given by one account or one key is never shown to another: what
is kept names both, and a change of either makes it be read anew.

Two ages govern a look-up. The package's own, such as a status's number for its name, take what is
at most `AGE_S` old; when that lacks what is looked for, `refresh` asks again, though not sooner
than `REFRESH_S` after the last time, so that ten thousand rows with one wrong name do not ask ten
thousand times. A person's reads (list_agents, list_groups, …) give the age themselves, after the
instance's `cachingEnabled` and `cacheTimeToLive`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from freshbridge import timestamps
from freshbridge.actions.context import Cached
from freshbridge.reference.kept import Kept
from freshbridge.reference.kinds import fetch
from freshbridge.reference.memo import Memo

if TYPE_CHECKING:
    from freshbridge.freshdesk.client import FreshdeskClient
    from freshbridge.instances.model import Instance
    from freshbridge.reference.objects import ReferenceObjects

AGE_S = 300.0
REFRESH_S = 10.0


class ReferenceCache:
    """Implements `freshbridge.actions.context.Reference`."""

    def __init__(
        self,
        objects: ReferenceObjects | None,
        *,
        clock: Callable[[], float] = timestamps.epoch,
    ) -> None:
        """`objects`: what functions share; None keeps to this process. `clock`: epoch seconds."""
        self._objects = objects
        self._memo = Memo()
        self._clock = clock

    def get(
        self,
        client: FreshdeskClient,
        instance: Instance,
        kind: str,
        *,
        key: str = "",
        refresh: bool = False,
        max_age_s: float | None = None,
    ) -> Cached:
        """The records of one kind, not to be changed.

        Raises:
            InvalidRequest: there is no such kind.
            Whatever the client raises; a failure of S3 only costs the call.
        """
        limit = max_age_s if max_age_s is not None else REFRESH_S if refresh else AGE_S
        name, owner = object_name(instance.instance_id, kind, key), client.fingerprint
        kept = self._kept(name, owner, limit) if limit > 0 else None
        if kept is not None:
            return Cached(kept.records, cached=True, age_s=int(kept.age_s(self._clock())))
        # Dated before the call: what changes while it is answered may be missing in it.
        asked_at = self._clock()
        kept = Kept(owner, asked_at, fetch(client, kind, key))
        self._memo.write(name, kept)
        if self._objects is not None:
            self._objects.write(name, kept)
        return Cached(kept.records)

    def _kept(self, name: str, owner: str, limit: float) -> Kept | None:
        kept = self._memo.read(name)
        if kept is not None and kept.answers(owner, self._clock(), limit):
            return kept
        kept = self._objects.read(name) if self._objects is not None else None
        if kept is not None and kept.answers(owner, self._clock(), limit):
            self._memo.write(name, kept)
            return kept
        return None


def object_name(instance_id: str, kind: str, key: str = "") -> str:
    """Where a kind is kept; a key, which may be a customer's domain, is kept as its hash."""
    if not key:
        return f"reference/{instance_id}/{kind}.json.gz"
    digest = hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()
    return f"reference/{instance_id}/{kind}/{digest[:32]}.json.gz"
