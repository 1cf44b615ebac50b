"""multipart/form-data as a stream of known length: files are read while they are sent.

The length is known before the first byte, so that the request carries Content-Length: a provider
may refuse a chunked one. No file is held in memory as a whole.

Format: https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data
"""

from collections.abc import Generator, Iterable, Iterator

from freshbridge.errors import Retry
from freshbridge.http_message import FilePart

CHUNK_BYTES = 64 * 1024
_ESCAPES = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})


class FileInterrupted(Retry):
    """A file could not be read to its end while it was being sent; the request had no effect."""

    code = "file_interrupted"
    default_advice = "Try again later; if it happens again, upload the file anew."


class MultipartBody:
    """The body of one request: `form` fields, then `files`, each read when its turn comes.

    `boundary` must occur in none of them: 128 random bits as text do not. It can be read once.
    """

    def __init__(
        self, form: Iterable[tuple[str, str]], files: Iterable[FilePart], boundary: str
    ) -> None:
        self._pieces: list[bytes | FilePart] = []
        for name, value in form:
            head = f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"\r\n\r\n'
            self._pieces.append(f"{head}{value}\r\n".encode())
        for part in files:
            head = (
                f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(part.name)}"; '
                f'filename="{_quoted(part.filename)}"\r\nContent-Type: {part.content_type}\r\n\r\n'
            )
            self._pieces += [head.encode(), part, b"\r\n"]
        self._pieces.append(f"--{boundary}--\r\n".encode())
        self._length = sum(
            piece.size if isinstance(piece, FilePart) else len(piece) for piece in self._pieces
        )
        self._chunks = self._read_pieces()
        self._rest = b""
        self._taken = 0
        self.content_type = f"multipart/form-data; boundary={boundary}"

    def __len__(self) -> int:
        """The whole body's bytes, whatever was read of it."""
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        """What is left, a chunk at a time."""
        while chunk := self.read(CHUNK_BYTES):
            yield chunk

    @property
    def complete(self) -> bool:
        """Whether the last byte was read: before that no server can have taken the request."""
        return self._taken == self._length

    def read(self, size: int = CHUNK_BYTES) -> bytes:
        """The next `size` bytes at most; none at the end.

        Raises:
            FileInterrupted: a file has not as many bytes as it said, or broke off.
            Whatever a source raises when it is opened.
        """
        if not self._rest:
            self._rest = next(self._chunks, b"")
        piece, self._rest = self._rest[:size], self._rest[size:]
        self._taken += len(piece)
        return piece

    def close(self) -> None:
        """Close the file that is being read, if any."""
        self._chunks.close()

    def _read_pieces(self) -> Generator[bytes, None, None]:
        for piece in self._pieces:
            if isinstance(piece, FilePart):
                yield from _read_file(piece)
            else:
                yield piece


def _read_file(part: FilePart) -> Generator[bytes, None, None]:
    left = part.size
    source = part.open()
    try:
        while left:
            chunk = source.read(min(CHUNK_BYTES, left))
            if not chunk:
                raise FileInterrupted("A file ended before its last byte was sent")
            left -= len(chunk)
            yield chunk
    finally:
        source.close()


def _quoted(text: str) -> str:
    return text.translate(_ESCAPES)
