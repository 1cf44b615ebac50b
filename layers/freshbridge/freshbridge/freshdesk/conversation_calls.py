"""Calls on replies and notes. Facts: https://developers.freshdesk.com/api/#conversations."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from freshbridge.freshdesk.caller import Caller, given
from freshbridge.freshdesk.paging import PER_PAGE, Page, Record
from freshbridge.freshdesk.wire import record_path
from freshbridge.http_message import FilePart


class ConversationCalls(Caller):
    """One method per endpoint for what is said on a ticket."""

    def conversations(
        self, ticket_id: int, *, page: int = 1, per_page: int = PER_PAGE
    ) -> Iterator[Page]:
        """Yield a ticket's replies and notes from `page` on, the oldest first."""
        path = record_path("tickets", ticket_id, "/conversations")
        return self._pages(path, None, page, per_page)

    def add_note(
        self,
        ticket_id: int,
        body: str,
        *,
        private: bool = True,
        notify_emails: Iterable[str] = (),
        user_id: int | None = None,
        incoming: bool = False,
        files: Sequence[FilePart] = (),
    ) -> Record:
        """Add a note (HTML) and return it; `incoming` shows it as the customer's own words."""
        note: dict[str, Any] = {"body": body, "private": private}
        note |= given(notify_emails=list(notify_emails), user_id=user_id, incoming=incoming)
        path = record_path("tickets", ticket_id, "/notes")
        return self._record("POST", path, body=note, files=files)

    def add_reply(
        self,
        ticket_id: int,
        body: str,
        *,
        cc_emails: Iterable[str] = (),
        bcc_emails: Iterable[str] = (),
        from_email: str | None = None,
        user_id: int | None = None,
        files: Sequence[FilePart] = (),
    ) -> Record:
        """Send a reply (HTML) to the ticket's requester by e-mail and return it."""
        reply: dict[str, Any] = {"body": body}
        reply |= given(
            cc_emails=list(cc_emails),
            bcc_emails=list(bcc_emails),
            from_email=from_email,
            user_id=user_id,
        )
        path = record_path("tickets", ticket_id, "/reply")
        return self._record("POST", path, body=reply, files=files)

    def edit_note(
        self, conversation_id: int, changes: Mapping[str, Any], *, files: Sequence[FilePart] = ()
    ) -> Record:
        """Replace a note's `body` (HTML) or add files to it, and return it.

        Raises WrongState for a reply: what was mailed cannot be taken back.
        """
        path = record_path("conversations", conversation_id)
        return self._record("PUT", path, body=changes, files=files)

    def delete_conversation(self, conversation_id: int) -> None:
        """Remove a note or a reply for good."""
        self._done("DELETE", record_path("conversations", conversation_id))

    def delete_attachment(self, attachment_id: int) -> None:
        """Remove a file from its ticket or conversation for good."""
        self._done("DELETE", record_path("attachments", attachment_id))
