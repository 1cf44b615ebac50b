"""A provider without a network: a transport that answers from memory and remembers every request.

    provider = FakeTransport()
    provider.on("GET", "/api/v2/agents/me", json_reply({"id": 1}))
    client = FreshdeskClient(provider, "https://acme.freshdesk.com", "key")

Answers given in a row for one verb and path are used up in turn, the last one stays. An answer is
a reply, an exception to raise, or a function from the request to a reply.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from freshbridge.http_message import ProviderReply, ProviderRequest

Answer = ProviderReply | Exception | Callable[[ProviderRequest], ProviderReply]


def json_reply(
    data: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> ProviderReply:
    """Return a reply whose body is `data` as JSON."""
    fields = {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
    return ProviderReply(status, fields, json.dumps(data).encode())


def empty_reply(status: int, headers: Mapping[str, str] | None = None) -> ProviderReply:
    """Return a reply without a body."""
    return ProviderReply(status, headers or {})


def html_reply(status: int) -> ProviderReply:
    """Return a proxy's error page."""
    page = b"<html><body><h1>Sorry</h1>write to ops@proxy.example</body></html>"
    return ProviderReply(status, {"Content-Type": "text/html"}, page)


def query_of(request: ProviderRequest) -> dict[str, str]:
    """Return what the request asks for, decoded, wherever its URL or its params say it."""
    return dict(parse_qsl(urlsplit(request.full_url).query, keep_blank_values=True))


class FakeTransport:
    """Implements `freshbridge.transport.Transport`; `requests` holds what was sent, in order."""

    def __init__(self) -> None:
        self.requests: list[ProviderRequest] = []
        self._answers: dict[tuple[str, str], list[Answer]] = {}

    def on(self, method: str, path: str, *answers: Answer) -> "FakeTransport":
        """Answer `method path` (the URL's whole path) with `answers` in turn."""
        self._answers.setdefault((method, path), []).extend(answers)
        return self

    def send(self, request: ProviderRequest) -> ProviderReply:
        """Answer from memory; an unexpected request fails the test, naming what was expected."""
        self.requests.append(request)
        answers = self._answers.get((request.method, request.path))
        if not answers:
            known = ", ".join(f"{method} {path}" for method, path in self._answers) or "nothing"
            raise AssertionError(f"Unexpected {request.where}; the fake knows {known}.")
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, ProviderReply):
            return answer
        if isinstance(answer, Exception):
            raise answer
        return answer(request)

    def sent(self, method: str, path: str) -> list[ProviderRequest]:
        """Return the requests made to one verb and path."""
        return [one for one in self.requests if (one.method, one.path) == (method, path)]


class PagedList:
    """A Freshdesk list: pages by `page` and `per_page`, links to the next one, caps its pages.

    Give it to `FakeTransport.on` as an answer. `page_limit` is the last page served; the page
    beyond it is a 400, as https://developers.freshdesk.com/api/#list_all_tickets says.
    """

    def __init__(self, records: Sequence[dict[str, Any]], *, page_limit: int | None = None) -> None:
        self.records = list(records)
        self.page_limit = page_limit

    def __call__(self, request: ProviderRequest) -> ProviderReply:
        """Serve one page."""
        query = query_of(request)
        page, per_page = int(query.get("page", "1")), int(query.get("per_page", "30"))
        if page < 1 or not 1 <= per_page <= 100:
            return self._refuse(
                "per_page", "It should be a Positive Integer less than or equal 100"
            )
        if self.page_limit is not None and page > self.page_limit:
            return self._refuse(
                "page", f"You cannot access tickets beyond the {self.page_limit}th page."
            )
        start = (page - 1) * per_page
        headers = {}
        if start + per_page < len(self.records):
            parts = urlsplit(request.full_url)
            following = urlencode({**query, "page": str(page + 1)})
            headers["Link"] = f'<{urlunsplit(parts._replace(query=following))}>; rel="next"'
        return json_reply(self.records[start : start + per_page], headers=headers)

    @staticmethod
    def _refuse(field: str, message: str) -> ProviderReply:
        error = {"field": field, "message": message, "code": "invalid_value"}
        return json_reply({"description": "Validation failed", "errors": [error]}, status=400)
