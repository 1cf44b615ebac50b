"""Calls on contacts. Facts: https://developers.freshdesk.com/api/#contacts."""

from collections.abc import Iterator, Mapping
from typing import Any

from freshbridge.freshdesk.caller import Caller
from freshbridge.freshdesk.paging import PER_PAGE, Page, Record
from freshbridge.freshdesk.search import SearchPage
from freshbridge.freshdesk.wire import ParamValue, record_path


class ContactCalls(Caller):
    """One method per endpoint under /contacts."""

    def create_contact(self, contact: Mapping[str, Any]) -> Record:
        """Create a contact and return it; Conflict names the contact that has a unique value."""
        return self._record("POST", "/contacts", body=contact)

    def contact(self, contact_id: int) -> Record:
        """Return a contact, also a deleted one."""
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

    def update_contact(self, contact_id: int, changes: Mapping[str, Any]) -> Record:
        """Change the given fields and return the contact.

        `tags`, `other_emails` and `other_companies` replace the whole list. Raises WrongState for
        a contact that is deleted or blocked.
        """
        return self._record("PUT", record_path("contacts", contact_id), body=changes)

    def delete_contact(self, contact_id: int) -> None:
        """Mark a contact as deleted; restore_contact brings it back."""
        self._done("DELETE", record_path("contacts", contact_id))

    def destroy_contact(self, contact_id: int) -> None:
        """Delete a contact and its tickets for good, whether it is marked as deleted or not."""
        path = record_path("contacts", contact_id, "/hard_delete")
        self._done("DELETE", path, params={"force": True})

    def restore_contact(self, contact_id: int) -> None:
        """Bring a deleted contact back."""
        self._done("PUT", record_path("contacts", contact_id, "/restore"))

    def merge_contacts(self, merge: Mapping[str, Any]) -> None:
        """Make one contact of several; see https://developers.freshdesk.com/api/#merge_contact."""
        self._done("POST", "/contacts/merge", body=merge)

    def search_contacts(self, query: str, page: int = 1) -> SearchPage:
        """Return one page, 1 to 10, of the contacts that match; the index lags by minutes.

        Facts: https://developers.freshdesk.com/api/#filter_contacts
        """
        return self._search("contacts", query, page)
