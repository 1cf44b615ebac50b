"""Files to attach: how they may be given, and the parts that become of them."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError

from freshbridge.actions.action import Outcome, Parameters
from freshbridge.actions.catalogue import InvalidParameters
from freshbridge.actions.freshdesk import attachments
from freshbridge.actions.freshdesk.attachments import Attachments, base64_size
from freshbridge.actions.uploads import UploadMissing
from freshbridge.errors import PayloadTooLarge
from tests import builders
from tests.fakes.actions import FakeUploads, run_action
from tests.fakes.provider import FakeTransport, json_reply

MB = 1024 * 1024
UPLOAD = "upl_" + "0" * 31 + "1"
OTHER = "upl_" + "0" * 31 + "2"
NOTES = "/api/v2/tickets/1042/notes"


class Holder(Parameters):
    """Has files."""

    attachments: Attachments = Field(default_factory=list)


def text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def note(transport: FakeTransport, *files: dict[str, Any], **given: Any) -> Outcome:
    parameters = {"ticket_id": 1042, "body": "<p>Seen</p>", "attachments": list(files)}
    return run_action("add_note", parameters, transport, **given)


@pytest.fixture
def provider() -> FakeTransport:
    return FakeTransport().on("POST", NOTES, json_reply({"id": 31, "ticket_id": 1042}, 201))


def test_a_small_file_goes_along_inline(provider: FakeTransport) -> None:
    outcome = note(provider, {"name": "../log.txt", "content_base64": text(b"line 1\n")})

    (sent,) = provider.requests
    assert sent.form == (("body", "<p>Seen</p>"), ("private", "true"))
    (part,) = sent.files
    assert (part.name, part.filename, part.content_type, part.size) == (
        "attachments[]",
        "log.txt",
        "text/plain",
        7,
    )
    # It can be read as often as it is sent.
    assert [part.open().read(100) for _ in range(2)] == [b"line 1\n"] * 2
    assert outcome.data["attached"] == [
        {"name": "log.txt", "size": 7, "content_type": "text/plain"}
    ]


def test_an_upload_goes_along_by_its_id(provider: FakeTransport) -> None:
    uploads = FakeUploads(**{UPLOAD: ("film.mp4", b"x" * 100), OTHER: ("b.bin", b"y")})

    note(
        provider,
        {"upload_id": UPLOAD},
        {"upload_id": OTHER, "name": "b.pdf", "content_type": "Application/PDF"},
        uploads=uploads,
    )

    (sent,) = provider.requests
    assert [(p.filename, p.content_type, p.size) for p in sent.files] == [
        ("film.mp4", "video/mp4", 100),
        ("b.pdf", "application/pdf", 1),
    ]
    # It is looked for among the instance's own.
    assert uploads.looked_up == [(builders.INSTANCE_ID, UPLOAD), (builders.INSTANCE_ID, OTHER)]


def test_a_file_that_would_run_is_sent_as_text_would_be(provider: FakeTransport) -> None:
    file = {"name": "a.exe", "content_type": "application/x-msdownload", "content_base64": "AAAA"}

    outcome = note(provider, file)

    (part,) = provider.requests[0].files
    assert (part.filename, part.content_type) == ("a.exe.txt", "application/octet-stream")
    assert outcome.data["attached"][0]["name"] == "a.exe.txt"


def test_an_unknown_upload_is_refused_before_any_call(provider: FakeTransport) -> None:
    with pytest.raises(UploadMissing):
        note(provider, {"upload_id": UPLOAD})

    assert provider.requests == []


def test_the_sum_is_checked_before_any_call(provider: FakeTransport) -> None:
    # Given two uploads that only together are larger than 20 MB
    uploads = FakeUploads(**{UPLOAD: ("a", b"x" * (20 * MB - 3)), OTHER: ("b", b"y" * 3)})

    # Then each goes, and the two of them do as well: that is exactly 20 MB
    note(provider, {"upload_id": UPLOAD}, {"upload_id": OTHER}, uploads=uploads)
    assert len(provider.requests) == 1

    # But not with three bytes more
    with pytest.raises(PayloadTooLarge, match="20971523 bytes together") as caught:
        inline = {"name": "c", "content_base64": text(b"123")}
        note(provider, {"upload_id": UPLOAD}, {"upload_id": OTHER}, inline, uploads=uploads)
    assert len(provider.requests) == 1
    assert "link" in caught.value.advice


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ({"name": "a"}, "either name and content_base64, or upload_id"),
        ({"upload_id": UPLOAD, "content_base64": "AAAA"}, "either name and content_base64"),
        ({"content_base64": "AAAA"}, "needs a name"),
        ({"name": "", "content_base64": "AAAA"}, "at least 1 character"),
        ({"name": "a", "content_base64": ""}, "is empty"),
        ({"name": "a", "content_base64": "AAA"}, "not base64"),
        ({"name": "a", "content_base64": "AA\nAA"}, "not base64"),
        ({"name": "a", "content_base64": "AA-_"}, "not base64"),
        ({"name": "a", "content_base64": "AA=A"}, "not base64"),
        ({"name": "a", "content_base64": "é==="}, "not base64"),
        ({"name": "a", "content_base64": "data:text/plain;base64,AAAA"}, "not base64"),
        ({"name": "a", "content_base64": "A" * 4 * MB + "AAAA"}, "give its upload_id instead"),
        ({"name": "a", "content_base64": "AAAA", "content_type": "pdf"}, "media type"),
        ({"upload_id": "../../193000002/upl_1"}, "pattern"),
        ({"upload_id": UPLOAD + "\n"}, "pattern"),
        ({"upload_id": UPLOAD, "url": "https://files.example/a"}, "no such parameter"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_its_place(
    provider: FakeTransport, file: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidParameters) as caught:
        note(provider, {"name": "good", "content_base64": "AAAA"}, file)

    (field,) = caught.value.fields
    assert field.field.startswith("attachments.1")
    assert message in field.message
    assert provider.requests == []


def test_no_message_quotes_a_file(provider: FakeTransport) -> None:
    secret = text(b"private words") + "!"

    with pytest.raises(InvalidParameters) as caught:
        note(provider, {"name": "a", "content_base64": secret})

    assert secret[:8] not in str(caught.value)


def test_inline_files_have_a_sum_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attachments, "MOST_BYTES", 5)
    files = [{"name": "a", "content_base64": "AAAA"}] * 2

    with pytest.raises(ValidationError, match="6 bytes together, 5 at most"):
        Holder.model_validate({"attachments": files})


def test_more_files_than_a_ticket_should_have_are_refused() -> None:
    file = {"upload_id": UPLOAD}

    assert len(Holder.model_validate({"attachments": [file] * 50}).attachments) == 50
    with pytest.raises(ValidationError, match="at most 50"):
        Holder.model_validate({"attachments": [file] * 51})


@given(st.binary(max_size=100))
def test_the_size_is_known_without_decoding(content: bytes) -> None:
    assert base64_size(text(content)) == len(content)


def test_the_schema_says_that_it_is_one_of_two() -> None:
    (one,) = [s for n, s in Holder.model_json_schema()["$defs"].items() if n == "Attachment"]

    assert one["oneOf"] == [{"required": ["name", "content_base64"]}, {"required": ["upload_id"]}]
