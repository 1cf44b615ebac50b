"""Whom the end of a bulk download is told, and how that travels."""

from __future__ import annotations

from typing import Any

import pytest

from freshbridge.dead_letters.subject import Queue, letter_id, letter_id_of
from freshbridge.exports.folder import ExportFolder
from freshbridge.exports.job import DOWNLOAD, Job
from freshbridge.exports.job_store import JobStore, UnknownJob
from freshbridge.exports.state import ExportState, Phase
from freshbridge.exports.telling import JobTelling
from freshbridge.exports.wanted import Format
from freshbridge.notifications.messages import DirectMessage, read_message
from freshbridge.queues.envelope import UnreadableMessage, to_text
from tests import builders
from tests.fakes.export_desk import MemoryBucket

URL = "https://jobs.example/done"
OF_JOB = {"type": DOWNLOAD, "job_id": "12"}


class Told:
    """Implements `freshbridge.exports.telling.Queue`; remembers."""

    def __init__(self) -> None:
        self.messages: list[DirectMessage] = []

    def publish(self, envelope: DirectMessage, _name: str, _delay_s: int = 0) -> None:
        """Keep it, as it would arrive."""
        found = read_message(to_text(envelope))
        assert isinstance(found, DirectMessage)
        self.messages.append(found)


def telling(folder: ExportFolder, told: Told) -> JobTelling:
    no_uploads: Any = None
    return JobTelling(folder, JobStore(folder), no_uploads, told)


@pytest.fixture
def folder() -> ExportFolder:
    made = ExportFolder("files", MemoryBucket())  # type: ignore[arg-type]  # as far as it is used
    job = Job(
        "12", builders.INSTANCE_ID, "act_0001", "tickets", "incidents", (Format.CSV,), {}, 1.0,
        callback_url=URL,
    )  # fmt: skip
    JobStore(made).put(job)
    made.save(builders.INSTANCE_ID, "act_0001", ExportState(Phase.DONE, "", rows=3))
    return made


def test_the_end_is_told_as_the_status_is(folder: ExportFolder) -> None:
    told = Told()
    telling(folder, told).succeeded(builders.action_request(origin=OF_JOB))
    (message,) = told.messages
    assert (message.url, message.event_id, message.object_type) == (URL, "bulk-12", "bulk")
    assert (message.body["id"], message.body["status"], message.body["recordsCount"]) == (
        "12", "COMPLETED", 3,
    )  # fmt: skip
    assert message.correlation_id == message.event_id
    assert message.group == builders.INSTANCE_ID
    named = letter_id_of(Queue.CALLBACKS, "bulk-12")
    assert letter_id(Queue.CALLBACKS, to_text(message), "m") == named


@pytest.mark.parametrize(
    "origin",
    [{"type": "api"}, {}, {"type": DOWNLOAD}, {"type": DOWNLOAD, "job_id": "../12"},
     {"type": DOWNLOAD, "job_id": "13"}],
)  # fmt: skip
def test_of_anything_else_nothing_is_told(folder: ExportFolder, origin: dict[str, Any]) -> None:
    told = Told()
    telling(folder, told).failed(builders.action_request(origin=origin), "defect", "it broke")
    assert told.messages == []


def test_without_a_url_nobody_is_told(folder: ExportFolder) -> None:
    jobs, told = JobStore(folder), Told()
    jobs.put(Job("12", builders.INSTANCE_ID, "act_0001", "tickets", "t", (Format.CSV,), {}, 1.0))
    telling(folder, told).succeeded(builders.action_request(origin=OF_JOB))
    assert told.messages == []


def test_a_job_of_another_instance_is_unknown(folder: ExportFolder) -> None:
    with pytest.raises(UnknownJob, match="no bulk job 12"):
        JobStore(folder).get("193000002", "12")


@pytest.mark.parametrize(
    "text",
    ['{"kind":"direct"}', '{"kind":"direct","instance_id":"1","event_id":"e","object_type":"bulk",'
     '"url":5,"body":{}}', '{"kind":"direct","instance_id":"1","event_id":"e",'
     '"object_type":"bulk","url":"u","body":[]}', '{"kind":"other"}'],
)  # fmt: skip
def test_a_message_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UnreadableMessage):
        read_message(text)
