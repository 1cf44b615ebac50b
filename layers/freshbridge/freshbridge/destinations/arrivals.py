"""Messages of the action queue that are records or files for a destination. Pure.

    {"instance_id", "destination_id", "record": {…}}          one record
    {"instance_id", "destination_id", "records": [{…}, …]}    a run
    an S3 event, by Amazon EventBridge or straight from S3    a run of the file's records

The first two folders of a file, below `incoming/`, name the integration and the destination, and
whatever folders come after them are the sender's: `193000002/dst_0193c0ffee/2026/contacts.csv`. A
bucket may have folders before them where the destination's begins with dst_, as all ids do. Both
kinds of S3 event may come twice; a file is known by its bucket, key and sequence number, a message
by its id or by the idempotency_key in it.
Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote_plus

from freshbridge.identifiers import derived_id
from freshbridge.queues.envelope import ActionRequest, UnreadableMessage

PLATFORM = "freshsales"
_FOLDERS = 3
"""The parts of a key that tell: integration, destination, file."""
_INCOMING = "incoming"
_DESTINATION = "dst_"
_MEMBERS = {
    "instance_id": "the id of an integration",
    "destination_id": "the id of a destination",
    "record": "an object",
    "records": "a list of objects",
    "idempotency_key": "a text of the sender's own",
}


def requests_in(text: str, *, message_id: str, received_at: str) -> list[ActionRequest] | None:
    """The actions that a message asks for; None for one that is an action's own envelope.

    A test event of S3, a folder and a deletion ask for none.

    Raises:
        UnreadableMessage: it is for a destination, and cannot be used.
    """
    body = _object(text)
    if body is None or "action" in body:
        return None
    if body.get("source") == "aws.s3":
        return list(_of_eventbridge(body, received_at))
    listed = body.get("Records", [] if body.get("Event") == "s3:TestEvent" else None)
    if isinstance(listed, list) and all(isinstance(one, dict) for one in listed):
        return [found for one in listed for found in _of_s3(one, received_at)]
    if "destination_id" in body:
        return [_of_records(body, message_id, received_at)]
    return None


def _object(text: str) -> dict[str, Any] | None:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _of_eventbridge(body: Mapping[str, Any], received_at: str) -> Iterator[ActionRequest]:
    detail = body.get("detail")
    if body.get("detail-type") != "Object Created" or not isinstance(detail, dict):
        return
    bucket, found = detail.get("bucket"), detail.get("object")
    if isinstance(bucket, dict) and isinstance(found, dict):
        version = str(found.get("sequencer") or found.get("etag") or "")
        yield from _of_file(str(bucket.get("name")), str(found.get("key")), version, received_at)


def _of_s3(record: Mapping[str, Any], received_at: str) -> Iterator[ActionRequest]:
    if not str(record.get("eventName", "")).removeprefix("s3:").startswith("ObjectCreated"):
        return
    found = record.get("s3")
    bucket = found.get("bucket") if isinstance(found, dict) else None
    stored = found.get("object") if isinstance(found, dict) else None
    if isinstance(bucket, dict) and isinstance(stored, dict):
        # Unlike EventBridge, S3 writes a key as in a URL's query.
        key = unquote_plus(str(stored.get("key")))
        version = str(stored.get("sequencer") or stored.get("eTag") or "")
        yield from _of_file(str(bucket.get("name")), key, version, received_at)


def _of_file(bucket: str, key: str, version: str, received_at: str) -> Iterator[ActionRequest]:
    if key.endswith("/"):
        return
    parts = key.split("/")
    begin = _begin(parts)
    if len(parts) < begin + _FOLDERS or not all(parts[begin : begin + 2]):
        raise UnreadableMessage(
            "the file lies in no destination's folder",
            advice="Put it below <integration id>/<destination id>/.",
        )
    instance_id, destination_id = parts[begin : begin + 2]
    yield _request(
        "send_records",
        {"destination_id": destination_id, "source": {"bucket": bucket, "key": key}},
        instance_id=instance_id,
        action_id=derived_id("act", "s3", bucket, key, version),
        origin={"type": "s3", "destination_id": destination_id},
        received_at=received_at,
    )


def _begin(parts: list[str]) -> int:
    """Where, among a key's parts, the integration's folder is."""
    for number, one in enumerate(parts[1:-1]):
        if one.startswith(_DESTINATION):
            return number
    return 1 if parts[0] == _INCOMING else 0


def _wrong_members(body: Mapping[str, Any]) -> list[str]:
    """What is wrong with a message, a sentence for each member."""
    wrong = [f"there is no member {name[:60]}" for name in sorted(set(body) - set(_MEMBERS))]
    for name in ("instance_id", "destination_id"):
        if not _name_in(body, name):
            wrong.append(f"{name} must be {_MEMBERS[name]}")
    one, many = body.get("record"), body.get("records")
    if (one is None) == (many is None):
        wrong.append("give either record or records")
    elif not isinstance(one, dict | None):
        wrong.append(f"record must be {_MEMBERS['record']}")
    elif not isinstance(many, list | None):
        wrong.append(f"records must be {_MEMBERS['records']}")
    return wrong


def _name_in(body: Mapping[str, Any], name: str) -> str:
    """An id, which may be written as a number; "" for what is none."""
    value = body.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""


def _of_records(body: Mapping[str, Any], message_id: str, received_at: str) -> ActionRequest:
    if wrong := _wrong_members(body):
        raise UnreadableMessage(
            f"the message is for a destination, and cannot be used: {'; '.join(wrong)}",
            advice="Send instance_id, destination_id, and record (an object) or records (a list).",
        )
    instance_id, destination_id = _name_in(body, "instance_id"), _name_in(body, "destination_id")
    one, many = body.get("record"), body.get("records")
    key = body.get("idempotency_key")
    name = key if isinstance(key, str) and key else message_id
    parameters = {"record": one} if many is None else {"records": many}
    return _request(
        "send_record" if many is None else "send_records",
        {"destination_id": destination_id, **parameters},
        instance_id=instance_id,
        action_id=derived_id("act", "sqs", instance_id, destination_id, name),
        origin={"type": "sqs", "destination_id": destination_id},
        received_at=received_at,
    )


def _request(
    action: str,
    parameters: dict[str, Any],
    *,
    instance_id: str,
    action_id: str,
    origin: dict[str, Any],
    received_at: str,
) -> ActionRequest:
    return ActionRequest(
        action_id=action_id,
        instance_id=instance_id,
        platform=PLATFORM,
        action=action,
        parameters=parameters,
        idempotency_key=action_id,
        origin=origin,
        submitted_at=received_at,
    )
