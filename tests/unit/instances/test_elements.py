"""Configuration values become texts, and what is secret goes to the vault whatever its name."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.instances import elements
from freshbridge.instances.elements import (
    ELEMENTS,
    LONGEST_VALUE,
    MASK,
    Element,
    Entry,
    InvalidConfiguration,
    UnknownElement,
)

V2, LEGACY = elements.find("freshdeskv2"), elements.find("130")
REQUIRED = {"subdomain": "acme", "username": "key-made-up"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)
KEYS = st.sampled_from([e.key for e in V2.entries]) | st.text(max_size=12)


def test_ids_and_keys_are_unique_and_find_their_element() -> None:
    names = [name for e in ELEMENTS for name in (e.key, str(e.id))]
    assert len(set(names)) == len(names)
    assert [elements.find(name).key for name in names[::2]] == [e.key for e in ELEMENTS]
    assert (V2.id, LEGACY.key) == (491, "freshdesk")
    with pytest.raises(UnknownElement, match="freshdeskv2"):
        elements.find("zendesk")


@pytest.mark.parametrize("element", ELEMENTS, ids=lambda e: e.key)
def test_all_that_is_missing_is_named_once(element: Element) -> None:
    required = [entry.key for entry in element.entries if entry.required]
    required += element.one_of

    with pytest.raises(InvalidConfiguration) as raised:
        elements.split(element, {})

    assert [field.field for field in raised.value.fields] == [
        f"configuration.{k}" for k in required
    ]
    assert f"missing: {', '.join(required)}" in str(raised.value)


def test_a_wrong_required_entry_is_not_called_missing_too() -> None:
    with pytest.raises(InvalidConfiguration) as raised:
        elements.split(V2, {"subdomain": [], "filter.response.nulls": "x"})
    assert [(f.field.removeprefix("configuration."), f.code) for f in raised.value.fields] == [
        ("subdomain", "invalid_value"),
        ("filter.response.nulls", "invalid_value"),
        ("username", "missing_field"),
    ]


@pytest.mark.parametrize("end", ["?x=1", "?", "#top", "/v2?key=1#top"])
def test_a_base_url_has_no_query(end: str) -> None:
    # It would be shown to whoever lists instances, and go along with every call
    http = elements.find("http")
    with pytest.raises(InvalidConfiguration) as raised:
        elements.split(http, {"base.url": f"https://api.acme.example{end}"})
    assert [f.field for f in raised.value.fields] == ["configuration.base.url"]
    assert "query" in raised.value.fields[0].message
    shown, _ = elements.split(http, {"base.url": "https://api.acme.example/v2"})
    assert shown["base.url"] == "https://api.acme.example/v2"


@given(st.dictionaries(KEYS, JSON, max_size=6))
def test_values_come_out_as_texts_or_are_refused_by_name(values: dict[str, Any]) -> None:
    try:
        shown, secret = elements.split(V2, values | REQUIRED)
    except InvalidConfiguration as error:
        assert 0 < len(error.fields) <= len(values)
        assert all(field.code == "invalid_value" for field in error.fields)
        return
    assert all(isinstance(text, str) for text in (shown | secret).values())
    assert not set(shown) & set(secret)
    assert {key for key in secret if V2.entry(key).secret} == set(secret)
    assert secret["username"] == "key-made-up"


@pytest.mark.parametrize(
    "name",
    ["password", "Password", "api_key", "apiKey", "api.key", "client_secret", "oauth.user.token",
     "access_key", "privateKey", "authorization", "event.notification.signature.key"],
)  # fmt: skip
def test_an_entry_that_sounds_secret_is_one(name: str) -> None:
    shown, secret = elements.split(V2, {**REQUIRED, name: "made-up"})
    assert (name in shown, secret[name]) == (False, "made-up")


@pytest.mark.parametrize("name", ["base.url", "pagination.max", "keyboard", "monkey", "x.key.name"])
def test_other_unknown_entries_are_shown(name: str) -> None:
    shown, _ = elements.split(V2, {**REQUIRED, name: "v"})
    assert shown[name] == "v"


def test_stars_stand_for_a_secret_that_is_kept_and_for_nothing_else() -> None:
    given_back: dict[str, object] = {"subdomain": "acme", "username": MASK, "password": MASK}

    shown, secret = elements.split(V2, given_back, kept=["username"])
    assert secret == {"username": MASK}
    assert shown["subdomain"] == "acme"
    with pytest.raises(InvalidConfiguration, match="missing: username"):
        elements.split(V2, given_back)


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (False, "false"), ("TRUE", "true"), ("no", "false"), (1, "true"), (0, "false"),
     ("", "false")],
)  # fmt: skip
def test_booleans_are_read_in_any_spelling(value: object, text: str) -> None:
    assert Entry("k", "K", type="BOOLEAN").read(value) == text


def test_an_object_is_kept_as_json_where_json_belongs() -> None:
    entry = V2.entry("event.poller.configuration")
    value = {"contacts": {"url": "/x", "ü": [1, None]}}

    assert json.loads(entry.read(value)) == value
    assert entry.read(' {"a": 1} ') == '{"a": 1}'
    with pytest.raises(ValueError, match="text"):
        V2.entry("subdomain").read(value)
    with pytest.raises(ValueError, match="longer than"):
        entry.read("x" * (LONGEST_VALUE + 1))
    assert len(entry.read("x" * LONGEST_VALUE)) == LONGEST_VALUE


@pytest.mark.parametrize("entry", ["bot_token", "webhook_url"])
def test_one_of_two_entries_is_enough(entry: str) -> None:
    slack = elements.find("slack")

    shown, secret = elements.split(slack, {entry: "given"})

    assert (shown, secret) == ({}, {entry: "given"})
    with pytest.raises(InvalidConfiguration, match="missing: bot_token, webhook_url") as raised:
        elements.split(slack, {entry: ""})
    assert [field.message for field in raised.value.fields] == [
        "is required, or webhook_url",
        "is required, or bot_token",
    ]
