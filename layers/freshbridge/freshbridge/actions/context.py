"""What an action may use: the provider's client, its instance, and the services of the stack."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, cast

from typing_extensions import TypeVar

from freshbridge import timestamps

if TYPE_CHECKING:
    from datetime import datetime

    from freshbridge.actions.assignment_turns import Standing
    from freshbridge.actions.attempt_marks import Unsure
    from freshbridge.actions.uploads import StoredFile
    from freshbridge.analytics.page_store import Pages
    from freshbridge.analytics.synced import SyncedTickets
    from freshbridge.bulk.parts import Bulk
    from freshbridge.destinations.parts import DestinationParts
    from freshbridge.exports.run import Desk
    from freshbridge.freshdesk.client import FreshdeskClient
    from freshbridge.instances.model import Instance
    from freshbridge.queues.envelope import ActionRequest
    from freshbridge.rules.route import Run


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


class Claims(Protocol):
    """Which action a record at the provider belongs to, agreed on by every function."""

    def take(self, record: str, owner: str) -> bool:
        """Claim a record; False when another has it."""
        ...  # pragma: no cover  # as above

    def holder(self, record: str) -> str | None:
        """Who has claimed a record; None for nobody."""
        ...  # pragma: no cover  # as above


class Called(Protocol):
    """What became of a rule that an action asked for; `run` is None where it did not begin."""

    @property
    def run(self) -> Run | None:
        """Its run."""
        ...  # pragma: no cover  # as above

    @property
    def code(self) -> str:
        """Why it did not run, in a word."""
        ...  # pragma: no cover  # as above

    @property
    def reason(self) -> str:
        """And in a sentence."""
        ...  # pragma: no cover  # as above


class RuleCalls(Protocol):
    """Rules that are run because an action asks for it."""

    def call(
        self,
        request: ActionRequest,
        instance: Instance,
        rule_id: str,
        event: dict[str, Any],
        *,
        skip_conditions: bool,
    ) -> Called:
        """Run a rule of the instance on an event; UnknownRule where it has none of this id."""
        ...  # pragma: no cover  # as above


class Mail(Protocol):
    """The stack's own sender of e-mail."""

    def send(
        self,
        *,
        to: Sequence[str],
        subject: str,
        cc: Sequence[str] = (),
        bcc: Sequence[str] = (),
        reply_to: Sequence[str] = (),
        text: str = "",
        html: str = "",
    ) -> str:
        """Send a mail once, and return its id."""
        ...  # pragma: no cover  # as above


@dataclass(frozen=True)
class Services:
    """What actions use beside the provider, made once per warm function.

    `synced` and `exports` are None in a function that may not read the lake, `mail` in a stack that
    sends none.
    """

    reference: Reference
    uploads: Uploads
    locks: Locks
    assignments: Assignments
    claims: Claims
    report_pages: Pages
    bulk: Bulk
    rules: RuleCalls
    mail: Mail | None = None
    synced: SyncedTickets | None = None
    exports: Desk | None = None
    destinations: DestinationParts | None = None


C = TypeVar("C", default="FreshdeskClient")
"""The client of the action's platform: Freshdesk's where nothing else is said."""


@dataclass(frozen=True)
class Context(Generic[C]):
    """One run of one action. `clock` gives the present, aware of its zone.

    `client` speaks to the provider of the instance; None for an action that needs no account.

    `unsure`: earlier runs may have had their effect, without anybody knowing. `tried`: how many of
    them ended with each code.
    """

    client: C
    instance: Instance
    request: ActionRequest
    services: Services
    clock: Callable[[], datetime] = timestamps.now
    unsure: Unsure | None = None
    tried: Mapping[str, int] = field(default_factory=dict)

    @property
    def wrote(self) -> bool:
        """Whether its client was told of something that took effect."""
        return bool(getattr(self.client, "wrote", False))

    @property
    def unsure_since(self) -> datetime | None:
        """When the first attempt began that may have had its effect; None when none is in doubt."""
        return self.unsure.since if self.unsure is not None else None

    def claim(self, kind: str, record: Mapping[str, Any]) -> bool:
        """Claim what was made, such as a ticket, for this request's effect; False: it has another.

        Claimed by the idempotency key, since that names the effect.
        """
        key = self.claim_key(kind, record)
        return self.services.claims.take(key, self.request.idempotency_key)

    def holder(self, kind: str, record: Mapping[str, Any]) -> str | None:
        """The idempotency key of the request that has claimed a record; None for none."""
        return self.services.claims.holder(self.claim_key(kind, record))

    def claim_key(self, kind: str, record: Mapping[str, Any]) -> str:
        """The record's name across all instances: two may stand for one account.

        With the time of its creation, for an account that is emptied may begin its ids anew.
        """
        created = str(record.get("created_at") or "")
        with suppress(ValueError, OverflowError):
            # Whichever way the reply wrote it.
            created = timestamps.to_text(timestamps.from_text(created))
        return f"{self.instance.origin}#{kind}#{record['id']}#{created}"

    def reference(
        self, kind: str, *, key: str = "", refresh: bool = False, max_age_s: float | None = None
    ) -> Cached:
        """The account's agents, groups, fields and so on: see Reference. Not to be changed."""
        return self.services.reference.get(
            cast("FreshdeskClient", self.client),
            self.instance,
            kind,
            key=key,
            refresh=refresh,
            max_age_s=max_age_s,
        )

    def ticket_url(self, ticket_id: int) -> str:
        """Where an agent opens the ticket: `https://acme.freshdesk.com/a/tickets/7`."""
        return f"{self.instance.origin}/a/tickets/{ticket_id}"
