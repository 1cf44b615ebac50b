"""A rehearsal fetches nothing and tells what would be fetched."""

from __future__ import annotations

from typing import Any

import pytest

from freshbridge.rules.model import Rule, RuleAction
from freshbridge.rules.options import Options
from freshbridge.rules.rehearsal import rehearse
from tests import builders

NOW = builders.RECEIVED_AT
CALL = ["GET /api/v2/tickets/1042"]


def rule(text: str = "Seen", **changed: Any) -> Rule:
    note = RuleAction("freshdesk", "add_note", {"ticket_id": "{{ ticket.id }}", "body": text})
    return builders.rule(**{"actions": (note,)} | changed)


@pytest.mark.parametrize(
    ("given", "code", "fetch"),
    [
        (rule(), None, None),
        (rule(conditions={"description": "x"}), "needs_fetch", ["ticket.description"]),
        (rule("{{ ticket.description }}"), "needs_fetch", ["ticket.description"]),
        (rule("{{ ticket.nothing }}"), "invalid_template", None),
        (rule("{{ ticket.description }}", conditions={"priority": 1}), "conditions", None),
        (rule(conditions={"priority": 1, "description": "x"}), "conditions", None),
        (rule("{{ ticket.description }}", event="ticket_closed"), "other_event", None),
        (rule("{{ ticket.description }}", options=Options(enabled=False)), "disabled", None),
    ],
)
def test_what_a_rule_turns_on_is_told_with_its_calls(
    given: Rule, code: str | None, fetch: list[str] | None
) -> None:
    shown = rehearse(given, builders.event(), now=NOW)

    assert shown["code"] == code
    assert shown["would_run"] is (code is None)
    assert shown["would_fetch"] == (None if fetch is None else {"calls": CALL, "for": fetch})
    if code == "needs_fetch":
        assert "ticket.description" in shown["reason"]


def test_a_rule_that_runs_either_way_says_what_is_fetched_on_the_way() -> None:
    empty = rule("[{{ ticket.description }}]", options=Options(missing="empty"))

    shown = rehearse(empty, builders.event(), now=NOW)

    assert shown["would_run"] is True
    assert shown["would_fetch"] == {"calls": CALL, "for": ["ticket.description"]}


def test_where_nothing_is_ever_fetched_the_event_is_all_there_is() -> None:
    shown = rehearse(
        rule(conditions={"description": "x"}), builders.event(), now=NOW, fetching=False
    )

    assert (shown["code"], shown["would_fetch"]) == ("conditions", None)
