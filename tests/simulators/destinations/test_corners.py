"""What the account, its index and its jobs make difficult, against a simulated one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from freshbridge.bulk.progress import Phase
from freshbridge.destinations import chunks
from freshbridge.http_message import ProviderRequest
from tests.simulators.destinations.run_world import MAPPING, RunWorld, people

CREATE = r"POST /contacts$"


def into_contacts(world: RunWorld, template: str = "bulk_upsert", **settings: Any) -> str:
    return world.destination(
        template=template, resource_type="contacts", **{"mapping": MAPPING, **settings}
    )


def count(world: RunWorld, prefix: str) -> int:
    return sum(str(one["last_name"]).startswith(prefix) for one in world.crm.records("contacts"))


def test_a_job_is_looked_at_until_it_is_over(world: RunWorld) -> None:
    world.crm.settle(job_polls=3, job_delay_s=20)
    progress = world.run(into_contacts(world), people(9, "slow"))

    assert progress.outcomes == {"created": 9}
    looks = sum("/job_statuses/" in call for call in world.calls)
    assert 4 <= looks <= 10


def test_a_job_that_never_ends_is_not_waited_for(
    world: RunWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "PATIENCE_S", 120)
    world.crm.settle(job_polls=10_000)
    progress = world.run(into_contacts(world), people(8, "never"))

    assert progress.phase is Phase.FINISHED
    assert count(world, "Never") == 8


def test_a_job_that_is_gone_and_one_that_names_no_failures_are_checked_singly(
    world: RunWorld,
) -> None:
    jobs = world.crm.account.table("job_statuses")

    def forget(request: ProviderRequest) -> None:
        if "/job_statuses/" in request.path:
            jobs.clear()

    def unnamed(request: ProviderRequest) -> None:
        if "/job_statuses/" in request.path:
            for job in jobs.values():
                told = {"record_status": {"succeeded": 7, "failed": 1}}
                job.update(ran=True, polls=99, report=json.dumps(told))

    for prefix, hook in (("gone", forget), ("mute", unnamed)):
        world.before = hook  # type: ignore[method-assign]  # as the base does for killing
        progress = world.run(into_contacts(world), people(8, prefix))
        # The job has made them, though nobody was told.
        assert progress.outcomes == {"created": 8}
        assert count(world, prefix.title()) == 8


def test_a_chunk_that_is_refused_whole_goes_singly(world: RunWorld) -> None:
    world.crm.settle(bulk_size=3)
    progress = world.run(into_contacts(world), people(7, "many"))

    assert progress.outcomes == {"created": 7}


@pytest.mark.parametrize("match_key", ["emails", "external_id"])
def test_an_account_that_cannot_be_searched_is_served_all_the_same(
    world: RunWorld, match_key: str
) -> None:
    world.fault("POST /filtered_search/contact", "status", status=400, count=50)
    into = into_contacts(world, match_key=match_key, mapping={**MAPPING, "external_id": "Ext"})
    records = [{**one, "Ext": f"x{n}"} for n, one in enumerate(people(7, "blind"))]

    progress = world.run(into, records)

    assert set(progress.outcomes) <= {"created", "upserted"}
    assert sum(progress.outcomes.values()) == count(world, "Blind") == 7


def test_names_of_records_are_looked_up_within_chunks(world: RunWorld) -> None:
    firm = world.crm.client.sales_accounts.create({"name": "Ruiz Labs"})
    mapping = {**MAPPING, "sales_accounts": {"from": "Firm", "lookup": "account"}}
    records = [{**one, "Firm": "Ruiz Labs"} for one in people(8, "firm")]
    records[2]["Firm"] = "Nowhere"

    progress = world.run(into_contacts(world, mapping=mapping), records)

    assert progress.outcomes == {"created": 7, "invalid": 1}
    (made,) = [one for one in world.crm.records("contacts") if one["last_name"] == "Firm 1"]
    assert [one["id"] for one in made["sales_accounts"]] == [firm["id"]]
    assert sum("/lookup" in call for call in world.calls) <= 3


def test_several_records_of_one_name_are_no_match(world: RunWorld) -> None:
    for _ in range(2):
        world.crm.client.deals.create({"name": "Seats", "amount": 1})
    mapping = {"name": "name", "amount": "amount", "city": {"from": "x"}}
    for template in ("upsert", "bulk_upsert"):
        into = world.destination(
            template=template, resource_type="deals", match_key="name", mapping=mapping
        )
        records = [{"name": "Seats", "amount": 2}, *({"name": f"D {n}", "amount": n}
                                                     for n in range(6))]  # fmt: skip
        progress = world.run(into, records)
        assert progress.invalid == 1
        assert "2 records have this name" in world.rows(progress)[0].message
    lookup = {"from": "deal", "lookup": {"kind": "deal", "missing": "reject"}}
    notes = world.destination(
        resource_type="notes",
        mapping={"description": "text", "targetable_type": {"value": "Deal"},
                 "targetable_id": lookup},
    )  # fmt: skip
    told = world.run(notes, [{"text": "a", "deal": "Seats"}, {"text": "b", "deal": "D 1"}])
    assert told.outcomes == {"created": 1, "invalid": 1}


def test_records_by_their_id(world: RunWorld) -> None:
    held = world.crm.client.contacts.create({"last_name": "Held", "emails": "h@fair.example"})
    for template in ("upsert", "update", "bulk_upsert"):
        into = into_contacts(world, template, match_key="id", mapping={})
        records = [{"id": held["id"], "city": template}, {"id": 1, "city": "x"}]
        assert world.run(into, records).outcomes == {"updated": 1, "rejected": 1}
    same = into_contacts(world, "update", match_key="id", mapping={}, compare=False)
    again = [{"id": held["id"], "city": "bulk_upsert"}]
    assert world.run(same, again).outcomes == {"updated": 1}


@pytest.mark.parametrize(
    ("on_duplicate", "expected"),
    [("skip", "unchanged"), ("update", "updated"), ("fail", "rejected")],
)
def test_what_exists_already_is_dealt_with_as_asked(
    world: RunWorld, on_duplicate: str, expected: str
) -> None:
    world.crm.client.contacts.create({"last_name": "Held", "emails": "dup1@fair.example"})
    into = into_contacts(world, "create_resource", on_duplicate=on_duplicate)

    assert world.run(into, people(1, "dup")).outcomes == {expected: 1}


def test_a_record_that_the_index_does_not_show_yet_is_updated(world: RunWorld) -> None:
    world.crm.client.contacts.create({"last_name": "Held", "emails": "lag1@fair.example"})
    world.wait(600)
    world.crm.settle(search_index_lag_s=5_000)
    world.crm.client.contacts.create({"last_name": "Held", "emails": "lag2@fair.example"})

    progress = world.run(into_contacts(world, "upsert"), people(2, "lag"))

    assert sum(progress.outcomes.values()) == progress.succeeded == 2
    assert count(world, "Lag") == 2
    assert count(world, "Held") == 0


@pytest.mark.parametrize("kind", ["commit_then_drop", "commit_then_500"])
def test_updates_and_deletions_whose_answers_got_lost_are_told_as_done(
    world: RunWorld, kind: str
) -> None:
    made = [
        world.crm.client.contacts.create({"last_name": "Old", "emails": f"o{n}@fair.example"})
        for n in (1, 2)
    ]
    world.wait(3600)
    world.fault(r"PUT /contacts/\d+$", kind)
    world.fault(r"DELETE /contacts/\d+$", kind)
    update = into_contacts(world, "update", match_key="emails", mapping={})
    delete = into_contacts(world, "delete", match_key="emails", mapping={})

    assert world.run(update, [{"emails": "o1@fair.example", "city": "Oslo"}]).outcomes == {
        "updated": 1
    }
    assert world.run(delete, [{"emails": "o2@fair.example"}]).outcomes == {"deleted": 1}
    assert [one["id"] for one in world.crm.records("contacts")].count(made[1]["id"]) == 0


def test_deleting_for_good(world: RunWorld) -> None:
    held = world.crm.client.contacts.create({"last_name": "Held", "emails": "h@fair.example"})
    into = into_contacts(world, "delete", match_key="id", mapping={}, permanently=True)
    assert world.run(into, [{"id": held["id"]}]).outcomes == {"deleted": 1}
    assert held["id"] not in world.crm.account.table("contacts")


def test_one_that_fails_stops_the_others_where_asked(world: RunWorld) -> None:
    world.crm.client.contacts.create({"last_name": "Held", "emails": "stop1@fair.example"})
    into = into_contacts(world, "create_resource", on_error="stop")

    progress = world.run(into, people(40, "stop"))

    assert progress.rejected == 1
    assert progress.cancelled > 0
    assert count(world, "Stop") == progress.created < 39


def by_hand(world: RunWorld, **more: Any) -> str:
    return world.destination(
        template="manual",
        url="https://{domain}/api/contacts/bulk_upsert",
        body={"emails": "{mail}", "data": {"last_name": "{name}"}},
        batch={"mode": True, "size": 3, "wrapper": "contacts"},
        **more,
    )


PEOPLE = [{"mail": f"b{n}@fair.example", "name": f"Box {n}"} for n in range(5)]
BULK = r"POST /contacts/bulk_upsert$"


@pytest.mark.parametrize(
    ("kind", "repeat", "expected"),
    [
        ("commit_then_drop", False, {"delivered": 2, "rejected": 3}),
        ("commit_then_drop", True, {"delivered": 5}),
        ("throttle", False, {"delivered": 5}),
        ("drop_before", True, {"delivered": 5}),
    ],
)
def test_a_request_of_several_records_that_goes_wrong(
    world: RunWorld, kind: str, repeat: bool, expected: dict[str, int]
) -> None:
    world.fault(BULK, kind)

    progress = world.run(by_hand(world, repeat=repeat), PEOPLE)

    assert progress.outcomes == expected
    world.wait(60)
    assert count(world, "Box") == 5


def test_a_request_of_several_records_that_is_refused(world: RunWorld) -> None:
    world.crm.settle(bulk_size=2)

    progress = world.run(by_hand(world, track_responses=True), [*PEOPLE, {"name": "No mail"}])

    assert progress.outcomes == {"rejected": 6}
    kept = [key for key in world.stack.objects("PayloadBucket") if progress.action_id in key]
    assert sum("/responses/" in key for key in kept) >= 1


def test_the_report_of_a_job_is_tracked(world: RunWorld) -> None:
    progress = world.run(into_contacts(world, track_responses=True), people(7, "track"))

    kept = [key for key in world.stack.objects("PayloadBucket") if progress.action_id in key]
    assert sum("/responses/" in key and "/job-" in key for key in kept) == 1
