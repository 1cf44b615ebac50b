"""Creating an instance answers as the documentation of Open Connectors prints it."""

from __future__ import annotations

from typing import Any

import pytest

from freshbridge.errors import Unreachable
from tests.fakes.provider import FakeTransport, empty_reply, html_reply, json_reply
from tests.integration.conftest import ORGANIZATION_SECRET, USER_SECRET, Stack
from tests.integration.elements_api.calls import (
    ACCESS,
    INSTANCES,
    KEY,
    MASK,
    ME,
    REFUSED,
    WORDS,
    Api,
    creation,
    held,
    hosts,
    printed,
    secrets_left,
    shape,
)


@pytest.mark.parametrize(
    "name", ["create_freshdeskv2.json", "create_freshdeskv2_curl.json", "create_freshdesk.json"]
)
def test_the_documented_request_gets_the_documented_answer(
    api: Api, freshdesk: FakeTransport, name: str
) -> None:
    sample = printed(name)
    expected = sample["response"]

    answer = api("POST", INSTANCES, sample["body"], header=tuple(sample["header"]))

    made = answer.body
    api.tokens.append(made["token"])
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    free = {"id", "createdDate", "token", "configuration", "element", "user"}
    assert {k: made[k] for k in expected if k not in free} == {
        k: v for k, v in expected.items() if k not in free
    }
    element = expected["element"] | {"description": made["element"]["description"]}
    assert {k: made["element"][k] for k in element} == element
    shapes = shape(made)
    assert {k: shapes[k] for k in ("id", "token")} == {"id": "int", "token": "str"}
    assert shapes["element"]["description"] == "str"
    assert len(made["element"]["description"]) > 20
    assert made["configuration"].items() >= expected["configuration"].items()
    assert {type(value) for value in made["configuration"].values()} == {str}
    assert made["configuration"]["filter.response.nulls"] == "true"
    assert made["createdDate"].endswith("Z")
    assert isinstance(made["user"]["id"], int)
    assert list(held(made).values()) == [KEY]
    (sent,) = freshdesk.requests
    assert sent.full_url.startswith("https://")


def test_the_newer_element_has_every_documented_key_in_the_documented_order(
    api: Api, freshdesk: FakeTransport
) -> None:
    expected = printed("create_freshdeskv2_curl.json")["response"]

    made = api.create()

    assert list(made) == list(expected)
    assert list(made["element"]) == list(expected["element"])
    assert shape(made["element"]) == shape(expected["element"])
    assert {**shape(made), "configuration": {}, "user": {"id": "int"}} == shape(expected)
    assert freshdesk.requests


@pytest.mark.parametrize(
    "header",
    [
        ("authorization", ACCESS),
        ("AUTHORIZATION", ACCESS),
        ("Authorization", f"Organization {ORGANIZATION_SECRET}, User {USER_SECRET}"),
        ("Authorization", f"User   {USER_SECRET} ,Organization  {ORGANIZATION_SECRET}"),
        ("authorization", f"user {USER_SECRET},organization {ORGANIZATION_SECRET}"),
    ],
)
def test_the_header_reads_in_any_order_case_and_spacing(
    api: Api, freshdesk: FakeTransport, header: tuple[str, str]
) -> None:
    answer = api("POST", INSTANCES, creation(), header=header)

    assert answer.status == 200
    assert len(freshdesk.requests) == 1


def test_the_older_element_logs_in_with_its_password(api: Api, freshdesk: FakeTransport) -> None:
    made = api("POST", INSTANCES, printed("create_freshdesk.json")["body"]).body

    login = freshdesk.requests[0].headers["authorization"]
    assert login == "Basic c2FtcGxlQHNhbXBsZS5leGFtcGxlOmtleS1tYWRlLXVwLTRkMWY="
    assert hosts(freshdesk) == ["sample.freshdesk.com"]
    assert held(made) == {"password": KEY}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/elements/api-v2/elements/freshdeskv2/instances", {"element": None}),
        ("/elements/api-v2/elements/491/instances", {"element": None}),
        (INSTANCES, {"element": {"id": 491}}),
        (INSTANCES, {"element": {"id": "491"}}),
    ],
)
def test_the_element_is_named_by_key_or_id_in_body_or_path(
    api: Api, freshdesk: FakeTransport, path: str, body: dict[str, Any]
) -> None:
    answer = api("POST", path, creation(**body))

    assert (answer.status, answer.body["element"]["key"]) == (200, "freshdeskv2")
    assert freshdesk.requests


@pytest.mark.parametrize(
    ("configuration", "shown"),
    [
        ({"filter.response.nulls": False}, {"filter.response.nulls": "false"}),
        ({"filter.response.nulls": "no"}, {"filter.response.nulls": "false"}),
        ({"event.notification.enabled": True}, {"event.notification.enabled": "true"}),
        ({"event.poller.refresh_interval": 5}, {"event.poller.refresh_interval": "5"}),
        (
            {"event.poller.configuration": {"contacts": {"url": "/x?a='${d}'"}}},
            {"event.poller.configuration": '{"contacts": {"url": "/x?a=\'${d}\'"}}'},
        ),
        ({"event.poller.configuration": '{"a":1}'}, {"event.poller.configuration": '{"a":1}'}),
        ({"event.notification.signature.key": "sign-made-up"},
         {"event.notification.signature.key": MASK}),
        ({"event.notification.callback.headers": {"X-Key": "k-made-up"}},
         {"event.notification.callback.headers": MASK}),
        ({"colour.of.the.sky": "blue"}, {"colour.of.the.sky": "blue"}),
        # No entry of this element, and a secret all the same.
        ({"password": "pass-made-up"}, {"password": MASK}),
        ({"api_key": "other-made-up", "oauth.api.secret": "more-made-up"},
         {"api_key": MASK, "oauth.api.secret": MASK}),
    ],
)  # fmt: skip
def test_configuration_values_are_texts_and_secrets_stars(
    api: Api, freshdesk: FakeTransport, configuration: dict[str, Any], shown: dict[str, str]
) -> None:
    made = api.create(configuration=configuration)

    assert made["configuration"].items() >= shown.items()
    assert made["configuration"]["username"] == MASK
    assert api("GET", f"{INSTANCES}/{made['id']}").body["configuration"] == made["configuration"]
    # The key is used whatever was sent beside it, as it is by every later call.
    assert api("POST", f"/api/integrations/{made['id']}/test").status == 200
    assert len({r.headers["authorization"] for r in freshdesk.requests}) == 1


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"element": {"key": "freshdeskv2"}}, ["subdomain", "username"]),
        ({"element": {"key": "freshdeskv2"}, "configuration": None}, ["subdomain", "username"]),
        (creation(configuration={"username": ""}), ["username"]),
        (creation(configuration={"username": None}), ["username"]),
        (creation(configuration={"username": MASK}), ["username"]),
        ({"element": {"key": "freshdesk"}, "configuration": {}},
         ["subdomain", "username", "password"]),
        ({"element": {"key": "freshsales"}, "configuration": {}}, ["domain", "api_key"]),
        ({"element": {"key": "slack"}}, ["bot_token"]),
        ({"element": {"key": "http"}}, ["base.url"]),
    ],
)  # fmt: skip
def test_all_missing_entries_are_named(
    *, api: Api, stack: Stack, provider: FakeTransport, body: dict[str, Any], named: list[str]
) -> None:
    answer = api("POST", INSTANCES, body)

    assert answer.status == 400
    assert set(answer.body) == {"requestId", "message"}
    assert len(answer.body["requestId"]) == 24
    assert int(answer.body["requestId"], 16)
    assert f"missing: {', '.join(named)}" in answer.body["message"]
    assert provider.requests == []
    assert (stack.items("InstanceTable"), secrets_left()) == ([], [])


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({}, 400, ["element.key: is required"]),
        ({"element": "freshdeskv2"}, 400, ["element.key: is required"]),
        ({"element": {"key": "zendesk"}}, 404, ["no element zendesk", "freshdeskv2"]),
        ({"element": {"id": 12}}, 404, ["no element 12"]),
        (creation() | {"configuration": []}, 400, ["configuration: must be an object"]),
        (creation(tags="Docs"), 400, ["tags: must be a list of texts"]),
        (creation(tags=[7]), 400, ["tags: must be a list of texts"]),
        (creation(name=7, tags={}), 400, ["name: must be a text", "tags: must be a list"]),
        (creation(configuration={"subdomain": ["a"], "username": {}, "pagination.max": []}), 400,
         ["configuration.subdomain: must be", "configuration.username: must be",
          "configuration.pagination.max: must be"]),
        (creation(configuration={"filter.response.nulls": "perhaps"}), 400,
         ["configuration.filter.response.nulls: must be true or false"]),
        (creation(configuration={"event.metadata": "x" * 10_001}), 400,
         ["configuration.event.metadata: is longer than 10000 characters"]),
        (creation(configuration={f"extra{n}": "x" * 10_000 for n in range(31)}), 400,
         ["the limit is 300000"]),
        (creation(configuration={"subdomain": "acme.freshdesk.com.evil.example"}), 400,
         ["configuration.subdomain"]),
        (creation(configuration={"subdomain": "http://acme.freshdesk.com"}), 400, ["https URL"]),
        (creation(configuration={"username": "no key: at all"}), 400, ["credentials"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_and_nothing_is_stored(
    *, api: Api, stack: Stack, freshdesk: FakeTransport, body: dict[str, Any], status: int,
    words: list[str],
) -> None:  # fmt: skip
    answer = api("POST", INSTANCES, body)

    assert answer.status == status
    assert set(answer.body) == {"requestId", "message"}
    assert [word for word in words if word not in answer.body["message"]] == []
    assert set(hosts(freshdesk)) <= {"acme.freshdesk.com"}
    assert (stack.items("InstanceTable"), secrets_left()) == ([], [])


@pytest.mark.parametrize(
    ("given", "status", "message", "provider_message"),
    [
        (REFUSED, 401, "Authentication failed: Invalid API key", WORDS),
        (json_reply({"message": f"no user for {KEY}"}, 401), 401,
         "Authentication failed: Invalid API key", "no user for [key]"),
        (empty_reply(401), 401, "Authentication failed: Invalid API key", None),
        (json_reply({"code": "account_suspended", "message": "Suspended."}, 403), 403,
         "Permission denied by Freshdesk: Suspended", "Suspended."),
        (empty_reply(404), 400, "no Freshdesk account answers at this domain", None),
        (html_reply(404), 400, "no Freshdesk account answers at this domain", None),
        (html_reply(503), 502, "Freshdesk failed", None),
        (html_reply(200), 502, "not JSON", None),
        (json_reply([]), 502, "", None),
        (empty_reply(429), 429, "Rate limit exceeded. Please try again later.", None),
        (Unreachable("The host cannot be reached"), 502, "cannot be reached", None),
    ],
)  # fmt: skip
def test_what_the_provider_says_decides_the_status_and_nothing_is_stored(
    *, api: Api, stack: Stack, provider: FakeTransport, given: Any, status: int, message: str,
    provider_message: str | None,
) -> None:  # fmt: skip
    provider.on("GET", ME, given)

    answer = api("POST", INSTANCES, creation())

    assert answer.status == status
    assert message in answer.body["message"]
    assert answer.body.get("providerMessage") == provider_message
    assert set(answer.body) <= {"requestId", "message", "providerMessage"}
    assert (stack.items("InstanceTable"), secrets_left()) == ([], [])


def test_a_freshsales_key_is_refused_in_the_provider_s_words(
    api: Api, provider: FakeTransport
) -> None:
    provider.on("GET", "/api/selector/owners", json_reply({"message": "login failed"}, 401))
    body = {
        "element": {"key": "freshsales"},
        "configuration": {"domain": "acme.freshsales.io", "api_key": KEY},
    }

    answer = api("POST", INSTANCES, body)

    assert (answer.status, answer.body["providerMessage"]) == (401, "login failed")
    assert provider.requests[0].headers["Authorization"] == f"Token token={KEY}"
    body["configuration"] = {"domain": "acme.freshsales.io", "api_key": "ключ-made-up"}
    answer = api("POST", INSTANCES, body)
    assert (answer.status, len(provider.requests)) == (400, 1)
    assert "configuration.api_key" in answer.body["message"]


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ('<a href="https://x.example">@x</a>', "@x"),
        ("<script>alert(1)</script>", "alert(1)"),
        ("ok<img src=x onerror=alert(1)", "ok"),
        ("<<b>b>bold", "b>bold"),
        ("a < b", "a < b"),
    ],
)
def test_html_is_taken_out_of_name_and_tags(
    api: Api, freshdesk: FakeTransport, typed: str, shown: str
) -> None:
    made = api.create(name=typed, tags=[typed, "", "<b></b>"])
    assert (made["name"], made["tags"]) == (shown, [shown])

    changed = api("PATCH", f"{INSTANCES}/{made['id']}", {"name": typed + "2", "tags": [typed]}).body

    assert changed["tags"] == [shown]
    assert "<a" not in changed["name"]
    assert len(freshdesk.requests) == 1


def test_an_entry_with_another_platform_s_name_does_not_become_the_address(
    api: Api, provider: FakeTransport
) -> None:
    provider.on("GET", "/api/selector/owners", json_reply({"users": []}))
    configuration = {"domain": "acme.freshsales.io", "api_key": KEY, "subdomain": "elsewhere"}

    answer = api(
        "POST", INSTANCES, {"element": {"key": "freshsales"}, "configuration": configuration}
    )

    assert answer.status == 200
    assert hosts(provider) == ["acme.freshsales.io"]
