"""Everything that is held and was in no list is settled once, and nothing vanishes by mistake."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freshbridge.errors import ProviderDown
from freshbridge.freshdesk.client import FreshdeskClient
from freshbridge.lake.rows import Change
from freshbridge.sync.brake import Brake, brake_errors, brake_of
from freshbridge.sync.candidates import BATCH, may_be_archived
from freshbridge.sync.objects import OBJECTS
from freshbridge.sync.reconcile import MOST_KEPT, Reconciled, reconcile
from tests.fakes.memory_lake import EARLIER, MemoryLake
from tests.fakes.provider import FakeTransport, PagedList, empty_reply, json_reply

BEGAN = "2026-03-03T00:00:00.000000Z"
NOW = "2026-03-03T01:00:00.000000Z"
LONG_AGO = "2025-01-01T00:00:00Z"


def ticket(number: int, **fields: Any) -> dict[str, Any]:
    """A ticket of the day before."""
    return {"id": number, "status": 2, "updated_at": "2026-03-01T00:00:00Z", **fields}


class World:
    """A lake, an account, and who is told."""

    def __init__(self) -> None:
        self.lake = MemoryLake()
        self.provider = FakeTransport()
        self.told: list[Change] = []
        self.told_first: Callable[[Sequence[Change]], None] = self.told.extend
        self.client = FreshdeskClient(self.provider, "https://acme.freshdesk.com", "key")

    def answers(self, path: str, *answers: Any) -> None:
        """What the account says of a path."""
        self.provider.on("GET", f"/api/v2{path}", *answers)

    def gone(self, *numbers: int) -> None:
        """Tickets that are neither among the others nor archived."""
        for number in numbers:
            self.answers(f"/tickets/{number}", empty_reply(404))
            self.answers(f"/tickets/archived/{number}", empty_reply(404))

    def reconcile(
        self,
        object_name: str = "tickets",
        *,
        position: dict[str, Any] | None = None,
        may_go_on: Callable[[], bool] = lambda: True,
        brake: Brake | None = None,
        selected: tuple[str, ...] = (),
    ) -> Reconciled:
        """One invocation."""
        return reconcile(
            self.client,
            self.lake,
            "1",
            OBJECTS[object_name],
            run_id="run_1",
            began=BEGAN,
            position=position,
            may_go_on=may_go_on,
            now=lambda: NOW,
            tell=self.told_first,
            brake=brake,
            selected=selected,
        )


@pytest.fixture
def world() -> World:
    return World()


def test_each_record_that_no_list_showed_is_settled_by_one_call(world: World) -> None:
    world.lake.hold("tickets", [ticket(n) for n in range(1, 7)])
    world.lake.hold("tickets", [ticket(6)], seen_at=NOW)
    world.gone(1)
    world.answers("/tickets/2", json_reply(ticket(2, deleted=True)))
    world.answers("/tickets/3", json_reply(ticket(3, spam=True)))
    world.answers("/tickets/4", json_reply(ticket(4, status=3, updated_at="2026-03-02T00:00:00Z")))
    world.answers("/tickets/5", json_reply({"code": "access_denied"}, 403))

    done = world.reconcile()

    assert done.position is None
    assert done.candidates == 5
    assert done.verdicts == {"gone": 1, "deleted": 1, "spam": 1, "missed": 1, "kept": 1}
    assert not done.held_back
    assert world.lake.tombstones("tickets") == {"1": "gone", "2": "deleted", "3": "spam"}
    assert world.lake.live("tickets").keys() == {"4", "5", "6"}
    assert world.lake.live("tickets")["4"]["status"] == 3
    assert {(one.after.id, one.after.state.value) for one in world.told} == {
        ("1", "gone"), ("2", "deleted"), ("3", "spam"), ("4", "live"),
    }  # fmt: skip
    assert done.calls == 5


def test_a_tombstone_keeps_what_was_last_known(world: World) -> None:
    world.lake.hold("tickets", [ticket(1, subject="the last words")])
    world.gone(1)

    world.reconcile()

    (row,) = world.lake.rows("1", OBJECTS["tickets"], removed=True)
    assert row.record["subject"] == "the last words"
    assert row.run_id == "run_1"


def test_a_ticket_in_the_archive_is_there_and_is_asked_for_once_only(world: World) -> None:
    world.lake.hold("tickets", [ticket(1, status=5, updated_at=LONG_AGO)])
    world.answers("/tickets/1", empty_reply(404))
    world.answers("/tickets/archived/1", json_reply(ticket(1, status=5, updated_at=LONG_AGO)))

    first, second = world.reconcile(), world.reconcile()

    assert first.verdicts == {"archived": 1}
    assert world.lake.live("tickets")["1"]["archived"] is True
    asked = len(world.provider.requests)
    world.lake.hold("tickets", [world.lake.live("tickets")["1"]])
    later = reconcile(
        world.client, world.lake, "1", OBJECTS["tickets"], run_id="run_2", position=None,
        began="2026-04-01T00:00:00.000000Z", may_go_on=lambda: True, now=lambda: NOW,
    )  # fmt: skip
    assert (second.candidates, later.candidates) == (0, 1)
    assert later.verdicts == {"archived": 1}
    assert len(world.provider.requests) == asked == 2


def test_what_belonged_to_a_ticket_that_is_gone_goes_with_it(world: World) -> None:
    world.lake.hold("tickets", [ticket(1), ticket(2)])
    for number in (1, 2):
        below = [{"id": 10 + number, "ticket_id": number, "updated_at": LONG_AGO}]
        world.lake.hold("conversations", below)
        world.lake.hold("time_entries", below)
    world.gone(1)
    world.answers("/tickets/2", json_reply(ticket(2, deleted=True)))

    world.reconcile()

    assert world.lake.tombstones("conversations") == {"11": "gone"}
    # What has a list of its own is told there; conversations stay where they are not copied.
    assert world.lake.live("conversations").keys() == {"12"}
    assert world.lake.live("time_entries").keys() == {"12"}


def test_conversations_that_are_copied_go_with_a_ticket_in_the_trash(world: World) -> None:
    world.lake.hold("tickets", [ticket(1)])
    below = [{"id": 11, "ticket_id": 1, "updated_at": LONG_AGO}]
    world.lake.hold("conversations", below)
    world.lake.hold("time_entries", below)
    world.answers("/tickets/1", json_reply(ticket(1, deleted=True)))

    world.reconcile(selected=("tickets", "conversations"))

    assert world.lake.tombstones("tickets") == {"1": "deleted"}
    assert world.lake.tombstones("conversations") == {"11": "gone"}
    assert world.lake.live("time_entries").keys() == {"11"}


def test_contacts_and_companies_are_asked_for_under_their_own_addresses(world: World) -> None:
    world.lake.hold("contacts", [{"id": 1, "updated_at": LONG_AGO}, {"id": 2}])
    world.lake.hold("companies", [{"id": 3, "updated_at": LONG_AGO}])
    world.answers("/contacts/1", json_reply({"id": 1, "deleted": True, "updated_at": LONG_AGO}))
    world.answers("/contacts/2", empty_reply(404))
    world.answers("/companies/3", empty_reply(404))

    assert world.reconcile("contacts").verdicts == {"deleted": 1, "gone": 1}
    assert world.reconcile("companies").verdicts == {"gone": 1}
    assert world.lake.tombstones("contacts") == {"1": "deleted", "2": "gone"}
    assert world.lake.live("companies") == {}


@pytest.mark.parametrize("object_name", ["time_entries", "satisfaction_ratings"])
def test_what_has_no_address_of_its_own_is_asked_for_by_its_ticket(
    world: World, object_name: str
) -> None:
    rows = [{"id": n, "ticket_id": 7 if n < 4 else 8, "updated_at": LONG_AGO} for n in range(1, 6)]
    world.lake.hold(object_name, [*rows, {"id": 6, "ticket_id": 9, "updated_at": LONG_AGO}])
    world.answers(f"/tickets/7/{object_name}", PagedList([rows[0]]))
    world.answers(f"/tickets/8/{object_name}", empty_reply(404))
    world.answers(f"/tickets/9/{object_name}", empty_reply(403))

    done = world.reconcile(object_name)

    assert done.verdicts == {"missed": 1, "gone": 4, "kept": 1}
    assert world.lake.live(object_name).keys() == {"1", "6"}
    assert done.calls == 3


def test_what_is_read_whole_each_time_needs_no_call(world: World) -> None:
    world.lake.hold("groups", [{"id": 1}, {"id": 2}])
    world.lake.hold("groups", [{"id": 2}], seen_at=NOW)

    done = world.reconcile("groups")

    assert (done.verdicts, done.calls) == ({"gone": 1}, 0)
    assert world.lake.tombstones("groups") == {"1": "gone"}
    assert world.provider.requests == []


def test_conversations_are_settled_with_their_tickets(world: World) -> None:
    world.lake.hold("conversations", [{"id": 1, "ticket_id": 7, "updated_at": LONG_AGO}])

    assert world.reconcile("conversations") == Reconciled(None)
    assert world.lake.live("conversations").keys() == {"1"}


# ------------------------------------------------------------------------------- the brake


def test_where_too_many_would_vanish_nothing_does_and_nothing_is_asked(world: World) -> None:
    world.lake.hold("tickets", [ticket(n) for n in range(1, 12)])
    world.lake.hold("tickets", [ticket(n) for n in range(6, 12)], seen_at=NOW)

    held = world.reconcile(brake=Brake(rows=4, share=0.05))

    assert (held.position, held.held_back, held.candidates) == (None, 5, 5)
    assert (world.provider.requests, world.told) == ([], [])
    assert len(world.lake.live("tickets")) == 11


def test_a_person_may_let_them_go(world: World) -> None:
    world.lake.hold("groups", [{"id": n} for n in range(1, 6)])

    held = world.reconcile("groups", brake=Brake(rows=4))
    done = world.reconcile("groups", brake=Brake(rows=4, released=True))

    assert (held.held_back, done.held_back) == (5, 0)
    assert done.verdicts == {"gone": 5}


def test_tickets_that_may_be_archived_stop_nothing_until_they_turn_out_to_be_gone(
    world: World,
) -> None:
    world.lake.hold("tickets", [ticket(n, status=5, updated_at=LONG_AGO) for n in range(1, 9)])
    world.gone(*range(1, 9))

    held = world.reconcile(brake=Brake(rows=3, share=0.0))

    assert held.position is None
    assert held.held_back == 4
    assert len(world.lake.tombstones("tickets")) == 4
    assert len(world.lake.live("tickets")) == 4


@pytest.mark.parametrize(
    ("brake", "vanishing", "held", "holds"),
    [
        (Brake(), 1000, 1000, False),
        (Brake(), 1001, 10_000, True),
        (Brake(), 1001, 20_020, False),
        (Brake(), 1002, 20_020, True),
        (Brake(released=True), 10**6, 10**6, False),
        (Brake(rows=0, share=0.0), 1, 100, True),
    ],
)
def test_both_the_number_and_the_share_must_be_passed(
    brake: Brake, vanishing: int, held: int, *, holds: bool
) -> None:
    assert brake.holds(vanishing, held) is holds


def test_the_brake_is_the_objects_own() -> None:
    config = {"sync": {"tickets": {"most_removed": 5, "most_removed_share": 0.5}}}
    assert brake_of(config, "tickets") == Brake(5, 0.5)
    assert brake_of(config, "contacts") == brake_of({}, "tickets") == Brake()
    # Somebody lets go what is missing by one run, not for good.
    assert not brake_of({"sync": {"groups": {"release_removals": True}}}, "groups").released
    assert brake_of({}, "groups", released=True).released
    wrong = {"most_removed": -1, "most_removed_share": 2}
    assert [name for name, _ in brake_errors(wrong)] == list(wrong)
    assert brake_of({"sync": {"groups": wrong}}, "groups") == Brake()
    assert brake_errors({"most_removed": 0, "most_removed_share": 1}) == []


# ------------------------------------------------------------------------ pieces and deaths


def test_a_key_that_may_see_nothing_is_not_asked_for_ever(world: World) -> None:
    number = MOST_KEPT + 20
    world.lake.hold("tickets", [ticket(n) for n in range(1, number + 1)])
    for n in range(1, number + 1):
        world.answers(f"/tickets/{n}", empty_reply(403))

    done = world.reconcile()

    assert done.unsettled
    assert len(world.provider.requests) < number
    assert len(world.lake.live("tickets")) == number


def test_what_was_found_out_before_the_provider_failed_is_kept(world: World) -> None:
    world.lake.hold("tickets", [ticket(1), ticket(2)])
    world.gone(1)
    world.answers("/tickets/2", empty_reply(503), json_reply(ticket(2)))

    with pytest.raises(ProviderDown):
        world.reconcile()
    asked = len(world.provider.requests)
    done = world.reconcile()

    assert world.lake.tombstones("tickets") == {"1": "gone"}
    assert done.verdicts == {"missed": 1}
    assert len(world.provider.requests) == asked + 1


@settings(max_examples=30, deadline=None)
@given(
    fates=st.lists(st.sampled_from(["listed", "gone", "deleted", "live", "refused"]), max_size=12),
    pieces=st.lists(st.integers(1, 4), max_size=6),
)
def test_however_the_work_is_cut_each_candidate_is_settled_once(
    fates: Sequence[str], pieces: Iterable[int]
) -> None:
    world = World()
    world.lake.hold("tickets", [ticket(n) for n in range(1, len(fates) + 1)])
    for n, fate in enumerate(fates, start=1):
        if fate == "listed":
            world.lake.hold("tickets", [ticket(n)], seen_at=NOW)
        _let(world, n, fate)
    turns = iter(pieces)
    position: dict[str, Any] | None = None
    done = Reconciled({})
    while done.position is not None:
        left = [next(turns, 100)]

        def may_go_on(left: list[int] = left) -> bool:
            left[0] -= 1
            return left[0] > 0

        done = world.reconcile(position=position, may_go_on=may_go_on)
        position = done.position

    wanted = [fate for fate in fates if fate != "listed"]
    assert done.candidates == len(wanted)
    assert sum(done.verdicts.values()) == len(wanted)
    assert _named(done.verdicts) == {fate: wanted.count(fate) for fate in wanted}
    live = {str(n) for n, fate in enumerate(fates, start=1) if fate not in ("gone", "deleted")}
    assert world.lake.live("tickets").keys() == live
    for path in {request.path for request in world.provider.requests}:
        assert len(world.provider.sent("GET", path)) == 1


def _let(world: World, number: int, fate: str) -> None:
    if fate == "gone":
        world.gone(number)
    elif fate == "refused":
        world.answers(f"/tickets/{number}", empty_reply(403))
    else:
        world.answers(f"/tickets/{number}", json_reply(ticket(number, deleted=fate == "deleted")))


def _named(verdicts: Mapping[str, int]) -> dict[str, int]:
    names = {"missed": "live", "kept": "refused"}
    return {names.get(str(name), str(name)): count for name, count in verdicts.items()}


def test_a_record_seen_again_meanwhile_is_no_candidate_any_more(world: World) -> None:
    world.lake.hold("tickets", [ticket(1), ticket(2)])
    world.gone(1, 2)

    first = world.reconcile(may_go_on=lambda: False)
    world.lake.hold("tickets", [ticket(2)], seen_at=NOW)
    done = world.reconcile(position=first.position)

    assert done.verdicts == {"gone": 1}
    assert world.lake.live("tickets").keys() == {"2"}
    assert EARLIER < BEGAN


def test_very_many_are_settled_in_pieces_that_are_kept_as_they_come(world: World) -> None:
    number = BATCH + 5
    world.lake.hold("groups", [{"id": n} for n in range(1, number + 1)])
    entries = [{"id": n, "ticket_id": n % 3 + 1, "updated_at": LONG_AGO} for n in range(1, number)]
    world.lake.hold("time_entries", entries)
    for ticket_id in (1, 2, 3):
        world.answers(f"/tickets/{ticket_id}/time_entries", PagedList([]))

    assert world.reconcile("groups").verdicts == {"gone": number}
    assert world.reconcile("time_entries").verdicts == {"gone": number - 1}

    assert world.lake.live("groups") == world.lake.live("time_entries") == {}
    written = [key for key in world.lake.files.asked("write") if "/groups/removed/" in key]
    assert len(written) > 1


def test_a_closed_ticket_without_a_time_may_not_be_archived(world: World) -> None:
    world.lake.hold("tickets", [{"id": 1, "status": 5}])
    (row,) = world.lake.rows("1", OBJECTS["tickets"])
    assert not may_be_archived(row, NOW)


def test_a_record_that_cannot_be_kept_is_the_provider_s_failure(world: World) -> None:
    world.lake.hold("tickets", [ticket(1)])
    world.answers("/tickets/1", json_reply({"id": 1, "updated_at": "yesterday"}))
    with pytest.raises(ProviderDown, match="no time"):
        world.reconcile()


def test_conversations_that_come_while_their_ticket_is_removed_go_with_it(world: World) -> None:
    # Given conversations that another worker writes between the removal of those held and the
    # ticket's, as seen later than the ticket was asked for
    world.lake.hold("tickets", [ticket(1), ticket(2)])
    late = {"id": 11, "ticket_id": 1, "updated_at": LONG_AGO}
    logged = {"id": 12, "ticket_id": 2, "updated_at": LONG_AGO}
    world.gone(1)
    world.answers("/tickets/2", json_reply(ticket(2, deleted=True)))

    def meanwhile(changes: Sequence[Change]) -> None:
        world.told += changes
        world.lake.hold("conversations", [late], seen_at="2026-03-03T01:00:01.000000Z")
        world.lake.hold("time_entries", [logged], seen_at="2026-03-03T01:00:01.000000Z")

    world.told_first = meanwhile
    world.reconcile(selected=("tickets", "conversations", "time_entries"))

    assert world.lake.tombstones("tickets") == {"1": "gone", "2": "deleted"}
    assert world.lake.tombstones("conversations") == {"11": "gone"}
    # What has a list of its own stays with a ticket that may come back.
    assert world.lake.live("time_entries").keys() == {"12"}
