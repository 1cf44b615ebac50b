"""Before anything is fetched it is known what rules need, and which of them need nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from minijinja import Environment

from freshbridge.analytics.business_hours import WEEKDAYS
from freshbridge.events.enrichment import Fetched, filled
from freshbridge.events.fetchable import Wanted
from freshbridge.rules.conditions import holds
from freshbridge.rules.enricher import choice_of, wanted_for
from freshbridge.rules.foresight import Foresight, TemplatePaths, template_paths
from freshbridge.rules.model import Rule, RuleAction, read_rule
from freshbridge.rules.options import Options
from freshbridge.rules.schedule import Schedule, read_schedule
from freshbridge.rules.template_paths import paths_in
from tests import builders

ROOTS = st.sampled_from(["ticket", "contact", "note", "changes", "event.ticket"])
STEP = st.sampled_from(["subject", "status", "custom_fields", "cf_a", "id", "tags"])
PATH = st.builds(lambda root, steps: ".".join([root, *steps]), ROOTS, st.lists(STEP, max_size=3))
SHAPES = (
    "{{ %s }}", "{{ %s|upper|trim }}", "{{- %s[:50] -}}", "{{ 'x' ~ %s ~ \"}}\" }}",
    "{%% if %s %%}a{%% endif %%}", "{%% if not %s is defined %%}a{%% endif %%}",
    "{%% for one in %s %%}{{ one }}{%% endfor %%}", "{{ (%s)|default('ticket.z') }}",
    "{{ %s[0] }}", "{{ 'a' if %s == 3 else 'b' }}", "{# note.id #}{{ %s }}", "{{ 1 + %s }}",
)  # fmt: skip


def steps(path: str) -> tuple[str, ...]:
    return tuple(path.removeprefix("event.").split("."))


@given(path=PATH, shape=st.sampled_from(SHAPES), depth=st.integers(0, 2))
def test_every_path_is_found_in_whatever_template_it_stands(
    path: str, shape: str, depth: int
) -> None:
    value: Any = f"Dear all, {shape % path}\nbye"
    for _ in range(depth):
        value = {"body": [value, 3, None]}

    assert steps(path) in paths_in(value)


@given(path=PATH, shape=st.sampled_from(SHAPES))
def test_what_the_engine_finds_is_found_too(path: str, shape: str) -> None:
    template = shape % path

    theirs = Environment().undeclared_variables_in_str(template, nested=True)

    found = paths_in(template)
    assert all(any(steps(name) == one[: len(steps(name))] for one in found) for name in theirs)


def test_filters_tests_and_words_are_no_paths() -> None:
    template = "{% if ticket.a is not none and 'note.x' in contact.b|join %}{{ 3|abs }}{% endif %}"

    assert paths_in(template) == {("ticket", "a"), ("contact", "b")}
    assert paths_in("{% if ticket.a is not defined %}x{% endif %}") == {("ticket", "a")}
    assert paths_in("no template, { ticket.a }") == set()
    assert paths_in("{{ ticket['subject'] }}") == {("ticket",)}


# Conditions on fields that the event has (known) and on some that it has not (far).
KNOWN = {"priority": 4, "subject": "fire"}
FAR = {"description": "flames", "group_id": 9, "due_by": "2026-03-03T12:00:00Z"}
TEST = st.one_of(
    st.sampled_from([{name: value} for name, value in (KNOWN | FAR).items()]),
    st.sampled_from([{name: {"ne": value}} for name, value in (KNOWN | FAR).items()]),
    st.sampled_from(
        [{"group_id": {"exists": False}}, {"priority": {"gt": 4}}, {"due_by": {"lt": "2026-01-01"}}]
    ),
)
CONDITIONS = st.recursive(
    TEST,
    lambda inner: st.one_of(
        st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=8,
)


def rule(conditions: dict[str, Any] | None = None, text: str = "Seen", **options: Any) -> Rule:
    note = RuleAction("freshdesk", "add_note", {"ticket_id": "{{ ticket.id }}", "body": text})
    return builders.rule(conditions=conditions or {}, actions=(note,), options=Options(**options))


def hours(outside: str, to: str = "12:00") -> Schedule | None:
    """Mornings of every day; the event of these tests comes at two minutes past noon."""
    return read_schedule({"days": list(WEEKDAYS), "from": "06:00", "to": to, "outside": outside})


@given(
    conditions=CONDITIONS,
    far=st.fixed_dictionaries(
        {}, optional={name: st.sampled_from([value, None]) for name, value in FAR.items()}
    ),
)
def test_what_is_decided_before_the_fetch_stays_so_after_it(
    conditions: dict[str, Any], far: dict[str, Any]
) -> None:
    condition = rule(conditions).condition
    event = builders.event(ticket={"id": 1, **KNOWN})

    verdict = Foresight(event).holds(condition)

    after = holds(condition, filled(event, Fetched("t", ticket={"id": 1, **far})).as_dict())
    assert verdict is None or verdict is after
    assert verdict is not None or Foresight(event).undecided(condition)


@pytest.mark.parametrize(
    ("given", "calls"),
    [
        (rule({"priority": 4}), []),
        (rule({"priority": 1}, "{{ ticket.description }}"), []),
        (rule({"priority": 4, "description": "x"}), ["GET /api/v2/tickets/1042"]),
        (rule({"priority": 1, "description": "x"}), []),
        (rule({"any": [{"priority": 4}, {"description": "x"}]}), []),
        (rule({"description": {"changed": True}}), []),
        (rule(text="{{ ticket.description[:9] }}"), ["GET /api/v2/tickets/1042"]),
        (rule(text="{{ event.ticket.description }}"), ["GET /api/v2/tickets/1042"]),
        (rule(text="{{ ticket.nothing }}"), []),
        (rule(text="{{ ticket.description }}", enrich="never"), []),
        (rule(text="{{ ticket.description }}", enabled=False), []),
        (rule(text="{{ ticket.description }}", schedule=hours("skip")), []),
        (rule(text="{{ ticket.description }}", schedule=hours("wait")),
         ["GET /api/v2/tickets/1042"]),
        (rule(text="{{ ticket.description }}", schedule=hours("skip", to="13:00")),
         ["GET /api/v2/tickets/1042"]),
        (rule(enrich="always"), ["GET /api/v2/tickets/1042?include=company,requester,stats"]),
        (rule({"priority": 1}, enrich="always"), []),
        (rule({"ticket.requester.email": "a@b.example"}), []),
        (rule({"ticket.requester.phone": "1"}),
         ["GET /api/v2/tickets/1042?include=requester"]),
        (rule(text="{{ ticket.requester.email }}"), []),
        (rule(text="{{ event.ticket.requester.email }}"), []),
        (rule(text="{{ ticket.requester.phone }}"),
         ["GET /api/v2/tickets/1042?include=requester"]),
        (rule({"company.name": "Customer Inc"}), ["GET /api/v2/tickets/1042?include=company"]),
        (rule({"event.late": False, "event.ticket.priority": 4}), []),
    ],
)  # fmt: skip
def test_a_rule_is_fetched_for_only_where_it_turns_on_it(given: Rule, calls: list[str]) -> None:
    event = builders.event(contact={"email": "a@b.example"})

    found = Foresight(event).of_rule(given, template_paths(given))

    assert found.calls(event) == calls


def test_a_rule_for_another_event_needs_nothing() -> None:
    other = builders.rule(event="ticket_closed", conditions={"description": "x"})

    assert Foresight(builders.event()).of_rule(other, template_paths(other)) == Wanted()


def test_a_contact_s_event_has_its_fields_without_a_root() -> None:
    event = builders.event(type="contact_updated", ticket={}, contact={"id": 9, "name": "Asha"})
    known = read_rule(
        {
            "trigger": {"platform": "freshdesk", "event": "contact_updated",
                        "conditions": {"name": "Asha", "email": builders.EMAIL}},
            "actions": [{"platform": "freshdesk", "action": "add_note", "parameters": {}}],
        },
        rule_id="rul_1",
    )  # fmt: skip

    found = Foresight(event).of_rule(known, template_paths(known))

    assert found.calls(event) == ["GET /api/v2/contacts/9"]
    assert found.paths == ("contact.email",)


def test_the_needs_of_all_rules_are_one_fetch_and_the_instance_has_the_last_word() -> None:
    rules = [rule({"description": "x"}), rule(text="{{ ticket.stats.closed_at }}"), rule()]
    rules = [replace(one, rule_id=f"rul_{n}") for n, one in enumerate(rules)]
    event, paths = builders.event(), TemplatePaths()

    def calls(choice: str) -> list[str]:
        found = wanted_for(event, rules, TemplatePaths(), config={}, choice=choice)
        return found.calls(event)

    found = wanted_for(event, rules, paths, config={}, choice="auto")
    assert found.calls(event) == ["GET /api/v2/tickets/1042?include=stats"]
    assert found == wanted_for(event, rules, paths, config={}, choice="auto")
    assert calls("never") == []
    assert calls("always") == ["GET /api/v2/tickets/1042?include=company,requester,stats"]


def test_what_a_called_rule_needs_is_fetched_for_the_one_that_calls_it() -> None:
    def calling(number: int, called: str) -> Rule:
        action = RuleAction("freshbridge", "run_rule", {"rule_id": called})
        return builders.rule(rule_id=f"rul_{number}", actions=(action,))

    def named(number: int, conditions: dict[str, Any], text: str) -> Rule:
        made = rule(conditions, text)
        return builders.rule(
            rule_id=f"rul_{number}", event="ticket_closed",
            conditions=made.conditions, actions=made.actions,
        )  # fmt: skip

    rules = [calling(1, "rul_2"), calling(2, "rul_3"), named(3, {"group_id": 9}, "{{ note.id }}")]
    found = wanted_for(builders.event(), rules, TemplatePaths(), config={}, choice="auto")
    assert found.paths == ("ticket.group_id",)

    stranger = [calling(1, "rul_gone"), named(3, {"group_id": 9}, "x")]
    assert not wanted_for(builders.event(), stranger, TemplatePaths(), config={}, choice="auto")
    circle = [calling(1, "rul_2"), calling(2, "rul_1")]
    assert not wanted_for(builders.event(), circle, TemplatePaths(), config={}, choice="auto")


def test_paths_are_found_once_for_each_version_of_a_rule() -> None:
    paths = TemplatePaths()
    first = builders.rule(version=1)
    assert ("ticket", "id") in paths.of(first)

    assert paths.of(builders.rule(version=1)) is paths.of(first)
    assert paths.of(rule(text="{{ ticket.subject }}")) == paths.of(first)
    changed = builders.rule(version=2, actions=rule(text="{{ ticket.subject }}").actions)
    assert ("ticket", "subject") in paths.of(changed)
    assert paths.of(builders.rule(rule_id="")) == paths.of(first)


def test_no_more_rules_are_remembered_than_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TemplatePaths, "MOST_KEPT", 2)
    paths = TemplatePaths()

    found = [paths.of(builders.rule(rule_id=f"rul_{n}")) for n in range(5)]

    assert len(set(found)) == 1
    assert len(paths._kept) <= 2


@pytest.mark.parametrize(
    ("config", "configuration", "choice"),
    [
        ({}, {}, "auto"),
        ({"event.enrich": "never"}, {"event.enrich": "always"}, "never"),
        ({}, {"event.enrich": " Always "}, "always"),
        ({"event.enrich": "sometimes"}, {}, "auto"),
    ],
)
def test_an_instance_says_when_its_events_are_fetched(
    config: dict[str, Any], configuration: dict[str, str], choice: str
) -> None:
    assert choice_of(config, configuration) == choice
