"""A ticket event goes all the way round: webhook, rule, note and priority, lake."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.demo import steps
from local.scenario import FUNCTIONS, SUBJECT, URGENT, Scenario
from local.stack import Options, running_stack

DESCRIPTION = "Since this morning nobody can pay."


@pytest.fixture(scope="module", params=[False, True], ids=["open", "IAM enforced"])
def job(request: pytest.FixtureRequest) -> Iterator[Scenario]:
    """The scenario, run to its end on a stack of its own, so that it can be counted."""
    options = Options(auth=request.param, run_dir=Path(".local/e2e-main-job"))
    with running_stack(options) as stack:
        scenario = Scenario(stack)
        for _, step in steps(scenario):
            step()
        yield scenario


def entries(job: Scenario, function: str) -> list[dict[str, Any]]:
    """The structured lines of a function's log."""
    found = []
    for line in job.stack.logs(function):
        if line.startswith("{") and "message" in (entry := json.loads(line)):
            found.append(entry)
    return found


def test_the_note_is_on_the_ticket_once(job: Scenario) -> None:
    notes = job.notes()

    assert [(note["body"], note["private"]) for note in notes] == [
        ("Incident reported by Mira Holt: on-call was told.", True)
    ]


def test_the_priority_was_raised_and_nothing_else_changed(job: Scenario) -> None:
    ticket = job.ticket()

    assert ticket["priority"] == URGENT
    assert (ticket["subject"], ticket["type"], ticket["status"]) == (SUBJECT, "Incident", 2)


def test_the_lake_holds_the_ticket_as_freshdesk_lists_it(job: Scenario) -> None:
    job.read_lake()
    listed = job.freshdesk.api("GET", "/tickets?order_by=updated_at&order_type=asc")
    latest = {row["id"]: row for row in job.rows}

    # Read back whole, but for what Freshdesk fills in seconds later without touching updated_at.
    def settled(ticket: dict[str, Any]) -> dict[str, Any]:
        return {k: v for k, v in ticket.items() if k not in ("due_by", "fr_due_by")}

    mine = next(ticket for ticket in listed if ticket["id"] == job.ticket_id)
    # The lake has more of it: what the sync embeds, and how it came there.
    kept = {name: latest[job.ticket_id].get(name) for name in mine}
    assert settled(kept) == settled(mine)
    assert set(latest) == {ticket["id"] for ticket in listed}


def test_the_instance_says_how_far_the_sync_has_come(job: Scenario) -> None:
    state = job.api.call("GET", f"/api/integrations/{job.instance['id']}/sync")

    assert state["tickets"]["complete_since"] >= job.ticket()["updated_at"]
    assert state["tickets"]["failures"] == 0


def test_one_correlation_id_joins_the_logs_from_webhook_to_action(job: Scenario) -> None:
    [stored] = [e for e in entries(job, "WebhookIngest") if e["message"] == "webhook stored"]
    event_id = stored["correlation_id"]

    assert event_id.startswith("evt_")
    routed = [e for e in entries(job, "EventRouter") if e["message"] == "event routed"]
    assert [(e["correlation_id"], e["actions"]) for e in routed] == [(event_id, 3)]
    done = [e for e in entries(job, "ActionExecutor") if e["message"] == "action done"]
    assert {e["action"] for e in done} == {
        "freshdesk.add_note", "freshdesk.update_ticket", "slack.send_message"
    }  # fmt: skip
    assert {e["correlation_id"] for e in done} == {event_id}
    called = [e for e in entries(job, "ActionExecutor") if e["message"] == "provider called"]
    assert {e["correlation_id"] for e in called} == {event_id}


def test_metrics_are_written_in_the_embedded_format(job: Scenario) -> None:
    def total(function: str, metric: str) -> float:
        lines = [line for line in job.stack.logs(function) if '"_aws"' in line]
        return sum(sum(json.loads(line).get(metric, [])) for line in lines)

    assert total("WebhookIngest", "EventsAccepted") == 1
    assert total("EventRouter", "ActionsRequested") == 3
    assert total("ActionExecutor", "ActionsDone") == 3


def test_nothing_went_wrong_on_the_way(job: Scenario) -> None:
    # No call was answered 429, nothing was parked, no function logged an error.
    assert job.problems() == []
    assert job.put_off() == []


def test_no_log_holds_a_key_a_secret_or_a_customers_words(job: Scenario) -> None:
    simulator = job.stack.simulators["freshdesk"]
    private = [
        simulator.api_key,
        job.instance["webhook"]["secret"],
        job.stack.user_secret,
        job.stack.organization_secret,
        SUBJECT,
        DESCRIPTION,
        "mira.holt@client.example",
        "Mira Holt",
    ]

    lines = {name: "\n".join(job.stack.logs(name)) for name in FUNCTIONS}

    assert all(lines[name] for name in ("WebhookIngest", "EventRouter", "ActionExecutor"))
    for name, text in lines.items():
        for word in private:
            assert word not in text, f"{name} logged something private"
