"""Calls on accounts. Facts: https://developers.freshworks.com/crm/api/#accounts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from freshbridge.freshsales.paging import Page
from freshbridge.freshsales.records import CrmRecords


class SalesAccounts(CrmRecords):
    """Companies; their names are unique, whatever the letter case."""

    collection: ClassVar = "sales_accounts"
    wrapper: ClassVar = "sales_account"

    def contacts(self, record_id: int, *, page: int = 1) -> Iterator[Page]:
        """Yield the contacts of one."""
        return self._related(record_id, "contacts", page)
