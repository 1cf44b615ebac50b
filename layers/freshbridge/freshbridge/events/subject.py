"""Which record a webhook's body is about, wherever in the body its id stands.

Pure, and made for bodies whose shape an administrator chose: simple content (`ticket_id` within
`freshdesk_webhook`), a record of its own (`{"ticket": {"id": 7}}`), or the bare fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

KINDS = ("ticket", "contact", "deal", "sales_account", "account", "lead", "company")
_DEEPEST = 4


def subject_of(body: Mapping[str, Any]) -> tuple[str, int] | None:
    """`("ticket", 1042)`, or None when the body names no record.

    The outer levels come first, and a ticket before its requester or company.
    """
    level: list[tuple[str, Mapping[str, Any]]] = [("", body)]
    for _ in range(_DEEPEST):
        for kind in KINDS:
            for name, held in level:
                value = held.get(f"{kind}_id")
                if value is None and name == kind:
                    value = held.get("id")
                if (number := record_id(value)) is not None:
                    return kind, number
        level = [
            (name, inner)
            for _name, held in level
            for name, inner in held.items()
            if isinstance(inner, Mapping)
        ]
    # Bare fields: {"id": 7, "subject": …}.
    number = record_id(body.get("id"))
    return None if number is None else ("ticket" if "subject" in body else "", number)


def record_id(value: object) -> int | None:
    """A number in JSON, its digits in XML and forms; a bool is an int to Python and no one else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if value >= 0 else None
    if isinstance(value, str):
        digits = value.strip()
        return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 20 else None
    return None
