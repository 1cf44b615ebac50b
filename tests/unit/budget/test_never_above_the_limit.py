"""The budget's promise, in simulated time: no window sees too much, and almost none is wasted."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freshbridge.budget.ledger import Use
from freshbridge.budget.limits import Freshdesk
from tests.unit.budget.backlog import CREATE, LOOK_UP
from tests.unit.budget.world import EPOCH, Message, Queue, Windows, World, executor, freshdesk

# For thousands of the same calls, which counting the lines again and again would slow to a third.
no_cover = pytest.mark.no_cover


def made(world: World, limit: int, first: int = 2) -> float:
    """The share of the limit that full windows used, from the `first` on, the last left out."""
    begin, end = world.windows.number(EPOCH), world.windows.number(world.finished)
    full = [world.windows.allowed[k] for k in range(begin + first, end)]
    assert len(full) >= 5
    return sum(full) / len(full) / limit


def finish(world: World, queue: list[dict[str, int]], windows: int = 400) -> None:
    """Run until the queue is empty and its last call has its reply."""
    window_s = world.windows.window_s
    for _ in range(windows):
        if not queue:
            break
        world.run(world.now - EPOCH + window_s)
    assert not queue, "work stood still"
    world.run(world.now - EPOCH + window_s)


# The same examples each time: what a run finds must not depend on its luck.
@no_cover
@settings(max_examples=100, deadline=None, derandomize=True)
@given(data=st.data())
def test_no_window_ever_sees_more_than_its_limit(data: st.DataObject) -> None:
    """Any limits, alignment, skew, costs, batches, priorities, headers or none, dates or none."""
    window_s = data.draw(st.sampled_from([2.0, 5.0, 10.0, 60.0]), "window")
    total = data.draw(st.integers(3, 120), "total")
    limits = {"total": total, "ticket_create": data.draw(st.integers(1, total), "create")}
    windows = Windows(
        limits,
        window_s,
        phase=data.draw(st.floats(0, window_s), "phase"),
        tells=data.draw(st.booleans(), "headers"),
    )
    world = World(windows, data.draw(st.integers(0, 2**32), "seed"), dated=data.draw(st.booleans()))
    kinds = [{"total": 1}, {"total": 3}, CREATE]
    queue = [
        kinds[i] for i in data.draw(st.lists(st.integers(0, 2), min_size=20, max_size=200), "calls")
    ]
    provider = Freshdesk(limits=limits, window_s=window_s)
    for _ in range(data.draw(st.integers(1, 8), "processes")):
        skew = data.draw(st.floats(-2, 2), "skew")
        use = Use(
            within_s=data.draw(st.sampled_from([0.0, 1.0, 10.0, 40.0]), "within"),
            background=data.draw(st.booleans(), "background"),
            ahead=data.draw(st.integers(0, 9), "ahead"),
        )
        process = world.drain(
            world.ledger(provider, skew), queue, use,
            skew=skew, travel_s=min(1.0, window_s / 20), oversleep_s=0.3,
        )  # fmt: skip
        world.start(process, after=data.draw(st.floats(0, window_s), "after"))

    finish(world, queue)

    assert windows.throttled == 0
    for name, limit in limits.items():
        assert windows.most(name) <= limit


@no_cover
@settings(max_examples=40, deadline=None, derandomize=True)
@given(data=st.data())
def test_nor_where_endpoints_tell_the_accounts_limit_and_replies_are_lost(
    data: st.DataObject,
) -> None:
    """No limit is known at first, and some look like a plan's that the account does not have."""
    window_s = data.draw(st.sampled_from([5.0, 10.0, 60.0]), "window")
    total = data.draw(st.sampled_from([100, 160, 80, 120, 200, 280]), "total")
    limits = {"total": total}
    if data.draw(st.booleans(), "an endpoint with a limit of its own"):
        limits["ticket_create"] = data.draw(st.integers(50, total), "create")
    windows = Windows(limits, window_s, phase=data.draw(st.floats(0, window_s), "phase"))
    world = World(windows, data.draw(st.integers(0, 2**32), "seed"))
    dear = data.draw(st.sampled_from([0.03, 0.1, 0.3]), "share of look-ups")
    queue = [LOOK_UP if world.random.random() < dear else CREATE for _ in range(4 * total)]
    provider = Freshdesk(window_s=window_s)
    for _ in range(data.draw(st.integers(1, 8), "processes")):
        skew = data.draw(st.sampled_from([0.0, 0.05, -0.05, 2.0, -2.0]), "skew")
        use = Use(
            within_s=data.draw(st.sampled_from([1.0, 10.0]), "within"),
            ahead=data.draw(st.integers(0, 9), "ahead"),
        )
        process = world.drain(
            world.ledger(provider, skew), queue, use, skew=skew, oversleep_s=0.3,
            travel_s=min(1.0, window_s / 20), lost=data.draw(st.sampled_from([0.0, 0.1, 0.5])),
        )  # fmt: skip
        world.start(process, after=data.draw(st.floats(0, window_s), "after"))

    finish(world, queue)

    assert windows.throttled == 0
    for name, limit in limits.items():
        assert windows.most(name) <= limit


def test_a_call_that_costs_a_whole_window_has_its_turn() -> None:
    limits = {"total": 3}
    world = World(Windows(limits, 2.0, tells=False), dated=False)
    queue = [{"total": 3}, {"total": 1}, {"total": 3}]
    ledger = world.ledger(Freshdesk(limits=limits, window_s=2.0))
    world.start(world.drain(ledger, queue, Use(within_s=0.0), travel_s=0.1))

    finish(world, queue)

    assert world.windows.throttled == 0


@no_cover
@pytest.mark.parametrize(
    ("limits", "window_s", "within_s"),
    [({"total": 7}, 60.0, 0.0), ({"total": 9, "ticket_create": 1}, 5.0, 1.0)],
)
def test_work_goes_on_where_slots_are_scarce(
    limits: dict[str, int], window_s: float, within_s: float
) -> None:
    """Whoever comes back finds its slot, although promises were made that nobody came for."""
    world = World(Windows(limits, window_s), dated=False)
    kinds = [{"total": 1}, CREATE] if "ticket_create" in limits else [{"total": 1}]
    queue = [kinds[i % len(kinds)] for i in range(20)]
    for ahead in (1, 2):
        ledger = world.ledger(Freshdesk(limits=limits, window_s=window_s))
        use = Use(within_s=within_s, ahead=ahead)
        world.start(world.drain(ledger, queue, use, travel_s=0.2))

    finish(world, queue, windows=60)

    assert world.windows.throttled == 0


@no_cover
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("limit", "window_s", "calls"), [(100, 5.0, 1300), (400, 60.0, 4400)])
def test_a_steady_backlog_uses_97_percent(
    limit: int, window_s: float, calls: int, seed: int
) -> None:
    world = World(Windows({"total": limit}, window_s, phase=1.3), seed)
    queue = [{"total": 1} for _ in range(calls)]
    for i in range(20):
        skew = world.random.uniform(-2, 2) if i else 2.0
        ledger = world.ledger(freshdesk(limit, window_s), skew)
        world.start(world.drain(ledger, queue, Use(within_s=10), skew=skew, travel_s=0.1))

    finish(world, queue)

    assert world.windows.throttled == 0
    # Five windows may pass until clocks and windows are known sharply.
    assert made(world, limit, first=5) >= 0.97


@no_cover
@pytest.mark.parametrize(("limit", "window_s", "calls"), [(100, 5.0, 1500), (400, 60.0, 3000)])
def test_without_skew_nearly_all_is_used_from_the_start(
    limit: int, window_s: float, calls: int
) -> None:
    world = World(Windows({"total": limit}, window_s, phase=1.3))
    queue = [{"total": 1} for _ in range(calls)]
    for _ in range(5):
        ledger = world.ledger(freshdesk(limit, window_s))
        world.start(world.drain(ledger, queue, Use(within_s=10), travel_s=0.05))

    finish(world, queue)

    assert world.windows.throttled == 0
    assert calls / ((world.finished - EPOCH) * limit / window_s) >= 0.95
    assert made(world, limit) >= 0.97


def test_reservations_of_several_slots_cost_less_than_a_write_a_call() -> None:
    world = World(Windows({"total": 400}, 60.0, phase=7.0))
    queue = [{"total": 1} for _ in range(2000)]
    for _ in range(5):
        ledger = world.ledger(freshdesk(400, 60.0))
        world.start(world.drain(ledger, queue, Use(within_s=10, ahead=9), travel_s=0.05))

    finish(world, queue)

    assert world.store.writes < 0.6 * world.sent
    assert len(world.store.kept["https://acme.example"].text) < 1024, "more than one write unit"


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("limit", "window_s", "calls"), [(100, 5.0, 1000), (400, 60.0, 2200)])
def test_another_consumer_of_30_percent_is_yielded_to(
    limit: int, window_s: float, calls: int, seed: int
) -> None:
    world = World(Windows({"total": limit}, window_s, phase=1.3), seed)
    queue = [{"total": 1} for _ in range(calls)]
    world.start(world.outsider(0.3 * limit / window_s, {"total": 1}))
    for _ in range(8):
        ledger = world.ledger(freshdesk(limit, window_s))
        world.start(world.drain(ledger, queue, Use(within_s=10)))

    finish(world, queue)

    assert world.windows.throttled < 0.01 * world.sent
    assert made(world, limit) > 0.5, "yielded more than the other takes, noise and all"


def test_what_another_consumer_left_is_used_again_once_it_is_gone() -> None:
    world = World(Windows({"total": 100}, 5.0, phase=1.3))
    queue = [{"total": 1} for _ in range(3000)]
    visitor = world.outsider(6.0, {"total": 1})

    def until_a_minute_has_passed() -> object:
        while world.now < EPOCH + 60:
            yield next(visitor)

    world.start(until_a_minute_has_passed())  # type: ignore[arg-type]  # it yields waits
    for _ in range(8):
        ledger = world.ledger(freshdesk(100, 5.0))
        world.start(world.drain(ledger, queue, Use(within_s=10)))

    finish(world, queue)

    after = world.windows.number(EPOCH + 60) + 10
    last = world.windows.number(world.finished)
    assert last - after > 5
    assert sum(world.windows.allowed[k] for k in range(after, last)) >= 97 * (last - after)


def test_a_wrong_idea_of_where_windows_begin_is_given_up() -> None:
    """The provider's windows move by half a window in the middle of the run."""
    world = World(Windows({"total": 100}, 5.0, phase=1.3))
    queue = [{"total": 1} for _ in range(2500)]
    for _ in range(8):
        ledger = world.ledger(freshdesk(100, 5.0))
        world.start(world.drain(ledger, queue, Use(within_s=10)))

    world.run(40.0)
    world.windows.phase += 2.5
    finish(world, queue)

    assert world.windows.throttled < 0.02 * world.sent
    last = world.windows.number(world.finished)
    assert min(world.windows.allowed[k] for k in range(last - 5, last)) >= 95


@pytest.mark.parametrize(
    ("functions", "longest_s", "most"),
    [(5, 20.0, 2.2), (5, 5.0, 2.2), (2, 2.0, 2.2), (20, 3.0, 2.2)],
)
def test_a_backlog_is_received_about_twice_however_many_functions_take_it(
    functions: int, longest_s: float, most: float
) -> None:
    """A queue of 1500 calls against 160 a minute: ten minutes of work."""
    world = World(Windows({"total": 160}, 60.0, phase=1.7))
    messages = [Message({"total": 1}) for _ in range(1500)]
    queue, done = Queue(world, messages), list[Message]()
    for _ in range(functions):
        ledger = world.ledger(freshdesk(160, 60.0))
        world.start(executor(world, ledger, queue, done, longest_s=longest_s))

    world.run(720.0)

    assert len(done) == len(messages)
    assert world.windows.throttled == 0
    assert sum(message.receives for message in messages) / len(messages) < most
    assert max(message.receives for message in messages) <= 5
    assert made(world, 160) >= 0.97


def test_work_for_one_endpoint_does_not_hold_up_work_for_the_others() -> None:
    """A long line for ticket creation leaves the account's total mostly free."""
    limits = {"total": 400, "ticket_create": 80}
    world = World(Windows(limits, 60.0, phase=1.7))
    provider = Freshdesk(limits=limits, window_s=60.0)
    creates, notes = list[Message](), list[Message]()
    backlog = Queue(world, [Message(CREATE) for _ in range(800)])
    for _ in range(3):
        world.start(executor(world, world.ledger(provider), backlog, creates, longest_s=3))
    world.run(120.0)
    assert 100 < len(creates) < 300

    later = Queue(world, [Message({"total": 1}) for _ in range(100)])
    world.start(executor(world, world.ledger(provider), later, notes, longest_s=3))
    world.run(210.0)

    assert len(notes) == 100
    assert world.windows.throttled == 0
