"""A bulk upsert's body, and what a job's reply says of its rows."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge.errors import InvalidRequest
from freshbridge.freshsales.bulk import (
    LONGEST_POLL_S,
    MOST_ITEMS,
    FailedRow,
    Job,
    JobState,
    bulk_body,
    identifier_of,
    job_id_in,
    next_poll_s,
    read_job,
    unique,
)


def item(email: str = "ana@acme.example", **more: Any) -> dict[str, Any]:
    return {"emails": email, "data": {}, **more}


def refused(items: list[dict[str, Any]]) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as raised:
        bulk_body("contacts", items)
    return {error.field: error.message for error in raised.value.fields}


def test_a_hundred_go_at_once() -> None:
    items = [item(f"a{number}@acme.example") for number in range(MOST_ITEMS)]

    assert bulk_body("contacts", items) == {"contacts": items}
    assert "contacts" in refused([*items, item()])
    assert "contacts" in refused([])


def test_each_needs_an_identifier_of_its_own() -> None:
    found = refused([item(), item("ANA@acme.example "), {"data": {}}, {"id": 7}, {"id": None}])

    assert list(found) == [f"contacts.{index}" for index in (1, 2, 3, 4)]
    assert "another's" in found["contacts.1"]
    assert "emails" in found["contacts.2"]
    assert "ana" not in str(found)


KEYS = st.sampled_from(["a@x.example", "A@x.example", "b@x.example", ""])


@given(st.lists(st.builds(lambda key, n: {"emails": key, "data": {"n": n}}, KEYS, st.integers())))
def test_of_equal_ones_the_last_is_kept(items: list[dict[str, Any]]) -> None:
    kept = unique(items)

    named = [identifier_of(one) for one in kept]
    assert len({name for name in named if name}) == len([name for name in named if name])
    assert {name for name in named if name} == {identifier_of(one) for one in items} - {None}
    for one in kept:
        if identifier_of(one) is not None:
            alike = [other for other in items if identifier_of(other) == identifier_of(one)]
            assert one is alike[-1]
    # What has no identifier is not lost: it is refused by name.
    assert [one for one in kept if identifier_of(one) is None] == [
        one for one in items if identifier_of(one) is None
    ]


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://acme.myfreshworks.com/crm/sales/api/job_statuses/70000987654", 70000987654),
        ("http://127.0.0.1:1/crm/sales/api/job_statuses/5.json?x=1", 5),
        ("/job_statuses/5/", 5),
        ("/job_statuses/", None),
        ("/job_statuses/../contacts/5", None),
        (5, None),
        (None, None),
    ],
)
def test_the_job_s_id_is_cut_out_of_its_address(url: Any, found: int | None) -> None:
    assert job_id_in({"job_status_url": url}) == found


def report(succeeded: int, *failures: Any) -> str:
    counts = {"succeeded": succeeded, "failed": len(failures)}
    return json.dumps({"record_status": counts, "detailed_failure_report": list(failures)})


def test_a_success_may_have_rows_that_failed() -> None:
    body: dict[str, Any] = {
        "status": "SUCCESS",
        "progress": 100,
        "data": report(
            98,
            {"emails": "bad@@example", "errors": ["Email is invalid", "City too long"]},
            {"id": "7", "message": "zoe@acme.example is taken"},
            {"name": "Acme"},
        ),
    }

    job = read_job(body)

    assert job == Job(
        JobState.DONE,
        "SUCCESS",
        100,
        98,
        3,
        (
            FailedRow("bad@@example", "Email is invalid; City too long"),
            FailedRow("7", "[e-mail] is taken"),
            FailedRow("Acme", "refused without a reason"),
        ),
    )
    assert read_job({"job_status": body}) == job
    assert read_job({**body, "data": json.loads(body["data"])}) == job


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("IN_PROGRESS", JobState.RUNNING),
        ("QUEUED", JobState.RUNNING),
        ("SUCCESS", JobState.DONE),
        ("COMPLETED", JobState.DONE),
        ("FAILED", JobState.FAILED),
        ("COMPLETED_WITH_ERRORS", JobState.FAILED),
        ("Aborted", JobState.FAILED),
    ],
)
def test_a_status_that_is_not_known_is_of_a_job_that_runs(status: str, state: JobState) -> None:
    job = read_job({"status": status, "data": ""})

    assert job is not None
    assert (job.state, job.succeeded, job.failed, job.failures) == (state, None, None, ())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON, JSON, JSON)
def test_whatever_comes_is_read_or_is_no_job(body: Any, data: Any, row: Any) -> None:
    assert read_job(body) is None or isinstance(body, dict)
    for told in (data, json.dumps(data), report(1, row), {"detailed_failure_report": row}):
        job = read_job({"status": "SUCCESS", "data": told})
        assert job is not None
        assert job.state is JobState.DONE


def test_looks_at_a_job_become_rarer() -> None:
    waits = [next_poll_s(polls) for polls in range(50)]

    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (1.0, LONGEST_POLL_S)
