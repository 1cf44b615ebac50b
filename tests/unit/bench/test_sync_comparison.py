"""A copy beside the account: what is missing, stale, too much or there twice."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bench.sync.comparison import Version, compare, live, version_of

VERSIONS = st.builds(
    Version, st.integers(0, 3), st.sampled_from(("a", "b")), st.just(2), st.integers(1, 2)
)
ACCOUNTS = st.dictionaries(st.integers(1, 12), VERSIONS)


def ticket(ticket_id: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "id": ticket_id,
        "updated_at": "2026-03-01T10:00:00Z",
        "subject": "Blank invoice",
        "status": 2,
        "priority": 1,
        "deleted": False,
        "spam": False,
        **more,
    }


@given(ACCOUNTS)
@settings(max_examples=30)
def test_a_copy_of_the_account_is_exact_in_any_order(account: dict[int, Version]) -> None:
    seen = compare(account, reversed(account.items()))

    assert seen.exact
    assert seen.held == len(account)


@given(ACCOUNTS, ACCOUNTS)
@settings(max_examples=50)
def test_every_difference_is_counted_once(
    account: dict[int, Version], copy: dict[int, Version]
) -> None:
    seen = compare(account, copy.items())

    same = sum(copy.get(one) == version for one, version in account.items())
    assert same + seen.missing + seen.stale == len(account)
    assert same + seen.stale + seen.extra == len(copy)
    assert seen.exact == (account == copy)


def test_surplus_rows_are_duplicates_and_the_last_one_counts() -> None:
    new, old = version_of(ticket(priority=4)), version_of(ticket(priority=1))

    seen = compare({1: new}, [(1, old), (1, new)])

    assert (seen.duplicates, seen.stale, seen.exact) == (1, 0, False)


def test_two_updates_in_one_second_are_told_apart() -> None:
    account = live([ticket(subject="Edited 1"), ticket(2)])

    seen = compare(account, [(1, version_of(ticket(subject="Blank"))), (2, version_of(ticket(2)))])

    assert seen.stale == 1


def test_one_moment_and_number_may_be_written_in_several_ways() -> None:
    tap = ticket(updated_at="2026-03-01T10:00:00.000000Z", priority=1.0, status=2.0)
    local_time = ticket(updated_at="2026-03-01T11:00:00+01:00")

    assert version_of(tap) == version_of(local_time) == version_of(ticket())


def test_trash_and_spam_are_not_what_a_list_shows() -> None:
    shown = live([ticket(1), ticket(2, deleted=True), ticket(3, spam=True)])

    assert set(shown) == {1}
