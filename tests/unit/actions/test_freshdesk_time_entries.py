"""Time entry actions on the wire."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.actions.action import Effect
from freshbridge.actions.catalogue import CATALOGUE, InvalidParameters
from freshbridge.errors import InvalidRequest
from tests.fakes.actions import run_action
from tests.fakes.provider import FakeTransport, PagedList, empty_reply, json_reply, query_of

OF_TICKET = "/api/v2/tickets/1042/time_entries"
ALL = "/api/v2/time_entries"
ONE = "/api/v2/time_entries/88000772826"
ENTRY = {
    "id": 88000772826,
    "ticket_id": 1042,
    "time_spent": "02:30",
    "timer_running": False,
    "billable": True,
    "executed_at": "2026-03-03T12:00:00Z",
}
LARGEST = 2**63 - 1


def test_time_is_logged_as_printed() -> None:
    provider = FakeTransport().on("POST", OF_TICKET, json_reply(ENTRY, 201))

    outcome = run_action(
        "add_time_entry",
        {
            "ticket_id": 1042,
            "time_spent": "02:30",
            "note": "Troubleshooting customer issue",
            "billable": True,
        },
        provider,
    )

    assert provider.requests[0].json == {
        "time_spent": "02:30",
        "note": "Troubleshooting customer issue",
        "billable": True,
    }
    assert outcome.message == "Time entry added"
    assert outcome.data == {
        "ticket_id": 1042,
        "ticket_url": "https://acme.freshdesk.com/a/tickets/1042",
        "time_entry_id": 88000772826,
        "timer_running": False,
        "time_entry": ENTRY,
    }


def test_time_is_logged_as_people_write_it() -> None:
    provider = FakeTransport().on("POST", OF_TICKET, json_reply(ENTRY, 201))

    for time_spent in (150, "2h 30m", "2.5h"):
        run_action(
            "add_time_entry",
            {
                "ticket_id": "1042",
                "time_spent": time_spent,
                "billable": False,
                "agent_id": LARGEST,
                "executed_at": "2026-03-03T14:00:00+02:00",
                "start_time": "2026-03-03T12:03:00",
                "timer_running": True,
            },
            provider,
        )

    expected = {
        "time_spent": "02:30",
        "billable": False,
        "agent_id": LARGEST,
        "executed_at": "2026-03-03T12:00:00Z",
        "start_time": "2026-03-03T12:03:00Z",
        "timer_running": True,
    }
    assert [sent.json for sent in provider.requests] == [expected] * 3


def test_nothing_given_starts_a_timer() -> None:
    running = ENTRY | {"timer_running": True, "time_spent": "00:00"}
    provider = FakeTransport().on("POST", OF_TICKET, json_reply(running, 201))

    outcome = run_action("add_time_entry", {"ticket_id": 1042}, provider)

    assert provider.requests[0].json == {}
    assert outcome.data["timer_running"] is True


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_note_survives(note: str) -> None:
    provider = FakeTransport().on("POST", OF_TICKET, json_reply(ENTRY, 201))

    run_action("add_time_entry", {"ticket_id": 1042, "time_spent": 1, "note": note}, provider)

    assert provider.requests[0].json["note"] == note


@pytest.mark.parametrize(
    ("name", "parameters", "field"),
    [
        ("add_time_entry", {"ticket_id": 7, "time_spent": "2.5"}, "time_spent"),
        ("add_time_entry", {"ticket_id": 7, "start_time": "2026-03-03T12:00:00Z",
                            "timer_running": False}, ""),
        ("add_time_entry", {"ticket_id": 7, "executed_at": "soon"}, "executed_at"),
        ("add_time_entry", {"ticket_id": 7, "hours": 2}, "hours"),
        ("update_time_entry", {"time_entry_id": 7}, ""),
        ("update_time_entry", {"time_entry_id": 7, "note": None}, ""),
        ("update_time_entry", {"time_entry_id": 7, "start_time": "2026-03-03T12:00:00Z"}, ""),
        ("toggle_timer", {"time_entry_id": 7, "running": "perhaps"}, "running"),
        ("list_time_entries", {"executed_after": "2026-03-04", "executed_before": "2026-03-03"},
         ""),
        ("list_time_entries", {"billable": "sometimes"}, "billable"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_before_any_call(
    name: str, parameters: dict[str, Any], field: str
) -> None:
    provider = FakeTransport()

    with pytest.raises(InvalidParameters) as caught:
        run_action(name, parameters, provider)

    assert [found.field for found in caught.value.fields] == [field]
    assert provider.requests == []


def test_a_timer_starts_in_the_past() -> None:
    provider = FakeTransport().on("POST", OF_TICKET, json_reply(ENTRY, 201))

    # Given a clock that says 12:02:40, a start some seconds later is the other clock's doing
    run_action(
        "add_time_entry", {"ticket_id": 1042, "start_time": "2026-03-03T12:03:30Z"}, provider
    )

    with pytest.raises(InvalidRequest, match="start_time"):
        run_action(
            "add_time_entry", {"ticket_id": 1042, "start_time": "2026-03-03T12:04:00Z"}, provider
        )
    assert len(provider.requests) == 1


def test_an_update_sends_what_changes_only() -> None:
    provider = FakeTransport().on("PUT", ONE, json_reply(ENTRY))

    outcome = run_action(
        "update_time_entry", {"time_entry_id": 88000772826, "time_spent": 45}, provider
    )

    assert provider.requests[0].json == {"time_spent": "00:45"}
    assert outcome.data["ticket_url"].endswith("/1042")


def test_a_toggle_is_never_repeated_blindly() -> None:
    provider = FakeTransport().on("PUT", f"{ONE}/toggle_timer", empty_reply(200))

    outcome = run_action("toggle_timer", {"time_entry_id": 88000772826}, provider)

    (sent,) = provider.requests
    # Freshdesk refuses a body here, and a second toggle undoes the first.
    assert (sent.content(), sent.idempotent) == (None, False)
    assert outcome.data == {"time_entry_id": 88000772826, "timer_running": None}
    assert CATALOGUE.find("freshdesk", "toggle_timer").effect is Effect.ADD


def test_a_timer_can_be_set_instead_of_toggled() -> None:
    provider = FakeTransport().on("PUT", ONE, json_reply(ENTRY))

    outcome = run_action("toggle_timer", {"time_entry_id": 88000772826, "running": False}, provider)

    assert provider.requests[0].json == {"timer_running": False}
    assert outcome.data["timer_running"] is False


def refusal(*fields: str) -> Any:
    errors = [{"field": name, "message": "No", "code": "invalid_value"} for name in fields]
    return json_reply({"description": "Validation failed", "errors": errors}, 400)


def test_a_timer_that_is_as_wanted_is_no_error() -> None:
    provider = FakeTransport().on("PUT", ONE, refusal("timer_running"), refusal("id"))

    outcome = run_action("toggle_timer", {"time_entry_id": 88000772826, "running": True}, provider)

    assert outcome.data == {"time_entry_id": 88000772826, "timer_running": True}
    assert outcome.message == "Timer was running already"
    with pytest.raises(InvalidRequest):
        run_action("toggle_timer", {"time_entry_id": 88000772826, "running": True}, provider)


def test_deleting_answers_with_the_id() -> None:
    provider = FakeTransport().on("DELETE", ONE, empty_reply(204))

    outcome = run_action("delete_time_entry", {"time_entry_id": 88000772826}, provider)

    assert outcome.data == {"time_entry_id": 88000772826}


def entry(number: int, **changed: Any) -> dict[str, Any]:
    return ENTRY | {"id": number, "agent_id": 456, "company_id": 789} | changed


def test_the_accounts_entries_are_filtered_by_freshdesk() -> None:
    provider = FakeTransport().on("GET", ALL, PagedList([entry(1), entry(2, time_spent="10:45")]))

    outcome = run_action(
        "list_time_entries",
        {
            "agent_id": 456,
            "company_id": 789,
            "billable": False,
            "executed_after": "2026-03-01",
            "executed_before": "2026-03-05T12:00:00+02:00",
        },
        provider,
    )

    (asked,) = [query_of(request) for request in provider.requests]
    assert asked == {
        "agent_id": "456",
        "company_id": "789",
        "billable": "false",
        "executed_after": "2026-03-01T00:00:00Z",
        "executed_before": "2026-03-05T10:00:00Z",
        "page": "1",
        "per_page": "100",
    }
    assert outcome.data["next_page"] is None


def test_without_a_filter_everything_is_listed_and_summed() -> None:
    rows = [entry(number, time_spent="00:45") for number in range(1, 151)]
    provider = FakeTransport().on("GET", ALL, PagedList(rows))

    outcome = run_action("list_time_entries", {"limit": 3000}, provider)

    assert len(outcome.data["time_entries"]) == 150
    assert outcome.data["total_time_spent"] == "112:30"
    assert outcome.data["credits"] == len(provider.requests) == 2


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        ({}, [1, 2, 3, 4]),
        ({"agent_id": 457}, [2]),
        ({"company_id": 788}, [3]),
        ({"billable": False}, [4]),
        ({"executed_after": "2026-03-04T00:00:00Z"}, [4]),
        ({"executed_before": "2026-03-03T12:00:00Z"}, [1, 2, 3]),
    ],
)
def test_one_tickets_entries_are_filtered_here(chosen: dict[str, Any], found: list[int]) -> None:
    rows = [
        entry(1),
        entry(2, agent_id=457),
        entry(3, company_id=788),
        entry(4, billable=False, executed_at="2026-03-04T00:00:00Z"),
    ]
    provider = FakeTransport().on("GET", OF_TICKET, PagedList(rows))

    outcome = run_action("list_time_entries", {"ticket_id": 1042, **chosen}, provider)

    assert [one["id"] for one in outcome.data["time_entries"]] == found
    # That list takes no filter: Freshdesk would refuse one.
    assert query_of(provider.requests[0]) == {"page": "1", "per_page": "100"}
