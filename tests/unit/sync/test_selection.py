"""What of an instance is synced, and when it is due."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from freshbridge.instances.config import config_errors
from freshbridge.sync.chosen import chosen
from freshbridge.sync.objects import OBJECTS
from freshbridge.sync.run import Standing
from freshbridge.sync.selection import INCLUDES, Wanted, back_off, due, wanted_of
from tests import builders

NOW = "2026-03-03T12:00:00Z"
HELD = Standing(
    complete_since="2026-03-03T11:45:00Z",
    begun_at="2026-03-03T11:45:00Z",
    last_full_at="2026-03-01T00:00:00Z",
    held=7,
)
TOLD = {
    "event.notification.enabled": "true",
    "event.vendor.type": "polling",
    "event.poller.refresh_interval": "30",
}


def wanted(*names: str, **config: Any) -> dict[str, Wanted]:
    """What an instance wants."""
    instance = builders.instance(sync_objects=names, config={"sync": config})
    return {one.name: one for one in wanted_of(instance)}


def test_each_object_has_a_schedule_of_its_own() -> None:
    found = wanted("tickets", "agents", "contacts", contacts={"every_minutes": 60})

    assert found["tickets"].every == timedelta(0)
    assert found["tickets"].full_every == timedelta(days=7)
    assert set(found["tickets"].include) <= set(INCLUDES)
    assert (found["agents"].every, found["agents"].full_every) == (
        timedelta(hours=1), timedelta(0),
    )  # fmt: skip
    assert found["contacts"].every == timedelta(hours=1)


def test_what_is_said_counts() -> None:
    said = {"every_minutes": 15, "full_every_hours": 0, "include": []}

    (tickets,) = wanted("tickets", tickets=said).values()

    assert (tickets.every, tickets.full_every, tickets.include) == (
        timedelta(minutes=15), timedelta(0), (),
    )  # fmt: skip


def test_the_parent_knows_which_children_are_wanted() -> None:
    found = wanted("tickets", "conversations")

    assert found["tickets"].children == ("conversations",)
    assert wanted("tickets")["tickets"].children == ()


def test_what_is_only_told_of_is_not_copied() -> None:
    instance = builders.instance(sync_objects=("agents",), configuration=TOLD)

    found = {one.name: one for one in chosen(instance)}

    assert set(found) == {"agents", "deleted_tickets", "contacts"}
    assert found["agents"].copied
    assert not found["contacts"].copied
    trash = found["deleted_tickets"]
    assert (trash.copied, trash.object.name, trash.feeds) == (False, "tickets", ("deleted",))


def test_tickets_that_are_copied_tell_of_their_trash_themselves() -> None:
    instance = builders.instance(sync_objects=("tickets", "contacts"), configuration=TOLD)

    assert [(one.name, one.copied) for one in chosen(instance)] == [
        ("tickets", True), ("contacts", True),
    ]  # fmt: skip


def test_the_poller_s_interval_counts_where_config_says_nothing() -> None:
    polled = builders.instance(configuration=TOLD)
    said = replace(polled, config={"sync": {"tickets": {"every_minutes": 5}}})

    assert chosen(polled)[0].every == timedelta(minutes=30)
    assert chosen(said)[0].every == timedelta(minutes=5)


@pytest.mark.parametrize(
    ("config", "standing", "now", "full", "at"),
    [
        # never read: at once, and whole
        ({}, Standing(), True, True, NOW),
        # at each tick
        ({}, HELD, True, False, "2026-03-03T11:45:00Z"),
        # not yet, and then a tick that comes half a minute early
        ({"every_minutes": 60}, HELD, False, False, "2026-03-03T12:45:00Z"),
        ({"every_minutes": 15}, replace(HELD, begun_at="2026-03-03T11:45:30Z"), True, False,
         "2026-03-03T12:00:30Z"),
        # everything again after a week, or as said
        ({}, replace(HELD, last_full_at="2026-02-24T12:00:00Z"), True, True,
         "2026-03-03T11:45:00Z"),
        ({"full_every_hours": 0}, replace(HELD, last_full_at="2026-01-01T00:00:00Z"), True, False,
         "2026-03-03T11:45:00Z"),
        # after a failure later each time
        ({}, replace(HELD, failures=1, last_finished_at="2026-03-03T11:50:00Z"), False, False,
         "2026-03-03T12:05:00Z"),
        ({}, replace(HELD, failures=3, last_finished_at="2026-03-03T11:00:00Z"), True, False,
         "2026-03-03T12:00:00Z"),
        # what was told of only is read anew to be copied
        ({}, replace(HELD, held=-1), True, True, "2026-03-03T11:45:00Z"),
        # a first run that was ended before its time is a first run again
        ({}, Standing(begun_at="2026-03-03T11:00:00Z"), True, True, "2026-03-03T11:00:00Z"),
    ],
)  # fmt: skip
def test_when_an_object_is_due(
    config: dict[str, Any], standing: Standing, now: bool, full: bool, at: str
) -> None:
    (tickets,) = wanted("tickets", tickets=config).values()

    told = due(tickets, standing, NOW)

    assert (told.now, told.full, told.at) == (now, full, at)


def test_a_list_that_is_read_as_a_whole_is_always_due_in_full() -> None:
    told = due(wanted("agents")["agents"], replace(HELD, begun_at="2026-03-03T10:00:00Z"), NOW)

    assert (told.now, told.full) == (True, True)


def test_the_back_off_grows_to_a_day() -> None:
    waits = [back_off(failures) for failures in range(1, 12)]

    assert waits[:3] == [timedelta(minutes=15), timedelta(minutes=30), timedelta(hours=1)]
    assert waits == sorted(waits)
    assert waits[-1] == back_off(10**6) == timedelta(days=1)


@pytest.mark.parametrize(
    ("config", "field", "said"),
    [
        ({"sync_objects": "tickets"}, "config.sync_objects", "must be a list of tickets"),
        ({"sync_objects": ["tickets", "tiket"]}, "config.sync_objects[1]", "tiket is unknown"),
        ({"sync_objects": [["tickets"]]}, "config.sync_objects[0]", "canned_responses"),
        ({"sync_objects": ["agents", "agents"]}, "config.sync_objects[1]", "agents is named twice"),
        ({"sync_objects": ["conversations"]}, "config.sync_objects", "list tickets as well"),
        ({"sync": []}, "config.sync", "must be an object"),
        ({"sync": {"ticket": {}}}, "config.sync.ticket", "must be one of tickets"),
        ({"sync": {"tickets": 5}}, "config.sync.tickets", "must be an object"),
        ({"sync": {"tickets": {"every": 5}}}, "config.sync.tickets.every", "every_minutes"),
        ({"sync": {"tickets": {"every_minutes": "5"}}}, "config.sync.tickets.every_minutes", "0"),
        ({"sync": {"tickets": {"every_minutes": True}}}, "config.sync.tickets.every_minutes", "0"),
        ({"sync": {"tickets": {"every_minutes": -1}}}, "config.sync.tickets.every_minutes", "0 to"),
        ({"sync": {"tickets": {"full_every_hours": 9999}}},
         "config.sync.tickets.full_every_hours", "0 to 8784"),
        ({"sync": {"agents": {"full_every_hours": 1}}}, "config.sync.agents.full_every_hours",
         "is unknown"),
        ({"sync": {"tickets": {"include": ["company"]}}}, "config.sync.tickets.include", "stats"),
        ({"sync": {"tickets": {"include": [{}]}}}, "config.sync.tickets.include", "stats"),
        ({"sync": {"contacts": {"include": []}}}, "config.sync.contacts.include", "is unknown"),
        ({"sync": {"conversations": {"every_minutes": 5}}},
         "config.sync.conversations.every_minutes", "none here"),
        ({"sync": {"tickets": {"most_removed": -1}}}, "config.sync.tickets.most_removed", "0 or"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(
    config: dict[str, Any], field: str, said: str
) -> None:
    (error,) = config_errors(config)

    assert error.field == field
    assert said in error.message


def test_everything_that_there_is_can_be_wanted() -> None:
    config = {
        "sync_objects": list(OBJECTS),
        "sync": {
            "tickets": {"every_minutes": 15, "full_every_hours": 168, "include": list(INCLUDES)},
            "conversations": {},
            "agents": {"every_minutes": 1440},
        },
    }

    assert config_errors(config) == []
    assert {one.name for one in wanted_of(builders.instance(sync_objects=tuple(OBJECTS)))} == set(
        OBJECTS
    )
