"""A request to connect an account is read, or refused naming all that is wrong at once."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.instances import elements
from freshbridge.instances.request import (
    LONGEST_NAME,
    InvalidIntegration,
    clean_name,
    clean_tags,
    credential_entries,
    read_change,
    read_instance,
    read_integration,
)

GOOD: dict[str, Any] = {
    "platform": "freshdesk",
    "name": " Acme ",
    "credentials": {"domain": "acme", "api_key": " key-made-up "},
}


def test_a_complete_request_is_read_without_the_blanks_around() -> None:
    wanted = read_integration(
        GOOD | {"config": {"default_group_id": 7, "sync_objects": ["tickets"]}}
    )

    assert (wanted.element.key, wanted.name) == ("freshdeskv2", "Acme")
    assert wanted.configuration["subdomain"] == "acme"
    assert wanted.credentials == {"username": "key-made-up"}
    assert wanted.config == {"default_group_id": 7, "sync_objects": ["tickets"]}
    assert "key-made-up" not in repr(wanted)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, {"platform", "name", "credentials.domain", "credentials.api_key"}),
        (GOOD | {"credentials": "acme"}, {"credentials.domain", "credentials.api_key"}),
        (GOOD | {"name": " ", "platform": "zendesk"}, {"name", "platform"}),
        (GOOD | {"name": "<b></b>"}, {"name"}),
        (GOOD | {"credentials": GOOD["credentials"] | {"apikey": "x"}}, {"credentials.apikey"}),
        (GOOD | {"config": []}, {"config"}),
        (GOOD | {"config": None}, {"config"}),
        (GOOD | {"config": {"sync_objects": "tickets"}}, {"config.sync_objects"}),
        (GOOD | {"config": {"sync_objects": 7}}, {"config.sync_objects"}),
        (GOOD | {"config": {"sync_objects": ["tickets", "deals"]}}, {"config.sync_objects[1]"}),
    ],
)
def test_all_that_is_wrong_is_named_at_once(body: dict[str, Any], named: set[str]) -> None:
    with pytest.raises(InvalidIntegration) as raised:
        read_integration(body)
    assert {field.field for field in raised.value.fields} == named


@given(st.text(alphabet='<>/ab !"=', max_size=30) | st.text())
def test_no_tag_is_left_whatever_follows_the_name(name: str) -> None:
    clean = clean_name(name)

    assert not re.search(r"<[A-Za-z/!?]", clean)
    assert not re.search(r"<[^>]*>", clean)
    assert clean == clean_name(clean)
    assert len(clean) <= LONGEST_NAME


@given(st.text(alphabet="abc &;'>", max_size=50))
def test_a_name_without_tags_stays(name: str) -> None:
    assert clean_name(name) == name.strip()


def test_empty_tags_mean_none() -> None:
    assert clean_tags(["", " ", "<i></i>", "a"]) == ("a",)
    assert clean_tags(None) == clean_tags([]) == ()


def test_an_instance_without_a_name_has_its_element_s() -> None:
    body = {"element": {"key": "slack"}, "configuration": {"bot_token": "xoxb-made-up"}}

    for name in ({}, {"name": ""}, {"name": None}, {"name": "<b></b>"}):
        assert read_instance(body | name).name == "Slack"
    assert read_instance(body | {"name": "Ours"}).name == "Ours"
    assert "xoxb-made-up" not in repr(read_instance(body))


def test_a_change_tells_what_is_not_there_from_what_is_empty() -> None:
    assert read_change({"tags": [], "id": 7, "element": {"id": 491}}).tags == ()
    nothing = read_change({"name": ""})
    assert (nothing.name, nothing.tags, nothing.configuration) == (None, None, None)
    with pytest.raises(InvalidIntegration) as raised:
        read_change({"name": 7, "tags": {}, "configuration": []})
    assert {field.field for field in raised.value.fields} == {"name", "tags", "configuration"}
    assert "made-up" not in repr(read_change({"configuration": {"username": "key-made-up"}}))


@pytest.mark.parametrize(
    ("element", "given_names", "entries"),
    [
        ("freshdeskv2", ["domain", "api_key"], ["subdomain", "username"]),
        ("freshdesk", ["domain", "username", "password"], ["subdomain", "username", "password"]),
        ("freshsales", ["domain", "api_key"], ["domain", "api_key"]),
    ],
)
def test_a_person_s_credentials_fill_the_element_s_own_entries(
    element: str, given_names: list[str], entries: list[str]
) -> None:
    found = elements.find(element)
    assert list(credential_entries(found, dict.fromkeys(given_names, "x"))) == entries
    with pytest.raises(InvalidIntegration, match=r"credentials\.bot_token"):
        credential_entries(found, {"bot_token": "x"})


def test_the_older_element_takes_no_key_where_it_shows_a_user_s_name() -> None:
    with pytest.raises(InvalidIntegration, match=r"credentials\.api_key"):
        credential_entries(elements.find("freshdesk"), {"api_key": "key-made-up"})
