"""A small Freshdesk in memory: filters, orders and pages the lists that reports read.

Unlike the simulator it needs no socket, and a test can change it between two pages.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from freshbridge.http_message import ProviderReply, ProviderRequest
from tests.fakes.provider import FakeTransport, json_reply, query_of

Row = dict[str, Any]
_CONDITION = re.compile(r"(\w+):([<>]?)'?([\w-]+)'?")


class FakeDesk(FakeTransport):
    """Holds `tickets`, `entries`, `ratings`; `credits` is what its headers charged."""

    def __init__(self, tickets: list[Row], entries: list[Row], ratings: list[Row]) -> None:
        super().__init__()
        self.tickets, self.entries, self.ratings = tickets, entries, ratings
        self.hours: list[Row] = []
        self.credits = 0
        self.before: Callable[[ProviderRequest], ProviderReply | None] = lambda _request: None
        for path, answer in (
            ("/api/v2/tickets", self._list),
            ("/api/v2/search/tickets", self._search),
            ("/api/v2/time_entries", self._entries),
            ("/api/v2/surveys/satisfaction_ratings", self._ratings),
            ("/api/v2/business_hours", lambda request: self._page(request, self.hours)),
        ):
            self.on("GET", path, self._guarded(answer))

    def _guarded(
        self, answer: Callable[[ProviderRequest], ProviderReply]
    ) -> Callable[[ProviderRequest], ProviderReply]:
        return lambda request: self.before(request) or answer(request)

    def _list(self, request: ProviderRequest) -> ProviderReply:
        query = query_of(request)
        assert query["include"] == "stats"
        assert int(query["page"]) <= 300
        rows = [row for row in self.tickets if row["updated_at"] >= query["updated_since"]]
        falling = query["order_type"] == "desc"
        rows.sort(key=lambda row: (row[query["order_by"]], row["id"]), reverse=falling)
        return self._page(request, rows, cost=3)

    def _search(self, request: ProviderRequest) -> ProviderReply:
        query = query_of(request)
        text = query["query"]
        assert text[0] == text[-1] == '"'
        assert len(text) <= 514
        found = [row for row in self.tickets if _matches(row, text[1:-1])]
        number = int(query["page"])
        assert 1 <= number <= 10
        rows = [{k: v for k, v in row.items() if k != "stats"} for row in found]
        self.credits += 1
        body = {"total": len(found), "results": rows[(number - 1) * 30 : number * 30]}
        return json_reply(body, headers={"X-RateLimit-Used-CurrentRequest": "1"})

    def _entries(self, request: ProviderRequest) -> ProviderReply:
        query = query_of(request)
        after, before = query["executed_after"], query["executed_before"]
        return self._page(request, [e for e in self.entries if after < e["executed_at"] < before])

    def _ratings(self, request: ProviderRequest) -> ProviderReply:
        since = query_of(request)["created_since"]
        return self._page(request, [one for one in self.ratings if one["created_at"] >= since])

    def _page(self, request: ProviderRequest, rows: list[Row], cost: int = 1) -> ProviderReply:
        query = query_of(request)
        page, size = int(query["page"]), int(query["per_page"])
        headers = {"X-RateLimit-Used-CurrentRequest": str(cost)}
        self.credits += cost
        if page * size < len(rows):
            parts = urlsplit(request.full_url)
            following = urlencode({**query, "page": str(page + 1)})
            headers["Link"] = f'<{urlunsplit(parts._replace(query=following))}>; rel="next"'
        return json_reply(rows[(page - 1) * size : page * size], headers=headers)


def _matches(row: Row, query: str) -> bool:
    """`(status:2 OR status:3) AND updated_at:<'2026-03-07'`: the days at the ends count."""
    statuses = [int(value) for name, _, value in _CONDITION.findall(query) if name == "status"]
    if statuses and row["status"] not in statuses:
        return False
    for name, comparison, value in _CONDITION.findall(query):
        if name == "status":
            continue
        day = row[name][:10]
        if (comparison == ">" and day < value) or (comparison == "<" and day > value):
            return False
    return True
