"""`{field}` in URLs and bodies, and bodies in their formats."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freshbridge.destinations.content import written
from freshbridge.destinations.manual_request import check_url, manual_request
from freshbridge.destinations.model import read_settings
from freshbridge.destinations.placeholders import (
    MissingField,
    filled,
    filled_url,
    filled_xml,
    found_at,
    names_in,
)
from freshbridge.errors import InvalidRequest

ORIGIN = "https://acme.myfreshworks.com"
RECORD: dict[str, Any] = {"id": 7, "who": {"name": "Ana"}, "tags": ["a", "b"], "a.b": 1}


def test_a_placeholder_alone_keeps_its_type() -> None:
    body = {"n": "{id}", "text": "Dr {who.name}", "list": ["{tags.1}", 3], "braces": "{{x}}"}

    assert filled(body, RECORD) == {"n": 7, "text": "Dr Ana", "list": ["b", 3], "braces": "{x}"}
    assert sorted(names_in(body)) == ["id", "tags.1", "who.name"]
    assert found_at(RECORD, "a.b") == 1
    with pytest.raises(MissingField, match="no such"):
        filled("{no such}", RECORD)
    with pytest.raises(MissingField):
        filled_url("/x/{e}", {"e": ""})


@given(st.text(min_size=1, max_size=40).filter(lambda text: text not in (".", "..")))
@settings(max_examples=50)
def test_a_value_in_a_url_stays_one_step_of_its_path(value: str) -> None:
    value = value.encode(errors="ignore").decode() or "x"
    if value in (".", ".."):
        return
    url = ORIGIN + filled_url("/api/contacts/{id}/notes", {"id": value})
    steps = urlsplit(url).path.split("/")
    assert (len(steps), unquote(steps[3])) == (5, value)
    assert not urlsplit(url).query


@given(st.text(alphabet=st.characters(blacklist_categories=["Cc", "Cs", "Cn"]), max_size=40))
@settings(max_examples=50)
def test_xml_says_what_the_record_said(value: str) -> None:
    made = written({"name": value, "1 odd": [None, True]}, "xml", "contact").decode()
    root = ET.fromstring(made)  # noqa: S314 - made here
    assert (root.tag, root.findtext("name")) == ("contact", value or "")
    assert [one.text for one in root.findall("_1_odd/item")] == [None, "true"]
    text = filled_xml('<c a="{v}">{v}</c>', {"v": value})
    assert ET.fromstring(text).text == (value or None)  # noqa: S314 - as above


def test_a_form_names_members_of_members() -> None:
    made = written({"contact": {"name": "Ana R", "tags": ["a", "b"]}}, "form").decode()
    assert parse_qsl(made) == [
        ("contact[name]", "Ana R"), ("contact[tags][]", "a"), ("contact[tags][]", "b"),
    ]  # fmt: skip


def manual(**more: Any) -> Any:
    given_ = {"name": "x", "template": "manual", "url": "https://{domain}/api/contacts/{id}"}
    return read_settings({**given_, **more})


def test_a_manual_request_is_below_the_accounts_own_api() -> None:
    asked = manual_request(manual(headers={"X-A": "b"}), ORIGIN, [({"id": 7}, {"city": "Lima"})])

    assert (asked.method, asked.path) == ("POST", "/contacts/7")
    assert asked.headers == {"X-A": "b", "Content-Type": "application/json"}
    assert json.loads(asked.content or b"") == {"city": "Lima"}
    query = manual(url=f"{ORIGIN}/crm/sales/api/contacts?include={{id}}", method="GET")
    got = manual_request(query, ORIGIN, [({"id": "a b&c"}, {})])
    assert (got.path, got.content) == ("/contacts?include=a%20b%26c", None)


def test_several_records_go_in_one_body() -> None:
    pairs = [({"n": 1}, {"a": 1}), ({"n": 2}, {"a": 2})]
    batch = {"mode": True, "wrapper": "contacts"}
    one = manual(url="https://{domain}/api/x", batch=batch, body={"v": "{n}"})
    assert json.loads(manual_request(one, ORIGIN, pairs).content or b"") == {
        "contacts": [{"v": 1}, {"v": 2}]
    }
    bare = manual(url="https://{domain}/api/x", batch={"mode": True})
    assert json.loads(manual_request(bare, ORIGIN, pairs).content or b"") == [{"a": 1}, {"a": 2}]


def test_an_xml_body_may_be_a_text() -> None:
    one = manual(content_format="xml", body="<c>{name}</c>", url="https://{domain}/api/x")
    assert manual_request(one, ORIGIN, [({"name": "A&B"}, {})]).content == b"<c>A&amp;B</c>"


@pytest.mark.parametrize(
    "url",
    ["https://evil.example/api/x", "https://{domain}/login", "https://{domain}/api/",
     "https://{domain}@evil.example/api/x", "https://{domain}/api/../x", "ftp://{domain}/api/x",
     "{host}/api/x", "https://{domain}/api/contacts/{id", "https://{domain}/api/contacts/id}"],
)  # fmt: skip
def test_a_url_that_leads_elsewhere_is_refused_when_it_is_saved(url: str) -> None:
    with pytest.raises(InvalidRequest):
        check_url(url, ORIGIN)
    check_url("https://{domain}/api/contacts/{id}", ORIGIN)
    check_url("{domain}/crm/sales/api/contacts/{a.{b}}", ORIGIN)


@pytest.mark.parametrize("value", [["a"], {"a": 1}, []])
def test_a_url_takes_single_values_only(value: Any) -> None:
    with pytest.raises(InvalidRequest, match="the request cannot be made") as raised:
        manual_request(manual(), ORIGIN, [({"id": value}, {})])
    assert "list or an object" in raised.value.fields[0].message


@pytest.mark.parametrize("value", ["../../login", "", "..", "%2e%2e"])
def test_no_record_leads_a_url_elsewhere(value: str) -> None:
    try:
        asked = manual_request(manual(), ORIGIN, [({"id": value}, {})])
    except InvalidRequest:
        return
    assert asked.path.startswith("/contacts/")
    assert asked.path.count("/") == 2
