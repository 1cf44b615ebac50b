"""Puts together what actions stand on, for every function that runs them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from freshbridge import timestamps
from freshbridge.actions.assignment_ledger import AssignmentLedger
from freshbridge.actions.catalogue import CATALOGUE, validate
from freshbridge.actions.claims import ClaimLedger
from freshbridge.actions.context import Services
from freshbridge.actions.execute import Executor
from freshbridge.actions.locks import LeaseLocks
from freshbridge.actions.record_store import RecordStore
from freshbridge.actions.uploads import UploadStore
from freshbridge.analytics.page_store import PageStore
from freshbridge.bulk.inputs import RowInputs
from freshbridge.bulk.parts import Bulk
from freshbridge.bulk.source import RowFiles
from freshbridge.bulk.store import BulkStore
from freshbridge.destinations.facts import AccountFacts
from freshbridge.destinations.parts import CurrentRows, DestinationParts
from freshbridge.destinations.responses import ResponseLog
from freshbridge.destinations.runs import Runs
from freshbridge.destinations.store import DestinationStore
from freshbridge.mail.ses import Mailer
from freshbridge.observability import function_logger
from freshbridge.queues.payload import PayloadStore
from freshbridge.queues.publish import Publisher
from freshbridge.reference.cache import ReferenceCache
from freshbridge.reference.objects import ReferenceObjects
from freshbridge.rules.dispatch import Dispatcher
from freshbridge.rules.guard import RunGuard
from freshbridge.rules.nested import RuleCalls
from freshbridge.rules.run_store import RunStore
from freshbridge.rules.store import RuleStore

if TYPE_CHECKING:
    from datetime import datetime

    from freshbridge.analytics.synced import SyncedTickets
    from freshbridge.exports.run import Desk
    from freshbridge.instances.connection import Connections


class Names(Protocol):
    """The settings that both functions have."""

    @property
    def action_table(self) -> str:
        """Where records are kept."""
        ...  # pragma: no cover  # a protocol has no body

    @property
    def action_record_days(self) -> str:
        """For how long."""
        ...  # pragma: no cover  # as above

    @property
    def idempotency_table(self) -> str:
        """What has run already."""
        ...  # pragma: no cover  # as above

    @property
    def bulk_table(self) -> str:
        """The rows of bulk actions."""
        ...  # pragma: no cover  # as above

    @property
    def action_queue_url(self) -> str:
        """Where actions wait to be run."""
        ...  # pragma: no cover  # as above

    @property
    def payload_bucket(self) -> str:
        """Large bodies, uploads, reference data."""
        ...  # pragma: no cover  # as above

    @property
    def instance_table(self) -> str:
        """Instances and their rules."""
        ...  # pragma: no cover  # as above

    @property
    def email_sender(self) -> str:
        """Whom e-mail comes from; "" where the stack sends none."""
        ...  # pragma: no cover  # as above

    @property
    def email_recipient_domains(self) -> tuple[str, ...]:
        """Whom e-mail may go to; () for anybody."""
        ...  # pragma: no cover  # as above

    @property
    def event_bus_name(self) -> str:
        """Where responses are told that a destination tracks."""
        ...  # pragma: no cover  # as above

    @property
    def destination_bucket(self) -> str:
        """A bucket of the deployer's whose files are sent; "" for none."""
        ...  # pragma: no cover  # as above


class Stores:
    """The stack's tables and buckets that actions use."""

    def __init__(self, chosen: Names) -> None:
        """Nothing is called before the first action."""
        self.idempotency_table = chosen.idempotency_table
        self.payloads = PayloadStore(chosen.payload_bucket)
        self.records = RecordStore(
            chosen.action_table, self.payloads, days=int(chosen.action_record_days)
        )
        self.reference = ReferenceCache(
            ReferenceObjects(chosen.payload_bucket, logger=function_logger())
        )
        self.uploads = UploadStore(chosen.payload_bucket)
        self.locks = LeaseLocks(chosen.idempotency_table)
        self.assignments = AssignmentLedger(chosen.idempotency_table)
        self.claims = ClaimLedger(chosen.idempotency_table)
        self.report_pages = PageStore(chosen.payload_bucket)
        self.bulk = Bulk(
            BulkStore(chosen.bulk_table, self.payloads, days=int(chosen.action_record_days)),
            RowInputs(chosen.payload_bucket),
            RowFiles(chosen.payload_bucket),
            Publisher(chosen.action_queue_url, self.payloads, prefix="actions"),
            self.records,
            find=CATALOGUE.find,
            validate=validate,
        )
        self.rules = RuleCalls(
            # Read when an action asks for a rule: one that was mended is to be found as it is.
            RuleStore(chosen.instance_table, age_s=0),
            Dispatcher(
                RunGuard(chosen.idempotency_table),
                RunStore(chosen.action_table, self.payloads, days=int(chosen.action_record_days)),
                Publisher(chosen.action_queue_url, self.payloads, prefix="actions"),
            ),
        )
        sender = chosen.email_sender
        self.mail = Mailer(sender, chosen.email_recipient_domains) if sender else None
        buckets = filter(None, (chosen.payload_bucket, chosen.destination_bucket))
        self.destinations = DestinationParts(
            DestinationStore(chosen.instance_table),
            Runs(chosen.bulk_table, chosen.payload_bucket, days=int(chosen.action_record_days)),
            AccountFacts(ReferenceObjects(chosen.payload_bucket, logger=function_logger())),
            ResponseLog(chosen.payload_bucket, chosen.event_bus_name),
            {bucket: RowFiles(bucket) for bucket in buckets},
        )


def services(
    stores: Stores,
    synced: SyncedTickets | None = None,
    exports: Desk | None = None,
    current: CurrentRows | None = None,
) -> Services:
    """What actions use beside the provider; the latter three for a function that reads the lake."""
    return Services(
        reference=stores.reference,
        uploads=stores.uploads,
        locks=stores.locks,
        assignments=stores.assignments,
        claims=stores.claims,
        report_pages=stores.report_pages,
        bulk=stores.bulk,
        rules=stores.rules,
        mail=stores.mail,
        synced=synced,
        exports=exports,
        destinations=replace(stores.destinations, synced=current),
    )


def executor(
    connections: Connections,
    chosen: Services,
    stores: Stores,
    *,
    clock: Callable[[], datetime] = timestamps.now,
) -> Executor:
    """The one that runs them."""
    return Executor(
        connections,
        chosen,
        stores.records,
        stores.payloads,
        idempotency_table=stores.idempotency_table,
        clock=clock,
    )
