"""Calls on the account, its agents, groups and forms.

Facts: https://developers.freshdesk.com/api/#account, #agents, #groups, #ticket-fields,
#contact-fields, #company-fields
"""

import hashlib
from collections.abc import Iterator, Mapping

from freshbridge.errors import InvalidRequest
from freshbridge.freshdesk.caller import Caller
from freshbridge.freshdesk.credentials import Login
from freshbridge.freshdesk.paging import PER_PAGE, Page, Record
from freshbridge.freshdesk.wire import ParamValue, record_path


class DirectoryCalls(Caller):
    """What changes slowly and is read often."""

    @property
    def fingerprint(self) -> str:
        """Tells one account or key from another, and not what the key is.

        Of a login it tells the name only: a password is short enough to be guessed by its hash.
        """
        held = self._api_key
        who = held.username if isinstance(held, Login) else held
        return hashlib.sha256(f"{self._base_url}\x1f{who.strip()}".encode()).hexdigest()[:32]

    def me(self) -> Record:
        """Return the agent whose key this is: the cheapest check of a credential."""
        return self._record("GET", "/agents/me")

    def account(self) -> Record:
        """Return the account; its `tier_type` tells the plan."""
        return self._record("GET", "/account")

    def agents(
        self, params: Mapping[str, ParamValue] | None = None, *, page: int = 1
    ) -> Iterator[Page]:
        """Yield the agents from `page` on; they lack `group_ids`, `role_ids` and `skill_ids`."""
        return self._pages("/agents", params, page, PER_PAGE)

    def groups(self, *, page: int = 1) -> Iterator[Page]:
        """Yield the agent groups from `page` on."""
        return self._pages("/groups", None, page, PER_PAGE)

    def ticket_fields(self) -> list[Record]:
        """Return the ticket form's fields: https://developers.freshdesk.com/api/#ticket-fields."""
        return self._records(self._build("GET", "/ticket_fields"))[0]

    def group(self, group_id: int) -> Record:
        """Return a group with its `agent_ids`, which the list leaves out."""
        return self._record("GET", record_path("groups", group_id))

    def contact_fields(self) -> list[Record]:
        """Return the contact form's fields; a custom one's name has no `cf_`."""
        return self._records(self._build("GET", "/contact_fields"))[0]

    def company_fields(self) -> list[Record]:
        """Return the company form's fields; a custom one's name has no `cf_`."""
        return self._records(self._build("GET", "/company_fields"))[0]

    def companies_of_domain(self, domain: str) -> list[Record]:
        """Return the company that an e-mail domain belongs to, in a list, empty for none.

        Companies are found minutes after they were made: https://developers.freshdesk.com/api/#filter_companies
        """
        name = domain.strip().lower()
        if not name or not all(part.isalnum() for part in name.replace("-", "").split(".")):
            raise InvalidRequest(
                "The domain is no domain", where="domain", advice="Write it as customer.example."
            )
        return self._search("companies", f"domain:'{name}'", 1).records
