"""Files uploaded to S3 through a presigned URL, and attached by their upload id."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from freshbridge import aws, timestamps
from freshbridge.actions.uploads import (
    InvalidUpload,
    UploadMissing,
    UploadRequest,
    UploadStore,
    UploadUnavailable,
)
from freshbridge.multipart import FileInterrupted
from tests import builders
from tests.fakes.aws_failures import Failing, client_error, raising
from tests.fakes.provider import FakeTransport, json_reply
from tests.integration.conftest import ORGANIZATION_SECRET, USER_SECRET, Stack, Start

ACCESS = f"User {USER_SECRET}, Organization {ORGANIZATION_SECRET}"
NOTES = "/api/v2/tickets/1042/notes"
MB = 1024 * 1024
MINE, OTHERS = builders.INSTANCE_ID, "193000002"
FILE = UploadRequest("report.pdf", None, 9)
CONTENT = b"%PDF-1.7\n"


class Api:
    """The API of a stack with two connected accounts."""

    def __init__(self, start: Start) -> None:
        self._start = start

    def __call__(
        self, path: str, body: Any, instance_id: str = MINE, **headers: str
    ) -> tuple[int, Any]:
        """Status and body of what was posted to one instance."""
        event = builders.rest_event(
            "POST",
            f"/api/integrations/{instance_id}/{path}",
            body=json.dumps(body),
            headers={"Authorization": ACCESS, **headers},
        )
        answer = self._start("ConnectorApi").handler(event, builders.Context())
        return answer["statusCode"], json.loads(answer["body"])


@pytest.fixture
def api(stack: Stack, start: Start) -> Api:
    stack.connect()
    stack.connect(builders.instance(instance_id=OTHERS))
    return Api(start)


@pytest.fixture
def store(stack: Stack) -> UploadStore:
    return UploadStore(stack.names["PayloadBucket"])


def put(offer: dict[str, Any], content: bytes) -> int:
    """Send the file as the answer says; returns the status."""
    sent = requests.request(
        offer["method"], offer["url"], data=content, headers=offer["headers"], timeout=5
    )
    return sent.status_code


def uploaded(store: UploadStore, wanted: UploadRequest = FILE, content: bytes = CONTENT) -> str:
    offer = store.offer(MINE, wanted)
    assert put(offer, content) == 200
    return str(offer["upload_id"])


def note(upload_id: str) -> dict[str, Any]:
    attached = {"upload_id": upload_id}
    parameters = {"ticket_id": 1042, "body": "<p>Seen</p>", "attachments": [attached]}
    return {"action": "add_note", "parameters": parameters}


def test_a_file_is_uploaded_and_attached(api: Api, stack: Stack, provider: FakeTransport) -> None:
    # Given a file that was uploaded as the API said
    provider.on("POST", NOTES, json_reply({"id": 31, "ticket_id": 1042}, 201))
    status, made = api("uploads", {"name": "../Bericht März.exe", "size": 3 * MB})
    offer = made["data"]
    assert status == 201
    assert put(offer, b"x" * 3 * MB) == 200

    # When a note with it is added
    status, body = api("actions", note(offer["upload_id"]))

    # Then the provider is sent the file under its safe name, and the answer says which that is
    assert (status, offer["name"]) == (200, "Bericht März.exe.txt")
    (part,) = provider.requests[0].files
    assert (part.filename, part.content_type) == (offer["name"], "application/octet-stream")
    assert part.size == 3 * MB
    assert body["data"]["attached"][0]["name"] == offer["name"]
    # And it can be read again from the start, should the request be sent again
    for _ in range(2):
        stream = part.open()
        assert stream.read(10) == b"x" * 10
        stream.close()
    assert f"uploads/{MINE}/{offer['upload_id']}/content" in stack.objects("PayloadBucket")


def test_the_queue_carries_the_id_and_the_executor_finds_the_file(
    api: Api, stack: Stack, start: Start, store: UploadStore, provider: FakeTransport
) -> None:
    provider.on("POST", NOTES, json_reply({"id": 31, "ticket_id": 1042}, 201))
    upload_id = uploaded(store)

    assert api("actions", note(upload_id), Prefer="respond-async")[0] == 202
    assert stack.deliver("ActionQueue", start("ActionExecutor").handler) == []

    (part,) = provider.requests[0].files
    assert (part.filename, part.open().read(99)) == ("report.pdf", CONTENT)


def test_the_url_is_for_one_length_and_a_quarter_of_an_hour(
    store: UploadStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.fromisoformat("2026-03-03T12:02:40Z")
    monkeypatch.setattr(store, "_clock", lambda: now)

    offer = store.offer(MINE, FILE)

    query = parse_qs(urlsplit(offer["url"]).query)
    # S3 refuses any other length than the one that is signed.
    assert query["X-Amz-SignedHeaders"] == ["content-length;host"]
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["X-Amz-Expires"] == ["900"]
    assert urlsplit(offer["url"]).hostname == "demo-payloads.s3.eu-central-1.amazonaws.com"
    assert offer["expires_at"] == timestamps.to_text(now + timedelta(minutes=15))
    assert offer["headers"] == {"Content-Length": "9"}
    assert offer["max_bytes"] == 20 * MB


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["name", "size"]),
        ({"name": "a", "size": 20 * MB + 1}, ["size"]),
        ({"name": "a", "size": 0}, ["size"]),
        ({"name": "a", "size": True}, ["size"]),
        ({"name": "a", "size": "9"}, ["size"]),
        ({"name": "", "size": 9}, ["name"]),
        ({"name": "a" * 1025, "size": 9}, ["name"]),
        ({"name": 7, "size": 9, "content_type": "pdf"}, ["name", "content_type"]),
        ({"name": "a", "size": 9, "url": "https://files.example"}, ["url"]),
    ],
)
def test_what_cannot_be_attached_is_refused_at_once(
    api: Api, stack: Stack, body: dict[str, Any], fields: list[str]
) -> None:
    status, answer = api("uploads", body)

    assert (status, answer["code"]) == (400, InvalidUpload.code)
    assert [found["field"] for found in answer["details"]["fields"]] == fields
    assert stack.objects("PayloadBucket") == []


def test_the_largest_file_is_accepted(api: Api) -> None:
    assert api("uploads", {"name": "a", "size": 20 * MB})[0] == 201


def test_an_unknown_instance_gets_no_url(api: Api, stack: Stack) -> None:
    assert api("uploads", {"name": "a", "size": 9}, "193999999")[0] == 404
    assert stack.objects("PayloadBucket") == []


def test_an_upload_of_another_instance_is_unknown(
    api: Api, store: UploadStore, provider: FakeTransport
) -> None:
    upload_id = uploaded(store)

    refused = api("actions", note(upload_id), OTHERS)

    assert (refused[0], refused[1]["code"]) == (404, "upload_missing")
    assert provider.requests == []


def test_an_announced_file_that_never_came_is_told_as_such(store: UploadStore) -> None:
    upload_id = store.offer(MINE, FILE)["upload_id"]

    with pytest.raises(UploadMissing, match="Nothing was uploaded"):
        store.find(MINE, upload_id)


def test_name_and_type_are_kept(store: UploadStore) -> None:
    wanted = UploadRequest("Bericht \u0645\u0631\u062d\u0628\u0627 \U0001f600.bin", "image/png", 9)

    found = store.find(MINE, uploaded(store, wanted))

    assert (found.name, found.content_type, found.content.size) == (wanted.name, "image/png", 9)


@pytest.mark.parametrize("code", ["NoSuchKey", "AccessDenied", "403"])
def test_what_may_not_be_seen_counts_as_missing(store: UploadStore, code: str) -> None:
    # S3 says "denied" of a missing object to whoever may not list the bucket.
    upload_id = uploaded(store)
    for method in ("get_object", "head_object"):
        failing: Any = Failing(aws.s3(), **{method: raising(client_error(method, code))})
        with pytest.raises(UploadMissing):
            UploadStore("demo-payloads", client=failing).find(MINE, upload_id)


@pytest.mark.parametrize("method", ["get_object", "head_object"])
@pytest.mark.parametrize(
    "error",
    [client_error("S3", "SlowDown"), EndpointConnectionError(endpoint_url="https://s3.example")],
)
def test_an_outage_of_the_store_is_tried_again(
    store: UploadStore, method: str, error: Exception
) -> None:
    upload_id = uploaded(store)
    failing: Any = Failing(aws.s3(), **{method: raising(error)})

    with pytest.raises(UploadUnavailable):
        UploadStore("demo-payloads", client=failing).find(MINE, upload_id)


def test_a_file_that_is_replaced_or_gone_is_not_sent_in_place_of_the_first(
    store: UploadStore,
) -> None:
    # Given a file that was found
    upload_id = uploaded(store)
    found = store.find(MINE, upload_id).content
    key = f"uploads/{MINE}/{upload_id}/content"

    # When another one takes its place, it is not the one whose size was checked
    aws.s3().put_object(Bucket="demo-payloads", Key=key, Body=b"other" * 9)
    with pytest.raises(UploadMissing, match="replaced"):
        found.open()

    # And the same when it is gone
    aws.s3().delete_object(Bucket="demo-payloads", Key=key)
    with pytest.raises(UploadMissing, match="is gone"):
        found.open()


def test_a_download_that_breaks_off_is_a_failure_of_its_own(store: UploadStore) -> None:
    # Given a body that S3 stops sending
    class Breaking:
        closed = False

        def read(self, _size: int) -> bytes:
            raise ReadTimeoutError(endpoint_url="https://s3.example")

        def close(self) -> None:
            self.closed = True

    body = Breaking()
    found = store.find(MINE, uploaded(store)).content
    failing: Any = Failing(aws.s3(), get_object=lambda **_: {"Body": body})

    # When it is read
    stream = replace(found, client=failing).open()  # type: ignore[type-var]  # a dataclass within
    with pytest.raises(FileInterrupted):
        stream.read(100)
    stream.close()

    # Then the error is one that is tried again, and the connection is given up
    assert body.closed
