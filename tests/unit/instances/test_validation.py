"""The provider is asked once, with what was given, and its answer becomes one kind of error."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from freshbridge.errors import (
    Forbidden,
    FreshbridgeError,
    Misconfigured,
    ProviderDown,
    Redirected,
    Reject,
    WrongState,
)
from freshbridge.http_message import ProviderReply
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
    # Where Freshsales' API is not, a page for people is.
    transport.on("GET", "/crm/sales/api/selector/owners", html_reply(404))
    if platform == "freshsales" and answer.status == 200:
        kind = Misconfigured

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


@pytest.mark.parametrize("there", ["/api", "/crm/sales/api"])
def test_a_freshsales_account_of_either_generation_is_found(there: str) -> None:
    transport = FakeTransport()
    for root in ("/api", "/crm/sales/api"):
        answer = json_reply({"users": []}) if root == there else html_reply(404)
        transport.on("GET", f"{root}/selector/owners", answer)

    checked = validation.check(
        "freshsales", "https://crm.acme.example", {}, {"api_key": "key-made-up"}, transport
    )

    assert checked == Checked()
    assert {r.headers["authorization"] for r in transport.requests} == {"Token token=key-made-up"}


@pytest.mark.parametrize(
    "answer",
    [
        html_reply(404),
        html_reply(200),
        json_reply({"status": 404, "error": "Not Found"}, 404),
        Redirected("elsewhere", status=302),
    ],
)
def test_where_no_freshsales_account_is_the_domain_is_named(answer: Any) -> None:
    transport = FakeTransport()
    for root in ("/api", "/crm/sales/api"):
        transport.on("GET", f"{root}/selector/owners", answer)

    with pytest.raises(Misconfigured, match="no Freshsales account answers") as raised:
        validation.check("freshsales", PROBES["freshsales"][0], {}, {"api_key": "k"}, transport)

    assert raised.value.where == "configuration.domain"
    assert "beside the key" in raised.value.advice


def test_a_freshsales_instance_without_a_key_is_told() -> None:
    with pytest.raises(Misconfigured, match="no API key"):
        validation.check("freshsales", PROBES["freshsales"][0], {}, {}, FakeTransport())


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


HOOK = "https://hooks.slack.com/services/T0/B0/made-up"


def slack(credentials: dict[str, str], *answers: Any) -> tuple[Checked, FakeTransport]:
    transport = FakeTransport().on("POST", "/services/T0/B0/made-up", *answers)
    transport.on("POST", "/api/auth.test", json_reply({"ok": True, "user": "bot"}))
    return validation.check("slack", PROBES["slack"][0], {}, credentials, transport), transport


def test_an_incoming_webhook_is_checked_without_a_message() -> None:
    checked, transport = slack({"webhook_url": HOOK}, ProviderReply(400, {}, b"no_text"))

    assert checked == Checked()
    assert [request.json for request in transport.requests] == [{"text": ""}]
    assert "made-up" not in repr(transport.requests)


def test_of_a_token_and_a_webhook_both_are_checked() -> None:
    both = {"webhook_url": HOOK, "bot_token": "xoxb-made-up"}

    checked, transport = slack(both, ProviderReply(400, {}, b"no_text"))

    assert checked.agent_name == "bot"
    assert len(transport.requests) == 2


@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        (404, b"no_service", CredentialsRefused),
        (403, b"invalid_token", CredentialsRefused),
        (410, b"channel_is_archived", WrongState),
        (429, b"rate_limited", RateLimitExceeded),
        (503, b"<html>", ProviderDown),
        (200, b"ok", Reject),
    ],
)
def test_an_incoming_webhook_that_is_gone_is_told(
    status: int, words: bytes, kind: type[FreshbridgeError]
) -> None:
    with pytest.raises(kind) as raised:
        slack({"webhook_url": HOOK}, ProviderReply(status, {}, words))

    assert "made-up" not in str(raised.value)


def test_a_webhook_elsewhere_is_not_called() -> None:
    with pytest.raises(Misconfigured, match="the webhook's URL is not Slack's"):
        slack({"webhook_url": "https://evil.example/services/T0/B0/made-up"})
