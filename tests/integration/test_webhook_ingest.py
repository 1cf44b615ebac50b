"""webhook_ingest stores a webhook before it says so, and stores nothing that it refuses."""

from __future__ import annotations

import base64
import gzip
import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from freshbridge import aws, timestamps
from freshbridge.events.delivery import History, delivery_of, judge
from freshbridge.events.payload import LARGEST_BODY
from freshbridge.events.reading import event_of
from freshbridge.events.signature import signature
from freshbridge.instances.vault import Vault
from freshbridge.queues import envelope
from freshbridge.queues.payload import PayloadStore
from tests import builders
from tests.fakes.aws_failures import Failing, client_error, raising
from tests.integration.conftest import Stack, Start

BODY = json.dumps(builders.simple_content(), ensure_ascii=False)


def webhook(
    body: str = BODY,
    *,
    secret: str | None = builders.WEBHOOK_SECRET,
    instance_id: str = builders.INSTANCE_ID,
    platform: str = "freshdesk",
    headers: dict[str, str] | None = None,
    base64_encoded: bool = False,
) -> dict[str, Any]:
    shown = {} if secret is None else {"X-Freshbridge-Secret": secret}
    return builders.rest_event(
        "POST",
        f"/api/webhooks/{platform}/{instance_id}",
        body=body,
        headers={"Content-Type": "application/json", **shown, **(headers or {})},
        parameters={"platform": platform, "instance_id": instance_id},
        base64_encoded=base64_encoded,
    )


def answer_to(start: Start, event: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    answer = start("WebhookIngest").handler(event, builders.Context())
    assert answer["headers"] == {"Content-Type": "application/json"}
    return answer["statusCode"], json.loads(answer["body"])


def test_an_accepted_webhook_is_in_the_queue_as_it_came(stack: Stack, start: Start) -> None:
    stack.connect()

    status, body = answer_to(start, webhook())

    (message,) = stack.messages("EventQueue")
    stored = envelope.received_event(message["Body"])
    assert status == 202
    assert body["success"] is True
    assert body["data"] == {"event_id": stored.event_id, "received_at": stored.received_at}
    assert stored.body == BODY
    assert (stored.instance_id, stored.platform) == (builders.INSTANCE_ID, "freshdesk")


def test_basic_credentials_and_a_body_in_base64_do_as_well(stack: Stack, start: Start) -> None:
    stack.connect()
    credentials = base64.b64encode(f"freshdesk:{builders.WEBHOOK_SECRET}".encode()).decode()
    encoded = base64.b64encode(BODY.encode()).decode()

    status, _ = answer_to(
        start,
        webhook(
            encoded,
            secret=None,
            headers={"AUTHORIZATION": f"Basic {credentials}"},
            base64_encoded=True,
        ),
    )

    assert status == 202
    (message,) = stack.messages("EventQueue")
    assert envelope.received_event(message["Body"]).body == BODY


def test_a_large_webhook_goes_through_the_bucket(stack: Stack, start: Start) -> None:
    stack.connect()
    text = json.dumps(builders.simple_content(ticket_description="é" * 300_000), ensure_ascii=False)

    status, _ = answer_to(start, webhook(text))

    assert status == 202
    (message,) = stack.messages("EventQueue")
    unpacked = PayloadStore(stack.names["PayloadBucket"]).unpack(message["Body"])
    assert envelope.received_event(unpacked).body == text


@pytest.mark.parametrize(
    ("event", "status", "code", "words"),
    [
        (webhook(secret=None), 401, "webhook_not_authenticated", "X-Freshbridge-Secret"),
        (webhook(secret=""), 401, "webhook_not_authenticated", "missing or wrong"),
        (webhook(secret="wrong"), 401, "webhook_not_authenticated", "missing or wrong"),
        (webhook("x" * (LARGEST_BODY + 1)), 413, "body_too_large", "1048576"),
        (webhook('{"a": '), 400, "unreadable_body", "line 1, column 7"),
        (webhook(""), 400, "unreadable_body", "empty"),
        (webhook("a=1", headers={"Content-Type": "text/plain"}), 400, "unreadable_body", "JSON"),
        (webhook("a=1", headers={"Content-Type": "image/png"}), 415, "unknown_content_type", "png"),
        (
            webhook(headers={"Content-Encoding": "br"}),
            415,
            "unknown_content_type",
            "compression",
        ),
        (webhook("é", base64_encoded=True), 400, "unreadable_body", "base64"),
        (webhook("A", base64_encoded=True), 400, "unreadable_body", "base64"),
        (webhook(instance_id="ins_none"), 404, "unknown_instance", "ins_none"),
        (webhook(instance_id="x" * 3000), 404, "unknown_instance", "xxx"),
        (webhook(platform="freshsales"), 404, "unknown_instance", "/api/webhooks/freshdesk/"),
        (
            builders.rest_event("POST", "/api/webhooks", body=BODY),
            404,
            "unknown_instance",
            "no such instance",
        ),
        (webhook("\ud83d"), 400, "unreadable_body", "is not"),
    ],
)
def test_a_refused_webhook_is_told_why_and_leaves_the_queue_empty(
    *, stack: Stack, start: Start, event: dict[str, Any], status: int, code: str, words: str
) -> None:
    stack.connect()

    answered, body = answer_to(start, event)

    assert answered == status
    assert body["success"] is False
    assert body["code"] == code
    assert body["request_id"] == builders.Context().aws_request_id
    assert words in body["message"]
    assert stack.messages("EventQueue") == []


def test_an_instance_whose_webhook_secret_is_empty_accepts_nothing(
    stack: Stack, start: Start
) -> None:
    stack.connect()
    aws.secretsmanager().put_secret_value(
        SecretId=f"freshbridge/demo/webhooks/{builders.INSTANCE_ID}", SecretString='{"secret": ""}'
    )

    for shown in (None, "", "x"):
        status, _ = answer_to(start, webhook(secret=shown))
        assert status == 401
    assert stack.messages("EventQueue") == []


@pytest.mark.parametrize(
    ("service", "method", "operation"),
    [
        ("sqs", "send_message", "SendMessage"),
        ("dynamodb", "get_item", "GetItem"),
        ("secretsmanager", "get_secret_value", "GetSecretValue"),
    ],
)
def test_when_aws_refuses_the_sender_is_asked_to_try_again(
    *,
    stack: Stack,
    start: Start,
    monkeypatch: pytest.MonkeyPatch,
    service: str,
    method: str,
    operation: str,
) -> None:
    stack.connect()
    failing: Any = Failing(
        getattr(aws, service)(), **{method: raising(client_error(operation, "Throttling"))}
    )
    monkeypatch.setattr(aws, service, lambda: failing)

    status, body = answer_to(start, webhook())

    assert status == 503
    assert body["success"] is False
    monkeypatch.undo()
    assert stack.messages("EventQueue") == []


@pytest.mark.parametrize(
    ("body", "late", "status"),
    [(BODY, 0, 202), (BODY, 299, 202), (BODY, 301, 401), (BODY, -301, 401), (BODY + " ", 0, 401)],
)
def test_a_signed_webhook_passes_for_five_minutes_and_unchanged_only(
    *, stack: Stack, start: Start, body: str, late: int, status: int
) -> None:
    stack.connect()
    sent = int(timestamps.epoch()) - late
    shown = signature(BODY.encode(), builders.WEBHOOK_SECRET, sent)

    answered, _ = answer_to(
        start, webhook(body, secret=None, headers={"x-freshbridge-signature": shown})
    )

    assert answered == status
    assert len(stack.messages("EventQueue")) == (status == 202)


def test_a_rotated_secret_and_the_one_before_both_open_until_the_grace_is_over(
    stack: Stack, start: Start
) -> None:
    stack.connect()
    vault = Vault("demo")
    vault.replace_webhook_secret(builders.INSTANCE_ID, "second", until=timestamps.epoch() + 3600)

    for secret in ("second", builders.WEBHOOK_SECRET):
        assert answer_to(start, webhook(secret=secret))[0] == 202

    vault.replace_webhook_secret(builders.INSTANCE_ID, "third")
    start("WebhookIngest")._ports.cache_clear()
    assert answer_to(start, webhook(secret="third"))[0] == 202
    for secret in ("second", builders.WEBHOOK_SECRET):
        assert answer_to(start, webhook(secret=secret))[0] == 401


def test_an_instance_whose_secret_is_gone_accepts_nothing(stack: Stack, start: Start) -> None:
    stack.connect()
    aws.secretsmanager().delete_secret(
        SecretId=f"freshbridge/demo/webhooks/{builders.INSTANCE_ID}",
        ForceDeleteWithoutRecovery=True,
    )

    assert answer_to(start, webhook())[0] == 401
    assert stack.messages("EventQueue") == []


def test_a_path_without_an_id_is_for_the_only_instance_or_the_one_named(
    stack: Stack, start: Start
) -> None:
    stack.connect()
    event = webhook()
    event["pathParameters"] = {"platform": "freshdesk"}
    assert answer_to(start, event)[0] == 202

    stack.connect(builders.instance(instance_id="193000002"))
    start("WebhookIngest")._ports.cache_clear()
    status, refusal = answer_to(start, event)
    assert (status, refusal["code"]) == (400, "instance_not_named")

    event["headers"]["X-Freshbridge-Instance"] = "193000002"
    assert answer_to(start, event)[0] == 202
    stored = [envelope.received_event(m["Body"]) for m in stack.messages("EventQueue")]
    assert sorted(e.instance_id for e in stored) == [builders.INSTANCE_ID, "193000002"]


def test_open_connectors_address_takes_the_encoded_id_and_answers_in_its_words(
    stack: Stack, start: Start
) -> None:
    stack.connect()
    encoded = base64.b64encode(builders.INSTANCE_ID.encode()).decode()
    event = webhook(instance_id=encoded)
    event["resource"] = "/elements/api-v2/events/{platform}/{instance_id}"

    status, body = answer_to(start, event)

    (message,) = stack.messages("EventQueue")
    stored = envelope.received_event(message["Body"])
    assert status == 202
    assert body == {"id": stored.event_id, "eventDate": stored.received_at, "status": "RECEIVED"}
    assert stored.instance_id == builders.INSTANCE_ID

    event["headers"]["X-Freshbridge-Secret"] = "wrong"
    status, body = answer_to(start, event)
    assert status == 401
    assert set(body) == {"requestId", "message"}


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (gzip.compress(BODY.encode()), {"Content-Encoding": "gzip"}),
        (BODY.encode("utf-16"), {}),
        (b"\xef\xbb\xbf" + BODY.encode(), {}),
    ],
)
def test_a_body_in_other_bytes_is_stored_as_its_text(
    stack: Stack, start: Start, body: bytes, headers: dict[str, str]
) -> None:
    stack.connect()
    encoded = base64.b64encode(body).decode()

    status, _ = answer_to(start, webhook(encoded, headers=headers, base64_encoded=True))

    (message,) = stack.messages("EventQueue")
    assert status == 202
    assert envelope.received_event(message["Body"]).body == BODY


# --- a burst, and anything at all


class MemoryQueue:
    """Stores what it is sent; every seventh call fails before it is stored, every eleventh after.

    As Amazon SQS may: the caller cannot tell the two apart.
    """

    def __init__(self) -> None:
        self.stored: list[str] = []
        self.calls = 0

    def send_message(self, **parameters: Any) -> dict[str, Any]:
        """Store one message, or not."""
        self.calls += 1
        if self.calls % 7 == 0:
            raise client_error("SendMessage", "ServiceUnavailable")
        self.stored.append(parameters["MessageBody"])
        if self.calls % 11 == 0:
            raise client_error("SendMessage", "ServiceUnavailable")
        return {"MessageId": str(self.calls)}


@pytest.mark.no_cover  # ten thousand of the same calls
def test_of_a_burst_every_webhook_is_stored_and_none_counts_twice(
    stack: Stack, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """10,000 webhooks, each sent until it is answered 202, as their provider would."""
    stack.connect()
    queue = MemoryQueue()
    monkeypatch.setattr(aws, "sqs", lambda: queue)
    module = start("WebhookIngest")
    answered: Counter[int] = Counter()
    ids: set[str] = set()

    for number in range(10_000):
        text = json.dumps({"freshdesk_webhook": {"ticket_id": number, "ticket_subject": "x"}})
        event = webhook(text)
        status = 0
        while status != 202:
            answer = module.handler(event, builders.Context())
            status = answer["statusCode"]
            answered[status] += 1
        ids.add(json.loads(answer["body"])["data"]["event_id"])

    assert set(answered) == {202, 503}
    assert len(ids) == answered[202] == 10_000
    # Nothing that was answered 202 is missing, and of what had to be stored twice one counts.
    stored = [envelope.received_event(text) for text in queue.stored]
    assert len(stored) > 10_000
    assert ids <= {kept.event_id for kept in stored}
    histories: dict[int, History] = {}
    news: Counter[int] = Counter()
    for received in stored:
        news_of = event_of(received)
        at = timestamps.from_text(received.received_at).timestamp()
        number = news_of.ticket["id"]
        found = judge(histories.get(number, ()), delivery_of(news_of, received.body, at=at))
        verdict, histories[number] = found
        news[number] += not verdict.duplicate_of
    assert news == dict.fromkeys(range(10_000), 1)


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    body=st.one_of(
        st.binary(max_size=400),
        st.text("{}[]\":,\\ \nabc1<>/&=%ticket_d", max_size=200).map(str.encode),
    ),
    content_type=st.one_of(
        st.sampled_from(["application/json", "text/xml", "application/x-www-form-urlencoded", ""]),
        st.text(max_size=30),
    ),
    headers=st.dictionaries(
        st.sampled_from(
            ["Content-Encoding", "X-Freshbridge-Signature", "Authorization",
             "X-Freshbridge-Instance", "Element-Instances", "X-Freshbridge-Secret"]
        ),
        st.one_of(st.sampled_from(["gzip", "deflate", "Basic Og==", "t=1,v1=", ""]), st.text()),
    ),
    known=st.booleans(),
    encoded=st.booleans(),
)  # fmt: skip
def test_whatever_is_sent_is_stored_or_refused_and_never_an_error(
    *,
    stack: Stack,
    start: Start,
    body: bytes,
    content_type: str,
    headers: dict[str, str],
    known: bool,
    encoded: bool,
) -> None:
    if not stack.items("InstanceTable"):
        stack.connect()
    text = base64.b64encode(body).decode() if encoded else body.decode("latin-1")
    own = {"X-Freshbridge-Secret": builders.WEBHOOK_SECRET} if known else {}
    event = webhook(
        text,
        secret=None,
        headers={**headers, "Content-Type": content_type, **own},
        base64_encoded=encoded,
    )

    status, _ = answer_to(start, event)

    assert status in ((202, 400, 401, 413, 415) if known else (401,))
