"""What is kept of an event, and what a list tells of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from freshbridge.event_log.entry import (
    MOST_RUNS,
    Outcome,
    State,
    arrived,
    outcome_of,
    rule_runs,
    run_texts,
)
from freshbridge.event_log.items import runs_text
from freshbridge.event_log.store import INLINE
from freshbridge.queues.envelope import Replay
from freshbridge.rules.model import LONGEST_NAME
from freshbridge.rules.route import Run
from tests import builders


def run(outcome: str, number: int = 1) -> Run:
    return Run(
        run_id=f"run_{number}",
        rule=builders.rule(),
        event=builders.event(),
        subject="ticket 1042",
        at=builders.RECEIVED_AT,
        outcome=outcome,
    )


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([], Outcome.UNMATCHED),
        (["skipped"], Outcome.SKIPPED),
        (["skipped", "ran"], Outcome.ACTED),
        (["ran", "failed", "skipped"], Outcome.FAILED),
    ],
)
def test_the_most_telling_outcome_is_the_event_s(outcomes: list[str], expected: Outcome) -> None:
    assert outcome_of(run(outcome) for outcome in outcomes) is expected


def test_an_entry_names_so_many_runs_and_no_more() -> None:
    named = rule_runs(run("ran", number) for number in range(MOST_RUNS + 5))

    assert len(named) == MOST_RUNS
    assert run_texts(named)[0] == {
        "run_id": "run_0", "rule_id": "rul_1", "name": "Note on new tickets", "version": 1,
        "outcome": "ran",
    }  # fmt: skip


def test_whatever_the_runs_say_the_entry_fits_into_its_item() -> None:
    runs = [
        replace(
            run("failed", number), reason="ü" * 7_000, rule=builders.rule(name="ü" * LONGEST_NAME)
        )
        for number in range(MOST_RUNS + 5)
    ]

    assert len(runs_text(rule_runs(runs))) < 400 * 1024 - INLINE


def test_what_arrives_is_being_routed_until_something_else_is_said() -> None:
    received = builders.received_event()

    entry = arrived(received, "message").read_as(builders.event(recovered=True))

    assert (entry.state, entry.source, entry.size) == (
        State.ROUTING, "webhook", len(received.body),
    )  # fmt: skip
    assert (entry.type, entry.subject, entry.recovered) == ("ticket_created", "ticket 1042", True)
    summary = entry.summary()
    assert summary["id"] == received.event_id
    # What is not there is null, so that every event has the same members.
    assert (summary["code"], summary["routed_at"], summary["replay_of"]) == (None, None, None)
    assert "envelope" not in summary


def test_a_replay_s_entry_is_the_same_event_under_its_own_name_and_time() -> None:
    order = Replay("evt_new", "evt_0001", builders.INSTANCE_ID, "2026-04-01T00:00:00Z", "rul_1")

    entry = arrived(builders.received_event(), "message").asked_by(order)

    assert (entry.event_id, entry.received_at) == ("evt_new", "2026-04-01T00:00:00Z")
    assert (entry.replay_of, entry.only_rules) == ("evt_0001", "rul_1")
    assert replace(entry, event_id="evt_0001", received_at=builders.RECEIVED_AT).listed.startswith(
        f"{builders.RECEIVED_AT}#"
    )
