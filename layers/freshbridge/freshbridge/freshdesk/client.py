"""The Freshdesk client: one short method per endpoint over one `_call`.

It sends each request once and remembers nothing but the last rate limit. Waiting, retrying and
the budget belong to its caller, who sees every reply through `on_reply`.

Facts: https://developers.freshdesk.com/api/
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from freshbridge.freshdesk.credentials import Credential
from freshbridge.freshdesk.paging import (
    PER_PAGE,
    TICKET_PAGE_LIMIT,
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
    record_path,
)
from freshbridge.http_message import ProviderReply, ProviderRequest, Timeouts

if TYPE_CHECKING:  # importing the transport loads requests, which a type annotation does not need
    from freshbridge.transport import Transport

OnReply = Callable[[ProviderRequest, ProviderReply, RateLimit | None], None]


class FreshdeskClient:
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

    def __repr__(self) -> str:
        return f"FreshdeskClient({self._base_url!r})"

    # Account: https://developers.freshdesk.com/api/#account

    def me(self) -> Record:
        """Return the agent whose key this is: the cheapest check of a credential."""
        return self._record("GET", "/agents/me")

    def account(self) -> Record:
        """Return the account; its `tier_type` tells the plan."""
        return self._record("GET", "/account")

    # Tickets: https://developers.freshdesk.com/api/#tickets

    def ticket(self, ticket_id: int, include: Sequence[str] = ()) -> Record:
        """Return a ticket; each name in `include` (see TicketInclude) costs one more call."""
        path = record_path("tickets", ticket_id)
        return self._record("GET", path, params={"include": include or None})

    def create_ticket(self, ticket: Mapping[str, Any]) -> Record:
        """Create a ticket and return it. Freshdesk has no idempotency key: twice makes two."""
        return self._record("POST", "/tickets", body=ticket)

    def update_ticket(self, ticket_id: int, changes: Mapping[str, Any]) -> Record:
        """Change the given fields and return the ticket; `tags` replaces the whole set.

        Raises WrongState for a ticket that is deleted or spam.
        """
        return self._record("PUT", record_path("tickets", ticket_id), body=changes)

    def delete_ticket(self, ticket_id: int) -> None:
        """Move a ticket to the trash, from where restore_ticket brings it back for 30 days."""
        self._call(self._build("DELETE", record_path("tickets", ticket_id)))

    def restore_ticket(self, ticket_id: int) -> None:
        """Bring a deleted ticket back."""
        self._call(self._build("PUT", record_path("tickets", ticket_id, "/restore")))

    def tickets(
        self,
        params: Mapping[str, ParamValue] | None = None,
        *,
        page: int = 1,
        per_page: int = PER_PAGE,
    ) -> Iterator[Page]:
        """Yield the ticket list from `page` on.

        Without `updated_since` Freshdesk lists the last 30 days only. After page 300 it lists no
        further: if more tickets exist, PageLimitReached is raised once page 300 has been yielded.
        Facts: https://developers.freshdesk.com/api/#list_all_tickets
        """
        return self._pages("/tickets", params, page, per_page, limit=TICKET_PAGE_LIMIT)

    def search_tickets(self, query: str, page: int = 1) -> SearchPage:
        """Return one page, 1 to 10, of the tickets that match; the index lags by minutes.

        Facts: https://developers.freshdesk.com/api/#filter_tickets
        """
        params: dict[str, ParamValue] = {
            "query": search_query(query),
            "page": check_search_page(page),
        }
        request = self._build("GET", "/search/tickets", params)
        reply, answer = self._call(request)
        found = read_results(answer.data)
        if found is None:
            raise nonsense("Freshdesk's search reply has no total and results", reply, request)
        total, records = found
        return SearchPage(records, total, page, answer.rate_limit)

    # Conversations: https://developers.freshdesk.com/api/#conversations

    def conversations(self, ticket_id: int, *, per_page: int = PER_PAGE) -> Iterator[Page]:
        """Yield a ticket's replies and notes, the oldest first."""
        return self._pages(record_path("tickets", ticket_id, "/conversations"), None, 1, per_page)

    def add_note(
        self,
        ticket_id: int,
        body: str,
        *,
        private: bool = True,
        notify_emails: Iterable[str] = (),
        user_id: int | None = None,
        incoming: bool = False,
    ) -> Record:
        """Add a note (HTML) and return it; `incoming` shows it as the customer's own words."""
        note: dict[str, Any] = {"body": body, "private": private}
        note |= _given(notify_emails=list(notify_emails), user_id=user_id, incoming=incoming)
        return self._record("POST", record_path("tickets", ticket_id, "/notes"), body=note)

    def add_reply(
        self,
        ticket_id: int,
        body: str,
        *,
        cc_emails: Iterable[str] = (),
        bcc_emails: Iterable[str] = (),
        from_email: str | None = None,
        user_id: int | None = None,
    ) -> Record:
        """Send a reply (HTML) to the ticket's requester by e-mail and return it."""
        reply: dict[str, Any] = {"body": body}
        reply |= _given(
            cc_emails=list(cc_emails),
            bcc_emails=list(bcc_emails),
            from_email=from_email,
            user_id=user_id,
        )
        return self._record("POST", record_path("tickets", ticket_id, "/reply"), body=reply)

    # People: https://developers.freshdesk.com/api/#contacts, #agents, #groups

    def create_contact(self, contact: Mapping[str, Any]) -> Record:
        """Create a contact and return it; Conflict names the contact that has a unique value."""
        return self._record("POST", "/contacts", body=contact)

    def contact(self, contact_id: int) -> Record:
        """Return a contact."""
        return self._record("GET", record_path("contacts", contact_id))

    def contacts(
        self,
        params: Mapping[str, ParamValue] | None = None,
        *,
        page: int = 1,
        per_page: int = PER_PAGE,
    ) -> Iterator[Page]:
        """Yield the contact list from `page` on, by name; blocked and deleted are left out."""
        return self._pages("/contacts", params, page, per_page)

    def agents(self, params: Mapping[str, ParamValue] | None = None) -> Iterator[Page]:
        """Yield the agents; list items lack `group_ids`, `role_ids` and `skill_ids`."""
        return self._pages("/agents", params, 1, PER_PAGE)

    def groups(self) -> Iterator[Page]:
        """Yield the agent groups."""
        return self._pages("/groups", None, 1, PER_PAGE)

    def ticket_fields(self) -> list[Record]:
        """Return the ticket form's fields: https://developers.freshdesk.com/api/#ticket-fields."""
        return self._records(self._build("GET", "/ticket_fields"))[0]

    # One way in and out

    def _build(
        self,
        method: str,
        path: str,
        params: Mapping[str, ParamValue] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> ProviderRequest:
        return build_request(
            self._base_url,
            self._api_key,
            method,
            path,
            params=params,
            body=body,
            timeouts=self._timeouts,
        )

    def _call(self, request: ProviderRequest) -> tuple[ProviderReply, Deciphered]:
        reply = self._transport.send(request)
        limit = rate_limit_of(reply, request)
        self.rate_limit = limit or self.rate_limit
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
    ) -> Record:
        request = self._build(method, path, params, body)
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


def _given(**fields: Any) -> dict[str, Any]:
    """Return the fields that say something: not None, not empty, not False."""
    return {name: value for name, value in fields.items() if value}
