"""Slack is called once a message, and every way in which it says no has its own type."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from freshbridge.errors import (
    Forbidden,
    FreshbridgeError,
    InvalidRequest,
    Misconfigured,
    NotFound,
    PayloadTooLarge,
    ProviderDown,
    Reject,
    Retry,
    Throttled,
    Unauthorized,
    Unreachable,
    WrongState,
)
from freshbridge.http_message import ProviderReply, Timeouts
from freshbridge.instances.origin import SLACK_ORIGIN
from freshbridge.slack.client import MARK, Posted, SlackClient
from freshbridge.slack.pace import ChannelBusy, Pace
from tests.fakes.provider import FakeTransport, html_reply, json_reply

POST = "/api/chat.postMessage"
HISTORY = "/api/conversations.history"
HOOK = "https://hooks.slack.com/services/T0/B0/made-up"
SINCE = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
SENT = json_reply({"ok": True, "channel": "C0000000003", "ts": "1772539360.000100"})


def by_token(transport: FakeTransport, **given: Any) -> SlackClient:
    given = {"pace": Pace(), **given}
    return SlackClient(transport, SLACK_ORIGIN, {"bot_token": "xoxb-made-up"}, **given)


def by_webhook(transport: FakeTransport, **given: Any) -> SlackClient:
    given = {"pace": Pace(), **given}
    return SlackClient(transport, SLACK_ORIGIN, {"webhook_url": HOOK}, **given)


def refused(answer: Any) -> FreshbridgeError:
    with pytest.raises(FreshbridgeError) as raised:
        by_token(FakeTransport().on("POST", POST, answer)).post(
            "#support", {"text": "x"}, action_id="act_1"
        )
    return raised.value


def test_a_message_is_one_call_with_the_token_and_the_action_s_mark() -> None:
    transport, seen = FakeTransport().on("POST", POST, SENT), []
    client = by_token(
        transport, on_reply=lambda *args: seen.append(args), timeouts=Timeouts(1, 2, 3)
    )

    posted = client.post("#support", {"text": "Hello", "unfurl_links": False}, action_id="act_1")

    [request] = transport.requests
    assert request.full_url == "https://slack.com/api/chat.postMessage"
    assert request.headers["authorization"] == "Bearer xoxb-made-up"
    assert request.json == {
        "channel": "#support",
        "text": "Hello",
        "unfurl_links": False,
        "metadata": {"event_type": MARK, "event_payload": {"action_id": "act_1"}},
    }
    assert (request.read_only, request.timeouts) == (False, Timeouts(1, 2, 3))
    assert posted == Posted("C0000000003", "1772539360.000100")
    assert (client.wrote, client.by_webhook, len(seen)) == (True, False, 1)


def test_what_was_not_posted_is_not_called_written() -> None:
    client = by_token(FakeTransport().on("POST", POST, json_reply({"ok": False, "error": "x"})))

    with pytest.raises(Reject):
        client.post("#support", {"text": "x"}, action_id="act_1")

    assert client.wrote is False


@pytest.mark.parametrize(
    ("word", "kind", "advice"),
    [
        ("invalid_auth", Unauthorized, "install the app anew"),
        ("token_revoked", Unauthorized, "install the app anew"),
        ("account_inactive", Unauthorized, "install the app anew"),
        ("missing_scope", Forbidden, "Add the scope"),
        ("not_in_channel", Forbidden, "/invite"),
        ("restricted_action", Forbidden, "administrator"),
        ("channel_not_found", NotFound, "its id (C…)"),
        ("is_archived", WrongState, "another channel"),
        ("msg_too_long", PayloadTooLarge, "40,000"),
        ("no_text", InvalidRequest, "Block Kit"),
        ("invalid_blocks", InvalidRequest, "Block Kit"),
        ("something_new", Reject, "Change the request"),
    ],
)
def test_a_refusal_with_200_is_what_its_word_says(
    word: str, kind: type[FreshbridgeError], advice: str
) -> None:
    error = refused(json_reply({"ok": False, "error": word}))

    assert type(error) is kind
    assert error.provider_code == word
    assert advice in str(error)
    assert POST in str(error)


def test_slack_s_hints_are_told() -> None:
    scope = refused(json_reply({"ok": False, "error": "missing_scope", "needed": "chat:write"}))
    blocks = {"messages": ["[ERROR] unsupported type [json-pointer:/blocks/0/type]"]}
    invalid = refused(
        json_reply({"ok": False, "error": "invalid_blocks", "response_metadata": blocks})
    )

    assert "needs chat:write" in str(scope)
    assert "/blocks/0/type" in str(invalid)


@pytest.mark.parametrize(
    ("answer", "after", "unknown"),
    [
        (json_reply({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": "7"}), 7, False),
        (json_reply({"ok": False, "error": "ratelimited"}, 429), 1, False),
        (json_reply({"ok": False, "error": "rate_limited"}), 1, False),
        (json_reply({"ok": False, "error": "service_unavailable"}, 503), None, False),
        (json_reply({"ok": False, "error": "internal_error"}), None, True),
        (json_reply({"ok": False, "error": "fatal_error"}, 500), None, True),
        (html_reply(502), None, True),
        (html_reply(200), None, True),
        (ProviderReply(200, {}, b'["ok"]'), None, True),
        (json_reply({"ok": False, "error": "<b>x</b>"}, 408), None, False),
    ],
)
def test_what_may_come_right_is_tried_again(answer: Any, after: float, unknown: bool) -> None:
    error = refused(answer)

    assert isinstance(error, Retry)
    assert (error.after, error.outcome_unknown) == (after, unknown)
    assert isinstance(error, Throttled if after is not None else ProviderDown)
    assert "proxy.example" not in str(error)


def test_an_http_refusal_without_a_word_is_its_status_s() -> None:
    assert isinstance(refused(ProviderReply(403, {}, b"no")), Forbidden)
    assert isinstance(refused(Unreachable("gone", outcome_unknown=True)), Unreachable)


# --- incoming webhooks


def test_a_webhook_takes_the_message_without_channel_or_mark() -> None:
    reply = ProviderReply(200, {"Content-Type": "text/html"}, b"ok")
    transport = FakeTransport().on("POST", "/services/T0/B0/made-up", reply)
    client = by_webhook(transport)

    posted = client.post("#support", {"text": "Hello", "blocks": None}, action_id="act_1")

    [request] = transport.requests
    assert (request.full_url, request.json) == (HOOK, {"text": "Hello"})
    assert (posted, client.wrote, client.by_webhook) == (Posted(), True, True)
    # Its path lets anybody post; and HTML is what it answers.
    assert request.where == "POST /services/…"
    assert request.takes_pages


@pytest.mark.parametrize(
    ("status", "word", "kind"),
    [
        (400, "invalid_payload", InvalidRequest),
        (400, "no_text", InvalidRequest),
        (403, "action_prohibited", Forbidden),
        (403, "invalid_token", Unauthorized),
        (404, "no_service", Unauthorized),
        (404, "channel_not_found", NotFound),
        (410, "channel_is_archived", WrongState),
        (429, "rate_limited", Throttled),
        (500, "rollup_error", ProviderDown),
        (200, "maybe", Reject),
        (404, "<html><body>no such page</body></html>", NotFound),
    ],
)
def test_a_webhook_refuses_in_plain_text(
    status: int, word: str, kind: type[FreshbridgeError]
) -> None:
    reply = ProviderReply(status, {}, word.encode())
    transport = FakeTransport().on("POST", "/services/T0/B0/made-up", reply)

    with pytest.raises(FreshbridgeError) as raised:
        by_webhook(transport).post("", {"text": "x"}, action_id="act_1")

    assert type(raised.value) is kind
    assert "made-up" not in str(raised.value)
    assert "html" not in str(raised.value)


def test_a_webhook_cannot_be_asked_what_it_posted() -> None:
    with pytest.raises(Misconfigured):
        by_webhook(FakeTransport()).posted(
            "C0000000003", action_id="a", thread_ts=None, since=SINCE
        )


def test_a_token_goes_before_a_webhook_and_one_of_them_has_to_be_there() -> None:
    transport = FakeTransport().on("POST", POST, SENT)
    both = {"webhook_url": HOOK, "bot_token": "xoxb-made-up"}

    SlackClient(transport, SLACK_ORIGIN, both).post("C1", {"text": "x"}, action_id="a")

    assert len(transport.requests) == 1
    with pytest.raises(Misconfigured, match="neither a bot token nor an incoming webhook"):
        SlackClient(transport, SLACK_ORIGIN, {})


# --- what was posted


def marked(action_id: str, ts: str = "1.0") -> dict[str, Any]:
    return {
        "ts": ts,
        "metadata": {"event_type": MARK, "event_payload": {"action_id": action_id}},
    }


def looked(transport: FakeTransport, channel: str, thread: str | None = None) -> Any:
    return by_token(transport).posted(channel, action_id="act_1", thread_ts=thread, since=SINCE)


def test_a_message_is_found_by_its_mark() -> None:
    others: list[Any] = [{"ts": "3.0"}, marked("act_2"), {"metadata": "x"}, "x", {"metadata": {}}]
    page = {"ok": True, "messages": [*others, marked("act_1", "2.0")], "has_more": True}
    transport = FakeTransport().on("POST", HISTORY, json_reply(page))

    assert looked(transport, "C0000000003") == (Posted("C0000000003", "2.0"), True)
    [request] = transport.requests
    assert dict(request.form) == {
        "channel": "C0000000003",
        "oldest": "1772539200.000000",
        "limit": "200",
        "include_all_metadata": "true",
    }
    assert request.read_only


@pytest.mark.parametrize(("more", "complete"), [(False, True), (True, False)])
def test_no_mark_proves_something_only_in_a_whole_history(more: bool, complete: bool) -> None:
    page = {"ok": True, "messages": [marked("act_2")], "has_more": more}
    transport = FakeTransport().on("POST", HISTORY, json_reply(page))

    assert looked(transport, "C0000000003") == (None, complete)


def test_a_reply_is_looked_for_in_its_thread() -> None:
    page = json_reply({"ok": True, "messages": [marked("act_1", "2.0")]})
    transport = FakeTransport().on("POST", "/api/conversations.replies", page)

    found, _ = looked(transport, "C0000000003", "1.5")

    assert found == Posted("C0000000003", "2.0")
    assert dict(transport.requests[0].form)["ts"] == "1.5"


def test_a_channel_s_name_is_looked_up_first() -> None:
    channels = [{"id": "C0000000002", "name": "urgent"}, {"id": "C0000000003", "name": "support"}]
    transport = FakeTransport()
    transport.on("POST", "/api/conversations.list", json_reply({"ok": True, "channels": channels}))
    transport.on("POST", HISTORY, json_reply({"ok": True, "messages": [marked("act_1", "2.0")]}))

    assert looked(transport, "#support")[0] == Posted("C0000000003", "2.0")
    assert looked(transport, "#nowhere") == (None, False)
    assert len(transport.requests) == 3


def test_an_app_without_the_scope_is_told_which() -> None:
    answer = json_reply({"ok": False, "error": "missing_scope", "needed": "channels:history"})

    with pytest.raises(Forbidden, match="channels:history"):
        looked(FakeTransport().on("POST", HISTORY, answer), "C0000000003")


# --- a channel that takes no more


def test_what_a_busy_channel_would_refuse_is_not_sent_and_has_its_own_second() -> None:
    now = [1000.0]
    busy = json_reply({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": "5"})
    transport = FakeTransport().on("POST", POST, busy, SENT)
    pace = Pace(lambda: now[0])

    def post(channel: str = "#support") -> None:
        by_token(transport, pace=pace).post(channel, {"text": "x"}, action_id="a")

    with pytest.raises(Throttled):
        post()
    waits = []
    for _ in range(3):
        with pytest.raises(ChannelBusy) as raised:
            post()
        waits.append(raised.value.after)
    post("#general")
    now[0] += 5
    post()

    assert waits == [5, 6, 7]
    assert raised.value.costs_no_attempt
    assert [request.json["channel"] for request in transport.requests] == [
        "#support", "#general", "#support",
    ]  # fmt: skip


def test_a_webhook_is_one_channel_whatever_it_is_called() -> None:
    busy = ProviderReply(429, {"Retry-After": "5"}, b"rate_limited")
    transport = FakeTransport().on("POST", "/services/T0/B0/made-up", busy)
    pace = Pace(lambda: 1000.0)

    with pytest.raises(Throttled):
        by_webhook(transport, pace=pace).post("#a", {"text": "x"}, action_id="a")
    with pytest.raises(ChannelBusy):
        by_webhook(transport, pace=pace).post("#b", {"text": "x"}, action_id="b")

    assert len(transport.requests) == 1


def test_channels_do_not_fill_the_memory() -> None:
    pace = Pace(lambda: 1000.0)

    for number in range(5_000):
        pace.refused(f"#{number}", 5)

    assert len(pace._channels) <= 1_000
