"""Whatever leaves the contact list while it is read, every other change on it is heard of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.errors import InvalidRequest
from freshbridge.freshdesk.client import FreshdeskClient
from freshbridge.freshdesk.paging import Page
from freshbridge.sync.contact_walk import ContactWalk
from freshbridge.sync.cursor import Cursor
from freshbridge.sync.pull_contacts import pull_contacts
from tests import builders

BEFORE, AFTER = "2026-03-01T00:00:00Z", "2026-03-03T00:00:00Z"
SINCE = "2026-03-02T00:00:00Z"


class Listing:
    """Contacts by name, two on a page, of which some are deleted after each page."""

    def __init__(self, names: Sequence[str], deletions: Sequence[str | None] = ()) -> None:
        self.names = list(names)
        self.updated_at = AFTER
        self.pages: list[int] = []
        self.refused: set[str] = set()
        self._deletions = iter(deletions)

    def contacts(self, params: Mapping[str, Any], *, page: int) -> Iterator[Page]:
        """Serve one page, then delete one."""
        if self.refused & params.keys():
            raise InvalidRequest("Freshdesk refused the request")
        self.pages.append(page)
        shown = sorted(self.names)
        records = [{"id": n, "updated_at": self.updated_at} for n in shown[2 * page - 2 : 2 * page]]
        following = "https://acme.freshdesk.com/next" if 2 * page < len(shown) else None
        gone = next(self._deletions, None)
        if gone in self.names:
            self.names.remove(gone)
        yield Page(cast("list[dict[str, Any]]", records), page, following, None)


class Heard:
    """A watcher that remembers whom it was told of."""

    def __init__(self) -> None:
        self.ids: set[str] = set()
        self.finished = False

    def needs_all(self) -> bool:
        """Nothing is needed."""
        return False

    def begin(self) -> None:
        """Pages follow."""

    def page(self, records: Sequence[dict[str, Any]], _seen_at: str) -> None:
        """Remember them."""
        self.ids |= {record["id"] for record in records}

    def finish(self) -> None:
        """The last page is in."""
        self.finished = True

    def shown(self) -> dict[str, Any]:
        """Nothing."""
        return {}


class Kept:
    """Where a walk is kept."""

    def __init__(self, **walk: Any) -> None:
        self.kept: dict[str, Any] = walk

    def state(self, *_of: str) -> dict[str, Any]:
        """What was kept."""
        return self.kept

    def save(
        self, _instance: str, _name: str, _cursor: Cursor, *, progress: dict[str, Any]
    ) -> None:
        """Keep it."""
        self.kept = progress


def read(listing: Listing, kept: Kept, *, now: str = AFTER) -> Heard:
    """A whole walk, a page in each message."""
    heard = Heard()
    for _ in range(100):
        progress = pull_contacts(
            cast("FreshdeskClient", listing),
            builders.sync_work(object="contacts"),
            walks=kept,
            may_go_on=lambda: False,
            now=lambda: now,
            watcher=heard,
        )
        if progress.finished:
            return heard
    raise AssertionError("the walk does not end")


@given(
    names=st.sets(st.sampled_from("abcdefghijklmno"), max_size=12),
    deletions=st.lists(st.none() | st.sampled_from("abcdefghijklmno"), max_size=12),
)
def test_no_contact_is_missed_when_others_leave_the_list(
    names: set[str], deletions: list[str | None]
) -> None:
    listing = Listing(sorted(names), deletions)

    heard = read(listing, Kept(since=SINCE))

    assert set(listing.names) <= heard.ids
    assert heard.finished


def test_the_next_walk_asks_from_a_little_before_this_one_began() -> None:
    kept = Kept(since=SINCE)
    read(Listing("abc"), kept)
    assert ContactWalk.of(kept.kept) == ContactWalk("2026-03-02T23:55:00Z")

    read(Listing("abc"), kept, now="2026-03-02T00:00:00Z")
    assert kept.kept["since"] == "2026-03-02T23:55:00Z"


def test_the_first_walk_reads_each_page_once() -> None:
    listing = Listing("abcde")
    read(listing, Kept())
    assert listing.pages == [1, 2, 3]


@pytest.mark.parametrize("refused", [{"updated_since"}, set()])
def test_the_older_filter_is_asked_where_the_newer_is_refused_or_passed_over(
    refused: set[str],
) -> None:
    # Given an account that refuses the filter, or lists contacts of before it
    listing = Listing("abc")
    listing.refused = refused
    listing.updated_at = AFTER if refused else BEFORE
    kept = Kept(since=SINCE)

    # When it is read, everything is heard of all the same
    assert read(listing, kept).ids == set("abc")

    # Then the next walk asks by the older name at once
    assert kept.kept["asked_by"] == "_updated_since"


def test_an_account_that_refuses_both_filters_says_so() -> None:
    listing = Listing("abc")
    listing.refused = {"updated_since", "_updated_since"}
    with pytest.raises(InvalidRequest):
        read(listing, Kept(since=SINCE))
