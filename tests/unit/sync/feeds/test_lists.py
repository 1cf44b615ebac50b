"""Whatever enters or leaves a list while it is walked, every record that stays is had."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freshbridge.errors import InvalidRequest
from freshbridge.freshdesk.client import FreshdeskClient
from freshbridge.freshdesk.paging import Page
from freshbridge.lake.rows import State
from freshbridge.sync.feeds import walk
from freshbridge.sync.feeds.catalogue import feeds_of
from freshbridge.sync.feeds.feed import BEGINNING, PageRead, Scope
from freshbridge.sync.feeds.lists import UPDATED, ListFeed, MembersFeed, snapshot
from freshbridge.sync.objects import OBJECTS

OLD, SINCE, NEW = "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z"
NOW = datetime(2026, 3, 4, tzinfo=UTC)
NAMES = "abcdefghijklmnopqrstuvwxyz"


@dataclass
class Listing:
    """Records by name, two on a page, of which some come and go before each page."""

    names: dict[str, str]
    moves: Iterator[tuple[str, str]] = field(default_factory=lambda: iter(()))
    told_time: datetime | None = NOW
    refused: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    asked: list[tuple[int, dict[str, str]]] = field(default_factory=list)

    @property
    def client(self) -> FreshdeskClient:
        """As the feeds see it."""
        return cast("FreshdeskClient", self)

    @property
    def pages(self) -> list[int]:
        """The page numbers asked for."""
        return [page for page, _ in self.asked]

    def contacts(self, asked: Mapping[str, str], *, page: int) -> Iterator[Page]:
        """Serve one page."""
        kind, name = next(self.moves, ("", ""))
        if kind == "leave":
            self.names.pop(name, None)
        elif kind in {"come", "change"}:
            self.names[name] = f"2026-03-03T00:00:{len(self.asked):02}Z"
        self.asked.append((page, dict(asked)))
        if self.refused & asked.keys():
            raise InvalidRequest("Freshdesk refused the request")
        since = max((asked[name] for name in asked if name not in self.ignored), default="")
        shown = [
            {"id": name, "updated_at": stamp}
            for name, stamp in sorted(self.names.items())
            if stamp >= since
        ]
        following = "https://acme.freshdesk.com/next" if 2 * page < len(shown) else None
        yield Page(shown[2 * page - 2 : 2 * page], page, following, None)


FEED = ListFeed(lambda client, asked, page: client.contacts(asked, page=page), filters=UPDATED)


def walked(
    feed: ListFeed | MembersFeed, listing: Listing, scope: Scope, *, twice: Sequence[bool] = ()
) -> tuple[dict[str, str], PageRead, int]:
    """What a whole reading had: the latest stamp of each name, the last page, the rows."""
    again = iter(twice)
    had: dict[str, str] = {}
    rows = 0
    position = feed.first(scope)
    for _ in range(500):
        kept = json.loads(json.dumps(position))
        if next(again, False):
            feed.read(listing.client, kept)
        page = feed.read(listing.client, kept)
        rows += len(page.records)
        had |= {record["id"]: record["updated_at"] for record in page.records}
        if page.position is None:
            return had, page, rows
        position = page.position
    raise AssertionError("the walk does not end")


@settings(max_examples=50)
@given(
    names=st.sets(st.sampled_from(NAMES), max_size=17),
    moves=st.lists(
        st.tuples(st.sampled_from(("", "leave", "come", "change")), st.sampled_from(NAMES)),
        max_size=25,
    ),
    repeats=st.lists(st.booleans(), max_size=20),
)
def test_no_record_is_missed_or_stale_after_a_walk_and_one_more(
    names: set[str], moves: list[tuple[str, str]], repeats: list[bool]
) -> None:
    listing = Listing(dict.fromkeys(names, OLD), iter(moves))

    had, last, _ = walked(FEED, listing, Scope(), twice=repeats)
    listing.moves = iter(())
    later, _, _ = walked(FEED, listing, Scope(SINCE))

    missing = listing.names.items() - (had | later).items()
    assert not missing or not last.stable
    assert all(stamp >= SINCE for stamp in later.values())
    if len(listing.asked) < 40:
        # A short list is walked until it stands still, but not for ever.
        assert missing == set()


@given(
    names=st.sets(st.sampled_from(NAMES), min_size=5),
    moves=st.lists(st.sampled_from(NAMES), max_size=12),
    kind=st.sampled_from(("leave", "come")),
)
def test_a_long_list_is_walked_up_and_down_once_and_misses_nothing_that_stays(
    names: set[str], moves: list[str], kind: str
) -> None:
    listing = Listing(dict.fromkeys(names, OLD), iter([(kind, name) for name in moves]))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(walk, "SHORT_PAGES", 0)
        had, _, _ = walked(FEED, listing, Scope())

    assert names & listing.names.keys() <= had.keys()
    top = max(listing.pages)
    assert listing.pages == [*range(1, top + 1), *range(top - 1, 0, -1)]


def test_a_walk_in_which_nothing_moved_gives_each_record_once_and_is_stable() -> None:
    listing = Listing(dict.fromkeys("abcdefg", OLD))

    had, last, rows = walked(FEED, listing, Scope())

    assert (set(had), rows, last.stable) == (set("abcdefg"), 7, True)
    assert listing.pages == [1, 2, 3, 4, 3, 2, 1]


def test_a_walk_that_never_stands_still_ends_and_says_so() -> None:
    moves = [("change", "abcdefgh"[turn % 8]) for turn in range(500)]
    listing = Listing(dict.fromkeys("abcdefgh", OLD), iter(moves))

    _, last, _ = walked(FEED, listing, Scope())

    assert not last.stable
    assert len(listing.asked) <= 3 * 7


def test_more_pages_than_prints_are_kept_of_are_read_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(walk, "_PRINTED_PAGES", 2)
    monkeypatch.setattr(walk, "SHORT_PAGES", 0)
    listing = Listing(dict.fromkeys("abcdefg", OLD))

    had, last, rows = walked(FEED, listing, Scope())

    assert set(had) == set("abcdefg")
    assert (rows, last.stable) == (7 + 2, False)


def test_the_next_walk_asks_from_a_little_before_this_one_began() -> None:
    _, last, _ = walked(FEED, Listing(dict.fromkeys("abc", NEW)), Scope(SINCE))
    assert last.mark == "2026-03-03T23:55:00Z"

    # Where the provider tells no time, what it showed first had come before.
    _, last, _ = walked(FEED, Listing(dict.fromkeys("abc", NEW), told_time=None), Scope(SINCE))
    assert last.mark == "2026-03-02T23:55:00Z"

    _, last, _ = walked(FEED, Listing({}, told_time=None), Scope(SINCE))
    assert last.mark == SINCE


def test_everything_is_asked_for_without_a_filter() -> None:
    listing = Listing(dict.fromkeys("abc", OLD))
    walked(FEED, listing, Scope(BEGINNING))
    assert [asked for _, asked in listing.asked] == [{}, {}, {}]


@pytest.mark.parametrize("way", ["refused", "ignored"])
def test_the_older_name_is_asked_where_the_newer_is_refused_or_passed_over(way: str) -> None:
    listing = Listing({"a": OLD, "b": NEW, "c": NEW, "d": NEW, "e": OLD})
    setattr(listing, way, frozenset({"updated_since"}))

    had, _, rows = walked(FEED, listing, Scope(SINCE))

    assert (set(had), rows) == (set("bcd"), 3)
    assert [list(asked) for _, asked in listing.asked] == [["updated_since"]] + [
        ["_updated_since"]
    ] * (len(listing.asked) - 1)


@pytest.mark.parametrize("way", ["refused", "ignored"])
def test_an_account_that_knows_no_filter_is_read_whole_and_gives_what_changed(way: str) -> None:
    listing = Listing({"a": OLD, "b": NEW, "c": NEW, "d": OLD})
    setattr(listing, way, frozenset(UPDATED))

    had, _, _ = walked(FEED, listing, Scope(SINCE))

    assert set(had) == set("bc")


def test_a_refusal_that_no_filter_is_to_blame_for_is_raised() -> None:
    listing = Listing(dict.fromkeys("abcdef", NEW))
    position = FEED.read(listing.client, FEED.first(Scope(SINCE))).position
    assert position is not None
    listing.refused = frozenset(UPDATED)
    with pytest.raises(InvalidRequest):
        FEED.read(listing.client, position)

    whole = snapshot(lambda client, page: client.contacts({"page": "x"}, page=page))
    listing.refused = frozenset({"page"})
    with pytest.raises(InvalidRequest):
        whole.read(listing.client, whole.first(Scope()))


def test_time_entries_are_asked_for_from_a_week_before_and_always_by_a_time() -> None:
    class Entries(Listing):
        """Takes the list's name."""

        def time_entries(self, asked: Mapping[str, str], *, page: int) -> Iterator[Page]:
            """Serve one page."""
            self.ignored = frozenset({"executed_after"})
            return self.contacts(asked, page=page)

    (feed,) = feeds_of(OBJECTS["time_entries"])
    listing = Entries({"a": OLD})
    feed.read(listing.client, feed.first(Scope()))
    page = feed.read(listing.client, feed.first(Scope("2026-03-09T00:00:00Z")))

    assert [asked for _, asked in listing.asked] == [
        {"executed_after": BEGINNING},
        {"executed_after": "2026-03-02T00:00:00Z"},
    ]
    assert [record["id"] for record in page.records] == ["a"]


def test_what_belongs_to_each_record_is_read_page_by_page() -> None:
    # Given a list of two, each with a list of its own of several pages
    inner = {1: Listing(dict.fromkeys("abc", OLD)), 2: Listing(dict.fromkeys("defgh", OLD))}
    links = ["https://acme.freshdesk.com/next", None]
    outer = snapshot(
        lambda _client, page: iter([Page([{"id": page}], page, links[page - 1], None)])
    )
    feed = MembersFeed(outer, lambda _client, one, page: inner[one].contacts({}, page=page))

    # When it is read, from a kept position at each page
    had, last, rows = walked(feed, inner[1], Scope(), twice=[True, False] * 9)

    # Then each record of theirs is there once
    assert (set(had), rows, last.stable) == (set("abcdefgh"), 8, True)


def test_a_list_of_nothing_has_nothing_below_it() -> None:
    outer = snapshot(lambda _client, _page: iter([Page([], 1, None, None)]))
    feed = MembersFeed(outer, lambda _client, _one, _page: iter(()))

    had, last, _ = walked(feed, Listing({}), Scope())

    assert (had, last.stable) == ({}, True)


def test_a_folders_responses_are_asked_for_without_pages_where_those_are_refused() -> None:
    class Folders:
        """Knows no page numbers below a folder."""

        told_time = None

        def canned_response_folders(self, *, page: int) -> Iterator[Page]:
            """One."""
            yield Page([{"id": 7}], page, None, None)

        def canned_responses(self, _folder: int, *, page: int) -> Iterator[Page]:
            """400."""
            raise InvalidRequest(f"page {page} is not known")

        def unpaged_canned_responses(self, folder: int) -> list[dict[str, Any]]:
            """All of them."""
            return [{"id": 70 + one, "folder_id": folder} for one in range(2)]

    (feed,) = feeds_of(OBJECTS["canned_responses"])
    client = cast("FreshdeskClient", Folders())
    following = feed.read(client, feed.first(Scope())).position
    assert following is not None
    page = feed.read(client, following)

    assert [record["id"] for record in page.records] == [70, 71]
    assert page.position is None


def test_every_object_has_its_lists_with_names_of_their_own() -> None:
    for obj in OBJECTS.values():
        feeds = feeds_of(obj)
        assert len({feed.name for feed in feeds}) == len(feeds) > 0
        assert feeds[-1].state is State.LIVE
        assert [feed.by_time for feed in feeds] == [obj.name == "tickets"] * len(feeds)
