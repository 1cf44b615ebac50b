"""What the API talks to, made at the first request and kept while the function is warm."""

from __future__ import annotations

import time
from functools import lru_cache, partial

from freshbridge import settings, timestamps
from freshbridge.actions.assembly import Stores, executor, services
from freshbridge.actions.large_result import LargeResults
from freshbridge.actions.submit import Submission
from freshbridge.bulk.result_files import ResultFiles
from freshbridge.customers.link_store import LinkStore
from freshbridge.customers.run_store import RunStore as CustomerRuns
from freshbridge.customers.staging import FOLDER as CUSTOMERS
from freshbridge.customers.table import KnownTable
from freshbridge.dead_letters import assembly as dead_letters
from freshbridge.dead_letters.edit import Editor
from freshbridge.destinations.quarantine_files import QuarantineFiles
from freshbridge.destinations.store import DestinationStore
from freshbridge.event_log.callbacks import Callbacks
from freshbridge.event_log.lists import EventLists
from freshbridge.event_log.replay import Replays
from freshbridge.event_log.replay_jobs import ReplayJobs
from freshbridge.event_log.store import EventStore
from freshbridge.event_log.trail import Trails
from freshbridge.exports.assembly import offered
from freshbridge.http_message import Timeouts
from freshbridge.instances.assembly import providers
from freshbridge.instances.callers import Callers
from freshbridge.instances.deployed_secret import DeployedSecret
from freshbridge.instances.provision import Provisioner
from freshbridge.instances.trace_store import TraceStore
from freshbridge.instances.users import UserStore
from freshbridge.lake.lake import Lake
from freshbridge.notifications.bodies import FOLDER as CALLBACKS
from freshbridge.notifications.bodies import Bodies
from freshbridge.notifications.desk import CallbackDesk
from freshbridge.notifications.store import DeliveryStore
from freshbridge.notifications.subscriptions import SubscriptionStore
from freshbridge.observability import function_logger, function_metrics
from freshbridge.queues.payload import PayloadStore
from freshbridge.queues.publish import Publisher
from freshbridge.rules.run_store import RunStore
from freshbridge.rules.store import RuleStore
from freshbridge.sync.cancelling import Cancelling
from freshbridge.sync.children import Children
from freshbridge.sync.feeds.catalogue import feeds_of
from freshbridge.sync.record_states import RecordStates
from freshbridge.sync.run_store import RunStore as SyncRuns
from freshbridge.sync.starting import Starter, needs_all
from freshbridge.webhooks.check_store import CheckStore
from freshbridge.webhooks.setup import WebhookSetup
from freshbridge.webhooks.verify import Verifier
from freshbridge.webhooks.wish_store import WishStore

TIMEOUTS = Timeouts(connect_s=3.0, read_s=12.0, total_s=20.0)
"""An API answers within 29 seconds; what the provider takes longer for goes to the queue."""


def wall_clock() -> float:
    """Seconds since the epoch: what rotated secrets' graces are measured with."""
    return time.time()


def present() -> str:
    """The present in UTC, ISO 8601."""
    return timestamps.to_text(timestamps.now())


class Ports:
    """One per warm function."""

    def __init__(self, chosen: settings.ApiSettings) -> None:
        """Nothing is called before the first request."""
        self.allowed_origins = chosen.allowed_provider_origins
        self.open_docs = chosen.open_docs == "true"
        # Written here and read elsewhere: the API itself always looks at the table.
        calling = providers(
            chosen,
            function="connector_api",
            logger=function_logger(),
            metrics=function_metrics(),
            always_fresh=True,
            timeouts=TIMEOUTS,
        )
        self.registry, self.vault, self.circuits = calling.registry, calling.vault, calling.circuits
        self.transport, self.tracer = calling.transport, calling.tracer
        self.connections = calling.connections
        self.rules = RuleStore(chosen.instance_table, age_s=0)
        self.traces = TraceStore(chosen.trace_table)
        payloads = PayloadStore(chosen.payload_bucket)
        self.deliveries = DeliveryStore(chosen.callback_table)
        self.callbacks = CallbackDesk(
            self.deliveries,
            SubscriptionStore(chosen.callback_table),
            Bodies(chosen.payload_bucket),
            Publisher(chosen.callback_queue_url, payloads, prefix=CALLBACKS),
        )
        self.customer_links = LinkStore(chosen.customer_table, age_s=0)
        self._destinations_of = DestinationStore(chosen.instance_table)
        self.provisioner = Provisioner(
            self.registry,
            self.vault,
            self.rules,
            self.transport,
            allowed_origins=self.allowed_origins,
            tracer=self.tracer,
            on_connected=self.circuits.close,
            on_callbacks_changed=self.callbacks.reactivate,
            on_deleted=self._deleting,
        )
        self.runs = SyncRuns(chosen.sync_table)
        self.lake = Lake(chosen.lake_bucket)
        sync_queue = Publisher(chosen.sync_queue_url, payloads, prefix="sync")
        self.starter = Starter(
            self.runs, sync_queue, feeds_of, needs_all(RecordStates(chosen.sync_table))
        )
        self.cancelling = Cancelling(self.runs, Children(self.runs, sync_queue, present), present)
        self.customer_runs = CustomerRuns(chosen.customer_table)
        self.customer_table = partial(KnownTable, chosen.customer_table)
        self.customer_queue = Publisher(chosen.customer_queue_url, payloads, prefix=CUSTOMERS)
        stores = Stores(chosen)
        self.records = stores.records
        self.sends_email = stores.mail is not None
        self.rule_runs = RunStore(
            chosen.action_table, payloads, days=int(chosen.action_record_days)
        )
        self.payloads = payloads
        self.dead_letter_redrive_name = chosen.dead_letter_redrive_name
        self.desk = dead_letters.desk(chosen, stores.records)
        self.letters = self.desk.store
        self.dead_letter_jobs = dead_letters.jobs(chosen, self.desk)
        self.editor = Editor(payloads, self.registry.get, self.letters.clock)
        self.events = EventStore(chosen.event_table, payloads, days=int(chosen.event_days))
        self.event_lists = EventLists(chosen.event_table)
        self.trails = Trails(
            chosen.action_table,
            chosen.dead_letter_table,
            notified=Callbacks(self.deliveries),
        )
        event_queue = Publisher(chosen.event_queue_url, payloads, prefix="events")
        self.replays = Replays(self.events, event_queue)
        self.replay_jobs = ReplayJobs(chosen.event_table, self.event_lists, event_queue)
        self.large_results = LargeResults(chosen.payload_bucket)
        self.uploads = stores.uploads
        self.bulk = stores.bulk
        self.destinations = stores.destinations
        self.result_files = ResultFiles(chosen.payload_bucket, stores.bulk.store)
        self.submission = Submission(
            executor(self.connections, services(stores), stores),
            stores.records,
            Publisher(chosen.action_queue_url, payloads, prefix="actions"),
        )
        self.exports = offered(
            chosen.payload_bucket, chosen.sync_table, stores.bulk, self.submission
        )
        self.webhook_setup = WebhookSetup(
            self.connections, self.vault, WishStore(chosen.instance_table), stores.locks.hold
        )
        self.verifier = Verifier(
            self.connections,
            CheckStore(chosen.idempotency_table),
            Publisher(chosen.action_queue_url, payloads, prefix="actions"),
        )
        self.callers = Callers(
            organization=DeployedSecret(chosen.organization_secret_id, clock=wall_clock),
            owner=DeployedSecret(chosen.user_secret_id, clock=wall_clock),
            users=UserStore(chosen.access_table, clock=wall_clock),
        )

    def _deleting(self, instance_id: str) -> None:
        self.customer_links.refuse_deletion(instance_id)
        self._destinations_of.delete_all(instance_id)

    @property
    def quarantine(self) -> QuarantineFiles:
        """Records that a destination did not take."""
        return QuarantineFiles(self.bulk.files.bucket, self.bulk.store, self.bulk.inputs)


@lru_cache(maxsize=1)
def ports() -> Ports:
    """The warm function's one."""
    return Ports(settings.load(settings.ApiSettings))
