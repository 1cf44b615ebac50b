"""Calls on companies. Facts: https://developers.freshdesk.com/api/#companies."""

from collections.abc import Iterator, Mapping
from typing import Any

from freshbridge.freshdesk.caller import Caller
from freshbridge.freshdesk.paging import PER_PAGE, Page, Record
from freshbridge.freshdesk.search import SearchPage
from freshbridge.freshdesk.wire import ParamValue, nonsense, record_path


class CompanyCalls(Caller):
    """One method per endpoint under /companies."""

    def create_company(self, company: Mapping[str, Any]) -> Record:
        """Create a company and return it; Conflict when another has its name or a domain."""
        return self._record("POST", "/companies", body=company)

    def company(self, company_id: int) -> Record:
        """Return a company."""
        return self._record("GET", record_path("companies", company_id))

    def companies(
        self,
        params: Mapping[str, ParamValue] | None = None,
        *,
        page: int = 1,
        per_page: int = PER_PAGE,
    ) -> Iterator[Page]:
        """Yield the company list from `page` on."""
        return self._pages("/companies", params, page, per_page)

    def companies_named(self, beginning: str) -> list[Record]:
        """Return `id` and `name` of companies with a word that begins so, letter case aside.

        Facts: https://developers.freshdesk.com/api/#search_company
        """
        request = self._build("GET", "/companies/autocomplete", {"name": beginning})
        reply, answer = self._call(request)
        found = answer.data.get("companies") if isinstance(answer.data, dict) else None
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise nonsense("Freshdesk's reply has no list of companies", reply, request)
        return found

    def update_company(self, company_id: int, changes: Mapping[str, Any]) -> Record:
        """Change the given fields and return the company; `domains` replaces the whole list."""
        return self._record("PUT", record_path("companies", company_id), body=changes)

    def delete_company(self, company_id: int) -> None:
        """Delete a company for good; its contacts and tickets stay, without a company."""
        self._done("DELETE", record_path("companies", company_id))

    def search_companies(self, query: str, page: int = 1) -> SearchPage:
        """Return one page, 1 to 10, of the companies that match; the index lags by minutes.

        Facts: https://developers.freshdesk.com/api/#filter_companies
        """
        return self._search("companies", query, page)
