"""Read a report's feeds page by page, keeping each page and then how far it has come.

A run that ends in between (time, rate limit, crash) is gone on with by the next one from the page
after the last that was kept. A crash between a page and its state reads that page once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from freshbridge.errors import Forbidden, InvalidRequest

if TYPE_CHECKING:
    from freshbridge.analytics.feeds import Feed
    from freshbridge.analytics.page_store import Pages
    from freshbridge.analytics.slim import Row
    from freshbridge.freshdesk.client import FreshdeskClient

State = dict[str, Any]
# What an account may be without: its plan has no time tracking, or no surveys.
OPTIONAL = ("time_entries", "ratings")


class TooExpensive(InvalidRequest):
    """The report costs more of the rate limit than it may."""

    code = "too_expensive"
    default_advice = "Ask for a shorter period, or raise max_credits."


class Pull:
    """The pull of one report. `state` is what is kept of it between runs, plain JSON."""

    def __init__(
        self, client: FreshdeskClient, pages: Pages, report_id: str, state: State, max_credits: int
    ) -> None:
        self._client = client
        self._pages = pages
        self._id = report_id
        self.state = state
        self._max = max_credits

    def run(self, feeds: Sequence[Feed], may_go_on: Callable[[], bool]) -> bool:
        """Read on until everything is there; False when `may_go_on` said no before that.

        One page is read in any case, so that no number of runs leads nowhere.

        Raises:
            TooExpensive: the next page would cost more than is left.
            Whatever the client raises; what was read before is kept.
        """
        begun = False
        for feed in feeds:
            progress = self._progress(feed)
            while progress["position"] is not None:
                if begun and not may_go_on():
                    return False
                self._page(feed, progress)
                begun = True
        return True

    def rows(self, name: str) -> Iterator[Row]:
        """The rows of one feed, page by page, from what was kept."""
        for number in range(self.state["feeds"].get(name, {}).get("pages", 0)):
            yield from self._pages.read(self._id, _page_name(name, number))

    def spend(self, credits: int, calls: int = 1) -> None:
        """Note what calls beside the feeds cost."""
        self.state["credits"] += credits
        self.state["calls"] += calls

    def save(self) -> None:
        """Keep the state."""
        self._pages.save(self._id, self.state)

    def _progress(self, feed: Feed) -> State:
        fresh = {"position": feed.first(), "pages": 0, "rows": 0, "missed": 0, "refused": False}
        progress: State = self.state["feeds"].setdefault(feed.name, fresh)
        return progress

    def _page(self, feed: Feed, progress: State) -> None:
        if self.state["credits"] + feed.cost > self._max:
            raise TooExpensive(
                f"{self.state['credits']} credits are used and the {feed.name} are not all read; "
                f"max_credits is {self._max}",
                where="max_credits",
            )
        try:
            found = feed.fetch(self._client, progress["position"])
        except Forbidden:
            if feed.name not in OPTIONAL:
                raise
            self.spend(feed.cost)
            progress |= {"position": None, "refused": True}
            self.save()
            return
        self._pages.write(self._id, _page_name(feed.name, progress["pages"]), found.rows)
        self.spend(found.credits)
        progress |= {
            "position": found.following,
            "pages": progress["pages"] + 1,
            "rows": progress["rows"] + len(found.rows),
            "missed": progress["missed"] + found.missed,
        }
        self.save()


def _page_name(feed: str, number: int) -> str:
    return f"{feed}-{number:05d}"


def new_state(as_of: str) -> State:
    """The state of a pull that has not begun; `as_of` is the present that the report is about."""
    return {"as_of": as_of, "credits": 0, "calls": 0, "feeds": {}}
