"""What is written into a queue reads back the same, and nothing else reads at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from freshbridge.queues import envelope
from freshbridge.queues.envelope import UnreadableMessage
from tests import builders

TEXT = st.text(st.characters(codec="utf-8"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=8,
)  # fmt: skip
NASTY = 'say "hi"\\\r\n\t\x00 שלום 👩‍👩‍👧 \u202e\u2028\ufeff\uffff'


@given(TEXT, TEXT)
@example(NASTY, NASTY)
def test_a_received_event_round_trips(body: str, content_type: str) -> None:
    event = builders.received_event(body=body, content_type=content_type)

    assert envelope.received_event(envelope.to_text(event)) == event


@given(st.dictionaries(TEXT, JSON), st.dictionaries(TEXT, JSON), TEXT.filter(bool))
@example({NASTY: [NASTY]}, {}, NASTY)
def test_an_action_request_round_trips(
    parameters: dict[str, Any], origin: dict[str, Any], key: str
) -> None:
    request = builders.action_request(parameters=parameters, origin=origin, idempotency_key=key)

    assert envelope.action_request(envelope.to_text(request)) == request


@given(TEXT)
def test_sync_work_round_trips(name: str) -> None:
    work = builders.sync_work(object=name)

    assert envelope.sync_work(envelope.to_text(work)) == work


@given(st.text(st.characters(), max_size=50))
@example("\ud83d cut")
def test_a_message_holds_only_characters_that_sqs_takes(body: str) -> None:
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
    text = envelope.to_text(builders.received_event(body=body))

    assert text.encode()
    assert not set(text) & {"\ufffe", "\uffff"}
    assert all(c in "\t\n\r" or c >= " " for c in text)
    assert envelope.received_event(text).body == body


READERS: dict[str, tuple[Callable[[str], object], Callable[[], envelope.Envelope]]] = {
    "received_event": (envelope.received_event, builders.received_event),
    "action_request": (envelope.action_request, builders.action_request),
    "sync_work": (envelope.sync_work, builders.sync_work),
}


@pytest.mark.parametrize("name", READERS)
def test_every_missing_key_and_every_unknown_one_is_refused_by_name(name: str) -> None:
    read, build = READERS[name]
    fields = json.loads(envelope.to_text(build()))

    # A message from before runs had parts names none.
    for key in fields.keys() - {"part"}:
        rest = {k: v for k, v in fields.items() if k != key}
        with pytest.raises(UnreadableMessage, match=key):
            read(json.dumps(rest))
    with pytest.raises(UnreadableMessage, match="paramters"):
        read(json.dumps(fields | {"paramters": {}}))


@pytest.mark.parametrize("name", READERS)
def test_every_value_of_the_wrong_type_is_refused_by_name(name: str) -> None:
    read, build = READERS[name]
    fields = json.loads(envelope.to_text(build()))

    for key in fields:
        with pytest.raises(UnreadableMessage, match=key):
            read(json.dumps(fields | {key: 7.5}))


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("text", ["", "not json", "[]", "null", '"text"', "{", "[" * 100_000])
def test_what_is_no_object_is_unreadable(name: str, text: str) -> None:
    with pytest.raises(UnreadableMessage):
        READERS[name][0](text)


@given(st.text())
def test_no_text_whatever_raises_anything_else(text: str) -> None:
    for read, _ in READERS.values():
        with pytest.raises(UnreadableMessage):
            read(text)


@pytest.mark.parametrize("moment", ["yesterday", "", "0001-01-01T00:00:00+23:59"])
def test_an_action_is_submitted_at_a_time(moment: str) -> None:
    fields = json.loads(envelope.to_text(builders.action_request()))

    with pytest.raises(UnreadableMessage, match="submitted_at must be"):
        envelope.action_request(json.dumps(fields | {"submitted_at": moment}))
    zoned = json.dumps(fields | {"submitted_at": "2026-03-03T14:02:40.5+02:00"})
    assert envelope.action_request(zoned).submitted_at == "2026-03-03T12:02:40Z"


def test_an_action_without_a_key_could_run_twice_and_is_refused() -> None:
    with pytest.raises(UnreadableMessage, match="idempotency_key must not be empty"):
        envelope.action_request(envelope.to_text(builders.action_request(idempotency_key="")))


def test_correlation_ids_lead_back_to_the_event() -> None:
    assert builders.received_event().correlation_id == "evt_0001"
    assert builders.action_request().correlation_id == "evt_0001"
    assert builders.action_request(origin={"type": "api"}).correlation_id == "act_0001"
    assert builders.sync_work().correlation_id == "run_0001"


def test_an_instance_id_may_be_the_number_that_the_api_shows() -> None:
    request = builders.action_request()
    fields = json.loads(envelope.to_text(request)) | {"instance_id": int(request.instance_id)}

    assert envelope.action_request(json.dumps(fields)) == request
    wrongs: list[object] = [True, 1.5, None, []]
    for wrong in wrongs:
        with pytest.raises(UnreadableMessage):
            envelope.action_request(json.dumps(fields | {"instance_id": wrong}))
