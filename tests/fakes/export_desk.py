"""What exports stand on, in memory: a copy of records, how old it is, a bucket for the files."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from freshbridge import timestamps
from freshbridge.exports.folder import ExportFolder
from freshbridge.exports.run import Desk
from freshbridge.exports.source import Standing
from freshbridge.instances.model import Instance
from freshbridge.lake.encoding import rows_of
from freshbridge.lake.rows import Row, State
from freshbridge.sync.objects import OBJECTS


class NoSuchKey(ClientError):
    """As the client's own."""


class MemoryBucket:
    """S3 as far as exports know it. `refusal` is the error that a look at an object meets."""

    class exceptions:  # noqa: N801 - the client's own name
        """The errors of a client."""

        NoSuchKey = NoSuchKey

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.uploads: dict[str, dict[int, bytes]] = {}
        self.smallest_part = 0
        self.largest_body = 0
        self.refusal = ""

    def put_object(self, **call: Any) -> None:
        """Keep an object."""
        self._weigh(call["Body"])
        self.objects[call["Key"]] = call["Body"]

    def get_object(self, **call: Any) -> Any:
        """An object, or NoSuchKey."""
        if call["Key"] not in self.objects:
            raise NoSuchKey({"Error": {"Code": "NoSuchKey", "Message": ""}}, "GetObject")
        return {"Body": io.BytesIO(self.objects[call["Key"]])}

    def head_object(self, **call: Any) -> None:
        """Whether there is one."""
        code = self.refusal or ("" if call["Key"] in self.objects else "404")
        if code:
            raise ClientError({"Error": {"Code": code, "Message": ""}}, "HeadObject")

    def create_multipart_upload(self, **_call: Any) -> Any:
        """Begin one."""
        name = f"upload-{len(self.uploads)}"
        self.uploads[name] = {}
        return {"UploadId": name}

    def upload_part(self, **call: Any) -> Any:
        """Keep a part; sent again it replaces itself."""
        self._weigh(call["Body"])
        self.uploads[call["UploadId"]][call["PartNumber"]] = call["Body"]
        return {"ETag": f"{call['PartNumber']}-{len(call['Body'])}"}

    def complete_multipart_upload(self, **call: Any) -> None:
        """Put the named parts together, of which only the last may be small."""
        sent, parts = self.uploads.pop(call["UploadId"]), call["MultipartUpload"]["Parts"]
        assert [one["PartNumber"] for one in parts] == list(range(1, len(parts) + 1))
        assert all(len(sent[one["PartNumber"]]) >= self.smallest_part for one in parts[:-1])
        self.objects[call["Key"]] = b"".join(sent[one["PartNumber"]] for one in parts)

    def abort_multipart_upload(self, **call: Any) -> None:
        """Forget it."""
        del self.uploads[call["UploadId"]]

    def generate_presigned_url(self, _operation: str, **call: Any) -> str:
        """A URL by which `download` finds the object."""
        return f"https://{call['Params']['Bucket']}.example/{call['Params']['Key']}"

    def download(self, url: str) -> bytes:
        """What a URL gives."""
        return self.objects[url.partition(".example/")[2]]

    def _weigh(self, body: bytes) -> None:
        self.largest_body = max(self.largest_body, len(body))


class MemoryCopy:
    """Implements `freshbridge.exports.source.Copy`: rows by object, some to a file."""

    def __init__(self, per_file: int = 100) -> None:
        self.per_file = per_file
        self.kept: dict[tuple[str, bool], list[Row]] = {}

    def hold(self, name: str, records: Iterable[Any], state: State = State.LIVE) -> None:
        """Put records in."""
        found = rows_of(OBJECTS[name], records, seen_at="2026-03-31T00:00:00.0Z", state=state).rows
        self.kept.setdefault((name, state is not State.LIVE), []).extend(found)

    def files(
        self, _instance_id: str, object_name: str, *, removed: bool = False, after: str = ""
    ) -> list[str]:
        """The files' names."""
        count = -(-len(self.kept.get((object_name, removed), [])) // self.per_file)
        names = [f"{object_name}/{int(removed)}/{number:05d}" for number in range(count)]
        return [name for name in names if name > after]

    def rows(self, file: str) -> Iterator[Row]:
        """The rows of one."""
        name, removed, number = file.split("/")
        begin = int(number) * self.per_file
        yield from self.kept[name, removed == "1"][begin : begin + self.per_file]


class FixedStandings:
    """Implements `freshbridge.exports.source.Standings`: the same for every object."""

    def __init__(self, standing: Standing | None) -> None:
        self.standing = standing

    def of(self, _instance: Instance, _object_name: str) -> Standing | None:
        """What was given."""
        return self.standing


def export_desk(
    copy: MemoryCopy,
    bucket: MemoryBucket,
    *,
    standing: Standing | None = None,
    clock: Callable[[], datetime] = timestamps.now,
    part_bytes: int = 1000,
) -> Desk:
    """A desk of these; as of the first of March where nothing else is said."""
    folder = ExportFolder("files", bucket, part_bytes=part_bytes)  # type: ignore[arg-type]  # as far as it is used
    return Desk(copy, FixedStandings(standing or Standing("2026-03-01T00:00:00Z")), folder, clock)
