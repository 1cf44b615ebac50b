"""A customer's words reach Slack as they were written, and call nobody."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.rules.templates import InvalidTemplate, render

EVIL = "<!channel> <@U123> <https://evil.example|click> & 'quoted' \"/\""
TAGS = ["<!here>", "vip"]


def filled(parameters: dict[str, Any], *, lenient: bool = False, **ticket: Any) -> dict[str, Any]:
    context = {"ticket": {"subject": EVIL, "tags": TAGS, "none": None, "score": 1.5, **ticket}}
    return render(parameters, context, slack=True, lenient=lenient)


@pytest.mark.parametrize("name", ["message", "text"])
@pytest.mark.parametrize(
    "template",
    [
        "{{ ticket.subject }}",
        "Urgent ticket created: {{ticket.subject}}",
        "{{ ticket.subject | upper | replace('CHANNEL', 'channel') }}",
        "{% for tag in ticket.tags %}{{ tag }}{% endfor %}",
        "{{ ticket.tags }}",
        "{{ ticket.tags | join(', ') }}",
        "{{ ticket }} and more",
    ],
)
def test_nothing_that_a_template_puts_in_is_a_mention(name: str, template: str) -> None:
    text = filled({name: template})[name]

    assert not re.search("[<>]", str(text))


@given(st.text(max_size=200))
def test_slack_shows_the_words_as_they_were(subject: str) -> None:
    text = filled({"message": "{{ ticket.subject }}."}, subject=subject)["message"]

    # As Slack reads it: three entities, and nothing else is taken for one.
    assert not re.search("[<>]", text)
    assert not re.search("&(?!(?:amp|lt|gt);)", text)
    shown = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert shown == f"{subject}."


def test_the_rule_s_own_markup_and_what_is_safe_stay() -> None:
    found = filled(
        {
            "message": "<!here> <{{ ticket.url }}|{{ ticket.subject }}>",
            "text": "{{ ticket.subject | safe }}",
        },
        url="https://acme.example/?a=1&b=2",
        subject="a > b",
    )

    assert found["message"] == "<!here> <https://acme.example/?a=1&amp;b=2|a &gt; b>"
    assert found["text"] == "a > b"


def test_words_within_blocks_are_escaped_and_addresses_are_not() -> None:
    url = "https://acme.example/?a=1&b=2"
    block = {
        "type": "section",
        "block_id": "{{ ticket.url }}",
        "text": {"type": "mrkdwn", "text": "*{{ ticket.subject }}*"},
        "accessory": {"type": "button", "url": "{{ ticket.url }}"},
    }

    [found] = filled({"blocks": [block]}, url=url)["blocks"]

    assert html.unescape(found["text"]["text"]) == f"*{EVIL}*"
    assert "<" not in found["text"]["text"]
    assert (found["accessory"]["url"], found["block_id"]) == (url, url)


def test_what_takes_the_place_of_a_whole_parameter_is_escaped_throughout() -> None:
    blocks = [{"text": {"text": "<!channel>"}, "url": "https://x.example/?a&b", "limit": 3}]

    assert filled({"blocks": "{{ ticket.blocks }}"}, blocks=blocks)["blocks"] == [
        {"text": {"text": "&lt;!channel&gt;"}, "url": "https://x.example/?a&b", "limit": 3}
    ]


def test_other_parameters_are_as_they_are() -> None:
    found = filled({"channel": "{{ ticket.subject }}", "thread_ts": "{{ ticket.score }}"})

    assert found == {"channel": EVIL, "thread_ts": 1.5}


def test_numbers_and_missing_values_are_written_as_elsewhere() -> None:
    template = "{{ ticket.score }} {{ ticket.tags | length }}"
    assert filled({"message": template})["message"] == "1.5 2"
    gone = {"message": "a{{ ticket.gone.by }}b", "text": "{{ ticket.gone }}"}
    assert filled(gone, lenient=True) == {"message": "ab", "text": ""}
    with pytest.raises(InvalidTemplate, match="undefined value"):
        filled(gone)
