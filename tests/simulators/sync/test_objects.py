"""Each of the other objects, as the account serves it."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from freshbridge.errors import Forbidden
from freshbridge.lake.rows import State
from freshbridge.sync.feeds.catalogue import feeds_of
from freshbridge.sync.feeds.feed import Feed, Scope
from freshbridge.sync.feeds.lists import ListFeed
from freshbridge.sync.objects import OBJECTS, Shape
from local.freshdesk.account import DEMO_API_KEY, Record
from tests.simulators.sync.conftest import Copy, Desk

SNAPSHOTS = sorted(name for name, obj in OBJECTS.items() if obj.shape is Shape.SNAPSHOT)


def only(name: str) -> Feed:
    """An object's one list."""
    (feed,) = feeds_of(OBJECTS[name])
    return feed


def lists(name: str) -> dict[str, Feed]:
    """An object's lists by name."""
    return {feed.name: feed for feed in feeds_of(OBJECTS[name])}


def put(desk: Desk, table: str, **attributes: Any) -> Record:
    """A record of the kinds that no call makes."""
    made = {"id": desk.account.next_id("reference"), **attributes}
    made |= dict.fromkeys(("created_at", "updated_at"), desk.account.clock.stamp())
    desk.table(table)[made["id"]] = made
    return made


def test_contacts_are_read_in_the_lists_that_have_them(desk: Desk) -> None:
    # Given contacts of which some are deleted and one is blocked
    desk.seed(contacts=250)
    ids = sorted(desk.table("contacts"))
    for chosen in ids[:7]:
        desk.client.delete_contact(chosen)
    desk.table("contacts")[ids[9]]["blocked"] = True
    copy = Copy()

    # When all lists are read
    for feed in lists("contacts").values():
        assert copy.read(desk, feed, Scope()).stable

    # Then each contact is there, and the deleted ones are told apart
    assert copy.ids(State.DELETED) == set(ids[:7])
    assert copy.ids() == set(ids[7:])
    # And the pages of the longer list were read up and down again, with nothing twice
    assert copy.calls == 3 + 2 + 1 + 1
    assert copy.rows == 250


def test_the_next_reading_of_contacts_asks_for_what_changed(desk: Desk) -> None:
    desk.seed(contacts=250)
    live = lists("contacts")["live"]
    mark = Copy().read(desk, live, Scope()).mark
    changed = sorted(desk.table("contacts"))[42]
    desk.client.update_contact(changed, {"job_title": "Controller"})
    copy = Copy()

    copy.read(desk, live, Scope(mark))

    assert copy.ids() == {changed}
    assert copy.calls == 1
    assert copy.records[changed][0]["job_title"] == "Controller"


def test_contacts_that_come_and_go_hide_no_other(desk: Desk) -> None:
    desk.seed(contacts=420)
    ids = sorted(desk.table("contacts"))

    def churn(number: int) -> None:
        if number % 2:
            desk.client.delete_contact(ids[number * 7])
        else:
            desk.client.create_contact({"name": f"Aa {number}", "email": f"a{number}@b.example"})

    copy = Copy()
    last = copy.read(desk, lists("contacts")["live"], Scope(), between=churn)
    copy.read(desk, lists("contacts")["deleted"], Scope())
    copy.read(desk, lists("contacts")["live"], Scope(last.mark))

    assert copy.ids(State.DELETED) | copy.ids() == set(desk.table("contacts"))
    assert not last.stable


def test_lists_deeper_than_500_pages_are_read(desk: Desk) -> None:
    desk.seed(contacts=520)
    feed = ListFeed(lambda client, asked, page: client.contacts(asked, page=page, per_page=1))
    copy = Copy()

    last = copy.read(desk, feed, Scope())

    assert copy.ids() == set(desk.table("contacts"))
    assert last.stable
    assert copy.calls == 520 + 519


def test_companies_since_a_time_are_those_that_changed(desk: Desk) -> None:
    desk.seed(companies=150)
    mark = Copy().read(desk, only("companies"), Scope()).mark
    made = desk.client.create_company({"name": "Newcomer Ltd"})
    copy = Copy()

    copy.read(desk, only("companies"), Scope(mark))

    assert copy.ids() == {made["id"]}


def test_time_entries_are_found_though_their_work_was_done_before_the_mark(desk: Desk) -> None:
    desk.seed(tickets=3)
    first = desk.client.add_time_entry(1, {"time_spent": "01:20"})
    copy = Copy()
    mark = copy.read(desk, only("time_entries"), Scope()).mark
    assert copy.ids() == {first["id"]}

    three_days_ago = desk.account.clock.stamp(-3 * 86_400)
    late = {"time_spent": "00:10", "executed_at": three_days_ago}
    second = desk.client.add_time_entry(2, late)
    again = Copy()
    again.read(desk, only("time_entries"), Scope(mark))

    assert again.ids() == {first["id"], second["id"]}


def rate(desk: Desk, ticket_id: int) -> None:
    """A customer's answer, which no call of the product makes."""
    requests.post(
        f"{desk.url}/api/v2/tickets/{ticket_id}/satisfaction_ratings",
        json={"ratings": {"default_question": 103}}, auth=(DEMO_API_KEY, "X"), timeout=30,
    ).raise_for_status()  # fmt: skip


def test_ratings_are_asked_for_by_when_they_were_given(desk: Desk) -> None:
    desk.seed(tickets=3)
    for ticket in (1, 2):
        rate(desk, ticket)
    old = set(desk.table("satisfaction_ratings"))
    for rating in desk.table("satisfaction_ratings").values():
        rating["created_at"] = rating["updated_at"] = desk.account.clock.stamp(-86_400)
    copy = Copy()
    mark = copy.read(desk, only("satisfaction_ratings"), Scope()).mark
    assert copy.ids() == old

    rate(desk, 3)
    again = Copy()
    again.read(desk, only("satisfaction_ratings"), Scope(mark))

    assert again.ids() == set(desk.table("satisfaction_ratings")) - old


@pytest.mark.parametrize("name", SNAPSHOTS)
def test_a_snapshot_holds_each_record_once_and_proves_what_is_not_there(
    desk: Desk, name: str
) -> None:
    copy = Copy()

    last = copy.read(desk, only(name), Scope())

    assert copy.ids() == set(desk.table(name))
    assert copy.rows == len(copy.records) > 0
    assert last.stable
    assert only(name).proves_absence


def test_a_group_comes_with_its_members_and_one_that_goes_meanwhile_without_ado(desk: Desk) -> None:
    groups = desk.table("groups")
    gone = max(groups)

    def churn(number: int) -> None:
        if number == 2:
            del groups[gone]

    copy = Copy()
    copy.read(desk, only("groups"), Scope(), between=churn)

    assert copy.ids() == set(groups)
    record: dict[str, Any] = copy.records[min(groups)][0]
    assert record["agent_ids"] == groups[min(groups)]["agent_ids"] != []


def test_agents_of_several_pages_are_read_up_and_down(desk: Desk) -> None:
    desk.seed(agents=240)
    copy = Copy()

    last = copy.read(desk, only("agents"), Scope())

    assert copy.ids() == set(desk.table("agents"))
    assert (copy.calls, last.stable) == (5, True)


def test_a_short_list_that_moved_is_walked_again_until_it_stands_still(desk: Desk) -> None:
    for number in range(250):
        put(desk, "products", name=f"Product {number}", default=False)
    table = desk.table("products")

    def churn(number: int) -> None:
        if number == 1:
            del table[min(table)]

    copy = Copy()
    last = copy.read(desk, only("products"), Scope(), between=churn)

    assert last.stable
    assert set(table) <= copy.ids()
    # Three up and two down; then two more up, for the first was just read, and two down.
    assert copy.calls == 9


def test_a_folder_without_canned_responses_is_read_too(desk: Desk) -> None:
    put(desk, "canned_response_folders", name="Empty", personal=False, responses_count=0)
    copy = Copy()

    copy.read(desk, only("canned_responses"), Scope())

    assert copy.ids() == set(desk.table("canned_responses"))
    assert copy.calls == 1 + 3
    assert all(record["folder_id"] for record, _ in copy.records.values())


def test_a_folder_that_goes_meanwhile_has_nothing_and_one_can_be_asked_for_whole(
    desk: Desk,
) -> None:
    folders = desk.table("canned_response_folders")
    kept, gone = sorted(folders)[:2]
    expected = {
        one["id"] for one in desk.table("canned_responses").values() if one["folder_id"] == kept
    }

    def churn(number: int) -> None:
        if number == 1:
            del folders[gone]

    copy = Copy()
    copy.read(desk, only("canned_responses"), Scope(), between=churn)

    assert copy.ids() == expected
    assert {one["id"] for one in desk.client.unpaged_canned_responses(kept)} == expected


def test_conversations_cost_one_call_a_ticket(desk: Desk) -> None:
    desk.seed(tickets=4, conversations_per_ticket=3)
    copy = Copy()
    wanted = Scope(parents=[("1", "2026-01-01T00:00:00Z"), ("3", "2026-01-01T00:00:00Z")])

    last = copy.read(desk, only("conversations"), wanted)

    known = desk.table("conversations").values()
    assert copy.ids() == {one["id"] for one in known if one["ticket_id"] in {1, 3}}
    assert desk.calls("GET /tickets/{id}/conversations") == copy.calls == 2
    assert last.whole == ("3",)


def test_a_long_conversation_comes_whole_and_a_missing_ticket_has_none(desk: Desk) -> None:
    desk.seed(tickets=1, conversations_per_ticket=230)
    feed = only("conversations")

    page = feed.read(desk.client, feed.first(Scope(parents=[("1", ""), ("999", "")])))
    assert (len(page.records), page.calls, page.whole) == (230, 5, ("1",))

    assert page.position is not None
    rest = feed.read(desk.client, page.position)
    assert (rest.records, rest.whole, rest.position) == ([], ("999",), None)
    nothing = feed.read(desk.client, feed.first(Scope()))
    assert (nothing.records, nothing.position, nothing.calls) == ([], None, 0)


@pytest.mark.parametrize(
    ("name", "feature"), [("time_entries", "time_tracking"), ("satisfaction_ratings", "csat")]
)
def test_what_the_plan_lacks_is_said_to_be_forbidden(desk: Desk, name: str, feature: str) -> None:
    desk.configure(without_features=[feature])
    with pytest.raises(Forbidden) as refused:
        Copy().read(desk, only(name), Scope())
    assert refused.value.provider_code == "require_feature"


@pytest.mark.parametrize("name", [one for one in SNAPSHOTS if not one.endswith("_fields")])
def test_what_the_keys_owner_may_not_see_is_said_to_be_forbidden(desk: Desk, name: str) -> None:
    plain = max(desk.table("agents"))
    desk.account.api_keys = dict.fromkeys(desk.account.api_keys, plain)
    with pytest.raises(Forbidden) as refused:
        Copy().read(desk, only(name), Scope())
    assert refused.value.provider_code == "access_denied"
