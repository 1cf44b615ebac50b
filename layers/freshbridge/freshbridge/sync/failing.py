"""What becomes of a run when the message of one of its parts fails.

A part whose message is parked has failed: the others go on, and the run says in the end what it
owes. A message that is put off keeps its run's lease for as long, so that nobody takes it over
meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from freshbridge import aws, timestamps
from freshbridge.errors import FreshbridgeError
from freshbridge.queues import envelope
from freshbridge.sync.children import LEASE_S
from freshbridge.sync.reading import PartClaimed
from freshbridge.sync.run_store import RunOver
from freshbridge.sync.touch import touch_order

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

    from freshbridge.queues.envelope import SyncWork
    from freshbridge.queues.payload import PayloadStore
    from freshbridge.queues.verdict import Verdict
    from freshbridge.sync.run import Run
    from freshbridge.sync.run_store import RunStore
    from freshbridge.sync.stages import Stages


@dataclass(frozen=True)
class Failing:
    """Implements `freshbridge.queues.batch.Observer`."""

    store: RunStore
    stages: Stages
    payloads: PayloadStore
    logger: Logger

    def __call__(self, record: SQSRecord, _error: BaseException, verdict: Verdict) -> bool:
        """Note what becomes of the message; it is parked all the same."""
        try:
            text = self.payloads.unpack(record.body)
            if touch_order(text) is not None:
                # Of no run.
                return False
            work = envelope.sync_work(text)
            run = self.store.run(work.instance_id, work.object, work.run_id)
            if run is not None:
                self.note(run, work, verdict)
        except RunOver:
            pass
        except (FreshbridgeError, ClientError, BotoCoreError) as error:
            # The run's lease will expire, and whoever takes it over meets the same failure.
            self.logger.warning("failed part not noted", extra={"error": aws.error_name(error)})
        return False

    def note(self, run: Run, work: SyncWork, verdict: Verdict) -> None:
        """Note it in the run.

        Raises:
            RunOver, FreshbridgeError, ClientError, BotoCoreError: it is not noted.
        """
        if not verdict.park:
            now = self.store.clock()
            retry = {} if verdict.code == PartClaimed.code else _retry(work, verdict, now)
            self.store.renew(run, now + verdict.wait_s + LEASE_S, retry=retry or None)
            return
        part = self.store.part(run, work.part)
        if part is None:
            return
        reason = f"{verdict.code}: {verdict.reason}"[:300]
        if self.store.fail(run, replace(part, reason=reason)):
            self.stages.publish(run, self.stages.after(run, lambda _run: None))


def _retry(work: SyncWork, verdict: Verdict, now: float) -> dict[str, Any]:
    """What people are shown of a message that was put off."""
    return {
        "part": work.part,
        "error": f"{verdict.code}: {verdict.reason}"[:300],
        "at": timestamps.to_text(timestamps.from_epoch(now)),
        "next_try_at": timestamps.to_text(timestamps.from_epoch(now + verdict.wait_s)),
    }
