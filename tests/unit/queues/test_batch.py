"""A batch ends with every message done, put off, or parked with its reason."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from itertools import count
from typing import Any, cast

import pytest
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from freshbridge.circuit.refusal import CircuitOpen
from freshbridge.errors import NotFound, Retry, Throttled
from freshbridge.queues.batch import RetryingBatchProcessor, process_batch
from freshbridge.queues.park import REASON_LENGTH, DeadLetterQueue
from freshbridge.queues.verdict import Patience
from tests import builders
from tests.fakes.queue import Counters, FakeSqs

NOW_S = 1_772_539_400.0
SENT_MS = int((NOW_S - 60) * 1000)
LOGGERS = count()


class Bench:
    """A processor with a queue, a dead-letter queue, a log and counters that remember."""

    def __init__(
        self,
        *,
        queue: FakeSqs | None = None,
        dead: FakeSqs | None = None,
        patience: Patience | None = None,
        afterwards: Callable[[], object] | None = None,
    ) -> None:
        self.queue = queue or FakeSqs()
        self.dead = dead or FakeSqs()
        self.log = io.StringIO()
        self.counters = Counters()
        self.processor = RetryingBatchProcessor(
            queue_url="https://queue.example/source",
            dead_letters=DeadLetterQueue(
                "https://queue.example/dead", function="tested", client=cast("Any", self.dead)
            ),
            # Powertools keeps one logger, and its stream, per name: an id() comes again, this not.
            logger=Logger(service=f"batch-{next(LOGGERS)}", stream=self.log),
            metrics=cast("Metrics", self.counters),
            patience=patience,
            afterwards=afterwards,
            client=cast("Any", self.queue),
            clock=lambda: NOW_S,
            jitter=lambda: 0.0,
        )

    def run(
        self,
        bodies: list[str],
        handle: Callable[[SQSRecord], None],
        *,
        receives: int = 1,
        context: builders.Context | None = None,
    ) -> list[str]:
        """Process one batch; the bodies are the message ids too. Returns the ids reported."""
        records = [
            builders.sqs_record(body, message_id=body, receives=receives, sent_ms=SENT_MS)
            for body in bodies
        ]
        answer = process_batch(
            {"Records": records},
            cast("LambdaContext", context or builders.Context()),
            self.processor,
            handle,
        )
        return [str(failure["itemIdentifier"]) for failure in answer["batchItemFailures"]]

    def lines(self) -> list[dict[str, Any]]:
        """The log."""
        return [json.loads(line) for line in self.log.getvalue().splitlines()]


def by_name(record: SQSRecord) -> None:
    """Do what the message's body says."""
    errors: dict[str, Exception] = {
        "retry": Throttled("limit used up", after=90),
        "reject": NotFound("no such ticket", where="GET /api/v2/tickets/7"),
        "defect": ZeroDivisionError("private words"),
    }
    if record.body in errors:
        raise errors[record.body]


def test_only_what_must_be_kept_is_reported() -> None:
    bench = Bench()

    reported = bench.run(["good", "retry", "reject", "defect", "good2"], by_name)

    assert reported == ["retry", "defect"]
    assert bench.queue.hidden == {"receipt-retry": 90, "receipt-defect": 1}
    assert [m["MessageBody"] for m in bench.dead.sent] == ["reject"]
    assert bench.counters.counts == {"MessagesDeferred": 2, "MessagesParked": 1}


def test_what_was_held_for_a_batch_is_given_up_once_after_its_last_message() -> None:
    done: list[str] = []
    bench = Bench(afterwards=lambda: done.append("given up"))

    bench.run(["good", "defect", "good2"], lambda record: done.append(record.body))

    assert done == ["good", "defect", "good2", "given up"]


def test_what_was_held_is_given_up_where_the_batch_breaks_off() -> None:
    done: list[str] = []

    def broken_off(_record: SQSRecord) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Bench(afterwards=lambda: done.append("given up")).run(["a", "b"], broken_off)

    assert done == ["given up"]


def test_a_parked_message_carries_its_reason() -> None:
    bench = Bench()

    bench.run(["reject"], by_name, receives=3)

    shown = {k: v["StringValue"] for k, v in bench.dead.sent[0]["MessageAttributes"].items()}
    assert shown["code"] == "not_found"
    assert "no such ticket (GET /api/v2/tickets/7)" in shown["reason"]
    assert shown["attempts"] == "3"
    assert shown["parked_by"] == "tested"
    assert shown["parked_at"].endswith("Z")
    assert bench.dead.sent[0]["QueueUrl"] == "https://queue.example/dead"


def test_when_parking_fails_the_message_is_not_acknowledged() -> None:
    bench = Bench(dead=FakeSqs(refuse_sending=True))

    reported = bench.run(["good", "reject"], by_name)

    assert reported == ["reject"]
    assert bench.dead.sent == []
    assert bench.counters.counts == {"ParkingFailed": 1}
    assert any(line["message"] == "could not park" for line in bench.lines())


def test_when_hiding_fails_the_message_is_kept_all_the_same() -> None:
    bench = Bench(queue=FakeSqs(refuse_hiding=True))

    reported = bench.run(["retry", "good"], by_name)

    assert reported == ["retry"]
    assert bench.dead.sent == []
    assert bench.counters.counts == {"HidingFailed": 1, "MessagesDeferred": 1}


def test_a_batch_that_fails_as_a_whole_does_not_raise() -> None:
    bench = Bench()

    assert bench.run(["retry"], by_name) == ["retry"]
    assert bench.run(["reject", "retry"], by_name) == ["retry"]


def test_messages_that_the_time_is_too_short_for_are_handed_back_untouched() -> None:
    bench, context, begun = Bench(), builders.Context(remaining_ms=9_000), []

    def slow(record: SQSRecord) -> None:
        begun.append(record.body)
        context.remaining_ms -= 2_000

    reported = bench.run(["a", "b", "c"], slow, context=context)

    assert begun == ["a"]
    assert reported == ["b", "c"]
    assert bench.queue.hidden == {"receipt-b": 1, "receipt-c": 1}
    assert bench.dead.sent == []


def test_the_time_held_in_reserve_is_the_caller_s() -> None:
    context = builders.Context(remaining_ms=9_000)

    assert Bench(patience=Patience(reserve_ms=9_001)).run(["a"], by_name, context=context) == ["a"]
    assert Bench(patience=Patience(reserve_ms=9_000)).run(["a"], by_name, context=context) == []


def test_patience_ends_by_age_and_for_defects_by_count() -> None:
    bench = Bench()

    assert bench.run(["retry"], by_name, receives=44) == ["retry"]
    assert bench.run(["defect"], by_name, receives=5) == []

    codes = [m["MessageAttributes"]["code"]["StringValue"] for m in bench.dead.sent]
    assert codes == ["defect"]


def test_before_the_queue_loses_patience_a_message_is_sent_anew_with_its_past() -> None:
    bench = Bench()

    # When it has been received as often as it may be, it is acknowledged and sent again
    assert bench.run(["retry"], by_name, receives=45) == []

    (message,) = bench.queue.sent
    shown = {k: v["StringValue"] for k, v in message["MessageAttributes"].items()}
    assert (message["MessageBody"], message["DelaySeconds"]) == ("retry", 90)
    assert shown == {"first_sent": str(SENT_MS), "received_before": "45"}
    assert "MessageGroupId" not in message
    assert bench.dead.sent == []
    assert bench.counters.counts == {"MessagesDeferred": 1}


def test_a_message_sent_anew_keeps_its_group_and_its_marks_and_ages_on() -> None:
    # Given a message that took another one's place, long ago
    bench = Bench()
    first_sent = int((NOW_S - 86_400) * 1000)
    record = anew("retry", first_sent=str(first_sent + 1000), received_before="90", receives=45)
    record["attributes"]["MessageGroupId"] = "193000001.rule"

    assert processed(bench, record) == []
    (message,) = bench.queue.sent
    shown = {k: v["StringValue"] for k, v in message["MessageAttributes"].items()}
    assert shown == {"first_sent": str(first_sent + 1000), "received_before": "135"}
    assert message["MessageGroupId"] == "193000001.rule"

    # Then its deadline is that of the first one, and its attempts are those of all
    assert processed(bench, anew("retry", first_sent=str(first_sent), received_before="90")) == []
    (letter,) = bench.dead.sent
    assert letter["MessageAttributes"]["code"]["StringValue"] == "exhausted_throttled"
    assert letter["MessageAttributes"]["attempts"]["StringValue"] == "91"


def test_when_it_cannot_be_sent_anew_it_is_hidden_as_before() -> None:
    bench = Bench(queue=FakeSqs(refuse_sending=True))

    assert bench.run(["retry"], by_name, receives=45) == ["retry"]
    assert bench.queue.hidden == {"receipt-retry": 90}


def anew(body: str, *, receives: int = 1, **attributes: str) -> dict[str, Any]:
    """A record with number attributes, as Lambda passes them on."""
    record = builders.sqs_record(body, receives=receives, sent_ms=SENT_MS)
    record["messageAttributes"] = {
        name: {"stringValue": value, "dataType": "Number"} for name, value in attributes.items()
    }
    return record


def processed(bench: Bench, record: dict[str, Any]) -> list[Any]:
    answer = process_batch(
        {"Records": [record]}, cast("LambdaContext", builders.Context()), bench.processor, by_name
    )
    return answer["batchItemFailures"]


def test_a_message_held_back_by_a_circuit_does_not_delay_the_rest_of_its_batch() -> None:
    bench = Bench()

    def handle(record: SQSRecord) -> None:
        if record.body.startswith("dead"):
            raise CircuitOpen("down", after=40.5, advice="", circuit={"state": "open"})

    reported = bench.run(["good", "dead", "good2", "dead2", "good3"], handle)

    assert reported == ["dead", "dead2"]
    assert bench.queue.hidden == {"receipt-dead": 41, "receipt-dead2": 41}
    assert bench.dead.sent == []


def test_a_message_older_than_a_day_is_parked() -> None:
    bench = Bench()
    old = builders.sqs_record("retry", sent_ms=int((NOW_S - 86_400) * 1000))

    answer = process_batch(
        {"Records": [old]}, cast("LambdaContext", builders.Context()), bench.processor, by_name
    )

    assert answer == {"batchItemFailures": []}
    assert len(bench.dead.sent) == 1


def test_a_defect_s_own_words_stay_out_of_the_dead_letter() -> None:
    bench = Bench()

    bench.run(["defect"], by_name, receives=5)

    assert "private words" not in json.dumps(bench.dead.sent)
    assert "ZeroDivisionError" in json.dumps(bench.dead.sent)


def test_no_line_about_one_message_carries_the_id_of_another() -> None:
    bench = Bench()

    def handle(record: SQSRecord) -> None:
        if record.body == "first":
            bench.processor._log.set_correlation_id("evt_first")
        raise Retry("later")

    bench.run(["first", "second"], handle)

    ids = [line["correlation_id"] for line in bench.lines() if line["message"] == "message put off"]
    assert ids == ["evt_first", "second"]


def test_a_reason_is_cut_and_cleaned_for_sqs() -> None:
    sqs = FakeSqs()
    queue = DeadLetterQueue("u", function="f", client=cast("Any", sqs))

    queue.park("b", code="", reason="a\x00b\ud800" + "x" * 900, attempts=1, parked_at="t")
    queue.park("b", code="c", reason="", attempts=1, parked_at="t")

    first, second = (m["MessageAttributes"] for m in sqs.sent)
    assert first["reason"]["StringValue"].startswith("abx")
    assert len(first["reason"]["StringValue"]) <= REASON_LENGTH
    assert first["code"]["StringValue"] == "-"
    assert second["reason"]["StringValue"] == "no reason given"
