"""Tasks, appointments, notes, sales activities: filters, targets, siblings, deletes."""

from typing import Any

import pytest

from tests.simulators.freshsales.conftest import RunningSimulator

NOON = "2026-03-03T10:00:00Z"


async def target(suite: RunningSimulator) -> dict[str, Any]:
    contact = await suite.contact()
    return {"targetable_type": "Contact", "targetable_id": contact["id"]}


async def titles(suite: RunningSimulator, table: str, wanted: str) -> list[str]:
    answer = await suite.get(f"/{table}", filter=wanted)
    return [one["title"] for one in answer.body[table]]


async def test_tasks_are_listed_by_filter_in_the_accounts_time_zone(
    suite: RunningSimulator,
) -> None:
    await suite.control("/clock", {"freeze": NOON})
    for title, due in (
        ("late", "2026-03-02T10:00:00Z"), ("today", "2026-03-03T21:59:00Z"),
        ("tomorrow", "2026-03-03T22:00:00Z"), ("done", "2026-03-03T21:00:00Z"),
    ):  # fmt: skip
        await suite.made("tasks", title=title, due_date=due)
    done = next(one for one in suite.account.table("tasks").values() if one["title"] == "done")
    after = await suite.put(f"/tasks/{done['id']}", {"task": {"status": 1}})
    assert after.body["task"]["completed_date"] == "2026-03-03T12:00:00+02:00"

    assert await titles(suite, "tasks", "open") == ["late", "today", "tomorrow"]
    assert await titles(suite, "tasks", "overdue") == ["late"]
    assert await titles(suite, "tasks", "due today") == ["today"]
    assert await titles(suite, "tasks", "due_tomorrow") == ["tomorrow"]
    assert await titles(suite, "tasks", "completed") == ["done"]
    for wanted in ("", "all"):
        assert (await suite.get("/tasks", filter=wanted)).status == 400
    assert (await suite.get("/appointments", filter="later")).status == 400


async def test_a_task_list_has_its_sides_and_no_number_of_pages(suite: RunningSimulator) -> None:
    about = await target(suite)
    for number in range(3):
        await suite.made("tasks", title=f"T{number}", due_date="2026-03-02T10:00:00Z", **about)
    body = (await suite.get("/tasks", filter="open", include="owner,targetable", per_page=2)).body
    assert list(body) == ["tasks", "users", "contacts", "sales_accounts", "deals", "meta"]
    assert body["meta"] == {"total": 3}
    assert len(body["tasks"]) == 2
    assert body["tasks"][0]["targetable"] == {"type": "Contact", "id": about["targetable_id"]}
    assert [one["id"] for one in body["contacts"]] == [about["targetable_id"]]
    assert len(body["users"]) == 1


@pytest.mark.parametrize(
    ("table", "fields", "messages"),
    [
        ("tasks", {}, ["Title can't be blank", "Due date can't be blank"]),
        ("tasks", {"title": "T", "due_date": "soon"}, ["Due date is invalid"]),
        ("tasks", {"title": "T", "due_date": NOON, "targetable_type": "Ship"},
         ["Targetable type is invalid"]),
        ("tasks", {"title": "T", "due_date": NOON, "targetable_type": "Contact",
                   "targetable_id": 4}, ["Targetable is invalid"]),
        ("tasks", {"title": "T", "due_date": NOON, "task_users_attributes": [1]},
         ["The type for task_users_attributes is invalid."]),
        ("notes", {"description": "x"}, ["Targetable can't be blank"]),
        ("notes", {}, ["Description can't be blank"]),
        ("appointments", {"title": "A", "from_date": "2026-03-03T10:00:00Z",
                          "end_date": "2026-03-03T09:00:00Z"}, ["End date is invalid"]),
        ("appointments", {"title": "A", "from_date": NOON, "end_date": NOON,
                          "appointment_attendees_attributes": [{"attendee_type": "Dog"}]},
         ["Attendee type is invalid"]),
        ("sales_activities", {"title": "S"},
         ["Start date can't be blank", "End date can't be blank",
          "Sales activity type can't be blank"]),
    ],
)  # fmt: skip
async def test_what_is_refused(
    suite: RunningSimulator, table: str, fields: dict[str, Any], messages: list[str]
) -> None:
    singular = {"sales_activities": "sales_activity"}.get(table, table.removesuffix("s"))
    answer = await suite.post(f"/{table}", {singular: fields or {"unknown": 1}})
    assert (answer.status, answer.messages) == (400, messages)


async def test_an_appointment_stands_among_its_siblings(suite: RunningSimulator) -> None:
    await suite.control("/clock", {"freeze": NOON})
    owner = await suite.selector("owners")
    about = await target(suite)
    attendees = [{"attendee_type": "FdMultitenant::User", "attendee_id": owner}]
    body = {"appointment": {"title": "Demo", "from_date": "2026-03-03T11:00:00Z",
            "end_date": "2026-03-03T12:00:00Z", **about,
            "appointment_attendees_attributes": attendees}}  # fmt: skip
    made = (await suite.post("/appointments", body)).body
    assert {"appointment_attendees", "conferences", "notes", "appointment"} <= set(made)
    assert made["appointment_attendees"][0]["attendee_id"] == owner
    one = made["appointment"]
    assert one["appointment_attendee_ids"] == [made["appointment_attendees"][0]["id"]]
    assert one["provider"] == "freshsales"
    assert await titles(suite, "appointments", "upcoming") == ["Demo"]
    await suite.control("/clock", {"advance_s": 7201})
    assert await titles(suite, "appointments", "past") == ["Demo"]
    assert await titles(suite, "appointments", "upcoming") == []
    after = await suite.put(f"/appointments/{one['id']}", {"appointment": {"location": "Lima"}})
    assert after.body["appointment"]["location"] == "Lima"
    listed = (await suite.get("/appointments", filter="past", include="appointment_attendees")).body
    assert [each["attendee_id"] for each in listed["appointment_attendees"]] == [owner]


async def test_notes_are_read_below_their_parent_only(suite: RunningSimulator) -> None:
    about = await target(suite)
    note = await suite.made("notes", description="Met at the fair", **about)
    assert (await suite.get(f"/notes/{note['id']}")).status == 404
    changed = await suite.put(f"/notes/{note['id']}", {"note": {"description": "Called"}})
    assert changed.body["note"]["html_content"] == "<div>Called</div>"
    path = f"/contacts/{about['targetable_id']}/notes"
    body = (await suite.get(path, include="creater")).body
    assert [one["description"] for one in body["notes"]] == ["Called"]
    assert len(body["users"]) == 1
    assert (await suite.delete(f"/notes/{note['id']}")).body == {"success": "200"}
    assert (await suite.get(path)).body["notes"] == []
    assert (await suite.get("/contacts/5/notes")).status == 404


async def test_sales_activities_are_paged_and_dated(suite: RunningSimulator) -> None:
    await suite.control("/clock", {"freeze": NOON})
    about = await target(suite)
    kind = await suite.selector("sales_activity_types", "Meeting")
    made = await suite.made(
        "sales_activities", title="Fair", start_date="2026-03-03T08:00:00Z",
        end_date="2026-03-03T09:00:00Z", sales_activity_type_id=kind, **about,
    )  # fmt: skip
    assert made["status"] is True
    assert made["conversation_time"] == made["end_date"] == "2026-03-03T11:00:00+02:00"
    body = (await suite.get("/sales_activities", per_page=10)).body
    assert body["meta"] == {"total_pages": 1, "total": 1}
    path = f"/sales_activities/{made['id']}"
    later = {"sales_activity": {"end_date": "2026-03-04T09:00:00Z"}}
    assert (await suite.put(path, later)).body["sales_activity"]["status"] is False
    assert (await suite.get(path)).body["sales_activity"]["title"] == "Fair"
    fields = (await suite.get("/settings/sales_activities/fields")).body["fields"]
    assert {"title", "start_date", "sales_activity_type_id"} <= {
        one["name"] for one in fields if one["required"]
    }
    assert (await suite.delete(path)).body == {"success": "200"}
    assert (await suite.get(path)).status == 404


async def test_the_feed_of_a_contact_is_newest_first(suite: RunningSimulator) -> None:
    about = await target(suite)
    await suite.control("/clock", {"freeze": NOON})
    await suite.made("notes", description="N", **about)
    await suite.control("/clock", {"advance_s": 5})
    await suite.made("tasks", title="T", due_date=NOON, **about)
    path = f"/contacts/{about['targetable_id']}/activities"
    body = (await suite.get(path, include="user", limit=1)).body
    assert [one["activity_type"] for one in body["activities"]] == ["task"]
    assert body["meta"] == {"has_next": True, "has_previous": False}
    assert len(body["users"]) == 3
    assert (await suite.get(path, page=2, limit=1)).body["meta"]["has_previous"] is True
    for child in ("activities", "deals", "timeline_feeds"):
        assert (await suite.get(f"/contacts/5/{child}")).status == 404
    for name in ("timeline_feeds", "duplicates", "connections", "reminders"):
        path = f"/contacts/{about['targetable_id']}/{name}"
        assert (await suite.get(path)).body[name] == []


async def test_tasks_appointments_and_notes_load_beside_a_contact(suite: RunningSimulator) -> None:
    about = await target(suite)
    owner = await suite.selector("owners")
    task = await suite.made(
        "tasks", title="T", due_date=NOON, task_users_attributes=[{"user_id": owner}], **about
    )
    await suite.made("notes", description="N", **about)
    path = f"/contacts/{about['targetable_id']}"
    body = (await suite.get(path, include="tasks,notes,appointments")).body
    assert body["contact"]["task_ids"] == [task["id"]] == [one["id"] for one in body["tasks"]]
    assert [one["description"] for one in body["notes"]] == ["N"]
    assert body["appointments"] == body["contact"]["appointment_ids"] == []
    view = (await suite.get(f"/tasks/{task['id']}", include="users")).body
    assert view["task"]["user_ids"] == [owner]
