"""Calls on tickets. Facts: https://developers.freshdesk.com/api/#tickets."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from freshbridge.freshdesk.caller import Caller
from freshbridge.freshdesk.paging import PER_PAGE, TICKET_PAGE_LIMIT, Page, Record
from freshbridge.freshdesk.search import SearchPage
from freshbridge.freshdesk.wire import ParamValue, record_path
from freshbridge.http_message import FilePart


class TicketCalls(Caller):
    """One method per endpoint under /tickets, conversations apart."""

    def ticket(self, ticket_id: int, include: Sequence[str] = ()) -> Record:
        """Return a ticket; each name in `include` (see TicketInclude) costs one more call."""
        path = record_path("tickets", ticket_id)
        return self._record("GET", path, params={"include": include or None})

    def archived_ticket(self, ticket_id: int) -> Record:
        """Return a ticket that was archived, which `ticket` does not find: read-only, slimmer."""
        return self._record("GET", record_path("tickets/archived", ticket_id))

    def create_ticket(self, ticket: Mapping[str, Any], files: Sequence[FilePart] = ()) -> Record:
        """Create a ticket and return it. Freshdesk has no idempotency key: twice makes two."""
        return self._record("POST", "/tickets", body=ticket, files=files)

    def create_outbound_email(
        self, ticket: Mapping[str, Any], files: Sequence[FilePart] = ()
    ) -> Record:
        """Send an e-mail and return the ticket that keeps it; twice sends two."""
        return self._record("POST", "/tickets/outbound_email", body=ticket, files=files)

    def update_ticket(
        self, ticket_id: int, changes: Mapping[str, Any], files: Sequence[FilePart] = ()
    ) -> Record:
        """Change the given fields and return the ticket; `tags` replaces the whole set.

        Files are added to those it has. Raises WrongState for a ticket that is deleted or spam.
        """
        path = record_path("tickets", ticket_id)
        return self._record("PUT", path, body=changes, files=files)

    def delete_ticket(self, ticket_id: int) -> None:
        """Move a ticket to the trash, from where restore_ticket brings it back for 30 days."""
        self._done("DELETE", record_path("tickets", ticket_id))

    def restore_ticket(self, ticket_id: int) -> None:
        """Bring a deleted ticket back."""
        self._done("PUT", record_path("tickets", ticket_id, "/restore"))

    def merge_tickets(
        self,
        primary_id: int,
        ticket_ids: Sequence[int],
        *,
        notes: Mapping[str, Any] | None = None,
        recipients_to_cc: bool = False,
    ) -> None:
        """Merge tickets into the primary one, for good.

        `notes` has note_in_primary and note_in_secondary, each `{"body": HTML, "private": bool}`.
        Facts: https://developers.freshdesk.com/api/#merge_tickets
        """
        merge: dict[str, Any] = {"primary_id": primary_id, "ticket_ids": list(ticket_ids)}
        merge |= notes or {}
        if recipients_to_cc:
            merge["convert_recepients_to_cc"] = True  # the API spells it so
        self._done("PUT", "/tickets/merge", body=merge)

    def forward_ticket(
        self, ticket_id: int, message: Mapping[str, Any], files: Sequence[FilePart] = ()
    ) -> Record:
        """Forward a ticket by e-mail and return the conversation's entry.

        Facts: https://developers.freshdesk.com/api/#forward_ticket
        """
        path = record_path("tickets", ticket_id, "/forward")
        return self._record("POST", path, body=message, files=files)

    def watchers(self, ticket_id: int) -> list[int]:
        """Return the ids of the agents who watch a ticket."""
        path = record_path("tickets", ticket_id, "/watchers")
        found = self._record("GET", path).get("watcher_ids")
        return list(found) if isinstance(found, list) else []

    def watch_ticket(self, ticket_id: int, agent_id: int) -> None:
        """Let an agent watch a ticket."""
        self._done("POST", record_path("tickets", ticket_id, "/watch"), body={"user_id": agent_id})

    def unwatch_ticket(self, ticket_id: int) -> None:
        """Stop the key's own agent from watching a ticket; there is no way for another."""
        self._done("PUT", record_path("tickets", ticket_id, "/unwatch"))

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
        return self._search("tickets", query, page)
