"""Freshsales' side of a link: contacts and accounts, read by pages, written a hundred at a time.

Views are read from the latest change backwards until what an earlier reading has seen: what changes
meanwhile moves to the front and is seen by the next one. A record that is deleted meanwhile lets
others move up a page; the list's total then is smaller, and the page before is read again.

Facts: https://developers.freshworks.com/crm/api/#list_all_contacts, #bulk_upsert_contact
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from freshbridge.customers.company_ids import CompanyIds, company_rule
from freshbridge.customers.fields import body
from freshbridge.customers.link import Kind, KindRules, Side
from freshbridge.customers.ports import Fields, PageOfRows, Upsert
from freshbridge.customers.reading import row_of
from freshbridge.customers.record import Row
from freshbridge.errors import Forbidden, NotFound, ProviderDown, Reject
from freshbridge.freshsales.bulk import JobState, next_poll_s
from freshbridge.freshsales.paging import PER_PAGE

if TYPE_CHECKING:
    from freshbridge.freshsales.bulk import Job
    from freshbridge.freshsales.client import FreshsalesClient
    from freshbridge.freshsales.paging import Page
    from freshbridge.freshsales.records import CrmRecords

_VIEWS = {Kind.CONTACTS: "All Contacts", Kind.COMPANIES: "All Accounts"}
_BIN = "Recycle Bin"
LONGEST_JOB_S = 80.0


class NoSuchView(Reject):
    """The account has no view that lists every customer."""

    code = "no_such_view"
    default_advice = "Views can be renamed: give the one of all records its own name back."


class SalesAccount:
    """One Freshsales account."""

    def __init__(
        self,
        client: FreshsalesClient,
        companies: CompanyIds,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`sleep`: waits between two looks at a job."""
        self._client = client
        self._companies = companies
        self._sleep = sleep

    def changed(
        self, rules: KindRules, since: str, place: Mapping[str, Any] | None, *, gone: bool
    ) -> PageOfRows:
        """One page, the latest change first; what was changed in `since`'s second comes again."""
        at = dict(place or {})
        if not at:
            at = {"page": 1, "view": self._view(rules.kind, gone=gone), "total": 0, "mark": ""}
        page = self._page(rules, at)
        rows = [row_of(rules, Side.FRESHSALES, one, gone=gone) for one in page.records]
        at["mark"] = at["mark"] or (rows[0].updated_at if rows else since)
        news = [row for row in rows if row.updated_at >= since]
        is_end = len(news) < len(rows)
        if not gone:
            news = self._companies.of_desk(rules, news)
        total = page.total or 0
        if (lacking := at["total"] - total) > 0:
            # So many have moved up, onto pages that were read.
            number = max(1, at["page"] - -(-lacking // PER_PAGE))
        elif page.last or is_end:
            return PageOfRows(news, None, at["mark"])
        else:
            number = at["page"] + 1
        return PageOfRows(news, {**at, "page": number, "total": total}, "")

    def _records(self, kind: Kind) -> CrmRecords:
        client = self._client
        return client.contacts if kind is Kind.CONTACTS else client.sales_accounts

    def _view(self, kind: Kind, *, gone: bool) -> int:
        wanted = _BIN if gone else _VIEWS[kind]
        for view in self._records(kind).views():
            if view.get("name") == wanted:
                return int(view["id"])
        raise NoSuchView(f"Freshsales has no view {wanted!r}", where=f"{kind} of Freshsales")

    def _page(self, rules: KindRules, at: Mapping[str, Any]) -> Page:
        params: dict[str, Any] = {"sort": "updated_at", "sort_type": "desc"}
        if company_rule(rules) is not None:
            params["include"] = ("sales_accounts",)
        return next(self._records(rules.kind).view(at["view"], params, page=at["page"]))

    def fetch(self, rules: KindRules, record_id: str) -> Row | None:
        """One; None where it is deleted or is not there."""
        include = ("sales_accounts",) if company_rule(rules) is not None else ()
        try:
            record = self._records(rules.kind).get(int(record_id), include).record
        except NotFound:
            return None
        if record.get("is_deleted"):
            return None
        return self._companies.of_desk(rules, [row_of(rules, Side.FRESHSALES, record)])[0]

    def find(self, rules: KindRules, row: Row) -> Row | None:
        """The customer by its keys; the index lags behind writes by seconds."""
        for key, text in row.keys.items():
            if key == "domain":
                continue
            found, _ = self._records(rules.kind).lookup(key, text)
            if found:
                return self.fetch(rules, str(found[0]["id"]))
        return None

    def update(self, rules: KindRules, record_id: str, fields: Fields) -> Row:
        """Change one."""
        (sent,) = self._companies.of_sales([fields])
        record = self._records(rules.kind).update(int(record_id), body(sent, Side.FRESHSALES))
        return self._stored(rules, record, fields)

    def create(self, rules: KindRules, fields: Fields) -> Row:
        """Create one. Raises InvalidRequest for one that is there: `upsert` is what is meant."""
        (sent,) = self._companies.of_sales([fields])
        record = self._records(rules.kind).create(body(sent, Side.FRESHSALES))
        return self._stored(rules, record, fields)

    def upsert(self, rules: KindRules, item: Upsert) -> Row:
        """Update or create one."""
        (sent,) = self._companies.of_sales([item.fields])
        name, text = item.identifier
        identifier = {name: int(text) if name == "id" else text}
        record = self._records(rules.kind).upsert(identifier, body(sent, Side.FRESHSALES))
        return self._stored(rules, record, item.fields)

    def delete(self, kind: Kind, record_id: str) -> None:
        """Move one to the recycle bin."""
        try:
            self._records(kind).delete(int(record_id))
        except NotFound:
            return

    def upsert_many(self, rules: KindRules, items: Sequence[Upsert]) -> Mapping[str, str] | None:
        """Write up to a hundred with one call; None where only the suite could."""
        sent = self._companies.of_sales([item.fields for item in items])
        bodies = [
            {item.identifier[0]: _as_sent(item), "data": body(fields, Side.FRESHSALES)}
            for item, fields in zip(items, sent, strict=True)
        ]
        try:
            job_id = self._records(rules.kind).bulk_upsert(bodies)
        except (Forbidden, NotFound):
            return None
        job = self._done(job_id)
        if job.state is JobState.FAILED:
            return {item.desk_id: f"the job ended {job.status}" for item in items}
        refused = {row.identifier.strip().casefold(): row.reason for row in job.failures}
        return {
            item.desk_id: refused[item.identifier[1].casefold()]
            for item in items
            if item.identifier[1].casefold() in refused
        }

    def _done(self, job_id: int) -> Job:
        waited, polls = 0.0, 0
        while waited < LONGEST_JOB_S:
            pause = next_poll_s(polls)
            self._sleep(pause)
            waited, polls = waited + pause, polls + 1
            job = self._client.directory.job(job_id)
            if job.state is not JobState.RUNNING:
                return job
        # What it has done by then is done again, which changes nothing.
        raise ProviderDown(
            f"Freshsales' job has not ended in {LONGEST_JOB_S:g} s", where=f"job {job_id}"
        )

    def _stored(self, rules: KindRules, record: Mapping[str, Any], fields: Fields) -> Row:
        row = row_of(rules, Side.FRESHSALES, record)
        values = dict(row.values)
        if (rule := company_rule(rules)) is not None:
            # A reply to a write does not show it.
            values.pop(rule.name, None)
            values |= {one.name: text for one, text in fields if one is rule}
        return replace(row, values=values)


def _as_sent(item: Upsert) -> int | str:
    name, text = item.identifier
    return int(text) if name == "id" else text
