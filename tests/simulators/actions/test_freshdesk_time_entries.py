"""Time entry actions against the simulator."""

from __future__ import annotations

from typing import Any

import pytest

from freshbridge import timestamps
from freshbridge.actions.action import Outcome
from freshbridge.errors import InvalidRequest, NotFound
from tests.simulators.actions.conftest import Desk


def run(desk: Desk, name: str, **parameters: Any) -> Outcome:
    """Run one action at the simulator's own time."""
    return desk.run(name, parameters, now=desk.account.clock.now())


def test_time_is_logged_and_listed(desk: Desk) -> None:
    ticket_id = desk.ticket()

    made = run(desk, "add_time_entry", ticket_id=ticket_id, time_spent="2h 30m", note="שלום 😀")
    run(desk, "add_time_entry", ticket_id=ticket_id, time_spent=45, billable=False)

    entry = made.data["time_entry"]
    assert (entry["time_spent"], entry["billable"], entry["timer_running"]) == (
        "02:30",
        True,
        False,
    )
    assert entry["note"] == "שלום 😀"
    listed = run(desk, "list_time_entries", ticket_id=ticket_id).data
    assert (len(listed["time_entries"]), listed["total_time_spent"]) == (2, "03:15")
    billable = run(desk, "list_time_entries", ticket_id=ticket_id, billable=True).data
    assert billable["total_time_spent"] == "02:30"


def test_the_accounts_entries_are_filtered_by_when_and_whose(desk: Desk) -> None:
    first, second = desk.ticket(), desk.ticket()
    run(desk, "add_time_entry", ticket_id=first, time_spent=60, executed_at="2026-03-01T10:00:00Z")
    late = {"time_spent": 30, "executed_at": "2026-03-02T10:00:00+02:00"}
    made = run(desk, "add_time_entry", ticket_id=second, **late).data["time_entry"]

    found = run(
        desk,
        "list_time_entries",
        executed_after="2026-03-02",
        executed_before="2026-03-03",
        agent_id=made["agent_id"],
    ).data

    assert [entry["id"] for entry in found["time_entries"]] == [made["id"]]
    assert found["time_entries"][0]["executed_at"] == "2026-03-02T08:00:00Z"


def test_a_timer_runs_until_it_is_stopped(desk: Desk) -> None:
    # Given a timer that was started by giving no time
    ticket_id = desk.ticket()
    made = run(desk, "add_time_entry", ticket_id=ticket_id)
    entry_id = made.data["time_entry_id"]
    assert made.data["timer_running"] is True

    # When it is stopped an hour and a half later
    desk.account.clock.advance(5400)
    stopped = run(desk, "toggle_timer", time_entry_id=entry_id, running=False)

    # Then that time is booked, stopping it again is no error, and a toggle starts it anew
    assert stopped.data["time_entry"]["time_spent"] == "01:30"
    again = run(desk, "toggle_timer", time_entry_id=entry_id, running=False)
    assert (again.message, again.data["timer_running"]) == ("Timer was stopped already", False)
    run(desk, "toggle_timer", time_entry_id=entry_id)
    assert desk.account.time_entries[entry_id]["timer_running"] is True


def test_a_start_can_be_moved_while_the_timer_is_stopped(desk: Desk) -> None:
    now = desk.account.clock.now()
    entry_id = run(desk, "add_time_entry", ticket_id=desk.ticket()).data["time_entry_id"]

    changed = run(
        desk,
        "update_time_entry",
        time_entry_id=entry_id,
        timer_running=False,
        start_time=timestamps.to_text(now),
        time_spent="1:15",
        note="moved",
    )

    entry = changed.data["time_entry"]
    assert (entry["time_spent"], entry["note"], entry["timer_running"]) == ("01:15", "moved", False)


def test_an_entry_is_deleted_once(desk: Desk) -> None:
    made = run(desk, "add_time_entry", ticket_id=desk.ticket(), time_spent=5)
    entry_id = made.data["time_entry_id"]

    run(desk, "delete_time_entry", time_entry_id=entry_id)

    assert entry_id not in desk.account.time_entries
    with pytest.raises(NotFound):
        run(desk, "delete_time_entry", time_entry_id=entry_id)


def test_what_freshdesk_refuses_is_told_field_by_field(desk: Desk) -> None:
    with pytest.raises(InvalidRequest) as caught:
        run(desk, "add_time_entry", ticket_id=desk.ticket(), time_spent=5, agent_id=999)

    assert [found.field for found in caught.value.fields] == ["agent_id"]
