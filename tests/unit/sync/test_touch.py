"""Which records a webhook has read anew, and what becomes of them in the lake."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freshbridge.errors import ProviderDown
from freshbridge.freshdesk.client import FreshdeskClient
from freshbridge.lake.encoding import row_of
from freshbridge.lake.rows import Change, State
from freshbridge.queues.envelope import UnreadableMessage, to_text
from freshbridge.sync.objects import OBJECTS
from freshbridge.sync.touch import RecordTouch, touch_order, touches_of
from freshbridge.sync.touching import bring_up_to_date
from tests import builders
from tests.fakes.memory_lake import MemoryLake
from tests.fakes.provider import FakeTransport, PagedList, empty_reply, json_reply

WANTED = {"sync": {"from_webhooks": True}}
ALL = ("tickets", "contacts", "conversations")
OLD = "2026-03-01T00:00:00Z"
NOW = "2026-03-03T12:00:00.000000Z"


def touched(*, objects: tuple[str, ...] = ALL, config: Any = WANTED, **event: Any) -> list[Any]:
    instance = builders.instance(sync_objects=objects, config=config)
    return list(touches_of(builders.event(**event), instance))


def test_an_event_has_its_record_read_where_the_instance_wants_it() -> None:
    assert touched(type="ticket_updated", ticket={"id": 7}) == [("tickets", 7)]
    assert touched(type="contact_updated", ticket={}, contact={"id": 8}) == [("contacts", 8)]


def test_a_note_has_the_ticket_and_its_conversations_read() -> None:
    event: dict[str, Any] = {"type": "note_created", "ticket": {"id": 7}}
    assert touched(**event) == [("tickets", 7), ("conversations", 7)]
    assert touched(**event, objects=("tickets",)) == [("tickets", 7)]


@pytest.mark.parametrize(
    "changed",
    [
        {"config": {}},
        {"config": {"sync": {"from_webhooks": False}}},
        {"config": {"sync": "yes"}},
        {"objects": ("contacts",)},
        {"source": "sync"},
        {"replay_of": "evt_1"},
        {"platform": "freshsales"},
        {"type": "deal_updated"},
        {"ticket": {"subject": "no id"}},
        {"ticket": {"id": True}},
    ],
)
def test_nothing_is_read_that_nobody_wants_or_that_came_from_the_sync(
    changed: dict[str, Any],
) -> None:
    assert touched(**{"type": "ticket_updated", "ticket": {"id": 7}} | changed) == []


def test_a_message_travels_and_is_told_from_the_work_of_runs() -> None:
    order = RecordTouch("7", "tickets", "1", "touch-evt_1", "evt_1", NOW, {"id": 7})
    assert touch_order(to_text(order)) == order
    assert (order.correlation_id, order.group) == ("evt_1", "1.touch")
    assert touch_order(to_text(builders.sync_work())) is None


@pytest.mark.parametrize(
    "text",
    ['{"touch":', '{"touch": "7"}', '{"touch": 7, "object": "tickets", "instance_id": "1", '
     '"run_id": "r", "event_id": "e"}', '{"touch": "7", "object": "tickets", "instance_id": "1", '
     '"run_id": "r", "event_id": "e", "record": []}', '{"touch": "7", "more": 1}'],
)  # fmt: skip
def test_a_broken_message_is_refused(text: str) -> None:
    with pytest.raises(UnreadableMessage):
        touch_order(text)


class Marks:
    """Marks with memory."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str, str]] = []

    def take(self, *of: Any) -> None:
        """Remember it."""
        self.taken.append(of)


class World:
    """A lake and an account."""

    def __init__(self) -> None:
        self.lake, self.marks, self.provider = MemoryLake(), Marks(), FakeTransport()
        self.client = FreshdeskClient(self.provider, "https://acme.freshdesk.com", "key")
        self.told: list[Change] = []
        self.selected: tuple[str, ...] = ()
        self.now = NOW

    def touch(self, object_name: str, record_id: str, **more: Any) -> None:
        """Do what one message asks."""
        order = RecordTouch(record_id, object_name, "1", "touch-evt_1", "evt_1", **more)
        bring_up_to_date(
            self.client, self.lake, self.marks, order,  # type: ignore[arg-type]  # marks with memory
            now=lambda: self.now, tell=self.told.extend, selected=self.selected,
        )  # fmt: skip


@pytest.fixture
def world() -> Iterator[World]:
    yield World()


def test_the_record_is_read_once_and_kept_as_it_is(world: World) -> None:
    found = {"id": 7, "updated_at": OLD, "status": 4, "conversations": [{"id": 1}]}
    world.provider.on("GET", "/api/v2/tickets/7", json_reply(found))

    world.touch("tickets", "7")
    world.touch("tickets", "7")

    assert world.lake.live("tickets") == {"7": {"id": 7, "updated_at": OLD, "status": 4}}
    assert world.marks.taken == [("1", "tickets", "7")] * 2
    # The second finds it as it was.
    assert [one.after.id for one in world.told] == ["7"]
    assert "stats" in world.provider.requests[0].full_url


@pytest.mark.parametrize(
    ("fields", "state"), [({"deleted": True}, "deleted"), ({"spam": True}, "spam")]
)
def test_a_record_in_the_trash_becomes_a_tombstone(
    world: World, fields: dict[str, Any], state: str
) -> None:
    world.lake.hold("tickets", [{"id": 7, "updated_at": OLD}])
    world.provider.on("GET", "/api/v2/tickets/7", json_reply({"id": 7, "updated_at": OLD} | fields))
    world.touch("tickets", "7")
    assert world.lake.tombstones("tickets") == {"7": state}


def test_a_ticket_that_is_gone_takes_what_was_below_it_along(world: World) -> None:
    world.lake.hold("tickets", [{"id": 7, "updated_at": OLD}])
    world.lake.hold("conversations", [{"id": 1, "ticket_id": 7, "updated_at": OLD}])
    for path in ("/api/v2/tickets/7", "/api/v2/tickets/archived/7", "/api/v2/tickets/8",
                 "/api/v2/tickets/archived/8"):  # fmt: skip
        world.provider.on("GET", path, empty_reply(404))

    world.touch("tickets", "7")
    world.touch("tickets", "8")

    assert world.lake.tombstones("tickets") == {"7": "gone"}
    assert world.lake.tombstones("conversations") == {"1": "gone"}


def test_conversations_are_read_as_a_whole(world: World) -> None:
    world.lake.hold("conversations", [{"id": n, "ticket_id": 7, "updated_at": OLD} for n in (1, 2)])
    left = [{"id": n, "updated_at": OLD} for n in (2, 3)]
    world.provider.on("GET", "/api/v2/tickets/7/conversations", PagedList(left))

    world.touch("conversations", "7")

    assert world.lake.live("conversations").keys() == {"2", "3"}
    assert world.lake.tombstones("conversations") == {"1": "gone"}


def test_conversations_of_a_ticket_that_is_not_found_are_left_to_the_ticket(world: World) -> None:
    world.lake.hold("conversations", [{"id": 1, "ticket_id": 7, "updated_at": OLD}])
    world.provider.on("GET", "/api/v2/tickets/7/conversations", empty_reply(404))
    world.touch("conversations", "7")
    assert world.lake.live("conversations").keys() == {"1"}


def test_a_record_that_was_fetched_for_the_event_costs_no_call(world: World) -> None:
    world.touch("contacts", "8", seen_at=NOW, record={"id": 8, "updated_at": OLD, "name": "Mira"})
    assert world.lake.live("contacts")["8"]["name"] == "Mira"
    assert world.provider.requests == []
    assert world.marks.taken == []


def test_a_provider_that_does_not_answer_changes_nothing(world: World) -> None:
    world.provider.on("GET", "/api/v2/tickets/7", empty_reply(503))
    with pytest.raises(ProviderDown):
        world.touch("tickets", "7")
    assert world.lake.live("tickets") == {}


@settings(max_examples=40, deadline=None)
@given(
    versions=st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 9), st.sampled_from(list(State)[:3])),
        min_size=1,
        max_size=4,
        unique_by=lambda one: one[:2],
    )
)
def test_any_order_of_what_webhooks_and_runs_bring_gives_one_view(
    versions: list[tuple[int, int, State]],
) -> None:
    obj = OBJECTS["tickets"]
    rows = [
        row_of(
            obj,
            {"id": 7, "updated_at": f"2026-03-01T00:00:0{updated}Z", "seen": seen},
            seen_at=f"2026-03-02T00:00:0{seen}.000000Z",
            state=state,
        )
        for updated, seen, state in versions
    ]
    latest = max(rows, key=lambda row: (row.updated_at, row.seen_at))
    for order in permutations(rows):
        lake = MemoryLake()
        for row in order:
            lake.merge("1", obj, [row], run_id="run")
        held = [*lake.rows("1", obj), *lake.rows("1", obj, removed=True)]
        assert [(one.state, json.loads(one.body)) for one in held] == [
            (latest.state, json.loads(latest.body))
        ]


def test_a_ticket_that_leaves_and_comes_back_has_its_conversations_go_and_come(
    world: World,
) -> None:
    # Given a ticket with a conversation, both copied
    world.selected = ("tickets", "conversations")
    world.lake.hold("tickets", [{"id": 7, "updated_at": OLD}])
    world.lake.hold("conversations", [{"id": 1, "ticket_id": 7, "updated_at": OLD}])
    later = "2026-03-02T00:00:00Z"
    world.provider.on(
        "GET",
        "/api/v2/tickets/7",
        json_reply({"id": 7, "updated_at": later, "deleted": True}),
        json_reply({"id": 7, "updated_at": "2026-03-02T01:00:00Z"}),
    )
    said = PagedList([{"id": 1, "updated_at": OLD}, {"id": 2, "updated_at": later}])
    world.provider.on("GET", "/api/v2/tickets/7/conversations", said)

    # When a webhook names it in the trash
    world.touch("tickets", "7")
    assert world.lake.tombstones("conversations") == {"1": "gone"}
    assert len(world.provider.requests) == 1

    # and when it is back
    world.now = "2026-03-03T12:05:00.000000Z"
    world.touch("tickets", "7")
    assert world.lake.tombstones("tickets") == {}
    assert world.lake.live("conversations").keys() == {"1", "2"}
    assert [one.after.id for one in world.told] == ["7", "7"]


def test_a_ticket_that_only_changes_costs_no_call_for_its_conversations(world: World) -> None:
    world.selected = ("tickets", "conversations")
    world.lake.hold("tickets", [{"id": 7, "updated_at": OLD}])
    found = {"id": 7, "updated_at": "2026-03-02T00:00:00Z"}
    world.provider.on("GET", "/api/v2/tickets/7", json_reply(found))

    world.touch("tickets", "7")

    assert len(world.provider.requests) == 1


def test_conversations_that_are_asked_for_after_their_ticket_left_stay_away(world: World) -> None:
    # Given a note's webhook that comes to its turn once the ticket is in the trash
    world.selected = ("tickets", "conversations")
    world.lake.hold("tickets", [{"id": 7, "updated_at": OLD}], state=State.DELETED)
    world.provider.on(
        "GET", "/api/v2/tickets/7/conversations", PagedList([{"id": 1, "updated_at": OLD}])
    )

    world.touch("conversations", "7")

    assert world.lake.live("conversations") == {}


def test_conversations_that_came_before_a_death_go_when_the_message_comes_again(
    world: World,
) -> None:
    # Given a worker that died between a ticket's removal and a look at what belongs to it
    world.selected = ("tickets", "conversations")
    gone = {"id": 7, "updated_at": OLD, "deleted": True}
    world.lake.hold("tickets", [gone], state=State.DELETED)
    world.lake.hold("conversations", [{"id": 1, "ticket_id": 7, "updated_at": OLD}])
    world.provider.on("GET", "/api/v2/tickets/7", json_reply(gone))

    world.touch("tickets", "7")

    assert world.told == []
    assert world.lake.tombstones("conversations") == {"1": "gone"}
