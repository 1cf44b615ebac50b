"""The calls on automation rules."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.errors import InvalidRequest, ProviderDown
from freshbridge.freshdesk.automation import AutomationType
from freshbridge.freshdesk.client import FreshdeskClient
from freshbridge.http_message import ProviderReply, ProviderRequest
from tests.fakes.provider import FakeTransport, empty_reply, json_reply, query_of

BASE = "https://acme.freshdesk.com"
CREATION = "/api/v2/automations/1/rules"
UPDATE = "/api/v2/automations/4/rules"


def client(provider: FakeTransport) -> FreshdeskClient:
    return FreshdeskClient(provider, BASE, "Kq7secretZ")


def rules(count: int) -> list[dict[str, Any]]:
    return [{"id": 100 + n, "position": count - n, "name": f"r{n}"} for n in range(count)]


def test_creating_changing_and_deleting_a_rule() -> None:
    # Given an account that knows three endpoints
    provider = FakeTransport()
    provider.on("POST", CREATION, json_reply({"id": 7, "name": "x"}, 201))
    provider.on("PUT", f"{UPDATE}/7", json_reply({"id": 7, "active": False}))
    provider.on("DELETE", f"{UPDATE}/7", empty_reply(204))
    # When each method is called
    made = client(provider).create_automation_rule(AutomationType.CREATION, {"name": "x"})
    client(provider).update_automation_rule(AutomationType.UPDATE, 7, {"active": False})
    client(provider).delete_automation_rule(AutomationType.UPDATE, 7)
    # Then each made one call with what it was given
    assert made["id"] == 7
    assert [request.json for request in provider.requests] == [
        {"name": "x"},
        {"active": False},
        None,
    ]


@pytest.mark.parametrize("number", [0, -1, True, "7"])
def test_an_id_that_is_none_is_not_sent(number: Any) -> None:
    provider = FakeTransport()
    with pytest.raises(InvalidRequest):
        client(provider).delete_automation_rule(AutomationType.UPDATE, number)
    assert provider.requests == []


def test_a_list_tells_whether_rules_cascade() -> None:
    meta = {"count": 2, "cascading_rules": False}
    provider = FakeTransport().on("GET", CREATION, json_reply({"rules": rules(2), "meta": meta}))
    found = client(provider).automation_rules(AutomationType.CREATION)
    assert [rule["name"] for rule in found.rules] == ["r1", "r0"]
    assert found.cascading is False


def test_a_list_without_meta_tells_nothing_of_it() -> None:
    provider = FakeTransport().on("GET", CREATION, json_reply({"rules": rules(1)}))
    assert client(provider).automation_rules(AutomationType.CREATION).cascading is None
    assert len(provider.requests) == 1


@pytest.mark.parametrize(
    "body", [[1], {}, {"rules": {}}, {"rules": [1]}, {"rules": [{"name": "x"}]}, None]
)
def test_a_reply_that_is_no_list_of_rules_is_refused(body: Any) -> None:
    provider = FakeTransport().on("GET", UPDATE, json_reply(body))
    with pytest.raises(ProviderDown, match="not a list of rules"):
        client(provider).automation_rules(AutomationType.UPDATE)


class Pages:
    """A list that is cut into pages of `size`, or not at all; it may link, count, both or none.

    A `bare` one is an array, which cannot count.
    """

    def __init__(
        self, count: int, size: int | None, *, links: bool, counts: bool, bare: bool = False
    ) -> None:
        self.rules = rules(count)
        self.size = size
        self.links = links
        self.counts = counts
        self.bare = bare
        self.served = 0

    def __call__(self, request: ProviderRequest) -> ProviderReply:
        self.served += 1
        number = int(query_of(request)["page"])
        size = self.size or max(len(self.rules), 1)
        # One that is not cut ignores the number of the page.
        start = (number - 1) * size if self.size else 0
        headers = {}
        if self.links and start + size < len(self.rules):
            headers["Link"] = f'<{BASE}{UPDATE}?page={number + 1}>; rel="next"'
        meta = {"count": len(self.rules)} if self.counts else {}
        some = self.rules[start : start + size]
        return json_reply(some if self.bare else {"rules": some, "meta": meta}, headers=headers)


@given(
    count=st.integers(0, 40),
    size=st.none() | st.integers(3, 12),
    links=st.booleans(),
    counts=st.booleans(),
    bare=st.booleans(),
)
def test_every_rule_is_found_once_however_the_list_is_cut(
    count: int,
    size: int | None,
    links: bool,
    counts: bool,
    bare: bool,
) -> None:
    if size is not None and (bare or not (links or counts)):
        links = True  # a cut list that says nothing of the rest cannot be told from a whole one
    pages = Pages(count, size, links=links, counts=counts, bare=bare)
    provider = FakeTransport().on("GET", UPDATE, pages)
    found = client(provider).automation_rules(AutomationType.UPDATE).rules
    assert sorted(rule["id"] for rule in found) == [100 + n for n in range(count)]
    assert [rule["position"] for rule in found] == sorted(rule["position"] for rule in found)
    assert pages.served <= count // (size or 1000) + 1


def test_a_list_that_never_ends_is_left() -> None:
    # Given a server that links every page to the next and has the same rules on each
    headers = {"Link": f'<{BASE}{UPDATE}?page=2>; rel="next"'}
    body = {"rules": rules(2), "meta": {"count": 1000}}
    provider = FakeTransport().on("GET", UPDATE, json_reply(body, headers=headers))
    assert len(client(provider).automation_rules(AutomationType.UPDATE).rules) == 2
    assert len(provider.requests) == 2
