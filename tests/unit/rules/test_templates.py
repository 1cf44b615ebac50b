"""Templates keep types, refuse what the event does not have, and cannot be used to escape."""

from __future__ import annotations

import json
import resource
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.rules.template_language import LONGEST_OUTPUT
from freshbridge.rules.templates import InvalidTemplate, check, render

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
    ("template", "named"),
    [
        ("{{ ticket.nothing }}", "ticket.nothing"),
        ("Wörter: {{ ticket.nothing.deeper }}", "ticket.nothing.deeper"),
        ("{{ nothing }} {{ ticket.id }}", "nothing"),
        ("{{ ticket.tags[7].x }}", "ticket.tags[7].x"),
        ("a\n{% if ticket.nothing > 3 %}b{% endif %}", "if ticket.nothing > 3"),
    ],
)
def test_what_is_undefined_is_named(template: str, named: str) -> None:
    with pytest.raises(InvalidTemplate) as raised:
        rendered(template)
    assert f"undefined value: {named} (line" in str(raised.value)


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("<p>{{ ticket.subject }}</p>", "<p>&lt;b&gt;&amp;</p>"),
        (" {{ ticket.subject }}\n", "&lt;b&gt;&amp;"),
        ("{{ ticket.subject|safe }}", "<b>&"),
        ("<p>{{ ticket.subject|safe }}</p>", "<p><b>&</p>"),
        ("{{ ticket.subject|e }}", "&lt;b&gt;&amp;"),
        ("{{ ticket.subject|replace('b', '<i>') }}", "&lt;&lt;i&gt;&gt;&amp;"),
        ("{{ ticket.tags|join('<br>') }}",
         "&lt;i&gt;&lt;br&gt;x"),
        ("{{ ticket.nothing|default(ticket.subject) }}", "&lt;b&gt;&amp;"),
        ("{% for tag in ticket.tags %}<li>{{ tag }}{% endfor %}", "<li>&lt;i&gt;<li>x"),
        ("{{ ticket.id }}", 7),
    ],
)  # fmt: skip
def test_what_a_template_puts_into_html_is_escaped_unless_said_to_be_safe(
    template: str, value: object
) -> None:
    event = {"ticket": {"id": 7, "subject": "<b>&", "tags": ["<i>", "x"]}}
    parameters = {"body": template, "subject": "{{ ticket.subject }}", "reply": {"body": template}}

    filled = render(parameters, event, html={"body"})

    assert filled["body"] == value
    assert filled["subject"] == "<b>&"
    assert filled["reply"] == {"body": rendered(template, event)}


@given(st.text("<>&\"'/ab"))
def test_no_markup_comes_out_of_a_value(text: str) -> None:
    for template in ("{{ ticket.x }}", "-{{ ticket.x ~ ticket.x }}"):
        filled = render({"body": template}, {"ticket": {"x": text}}, html={"body"})["body"]
        assert not set(filled) & set("<>\"'")


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


@pytest.mark.parametrize(
    "template", ["{{ ticket.pop('id') }}", "{{ ticket.tags.clear() }}", "{{ ticket['pop']('id') }}"]
)
def test_a_template_cannot_change_the_event_for_those_after_it(template: str) -> None:
    event = json.loads(json.dumps(EVENT))

    with pytest.raises(InvalidTemplate, match="called"):
        rendered(template, event)

    assert event == EVENT


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
        rendered(around + "{{ s ~ s }}", {"s": fits})


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


@pytest.mark.parametrize("options", [{}, {"html": {"p"}}, {"slack": True}])
def test_null_is_never_written_out(options: dict[str, Any]) -> None:
    # Given a ticket without a type, which Freshdesk shows as null
    name = "message" if "slack" in options else "p"
    given = {name: "type {{ ticket.type }}."}

    # Then the rule says whether that is an error, which names it, or nothing
    with pytest.raises(InvalidTemplate, match=r"null value: ticket\.type"):
        render(given, EVENT, **options)
    assert render(given, EVENT, lenient=True, **options) == {name: "type ."}
    spoken = {name: "type {{ ticket.type|default('none') }}, {{ ticket.type|d('<b>')|safe }}."}
    assert render(spoken, EVENT, **options) == {name: "type none, <b>."}
    asked = {name: "{% if ticket.type %}{{ ticket.type }}{% else %}no type{% endif %}"}
    assert render(asked, EVENT, **options) == {name: "no type"}


def test_a_loop_that_is_too_long_is_told_as_such() -> None:
    with pytest.raises(InvalidTemplate, match="range has too many elements"):
        rendered("x{% for i in range(1000000) %}x{% endfor %}")


def test_default_may_stand_for_what_is_false_too() -> None:
    assert rendered("{{ ticket.subject|default('x') }}") == EVENT["ticket"]["subject"]
    assert rendered("{{ false|default('x') }}") is False
    assert rendered("{{ false|default('x', true) }}") == "x"


# --- what a template may say


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{{ ticket.nothing }}", ""),
        ("{{ ticket.nothing.deeper }}", ""),
        ("{{ nothing[0].a }}", ""),
        ("Dear {{ contact.name }},", "Dear ,"),
        ("{{ ticket.type }}", None),
        ("{{ ticket.id }}", 7),
        ("{{ ticket.nothing or 'x' }}", "x"),
    ],
)
def test_missing_values_are_empty_where_they_may_be(template: str, value: object) -> None:
    assert render({"p": template}, EVENT, lenient=True) == {"p": value}


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{% for tag in ticket.tags %}[{{ tag|upper }}]{% endfor %}", "[VIP][FIRE]"),
        (
            "{% for tag in ticket.tags if tag != 'vip' %}{{ loop.index }}{{ tag }}{% endfor %}",
            "1fire",
        ),
        ("{% for k, v in ticket.custom_fields|items %}{{ k }}={{ v }}{% endfor %}", "cf_floor=12"),
        ("{{ (ticket.id + 3) / 2 }}", 5.0),
        ("{{ ticket.tags|map('upper')|join('+') }}", "VIP+FIRE"),
        ("{{ ticket.subject|replace('Flames', 'Smoke') }}", "Smoke in room 12"),
        ("{{ ticket.subject|split|length }}", 4),
        ("{{ 'a,b'|split(',')|last }}", "b"),
        ("{{ ticket.custom_fields|tojson }}", '{"cf_floor": "12"}'),
        (
            "{{ 'late' if ticket.id is divisibleby(7) and not (1 in ticket.tags) else 'no' }}",
            "late",
        ),
        ("{{ ticket['tags'][1] }}{# a remark with {% set %} #}", "fire"),
        ("{% for i in range(3) -%} {{ i }} {%- endfor %}", "012"),
        ("{{ '}} * [' ~ \"'{{\" }}", "}} * ['{{"),
    ],
)
def test_what_a_template_may_say(template: str, value: object) -> None:
    check({"p": template})
    assert rendered(template) == value


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{% set a = 1 %}", "set"),
        ("{% macro f() %}{% endmacro %}", "macro"),
        ("{% with a = 1 %}{% endwith %}", "with"),
        ("{% raw %}{% endraw %}", "raw"),
        ("{% filter upper %}{% endfilter %}", "filter"),
        ("{{ ticket.id * 2 }}", "multiplying"),
        ("{{ 2 ** 8 }}", "multiplying"),
        ("{{ [1, 2] }}", "lists"),
        ("{{ (1, 2) }}", "lists"),
        ("{{ {'a': 1} }}", "objects"),
        ("{{ ticket.keys() }}", "called"),
        ("{{ namespace() }}", "called"),
        ("{{ dict(a=1) }}", "called"),
        ("{{ loop.cycle('a') }}", "called"),
        ("{{ ticket.range(3) }}", "called"),
        ("{{ 'x'|indent(9) }}", "filter"),
        ("{{ '%9d'|format(1) }}", "filter"),
        ("{{ ticket|pprint }}", "filter"),
        ("{% for a in ticket.tags ~ ticket.tags %}{% endfor %}", "head of a loop"),
        ("{% for a in ((ticket, ticket)) %}{% endfor %}", "lists"),
        ("{{ a" + "|upper" * 13 + " }}", "too many filters"),
        ("{% for a in b" + "|sort" * 5 + " %}{% endfor %}", "too many filters"),
        ("{% for a in b %}" * 4 + "{% endfor %}" * 4, "3 deep"),
        ("fine\nfine\n{{ a * a }}", "line 3"),
        ("{{ a }}" + "x" * 20_000, "20000"),
    ],
)
def test_what_a_template_may_not_say(template: str, words: str) -> None:
    with pytest.raises(InvalidTemplate, match=words) as raised:
        check({"p": template})
    assert "parameters.p" in str(raised.value)
    # A rule that was saved before this was refused is refused when it runs.
    with pytest.raises(InvalidTemplate, match=words):
        rendered(template, {"ticket": {"id": 1}, "a": 1, "b": []})


@pytest.mark.parametrize("template", ["{{ a", "{% if a", "{# a", "{{ 'a }}", "{%"])
def test_braces_that_do_not_close_are_an_error_of_their_place(template: str) -> None:
    for broken in (lambda: check({"p": template}), lambda: rendered(template, {"a": 1})):
        with pytest.raises(InvalidTemplate) as raised:
            broken()
        assert raised.value.headline.startswith("parameters.p: ")


def test_there_are_only_so_many_templates_in_an_action() -> None:
    check({"p": ["{{ a }}"] * 200})
    with pytest.raises(InvalidTemplate, match="200"):
        check({"p": ["{{ a }}"] * 201})


@pytest.mark.parametrize(
    "template",
    [
        "{{ s|replace('x', s) }}",
        "{{ s|split('')|join(s) }}",
        "{{ tags|join(s) }}",
        "{{ s|tojson }}",
    ],
)
def test_a_filter_that_would_make_too_much_is_stopped_first(template: str) -> None:
    with pytest.raises(InvalidTemplate):
        rendered(template, {"s": "x" * LONGEST_OUTPUT, "tags": list("abc")})


PIECES = st.sampled_from(
    [
        "{{ s }}",
        "{{ s ~ s ~ s }}",
        "{{ s|replace('a', s) }}",
        "{{ s|split('a')|join(s) }}",
        "{{ l|join(s) }}",
        "{{ l|tojson|tojson }}",
        "{{ (s + s)|escape|urlencode }}",
        "{{ l|sort|reverse|join }}",
        "{% for a in l %}{{ a }}{{ s }}{% endfor %}",
        "{% for a in l %}{% for b in l %}{{ s }}{% endfor %}{% endfor %}",
        "{% for i in range(9999) %}{{ s }}{% endfor %}",
        "{% for a in s|split('a') %}{% for b in s|split('a') %}{{ l }}{% endfor %}{% endfor %}",
    ]
)


@given(st.lists(PIECES, min_size=1, max_size=12), st.sampled_from([1, 200, 50_000]))
def test_no_template_that_may_be_said_runs_away(pieces: list[str], size: int) -> None:
    event = {"s": 'a"\\' * size, "l": ["a" * size, "b"] * 20}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        result = rendered("".join(pieces), event)
        assert len(str(result)) <= LONGEST_OUTPUT
    except InvalidTemplate:
        pass
    # Kilobytes. A function has 512 MB.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 250 * 1024


def test_a_large_event_leaves_less_fuel() -> None:
    loop = "{% for i in range(1000) %}{{ s|length }}{% endfor %}"

    assert rendered(loop, {"s": "x"}) == "1" * 1000
    with pytest.raises(InvalidTemplate, match="fuel"):
        rendered(loop, {"s": "x" * 200_000})
    # A plain template still works on the largest event that a webhook can bring.
    assert rendered("{{ s|length }} and {{ s|length }}", {"s": "x" * 1_000_000}) == (
        "1000000 and 1000000"
    )
