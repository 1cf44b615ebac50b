"""Every action checks its parameters, describes them, and calls its provider."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from freshbridge.actions.catalogue import (
    CATALOGUE,
    Catalogue,
    InvalidParameters,
    UnknownAction,
    validate,
)


def _described(field: dict[str, Any]) -> bool:
    """Whether a field says what it is, itself or by its type."""
    return '"description"' in json.dumps(field) or "$ref" in json.dumps(field)


@pytest.mark.parametrize("action", list(CATALOGUE), ids=lambda a: f"{a.platform}.{a.name}")
def test_every_action_has_words_and_a_schema(action: Any) -> None:
    schema = action.parameters.model_json_schema()

    assert json.dumps(schema)
    assert schema["additionalProperties"] is False
    assert action.description
    assert validate(action, dict(action.example))
    assert [name for name, f in schema["properties"].items() if not _described(f)] == []


def test_an_unknown_action_is_told_which_is_nearest() -> None:
    with pytest.raises(UnknownAction, match=r"no action freshdesk.add_noet") as raised:
        CATALOGUE.find("freshdesk", "add_noet")
    assert "Did you mean freshdesk.add_note" in raised.value.advice
    # Nor does a shared platform make a name alike, or another platform hide where it is
    for platform, name in (("nobody", "x" * 500), ("freshdesk", "explode")):
        with pytest.raises(UnknownAction) as raised:
            CATALOGUE.find(platform, name)
        assert raised.value.advice == "GET /api/actions lists all that there are."
    for platform in ("freshdek", "slack"):
        with pytest.raises(UnknownAction, match=f"no action {platform}.add_note") as raised:
            CATALOGUE.find(platform, "add_note")
        assert "Did you mean freshdesk.add_note" in raised.value.advice


def test_two_actions_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two actions are called freshdesk"):
        Catalogue([tuple(CATALOGUE), tuple(CATALOGUE)])


@pytest.mark.parametrize(
    ("name", "parameters", "named"),
    [
        ("add_note", {}, {"ticket_id", "body"}),
        ("add_note", {"ticket_id": 0, "body": ""}, {"ticket_id", "body"}),
        ("add_note", {"ticket_id": "seven", "body": "x"}, {"ticket_id"}),
        ("add_note", {"ticket_id": 7, "body": "x", "privat": True}, {"privat"}),
        ("update_ticket", {"ticket_id": 7, "priority": "hot-secret"}, {"priority"}),
        ("update_ticket", {"ticket_id": 7, "status": 1}, {"status"}),
        ("update_ticket", {"ticket_id": 7, "status": True}, {"status"}),
        ("update_ticket", {"ticket_id": 7, "tags": "hot-secret"}, {"tags"}),
        ("update_ticket", {"ticket_id": 7}, {""}),
    ],
)
def test_wrong_parameters_are_named_and_not_quoted(
    name: str, parameters: dict[str, Any], named: set[str]
) -> None:
    with pytest.raises(InvalidParameters) as raised:
        validate(CATALOGUE.find("freshdesk", name), parameters)
    assert {field.field for field in raised.value.fields} == named
    assert "hot-secret" not in str(raised.value)


@pytest.mark.parametrize("folder", ["unit/actions", "simulators/actions"])
def test_every_action_is_run_on_the_wire_and_against_the_simulator(folder: str) -> None:
    tests = Path(__file__).parents[2] / folder
    platforms = {action.platform for action in CATALOGUE}

    def told(platform: str) -> str:
        others = tuple(f"test_{other}_" for other in platforms - {platform})
        paths = [path for path in tests.glob("test_*.py") if not path.name.startswith(others)]
        return "".join(path.read_text() for path in paths if path != Path(__file__))

    missing = {
        platform: [
            action.name
            for action in CATALOGUE
            if action.platform == platform and f'"{action.name}"' not in told(platform)
        ]
        for platform in platforms
    }
    assert missing == {platform: [] for platform in platforms}
