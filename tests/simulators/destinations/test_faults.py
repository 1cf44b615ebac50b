"""Whatever goes wrong around a run, each record is there once in the end and none is lost."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from freshbridge.actions.freshsales.send_record import MOST_BUSY
from freshbridge.bulk.change import Which, cancel, resume
from freshbridge.bulk.progress import Phase, Progress
from freshbridge.http_message import ProviderRequest
from local.simulator.faults import fault_of
from tests.simulators.actions.once_world import Killed
from tests.simulators.destinations.run_world import MAPPING, RunWorld, people

BULK = r"POST /contacts/bulk_upsert$"
CREATE = r"POST /contacts$"
OWN_DUPLICATE = "commit_then_duplicate"


def of(world: RunWorld, prefix: str) -> Counter[str]:
    """How often each of these people is there."""
    found = (str(one["last_name"]) for one in world.crm.records("contacts"))
    return Counter(name for name in found if name.startswith(prefix))


def each_once(world: RunWorld, prefix: str, count: int) -> None:
    assert of(world, prefix) == {f"{prefix} {n}": 1 for n in range(1, count + 1)}


def into_contacts(world: RunWorld, template: str, **settings: Any) -> str:
    return world.destination(
        template=template, resource_type="contacts", mapping=MAPPING, **settings
    )


@pytest.mark.parametrize("kind", ["commit_then_drop", "commit_then_500", "throttle_as_400"])
def test_a_creation_whose_answer_got_lost_is_not_made_twice(world: RunWorld, kind: str) -> None:
    into = into_contacts(world, "create_resource")
    world.fault(CREATE, kind, count=3)

    progress = world.run(into, people(6, "lost"))

    each_once(world, "Lost", 6)
    assert progress.outcomes == {"created": 6}


def test_a_creation_that_is_answered_as_its_own_duplicate_is_a_creation(world: RunWorld) -> None:
    into = into_contacts(world, "create_resource")
    world.crm.simulator.state.faults.append(
        fault_of({"match": CREATE, "kind": OWN_DUPLICATE, "count": 2}, (OWN_DUPLICATE,))
    )

    progress = world.run(into, people(4, "self"))

    each_once(world, "Self", 4)
    assert progress.outcomes == {"created": 4}
    # Another run asks for the same: it has made nothing.
    again = world.run(into, people(4, "self"))
    assert again.outcomes == {"rejected": 4}


@pytest.mark.parametrize("template", ["create_resource", "upsert"])
def test_a_405_without_a_word_is_waited_out(world: RunWorld, template: str) -> None:
    into = into_contacts(world, template)
    world.fault(r"POST /contacts(/upsert)?$", "throttle_as_405", count=5)

    progress = world.run(into, people(3, "busy"))

    each_once(world, "Busy", 3)
    assert progress.outcomes == {"created": 3}


def test_a_405_that_stays_is_a_refusal_in_the_end(world: RunWorld) -> None:
    into = into_contacts(world, "create_resource")
    world.fault(CREATE, "throttle_as_405", count=MOST_BUSY)

    progress = world.run(into, people(1, "never"))

    (row,) = world.rows(progress)
    assert (row.outcome, row.code) == ("rejected", "wrong_state")
    sent = [call for call in world.calls if call.startswith("POST") and call.endswith("/contacts")]
    assert len(sent) == MOST_BUSY
    assert of(world, "Never") == {}


def test_deals_whose_names_are_not_unique_are_not_made_twice(world: RunWorld) -> None:
    into = world.destination(resource_type="deals")
    world.fault(r"POST /deals$", "commit_then_drop", count=2)

    progress = world.run(into, [{"name": f"Seats {n}", "amount": n} for n in range(1, 5)])

    names = Counter(one["name"] for one in world.crm.records("deals"))
    assert {name: names[name] for name in names if name.startswith("Seats")} == {
        f"Seats {n}": 1 for n in range(1, 5)
    }
    assert progress.outcomes == {"created": 4}


@pytest.mark.parametrize(
    "kind", ["commit_then_drop", "commit_then_500", "drop_before", "throttle", "throttle_as_400",
             "throttle_as_405"]
)  # fmt: skip
@pytest.mark.parametrize("compare", [True, False])
def test_a_bulk_upsert_whose_answer_got_lost_is_not_done_twice(
    world: RunWorld, kind: str, compare: bool
) -> None:
    into = into_contacts(world, "bulk_upsert", compare=compare)
    world.fault(BULK, kind)

    progress = world.run(into, people(12, "mass"))

    each_once(world, "Mass", 12)
    assert progress.phase is Phase.FINISHED
    assert sum(progress.outcomes.values()) == 12
    assert set(progress.outcomes) <= {"created", "upserted"}


@pytest.mark.parametrize("kind", ["commit_then_drop", "throttle_as_400"])
def test_other_chunks_go_on_while_one_has_no_answer(world: RunWorld, kind: str) -> None:
    into = into_contacts(world, "bulk_upsert", compare=False)
    world.fault(BULK, kind, count=1)

    progress = world.run(into, people(350, "beside"))

    sent = [call for call in world.calls if "bulk_upsert" in call or "filtered_search" in call]
    assert ["filtered_search" in call for call in sent[:5]] == [False] * 4 + [True]
    each_once(world, "Beside", 350)
    assert sum(progress.outcomes.values()) == 350


def test_one_bulk_upsert_that_met_another_does_not_keep_jobs_from_being_looked_at(
    world: RunWorld,
) -> None:
    into = into_contacts(world, "bulk_upsert", compare=False)
    world.run(into, people(6, "warm"))
    met = [0]

    def meets(sent: ProviderRequest) -> None:
        if "bulk_upsert" in sent.path:
            met[0] += 1
            if met[0] == 2:
                world.fault(BULK, "throttle_as_405", count=1)

    setattr(world, "before", meets)  # noqa: B010 - a method of the base
    before = len(world.calls)

    world.run(into, people(250, "meet"))

    bulk_or_look = ["bulk_upsert" in call for call in world.calls[before:] if "fields" not in call]
    # Sent, refused, and looked at the first one's job before the next is tried.
    assert bulk_or_look[:3] == [True, True, False]
    each_once(world, "Meet", 250)


def test_a_provider_that_fails_again_and_again_is_left_alone_for_a_while(world: RunWorld) -> None:
    into = into_contacts(world, "bulk_upsert", compare=False)
    world.fault(r"GET /job_statuses", "throttle_as_400", count=9)

    progress = world.run(into, people(12, "again"))

    each_once(world, "Again", 12)
    assert progress.phase is Phase.FINISHED


def test_a_job_that_the_provider_gives_up_is_done_singly(world: RunWorld) -> None:
    into = into_contacts(world, "bulk_upsert")
    world.crm.settle(job_ends="FAILED")

    progress = world.run(into, people(7, "gone"))

    each_once(world, "Gone", 7)
    assert progress.outcomes == {"created": 7}


@pytest.mark.parametrize(
    ("template", "settings"),
    [
        ("create_resource", {}),
        ("upsert", {}),
        ("bulk_upsert", {}),
        ("bulk_upsert", {"compare": False}),
    ],
)
@pytest.mark.parametrize("after_the_call", [True, False])
def test_functions_that_die_in_the_middle_lose_and_double_nothing(
    world: RunWorld, template: str, settings: dict[str, Any], after_the_call: bool
) -> None:
    into = into_contacts(world, template, **settings)
    world.mortal = True
    left = [3]

    def die(sent: ProviderRequest) -> None:
        if sent.method == "POST" and "search" not in sent.path and left[0]:
            left[0] -= 1
            raise Killed

    setattr(world, "after_reply" if after_the_call else "before", die)

    progress = world.run(into, people(8, "dead"))

    each_once(world, "Dead", 8)
    assert left[0] < 3
    assert sum(progress.outcomes.values()) == 8


def test_a_manual_request_whose_answer_got_lost_is_not_sent_again_unasked(world: RunWorld) -> None:
    manual = {
        "template": "manual",
        "url": "https://{domain}/api/contacts",
        "body": {"contact": {"last_name": "{name}"}},
    }
    world.fault(CREATE, "commit_then_drop", count=1)
    into = world.destination(**manual)

    progress = world.run(into, [{"name": "Hand 1"}])

    assert of(world, "Hand") == {"Hand 1": 1}
    (row,) = world.rows(progress)
    assert (row.outcome, row.code) == ("rejected", "outcome_unknown")


@pytest.mark.parametrize("template", ["create_resource", "bulk_upsert"])
def test_a_run_that_is_cancelled_goes_on_when_it_is_resumed(world: RunWorld, template: str) -> None:
    into = into_contacts(world, template)
    run_id = world.begin(into, people(15, "rest"))
    world.turn()
    cancel(world.bulk, run_id, world.now().timestamp())
    world.drain()
    stopped: Progress = world.store.get(run_id)
    assert stopped.phase is Phase.FINISHED

    resume(world.bulk, run_id, Which.ALL, world.now().timestamp())
    world.drain()

    each_once(world, "Rest", 15)
    assert world.store.get(run_id).succeeded == 15


def test_what_was_refused_is_refused_again_until_it_is_mended(world: RunWorld) -> None:
    world.crm.client.contacts.create({"last_name": "Held", "emails": "twin1@fair.example"})
    into = into_contacts(world, "create_resource")

    progress = world.run(into, people(2, "twin"))

    assert progress.outcomes == {"created": 1, "rejected": 1}
    (refused,) = [row for row in world.rows(progress) if row.outcome == "rejected"]
    assert "unique" in refused.message.lower()
    assert "The contact exists already" in refused.message
