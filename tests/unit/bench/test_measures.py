"""The arithmetic of the comparison: shares of the allowed rate, effects, percentiles."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import measures
from bench.measures import Effects, Window
from bench.rates import Rates

RATES = Rates(total=100, window_s=5.0)


def windows(*calls: int, first_at: float = 0.0, last_at: float = 4.99) -> list[Window]:
    """Consecutive windows of 5 s, each called from its second `first_at` to `last_at`."""
    return [
        Window(5.0 * number, count, 5.0 * number + first_at, 5.0 * number + last_at)
        for number, count in enumerate(calls)
        if count
    ]


def stats_of(found: list[Window], **endpoints: tuple[int, int, int]) -> dict[str, Any]:
    """Statistics as the simulator shows them; an endpoint is (credits, throttled, blocked)."""
    shown = [
        {
            "begins": one.begins,
            "credits": one.calls,
            "throttled": 0,
            "first_at": one.first_at,
            "last_at": one.last_at,
        }
        for one in found
    ]
    return {
        "windows": shown,
        "endpoints": {
            name: {"credits": credits, "throttled": throttled, "calls_while_blocked": blocked}
            for name, (credits, throttled, blocked) in endpoints.items()
        },
    }


def test_half_the_allowed_rate_is_half() -> None:
    found = windows(50, 50, 50, 50)

    assert measures.utilisation(found, 100, 5.0) == pytest.approx(200 / (100 * 19.99 / 5))
    assert measures.steady_utilisation(found, 100, 5.0) == pytest.approx(0.5)


def test_a_window_that_saw_no_call_counts_as_one_that_was_not_used() -> None:
    assert measures.steady_utilisation(windows(100, 0, 100, 100), 100, 5.0) == pytest.approx(0.5)


def test_the_first_and_last_window_do_not_spoil_the_steady_share() -> None:
    found = windows(3, 100, 100, 7)

    assert measures.steady_utilisation(found, 100, 5.0) == 1.0
    assert measures.utilisation(found, 100, 5.0) < 0.6


@pytest.mark.parametrize("found", [[], windows(10), windows(10, 10)])
def test_no_whole_window_is_no_steady_share(found: list[Window]) -> None:
    assert measures.steady_utilisation(found, 100, 5.0) is None


def test_nothing_sent_used_nothing() -> None:
    assert measures.utilisation([], 100, 5.0) == 0.0
    assert measures.duration_s([]) == 0.0


def test_what_another_client_used_was_not_there_to_be_used() -> None:
    # 30 of each window's 100 are somebody else's, and all of the rest is ours
    found = windows(100, 100, 100, 100)

    assert measures.steady_utilisation(found, 100, 5.0, others=120) == pytest.approx(1.0)
    halved = windows(65, 65, 65, 65)
    assert measures.steady_utilisation(halved, 100, 5.0, others=120) == pytest.approx(0.5)


@given(
    calls=st.lists(st.integers(0, 100), min_size=1, max_size=30),
    first=st.floats(0, 2),
    last=st.floats(2, 4.99),
)
def test_a_share_is_between_none_and_all(calls: list[int], first: float, last: float) -> None:
    found = windows(*calls, first_at=first, last_at=last)

    assert 0 <= measures.utilisation(found, 100, 5.0) <= 1
    steady = measures.steady_utilisation(found, 100, 5.0)
    assert steady is None or 0 <= steady <= 1


@given(count=st.integers(3, 60), share=st.floats(0.05, 1))
def test_calls_evenly_paced_at_a_share_of_the_rate_come_out_as_that_share(
    count: int, share: float
) -> None:
    # Given calls at exactly `share` of 20 a second
    times = [number / (20 * share) for number in range(count * 20)]
    by_window = Counter(int(at // 5) for at in times)
    found = [
        Window(
            5.0 * number,
            calls,
            min(at for at in times if at // 5 == number),
            max(at for at in times if at // 5 == number),
        )
        for number, calls in sorted(by_window.items())
    ]

    # Then that is what is measured, but for the one call by which a row of fence posts is longer
    measured = measures.utilisation(found, 100, 5.0)
    assert measured == pytest.approx(share, rel=1.1 / len(times) + 1e-9)


def test_the_figures_are_those_of_the_one_who_is_measured() -> None:
    stats = stats_of(
        windows(70, 100, 100, 60), create=(240, 6, 2), read=(10, 0, 0), outside=(80, 90, 50)
    )

    found = measures.figures(stats, RATES, of_others=["outside"])

    assert (found["calls"], found["throttled"], found["calls_while_blocked"]) == (250, 6, 2)
    assert found["throttled_share"] == pytest.approx(6 / 256)
    assert found["utilisation"] == pytest.approx(250 / (100 * 19.99 / 5 - 80))
    assert found["duration"] == pytest.approx(19.99)


def test_windows_are_read_in_order_and_without_those_that_let_nothing_through() -> None:
    stats = stats_of(list(reversed(windows(1, 2))))
    refused = {"begins": 60.0, "credits": 0, "throttled": 9, "first_at": None, "last_at": None}
    stats["windows"].append(refused)

    assert [one.calls for one in measures.windows_of(stats)] == [1, 2]


def test_effects_tell_missing_tickets_from_surplus_ones() -> None:
    made = ["a", "b", "b", "b", "somebody else's"]

    assert measures.effects(["a", "b", "c"], made) == Effects(done=2, lost=1, duplicates=2)


@given(
    wanted=st.sets(st.integers(0, 50).map(str), max_size=30),
    made=st.lists(st.integers(0, 60).map(str), max_size=80),
)
def test_every_ticket_and_every_message_is_accounted_for(wanted: set[str], made: list[str]) -> None:
    found = measures.effects(wanted, made)

    assert found.done + found.lost == len(wanted)
    assert found.done + found.duplicates == sum(one in wanted for one in made)


def test_percentiles_are_values_that_were_seen() -> None:
    values = [float(number) for number in range(1, 101)]

    assert measures.percentile(values, 0.5) == 50
    assert measures.percentile(values, 0.99) == 99
    assert measures.percentile([7.0], 0.99) == 7
    assert measures.percentile([], 0.5) is None


@given(values=st.lists(st.floats(0, 1e6), min_size=1), share=st.floats(0.01, 1))
def test_a_percentile_has_its_share_at_or_below_it(values: list[float], share: float) -> None:
    found = measures.percentile(values, share)

    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-6


def test_the_seconds_after_the_beginning_are_never_negative() -> None:
    # A record's time has whole seconds: it may seem older than the run
    times = ["2026-03-01T00:00:09Z", "2026-03-01T00:00:12Z"]

    assert measures.seconds_after(1772323210.5, times) == [0.0, 1.5]


def test_equal_numbers_are_told_once() -> None:
    assert measures.in_short([39, 60, 99, 99, 99, 4]) == "39 60 99x3 4"
    assert measures.in_short([]) == ""
