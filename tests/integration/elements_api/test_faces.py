"""An instance and an integration are one thing; failures are told as documented."""

from __future__ import annotations

import pytest

from freshbridge.http_message import ProviderReply
from tests.fakes.provider import FakeTransport, empty_reply, json_reply
from tests.integration.elements_api.calls import (
    INSTANCES,
    ME,
    REFUSED,
    WORDS,
    Api,
    printed,
)


def test_the_two_faces_are_one_registry(api: Api, provider: FakeTransport) -> None:
    sample = printed("integration.json")
    provider.on("GET", ME, json_reply({"id": 55, "ticket_scope": 2, "contact": {"name": "Ravi"}},
                headers={"x-ratelimit-total": "700", "x-ratelimit-remaining": "689",
                         "x-ratelimit-used-currentrequest": "1"}))  # fmt: skip
    provider.on("GET", "/api/v2/agents", empty_reply(403))

    # Given one instance of each face
    by_api = api("POST", "/api/integrations", sample["body"]).body["data"]
    api.tokens.append(by_api["token"])
    by_elements = api.create(configuration={"subdomain": "https://YourCompany.freshdesk.com/a"})

    # Then each is seen on the other
    seen = api("GET", f"{INSTANCES}/{by_api['id']}").body
    assert (seen["name"], seen["elementId"]) == ("My Freshdesk Integration", 491)
    listed = api("GET", "/api/integrations").body["data"]
    assert {found["id"] for found in listed} == {by_api["id"], by_elements["id"]}
    assert {found["id"] for found in api("GET", INSTANCES).body} == {
        by_api["id"], by_elements["id"],
    }  # fmt: skip
    assert api("GET", f"{INSTANCES}/configuration", token=by_api["token"]).status == 200

    # and tested as documented, and more; a disabled one too
    api("DELETE", f"{INSTANCES}/{by_elements['id']}/enabled")
    for made in (by_api, by_elements):
        tested = api("POST", f"/api/integrations/{made['id']}/test")
        assert tested.status == 200
        assert tested.body.items() >= sample["tested"].items()
        assert isinstance(tested.body["latency_ms"], int)
        assert tested.body["agent"] == {"id": 55, "name": "Ravi"}
        assert len(tested.body["may_not"]) == 2
        assert tested.body["rate_limit"] == {"total": 700, "remaining": 689}

    # and changed and deleted by the other
    changed = api("PATCH", f"/api/integrations/{by_elements['id']}", {"tags": ["<b>x</b>"]})
    assert changed.body["data"]["tags"] == ["x"]
    assert api("GET", f"{INSTANCES}/{by_elements['id']}").body["tags"] == ["x"]
    assert api("DELETE", f"/api/integrations/{by_elements['id']}").status == 200
    assert api("DELETE", f"{INSTANCES}/{by_api['id']}").status == 200
    assert api("GET", "/api/integrations").body["data"] == []
    assert api("GET", INSTANCES).status == 404


@pytest.mark.parametrize(
    ("given", "documented", "words"),
    [(REFUSED, "refused", WORDS), (empty_reply(429), "throttled", None)],
)
def test_failures_are_told_as_documented_with_the_provider_s_words_beside(
    api: Api, provider: FakeTransport, given: ProviderReply, documented: str, words: str | None
) -> None:
    provider.on("GET", ME, given, json_reply({"id": 55}), given)
    body = printed("integration.json")

    creating = api("POST", "/api/integrations", body["body"])
    made = api.create()
    testing = api("POST", f"/api/integrations/{made['id']}/test")

    for answer in (creating, testing):
        assert answer.body.items() >= body[documented].items()
        assert answer.body["details"]["provider_message"] == words
        assert answer.status == {"refused": 401, "throttled": 429}[documented]
