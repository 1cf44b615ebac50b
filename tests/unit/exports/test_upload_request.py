"""A multipart form with a file of records, as clients send it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freshbridge.exports.job_request import InvalidJob
from freshbridge.exports.upload_request import read_upload

BOUNDARY = "----WebKitFormBoundary7MA4YWxkTrZu0gW"
FORM = f"multipart/form-data; boundary={BOUNDARY}"


def form(*parts: tuple[str, bytes]) -> bytes:
    """Parts by their disposition's parameters and further header lines."""
    body = b""
    for head, content in parts:
        body += f"--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode()
        body += content + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()


def file(content: bytes, name: str = "people.csv", kind: str = "text/csv") -> tuple[str, bytes]:
    return f'name="file"; filename="{name}"\r\nContent-Type: {kind}', content


@settings(max_examples=50)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=200))
def test_a_table_is_taken_byte_by_byte(text: str) -> None:
    content = ("name,email\r\n" + text).encode()
    if BOUNDARY.encode() in content:
        return
    found = read_upload("contacts", FORM, form(file(content)))
    assert (found.format, found.content) == ("csv", content)


@settings(max_examples=50)
@given(st.lists(st.dictionaries(st.text(max_size=4), st.integers() | st.text(max_size=6)),
                max_size=4))  # fmt: skip
def test_an_array_becomes_lines(records: list[dict[str, Any]]) -> None:
    content = json.dumps(records, indent=1).encode()
    found = read_upload("incidents", FORM, form(file(content, "t.json", "application/json")))
    assert (found.object, found.action, found.format) == ("tickets", "create_ticket", "jsonl")
    assert [json.loads(line) for line in found.content.splitlines()] == records


def test_what_stands_beside_the_file_is_kept() -> None:
    meta = ('name="metaData"', b'{"source": "crm"}')
    found = read_upload(
        "accounts", FORM, form(meta, file(b'{"name":"A"}\n', "a.txt", "text/plain"))
    )
    assert (found.action, found.asked_as, found.format) == ("create_company", "accounts", "jsonl")
    assert found.criteria == {"metaData": {"source": "crm"}}


@pytest.mark.parametrize(
    ("name", "kind", "body", "said"),
    [
        ("printers", FORM, form(file(b"a")), "can be created in bulk: tickets, contacts"),
        ("agents", FORM, form(file(b"a")), "can be created in bulk"),
        ("contacts", "application/json", b"[]", "multipart/form-data"),
        ("contacts", "multipart/form-data", b"x", "file: is required"),
        ("contacts", FORM, b"", "file: is required"),
        ("contacts", FORM, form(('name="other"', b"x")), "file: is required"),
        ("contacts", FORM, form(file(b"[1]")), "must hold objects only"),
        ("contacts", FORM, form(file(b"[{")), "begins like a JSON array and is none"),
        ("contacts", FORM, form(('name="metaData"', b"[]"), file(b"a")), "must be a JSON object"),
        ("contacts", FORM, form(('name="metaData"', b"{"), file(b"a")), "must be a JSON object"),
        ("contacts", FORM, form(('name="metaData"', b'{"identifierFieldName":"id"}'), file(b"a")),
         "upsert"),
    ],
)  # fmt: skip
def test_what_cannot_be_uploaded_is_refused(name: str, kind: str, body: bytes, said: str) -> None:
    with pytest.raises(InvalidJob) as raised:
        read_upload(name, kind, body)
    assert said in str(raised.value)
