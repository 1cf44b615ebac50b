"""A ticket shows what a job was to set, or it does not."""

from __future__ import annotations

from typing import Any

import pytest

from freshbridge.bulk.proof import JobState, shows

TICKET = {
    "id": 7, "status": 4, "group_id": None, "tags": ["a", "b"], "due_by": "2026-03-06T21:00:00Z",
    "custom_fields": {"cf_region": "EMEA", "cf_vip": None},
}  # fmt: skip


@pytest.mark.parametrize(
    ("properties", "seen"),
    [
        ({"status": 4}, True),
        ({"status": 5}, False),
        ({"status": 4, "group_id": None}, True),
        ({"product_id": None}, False),
        ({"tags": ["b", "a", "a"]}, True),
        ({"tags": ["a"]}, False),
        ({"tags": None}, False),
        ({"custom_fields": {"cf_region": "EMEA"}}, True),
        ({"custom_fields": {"cf_vip": None}}, True),
        ({"custom_fields": {"cf_none": None}}, False),
        ({"due_by": "2026-03-06T22:00:00+01:00"}, True),
        ({"due_by": "2026-03-06T22:00:00Z"}, False),
        ({"fr_due_by": "2026-03-06T22:00:00Z"}, False),
        ({"status": 4, "skip_close_notification": True, "from_email": "x@acme.example"}, True),
    ],
)
def test_only_what_is_seen_is_proven(properties: dict[str, Any], seen: bool) -> None:
    assert shows(TICKET, properties) is seen


def test_a_list_without_tags_proves_none() -> None:
    assert not shows({"id": 7}, {"tags": []})
    assert not shows({"id": 7}, {"custom_fields": {}})


def test_the_state_of_a_job_survives_being_kept() -> None:
    state = JobState(first=101, last=200, job_id="e4d18654f60b", since=1_772_539_360.5, looks=3)

    assert JobState.read(state.text()) == state
    assert JobState.read("") == JobState(first=1)
