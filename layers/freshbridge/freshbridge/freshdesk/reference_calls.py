"""Calls on what an administrator sets up: roles, products, SLA policies, canned responses.

Facts: https://developers.freshdesk.com/api/#roles, #products, #sla-policies, #canned-responses
"""

from collections.abc import Iterator

from freshbridge.freshdesk.caller import Caller
from freshbridge.freshdesk.paging import PER_PAGE, Page, Record
from freshbridge.freshdesk.wire import record_path


class ReferenceCalls(Caller):
    """One method per endpoint; each needs the key of an administrator."""

    def roles(self, *, page: int = 1) -> Iterator[Page]:
        """Yield the agents' roles from `page` on."""
        return self._pages("/roles", None, page, PER_PAGE)

    def products(self, *, page: int = 1) -> Iterator[Page]:
        """Yield the products from `page` on."""
        return self._pages("/products", None, page, PER_PAGE)

    def sla_policies(self, *, page: int = 1) -> Iterator[Page]:
        """Yield the SLA policies from `page` on; there is no call for a single one."""
        return self._pages("/sla_policies", None, page, PER_PAGE)

    def canned_response_folders(self, *, page: int = 1) -> Iterator[Page]:
        """Yield the folders of canned responses from `page` on, without what is in them."""
        return self._pages("/canned_response_folders", None, page, PER_PAGE)

    def canned_responses(self, folder_id: int, *, page: int = 1) -> Iterator[Page]:
        """Yield a folder's canned responses from `page` on."""
        return self._pages(_responses(folder_id), None, page, PER_PAGE)

    def unpaged_canned_responses(self, folder_id: int) -> list[Record]:
        """Return a folder's canned responses in one list: its page tells of no page numbers."""
        return self._records(self._build("GET", _responses(folder_id)))[0]


def _responses(folder_id: int) -> str:
    return record_path("canned_response_folders", folder_id, "/responses")
