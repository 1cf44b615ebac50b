"""What a webhook sends: simple bodies in three encodings, and templates pasted without escaping."""

import json
from urllib.parse import parse_qs
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.freshdesk.webhook_content import (
    ADVANCED,
    FORM,
    JSON,
    SIMPLE,
    XML,
    Value,
    build_body,
    substitute,
    ticked_properties,
    webhook_url,
)

VALUES: dict[str, Value] = {
    "ticket.id": 1042,
    "ticket.subject": 'The "blank" invoice',
    "ticket.group_id": None,
    "ticket.agent.email": "dana@acmedemo.example",
    "ticket.requester.name": "Mira Holt",
    "ticket.tags": "billing,pdf",
    "triggered_event": "{status:{from:2,to:3}}",
}
TICKED = {"ticket_id": "{{ticket.id}}", "ticket_subject": "{{ticket.subject}}"}

words = st.text(st.characters(codec="ascii", categories=["L"]), min_size=1)


def simple(encoding: str, content: object) -> bytes:
    body = build_body(
        method="POST", layout=SIMPLE, encoding=encoding, content=content, values=VALUES
    )
    assert body.content is not None
    return body.content


def advanced(template: object) -> str:
    body = build_body(
        method="POST", layout=ADVANCED, encoding=JSON, content=template, values=VALUES
    )
    assert body.content is not None
    return body.content.decode()


def test_simple_json_has_the_ticked_keys_only_and_a_numeric_id() -> None:
    assert json.loads(simple(JSON, TICKED)) == {
        "freshdesk_webhook": {"ticket_id": 1042, "ticket_subject": 'The "blank" invoice'}
    }


@pytest.mark.parametrize(
    "content",
    [
        {"ticket_agent_email": "{{ticket.agent.email}}", "ticket_contact_name": True},
        ["ticket_agent_email", "ticket_contact_name"],
        {"ticket_agent_email": True, "ticket_contact_name": True, "ticket_tags": False},
    ],
)
def test_every_form_of_a_tick_list_names_the_same_properties(content: object) -> None:
    assert ticked_properties(content, VALUES) == {
        "ticket_agent_email": "dana@acmedemo.example",
        "ticket_contact_name": "Mira Holt",
    }


def test_a_placeholder_in_a_list_gets_its_underscored_key() -> None:
    assert ticked_properties(["{{ticket.agent.email}}"], VALUES) == {
        "ticket_agent_email": "dana@acmedemo.example"
    }


def test_simple_xml_escapes_and_reads_back() -> None:
    root = ET.fromstring(simple(XML, TICKED))  # noqa: S314 - made by the code under test
    assert root.tag == "freshdesk_webhook"
    assert {child.tag: child.text for child in root} == {
        "ticket_id": "1042",
        "ticket_subject": 'The "blank" invoice',
    }


def test_simple_form_sends_text_under_bracket_names() -> None:
    assert parse_qs(simple(FORM, TICKED).decode()) == {
        "freshdesk_webhook[ticket_id]": ["1042"],
        "freshdesk_webhook[ticket_subject]": ['The "blank" invoice'],
    }


def test_an_advanced_template_is_broken_by_a_quote_in_its_value() -> None:
    text = advanced('{"subject":"{{ticket.subject}}"}')
    assert text == '{"subject":"The "blank" invoice"}'
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)


def test_an_unquoted_empty_placeholder_breaks_the_json() -> None:
    text = advanced('{"group_id":{{ticket.group_id}},"id":{{ ticket.id }}}')
    assert text == '{"group_id":,"id":1042}'
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)


def test_an_advanced_template_given_as_an_object_is_written_out_first() -> None:
    assert json.loads(advanced({"id": "{{ticket.id}}", "static": [1, 2]})) == {
        "id": "1042",
        "static": [1, 2],
    }


def test_get_sends_no_body() -> None:
    body = build_body(method="GET", layout=SIMPLE, encoding=JSON, content=TICKED, values=VALUES)
    assert (body.content, body.content_type) == (None, None)


def test_a_url_placeholder_is_percent_encoded() -> None:
    url = webhook_url("https://hooks.example/t/{{ticket.id}}?s={{ticket.subject}}", VALUES)
    assert url == "https://hooks.example/t/1042?s=The%20%22blank%22%20invoice"


@given(st.lists(st.tuples(words, words), max_size=5))
def test_text_without_marks_passes_unchanged_and_marks_become_their_values(
    pieces: list[tuple[str, str]],
) -> None:
    template = "".join(f"{text}{{{{v.{name}}}}}" for text, name in pieces)
    values: dict[str, Value] = {f"v.{name}": f'<{name}"\n>' for _, name in pieces}
    assert substitute(template, values) == "".join(f'{text}<{name}"\n>' for text, name in pieces)
