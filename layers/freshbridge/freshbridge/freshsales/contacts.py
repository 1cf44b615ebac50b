"""Calls on contacts. Facts: https://developers.freshworks.com/crm/api/#contacts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from freshbridge.freshsales.paging import PER_PAGE, Page
from freshbridge.freshsales.records import CrmRecords
from freshbridge.freshsales.wire import record_path


class Contacts(CrmRecords):
    """People; on the suite those who were leads elsewhere as well."""

    collection: ClassVar = "contacts"
    wrapper: ClassVar = "contact"

    def assign(self, record_ids: Sequence[int], owner_id: int) -> None:
        """Give several to one owner; it is done some time after the reply."""
        body = {"selected_ids": list(record_ids), "owner_id": owner_id}
        self._caller.call("POST", "/contacts/bulk_assign_owner", body=body, idempotent=True)

    def of_list(self, list_id: int, *, page: int = 1) -> Iterator[Page]:
        """Yield the members of a marketing list, which the suite has."""
        path = record_path("contacts/lists", list_id)
        return self._caller.pages(path, "contacts", {}, page=page, per_page=PER_PAGE)
