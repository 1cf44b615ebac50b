"""What every Freshdesk call goes through: one request out, one reply in, read or raised.

It sends each request once and remembers the last rate limit, whether a write was carried out, and
what time it is there. Waiting, retrying and the budget belong to its user, who sees every reply
through `on_reply`.

Facts: https://developers.freshdesk.com/api/
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from freshbridge.freshdesk.credentials import Credential
from freshbridge.freshdesk.paging import (
    Page,
    Record,
    check_page_limit,
    following_number,
)
from freshbridge.freshdesk.rate_limit import RateLimit
from freshbridge.freshdesk.search import (
    SearchPage,
    check_search_page,
    read_results,
    search_query,
)
from freshbridge.freshdesk.wire import (
    Deciphered,
    ParamValue,
    build_next_request,
    build_request,
    decipher,
    nonsense,
    rate_limit_of,
)
from freshbridge.http_message import FilePart, ProviderReply, ProviderRequest, Timeouts

if TYPE_CHECKING:  # importing the transport loads requests, which a type annotation does not need
    from freshbridge.transport import Transport

PROMPT_S = 3.0
"""A reply that took longer may have been dated that long before it came."""
OnReply = Callable[[ProviderRequest, ProviderReply, RateLimit | None], None]


class Caller:
    """Calls one Freshdesk account with one agent's API key.

    `base_url` is the account's address, `https://acme.freshdesk.com`. `on_reply` is called after
    every reply, errors included, before anything is raised. Every method raises the errors of
    `freshbridge.errors`; a record is returned as Freshdesk's own JSON object.
    """

    def __init__(
        self,
        transport: "Transport",
        base_url: str,
        api_key: Credential,
        *,
        on_reply: OnReply | None = None,
        timeouts: Timeouts | None = None,
    ) -> None:
        self._transport = transport
        self._base_url = base_url
        self._api_key = api_key
        self._on_reply = on_reply
        self._timeouts = timeouts
        self.rate_limit: RateLimit | None = None
        self.wrote = False
        """Whether a call that changes something was answered with success."""
        self.told_time: datetime | None = None
        """The provider's time when its last reply came; None when that does not tell."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._base_url!r})"

    def _build(
        self,
        method: str,
        path: str,
        params: Mapping[str, ParamValue] | None = None,
        body: Mapping[str, Any] | None = None,
        files: Sequence[FilePart] = (),
    ) -> ProviderRequest:
        return build_request(
            self._base_url,
            self._api_key,
            method,
            path,
            params=params,
            body=body,
            files=files,
            timeouts=self._timeouts,
        )

    def _call(self, request: ProviderRequest) -> tuple[ProviderReply, Deciphered]:
        reply = self._transport.send(request)
        limit = rate_limit_of(reply, request)
        self.rate_limit = limit or self.rate_limit
        self.wrote = self.wrote or (not request.read_only and 200 <= reply.status < 300)
        self.told_time = reply.date if reply.elapsed_s <= PROMPT_S else None
        if self._on_reply is not None:
            self._on_reply(request, reply, limit)
        return reply, decipher(reply, request)

    def _record(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, ParamValue] | None = None,
        body: Mapping[str, Any] | None = None,
        files: Sequence[FilePart] = (),
    ) -> Record:
        """Send what is answered with a record; `files` make it a multipart request."""
        request = self._build(method, path, params, body, files)
        reply, answer = self._call(request)
        if not isinstance(answer.data, dict):
            raise nonsense("Freshdesk's reply is not a record", reply, request)
        return answer.data

    def _records(self, request: ProviderRequest) -> tuple[list[Record], Deciphered]:
        reply, answer = self._call(request)
        if not isinstance(answer.data, list) or not all(isinstance(r, dict) for r in answer.data):
            raise nonsense("Freshdesk's reply is not a list of records", reply, request)
        return answer.data, answer

    def _pages(
        self,
        path: str,
        params: Mapping[str, ParamValue] | None,
        number: int,
        per_page: int,
        *,
        limit: int | None = None,
    ) -> Iterator[Page]:
        asked = {**(params or {}), "page": number, "per_page": per_page}
        request = self._build("GET", path, asked)
        while True:
            check_page_limit(number, request.where, limit)
            records, answer = self._records(request)
            following = answer.next_page_url
            yield Page(records, number, following, answer.rate_limit)
            if following is None:
                return
            number = following_number(following, number)
            request = build_next_request(following, self._api_key, timeouts=self._timeouts)

    def _done(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, ParamValue] | None = None,
    ) -> None:
        """Send what is answered with nothing to read."""
        self._call(self._build(method, path, params, body))

    def _search(self, collection: str, query: str, page: int) -> SearchPage:
        asked: dict[str, ParamValue] = {
            "query": search_query(query),
            "page": check_search_page(page),
        }
        request = self._build("GET", f"/search/{collection}", asked)
        reply, answer = self._call(request)
        found = read_results(answer.data)
        if found is None:
            raise nonsense("Freshdesk's search reply has no total and results", reply, request)
        total, records = found
        return SearchPage(records, total, page, answer.rate_limit)


def given(**fields: Any) -> dict[str, Any]:
    """Return the fields that say something: not None, not empty, not False."""
    return {name: value for name, value in fields.items() if value}
