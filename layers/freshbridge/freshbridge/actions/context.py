"""What an action may use: the provider's client, its instance, and the services of the stack."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from freshbridge import timestamps

if TYPE_CHECKING:
    from datetime import datetime

    from freshbridge.actions.assignment_turns import Standing
    from freshbridge.actions.uploads import StoredFile
    from freshbridge.analytics.page_store import Pages
    from freshbridge.analytics.synced import SyncedTickets
    from freshbridge.bulk.parts import Bulk
    from freshbridge.freshdesk.client import FreshdeskClient
    from freshbridge.instances.model import Instance
    from freshbridge.queues.envelope import ActionRequest


@dataclass(frozen=True)
class Cached:
    """Records and how many seconds ago the provider gave them; `cached` is False for just now."""

    records: list[dict[str, Any]]
    cached: bool = False
    age_s: int = 0


class Reference(Protocol):
    """An account's slow data, kept for a while and shared by every function.

    `kind` is agents, groups, ticket_fields, contact_fields, company_fields or account (one record);
    with a `key` it is group (by its id; it has the `agent_ids` that lists leave out) or
    company_of_domain.
    """

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

        `refresh` is for what the kept ones lack: it asks the provider unless that was done seconds
        ago. `max_age_s` says how old they may be; 0 asks the provider in any case.
        """
        ...  # pragma: no cover  # a protocol has no body


class Uploads(Protocol):
    """Files that were uploaded to be attached."""

    def find(self, instance_id: str, upload_id: str) -> StoredFile:
        """The file of one upload id; UploadMissing when this instance has none of that id."""
        ...  # pragma: no cover  # as above


class Locks(Protocol):
    """One at a time, across all executions of all functions."""

    def hold(self, name: str) -> AbstractContextManager[None]:
        """Keep others out while the body runs; Busy, a Retry, when another is in it."""
        ...  # pragma: no cover  # as above


class Assignments(Protocol):
    """Groups' standings, and the agents that were chosen from them, shared by every function."""

    def chosen(self, instance_id: str, purpose: str) -> int | None:
        """The agent that was chosen for this purpose before."""
        ...  # pragma: no cover  # as above

    def standing(self, instance_id: str, group_id: int) -> Standing:
        """A group's standing as it is now."""
        ...  # pragma: no cover  # as above

    def choose(
        self, instance_id: str, group_id: int, standing: Standing, *, purpose: str, agent_id: int
    ) -> bool:
        """Keep a choice and the standing that follows; False when another was faster."""
        ...  # pragma: no cover  # as above

    def keep(self, instance_id: str, group_id: int, standing: Standing) -> bool:
        """Keep a standing that nobody was chosen from; False when another was faster."""
        ...  # pragma: no cover  # as above


@dataclass(frozen=True)
class Services:
    """What actions use beside the provider, made once per warm function.

    `synced` is None in a function that may not read the lake.
    """

    reference: Reference
    uploads: Uploads
    locks: Locks
    assignments: Assignments
    report_pages: Pages
    bulk: Bulk
    synced: SyncedTickets | None = None


@dataclass(frozen=True)
class Context:
    """One run of one action. `clock` gives the present, aware of its zone.

    `tried_before`: an earlier run ended without success, so what it was to make may be there.
    """

    client: FreshdeskClient
    instance: Instance
    request: ActionRequest
    services: Services
    clock: Callable[[], datetime] = timestamps.now
    tried_before: bool = False

    def reference(
        self, kind: str, *, key: str = "", refresh: bool = False, max_age_s: float | None = None
    ) -> Cached:
        """The account's agents, groups, fields and so on: see Reference. Not to be changed."""
        return self.services.reference.get(
            self.client, self.instance, kind, key=key, refresh=refresh, max_age_s=max_age_s
        )

    def ticket_url(self, ticket_id: int) -> str:
        """Where an agent opens the ticket: `https://acme.freshdesk.com/a/tickets/7`."""
        return f"{self.instance.origin}/a/tickets/{ticket_id}"
