"""Whatever goes wrong around a run, each record is there once in the end and none is lost."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from freshbridge.actions.freshsales.passing_refusals import MOST_BUSY, MOST_LOOKS
from freshbridge.bulk.change import Which, cancel, resume
from freshbridge.bulk.progress import Phase, Progress
from freshbridge.destinations.parts import DestinationParts
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


def each_turn_in_a_new_function(world: RunWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """No function remembers what another one met."""
    turn, parts = world.turn, world.parts

    def anew() -> None:
        world.parts = DestinationParts(
            parts.store, parts.runs, parts.facts, parts.responses, parts.files
        )
        turn()

    monkeypatch.setattr(world, "turn", anew)


def test_a_405_that_stays_is_a_refusal_however_many_functions_meet_it(
    world: RunWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    into = into_contacts(world, "create_resource")
    world.fault(CREATE, "throttle_as_405", count=2 * MOST_BUSY)
    each_turn_in_a_new_function(world, monkeypatch)

    progress = world.run(into, people(1, "never"))

    (row,) = world.rows(progress)
    assert (row.outcome, row.code) == ("rejected", "wrong_state")
    sent = [call for call in world.calls if call.startswith("POST") and call.endswith("/contacts")]
    assert len(sent) == MOST_BUSY


def made_by_somebody_else(world: RunWorld, count: int, prefix: str, lag_s: float) -> None:
    """People whom the account has, and whom its index shows only after a while."""
    world.crm.settle(search_index_lag_s=lag_s)
    for record in people(count, prefix):
        fields = {"last_name": record["Last"], "emails": [record["E-mail"]], "city": "Quito"}
        world.crm.client.contacts.create(fields)


@pytest.mark.parametrize(
    ("template", "settings", "outcome", "town"),
    [
        ("upsert", {"mode": "create_only"}, "unchanged", "Quito"),
        ("create_resource", {"on_duplicate": "update"}, "updated", "Lima"),
        ("create_resource", {"on_duplicate": "skip"}, "unchanged", "Quito"),
    ],
)
def test_a_duplicate_that_the_index_does_not_show_yet_is_looked_for_again(
    world: RunWorld, template: str, settings: dict[str, Any], outcome: str, town: str
) -> None:
    # Given two people whom somebody made a moment ago
    into = into_contacts(world, template, **settings)
    made_by_somebody_else(world, 2, "late", lag_s=8)

    progress = world.run(into, people(2, "late"))

    assert progress.outcomes == {outcome: 2}
    each_once(world, "Late", 2)
    assert {one["city"] for one in world.crm.records("contacts") if one["city"]} == {town}


def test_an_upsert_that_meets_a_duplicate_which_is_not_shown_yet_looks_again(
    world: RunWorld,
) -> None:
    # Given an upsert that is refused because another is making the record at the same moment
    into = into_contacts(world, "upsert")
    said = {"errors": {"code": 400, "message": ["Email is not unique"]}}
    world.fault(r"POST /contacts/upsert$", "status", status=400, body=said)

    progress = world.run(into, people(1, "meeting"))

    each_once(world, "Meeting", 1)
    assert progress.outcomes == {"created": 1}


def test_a_duplicate_that_never_shows_is_refused_after_two_more_looks(world: RunWorld) -> None:
    into = into_contacts(world, "create_resource", on_duplicate="update")
    made_by_somebody_else(world, 1, "hidden", lag_s=50_000)
    before = len(world.calls)

    progress = world.run(into, people(1, "hidden"))

    (row,) = world.rows(progress)
    assert (row.outcome, row.code) == ("rejected", "invalid_request")
    assert "not unique" in row.message
    sent = [call for call in world.calls[before:] if call.endswith("/contacts")]
    assert len([call for call in sent if call.startswith("POST")]) == 1 + MOST_LOOKS


def test_a_refusal_that_is_known_to_mean_something_else_is_waited_for_no_more(
    world: RunWorld,
) -> None:
    # Given records that the account refuses for another reason
    into = into_contacts(world, "create_resource")
    said = {"errors": {"code": 400, "message": ["Etiqueta no es válido"]}}
    world.fault(CREATE, "status", status=400, body=said, count=1_000)

    assert world.run(into, people(1, "first")).outcomes == {"rejected": 1}
    first = len([call for call in world.calls if call.startswith("POST")])
    world.calls.clear()
    assert world.run(into, people(6, "more")).outcomes == {"rejected": 6}

    # Then the first is looked for, and no other waits for what is known by then
    assert first == 1 + MOST_LOOKS
    assert len([call for call in world.calls if call.startswith("POST")]) == 6
    assert of(world, "First") == of(world, "More") == {}


def test_who_watches_a_record_being_sent_is_told_at_once(world: RunWorld) -> None:
    into = into_contacts(world, "create_resource")
    made_by_somebody_else(world, 1, "shown", lag_s=50_000)

    told = world.one(into, people(1, "shown")[0], show=True)

    assert told.data["outcome"] == "rejected"
    assert told.data["provider_message"] == "Email is not unique"
