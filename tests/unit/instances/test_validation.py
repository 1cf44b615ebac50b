"""The provider is asked once, with what was given, and its answer becomes one kind of error."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from freshbridge.errors import Forbidden, FreshbridgeError, Misconfigured, ProviderDown
from freshbridge.instances import validation
from freshbridge.instances.validation import Checked, CredentialsRefused, RateLimitExceeded
from tests.fakes.provider import FakeTransport, empty_reply, html_reply, json_reply

ORIGIN = "https://acme.freshdesk.com"
ME = "/api/v2/agents/me"
KEY = {"username": "key-made-up"}
PROBES = {
    "freshsales": (
        "https://acme.freshsales.io", "GET", "/api/selector/owners", {"api_key": "key-made-up"},
    ),
    "slack": ("https://slack.com", "POST", "/api/auth.test", {"bot_token": "xoxb-made-up"}),
}  # fmt: skip


def freshdesk(answer: Any, credentials: dict[str, str] = KEY, **configuration: str) -> Checked:
    transport = FakeTransport().on("GET", ME, answer)
    return validation.check("freshdesk", ORIGIN, configuration, credentials, transport)


def test_who_the_key_belongs_to_is_told() -> None:
    checked = freshdesk(
        json_reply({"id": 7, "ticket_scope": 2, "contact": {"name": "Ravi"}},
                   headers={"x-ratelimit-total": "100", "x-ratelimit-remaining": "99"})
    )  # fmt: skip

    assert (checked.agent_id, checked.agent_name, checked.ticket_scope) == (7, "Ravi", 2)
    assert checked.rate_limit
    assert checked.rate_limit.total == 100


@pytest.mark.parametrize("agent", [{}, {"id": 7, "contact": None}, {"contact": "x"}])
def test_an_agent_without_a_contact_is_an_agent(agent: dict[str, Any]) -> None:
    assert freshdesk(json_reply(agent)).agent_name is None


@pytest.mark.parametrize(
    ("credentials", "sent"),
    [
        ({"username": "key"}, "key:X"),
        # A password beside a key, as migrating clients send it, does not replace the key.
        ({"username": "key", "password": "pass"}, "key:X"),
        ({"password": "pass"}, "a@acme.example:pass"),
        ({"password": "pass", "api_key": "other"}, "a@acme.example:pass"),
    ],
)
def test_the_key_goes_before_a_password(credentials: dict[str, str], sent: str) -> None:
    transport = FakeTransport().on("GET", ME, json_reply({"id": 7}))

    validation.check("freshdesk", ORIGIN, {"username": "a@acme.example"}, credentials, transport)

    header = transport.requests[0].headers["authorization"]
    assert base64.b64decode(header.removeprefix("Basic ")).decode() == sent


def test_a_refusal_says_one_sentence_and_keeps_the_provider_s() -> None:
    words = json_reply({"code": "invalid_credentials", "message": "Log in first."}, 401)

    with pytest.raises(CredentialsRefused) as by_key:
        freshdesk(words)
    with pytest.raises(CredentialsRefused) as by_login:
        freshdesk(words, {"password": "pass"}, username="a@acme.example")

    assert str(by_key.value) == "Authentication failed: Invalid API key"
    assert by_key.value.provider_message == "Log in first."
    assert str(by_login.value) == "Authentication failed: Invalid username or password"


def test_a_throttled_provider_says_so_and_when() -> None:
    with pytest.raises(RateLimitExceeded) as raised:
        freshdesk(empty_reply(429, {"retry-after": "30"}))

    assert str(raised.value) == "Rate limit exceeded. Please try again later."
    assert raised.value.after == 30


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (empty_reply(403), Forbidden),
        (empty_reply(404), Misconfigured),
        (html_reply(404), Misconfigured),
        (html_reply(200), ProviderDown),
        (html_reply(500), ProviderDown),
        (json_reply([1]), ProviderDown),
        (empty_reply(200), ProviderDown),
    ],
)
def test_other_answers_are_their_own_kinds(answer: Any, kind: type[FreshbridgeError]) -> None:
    with pytest.raises(kind):
        freshdesk(answer)


@pytest.mark.parametrize(
    ("answer", "may"), [(json_reply([]), True), (empty_reply(403), False), (empty_reply(500), None)]
)
def test_who_may_list_agents_administrates(answer: Any, *, may: bool | None) -> None:
    transport = FakeTransport().on("GET", "/api/v2/agents", answer)
    assert validation.may_administrate(ORIGIN, {}, KEY, transport) is may


@pytest.mark.parametrize("platform", PROBES)
@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (json_reply({"message": "who is key-made-up, xoxb-made-up?"}, 401), CredentialsRefused,
         "who is"),
        (html_reply(401), CredentialsRefused, ""),
        (json_reply({"description": "no"}, 403), Forbidden, "no"),
        (html_reply(200), ProviderDown, ""),
        (html_reply(503), ProviderDown, ""),
        (empty_reply(429), RateLimitExceeded, ""),
    ],
)  # fmt: skip
def test_the_other_platforms_refuse_alike(
    platform: str, answer: Any, kind: type[FreshbridgeError], words: str
) -> None:
    origin, method, path, credentials = PROBES[platform]
    transport = FakeTransport().on(method, path, answer)

    with pytest.raises(kind) as raised:
        validation.check(platform, origin, {}, credentials, transport)

    assert raised.value.provider_message.startswith(words)
    assert next(iter(credentials.values())) not in raised.value.provider_message


@pytest.mark.parametrize("platform", PROBES)
@pytest.mark.parametrize("value", ["", "ключ", "a b", "a\nX-Other: b", "a\x00"])
def test_a_credential_that_no_header_can_carry_is_not_sent(platform: str, value: str) -> None:
    origin, _, _, credentials = PROBES[platform]
    transport = FakeTransport()

    with pytest.raises(Misconfigured) as raised:
        validation.check(platform, origin, {}, dict.fromkeys(credentials, value), transport)

    assert transport.requests == []
    assert raised.value.where == f"configuration.{next(iter(credentials))}"


def test_slack_refuses_with_200() -> None:
    origin, method, path, credentials = PROBES["slack"]
    transport = FakeTransport().on(
        method, path, json_reply({"ok": False, "error": "invalid_auth"}),
        json_reply({"ok": True, "user": "bot"}),
    )  # fmt: skip

    with pytest.raises(CredentialsRefused) as raised:
        validation.check("slack", origin, {}, credentials, transport)

    assert raised.value.provider_message == "invalid_auth"
    assert validation.check("slack", origin, {}, credentials, transport).agent_name == "bot"


def test_any_http_api_is_taken_as_it_is() -> None:
    transport = FakeTransport()
    assert validation.check("http", "https://x.example", {}, {}, transport) == Checked()
    assert transport.requests == []
