"""Templates keep types, refuse what the event does not have, and cannot be used to escape."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.rules.templates import LONGEST_OUTPUT, InvalidTemplate, check, render

PRIVATE = "Flames in room 12"
EVENT: dict[str, Any] = {
    "ticket": {
        "id": 7,
        "subject": PRIVATE,
        "type": None,
        "ratio": 0.5,
        "spam": False,
        "tags": ["vip", "fire"],
        "custom_fields": {"cf_floor": "12"},
    }
}
# What JSON holds; a float's text is not always its own, so only whole ones.
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abcdef", min_size=1), inner),
    max_leaves=8,
)


def rendered(template: Any, event: dict[str, Any] | None = None) -> Any:
    return render({"p": template}, EVENT if event is None else event)["p"]


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{{ ticket.id }}", 7),
        ("  {{ticket.id}}\n", 7),
        ("{{ ticket.ratio }}", 0.5),
        ("{{ ticket.spam }}", False),
        ("{{ ticket.type }}", None),
        ("{{ ticket.tags }}", ["vip", "fire"]),
        ("{{ ticket.custom_fields }}", {"cf_floor": "12"}),
        ("{{ ticket.subject }}", PRIVATE),
        ("{{ ticket.id + 1 }}", 8),
        ("{{ ticket.tags|join(', ') }}", "vip, fire"),
        ("#{{ ticket.id }}", "#7"),
        ("{{ ticket.id }}{{ ticket.id }}", "77"),
        ("{% if ticket.id > 5 %}late{% else %}early{% endif %}", "late"),
        ("{{ ticket.nothing|default('none yet') }}", "none yet"),
        ("no template { here }", "no template { here }"),
        (17, 17),
        (None, None),
        ({"a": ["{{ ticket.id }}", {"b": "{{ ticket.id }}"}]}, {"a": [7, {"b": 7}]}),
    ],
)
def test_rendering(template: Any, value: object) -> None:
    result = rendered(template)

    assert result == value
    assert type(result) is type(value)


@given(VALUES)
def test_one_expression_alone_gives_the_value_itself(value: Any) -> None:
    assert rendered("{{ ticket.x }}", {"ticket": {"x": value}}) == value


@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_no_template_whatever_raises_anything_but_its_own_error(template: str) -> None:
    try:
        json.dumps(rendered("{{ ticket.id }}" + template))
    except InvalidTemplate as error:
        assert "parameters.p" in str(error)


@pytest.mark.parametrize(
    "template",
    [
        "{{ ticket.nothing }}",
        "{{ ticket.nothing.deeper }}",
        "Ticket {{ ticket.nothing }}",
        "{{ nothing }}",
        "{{ ticket.nothing or 'x' }}",
        "{{ ticket.subject.deeper }}",
    ],
)
def test_a_name_that_the_event_lacks_is_an_error_naming_the_parameter(template: str) -> None:
    with pytest.raises(InvalidTemplate, match=r"parameters\.body\.text.*undefined") as raised:
        render({"body": {"text": template}}, EVENT)
    assert PRIVATE not in str(raised.value)


@pytest.mark.parametrize(
    "template",
    [
        "{% include ticket.subject %}",
        "{{ ticket.subject|int }}",
        "{{ ticket.subject + 1 }}",
        "{{ ticket.subject() }}",
        "{{ ticket.pop(ticket.subject) }}",
        "{{ ticket.subject / 2 }}",
        "{{ {}[ticket.subject] }}",
        "{{ ticket[ticket.subject].x }}",
        "{{ ticket.subject|batch(ticket.subject) }}",
        "{{ ticket.items }}",
        "{{ ticket.keys() }}",
        "{{ ticket.tags.sort(key=1) }}",
        "{{ 1e308 * 10 }}",
    ],
)
def test_no_error_quotes_the_event(template: str) -> None:
    with pytest.raises(InvalidTemplate) as raised:
        rendered(template)
    text = str(raised.value)
    assert "parameters.p" in text
    assert PRIVATE not in text
    assert "Flames" not in text


@pytest.mark.parametrize(
    "template",
    ["{{ ticket.__class__ }}", "{{ ticket.__class__() }}", "{{ ticket.get.__globals__ }}"],
)
def test_there_is_no_way_into_python(template: str) -> None:
    with pytest.raises(InvalidTemplate):
        rendered(template)


def test_a_template_cannot_change_the_event_for_those_after_it() -> None:
    event = json.loads(json.dumps(EVENT))

    assert rendered("{{ ticket.pop('id') }}", event) == 7
    rendered("{{ ticket.tags.clear() }}", event)

    assert event == EVENT
    assert rendered("{{ ticket.id }}", event) == 7


@pytest.mark.parametrize(
    "template",
    [
        "{% for i in range(100000) %}x{% endfor %}",
        "{% for i in range(1000) %}{% for j in range(1000) %}{% endfor %}{% endfor %}",
    ],
)
def test_a_loop_that_would_not_end_runs_out_of_fuel(template: str) -> None:
    with pytest.raises(InvalidTemplate, match="fuel"):
        rendered(template)


@pytest.mark.parametrize("around", ["", "x"])
def test_the_output_is_limited(around: str) -> None:
    fits = "x" * (LONGEST_OUTPUT - 10)

    assert rendered(around + "{{ s }}", {"s": fits}) == around + fits
    with pytest.raises(InvalidTemplate, match=str(LONGEST_OUTPUT)):
        rendered(around + "{{ s * 2 }}", {"s": fits})


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{{ ticket.id", "unexpected end of input"),
        ("{% if %}", "unexpected end of block"),
        ("line one\n{{ ticket.id | }}", "line 2"),
        ("{% endfor %}", "syntax error"),
    ],
)
def test_a_syntax_error_is_found_when_the_rule_is_saved(template: str, words: str) -> None:
    with pytest.raises(InvalidTemplate) as raised:
        check({"list": [{"deep": template}]}, "actions[0].parameters")
    assert "actions[0].parameters.list[0].deep" in str(raised.value)
    assert words in str(raised.value)


def test_good_templates_and_plain_values_pass_the_check() -> None:
    check({"a": "{{ ticket.id }}", "b": 7, "c": [None, "x { y"], "d": "{{ unknown.name }}"})
