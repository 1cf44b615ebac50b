"""Parents and trackers, merging, watching."""

from tests.simulators.freshdesk.conftest import RunningSimulator


async def test_a_child_and_its_parent_know_one_another(simulator: RunningSimulator) -> None:
    await simulator.ticket()
    await simulator.ticket(parent_id=1)
    parent, child = (
        (await simulator.get("/tickets/1")).body,
        (await simulator.get("/tickets/2")).body,
    )
    assert (parent["association_type"], parent["associated_tickets_list"]) == (1, [2])
    assert (child["association_type"], child["associated_tickets_list"]) == (2, [1])
    listed = (await simulator.get("/tickets/1/associated_tickets")).body["tickets"]
    assert [one["id"] for one in listed] == [2]
    assert "description" not in listed[0]
    assert (await simulator.get("/tickets/2/prime_association")).body["id"] == 1
    assert (await simulator.get("/tickets/1/prime_association")).status == 404
    counts = {one["id"]: one["associated_tickets_count"]
              for one in (await simulator.get("/tickets")).body}  # fmt: skip
    assert counts == {1: 1, 2: 1}


async def test_a_tracker_lists_its_related_tickets(simulator: RunningSimulator) -> None:
    await simulator.ticket()
    await simulator.ticket()
    tracker = await simulator.ticket(related_ticket_ids=[1, 2])
    assert (tracker["association_type"], tracker["associated_tickets_list"]) == (3, [1, 2])
    assert (await simulator.get("/tickets/2")).body["association_type"] == 4


async def test_an_unknown_parent_is_refused(simulator: RunningSimulator) -> None:
    await simulator.ticket()
    answer = await simulator.put("/tickets/1", {"parent_id": 9})
    assert answer.errors[0]["field"] == "parent_id"
    assert (await simulator.put("/tickets/1", {"parent_id": 1})).status == 400


async def test_merging_closes_the_secondaries_and_tells_the_primary(
    simulator: RunningSimulator,
) -> None:
    await simulator.ticket()
    await simulator.ticket(email="tomas@client.example")
    answer = await simulator.put(
        "/tickets/merge",
        {
            "primary_id": 1, "ticket_ids": [1, 2], "convert_recepients_to_cc": True,
            "note_in_primary": {"body": "took over", "private": False},
        },
    )  # fmt: skip
    assert (answer.status, answer.content) == (204, b"")
    primary = (await simulator.get("/tickets/1", include="conversations")).body
    assert primary["cc_emails"] == ["tomas@client.example"]
    assert [one["body"] for one in primary["conversations"]] == ["took over"]
    secondary = (await simulator.get("/tickets/2", include="conversations")).body
    assert secondary["status"] == 5
    assert len(secondary["conversations"]) == 1


async def test_merging_what_is_not_there_is_refused(simulator: RunningSimulator) -> None:
    await simulator.ticket()
    answer = await simulator.put("/tickets/merge", {"primary_id": 1, "ticket_ids": [5]})
    assert answer.errors[0]["field"] == "ticket_ids"
    wrong = await simulator.put(
        "/tickets/merge", {"primary_id": 1, "ticket_ids": [1], "convert_recipients_to_cc": True}
    )
    assert wrong.errors[0]["code"] == "invalid_field"


async def test_watchers_come_and_go(simulator: RunningSimulator) -> None:
    dana, bao, _ = simulator.account.agents
    await simulator.ticket()
    await simulator.ticket()
    assert (await simulator.post("/tickets/1/watch", {"user_id": bao})).status == 204
    assert (
        await simulator.put("/tickets/bulk_watch", {"ids": [1, 2], "user_id": dana})
    ).status == 204
    assert (await simulator.get("/tickets/1/watchers")).body == {"watcher_ids": [bao, dana]}
    watched = await simulator.get("/tickets", filter="watching")
    assert {one["id"] for one in watched.body} == {1, 2}
    assert (await simulator.put("/tickets/1/unwatch")).status == 204
    assert (await simulator.get("/tickets/1/watchers")).body == {"watcher_ids": [bao]}
    await simulator.put("/tickets/bulk_unwatch", {"ids": [2]})
    assert (await simulator.get("/tickets", filter="watching")).body == []
    assert (await simulator.post("/tickets/1/watch")).errors[0]["field"] == "user_id"
    assert (await simulator.post("/tickets/1/watch", {"user_id": 3})).status == 400
