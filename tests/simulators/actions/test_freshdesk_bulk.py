"""Bulk actions against the simulator, whose jobs pass in silence over what they cannot change."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from moto import mock_aws

from freshbridge import aws
from freshbridge.actions.action import Outcome
from freshbridge.queues.envelope import ActionRequest
from local.freshdesk.account import Actor
from local.freshdesk.ticket_writes import set_spam
from tests.fakes.bulk import BulkStack
from tests.simulators.actions.conftest import Desk


@pytest.fixture(scope="module", autouse=True)
def _clients() -> Iterator[None]:
    """AWS clients of this module's own: those of other tests know no moto."""
    aws.forget_clients()
    yield
    aws.forget_clients()


class BulkDesk:
    """Runs bulk actions over HTTP, their queue worked off between two looks at the job."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.stack = BulkStack()

    def run(self, request: ActionRequest) -> Outcome:
        """One run of the action itself or of a row."""
        return self.desk.run(
            request.action,
            request.parameters,
            request=request,
            bulk=self.stack.bulk,
            now=datetime.now(UTC),
        )

    def finish(self, name: str, /, **parameters: Any) -> Outcome:
        """Run it until it is done."""
        return self.stack.finish(self.run, self.stack.request(name, parameters))

    def tickets(self, count: int) -> list[int]:
        """New ones."""
        return [self.desk.ticket() for _ in range(count)]

    def held(self, ticket_id: int) -> dict[str, Any]:
        """A ticket as the simulator has it."""
        held: dict[str, Any] = self.desk.account.tickets[ticket_id]
        return held


@pytest.fixture
def bulk(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[BulkDesk]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        yield BulkDesk(desk)


def test_tickets_that_a_job_passes_over_become_visible(bulk: BulkDesk) -> None:
    # Given eight tickets, one of them in the trash, one spam, and one that never was
    ids = bulk.tickets(8)
    bulk.desk.client.delete_ticket(ids[1])
    set_spam(bulk.desk.account, bulk.held(ids[2]), True, actor=Actor("agent", 1))

    outcome = bulk.finish(
        "bulk_update_tickets",
        ticket_ids=[*ids, 99_999],
        properties={"priority": "urgent", "tags": ["moved"]},
    )

    # Then the three are failures with their reason, and the others are changed
    assert outcome.message == "3 of 9 rows failed, 6 succeeded"
    rows = bulk.stack.rows()
    assert rows[ids[1]][1:] == ("failed", "wrong_state")
    assert rows[ids[2]][1:] == ("failed", "wrong_state")
    assert rows[99_999][1:] == ("failed", "not_found")
    assert {bulk.held(one)["priority"] for one in (ids[0], *ids[3:])} == {4}
    assert bulk.held(ids[7])["tags"] == ["moved"]


def test_many_tickets_are_assigned(bulk: BulkDesk) -> None:
    ids = bulk.tickets(6)
    agent = next(iter(bulk.desk.account.agents))

    outcome = bulk.finish("bulk_assign", ticket_ids=ids, agent_id=agent)

    assert outcome.message == "All 6 rows succeeded"
    assert {bulk.held(one)["responder_id"] for one in ids} == {agent}


def test_many_tickets_are_deleted_those_in_the_trash_included(bulk: BulkDesk) -> None:
    ids = bulk.tickets(6)
    bulk.desk.client.delete_ticket(ids[0])

    outcome = bulk.finish("bulk_delete", ticket_ids=[*ids, 99_999])

    assert outcome.message == "1 of 7 rows failed, 6 succeeded"
    assert all(bulk.held(one)["deleted"] for one in ids)


def test_every_ticket_gets_the_reply_once(bulk: BulkDesk) -> None:
    ids = bulk.tickets(6)

    outcome = bulk.finish(
        "bulk_update_tickets",
        ticket_ids=ids,
        properties={"status": "Resolved"},
        reply={"body": "<p>Done</p>"},
    )

    assert outcome.data["rows"] == outcome.data["succeeded"] == 12
    for one in ids:
        (said,) = [e for page in bulk.desk.client.conversations(one) for e in page.records]
        assert said["body_text"].strip() == "Done"
        assert bulk.held(one)["status"] == 4


@pytest.mark.parametrize("kind", ["html_500", "throttle", "commit_then_500"])
@pytest.mark.parametrize(
    "match", ["POST /tickets/bulk_update", "GET /jobs/{id}", "GET /tickets$", "PUT /tickets/{id}"]
)
def test_a_fault_in_the_middle_changes_nothing_of_the_end(
    bulk: BulkDesk, kind: str, match: str
) -> None:
    ids = bulk.tickets(6)
    bulk.desk.client.delete_ticket(ids[0])
    fault = {"match": match, "kind": kind, "count": 2}
    requests.post(f"{bulk.desk.url}/__sim/faults", json=fault, timeout=30).raise_for_status()

    outcome = bulk.finish("bulk_update_tickets", ticket_ids=ids, properties={"priority": 3})

    assert outcome.message == "1 of 6 rows failed, 5 succeeded"
    assert {bulk.held(one)["priority"] for one in ids[1:]} == {3}


def test_a_batch_of_notes_from_a_csv_file(bulk: BulkDesk) -> None:
    first, second = bulk.tickets(2)
    text = f'ticket_id,body,private\r\n{first},"He said ""no"",\ntwice 🙂",no\r\n{second},Seen,\r\n'
    key = "uploads/193000001/notes.csv"
    aws.s3().put_object(Bucket="payloads", Key=key, Body=b"\xef\xbb\xbf" + text.encode())

    outcome = bulk.finish("batch", action="add_note", source={"key": key})

    assert outcome.message == "All 2 rows succeeded"
    (note,) = [e for page in bulk.desk.client.conversations(first) for e in page.records]
    assert (note["body"], note["private"]) == ('He said "no",\ntwice 🙂', False)


def test_csv_numbers_become_what_the_account_s_own_fields_want(bulk: BulkDesk) -> None:
    (ticket,) = bulk.tickets(1)
    text = f"ticket_id,custom_fields.cf_reference_number,tags\n{ticket},42,a; b\n"
    key = "uploads/193000001/fields.csv"
    aws.s3().put_object(Bucket="payloads", Key=key, Body=text.encode())

    outcome = bulk.finish("batch", action="update_ticket", source={"key": key})

    assert outcome.message == "The row succeeded"
    assert bulk.held(ticket)["custom_fields"]["cf_reference_number"] == 42
    assert bulk.held(ticket)["tags"] == ["a", "b"]
