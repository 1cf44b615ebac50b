"""Freshdesk's side of a link: contacts and companies, read by pages and written one by one.

Its lists are in the order of names, so that nothing on a page says how far the changes have been
read: a reading asks for all that was updated since a mark, and the next one for what was updated
since this one began, a little earlier for the sake of the clocks. What is deleted or renamed
meanwhile lets others move up to a page that was read: so the pages of a longer reading are read
again from the last to the first.

Facts: https://developers.freshdesk.com/api/#list_all_contacts, #list_all_companies
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from freshbridge import timestamps
from freshbridge.customers.company_ids import CompanyIds
from freshbridge.customers.fields import body
from freshbridge.customers.link import Kind, KindRules, Side
from freshbridge.customers.matching import KEYS
from freshbridge.customers.ports import Fields, PageOfRows
from freshbridge.customers.reading import row_of
from freshbridge.customers.record import Row
from freshbridge.errors import NotFound, WrongState

if TYPE_CHECKING:
    from freshbridge.freshdesk.client import FreshdeskClient
    from freshbridge.freshdesk.paging import Page

CLOCKS_APART_S = 300
"""A mark is this machine's time, a customer's update the provider's."""


class DeskAccount:
    """One Freshdesk account."""

    def __init__(
        self, client: FreshdeskClient, companies: CompanyIds, now: Callable[[], datetime]
    ) -> None:
        """`now`: this machine's time."""
        self._client = client
        self._companies = companies
        self._now = now

    def changed(
        self, rules: KindRules, since: str, place: Mapping[str, Any] | None, *, gone: bool
    ) -> PageOfRows:
        """One page. A company that was deleted is in no list: see `sweeping`."""
        at = dict(place or {"page": 1, "began": self._began(), "again": False})
        if gone and rules.kind is Kind.COMPANIES:
            return PageOfRows((), None, at["began"])
        asked: dict[str, Any] = {"updated_since": since} if since else {}
        if gone:
            asked["state"] = "deleted"
        page = self._page(rules.kind, asked, at["page"])
        rows = [row_of(rules, Side.FRESHDESK, record, gone=gone) for record in page.records]
        rows = self._companies.linked_only(rules, rows)
        following = _following(at, has_next=page.next_url is not None, first=not since)
        return PageOfRows(rows, following, "" if following else at["began"])

    def _page(self, kind: Kind, asked: Mapping[str, Any], number: int) -> Page:
        client = self._client
        list_of = client.contacts if kind is Kind.CONTACTS else client.companies
        return next(list_of(asked, page=number))

    def _began(self) -> str:
        moment = min(self._now(), self._client.told_time or self._now())
        return timestamps.to_text(moment - timedelta(seconds=CLOCKS_APART_S))

    def fetch(self, rules: KindRules, record_id: str) -> Row | None:
        """One; None where it is deleted or is not there."""
        client, number = self._client, int(record_id)
        try:
            one = client.contact if rules.kind is Kind.CONTACTS else client.company
            record = one(number)
        except NotFound:
            return None
        return None if record.get("deleted") else self._row(rules, record)

    def find(self, rules: KindRules, row: Row) -> Row | None:
        """The customer by what tells it from others, as the lists have it by now."""
        if rules.kind is Kind.COMPANIES:
            return self._company_named(rules, row.values.get("name", ""))
        held = {rule.freshdesk: row.values.get(rule.name, "") for rule in rules.fields}
        held |= {KEYS[rules.kind][key][Side.FRESHDESK]: text for key, text in row.keys.items()}
        for name in ("email", "unique_external_id", "mobile", "phone"):
            if held.get(name):
                found = next(self._client.contacts({name: held[name]}, per_page=2)).records
                if found:
                    return self._row(rules, found[0])
        return None

    def _company_named(self, rules: KindRules, name: str) -> Row | None:
        if not name:
            return None
        for one in self._client.companies_named(name):
            if str(one.get("name", "")).casefold() == name.casefold():
                return self.fetch(rules, str(one["id"]))
        return None

    def update(self, rules: KindRules, record_id: str, fields: Fields) -> Row:
        """Change one."""
        client, sent = self._client, body(fields, Side.FRESHDESK)
        change = client.update_contact if rules.kind is Kind.CONTACTS else client.update_company
        return self._row(rules, change(int(record_id), sent))

    def create(self, rules: KindRules, fields: Fields) -> Row:
        """Create one."""
        client, sent = self._client, body(fields, Side.FRESHDESK)
        create = client.create_contact if rules.kind is Kind.CONTACTS else client.create_company
        return self._row(rules, create(sent))

    def _row(self, rules: KindRules, record: Mapping[str, Any]) -> Row:
        (row,) = self._companies.linked_only(rules, [row_of(rules, Side.FRESHDESK, record)])
        return row

    def delete(self, kind: Kind, record_id: str) -> None:
        """Delete one."""
        client = self._client
        try:
            (client.delete_contact if kind is Kind.CONTACTS else client.delete_company)(
                int(record_id)
            )
        except (NotFound, WrongState):
            return


def _following(at: Mapping[str, Any], *, has_next: bool, first: bool) -> dict[str, Any] | None:
    """Where to go on; None after the last page."""
    if at["again"]:
        return {**at, "page": at["page"] - 1} if at["page"] > 1 else None
    if has_next:
        return {**at, "page": at["page"] + 1}
    # The first reading of all has nothing to go by: a full run now and then sees what it missed.
    return {**at, "page": at["page"] - 1, "again": True} if at["page"] > 1 and not first else None
