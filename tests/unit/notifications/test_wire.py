"""What a callback receives, against a reading of its own of the documented shape."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.errors import FieldError
from freshbridge.notifications.configuration import (
    UnusableCallback,
    callback_errors,
    callback_urls,
    request_headers,
    urls_in,
)
from freshbridge.notifications.grouping import LARGEST_BODY, together
from freshbridge.notifications.messages import (
    DeliveryMessage,
    EventMessage,
    ReleaseMessage,
    read_message,
)
from freshbridge.notifications.schedule import MOST_RETRY_AFTER_S, RETRIES, next_attempt_at
from freshbridge.notifications.shape import Notice, body_of, notice_of
from freshbridge.notifications.signature import signature
from freshbridge.queues.envelope import UnreadableMessage, to_text
from tests import builders

EVENT_KEYS = {
    "objectType", "objectId", "eventType", "date", "pollDate", "elementKey", "hubKey",
}  # fmt: skip
URL = "https://events.example.com/in"


def notice(**changed: Any) -> Notice:
    return notice_of(builders.event(**changed).as_dict())


def message(number: int = 1, **changed: Any) -> EventMessage:
    values: dict[str, Any] = {"instance_id": builders.INSTANCE_ID, "by_polling": False} | changed
    values.setdefault("notice", notice(id=f"evt_{number:04d}"))
    return EventMessage(**values)


def test_a_notification_is_the_documented_one() -> None:
    # Given two tickets of one instance
    instance = builders.instance(tags=("vip", "eu"), user_id=7)
    notices = [
        notice(id="evt_1"),
        notice(id="evt_2", type="ticket_closed", ticket={"id": 9, "status": 5}),
    ]

    # When they are told
    body = json.loads(body_of(1047, instance, notices, created_at="2026-03-03T12:03:00Z"))

    # Then every field that receivers rely on is there
    assert set(body) == {"id", "topic", "severity", "createdDate", "action", "message"}
    assert (body["id"], body["severity"], body["createdDate"]) == (
        1047, "low", "2026-03-03T12:03:00Z",
    )  # fmt: skip
    told = body["message"]
    assert told["eventId"] == "evt_1"
    assert told["eventIds"] == ["evt_1", "evt_2"]
    assert (told["elementKey"], told["accountId"], told["companyId"]) == ("freshdeskv2", 1, 1)
    assert (told["userId"], told["instanceId"]) == (7, int(builders.INSTANCE_ID))
    assert (told["instanceName"], told["instanceTags"]) == ("Acme", ["vip", "eu"])
    assert all(set(event) == EVENT_KEYS for event in told["events"])
    assert told["events"][0] == {
        "objectType": "incidents", "objectId": "1042", "eventType": "CREATED",
        "date": builders.RECEIVED_AT, "pollDate": builders.RECEIVED_AT,
        "elementKey": "freshdeskv2", "hubKey": "helpdesk",
    }  # fmt: skip
    assert told["events"][1]["eventType"] == "UPDATED"
    raw = told["raw"]
    assert (raw["instance_id"], raw["objectType"]) == (int(builders.INSTANCE_ID), "incidents")
    assert raw["events"] == told["events"]
    assert raw["incidents"][0]["subject"] == builders.SUBJECT
    assert raw["incidents"][1] == {"id": 9, "status": 5}


@pytest.mark.parametrize(
    ("event_type", "object_type", "kind"),
    [
        ("ticket_created", "incidents", "CREATED"),
        ("ticket_updated", "incidents", "UPDATED"),
        ("ticket_resolved", "incidents", "UPDATED"),
        ("ticket_deleted", "incidents", "DELETED"),
        ("note_created", "incidents", "UPDATED"),
        ("reply_created", "incidents", "UPDATED"),
        ("contact_created", "contacts", "CREATED"),
        ("contact_deleted", "contacts", "DELETED"),
        ("deal_updated", "opportunities", "UPDATED"),
        ("account_created", "accounts", "CREATED"),
    ],
)
def test_each_event_has_a_resource_and_a_kind(event_type: str, object_type: str, kind: str) -> None:
    note = {"body": "Seen"} if event_type in ("note_created", "reply_created") else {}
    subject = {"incidents": "ticket", "opportunities": "deal"}.get(
        object_type, event_type.partition("_")[0]
    )

    found = notice(type=event_type, note=note, **{subject: {"id": 5}})

    assert (found.object_type, found.object_id, found.event_type) == (object_type, "5", kind)
    assert found.record == {"id": 5} | ({"note": note} if note else {})


def test_half_an_emoji_can_be_sent() -> None:
    body = body_of(1, builders.instance(), [notice(ticket={"id": 1, "subject": "cut \ud83d"})],
                   created_at="")  # fmt: skip

    assert body.isascii()
    assert json.loads(body)["message"]["raw"]["incidents"][0]["subject"] == "cut \ud83d"


@given(st.binary(), st.text(min_size=1))
def test_the_signature_is_an_hmac_of_the_bytes(body: bytes, key: str) -> None:
    expected = hmac.new(key.encode(errors="surrogatepass"), body, hashlib.sha256).digest()

    assert signature(body, key) == "sha256=" + base64.b64encode(expected).decode()


def test_the_signature_is_that_of_the_rfc() -> None:
    # RFC 4231, test case 2
    told = signature(b"what do ya want for nothing?", "Jefe")

    digest = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert base64.b64decode(told.removeprefix("sha256=")).hex() == digest


def test_the_documented_waits() -> None:
    waits = [next_attempt_at(x, 1000.0, now=1000.0) for x in range(1, 11)]

    assert waits[:-1] == [1000 + 2 ** (2 * x) for x in range(1, 10)]
    assert waits[0] == 1004
    assert 72.5 < (waits[8] or 0) / 3600 < 73.1
    assert waits[-1] is None


@given(
    st.integers(1, RETRIES + 3),
    st.floats(0, 2e9),
    st.floats(0, 1e6),
    st.none() | st.floats(0, 1e9),
)
def test_a_retry_lies_ahead_and_never_before_the_schedule_or_the_receivers_wish(
    failures: int, first: float, since: float, wish: float | None
) -> None:
    now = first + since
    due = next_attempt_at(failures, first, now=now, retry_after=wish)

    if failures > RETRIES:
        assert due is None
        return
    assert due is not None
    assert due >= first + 4**failures
    assert due >= now + 4
    assert due >= now + min(wish or 0, MOST_RETRY_AFTER_S)
    assert due <= max(first + 4**failures, now + MOST_RETRY_AFTER_S)


@given(
    st.lists(
        st.tuples(st.integers(1, 60), st.sampled_from(["1", "2"]), st.booleans(), st.booleans()),
        min_size=1,
        max_size=80,
    )
)
def test_batches_lose_nothing_double_nothing_and_mix_nothing(
    asked: list[tuple[int, str, bool, bool]],
) -> None:
    waiting = [
        message(
            instance_id=instance,
            by_polling=polling,
            notice=notice(id=f"evt_{number}_{instance}_{polling}_{contact}",
                          type="contact_created" if contact else "ticket_created",
                          contact={"id": number}),
        )
        for number, instance, polling, contact in asked
    ]  # fmt: skip
    told: list[str] = []
    while waiting:
        first = waiting[0]
        chosen = together(first, waiting)
        ids = {one.event_id for one in chosen}
        assert first.notice.event_id in ids
        assert len(ids) == len(chosen) <= (10 if first.by_polling else 20)
        members = [one for one in waiting if one.notice.event_id in ids]
        assert len({one.companions_key for one in members}) == 1
        told += ids
        waiting = [one for one in waiting if one.notice.event_id not in ids]
    assert len(told) == len(set(told))
    assert len(told) == len({(n, i, p, c) for n, i, p, c in asked})


def test_a_batch_is_in_the_order_of_what_happened_and_fits_into_a_body() -> None:
    late, early = (
        message(notice=notice(id=name, occurred_at=f"2026-03-03T12:0{minute}:00Z"))
        for name, minute in (("evt_a", 9), ("evt_b", 1))
    )
    huge = message(notice=notice(id="evt_c", ticket={"id": 1, "text": "x" * LARGEST_BODY}))

    assert [one.event_id for one in together(late, [early, huge])] == ["evt_b", "evt_a"]
    assert [one.event_id for one in together(huge, [late])] == ["evt_c"]


@pytest.mark.parametrize(
    "sent", [message(), DeliveryMessage("1", 5, 6), ReleaseMessage("1", 2**53 - 1)]
)
def test_a_message_travels_unharmed(sent: Any) -> None:
    assert read_message(to_text(sent)) == sent
    assert sent.group.startswith(sent.instance_id)
    assert sent.correlation_id


@pytest.mark.parametrize(
    "text",
    [
        "not json", "[]", "{}", '{"kind":"other"}', '{"kind":["event"]}', '{"kind":"event"}',
        '{"kind":"delivery","instance_id":"1","notification_id":"5","subscription_id":6}',
        '{"kind":"delivery","instance_id":"1","notification_id":true,"subscription_id":6}',
        '{"kind":"release","instance_id":"1","subscription_id":6,"more":1}',
        '{"kind":"event","instance_id":"1","by_polling":false,"notice":[]}',
        '{"kind":"event","instance_id":"1","by_polling":1,"notice":{}}',
        "[" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_message_is_refused(text: str) -> None:
    with pytest.raises(UnreadableMessage):
        read_message(text)


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        (URL, (URL,)),
        (f"{URL}, https://b.example/x", (URL, "https://b.example/x")),
        (f" {URL}|https://b.example/x\n{URL} ", (URL, "https://b.example/x")),
        ("", ()),
    ],
)
def test_one_entry_may_name_several_urls(text: str, urls: tuple[str, ...]) -> None:
    assert urls_in(text) == urls
    entries = {"event.notification.callback.url": text}
    assert callback_urls(entries | {"event.notification.enabled": "true"}) == urls
    assert callback_urls(entries | {"event.notification.enabled": "false"}) == ()
    assert callback_urls(entries) == ()


def test_basic_and_further_headers_are_sent() -> None:
    headers = request_headers(
        {"event.notification.basic.username": "freda"},
        {
            "event.notification.basic.password": "p:w",
            "event.notification.callback.headers": '{"X-Tenant": " acme "}',
        },
    )

    assert headers == {
        "Authorization": "Basic " + base64.b64encode(b"freda:p:w").decode(),
        "X-Tenant": "acme",
    }
    assert request_headers({}, {}) == {}


@pytest.mark.parametrize(
    "text",
    [
        "nonsense", "[]", '{"Host": "a"}', '{"Elements-Webhook-Id": "1"}', '{"X-A": 1}',
        '{"X-A": "a\\r\\nX-B: b"}', '{"X A": "b"}', '{"": "b"}', '{"X-A": "é"}',
        '{"Content-Length": "1"}', '{"X-A": "' + "a" * 5000 + '"}', "[" * 100_000,
    ],
)  # fmt: skip
def test_headers_that_cannot_be_sent_are_refused_and_told(text: str) -> None:
    secrets = {"event.notification.callback.headers": text}
    with pytest.raises(UnusableCallback):
        request_headers({}, secrets)
    (wrong,) = callback_errors({}, secrets)
    assert wrong.field == "configuration.event.notification.callback.headers"


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("event.notification.callback.url", "http://events.example.com/in", "https"),
        ("event.notification.callback.url", f"{URL},https://10.0.0.1/in", "public"),
        ("event.notification.callback.url", "https://169.254.169.254/", "public"),
        ("event.notification.callback.url",
         ",".join(f"{URL}/{n}" for n in range(11)), "more than 10"),
        ("event.notification.type", "email", "webhook"),
        ("event.notification.basic.username", "a:b", "colon"),
        ("event.vendor.type", "carrier", "polling or webhook"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_told_when_it_is_configured(
    key: str, value: str, words: str
) -> None:
    wrong = callback_errors({key: value}, {})

    assert [error.field for error in wrong] == [f"configuration.{key}"]
    assert words in wrong[0].message


def test_what_can_be_used_is_not_complained_of() -> None:
    entries = {
        "event.notification.callback.url": f"{URL} http://127.0.0.1:9/x",
        "event.notification.type": "webhook",
    }
    allowed = ["http://127.0.0.1:9"]

    assert callback_errors(entries, {}, allowed_origins=allowed) == []
    assert callback_errors({}, {}) == []
    for kind in ("", "webhook", "webhooks", " Polling "):
        assert callback_errors({"event.vendor.type": kind}, {}) == []
    assert isinstance(callback_errors(entries, {})[0], FieldError)
