"""A fixed path of an HTTP action that leads elsewhere is told when the rule is saved."""

from __future__ import annotations

import pytest

from freshbridge.instances.model import Instance
from freshbridge.rules.http_paths import check_paths
from freshbridge.rules.invalid import InvalidRule
from freshbridge.rules.model import Rule, RuleAction
from tests import builders

ACCOUNT = builders.instance(platform="http", origin="https://api.acme.example")


def calling(path: object, *, instance_id: str = "9") -> Rule:
    """A rule whose second action calls a path."""
    note = RuleAction("freshdesk", "add_note", {"path": "http://evil.example/x"})
    call = RuleAction("http", "request", {"path": path}, instance_id=instance_id)
    return builders.rule(actions=(note, call))


def find(instance_id: str) -> Instance:
    """The only other account."""
    assert instance_id == "9"
    return ACCOUNT


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("http://evil.example/x", "another origin"),
        ("//evil.example/x", "another origin"),
        ("/../../x", "step . or .."),
        ("/a#b", "has a #"),
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(path: str, words: str) -> None:
    with pytest.raises(InvalidRule) as raised:
        check_paths(calling(path), builders.instance(), find)

    assert raised.value.fields[0].field == "actions[1].parameters.path"
    assert words in raised.value.what


@pytest.mark.parametrize(
    "path",
    ["/orders", "", None, "https://api.acme.example/x", "/../{{ ticket.id }}", "{{ ticket.type }}"],
)
def test_what_may_be_called_is_saved(path: object) -> None:
    check_paths(calling(path), builders.instance(), find)


def test_an_account_s_own_rule_is_held_against_its_own_address() -> None:
    with pytest.raises(InvalidRule):
        check_paths(calling("http://evil.example/x", instance_id=""), ACCOUNT, find)
