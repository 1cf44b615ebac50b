"""The lake's files in S3: under conditions, tagged, listed, and read again by anyone."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from freezegun import freeze_time

from freshbridge import aws
from freshbridge.lake.current_view import CurrentView
from freshbridge.lake.encoding import rows_of
from freshbridge.lake.files import STAGED_TAG, LakeFiles, WrittenSince
from freshbridge.lake.lake import Chunk, Lake
from freshbridge.lake.rows import Row, State
from freshbridge.lake.staged_rows import StagedFile, StagedFileUnusable
from freshbridge.lake.staging import Piece, Place, segment_of
from freshbridge.sync.objects import OBJECTS
from tests.integration.conftest import Stack

TICKETS = OBJECTS["tickets"]
INSTANCE = "inst-1"
SEEN = "2026-11-22T10:00:00.000000Z"
CHUNK = Chunk(INSTANCE, "tickets", "run-1", "2026-11-22", "live", "000000")


def ticket(number: int, **fields: Any) -> dict[str, Any]:
    return {"id": number, "subject": "Ü", "updated_at": "2026-11-21T10:00:00Z", **fields}


def rows(*records: dict[str, Any], state: State = State.LIVE) -> list[Row]:
    return rows_of(TICKETS, records, seen_at=SEEN, state=state).rows


def lines(stack: Stack, key: str) -> list[dict[str, Any]]:
    """A file's lines as a stranger reads them."""
    body = aws.s3().get_object(Bucket=stack.names["LakeBucket"], Key=key)["Body"].read()
    return [json.loads(line) for line in gzip.decompress(body).splitlines()]


def lake(stack: Stack) -> Lake:
    return Lake(stack.names["LakeBucket"])


def test_a_chunk_of_history_written_again_replaces_itself_and_expires_by_its_tag(
    stack: Stack,
) -> None:
    lake(stack).write(CHUNK, rows(ticket(1)))
    lake(stack).write(CHUNK, rows(ticket(1), ticket(1, subject="again")))

    (key,) = stack.objects("LakeBucket")
    assert key == "inst-1/tickets/history/date=2026-11-22/run=run-1/live-000000.jsonl.gz"
    found = lines(stack, key)
    assert [one["subject"] for one in found] == ["Ü", "again"]
    assert found[0] == ticket(1) | {
        "_id": "1",
        "_updated_at": "2026-11-21T10:00:00Z",
        "_seen_at": SEEN,
        "_state": "live",
        "_parent": "",
        "_run_id": "run-1",
        "_instance": INSTANCE,
    }
    tags = aws.s3().get_object_tagging(Bucket=stack.names["LakeBucket"], Key=key)["TagSet"]
    assert tags == [{"Key": "lake", "Value": "history"}]


def test_the_current_view_keeps_live_records_and_tombstones_apart_and_never_expires(
    stack: Stack,
) -> None:
    merged = lake(stack).merge(
        INSTANCE, TICKETS, rows(ticket(1), ticket(2), ticket(1500)), run_id="run-1"
    )
    lake(stack).merge(
        INSTANCE,
        TICKETS,
        rows(ticket(2, updated_at="2026-11-22T09:00:00Z"), state=State.DELETED),
        run_id="run-2",
    )

    assert (len(merged.changes), merged.buckets) == (3, 2)
    folder = "inst-1/tickets/"
    assert {key: [(x["id"], x["_state"]) for x in lines(stack, key)] for key in stack.objects(
        "LakeBucket"
    )} == {
        f"{folder}current/000000000.jsonl.gz": [(1, "live")],
        f"{folder}current/000000001.jsonl.gz": [(1500, "live")],
        f"{folder}removed/000000000.jsonl.gz": [(2, "deleted")],
    }  # fmt: skip
    for key in stack.objects("LakeBucket"):
        tags = aws.s3().get_object_tagging(Bucket=stack.names["LakeBucket"], Key=key)["TagSet"]
        assert tags == []
    assert lake(stack).counts(INSTANCE, TICKETS) == {"live": 2, "removed": 1}
    assert [one.id for one in lake(stack).rows(INSTANCE, TICKETS)] == ["1", "1500"]
    (gone,) = lake(stack).rows(INSTANCE, TICKETS, removed=True)
    assert (gone.id, gone.run_id, gone.record["subject"]) == ("2", "run-2", "Ü")


def test_counts_are_noted_and_told_by_whoever_may_only_read(stack: Stack) -> None:
    lake(stack).merge(INSTANCE, TICKETS, rows(ticket(1)), run_id="run-1")
    first = lake(stack).counts(INSTANCE, TICKETS)
    noted = stack.objects("LakeBucket")

    assert lake(stack).counts(INSTANCE, TICKETS) == first == {"live": 1, "removed": 0}
    assert f"{INSTANCE}/tickets/counts.json" in noted
    assert len(list(lake(stack).rows(INSTANCE, TICKETS))) == 1


def test_the_files_of_a_view_can_be_read_from_any_of_them_on(stack: Stack) -> None:
    lake(stack).merge(
        INSTANCE, TICKETS, rows(*(ticket(number * 1000) for number in range(5))), run_id="run-1"
    )
    view = CurrentView(stack.names["LakeBucket"])

    files = view.files(INSTANCE, "tickets")
    assert [row.id for file in files for row in view.rows(file)] == [
        "0", "1000", "2000", "3000", "4000",
    ]  # fmt: skip
    assert view.files(INSTANCE, "tickets", after=files[2]) == files[3:]
    assert view.files(INSTANCE, "tickets", removed=True) == []
    assert [row.id for row in view.all_rows(INSTANCE, "tickets")] == [
        "0", "1000", "2000", "3000", "4000",
    ]  # fmt: skip


def test_a_foreign_file_beside_the_buckets_is_left_alone(stack: Stack) -> None:
    aws.s3().put_object(
        Bucket=stack.names["LakeBucket"], Key=f"{INSTANCE}/tickets/current/notes.txt", Body=b"x"
    )

    assert list(lake(stack).rows(INSTANCE, TICKETS)) == []
    assert lake(stack).counts(INSTANCE, TICKETS) == {"live": 0, "removed": 0}


def test_manifests_are_kept_and_listed_from_the_last_one_on(stack: Stack) -> None:
    with freeze_time(datetime(2026, 11, 22, tzinfo=UTC)) as clock:
        for run_id in ("run-b", "run-a"):
            key = lake(stack).write_manifest(
                INSTANCE, "tickets", run_id, {"rows": 3, "note": "Ü\ud800"}
            )
            clock.tick(60)

        assert key == "inst-1/tickets/runs/run-a.json"
        assert lake(stack).run_ids(INSTANCE, "tickets") == ["run-a", "run-b"]
        assert lake(stack).run_ids(INSTANCE, "contacts") == []
        assert lake(stack).read_manifest(INSTANCE, "tickets", "run-a") == {"rows": 3, "note": "Ü?"}
        assert lake(stack).read_manifest(INSTANCE, "tickets", "run-x") is None
        tags = aws.s3().get_object_tagging(Bucket=stack.names["LakeBucket"], Key=key)["TagSet"]
        assert tags == [{"Key": "lake", "Value": "history"}]


# --- conditions ----------------------------------------------------------------------------------


def test_a_file_is_written_only_over_the_one_that_was_read(stack: Stack) -> None:
    files = LakeFiles(stack.names["LakeBucket"])
    assert files.read("k").etag == ""
    assert files.look("k") == ("", {})

    etag = files.replace("k", b"1", "", 1)
    with pytest.raises(WrittenSince):
        files.replace("k", b"2", "", 1)
    second = files.replace("k", b"3", etag, 7)
    with pytest.raises(WrittenSince):
        files.replace("k", b"4", etag, 1)

    assert files.read("k").data == b"3"
    assert files.look("k") == (second, {"rows": "7"})
    with pytest.raises(WrittenSince):
        files.replace("never there", b"5", etag, 1)


@pytest.mark.parametrize(
    ("call", "operation"),
    [
        (lambda files: files.read("k"), "get_object"),
        (lambda files: files.look("k"), "head_object"),
        (lambda files: files.replace("k", b"", "", 0), "put_object"),
        (lambda files: files.note("k", b""), "put_object"),
        (lambda files: files.add("k", b"", STAGED_TAG), "put_object"),
        (lambda files: files.read_range("k", 0, 1), "get_object"),
    ],
)
def test_what_s3_refuses_otherwise_is_its_own_error(
    stack: Stack, call: Any, operation: str
) -> None:
    client = aws.s3()
    with Stubber(client) as stub:
        stub.add_client_error(operation, "SlowDown", http_status_code=503)
        with pytest.raises(ClientError):
            call(LakeFiles(stack.names["LakeBucket"], client))


def test_counting_needs_no_permission_to_write(stack: Stack) -> None:
    client = aws.s3()
    with Stubber(client) as stub:
        stub.add_client_error("put_object", "AccessDenied", http_status_code=403)

        LakeFiles(stack.names["LakeBucket"], client).note("k", b"{}")

        stub.assert_no_pending_responses()


# --- rows that wait ------------------------------------------------------------------------------


def test_a_file_is_added_once_with_its_tag_and_read_in_parts(stack: Stack) -> None:
    files = LakeFiles(stack.names["LakeBucket"])

    assert files.add("k", b"0123456789", STAGED_TAG)
    assert not files.add("k", b"other", STAGED_TAG)

    tags = aws.s3().get_object_tagging(Bucket=stack.names["LakeBucket"], Key="k")["TagSet"]
    assert tags == [{"Key": "lake", "Value": "staged"}]
    assert files.read_range("k", 2, 3) == b"234"
    assert files.read_range("k", 8, 5) == b"89"
    assert files.read_range("k", 50, 5) == b""
    assert files.read_range("other", 0, 5) is None


def test_rows_that_wait_are_read_from_s3_as_they_were_written(stack: Stack) -> None:
    staged = lake(stack).staged(INSTANCE, TICKETS, "run-1")
    kept = rows(ticket(1), ticket(1500, subject="Ü"))

    assert staged.write(("live", 0), kept) == 1
    assert staged.write(("live", 0), kept) == 2

    assert stack.objects("LakeBucket") == [
        f"{INSTANCE}/tickets/staged/run=run-1/live-00000{number}" for number in (0, 1)
    ]
    files: list[StagedFile] = [("live", 0), ("live", 1)]
    second = segment_of("000000001")
    found = staged.rows(files, staged.indexes(files), Piece(Place(second), second + 1, 2, None))
    assert [(one.id, one.record["subject"], one.run_id) for one in found] == [
        ("1500", "Ü", "run-1")
    ] * 2
    with pytest.raises(StagedFileUnusable, match="live-000002: it is not there"):
        staged.indexes([*files, ("live", 2)])
