"""One account's budget: priorities, lines, and what replies teach."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.budget.account import Account
from freshbridge.budget.bucket import Bucket, Rule
from freshbridge.budget.clock_offset import Moment
from freshbridge.budget.learning import Report
from freshbridge.budget.phase import Phase
from freshbridge.budget.reservation import Ask, AskAgain, Deferred, Granted

NOW = 1_800_000_000.0
RULES = {"total": Rule(100, 60.0), "ticket_create": Rule(50, 60.0)}
ONE = {"total": 1}
CREATE = {"ticket_create": 1, "total": 1}
OF_ALL: dict[str, object] = {"buckets": ("ticket_create", "total"), "whole": "total"}


def ask(charges: dict[str, int] | None = None, **changes: object) -> Ask:
    fields = {"charges": charges or ONE, "within_s": 1000.0, **changes}
    return Ask(**fields)  # type: ignore[arg-type]  # each test names the fields it means


def known(limit: int = 100, **changes: object) -> Account:
    """An account whose windows are known to begin at NOW, for the total only."""
    bucket = Bucket.of(Rule(limit, 60.0))
    fields = {"phase": Phase(60.0, NOW, 0.2, NOW), "told": True, **changes}
    return Account({"total": dataclasses.replace(bucket, **fields)})  # type: ignore[arg-type]  # as above


def take(account: Account, asked: Ask, at: float, times: int) -> tuple[Account, list[float]]:
    """Reserve one by one; returns when each slot begins."""
    slots = []
    for _ in range(times):
        account, outcome = account.reserve(asked, Moment(at, 0.01), RULES)
        assert isinstance(outcome, Granted), outcome
        slots.append(outcome.slots[0].begin)
    return account, slots


def report(at: float, **changes: object) -> Report:
    fields = {"buckets": ("total",), "cost": 1, "sent": at, "received": at + 0.2, **changes}
    return Report(**fields)  # type: ignore[arg-type]  # as above


def test_background_slots_are_spread_over_the_window_in_order() -> None:
    _, slots = take(known(), ask(), NOW + 1, 99)

    assert slots == sorted(slots)
    assert 0.2 <= slots[0] - NOW < 2
    assert 20 < slots[49] - NOW < 40
    assert slots[98] < NOW + 59


@given(at=st.floats(0, 120), doubt=st.floats(0, 5))
def test_a_slot_ends_before_a_late_call_could_be_counted_in_the_next_window(
    at: float, doubt: float
) -> None:
    """Windows begin at 0 to 0.2, 60 to 60.2, …; a call may travel for a second."""
    _, outcome = known(20).reserve(ask(), Moment(NOW + at, doubt), {"total": Rule(20, 60.0)})

    assert isinstance(outcome, Granted)
    (slot,) = outcome.slots
    number = (slot.begin - NOW) // 60
    assert slot.begin - doubt >= NOW + 60 * number + 0.2 - 1e-3
    assert slot.end + doubt + 1.0 <= NOW + 60 * (number + 1) + 1e-3


@given(at=st.floats(62, 178), doubt=st.floats(0, 5))
def test_every_window_that_may_count_an_interactive_call_has_it_granted(
    at: float, doubt: float
) -> None:
    """It goes at once, also where it is uncertain which of two windows it will be counted in."""
    account, outcome = known(20).reserve(ask(background=False), Moment(NOW + at, doubt), RULES)

    assert isinstance(outcome, Granted)
    (slot,) = outcome.slots
    assert slot.begin == NOW + at
    grants = account.buckets["total"].grants
    for number in range(4):
        begins, ends = NOW + 60 * number, NOW + 60 * (number + 1) + 0.2
        may_count = slot.begin - doubt < ends and slot.end + doubt + 1.0 > begins
        granted = grants.between(begins, ends - 0.2)
        assert granted or not may_count, f"window {number}"


def test_between_two_windows_an_interactive_call_needs_room_in_both() -> None:
    account, _ = take(known(3), ask(background=False), NOW + 30, 2)
    changed, outcome = account.reserve(ask(background=False), Moment(NOW + 58.99, 0.01), RULES)
    assert isinstance(outcome, Granted)
    assert outcome.slots[0].begin == NOW + 58.99

    _, outcome = changed.reserve(ask(background=False), Moment(NOW + 58.995, 0.01), RULES)

    assert isinstance(outcome, Granted)
    assert outcome.slots[0].begin >= NOW + 60.2
    _, slots = take(changed, ask(background=False), NOW + 61, 3)
    assert slots[1] == NOW + 61
    assert slots[2] >= NOW + 119, "the first one may have been counted here as well"


def test_the_hundredth_of_a_hundred_is_in_the_next_window() -> None:
    _, slots = take(known(), ask(), NOW + 1, 100)

    assert slots[98] < NOW + 60 < slots[99]


def test_a_batch_gets_several_slots_with_one_reservation() -> None:
    _, outcome = known().reserve(ask(count=8), Moment(NOW + 1), RULES)

    assert isinstance(outcome, Granted)
    begins = [slot.begin for slot in outcome.slots]
    assert len(begins) == 8
    assert begins == sorted(begins)
    assert begins[-1] - begins[0] <= 3.0, "none lies further away than its holder may be gone"


def test_background_work_leaves_a_share_free_that_interactive_calls_use() -> None:
    account, _ = take(known(), ask(share=0.2), NOW + 6, 18)
    before = NOW + 6
    while True:
        account, outcome = account.reserve(
            ask(share=0.2, within_s=0, returning=True), Moment(before, 0.01), RULES
        )
        if not isinstance(outcome, Granted):
            break

    _, slots = take(account, ask(background=False, within_s=0), before, 60)

    assert slots == [before] * 60


def test_the_interactive_share_is_used_by_background_work_in_the_end() -> None:
    _, slots = take(known(), ask(share=0.5), NOW + 1, 99)

    assert slots[98] < NOW + 60
    assert slots[60] > slots[0] + 25


def test_a_call_gets_the_slot_that_all_its_buckets_allow() -> None:
    account = Account(
        {
            "total": known().buckets["total"],
            "ticket_create": known(5).buckets["total"],
        }
    )
    account, slots = take(account, ask(CREATE, background=False), NOW + 1, 6)

    assert slots[4] < NOW + 60 < slots[5]
    assert account.buckets["total"].grants.since(NOW) == 6


def in_one_window(account: Account) -> int:
    """How many creations at a time get a slot while the total has 49 of 50 and knows no window."""
    _, outcome = account.reserve(
        ask(CREATE, background=False, within_s=30, count=60), Moment(NOW + 1, 0.01), RULES
    )
    assert isinstance(outcome, Granted)
    return len(outcome.slots)


def test_a_bucket_that_no_reply_speaks_of_borrows_where_windows_begin() -> None:
    """The total was used up in the window before; only the other bucket saw its end."""
    total = Bucket.of(RULES["total"])
    total = dataclasses.replace(total, grants=total.grants.add(NOW - 30, 90))
    create = dataclasses.replace(known(50).buckets["total"])

    borrowing = Account({"total": total, "ticket_create": create})
    assert in_one_window(borrowing) == 50

    contradicted = dataclasses.replace(total, misled=1)
    assert in_one_window(Account({"total": contradicted, "ticket_create": create})) == 9


def test_a_bucket_without_rule_or_limit_is_no_limit() -> None:
    account, outcome = Account().reserve(ask({"other": 1}, count=2), Moment(NOW), RULES)

    assert isinstance(outcome, Granted)
    assert len(outcome.slots) == 2
    assert account == Account()


def test_a_bucket_that_a_reply_names_is_learned() -> None:
    account = Account().observe(
        report(NOW, buckets=("other", "total"), limit=10, remaining=9), RULES
    )

    assert account.buckets["other"].limit == 10
    assert account.buckets["other"].told
    assert account.buckets["total"].limit == 100


def test_headers_speak_for_the_endpoints_own_bucket_only() -> None:
    account = Account().observe(
        report(NOW, buckets=("ticket_create", "total"), limit=80, remaining=70), RULES
    )

    assert account.buckets["ticket_create"].limit == 80
    assert account.buckets["total"].limit == 100
    assert account.buckets["total"].left is None


def test_numbers_of_a_bucket_that_is_not_known_are_nobody_elses() -> None:
    account = Account().observe(report(NOW, buckets=("other", "total"), remaining=3), RULES)

    assert account.buckets["total"].left is None


def test_a_limit_that_tells_the_plan_sets_what_was_only_assumed() -> None:
    implied = {"total": 400, "contact_list": 100}
    first = Account().observe(report(NOW, buckets=("ticket_create",), limit=160), RULES)
    assert first.told() == {"ticket_create": 160}

    assumed = first.assuming(implied, RULES)
    assert assumed.buckets["total"].limit == 400
    assert not assumed.buckets["total"].told

    told = assumed.observe(report(NOW, limit=300), RULES).assuming(implied, RULES)
    assert told.told() == {"ticket_create": 160, "total": 300}


def test_an_endpoint_that_tells_the_accounts_numbers_makes_nobody_suspect() -> None:
    """Its own bucket knows nothing of the calls to other endpoints that are counted with its."""
    account = known(told=False)
    asked = ask(CREATE, background=False)
    account, _ = take(account, asked, NOW + 1, 5)
    account, _ = take(account, ask({"total": 3}, background=False), NOW + 1, 10)

    told = report(NOW + 20, **OF_ALL, limit=100, remaining=65)
    heard = account.observe(told, RULES)

    assert [bucket.others.seen for bucket in heard.buckets.values()] == [0, 0]
    less = report(NOW + 21, **OF_ALL, limit=100, remaining=45)
    assert heard.observe(less, RULES).buckets["total"].others.seen == 20


def test_a_429_of_an_endpoint_that_tells_the_accounts_limit_stops_the_account() -> None:
    account = known(told=False).observe(report(NOW + 1, **OF_ALL, limit=100, remaining=9), RULES)

    refused = report(NOW + 2, **OF_ALL, limit=100, remaining=0, throttled=True, retry_after_s=7.0)
    blocked = account.observe(refused, RULES).buckets["total"].blocked_until

    assert blocked == pytest.approx(NOW + 9.2)


def test_without_knowing_windows_no_stretch_of_a_window_gets_more_than_the_limit() -> None:
    _, slots = take(Account(), ask(background=False, within_s=0), NOW, 99)
    assert slots == [NOW] * 99

    account = Account()
    account, _ = take(account, ask(background=False), NOW, 98)
    account, _ = account.reserve(ask(background=False), Moment(NOW, 2.0), RULES)
    _, outcome = account.reserve(ask(background=False), Moment(NOW + 50), RULES)
    assert isinstance(outcome, AskAgain)
    assert outcome.at > NOW + 50
    _, outcome = account.reserve(ask(background=False), Moment(NOW + 63), RULES)
    assert isinstance(outcome, Granted)
    # A window, a second of validity, one of travel, and two of somebody's skew at either end.
    assert outcome.slots[0].begin >= NOW + 60 + 1 + 1 + 4


def test_interactive_calls_that_must_wait_too_long_are_told_when_and_nothing_is_kept() -> None:
    account, _ = take(known(), ask(background=False), NOW + 1, 99)

    after, outcome = account.reserve(ask(background=False, within_s=5), Moment(NOW + 2), RULES)

    assert isinstance(outcome, Deferred)
    assert not outcome.in_line
    assert NOW + 60 < outcome.until < NOW + 61
    assert after.buckets["total"].line_until == 0.0


def deferred(account: Account, at: float, times: int) -> tuple[Account, list[float]]:
    places = []
    for _ in range(times):
        account, outcome = account.reserve(ask(within_s=5), Moment(at), RULES)
        assert isinstance(outcome, Deferred), outcome
        assert outcome.in_line
        places.append(outcome.until)
    return account, places


def test_a_backlog_is_sent_away_to_places_as_far_apart_as_the_limit_allows() -> None:
    account, _ = take(known(), ask(), NOW + 1, 99)

    _, places = deferred(account, NOW + 1, 300)

    assert min(places) > NOW + 58
    assert places[1:] == sorted(places[1:]), "the first comes within the head start of its line"
    # 300 of 99 a minute.
    assert places[-1] - places[0] == pytest.approx(299 / 99 * 60, rel=0.01)


def test_a_batch_gets_its_places_at_once_some_of_them_together() -> None:
    account, _ = take(known(), ask(), NOW + 1, 99)

    account, outcome = account.reserve(ask(within_s=5, count=10), Moment(NOW + 1), RULES)
    _, later = deferred(account, NOW + 1, 1)

    assert isinstance(outcome, Deferred)
    places = [outcome.until, *outcome.rest]
    assert len(places) == 10
    assert places == sorted(places)
    assert len(set(places)) == 5, "two within a second and a half"
    assert later[0] == pytest.approx(places[0] + 10 * 60 / 99)


def test_who_comes_back_in_vain_joins_a_line_that_begins_now() -> None:
    account, _ = take(known(), ask(), NOW + 1, 99)
    account, places = deferred(account, NOW + 1, 150)
    back = ask(within_s=2, returning=True)

    account, first = account.reserve(back, Moment(NOW + 20), RULES)
    _, second = account.reserve(back, Moment(NOW + 20), RULES)

    assert isinstance(first, Deferred)
    assert isinstance(second, Deferred)
    assert NOW + 59 < first.until < second.until < places[-1]


def test_another_lane_uses_its_share_ahead_of_a_long_line() -> None:
    """Ten thousand rows of a batch wait; two actions of a rule do not wait behind them."""
    account, _ = take(known(), ask(), NOW + 1, 99)
    account, places = deferred(account, NOW + 1, 300)
    rule = ask(within_s=2, lane="rule")

    account, first = account.reserve(rule, Moment(NOW + 2), RULES)
    account, second = account.reserve(rule, Moment(NOW + 2), RULES)
    _, row = account.reserve(ask(within_s=2), Moment(NOW + 2), RULES)

    assert isinstance(first, Deferred)
    assert isinstance(second, Deferred)
    assert isinstance(row, Deferred)
    assert first.until < NOW + 62
    # A fifth of 99 a minute.
    assert second.until - first.until == pytest.approx(5 * 60 / 99)
    assert row.until > places[-1], "the rule's calls have pushed the line on"


def test_a_lane_that_is_used_up_joins_the_line_of_all() -> None:
    account, _ = take(known(), ask(), NOW + 1, 99)
    account, places = deferred(account, NOW + 1, 100)
    rule = ask(within_s=2, lane="rule")

    found = []
    for _ in range(60):
        account, outcome = account.reserve(rule, Moment(NOW + 2), RULES)
        assert isinstance(outcome, Deferred)
        found.append(outcome.until)

    assert found == sorted(found)
    assert places[-1] < found[-1] < places[-1] + 61 * 60 / 99, "no later than without lanes"


def test_a_slot_that_was_taken_past_a_line_is_of_the_lanes_share() -> None:
    bucket = dataclasses.replace(
        known().buckets["total"], line_until=NOW + 600, lanes={"": NOW + 600}
    )
    account = Account({"total": bucket})
    account, _ = take(account, ask(background=False), NOW + 30, 45)
    rule = ask(within_s=2, lane="rule", count=2)

    account, first = account.reserve(rule, Moment(NOW + 30), RULES)
    _, second = account.reserve(rule, Moment(NOW + 30), RULES)
    _, row = account.reserve(ask(within_s=2), Moment(NOW + 30), RULES)

    assert isinstance(first, Granted)
    assert len(first.slots) == 2
    assert account.buckets["total"].lanes["rule"] == pytest.approx(NOW + 30 + 2 * 5 * 60 / 99)
    assert isinstance(second, Deferred)
    assert isinstance(row, Deferred)


def test_new_work_joins_the_line_and_returning_work_goes_first() -> None:
    account, _ = take(known(), ask(), NOW + 1, 99)
    account, places = deferred(account, NOW + 1, 150)
    used, _ = take(account, ask(returning=True), NOW + 61, 12)

    _, newcomer = used.reserve(ask(within_s=5), Moment(NOW + 62), RULES)
    assert isinstance(newcomer, Deferred)
    assert newcomer.until > places[-1]

    _, returning = used.reserve(ask(within_s=5, returning=True), Moment(NOW + 62), RULES)
    assert isinstance(returning, Granted)


def test_slots_that_those_in_line_leave_unused_are_for_anybody() -> None:
    account, _ = take(known(), ask(), NOW + 1, 99)
    account, _ = deferred(account, NOW + 1, 150)

    _, newcomer = account.reserve(ask(within_s=5), Moment(NOW + 90), RULES)

    assert isinstance(newcomer, Granted)


def test_no_place_lies_further_away_than_a_message_can_be_hidden() -> None:
    bucket = dataclasses.replace(
        known().buckets["total"], line_until=NOW + 90_000, lanes={"": NOW + 90_000}
    )

    _, outcome = Account({"total": bucket}).reserve(ask(within_s=5), Moment(NOW + 1), RULES)

    assert isinstance(outcome, Deferred)
    assert outcome.until - NOW < 43_200 - 900


def test_a_429_blocks_until_retry_after_and_lowers_the_limit_to_what_was_seen() -> None:
    account, _ = take(known(), ask(background=False), NOW + 1, 60)

    account = account.observe(report(NOW + 2, throttled=True, retry_after_s=30, limit=100), RULES)

    _, outcome = account.reserve(ask(background=False), Moment(NOW + 5), RULES)
    assert isinstance(outcome, Granted)
    assert NOW + 32 <= outcome.slots[0].begin < NOW + 61
    assert account.buckets["total"].usable(NOW + 3) == 59


def test_after_a_429_half_is_left_at_least_and_a_tenth_comes_back_a_window() -> None:
    account, _ = take(known(), ask(background=False), NOW + 1, 40)
    bucket = account.observe(
        report(NOW + 2, throttled=True, retry_after_s=30, limit=100), RULES
    ).buckets["total"]

    usable = [bucket.usable(NOW + 3 + 60 * k) for k in range(8)]

    assert usable == [49.5, 59.5, 69.5, 79.5, 89.5, 99, 99, 99]


def test_replies_to_calls_sent_before_a_block_was_known_do_not_lower_it_again() -> None:
    account, _ = take(known(), ask(background=False), NOW + 1, 60)
    refusal = report(NOW + 2, throttled=True, retry_after_s=30, limit=100)

    once = account.observe(refusal, RULES)
    twice = once.observe(dataclasses.replace(refusal, received=NOW + 9), RULES)

    assert twice.buckets["total"].ceiling == once.buckets["total"].ceiling
    assert twice.buckets["total"].blocked_until == once.buckets["total"].blocked_until


def test_a_limit_never_falls_to_nothing() -> None:
    account = known()
    for k in range(5):
        account = account.observe(report(NOW + 100 * k, throttled=True, retry_after_s=1), RULES)

    assert account.buckets["total"].usable(NOW + 401) >= 5


@pytest.mark.parametrize(
    ("limit", "blocked"),
    [
        (80, {"ticket_create"}),
        (100, {"total"}),
        (None, {"ticket_create", "total"}),
        (7, {"ticket_create", "total"}),
    ],
)
def test_a_429_speaks_for_the_bucket_whose_limit_it_names(
    limit: int | None, blocked: set[str]
) -> None:
    account = Account(
        {"total": known(100).buckets["total"], "ticket_create": known(80).buckets["total"]}
    )

    account = account.observe(
        report(
            NOW + 5, buckets=("ticket_create", "total"), limit=limit, remaining=0,
            throttled=True, retry_after_s=20,
        ),
        RULES,
    )  # fmt: skip

    assert {n for n, b in account.buckets.items() if b.blocked_until > NOW} == blocked


def test_a_429_with_a_limit_that_is_not_the_endpoints_is_the_accounts() -> None:
    own = known(160).buckets["total"]
    account = Account({"ticket_create": own}).observe(
        report(
            NOW + 5, buckets=("ticket_create", "total"), limit=90, remaining=0,
            throttled=True, retry_after_s=20,
        ),
        RULES,
    )  # fmt: skip

    assert account.buckets["total"].limit == 90
    assert account.buckets["total"].blocked_until > NOW
    assert account.buckets["ticket_create"].limit == 160
    assert account.buckets["ticket_create"].blocked_until == 0


def test_a_429_without_retry_after_waits_for_the_window_or_a_part_of_it() -> None:
    in_known = known().observe(report(NOW + 5, throttled=True), RULES)
    assert NOW + 60 < in_known.buckets["total"].blocked_until < NOW + 61

    unknown = Account().observe(report(NOW + 5, throttled=True), RULES)
    assert unknown.buckets["total"].blocked_until == pytest.approx(NOW + 5.2 + 15)


def test_retry_after_tells_where_the_window_ends() -> None:
    account = Account().observe(report(NOW + 5, throttled=True, retry_after_s=20), RULES)

    phase = account.buckets["total"].phase
    assert phase is not None
    assert phase.low == pytest.approx(NOW + 24)
    assert phase.width == pytest.approx(1.2)


def test_a_longer_retry_after_than_a_window_tells_nothing_of_its_end() -> None:
    account = Account().observe(report(NOW + 5, throttled=True, retry_after_s=500), RULES)

    assert account.buckets["total"].phase is None


def test_others_use_is_seen_in_what_is_left_and_left_to_them() -> None:
    account, _ = take(known(), ask(background=False), NOW + 1, 20)

    account = account.observe(report(NOW + 30, limit=100, remaining=40), RULES)

    assert account.buckets["total"].others.seen == 40
    _, slots = take(account, ask(background=False), NOW + 31, 2)
    assert slots[1] > NOW + 60, "as many again are expected in the window's second half"


def test_our_own_calls_are_not_taken_for_anothers() -> None:
    account, _ = take(known(), ask(background=False), NOW + 1, 60)

    account = account.observe(report(NOW + 2, limit=100, remaining=40), RULES)

    assert account.buckets["total"].others.seen == 0


def test_which_window_a_reply_was_counted_in_must_be_certain() -> None:
    account = known().observe(report(NOW + 59.9, limit=100, remaining=10), RULES)

    assert account.buckets["total"].others.seen == 0


def test_a_reply_of_a_window_long_past_changes_nothing_of_the_present_one() -> None:
    account = known().observe(report(NOW + 90, limit=100, remaining=90), RULES)
    late = account.observe(report(NOW + 30, limit=100, remaining=10), RULES)

    assert late.buckets["total"].others == account.buckets["total"].others


def test_replies_of_two_processes_show_a_reset_whichever_is_reported_first() -> None:
    low, high = report(NOW, limit=100, remaining=3), report(NOW + 4, limit=100, remaining=97)

    for order in ([low, high], [high, low]):
        account = Account()
        for one in order:
            account = account.observe(one, RULES)
        phase = account.buckets["total"].phase
        assert phase is not None
        assert phase.low == NOW
        assert phase.width == pytest.approx(4.2)


def test_without_windows_no_more_is_granted_than_was_left() -> None:
    account = Account().observe(report(NOW, limit=100, remaining=3), RULES)

    account, slots = take(account, ask(background=False), NOW + 2, 3)
    assert slots == [NOW + 2] * 3
    _, outcome = account.reserve(ask(background=False), Moment(NOW + 2), RULES)
    assert isinstance(outcome, AskAgain)


def test_slots_given_back_are_free_again() -> None:
    account, outcome = known(10).reserve(ask(background=False, count=10), Moment(NOW + 1), RULES)
    assert isinstance(outcome, Granted)

    account = account.give_back(ONE, list(outcome.slots[2:]))

    _, slots = take(account, ask(background=False), NOW + 2, 8)
    assert slots[-1] < NOW + 60


def test_a_process_whose_clock_is_too_doubtful_for_the_windows_counts_without_them() -> None:
    bucket = dataclasses.replace(
        Bucket.of(Rule(100, 5.0)), phase=Phase(5.0, NOW, 0.2, NOW), told=True
    )
    rules = {"total": Rule(100, 5.0)}
    account, sure = Account({"total": bucket}).reserve(ask(), Moment(NOW + 1, 0.1), rules)
    after, doubtful = account.reserve(ask(), Moment(NOW + 1, 2.0), rules)

    assert account.buckets["total"].loose_until == 0.0
    assert isinstance(sure, Granted)
    assert isinstance(doubtful, Granted)
    assert after.buckets["total"].loose_until > NOW


def test_a_line_of_reservations_is_no_longer_than_six_windows() -> None:
    account, slots = take(known(1), ask(background=False), NOW + 1, 6)
    assert [int((slot - NOW) // 60) for slot in slots] == [0, 1, 2, 3, 4, 5]

    _, outcome = account.reserve(ask(background=False), Moment(NOW + 1), RULES)

    assert isinstance(outcome, Deferred)
    assert outcome.until > NOW + 360


def test_a_call_that_costs_more_than_the_limit_is_sent_alone() -> None:
    _, slots = take(known(5), ask({"total": 7}, background=False), NOW + 1, 2)

    assert slots[0] < NOW + 60 < slots[1]


@given(
    calls=st.lists(
        st.tuples(st.integers(1, 5), st.booleans(), st.floats(0, 200)), min_size=1, max_size=30
    ),
    left=st.integers(0, 100),
)
def test_the_state_survives_being_written_and_read(
    calls: list[tuple[int, bool, float]], left: int
) -> None:
    account = known()
    for cost, background, after in calls:
        charges = {"total": cost}
        account, _ = account.reserve(
            ask(charges, background=background, within_s=9), Moment(NOW + after), RULES
        )
    account = account.observe(report(NOW + 205, limit=100, remaining=left), RULES)

    text = account.to_text()

    assert Account.from_text(text, RULES).to_text() == text


@pytest.mark.parametrize(
    "text",
    ["", "[]", "null", '{"v":1,"buckets":{}}', '{"v":1,"buckets":{"total":[1]}}', '{"v":1}'],
)
def test_what_another_version_wrote_counts_as_nothing_known(text: str) -> None:
    assert Account.from_text(text, RULES) == Account()


def test_a_bucket_is_learned_anew_when_its_window_is_corrected() -> None:
    text = known().to_text()

    assert "total" in json.loads(text)["buckets"]
    assert Account.from_text(text, {"total": Rule(100, 5.0)}) == Account()
