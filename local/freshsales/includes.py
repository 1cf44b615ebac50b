"""Ready-made ``include`` entries: people, activities, one record by its id, nested children."""

from collections.abc import Callable
from typing import Final

from local.freshsales.account import Account, Record
from local.freshsales.model import Include

SALES_ACCOUNT_PART: Final = ("id", "name", "avatar", "website")
DEAL_PART: Final = ("id", "name", "amount", "deal_stage_id", "deal_pipeline_id", "updated_at")
CONTACT_PART: Final = (
    "id", "job_title", "lead_score", "email", "work_number", "mobile_number", "open_deals_amount",
    "display_name", "avatar", "last_contacted_mode", "last_contacted", "first_name", "last_name",
    "city", "country", "created_at", "updated_at",
)  # fmt: skip


def one_of(table: str, attribute: str, key: str = "") -> Include:
    """The record whose id is in ``attribute``, side-loaded under its table's name or ``key``."""

    def ids(_: Account, record: Record) -> list[int]:
        found = record.get(attribute)
        return [] if found is None else [found]

    return Include(key or table, table, ids, listing=attribute)


def _children_of(table: str, parent: str) -> Callable[[Account, Record], list[int]]:
    def ids(account: Account, record: Record) -> list[int]:
        return list(account.children.get((table, parent, record["id"]), ()))

    return ids


def nested_children(table: str, parent: str, partial: tuple[str, ...]) -> Include:
    """The children themselves, inside the record."""
    return Include("", table, _children_of(table, parent), partial=partial)


def side_children(table: str, parent: str, listing: str, key: str = "") -> Include:
    """The children side-loaded, and their ids in the record."""
    return Include(key or table, table, _children_of(table, parent), listing=listing)


def activity_includes(parent: str) -> dict[str, Include]:
    return {
        "tasks": side_children("tasks", parent, "task_ids"),
        "appointments": side_children("appointments", parent, "appointment_ids"),
        "notes": side_children("notes", parent, "note_ids"),
    }


PEOPLE: Final = {
    "owner": one_of("users", "owner_id"),
    "creater": one_of("users", "creater_id"),
    "updater": one_of("users", "updater_id"),
}
ACTIVITY_INCLUDES: Final = activity_includes("Contact")
