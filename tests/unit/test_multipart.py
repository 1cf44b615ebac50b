"""multipart/form-data bodies: every byte in its place, none held for longer than needed."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.http_message import FilePart
from freshbridge.multipart import CHUNK_BYTES, FileInterrupted, MultipartBody

BOUNDARY = "b0undary"


class Remembering:
    """A source that counts what is open, and how much was asked for at once."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.open_now = 0
        self.largest = 0

    @property
    def size(self) -> int:
        return len(self.content)

    def open(self) -> Remembering.Reading:
        self.open_now += 1
        return Remembering.Reading(self)

    class Reading:
        def __init__(self, source: Remembering) -> None:
            self._source = source
            self._stream = io.BytesIO(source.content)

        def read(self, size: int, /) -> bytes:
            self._source.largest = max(self._source.largest, size)
            return self._stream.read(size)

        def close(self) -> None:
            self._source.open_now -= 1


def read_all(body: MultipartBody, size: int = 16_384) -> bytes:
    return b"".join(iter(lambda: body.read(size), b""))


def parts_of(content: bytes) -> list[tuple[bytes, bytes]]:
    """Headers and content of each part, split as RFC 2046 has it."""
    pieces = content.split(f"--{BOUNDARY}".encode())
    assert (pieces[0], pieces[-1]) == (b"", b"--\r\n")
    found = []
    for piece in pieces[1:-1]:
        head, _, rest = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        found.append((head, rest.removesuffix(b"\r\n")))
    return found


def test_fields_come_first_and_files_with_name_and_type() -> None:
    form = (("tags[]", "billing"), ("custom_fields[cf_x]", "Zeile\n2 \U0001f600"))
    files = (
        FilePart("attachments[]", "a.pdf", b"%PDF", "application/pdf"),
        FilePart("attachments[]", "leer.txt", b""),
    )
    body = MultipartBody(form, files, BOUNDARY)

    content = read_all(body)

    assert body.content_type == f"multipart/form-data; boundary={BOUNDARY}"
    assert parts_of(content) == [
        (b'Content-Disposition: form-data; name="tags[]"', b"billing"),
        (
            b'Content-Disposition: form-data; name="custom_fields[cf_x]"',
            "Zeile\n2 \U0001f600".encode(),
        ),
        (
            b'Content-Disposition: form-data; name="attachments[]"; filename="a.pdf"\r\n'
            b"Content-Type: application/pdf",
            b"%PDF",
        ),
        (
            b'Content-Disposition: form-data; name="attachments[]"; filename="leer.txt"\r\n'
            b"Content-Type: application/octet-stream",
            b"",
        ),
    ]


def test_a_name_cannot_end_its_header() -> None:
    part = FilePart("attachments[]", 'a"\r\nX-Evil: 1\r\n\r\n.txt', b"x")

    field, file = parts_of(read_all(MultipartBody((('n"\n', "v"),), (part,), BOUNDARY)))

    assert field == (b'Content-Disposition: form-data; name="n%22%0A"', b"v")
    assert b'filename="a%22%0D%0AX-Evil: 1%0D%0A%0D%0A.txt"' in file[0]
    assert file[1] == b"x"


@given(
    st.lists(st.binary(max_size=3 * CHUNK_BYTES), max_size=4),
    st.lists(st.tuples(st.text(max_size=20), st.text(max_size=200)), max_size=4),
    st.integers(1, 2 * CHUNK_BYTES),
)
def test_the_length_is_what_is_read(
    contents: list[bytes], form: list[tuple[str, str]], size: int
) -> None:
    sources = [Remembering(content) for content in contents]
    files = [FilePart("attachments[]", "a.bin", source) for source in sources]
    body = MultipartBody(form, files, "0" * 32)

    content = read_all(body, size)

    assert len(content) == len(body)
    assert body.complete
    assert all(one in content for one in contents)
    assert sum(source.open_now for source in sources) == 0
    assert max((source.largest for source in sources), default=0) <= CHUNK_BYTES


def test_a_file_is_opened_when_its_turn_comes_and_closed_when_it_is_over() -> None:
    first, second = Remembering(b"1" * 10), Remembering(b"2" * CHUNK_BYTES * 3)
    body = MultipartBody((), (FilePart("f", "1", first), FilePart("f", "2", second)), BOUNDARY)
    assert (first.open_now, second.open_now) == (0, 0)

    chunks = iter(body)
    while second.open_now == 0:
        next(chunks)

    assert (first.open_now, body.complete) == (0, False)
    body.close()
    assert second.open_now == 0


def test_a_file_that_is_shorter_than_it_said_is_an_error() -> None:
    class Shrunk(Remembering):
        @property
        def size(self) -> int:
            return len(self.content) + 1

    source = Shrunk(b"abc")

    with pytest.raises(FileInterrupted, match="ended before its last byte"):
        read_all(MultipartBody((), (FilePart("f", "n", source),), BOUNDARY))

    assert source.open_now == 0
