"""Each operator, nesting, paths and names; and all of them against an evaluator made otherwise."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.events.normalised import Event
from freshbridge.rules.comparison import own_statuses, rank, same
from freshbridge.rules.conditions import explain, holds, matches
from freshbridge.rules.model import InvalidRule, read_rule
from tests import builders

TICKET: dict[str, Any] = {
    "id": 7,
    "priority": 4,
    "status": 2,
    "type": "Incident",
    "subject": "Refund please: order 1234",
    "tags": ["vip", "Printer"],
    "due_by": "2026-03-05T10:00:00Z",
    "group_name": None,
    "custom_fields": {"cf_floor": "12", "cf_urgent": "true", "cf_level": 3.5},
}
CHANGES = {
    "status": {"from": 2, "to": 4},
    "category": {"from": "a", "to": "Hardware"},
    "odd": 7,
}


def event(**changed: Any) -> Event:
    values: dict[str, Any] = {
        "ticket": TICKET,
        "contact": {"email": "asha.example@customer.example", "name": "Asha"},
        "actor": {"name": "Ravi"},
        "changes": CHANGES,
    }
    return builders.event(**values | changed)


def met(conditions: dict[str, Any], **changed: Any) -> bool:
    return matches(builders.rule(conditions=conditions), event(**changed))


HOLD: list[dict[str, Any]] = [
    {"priority": {"eq": "Urgent"}},
    {"priority": {"ne": 3}},
    {"group_name": {"eq": None}},
    {"nothing": {"ne": "x"}},
    {"type": {"in": ["Problem", "incident"]}},
    {"type": {"not_in": ["Problem", "Question"]}},
    {"type": {"not_in": []}},
    {"priority": {"gt": "High", "lte": 4}},
    {"priority": {"gte": 4}},
    {"custom_fields.cf_floor": {"gt": 9}},
    {"custom_fields.cf_floor": {"lt": 12.5}},
    {"custom_fields.cf_level": {"gte": 3.5}},
    {"custom_fields.cf_floor": 12},
    {"custom_fields.cf_urgent": True},
    {"due_by": {"gt": "2026-03-05"}},
    {"due_by": {"lt": "2026-03-05T12:00:01+01:00", "gte": "2026-03-05T11:00:00+01:00"}},
    {"due_by": "2026-03-05T11:00:00+01:00"},
    {"subject": {"contains": "REFUND"}},
    {"subject": {"contains": 1234}},
    {"tags": {"contains": "VIP"}},
    {"tags": {"ne": "gold"}},
    {"subject": {"matches": r"order \d{4}$"}},
    {"subject": {"matches": "(?i)^refund"}},
    {"tags": {"matches": "^Pr"}},
    {"id": {"matches": "^7$"}},
    {"subject": {"exists": True}},
    {"group_name": {"exists": False}},
    {"nothing.deeper": {"exists": False}},
    {"status": {"changed": True}},
    {"priority": {"changed": False}},
    {"status": {"changed_to": "Resolved"}},
    {"status": {"changed_to": [3, "resolved"]}},
    {"custom_fields.category": {"changed_to": "hardware"}},
    {"changes.status.to": "Resolved"},
    {"contact.email": {"contains": "@customer.example"}},
    {"ticket.requester.email": {"contains": "@customer.example"}},
    {"requester.name": "Asha"},
    {"actor.name": "ravi"},
    {"event.type": "ticket_created"},
    {"tags.1": "printer"},
    {"any": [{"priority": 1}, {"type": "Incident"}]},
    {"all": [{"priority": 4}, {"not": {"tags": "gold"}}], "status": "open"},
    {"not": {"priority": 4, "type": "Question"}},
    {"not": {"any": [{"priority": 1}, {"priority": 2}]}},
]
DO_NOT: list[dict[str, Any]] = [
    {"priority": {"gt": 4}},
    {"priority": {"gt": 1, "lt": 3}},
    {"type": {"gt": 1}},
    {"nothing": {"lt": 100}},
    {"due_by": {"gt": 5}},
    {"priority": {"gt": "2026-01-01"}},
    {"custom_fields.cf_urgent": {"gte": 0}},
    {"custom_fields.cf_urgent": False},
    {"custom_fields.cf_level": True},
    {"subject": {"contains": "invoice"}},
    {"id": {"contains": 7}},
    {"nothing": {"contains": "x"}},
    {"subject": {"contains": True}},
    {"tags": {"contains": "vi"}},
    {"subject": {"matches": "^order"}},
    {"subject": {"matches": "refund"}},
    {"nothing": {"matches": ".*"}},
    {"custom_fields": {"matches": "12"}},
    {"nothing": {"exists": True}},
    {"status": {"changed": False}},
    {"status": {"changed_to": "Closed"}},
    {"status": {"changed_to": []}},
    {"priority": {"changed_to": 4}},
    {"odd": {"changed_to": 7}},
    {"tags.7": "printer"},
    {"type": {"in": []}},
    {"tags": {"ne": "vip"}},
    {"any": [{"priority": 1}, {"type": "Problem"}]},
    {"all": [{"priority": 4}, {"tags": "gold"}]},
    {"not": {"priority": 4}},
    {"requester.email": "x", "priority": 4},
]


@pytest.mark.parametrize("conditions", HOLD)
def test_conditions_that_hold(conditions: dict[str, Any]) -> None:
    assert met(conditions)


@pytest.mark.parametrize("conditions", DO_NOT)
def test_conditions_that_do_not(conditions: dict[str, Any]) -> None:
    assert not met(conditions)


@pytest.mark.parametrize("changes", [{}, None, [], "none"])
def test_an_event_that_tells_of_no_changes_has_none(changes: Any) -> None:
    assert not met({"status": {"changed": True}}, changes=changes)
    assert not met({"status": {"changed_to": 4}}, changes=changes)
    assert met({"status": {"changed": False}}, changes=changes)


def test_the_ticket_s_own_requester_goes_before_the_event_s_contact() -> None:
    ticket = TICKET | {"requester": {"email": "else@customer.example"}}

    assert met({"requester.email": "else@customer.example"}, ticket=ticket)


def test_of_a_contact_s_event_a_path_begins_at_the_contact() -> None:
    rule = builders.rule(event="contact_created", conditions={"email": {"contains": "asha"}})

    assert matches(rule, event(type="contact_created", ticket={}))


@pytest.mark.parametrize(
    ("had", "wanted", "held"),
    [
        ("Waiting on vendor", "waiting ON vendor", True),
        (9, "Waiting on vendor", True),
        ("Waiting on vendor", 9, True),
        (9, 9, True),
        (10, "Waiting on vendor", False),
        ("Open", "Waiting on vendor", False),
        (2, "Open", True),
    ],
)
def test_an_account_s_own_statuses_go_by_name_and_number(
    *, had: object, wanted: object, held: bool
) -> None:
    rule = builders.rule(conditions={"status": wanted})
    one = event(ticket={"status": had})

    assert matches(rule, one, {"Waiting on vendor": 9}) is held


@pytest.mark.parametrize(
    ("config", "statuses"),
    [
        ({}, {}),
        ({"custom_statuses": {"Waiting on vendor": 9}}, {"Waiting on vendor": 9}),
        ({"custom_statuses": {"A": "9", "B": True, "C": 8}}, {"C": 8}),
        ({"custom_statuses": ["A"]}, {}),
        ({"custom_statuses": None}, {}),
    ],
)
def test_an_instance_names_its_statuses(config: dict[str, Any], statuses: dict[str, int]) -> None:
    assert own_statuses(config) == statuses


def test_the_rule_example_of_the_guide_works_as_it_is_printed() -> None:
    printed = {
        "trigger": {
            "platform": "freshdesk",
            "event": "ticket_created",
            "conditions": {"priority": 4, "type": "Incident"},
        },
        "actions": [
            {
                "platform": "slack",
                "action": "send_message",
                "parameters": {
                    "channel": "#urgent-tickets",
                    "message": "Urgent ticket created: {{ticket.subject}}",
                },
            }
        ],
    }
    rule = read_rule(printed, rule_id="rul_1")

    assert matches(rule, event())
    assert not matches(rule, event(ticket=TICKET | {"priority": 3}))
    assert not matches(rule, event(type="ticket_updated"))


def test_a_pattern_that_would_take_years_elsewhere_takes_none() -> None:
    for pattern in ("(a+)+$", "(a|aa)+$", "(.*a){12}$", r"^(\w+\s?)*$"):
        assert not met({"subject": {"matches": pattern}}, ticket={"subject": "a" * 30_000 + "!"})


def test_only_the_beginning_of_a_text_is_looked_at() -> None:
    assert met({"subject": {"matches": "needle"}}, ticket={"subject": "x" * 32_000 + "needle"})
    assert not met({"subject": {"matches": "needle"}}, ticket={"subject": "x" * 33_000 + "needle"})


def test_half_an_emoji_is_looked_through() -> None:
    assert met({"subject": {"matches": "cut"}}, ticket={"subject": "cut \ud83d"})


# --- what is refused


def nested(depth: int) -> dict[str, Any]:
    inner: dict[str, Any] = {"priority": 4}
    for _ in range(depth):
        inner = {"not": inner}
    return inner


REFUSED: list[tuple[Any, str]] = [
    (7, "trigger.conditions must be an object"),
    ({"priority": {"over": 3}}, "trigger.conditions.priority.over is no operator"),
    ({"priority": {}}, "trigger.conditions.priority names no operator"),
    ({"priority": [1, {"a": 1}]}, "trigger.conditions.priority[1] must be a text"),
    ({"priority": {"eq": [4]}}, "trigger.conditions.priority.eq must be a text"),
    ({"priority": {"in": 4}}, "trigger.conditions.priority.in must be a list"),
    ({"priority": {"gt": "Highest"}}, "trigger.conditions.priority.gt must be a number"),
    ({"type": {"gt": "High"}}, "trigger.conditions.type.gt must be a number"),
    ({"priority": {"gt": None}}, "trigger.conditions.priority.gt"),
    ({"priority": {"gt": True}}, "trigger.conditions.priority.gt"),
    ({"due_by": {"lt": "2026-02-31"}}, "trigger.conditions.due_by.lt"),
    ({"id": {"lt": float("inf")}}, "trigger.conditions.id.lt must be a finite number"),
    ({"subject": {"contains": ""}}, "trigger.conditions.subject.contains"),
    ({"subject": {"contains": None}}, "trigger.conditions.subject.contains"),
    ({"subject": {"matches": 7}}, "trigger.conditions.subject.matches must be a regular"),
    ({"subject": {"matches": "a(b"}}, "unclosed group, at character 2"),
    ({"subject": {"matches": "(?=a)"}}, "look-ahead"),
    ({"subject": {"matches": r"(a)\1"}}, "backreferences are not supported, at character 4"),
    ({"subject": {"matches": "a{1000}{1000}"}}, "repeats more than 1000"),
    ({"subject": {"matches": r"\w{990}"}}, "size limit"),
    ({"subject": {"matches": "a" * 501}}, "longer than 500"),
    ({"subject": {"exists": "yes"}}, "trigger.conditions.subject.exists must be true or false"),
    ({"status": {"changed": 1}}, "trigger.conditions.status.changed must be true or false"),
    ({"status": {"changed_to": {}}}, "trigger.conditions.status.changed_to[0]"),
    ({"any": {}}, "trigger.conditions.any must be a list"),
    ({"any": []}, "trigger.conditions.any must be a list of at least one"),
    ({"all": ["priority"]}, "trigger.conditions.all[0] must be an object"),
    ({"any": [{"priority": 1}, {"not": 7}]}, "trigger.conditions.any[1].not must be an object"),
    (
        {"prioritty": 4},
        "trigger.conditions.prioritty names no field of a ticket: prioritty. Did you mean priority",
    ),
    ({"any": [{"ticket.cf_floor": 4}]}, "conditions.any[0].ticket.cf_floor names no field"),
    ({"": 4}, "is no dotted path"),
    ({"custom_fields..x": 4}, "is no dotted path"),
    ({"a" * 201: 4}, "longer than 200"),
    ({"custom_fields" + ".a" * 8: 4}, "more than 8 steps"),
    ({"subject": "x" * 2_001}, "longer than 2000"),
    ({"tags": ["x"] * 501}, "more than 500 values"),
    (nested(9), "nested more than 8 deep"),
    ({"any": [{"priority": 1}] * 101}, "more than 100 parts"),
    ({f"custom_fields.f{i}": 1 for i in range(101)}, "more than 100 tests"),
    ({"any": [{"priority": 1, "id": 2}] * 51}, "more than 100 tests"),
]


@pytest.mark.parametrize(("conditions", "words"), REFUSED)
def test_nonsense_is_refused_with_its_place(conditions: Any, words: str) -> None:
    body = {
        "trigger": {"platform": "freshdesk", "event": "ticket_created", "conditions": conditions},
        "actions": [{"platform": "freshdesk", "action": "add_note"}],
    }

    with pytest.raises(InvalidRule) as raised:
        read_rule(body, rule_id="rul_1")

    assert words in str(raised.value)
    assert raised.value.fields
    assert raised.value.fields[0].field.startswith("trigger.conditions")


def test_as_deep_and_as_many_as_may_be() -> None:
    assert met({f"custom_fields.f{i}": None for i in range(100)})
    assert not met(nested(7))


def test_other_platforms_have_fields_of_their_own() -> None:
    body = {
        "trigger": {
            "platform": "freshsales", "event": "contact_created", "conditions": {"city": "Chennai"},
        },
        "actions": [{"platform": "freshdesk", "action": "add_note"}],
    }  # fmt: skip

    assert read_rule(body, rule_id="rul_1").conditions == {"city": "Chennai"}


# --- against an evaluator that was made otherwise

VALUES = st.none() | st.integers(-3, 9) | st.sampled_from(["a", "b", "Ab", "abc"])
FIELDS = st.sampled_from(["x", "y", "z"])
TESTS = st.one_of(
    VALUES,
    st.lists(VALUES, max_size=3),
    st.fixed_dictionaries({}, optional={"eq": VALUES, "ne": VALUES}).filter(bool),
    st.sampled_from(["in", "not_in"]).flatmap(
        lambda op: st.lists(VALUES, max_size=3).map(lambda vs: {op: vs})
    ),
    st.sampled_from(["gt", "gte", "lt", "lte"]).flatmap(
        lambda op: st.integers(-3, 9).map(lambda n: {op: n})
    ),
    st.booleans().map(lambda b: {"exists": b}),
    st.sampled_from(["a", "B", "bc"]).map(lambda t: {"contains": t}),
    st.booleans().map(lambda b: {"changed": b}),
    st.lists(VALUES, min_size=1, max_size=2).map(lambda vs: {"changed_to": vs}),
)
LEAVES = st.dictionaries(FIELDS.map(lambda f: f"custom_fields.{f}"), TESTS, max_size=2)
CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "any": st.lists(inner, min_size=1, max_size=3),
            "all": st.lists(inner, min_size=1, max_size=3),
            "not": inner,
        },
    ),
    max_leaves=6,
)
RECORDS = st.dictionaries(FIELDS, VALUES, max_size=3)
CHANGED = st.dictionaries(FIELDS, VALUES.map(lambda v: {"from": 0, "to": v}), max_size=2)


def plain(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def model_of_one(name: str, asked: Any, record: dict[str, Any], changes: dict[str, Any]) -> bool:
    """What one member asks, worked out by cases."""
    value = record.get(name)
    if not isinstance(asked, dict):
        return plain(value) in [plain(a) for a in (asked if isinstance(asked, list) else [asked])]
    return all(
        model_of_operator(value, operator, wanted)
        if not operator.startswith("changed")
        else (name in changes) == wanted
        if operator == "changed"
        else name in changes and plain(changes[name]["to"]) in [plain(one) for one in wanted]
        for operator, wanted in asked.items()
    )


def model_of_operator(value: Any, operator: str, wanted: Any) -> bool:
    if operator in ("gt", "gte", "lt", "lte"):
        signs = {"gt": (1,), "gte": (0, 1), "lt": (-1,), "lte": (-1, 0)}
        if not isinstance(value, int):
            return False
        sign = int(value > wanted) - int(value < wanted)
        return sign in signs[operator]
    if operator == "exists":
        return (value is not None) is wanted
    if operator == "contains":
        return isinstance(value, str) and str(wanted).lower() in value.lower()
    choices = wanted if operator in ("in", "not_in") else [wanted]
    found = plain(value) in [plain(one) for one in choices]
    return found is (operator in ("eq", "in"))


def model(conditions: dict[str, Any], record: dict[str, Any], changes: dict[str, Any]) -> bool:
    answers = []
    for name, asked in conditions.items():
        if name == "any":
            answers.append(True in [model(part, record, changes) for part in asked])
        elif name == "all":
            answers.append(False not in [model(part, record, changes) for part in asked])
        elif name == "not":
            answers.append(not model(asked, record, changes))
        else:
            answers.append(model_of_one(name.split(".")[1], asked, record, changes))
    return all(answers)


@given(CONDITIONS, RECORDS, CHANGED)
def test_evaluation_agrees_with_the_model_and_with_its_explanation(
    conditions: dict[str, Any], record: dict[str, Any], changes: dict[str, Any]
) -> None:
    rule = builders.rule(conditions=conditions)
    one = event(ticket={"custom_fields": record}, changes=changes).as_dict()

    expected = model(conditions, record, changes)

    assert holds(rule.condition, one) is expected
    assert explain(rule.condition, one)["held"] is expected


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(ANYTHING, ANYTHING)
def test_comparing_never_fails_and_equality_goes_both_ways(left: Any, right: Any) -> None:
    for field in ("priority", "status", "type"):
        rank(field, left)
        if not isinstance(left, list) and not isinstance(right, list):
            assert same(field, left, right) is same(field, right, left)


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_times_are_ordered_as_moments(left: datetime, right: datetime) -> None:
    one = event(ticket={"due_by": left.isoformat()})
    rule = builders.rule(conditions={"due_by": {"lt": right.isoformat()}})

    assert matches(rule, one) is (left < right)


def test_an_explanation_tells_each_test_with_what_it_met() -> None:
    conditions = {
        "priority": {"gte": 3},
        "any": [{"tags": ["gold", "vip"]}],
        "not": {"type": "Task"},
    }
    tree = explain(builders.rule(conditions=conditions).condition, event().as_dict())

    assert tree == {
        "all": [
            {"field": "priority", "operator": "gte", "expected": 3, "actual": 4, "held": True},
            {
                "any": [
                    {
                        "all": [
                            {
                                "field": "tags",
                                "operator": "in",
                                "expected": ["gold", "vip"],
                                "actual": ["vip", "Printer"],
                                "held": True,
                            }
                        ],
                        "held": True,
                    }
                ],
                "held": True,
            },
            {
                "not": {
                    "all": [
                        {
                            "field": "type",
                            "operator": "eq",
                            "expected": "Task",
                            "actual": "Incident",
                            "held": False,
                        }
                    ],
                    "held": False,
                },
                "held": True,
            },
        ],
        "held": True,
    }
    changed = explain(
        builders.rule(conditions={"status": {"changed_to": 4}}).condition, event().as_dict()
    )
    assert changed["all"][0]["actual"] == {"from": 2, "to": 4}


def test_evaluating_changes_nothing() -> None:
    one = event()
    before = copy.deepcopy(one.as_dict())

    for conditions in (*HOLD, *DO_NOT):
        matches(builders.rule(conditions=conditions), one)

    assert one.as_dict() == before
