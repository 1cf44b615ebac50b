"""What the SyncTable makes of the conditions of runs, also with several writers at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Lock
from typing import Any

import pytest
from botocore.exceptions import ClientError

from freshbridge import aws
from freshbridge.sync.feeds.feed import Scope
from freshbridge.sync.planning import holding_part, stage_part
from freshbridge.sync.run import Counts, Kind, Part, PartState, Run, Stage, Standing
from freshbridge.sync.run_items import part_key
from freshbridge.sync.run_store import ATTEMPTS, ClaimLost, RunOver, RunStore, StoreContended
from tests.fakes.aws_failures import Failing, client_error, raising
from tests.integration.conftest import Stack

UNTIL = 4_000_000_000.0
LATER = "2026-03-03T12:30:00Z"


def run_of(run_id: str = "run_1", **changed: Any) -> Run:
    """A run of the tickets."""
    return Run(
        run_id, "1", "tickets", Kind.FULL, "2026-03-03T12:00:00Z", feeds=("live",), **changed
    )


LIVE = Part("live", "live", scope=Scope(until="2026-03-01T00:00:00Z"))
TAIL = Part("tail", "live", state=PartState.WAITING)


class OneCallAtATime:
    """Each call is atomic, as the service's are and moto's are not; what lies between is not."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._lock = Lock()

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._client, name)

        def call(**asked: Any) -> Any:
            with self._lock:
                return real(**asked)

        return call


@pytest.fixture
def store(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> RunStore:
    client = OneCallAtATime(aws.dynamodb())
    monkeypatch.setattr(aws, "dynamodb", lambda: client)
    return RunStore(stack.names["SyncTable"], sleep=lambda _s: None)


@pytest.fixture
def run(store: RunStore) -> Run:
    """A run that has begun, with one part open and one that waits."""
    assert store.begin(run_of(), [LIVE, TAIL], Standing(), UNTIL)
    return kept(store)


def kept(store: RunStore, run_id: str = "run_1") -> Run:
    """A run as it is stored."""
    found = store.run("1", "tickets", run_id)
    assert found is not None
    return found


def test_of_many_who_begin_at_once_one_does(store: RunStore) -> None:
    def begin(number: int) -> bool:
        return store.begin(run_of(f"run_{number}"), [LIVE], Standing(), UNTIL)

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(begin, range(8)))

    assert won.count(True) == 1
    assert store.standing("1", "tickets").run_id == f"run_{won.index(True)}"
    assert len(store.history("1", 20)) == 1


def test_a_run_of_another_object_is_no_hindrance(store: RunStore, run: Run) -> None:
    other = replace(run, object="contacts")

    assert store.begin(other, [LIVE], Standing(), UNTIL)
    assert set(store.standings("1")) == {"tickets", "contacts"}
    assert [one.object for one in store.runs("1", "run_1")] == ["contacts", "tickets"]


def test_a_lease_belongs_to_its_run(store: RunStore, run: Run) -> None:
    store.renew(run, UNTIL + 1)
    seen = store.standing("1", "tickets")
    assert seen.lease_until == UNTIL + 1

    with pytest.raises(RunOver):
        store.renew(run_of("run_2"), UNTIL)
    assert not store.take_over(run, replace(seen, lease_until=UNTIL), UNTIL)
    assert store.take_over(run, seen, UNTIL + 2)
    assert not store.take_over(run, seen, UNTIL + 3)


def test_a_part_has_one_who_reads_it(store: RunStore, run: Run) -> None:
    part, mine, _ = store.claim(run, "live", "me", UNTIL)
    assert (part.name, mine) == ("live", True)
    assert store.claim(run, "live", "me", UNTIL)[1]

    _, theirs, until = store.claim(run, "live", "you", UNTIL)
    assert (theirs, until) == (False, UNTIL)
    with pytest.raises(ClaimLost):
        store.save(run, part, "you", UNTIL)
    with pytest.raises(ClaimLost):
        store.finish(run, part, "you")
    assert [one.name for one in store.unclaimed(run)] == []
    with pytest.raises(KeyError):
        store.claim(run, "unheard_of", "me", UNTIL)

    # A claim that has run out, or was given back, is anybody's
    store.save(run, replace(part, mark=LATER), "me", 1.0)
    assert [one.name for one in store.unclaimed(run)] == ["live"]
    assert store.claim(run, "live", "you", UNTIL)[0].mark == LATER
    store.save(run, part, "you", 0.0)
    assert store.claim(run, "live", "me", UNTIL)[1]


def test_the_last_part_that_ends_leaves_none_open_whoever_ends_it(store: RunStore) -> None:
    # Given many parts, each read by somebody
    parts = [replace(LIVE, name=f"part-{number}") for number in range(12)]
    assert store.begin(run_of(), parts, Standing(), UNTIL)
    run = kept(store)
    assert run.open == 12
    for part in parts:
        store.claim(run, part.name, part.name, UNTIL)

    # When all end at once, one fails, and whoever can moves the run on
    def end(part: Part) -> bool:
        if part.name == "part-3":
            return store.fail(run, replace(part, reason="broken")) and False
        store.finish(run, part, part.name)
        now = kept(store)
        return not now.open and store.move(now, stage_part(Stage.CLOSING))

    with ThreadPoolExecutor(6) as pool:
        moved = list(pool.map(end, parts))

    now = kept(store)
    assert (now.failed, now.stage) == (1, Stage.CLOSING if any(moved) else Stage.PULLING)
    assert moved.count(True) <= 1
    assert now.open == (1 if any(moved) else 0)


def test_waiting_parts_open_once(store: RunStore, run: Run) -> None:
    assert not store.open_waiting(run, [TAIL])
    store.claim(run, "live", "me", UNTIL)
    store.finish(run, LIVE, "me")

    assert store.open_waiting(kept(store), [TAIL])
    assert not store.open_waiting(kept(store), [TAIL])
    assert kept(store).open == 1
    assert {p.name: (p.state, p.late) for p in store.parts(run)} == {
        "live": (PartState.DONE, False),
        "tail": (PartState.OPEN, True),
    }


def test_a_part_is_cut_by_who_has_it(store: RunStore, run: Run) -> None:
    new = [replace(LIVE, name="later"), replace(TAIL, name="newest")]
    assert not store.split(run, LIVE, new, "nobody")
    store.claim(run, "live", "me", UNTIL)

    assert store.split(run, replace(LIVE, spawned=("later",)), new, "me")

    assert kept(store).open == 2
    assert store.claim(run, "live", "me", UNTIL)[0].spawned == ("later",)
    assert store.part(run, "newest") == new[1]


def test_parts_are_added_once_and_only_while_a_run_is_pulling(store: RunStore, run: Run) -> None:
    many = [replace(LIVE, name=f"more-{number:03d}") for number in range(200)]

    assert store.add(run, many[:120])
    assert store.add(run, many)

    assert kept(store).open == 201
    cancelled = replace(kept(store), stage=Stage.CANCELLED)
    store.close(cancelled, Standing(), None, "")
    assert not store.add(run, [replace(LIVE, name="too late")])


def test_a_run_is_held_open_and_let_go_once(store: RunStore, run: Run) -> None:
    hold = holding_part("run_7")
    assert store.add(run, [hold])
    assert kept(store).open == 2

    store.release_hold(run, hold.name)
    store.release_hold(run, hold.name)
    store.release_hold(run, "unheard_of")

    assert kept(store).open == 1


def test_a_run_is_closed_once_and_its_lease_is_given_back(store: RunStore, run: Run) -> None:
    store.claim(run, "live", "me", UNTIL)
    store.finish(run, LIVE, "me")
    closing = stage_part(Stage.CLOSING)
    assert store.move(kept(store), closing)
    assert not store.move(run, closing)
    store.claim(run, closing.name, "me", UNTIL)
    done = replace(kept(store), stage=Stage.DONE, finished_at=LATER)
    after = Standing(complete_since=LATER, marks={"live": LATER})

    store.close(done, after, closing, "me")

    assert (kept(store).stage, kept(store).open, kept(store).finished_at) == (Stage.DONE, 0, LATER)
    assert store.standing("1", "tickets") == after
    with pytest.raises(RunOver):
        store.close(done, after, None, "")
    with pytest.raises(RunOver):
        store.finish(run, closing, "me")


def test_a_failed_run_goes_on_or_one_of_its_parts_does(store: RunStore, run: Run) -> None:
    broken = replace(LIVE, reason="forbidden")
    assert store.fail(run, broken)
    assert not store.fail(run, broken)
    store.close(replace(kept(store), stage=Stage.FAILED), Standing(owed_run="run_1"), None, "")

    # One part of it, by its letter
    assert store.reopen(kept(store), broken, UNTIL)
    assert (kept(store).stage, kept(store).open, kept(store).failed) == (Stage.PULLING, 1, 0)
    assert store.standing("1", "tickets").run_id == "run_1"
    assert not store.reopen(kept(store), broken, UNTIL)

    # All of it, by the schedule
    assert store.fail(kept(store), broken)
    store.close(replace(kept(store), stage=Stage.FAILED), Standing(owed_run="run_1"), None, "")
    new, stage = replace(LIVE, name="new"), stage_part(Stage.RECONCILING)
    seen = store.standing("1", "tickets")
    assert store.resume(kept(store), [broken], [new], [stage], seen=seen, until=UNTIL)
    assert (kept(store).stage, kept(store).open, kept(store).failed) == (Stage.PULLING, 2, 0)
    assert not store.resume(kept(store), [broken], [], [], seen=seen, until=UNTIL)


def test_what_is_kept_of_a_run_beside_its_parts(store: RunStore, run: Run) -> None:
    store.count(run, Counts(rows=5, calls=2))
    store.count(run, Counts(rows=1))
    store.note(run, children_run="run_8")
    store.note(run, children_run="run_9")
    store.note(run, kind=Kind.INCREMENTAL)

    now = kept(store)
    assert now.counts == Counts(rows=6, calls=2)
    assert (now.children_run, now.kind) == ("run_8", Kind.INCREMENTAL)
    assert not store.forget("1", "tickets", Standing())
    # What is counted of a run that has expired makes none
    store.count(run_of("run_5"), Counts(rows=1))
    assert store.run("1", "tickets", "run_5") is None


def test_runs_and_parts_expire_and_standings_do_not(stack: Stack, run: Run) -> None:
    expiring = {item["sk"]["S"]: "expires_at" in item for item in stack.items("SyncTable")}

    assert expiring == {
        "live": True, "tail": True, f"run#{run.run_id}#tickets": True, "sync#tickets": False,
    }  # fmt: skip


def test_the_history_is_the_newest_first_and_goes_on_over_pages(store: RunStore) -> None:
    for number in range(5):
        seen = store.standing("1", "tickets")
        assert store.begin(run_of(f"run_{number}"), [], seen, UNTIL)

    assert [one.run_id for one in store.history("1", 3)] == ["run_4", "run_3", "run_2"]


@pytest.mark.parametrize(
    "code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"]
)
def test_a_conflict_is_tried_again_and_told_in_the_end(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    waits: list[float] = []
    store = RunStore(stack.names["SyncTable"], sleep=waits.append, jitter=lambda: 0.5)
    conflict = client_error("TransactWriteItems", "TransactionCanceledException")
    conflict.response["CancellationReasons"] = [{"Code": "None"}, {"Code": code}]
    real = aws.dynamodb()
    answers: list[Any] = [conflict, conflict]

    def contended(**asked: Any) -> Any:
        if answers:
            raise answers.pop()
        return real.transact_write_items(**asked)

    monkeypatch.setattr(aws, "dynamodb", lambda: Failing(real, transact_write_items=contended))
    assert store.begin(run_of(), [LIVE], Standing(), UNTIL)
    assert waits == sorted(waits)
    assert len(waits) == 2

    answers = [conflict] * ATTEMPTS
    with pytest.raises(StoreContended):
        store.finish(run_of(), LIVE, "me")
    busy = client_error("UpdateItem", "TransactionConflictException")
    monkeypatch.setattr(aws, "dynamodb", lambda: Failing(real, update_item=raising(busy)))
    with pytest.raises(StoreContended):
        store.renew(run_of(), UNTIL)


def test_a_transaction_that_could_not_be_is_not_taken_for_a_refused_one(
    store: RunStore, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    invalid = client_error("TransactWriteItems", "TransactionCanceledException")
    invalid.response["CancellationReasons"] = [{"Code": "None"}, {"Code": "ValidationError"}]
    refused = client_error("TransactWriteItems", "TransactionCanceledException")
    refused.response["CancellationReasons"] = [{"Code": "ConditionalCheckFailed"}]
    real = aws.dynamodb()

    for error in (invalid, refused):
        broken = Failing(real, transact_write_items=raising(error))
        monkeypatch.setattr(aws, "dynamodb", lambda: broken)  # noqa: B023 - used in this turn
        with pytest.raises(ClientError if error is invalid else RunOver):
            store.close(run, Standing(), None, "")


def test_a_claim_is_given_back_once_though_the_answer_is_lost(
    store: RunStore, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    # Given a client that tries again what had been written
    part, _, _ = store.claim(run, "live", "me", UNTIL)
    real = aws.dynamodb()

    def twice(**asked: Any) -> Any:
        real.update_item(**asked)
        return real.update_item(**asked)

    monkeypatch.setattr(aws, "dynamodb", lambda: Failing(real, update_item=twice))
    store.save(run, replace(part, mark=LATER), "me", 0.0)

    # Then who gives it back hears nothing, and others still do
    monkeypatch.setattr(aws, "dynamodb", lambda: real)
    assert [one.mark for one in store.unclaimed(run)] == [LATER]
    for stale in (0.0, UNTIL):
        with pytest.raises(ClaimLost):
            store.save(run, part, "me", stale)


def test_a_run_that_others_join_is_kept_for_longer(stack: Stack, run: Run) -> None:
    later = RunStore(stack.names["SyncTable"], clock=lambda: UNTIL)

    assert later.add(run, [holding_part("run_2")])

    (item,) = [one for one in stack.items("SyncTable") if one["sk"]["S"].startswith("run#")]
    assert int(item["expires_at"]["N"]) > UNTIL


@pytest.mark.parametrize("name", ["transact_write_items", "update_item"])
def test_an_outage_is_told(
    store: RunStore, monkeypatch: pytest.MonkeyPatch, name: str, run: Run
) -> None:
    broken = Failing(aws.dynamodb(), **{name: raising(client_error("Any"))})
    monkeypatch.setattr(aws, "dynamodb", lambda: broken)

    with pytest.raises(ClientError):
        store.finish(run, LIVE, "me") if name == "transact_write_items" else store.renew(run, 1.0)
    if name == "update_item":
        with pytest.raises(ClientError):
            store.claim(run, "live", "me", UNTIL)


def test_what_was_staged_is_noted_as_folded_and_what_is_written_meanwhile_is_kept(
    store: RunStore, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.claim(run, "live", "me", UNTIL)
    store.finish(run, replace(LIVE, staged=3), "me")
    (done,) = [part for part in store.parts(run) if part.staged]

    # What is known of it by another version of the software is no hindrance
    key = part_key(run, "live")
    body = store.get(key)["body"]["S"]  # type: ignore[index]  # it is there
    aws.dynamodb().update_item(
        TableName=store.table,
        Key=key,
        UpdateExpression="SET body = :body",
        ExpressionAttributeValues={":body": {"S": body.replace(",", ", ")}},
    )
    store.note_folded(run, [done, TAIL, replace(LIVE, name="gone", staged=1)])
    assert [part.folded for part in store.parts(run)] == [3, 0]

    # Files that were written since have not been folded
    seen = store.get(key)
    store.note_folded(run, [replace(done, staged=1)])
    monkeypatch.setattr(store, "get", lambda _key: seen)
    store.note_folded(run, [replace(done, staged=2)])
    monkeypatch.undo()
    part = store.part(run, "live")
    assert part is not None
    assert (part.staged, part.folded, part.state) == (3, 1, PartState.DONE)


def test_a_run_moves_on_to_several_parts_at_once(store: RunStore, run: Run) -> None:
    folds = [replace(stage_part(Stage.FOLDING), name=f"fold-{number}") for number in range(16)]
    assert not store.move(run, *folds)
    store.claim(run, "live", "me", UNTIL)
    store.finish(run, LIVE, "me")

    assert store.move(kept(store), *folds)

    assert (kept(store).stage, kept(store).open) == (Stage.FOLDING, 16)
    assert not store.move(run, *folds)
    # and each can be claimed, ended and failed as any other
    for part in folds:
        store.claim(run, part.name, "me", UNTIL)
    store.finish(run, folds[0], "me")
    assert store.fail(run, replace(folds[1], reason="missing"))
    assert (kept(store).open, kept(store).failed) == (14, 1)
    assert store.reopen(run, folds[1], UNTIL)
    assert (kept(store).open, kept(store).failed, kept(store).stage) == (15, 0, Stage.FOLDING)
