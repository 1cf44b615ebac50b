"""Runs of destinations against the simulator: executors that come and go on one queue."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

from freshbridge import timestamps
from freshbridge.actions.action import NothingDone, Outcome, Unfinished
from freshbridge.actions.catalogue import CATALOGUE, validate
from freshbridge.actions.claims import ClaimLedger
from freshbridge.actions.execute import Executor
from freshbridge.actions.record import State
from freshbridge.actions.uploads import UploadRequest, UploadStore
from freshbridge.bulk.inputs import RowInputs
from freshbridge.bulk.parts import Bulk
from freshbridge.bulk.progress import Progress
from freshbridge.bulk.row_item import RowItem
from freshbridge.bulk.row_watch import RowWatch
from freshbridge.bulk.source import RowFiles
from freshbridge.bulk.store import BulkStore
from freshbridge.destinations.facts import AccountFacts
from freshbridge.destinations.model import read_settings
from freshbridge.destinations.parts import DestinationParts
from freshbridge.destinations.responses import ResponseLog
from freshbridge.destinations.runs import Runs
from freshbridge.destinations.store import Destination, DestinationStore
from freshbridge.errors import FreshbridgeError, Reject, Retry
from freshbridge.http_message import ProviderReply, ProviderRequest, Timeouts
from freshbridge.instances.connection import Connections
from freshbridge.instances.registry import Registry
from freshbridge.instances.vault import Vault
from freshbridge.queues.envelope import ActionRequest
from freshbridge.queues.payload import PayloadStore
from freshbridge.reference.cache import ReferenceCache
from tests import builders
from tests.fakes.actions import services
from tests.integration.conftest import STACK_NAME, Stack
from tests.simulators.actions.freshsales_crm import Crm, CrmWorld
from tests.simulators.actions.once_world import READ_TIMEOUT_S, Killed

MOST_TURNS = 4_000


class Line:
    """Stands for the action queue; what is published waits here."""

    def __init__(self) -> None:
        self.waiting: list[ActionRequest] = []

    def publish(self, envelope: Any, name: str, delay_s: int = 0) -> None:  # noqa: ARG002 - as the real one takes it
        self.waiting.append(envelope)

    def publish_all(self, envelopes: Any) -> int:
        found = [envelope for _name, envelope in envelopes]
        self.waiting += found
        return len(found)


class RunWorld(CrmWorld):
    """One account, one stack, one queue; functions that may die are `mortal`."""

    def __init__(self, crm: Crm, stack: Stack) -> None:
        super().__init__(crm, stack)
        self.line = Line()
        self.mortal = False
        names = stack.names
        payloads = PayloadStore(names["PayloadBucket"])
        self.store = BulkStore(
            names["BulkTable"], payloads, days=30, clock=self._seconds, pause=lambda _s: None
        )
        self.uploads = UploadStore(names["PayloadBucket"])
        self.bulk = Bulk(
            self.store,
            RowInputs(names["PayloadBucket"]),
            RowFiles(names["PayloadBucket"]),
            cast("Any", self.line),
            self._records(),
            find=CATALOGUE.find,
            validate=validate,
        )
        self.parts = DestinationParts(
            DestinationStore(names["InstanceTable"]),
            Runs(names["BulkTable"], names["PayloadBucket"], days=30, clock=self._seconds),
            AccountFacts(None, clock=self._seconds),
            ResponseLog(names["PayloadBucket"], ""),
            {names["PayloadBucket"]: RowFiles(names["PayloadBucket"])},
        )
        self.watch = RowWatch(self.store)
        self.made = 0

    def _seconds(self) -> float:
        return self.now().timestamp()

    def destination(self, **settings: Any) -> str:
        """A destination of these settings; its id."""
        self.made += 1
        destination_id = f"dst_{self.made}"
        now = timestamps.to_text(self.now())
        body = {"name": "Under test", "template": "create_resource", **settings}
        made = Destination(destination_id, read_settings(body), 1, now, now)
        self.parts.store.create(self.instance.instance_id, made)
        return destination_id

    def begin(self, destination_id: str, records: list[dict[str, Any]] | bytes, **more: Any) -> str:
        """Put a run on the queue; its id. Bytes are the lines of a CSV file."""
        self.made += 1
        run_id = f"act_run_{self.instance.instance_id}_{self.made}"
        if isinstance(records, bytes):
            upload_id = f"upl_{self.made:032d}"
            wanted = UploadRequest("records.csv", None, len(records))
            self.uploads.keep(self.instance.instance_id, upload_id, wanted, records)
            more["source"] = {"upload_id": upload_id}
        else:
            more["records"] = records
        parameters = {"destination_id": destination_id, **more}
        self.line.waiting.append(
            builders.action_request(
                action_id=run_id,
                idempotency_key=run_id,
                instance_id=self.instance.instance_id,
                platform="freshsales",
                action="send_records",
                parameters=parameters,
                submitted_at=timestamps.to_text(self.now()),
            )
        )
        return run_id

    def run(self, destination_id: str, records: Any, **more: Any) -> Progress:
        """A run from its beginning to its end."""
        run_id = self.begin(destination_id, records, **more)
        self.drain()
        return self.store.get(run_id)

    def rows(self, progress: Progress) -> list[RowItem]:
        """What became of each record."""
        return list(self.store.rows(progress.action_id))

    def actions(self) -> set[str]:
        """The names of the actions that have records."""
        return {item["action"]["S"] for item in self.stack.items("ActionTable")}

    def drain(self) -> None:
        """Deliver until nothing waits; what is to be done later is done later."""
        for _ in range(MOST_TURNS):
            if not self.line.waiting:
                return
            self.turn()
        raise AssertionError("the runs never come to an end")

    def turn(self) -> None:
        """One delivery of the queue's first message."""
        request = self.line.waiting.pop(0)
        if not self.watch.may_begin(request):
            return
        executor = self._executor()
        # Where a function may die, its time is over at once: what says so keeps to the real clock.
        context = cast("Any", builders.Context(remaining_ms=1 if self.mortal else 60_000))
        try:
            outcome = executor.execute(request, context)
        except Killed:
            # SQS gives the message back once the function's time is over.
            self.line.waiting.append(request)
            self.wait(61)
        except Unfinished as rest:
            executor.failed(request, State.WAITING, error=rest, code="rest", reason="later")
            self.line.waiting.append(request)
            self.wait(rest.after_s if len(self.line.waiting) == 1 else 0.1)
        except Retry as error:
            self._failed(executor, request, State.WAITING, error)
            self.watch.put_off(request)
            self.line.waiting.append(request)
            self.wait((error.after or 1.0) + 1.0)
        except Reject as error:
            self._failed(executor, request, State.FAILED, error)
            if not isinstance(error, NothingDone):
                self.watch.failed(request, error, error.code, str(error))
        else:
            self.watch.succeeded(request, outcome)

    def one(self, destination_id: str, record: dict[str, Any], **more: Any) -> Outcome:
        """One record by itself."""
        self.made += 1
        request = self.request(
            "send_record",
            {"destination_id": destination_id, "record": record, **more},
            f"one_{self.instance.instance_id}_{self.made}",
        )
        found = self.deliver(request)
        if isinstance(found, FreshbridgeError):
            raise found
        return found

    def _failed(
        self, executor: Executor, request: ActionRequest, state: State, error: FreshbridgeError
    ) -> None:
        executor.failed(request, state, error=error, code=error.code, reason=str(error))

    def _executor(self) -> Executor:
        world = self

        class Wire:
            def send(self, request: ProviderRequest) -> ProviderReply:
                return world.send(world.desk.transport, request)

        connections = Connections(
            Registry(self.stack.names["InstanceTable"]),
            Vault(STACK_NAME),
            Wire,
            allowed_origins=(self.desk.url,),
            timeouts=Timeouts(read_s=READ_TIMEOUT_S),
        )
        return Executor(
            connections,
            services(
                reference=ReferenceCache(None),
                claims=ClaimLedger(self.stack.names["IdempotencyTable"]),
                uploads=self.uploads,
                bulk=self.bulk,
                destinations=replace(self.parts),
            ),
            self._records(),
            PayloadStore(self.stack.names["PayloadBucket"]),
            idempotency_table=self.stack.names["IdempotencyTable"],
            clock=self.now,
        )


def csv_of(records: list[dict[str, Any]]) -> bytes:
    """A CSV file of records with the same members."""
    names = list(records[0])
    lines = [",".join(names), *(",".join(str(one[name]) for name in names) for one in records)]
    return "\r\n".join(lines).encode()


def people(count: int, prefix: str) -> list[dict[str, Any]]:
    """So many records of people, as somebody's own system has them."""
    return [
        {"E-mail": f"{prefix}{n}@fair.example", "Last": f"{prefix.title()} {n}", "Town": "Lima"}
        for n in range(1, count + 1)
    ]


def lines_of(text: str) -> Iterator[dict[str, Any]]:
    """The objects of JSON Lines."""
    return (json.loads(line) for line in text.splitlines())


MAPPING = {
    "emails": {"from": "E-mail", "transforms": ["trim", "lower"]},
    "last_name": "Last",
    "city": "Town",
}
