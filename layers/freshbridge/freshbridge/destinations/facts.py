"""What an account says of itself: its fields and choices, kept for a while.

Kept in this process and in S3, as Freshdesk's reference data is, and never shown to another account
or key than they were read by.
Source: https://developers.freshworks.com/crm/api/#selector
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from freshbridge import timestamps
from freshbridge.destinations.checks import Described
from freshbridge.destinations.lookup_kinds import CHOICES
from freshbridge.destinations.mapping import Choose
from freshbridge.destinations.resource_types import ResourceType
from freshbridge.errors import Forbidden, NotFound, WrongState
from freshbridge.reference.kept import Kept
from freshbridge.reference.memo import Memo

if TYPE_CHECKING:
    from freshbridge.freshsales.client import FreshsalesClient
    from freshbridge.instances.model import Instance
    from freshbridge.reference.objects import ReferenceObjects

AGE_S = 600.0
REFRESH_S = 10.0
"""What a record seems to get wrong is looked at anew, though not sooner than this: an administrator
may have made the field a minute ago, and ten thousand wrong records ask no ten thousand times."""


class AccountFacts:
    """Reads fields and choices, mostly from what is kept."""

    def __init__(
        self,
        objects: ReferenceObjects | None,
        *,
        clock: Callable[[], float] = timestamps.epoch,
    ) -> None:
        """`objects`: what functions share; None keeps to this process."""
        self._objects = objects
        self._memo = Memo()
        self._clock = clock

    def described(
        self,
        client: FreshsalesClient,
        instance: Instance,
        kind: ResourceType,
        *,
        refresh: bool = False,
    ) -> Described:
        """The fields of one kind of record; nothing where the key may not read them.

        Raises:
            Forbidden, NotFound: this account has no such records; the advice says what to use.
        """
        if not kind.described:
            return Described(None)
        try:
            path = f"/settings/{kind.name}/fields"
            rows = self._kept(
                client,
                instance,
                f"fields-{kind.name}",
                lambda: client.rows(path, "fields")[0],
                refresh=refresh,
            )
        except (Forbidden, NotFound, WrongState) as error:
            if kind.instead:
                error.advice = kind.instead
                raise
            return Described(None)
        return Described.of(rows)

    def chooser(
        self, client: FreshsalesClient, instance: Instance, *, refresh: bool = False
    ) -> Choose:
        """From a kind of lookup to the account's choices."""

        def choose(kind: str) -> list[dict[str, Any]]:
            selector = CHOICES[kind].selector
            read = client.directory.selector
            name = f"choices-{selector}"
            return self._kept(client, instance, name, lambda: read(selector), refresh=refresh)

        return choose

    def _kept(
        self,
        client: FreshsalesClient,
        instance: Instance,
        kind: str,
        read: Callable[[], list[dict[str, Any]]],
        *,
        refresh: bool,
    ) -> list[dict[str, Any]]:
        name = f"reference/{instance.instance_id}/freshsales-{kind}.json.gz"
        owner, now = client.fingerprint, self._clock()
        limit = REFRESH_S if refresh else AGE_S
        for source in (self._memo, self._objects):
            kept = source.read(name) if source is not None else None
            if kept is not None and kept.answers(owner, now, limit):
                self._memo.write(name, kept)
                return kept.records
        kept = Kept(owner, now, read())
        self._memo.write(name, kept)
        if self._objects is not None:
            self._objects.write(name, kept)
        return kept.records
