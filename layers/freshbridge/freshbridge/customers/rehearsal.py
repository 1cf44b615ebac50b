"""An account that is read and never written to: for a run that only tells what it would do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from freshbridge.customers import fingerprint
from freshbridge.customers.link import Kind, KindRules, Side
from freshbridge.customers.ports import BulkAccount, Fields, PageOfRows, Upsert
from freshbridge.customers.record import Row


class Rehearsal:
    """Answers writes as the account would, with ids that no account has."""

    def __init__(self, account: Any, side: Side) -> None:
        """`account`: what is read."""
        self._account: BulkAccount = account
        self._side = side

    def changed(
        self, rules: KindRules, since: str, place: Mapping[str, Any] | None, *, gone: bool
    ) -> PageOfRows:
        """As the account's."""
        return self._account.changed(rules, since, place, gone=gone)

    def fetch(self, rules: KindRules, record_id: str) -> Row | None:
        """As the account's."""
        return self._account.fetch(rules, record_id)

    def find(self, rules: KindRules, row: Row) -> Row | None:
        """As the account's."""
        return self._account.find(rules, row)

    def update(self, _rules: KindRules, record_id: str, fields: Fields, /) -> Row:
        """What it would be, in these fields."""
        return self._row(record_id, fields)

    def create(self, _rules: KindRules, fields: Fields, /) -> Row:
        """What it would be."""
        told = "|".join(text for _, text in fields)
        return self._row(f"new-{fingerprint.of_field('', told)}", fields)

    def upsert(self, _rules: KindRules, item: Upsert, /) -> Row:
        """What it would be."""
        return self._row(item.sales_id or f"new-{item.desk_id}", item.fields)

    def upsert_many(
        self, _rules: KindRules, _items: Sequence[Upsert], /
    ) -> Mapping[str, str] | None:
        """None: each is then asked for by itself."""
        return None

    def delete(self, _kind: Kind, _record_id: str, /) -> None:
        """Nothing."""

    def _row(self, record_id: str, fields: Fields) -> Row:
        values = {rule.name: text for rule, text in fields}
        return Row(self._side, record_id, values, {}, "")
