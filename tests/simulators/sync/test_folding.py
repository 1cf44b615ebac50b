"""A first load whose tickets changed in no order of their numbers, and a full run after it."""

from __future__ import annotations

from typing import Any, cast

from freshbridge.lake.rows import State
from freshbridge.sync.feeds.catalogue import feeds_of
from freshbridge.sync.objects import OBJECTS, SyncObject
from freshbridge.sync.staging import StagingRule
from tests.fakes.small_dynamodb import SmallDynamoDB
from tests.fakes.sync_world import SteppedLake, World, syncing
from tests.simulators.sync.conftest import Desk

RULE = StagingRule(buckets=3, rows_a_bucket=400, rows=300, fold_bytes=4_000_000)
"""As the usual one, for an account of four thousand tickets in place of two million."""


class AccountWorld(World):
    """A world whose lists are those of the simulated account."""

    def feeds(self, obj: SyncObject) -> tuple[Any, ...]:
        """As of the product."""
        return feeds_of(obj)

    def seen(self) -> dict[int, tuple[State, str]]:
        """State and time of each ticket in the lake."""
        lake = cast("SteppedLake", self.lake)
        return {
            int(row.id): (row.state, row.record["updated_at"])
            for removed in (False, True)
            for row in lake.rows(self.instance.instance_id, OBJECTS["tickets"], removed=removed)
        }


def truth(desk: Desk) -> dict[int, tuple[State, str]]:
    """State and time of each ticket in the account."""
    return {
        number: (
            State.DELETED if one["deleted"] else State.SPAM if one["spam"] else State.LIVE,
            one["updated_at"],
        )
        for number, one in desk.table("tickets").items()
    }


def written(world: World) -> dict[str, int]:
    """How often each file of the current view was written."""
    keys = [key for key in world.lake.files.asked("write") if "/current/" in key]
    return {key: keys.count(key) for key in keys}


def test_a_large_account_in_no_order_is_written_once_and_ends_complete(desk: Desk) -> None:
    # Given tickets of three years, each of which changed at some time of the last month
    desk.seed(tickets=4_000, created_within_days=1_000, updated_within_days=25)
    world = AccountWorld(
        SmallDynamoDB(),
        "runs",
        syncing("tickets"),
        staging=RULE,
        pages_at_a_time=4,
        lake_of=SteppedLake,
        provider=desk.client,
    )
    world.desk.second = desk.account.clock.now().timestamp()

    # When all is copied for the first time, four hundred at a time
    world.tick()
    world.settle()

    # Then each file was written once, and one more for the last few, and the copy is the account
    assert world.standing().last_stage == "done"
    assert world.seen() == {
        number: one for number, one in truth(desk).items() if one[0] is State.LIVE
    }
    assert len(written(world)) == 5
    assert sum(written(world).values()) <= 6
    calls = desk.calls("GET /tickets")
    assert calls <= 42

    # And after changes a run over everything writes each file once more, to note what it saw
    for number in (5, 1700, 3900):
        desk.client.update_ticket(number, {"priority": 4})
    desk.client.delete_ticket(2500)
    world.desk.second = desk.account.clock.now().timestamp() + 900
    world.tick(forced=True, full=True)
    world.settle()

    assert world.standing().last_stage == "done"
    assert world.seen() == truth(desk)
    assert sum(written(world).values()) <= 18
    assert desk.calls("GET /tickets") - calls <= 44
