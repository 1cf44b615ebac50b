"""A contact's company as both products know it, by the table of linked companies.

The plain form of a contact's company is the company's id in Freshdesk. What has no counterpart yet
is left out of the comparison: it is settled once the companies are linked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from freshbridge.customers.link import FieldRule, Kind, KindRules, Side
from freshbridge.customers.ports import Fields, Table
from freshbridge.customers.record import Row


class CompanyIds:
    """Translates companies' ids from one product to the other."""

    def __init__(self, table: Table) -> None:
        """`table`: what is known of the link's customers."""
        self._table = table

    def of_desk(self, rules: KindRules, rows: Sequence[Row]) -> list[Row]:
        """Freshsales' rows with the company's id in Freshdesk."""
        rule = company_rule(rules)
        if rule is None:
            return list(rows)
        found = self._across(Side.FRESHSALES, (row.values[rule.name] for row in rows))
        return [self._with(row, rule, found) for row in rows]

    def linked_only(self, rules: KindRules, rows: Sequence[Row]) -> list[Row]:
        """Freshdesk's rows without a company that has no counterpart."""
        rule = company_rule(rules)
        if rule is None:
            return list(rows)
        found = self._across(Side.FRESHDESK, (row.values[rule.name] for row in rows))
        return [self._with(row, rule, {one: one for one in found}) for row in rows]

    def of_sales(self, items: Sequence[Fields]) -> list[list[tuple[FieldRule, str]]]:
        """What is to be sent, with the company's id in Freshsales."""
        ids = (text for fields in items for rule, text in fields if rule.convert == "company")
        found = self._across(Side.FRESHDESK, ids)
        return [
            [
                (rule, found.get(text, "") if rule.convert == "company" else text)
                for rule, text in fields
                if rule.convert != "company" or text in found
            ]
            for fields in items
        ]

    def _across(self, side: Side, ids: Iterable[str]) -> dict[str, str]:
        wanted = {one for one in ids if one}
        known = self._table.load(Kind.COMPANIES, side, wanted) if wanted else {}
        return {one.id: one.other for one in known.values() if one.other}

    @staticmethod
    def _with(row: Row, rule: FieldRule, found: dict[str, str]) -> Row:
        text = row.values[rule.name]
        values = {name: held for name, held in row.values.items() if name != rule.name}
        if not text or text in found:
            values[rule.name] = found.get(text, "")
        return replace(row, values=values)


def company_rule(rules: KindRules) -> FieldRule | None:
    """The field that refers to a company, if there is one."""
    return next((rule for rule in rules.fields if rule.convert == "company"), None)
