"""Tasks, appointments, notes and sales activities: what hangs on contacts, accounts, deals, leads.

Source: developers.freshworks.com/crm/api, Tasks, Appointments, Notes, Sales activities; shapes of
recorded answers.
"""

from typing import Any, Final

from local.freshsales.account import Account, Record
from local.freshsales.errors import Message
from local.freshsales.fields import Field
from local.freshsales.includes import PEOPLE, one_of
from local.freshsales.model import Include, Model, Parent
from local.freshsales.stamps import parse_moment

_TARGET: Final = (
    Field("targetable_type", "target_type", listed=False),
    Field("targetable_id", "read_only", listed=False),
)
_GONE: Final = {"success": "200"}


def _parents(record: Record) -> list[Parent]:
    return [(one["type"], one["id"]) for one in record["targetables"]]


def _span(_: Account, record: Record | None, values: Record) -> list[Message | str]:
    """An end before its beginning."""
    now = {**(record or {}), **values}
    begin, end = now.get("from_date") or now.get("start_date"), now.get("end_date")
    wrong = begin and end and parse_moment(end) < parse_moment(begin)
    return [Message("invalid", label="End date")] if wrong else []


def _needs_target(account: Account, record: Record | None, values: Record) -> list[Message | str]:
    if record is None and "targetables" not in values:
        return [Message("blank", label="Targetable")]
    return _span(account, record, values)


def _task_blank(_: Account, new_id: int) -> Record:
    return {
        "id": new_id, "status": 0, "title": None, "description": None, "created_at": None,
        "updated_at": None, "owner_id": None, "due_date": None, "completed_date": None,
        "creater_id": None, "updater_id": None, "outcome_id": None, "task_type_id": None,
        "targetables": [], "user_ids": [], "is_deleted": False,
    }  # fmt: skip


def _task_done(account: Account, record: Record, before: Record | None) -> None:
    if (before or {}).get("status", 0) != record["status"]:
        record["completed_date"] = account.stamp() if record["status"] == 1 else None


TASK: Final = Model(
    "tasks", "task", "Task",
    (
        Field("title", required=True),
        Field("description"),
        Field("due_date", "moment", required=True),
        Field("owner_id", "reference", label="Owner", table="users"),
        Field("task_users_attributes", "task_users", listed=False),
        Field("task_type_id", "reference", label="Task type", table="task_types"),
        Field("outcome_id", "integer"),
        Field("status", "choice", choices=((0, "Open"), (1, "Completed"))),
        *_TARGET,
    ),
    _task_blank, parents=_parents, derive=_task_done,
    includes={
        **PEOPLE,
        "users": Include("users", "users", lambda _, one: one["user_ids"], listing="user_ids"),
    },
    deleted=_GONE, hidden=frozenset({"user_ids", "is_deleted"}),
)  # fmt: skip

_APPOINTMENT: Final[dict[str, Any]] = {
    "time_zone": None, "title": None, "description": None, "location": None, "is_allday": False,
    "outcome_id": None, "from_date": None, "end_date": None, "created_at": None,
    "updated_at": None, "provider": "freshsales", "creater_id": None, "latitude": None,
    "longitude": None, "checkedin_at": None, "can_checkin_checkout": False,
    "checkedout_latitude": None, "checkedout_longitude": None, "checkedout_location": None,
    "checkedout_at": None, "checkedin_duration": None, "can_checkin": False,
    "conference_id": None, "targetables": [], "appointment_attendees": [], "note_id": None,
    "is_deleted": False,
}  # fmt: skip


def _appointment_blank(_: Account, new_id: int) -> Record:
    return {"id": new_id, **_APPOINTMENT}


APPOINTMENT: Final = Model(
    "appointments", "appointment", "Appointment",
    (
        Field("title", required=True),
        Field("description"),
        Field("from_date", "moment", required=True),
        Field("end_date", "moment", required=True),
        Field("location"),
        Field("time_zone"),
        Field("is_allday", "boolean"),
        Field("outcome_id", "integer"),
        Field("latitude"),
        Field("longitude"),
        Field("checkedin_at", "moment"),
        Field("appointment_attendees_attributes", "attendees", listed=False),
        *_TARGET,
    ),
    _appointment_blank, parents=_parents, complaints=_span, includes=PEOPLE, deleted=_GONE,
    hidden=frozenset({"appointment_attendees", "is_deleted"}),
)  # fmt: skip


def _note_blank(_: Account, new_id: int) -> Record:
    return {
        "id": new_id, "description": None, "html_content": None, "created_at": None,
        "updated_at": None, "url": None, "duration": None, "creater_id": None, "has_access": True,
        "collab_context": {"hasSlackViewAccess": False, "messageId": None}, "targetables": [],
        "is_deleted": False,
    }  # fmt: skip


def _note_text(_: Account, record: Record, _before: Record | None) -> None:
    record["html_content"] = f"<div>{record['description']}</div>"


NOTE: Final = Model(
    "notes", "note", "Note",
    (Field("description", required=True), *_TARGET),
    _note_blank, parents=_parents, complaints=_needs_target, derive=_note_text,
    includes={"creater": one_of("users", "creater_id")}, deleted=_GONE,
    hidden=frozenset({"is_deleted"}),
)  # fmt: skip

_ACTIVITY: Final[dict[str, Any]] = {
    "title": None, "notes": None, "start_date": None, "end_date": None, "owner_id": None,
    "creater_id": None, "updater_id": None, "created_at": None, "updated_at": None,
    "sales_activity_type_id": None, "sales_activity_outcome_id": None, "location": None,
    "latitude": None, "longitude": None, "checkedin_at": None, "checkedout_at": None,
    "checkedout_latitude": None, "checkedout_longitude": None, "checkedout_location": None,
    "checkedin_duration": None, "custom_field": {}, "conversation_time": None, "remote_id": None,
    "import_id": None, "conversation_id": None, "completed_date": None, "status": False,
    "targetables": [], "is_deleted": False,
}  # fmt: skip


def _activity_blank(_: Account, new_id: int) -> Record:
    return {"id": new_id, **_ACTIVITY}


def _activity_time(account: Account, record: Record, _before: Record | None) -> None:
    record["conversation_time"] = record["end_date"]
    record["status"] = parse_moment(record["end_date"]).timestamp() <= account.clock.seconds()
    record["completed_date"] = record["end_date"] if record["status"] else None


SALES_ACTIVITY: Final = Model(
    "sales_activities", "sales_activity", "SalesActivity",
    (
        Field("title", required=True),
        Field("start_date", "moment", required=True, type="date_time_split"),
        Field("end_date", "moment", required=True, type="date_time_split"),
        Field("sales_activity_type_id", "reference", label="Sales activity type",
              required=True, table="sales_activity_types"),
        Field("sales_activity_outcome_id", "reference", label="Outcome",
              table="sales_activity_outcomes"),
        Field("owner_id", "reference", label="Owner", table="users"),
        Field("notes", type="textarea"),
        Field("location"),
        Field("latitude"),
        Field("longitude"),
        Field("checkedin_at", "moment"),
        Field("custom_field", "custom", listed=False),
        *_TARGET,
    ),
    _activity_blank, parents=_parents, complaints=_needs_target, derive=_activity_time,
    includes=PEOPLE, deleted=_GONE, flat=False, hidden=frozenset({"is_deleted"}),
)  # fmt: skip
