"""scheduled_sync begins what is due and reads it part by part into the lake."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest

from freshbridge import aws, timestamps
from freshbridge.http_message import ProviderReply
from freshbridge.lake.lake import Lake
from freshbridge.sync.run import Run, Standing
from freshbridge.sync.run_store import RunStore
from freshbridge.sync.view import shown_run
from tests import builders
from tests.fakes.aws_failures import Failing, client_error, raising
from tests.fakes.provider import FakeTransport, PagedList, empty_reply, json_reply, query_of
from tests.integration.conftest import PassingTime, Stack, Start

TICKETS = "/api/v2/tickets"
LONG = builders.Context(300_000)


class Updated:
    """A ticket list that heeds `updated_since`, in the order of `updated_at`; nobody deletes."""

    def __init__(self, count: int, *, dated: bool = True) -> None:
        self._dated = dated
        self.tickets: list[dict[str, Any]] = [
            {"id": n, "updated_at": f"2026-03-03T{n // 3600:02d}:{n // 60 % 60:02d}:{n % 60:02d}Z"}
            for n in range(1, count + 1)
        ]
        self.refused: set[str] = set()

    def __call__(self, request: Any) -> Any:
        query = query_of(request)
        if query.get("filter", "live") in self.refused:
            return json_reply({"code": "access_denied", "message": "Not allowed"}, 403)
        listed = [] if "filter" in query else self.tickets
        since = query["updated_since"]
        reply = PagedList(
            sorted((t for t in listed if t["updated_at"] >= since), key=lambda t: t["updated_at"])
        )(request)
        if not self._dated:
            return reply
        now = timestamps.now().strftime("%a, %d %b %Y %H:%M:%S GMT")
        return ProviderReply(reply.status, {**dict(reply.headers), "Date": now}, reply.body)


class World:
    """A stack with one instance, and its planner and worker."""

    def __init__(self, stack: Stack, start: Start) -> None:
        self.stack = stack
        self.start = start
        self.runs = RunStore(stack.names["SyncTable"])

    def tick(self) -> Any:
        """What the schedule does."""
        return self.start("ScheduledSync").handler({}, builders.Context())

    def deliver(self, context: builders.Context = LONG) -> list[str]:
        """What the worker leaves in its queue of the messages that are there."""
        return self.stack.deliver("SyncQueue", self.start("SyncWorker").handler, context)

    def settle(self) -> None:
        """Work until there is no message left."""
        for _ in range(20):
            if self.stack.count("SyncQueue") == (0, 0):
                return
            assert self.deliver() == []
        raise AssertionError("the run does not end")

    def standing(self, name: str = "tickets") -> Standing:
        """Where an object stands."""
        return self.runs.standing(builders.INSTANCE_ID, name)

    def run(self, name: str = "tickets") -> Run:
        """The run that an object has or had."""
        standing = self.standing(name)
        run = self.runs.run(builders.INSTANCE_ID, name, standing.run_id or standing.last_run)
        assert run is not None
        return run

    def history(self) -> set[int]:
        """The ids of every record in the lake's history."""
        found: set[int] = set()
        for key in self.stack.objects("LakeBucket"):
            if "/history/" in key:
                bucket = self.stack.names["LakeBucket"]
                body = aws.s3().get_object(Bucket=bucket, Key=key)["Body"].read()
                lines = gzip.decompress(body).decode().splitlines()
                found |= {json.loads(line)["id"] for line in lines}
        return found

    def letters(self) -> list[dict[str, Any]]:
        """The messages that were parked."""
        return self.stack.messages("SyncDeadLetterQueue")


@pytest.fixture
def world(stack: Stack, start: Start) -> World:
    return World(stack, start)


def test_the_planner_begins_a_run_of_every_enabled_instance(world: World) -> None:
    world.stack.connect()
    world.stack.connect(builders.instance(instance_id="ins_b"))
    world.stack.connect(builders.instance(instance_id="ins_off", disabled=True))

    answer = world.tick()

    work = world.stack.bodies("SyncQueue")
    assert answer["queued"] == 2
    assert answer["states"] == {"started": 2}
    assert {(w["instance_id"], w["object"], w["part"], w["run_id"]) for w in work} == {
        (builders.INSTANCE_ID, "tickets", "live", answer["run_id"]),
        ("ins_b", "tickets", "live", answer["run_id"]),
    }


def test_the_planner_of_an_empty_stack_queues_nothing(world: World) -> None:
    assert world.tick()["queued"] == 0
    assert world.stack.messages("SyncQueue") == []


def test_a_tick_while_a_run_is_under_way_begins_nothing(world: World) -> None:
    world.stack.connect()
    world.tick()

    answer = world.tick()

    assert (answer["queued"], answer["states"]) == (0, {"running": 1})
    assert len(world.stack.bodies("SyncQueue")) == 1


def test_one_instance_s_trouble_does_not_hold_up_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.stack.connect()
    world.stack.connect(builders.instance(instance_id="ins_b"))
    real = RunStore.standings

    def standings(self: RunStore, instance_id: str) -> dict[str, Standing]:
        if instance_id == builders.INSTANCE_ID:
            raise client_error("Query")
        return real(self, instance_id)

    monkeypatch.setattr(RunStore, "standings", standings)

    # The function fails, so that Lambda calls it again; what could begin has begun
    with pytest.raises(type(client_error("Query"))):
        world.tick()
    assert [work["instance_id"] for work in world.stack.bodies("SyncQueue")] == ["ins_b"]


def test_an_instance_that_cannot_be_understood_does_not_hold_up_the_others(world: World) -> None:
    wrong = {"sync": {"tickets": {"every_minutes": "often"}}}
    world.stack.connect(builders.instance(config=wrong))
    world.stack.connect(builders.instance(instance_id="ins_b"))

    with pytest.raises(TypeError):
        world.tick()

    assert [work["instance_id"] for work in world.stack.bodies("SyncQueue")] == ["ins_b"]


def test_the_worker_reads_every_page_and_closes_the_run(
    world: World, provider: FakeTransport
) -> None:
    world.stack.connect()
    provider.on("GET", TICKETS, Updated(250))
    run_id = world.tick()["run_id"]

    assert world.deliver() == []

    assert world.history() == set(range(1, 251))
    assert world.stack.count("SyncQueue") == (0, 0)
    assert len(provider.requests) == 3
    run = world.run()
    assert (run.stage, run.counts.changed, run.counts.pages, run.open) == ("done", 250, 3, 0)
    standing = world.standing()
    assert (standing.run_id, standing.last_run, standing.held) == ("", run_id, 250)
    assert standing.marks["live"] == "2026-03-03T00:04:10Z"
    manifest = Lake(world.stack.names["LakeBucket"]).read_manifest(
        builders.INSTANCE_ID, "tickets", run_id
    )
    assert manifest is not None
    assert (manifest["state"], manifest["complete"]) == ("done", True)
    assert manifest["held"] == {"live": 250, "removed": 0}


def test_the_next_run_asks_for_what_has_changed_since(
    world: World, provider: FakeTransport
) -> None:
    world.stack.connect()
    tickets = Updated(150)
    provider.on("GET", TICKETS, tickets)
    world.tick()
    world.settle()
    provider.requests.clear()
    tickets.tickets[6] |= {"updated_at": "2026-03-03T09:00:00Z"}

    world.tick()
    world.settle()

    asked = [query_of(request) for request in provider.requests]
    assert [(one.get("filter"), one["updated_since"]) for one in asked][-1] == (
        None,
        "2026-03-03T00:02:30Z",
    )
    assert sorted(one["filter"] for one in asked[:-1]) == ["deleted", "spam"]
    assert world.run().counts.changed == 1
    assert world.standing().marks["live"] == "2026-03-03T09:00:00Z"


def test_when_time_is_short_the_rest_is_left_to_a_message(
    world: World, provider: FakeTransport, passing_time: PassingTime
) -> None:
    # Embedding costs more of the rate limit, and here no call may wait for it
    plain: dict[str, Any] = {"sync": {"tickets": {"include": []}}}
    world.stack.connect(builders.instance(config=plain))
    provider.on("GET", TICKETS, Updated(250, dated=False))
    world.tick()

    for rows in (100, 199, 250):
        assert world.deliver(builders.Context(60_000)) == []
        assert len(world.history()) == rows
        passing_time.sleep(30)

    # The end of the run is left to one more
    assert world.run().stage == "closing"
    assert world.deliver(builders.Context(60_000)) == []
    assert world.run().stage == "done"
    assert world.stack.count("SyncQueue") == (0, 0)


def test_a_function_with_a_short_time_out_reads_page_after_page_all_the_same(
    world: World, provider: FakeTransport
) -> None:
    world.stack.connect(builders.instance(config={"sync": {"tickets": {"include": []}}}))
    provider.on("GET", TICKETS, Updated(250, dated=False))
    world.tick()

    assert world.deliver(builders.Context(20_000)) == []

    assert len(world.history()) == 250
    assert world.run().stage == "done"


def test_a_throttled_reading_keeps_what_it_has_and_goes_on_from_there(
    world: World, provider: FakeTransport, passing_time: PassingTime
) -> None:
    world.stack.connect()
    list_tickets = Updated(150)
    throttled = empty_reply(429, {"Retry-After": "30"})
    provider.on("GET", TICKETS, list_tickets, throttled, list_tickets)
    world.tick()

    kept = world.deliver()
    assert len(kept) == 1
    assert world.stack.count("SyncQueue") == (0, 1)
    assert len(world.history()) == 100

    passing_time.sleep(60)
    world.stack.send("SyncQueue", kept[0])
    assert world.deliver() == []
    assert len(world.history()) == 150
    assert query_of(provider.requests[-1])["updated_since"] == "2026-03-03T00:01:40Z"


def test_a_message_that_waits_keeps_its_run_s_lease(world: World, provider: FakeTransport) -> None:
    world.stack.connect()
    provider.on("GET", TICKETS, empty_reply(429, {"Retry-After": "7200"}))
    world.tick()
    before = world.standing().lease_until

    assert len(world.deliver()) == 1

    assert world.standing().lease_until - before > 7000


def test_a_part_that_cannot_be_read_fails_alone_and_is_redriven_alone(
    world: World, provider: FakeTransport
) -> None:
    # Given an account whose spam list the key may not see
    world.stack.connect()
    tickets = Updated(5)
    provider.on("GET", TICKETS, tickets)
    world.tick()
    world.settle()
    tickets.tickets.append({"id": 6, "updated_at": "2026-03-03T09:00:00Z"})

    tickets.refused = {"spam"}

    # When it is synced, then its other lists are read, their marks move, and the run says why
    world.tick()
    world.settle()
    (letter,) = world.letters()
    assert json.loads(letter["Body"])["part"] == "spam"
    assert 6 in world.history()
    standing = world.standing()
    assert (standing.last_stage, standing.failures, standing.run_id) == ("failed", 1, "")
    assert standing.last_error.startswith("forbidden")
    assert standing.marks["live"] == "2026-03-03T09:00:00Z"
    assert shown_run(world.run())["failed_parts"] == 1

    # The next tick backs off rather than fail again
    assert world.tick()["states"] == {"not_due": 1}

    # And when it may be seen and the letter is put back, only that is read, and the run is done
    tickets.refused = set()
    provider.requests.clear()
    world.stack.send("SyncQueue", letter["Body"])
    world.settle()
    assert [query_of(one).get("filter") for one in provider.requests] == ["spam"]
    standing = world.standing()
    assert (standing.last_stage, standing.failures, standing.owed_run) == ("done", 0, "")


def test_a_failed_run_goes_on_when_it_is_due_again(
    world: World, provider: FakeTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.stack.connect()
    tickets = Updated(5)
    tickets.refused = {"live"}
    provider.on("GET", TICKETS, tickets)
    first = world.tick()["run_id"]
    world.settle()
    assert world.standing().owed_run == first

    later = timestamps.epoch() + 3600
    monkeypatch.setattr(timestamps, "now", lambda: timestamps.from_epoch(later))
    tickets.refused = set()
    assert world.tick()["states"] == {"resumed": 1}
    world.settle()

    assert world.standing().last_run == first
    assert world.standing().last_stage == "done"
    assert world.history() == {1, 2, 3, 4, 5}


@pytest.mark.parametrize("what", ["put_object", "get_object"])
def test_while_the_lake_is_away_nothing_is_passed_over(
    world: World, provider: FakeTransport, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    world.stack.connect()
    provider.on("GET", TICKETS, Updated(5))
    world.tick()
    with monkeypatch.context() as patch:
        broken = Failing(aws.s3(), **{what: raising(client_error("S3"))})
        patch.setattr(aws, "s3", lambda: broken)
        (message,) = world.deliver()

    world.stack.send("SyncQueue", message)
    assert world.deliver() == []
    assert world.history() == {1, 2, 3, 4, 5}
    assert world.run().stage == "done"


def test_a_message_of_a_run_that_nobody_knows_is_let_go(world: World, log: Any) -> None:
    world.stack.connect()
    for part in ("", "live"):
        world.stack.send("SyncQueue", builders.sync_work(part=part))

    assert world.deliver() == []

    assert world.letters() == []
    assert "records synced" in log.getvalue()


def test_a_list_that_there_is_not_is_parked(world: World, edit_part: Callable[[str], None]) -> None:
    world.stack.connect()
    world.tick()
    edit_part("feed")

    assert world.deliver() == []

    (letter,) = world.letters()
    assert letter["MessageAttributes"]["code"]["StringValue"] == "unknown_object"


@pytest.fixture
def edit_part(stack: Stack) -> Callable[[str], None]:
    """Makes a member of each part something unknown."""

    def edit(member: str) -> None:
        for item in stack.items("SyncTable"):
            if item["pk"]["S"].startswith("parts#"):
                body = json.loads(item["body"]["S"]) | {member: "unheard_of"}
                item["body"] = {"S": json.dumps(body)}
                aws.dynamodb().put_item(TableName=stack.names["SyncTable"], Item=item)

    return edit
