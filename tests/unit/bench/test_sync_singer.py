"""What a target makes of a tap's messages, also of those of a tap that was killed."""

from __future__ import annotations

import json
from typing import Any

from bench.sync.singer import last_state, loaded

KNOWN = {"status": 2.0, "priority": 1.0, "subject": "Blank invoice"}


def record(ticket_id: int, at: str, **more: Any) -> str:
    made = {"id": ticket_id, "updated_at": at, **KNOWN, **more}
    return json.dumps({"type": "RECORD", "stream": "tickets", "record": made})


def state(value: str) -> str:
    return json.dumps({"type": "STATE", "value": {"bookmarks": value}})


OLD, NEW = "2026-03-01T10:00:00Z", "2026-03-02T10:00:00Z"


def test_the_last_record_of_a_key_is_what_is_held() -> None:
    lines = [record(1, OLD), record(2, OLD), record(1, NEW, priority=4.0)]

    held = dict(loaded(lines, "tickets"))

    assert set(held) == {1, 2}
    assert held[1].priority == 4


def test_a_ticket_in_the_trash_is_not_held_any_more() -> None:
    lines = [record(1, OLD), record(2, OLD), record(1, NEW, deleted=True)]

    assert {ticket_id for ticket_id, _ in loaded(lines, "tickets")} == {2}


def test_other_streams_and_half_a_line_are_passed_over() -> None:
    other = json.dumps({"type": "RECORD", "stream": "contacts", "record": {"id": 9}})

    assert dict(loaded([other, record(1, OLD)[:40], "3"], "tickets")) == {}


def test_the_next_run_begins_at_the_last_state() -> None:
    assert last_state([state("first"), record(1, OLD), state("second"), '{"type": "STA']) == {
        "bookmarks": "second"
    }
    assert last_state([record(1, OLD)]) is None
