"""Whose creations are counted, and by what marker.

A record's marker is ``custom_field.cf_marker`` when set; else a contact's or lead's e-mail address,
an account's, deal's or product's name, a task's or activity's title, a note's text. Seeded records
are not counted.
"""

from typing import Final

from local.freshsales.account import Event, Record
from local.simulator import stats

_MARKERS: Final = ("email", "external_id", "name", "title", "description", "display_name")
KINDS: Final = (
    "contacts", "sales_accounts", "deals", "leads", "tasks", "appointments", "notes",
    "sales_activities",
)  # fmt: skip


def marker_of(record: Record) -> str:
    custom = (record.get("custom_field") or {}).get("cf_marker")
    return str(custom or next((record[one] for one in _MARKERS if record.get(one)), record["id"]))


class Stats(stats.Stats):
    """Counts of requests, rate windows and creations of one Freshsales account."""

    def __init__(self) -> None:
        super().__init__(KINDS)

    def on_event(self, event: Event) -> None:
        if event.kind == "created" and event.table in KINDS:
            self.created(event.table, marker_of(event.record))
