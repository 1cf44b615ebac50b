"""Contact actions against the simulator."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from freshbridge.errors import Conflict, NotFound, WrongState
from local.freshdesk.clock import stamp_of
from local.freshdesk.seed import seed
from tests.fakes.actions import earlier_attempt
from tests.simulators.actions.conftest import Desk

MIRA = {"name": "Mira Holt", "email": "mira@client.example"}


def test_a_contact_lives_and_dies(desk: Desk) -> None:
    made = desk.run(
        "create_contact",
        {**MIRA, "tags": ["vip"], "custom_fields": {"department": "Finance"}},
    )
    contact_id = made.data["contact_id"]
    assert desk.run("get_contact", {"contact_id": contact_id}).data["contact"]["tags"] == ["vip"]

    changed = desk.run("update_contact", {"contact_id": contact_id, "job_title": "CFO", "tags": []})
    assert (changed.data["contact"]["job_title"], changed.data["contact"]["tags"]) == ("CFO", [])
    assert changed.data["contact"]["custom_fields"]["department"] == "Finance"

    assert desk.run("delete_contact", {"contact_id": contact_id}).data["changed"] is True
    assert desk.run("delete_contact", {"contact_id": contact_id}).data["changed"] is False
    with pytest.raises(WrongState) as raised:
        desk.run("update_contact", {"contact_id": contact_id, "phone": "1"})
    assert "restore" in raised.value.advice

    assert desk.run("restore_contact", {"contact_id": contact_id}).data["restored"] is True
    assert desk.run("restore_contact", {"contact_id": contact_id}).data["restored"] is False
    assert desk.account.contacts[contact_id]["deleted"] is False


def test_a_deleted_contact_is_restored_by_its_update(desk: Desk) -> None:
    contact_id = desk.run("create_contact", MIRA).data["contact_id"]
    desk.run("delete_contact", {"contact_id": contact_id})

    outcome = desk.run(
        "update_contact", {"contact_id": contact_id, "phone": "+4420555010", "restore": True}
    )

    assert outcome.data["restored"] is True
    assert desk.account.contacts[contact_id]["phone"] == "+4420555010"
    assert desk.account.contacts[contact_id]["deleted"] is False


def test_destroying_a_contact_takes_its_tickets_along(desk: Desk) -> None:
    ticket_id = desk.ticket(email=MIRA["email"])
    contact_id = desk.account.tickets[ticket_id]["requester_id"]

    desk.run("delete_contact", {"contact_id": contact_id, "permanently": True})

    assert contact_id not in desk.account.contacts
    assert ticket_id not in desk.account.tickets
    with pytest.raises(NotFound):
        desk.run("delete_contact", {"contact_id": contact_id, "permanently": True})
    with pytest.raises(NotFound):
        desk.run("restore_contact", {"contact_id": contact_id})


def test_a_second_contact_with_the_address_is_what_the_caller_wants_it_to_be(desk: Desk) -> None:
    contact_id = desk.run("create_contact", MIRA).data["contact_id"]
    again = {**MIRA, "name": "M. Holt", "job_title": "CFO"}

    with pytest.raises(Conflict) as raised:
        desk.run("create_contact", again)
    assert raised.value.existing_id == contact_id

    kept = desk.run("create_contact", {**again, "on_duplicate": "return"})
    assert (kept.data["contact_id"], kept.data["contact"]["name"]) == (contact_id, "Mira Holt")

    changed = desk.run("create_contact", {**again, "on_duplicate": "update"})
    assert (changed.data["contact_id"], changed.data["contact"]["job_title"]) == (contact_id, "CFO")

    desk.run("delete_contact", {"contact_id": contact_id})
    with pytest.raises(WrongState):
        desk.run("create_contact", {**again, "on_duplicate": "update"})
    back = desk.run("create_contact", {**again, "on_duplicate": "update", "restore": True})
    assert (back.data["restored"], len(desk.account.contacts)) == (True, 1)


@pytest.mark.parametrize("deleted", [False, True])
@pytest.mark.parametrize("field", ["email", "twitter_id", "unique_external_id"])
def test_a_clash_that_freshdesk_does_not_name_is_looked_up(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, field: str, deleted: bool
) -> None:
    value = "mira@client.example" if field == "email" else "holt-1"
    contact_id = desk.run("create_contact", {"name": "Mira", field: value}).data["contact_id"]
    if deleted:
        desk.run("delete_contact", {"contact_id": contact_id})
    monkeypatch.setattr(
        "local.freshdesk.contact_rules.duplicate_value",
        lambda name, **_: duplicate_without_id(name),
    )

    if deleted and field == "twitter_id":
        # Its only way is the search, which leaves out what is deleted.
        with pytest.raises(Conflict):
            desk.run("create_contact", {"name": "M", field: value, "on_duplicate": "return"})
        return
    found = desk.run("create_contact", {"name": "M", field: value, "on_duplicate": "return"})

    assert found.data["contact_id"] == contact_id


def duplicate_without_id(name: str) -> Any:
    """Freshdesk's 409 as it is where it does not name the contact."""
    from local.freshdesk.errors import duplicate_value  # noqa: PLC0415 - the one before the patch

    return duplicate_value(name)


def test_an_agents_address_is_a_conflict(desk: Desk) -> None:
    (agent, *_others) = desk.account.agents.values()

    with pytest.raises(Conflict) as raised:
        desk.run(
            "create_contact",
            {"name": "Dana", "email": agent["contact"]["email"], "on_duplicate": "update"},
        )

    assert "agent" in raised.value.advice


def test_a_creation_whose_reply_was_lost_is_not_taken_for_a_duplicate(desk: Desk) -> None:
    parameters = {**MIRA, "phone": "+4420555010", "tags": ["vip"]}
    contact_id = desk.client.create_contact(parameters)["id"]

    now = desk.account.clock.now()
    outcome = desk.run("create_contact", parameters, unsure=earlier_attempt(now), now=now)

    assert (outcome.data["created"], outcome.data["contact_id"]) == (True, contact_id)
    with pytest.raises(Conflict):
        desk.run("create_contact", parameters)


def test_contacts_are_merged_with_everything_they_have(desk: Desk) -> None:
    first = desk.run("create_contact", {**MIRA, "phone": "1"}).data["contact_id"]
    other = {"name": "M. Holt", "email": "holt@home.example", "phone": "2", "mobile": "20"}
    second = desk.run("create_contact", other).data["contact_id"]
    ticket_id = desk.ticket(email="holt@home.example")
    merge = {"primary_contact_id": first, "secondary_contact_ids": [second]}

    planned = desk.run("merge_contacts", {**merge, "dry_run": True})
    assert second in desk.account.contacts
    done = desk.run("merge_contacts", merge)

    assert planned.data["stays"] == done.data["stays"]
    merged = desk.account.contacts[first]
    assert (merged["phone"], merged["mobile"]) == ("1", "20")
    assert (merged["email"], merged["other_emails"]) == (MIRA["email"], ["holt@home.example"])
    assert desk.account.tickets[ticket_id]["requester_id"] == first
    with pytest.raises(NotFound) as raised:
        desk.run("merge_contacts", merge)
    assert "merged already" in raised.value.advice


def test_contacts_are_searched_by_everything_that_freshdesk_knows(desk: Desk) -> None:
    desk.account.clock.freeze()  # what was made today has to be of today still
    company_id = desk.run("create_company", {"name": "Client Ltd"}).data["company_id"]
    mira = desk.run(
        "create_contact",
        {
            **MIRA,
            "phone": "+4420555010",
            "mobile": "0170",
            "company_id": company_id,
            "tags": ["vip"],
            "custom_fields": {"department": "Finance", "loyalty_points": 12, "newsletter": True},
        },
    ).data["contact_id"]
    desk.run("create_contact", {"name": "Luc", "email": "luc@other.example"})
    today = desk.account.clock.now().date().isoformat()

    for conditions in (
        {"email": MIRA["email"]}, {"phone": "+4420555010"}, {"mobile": "0170"},
        {"company_id": company_id}, {"company": "client ltd"}, {"tag": "vip"},
        {"custom_fields": {"department": "Finance", "loyalty_points": 12, "newsletter": True}},
        {"query": "loyalty_points:>10 OR tag:'none'"},
        {"tag": "vip", "created_from": today, "created_to": today, "updated_from": today},
    ):  # fmt: skip
        outcome = desk.run("search_contacts", conditions)
        assert [one["id"] for one in outcome.data["contacts"]] == [mira], conditions
        assert outcome.data["complete"] is True
    assert desk.run("search_contacts", {"tag": "vip", "active": True}).data["total"] == 0


def test_more_contacts_than_a_search_pages_through_are_read_and_each_once(desk: Desk) -> None:
    seed(desk.account, {"contacts": 1500})
    now = desk.account.clock.now()

    outcome = desk.run("search_contacts", {"language": "en", "limit": 2000}, now=now)

    ids = [one["id"] for one in outcome.data["contacts"]]
    assert outcome.data["complete"] is True
    assert len(ids) == outcome.data["total"] == 1500
    assert set(ids) == set(desk.account.contacts)
    assert outcome.data["credits"] < 50 + 15


def test_a_crowded_day_is_divided_by_the_day_of_the_last_change(desk: Desk) -> None:
    seed(desk.account, {"contacts": 500})
    now = desk.account.clock.now()
    for number, contact in enumerate(desk.account.contacts.values()):
        contact["created_at"] = stamp_of(now - timedelta(days=9))
        contact["updated_at"] = stamp_of(now - timedelta(days=number % 3))

    outcome = desk.run("search_contacts", {"language": "en", "limit": 2000}, now=now)

    assert (outcome.data["complete"], len(outcome.data["contacts"])) == (True, 500)


def test_contacts_are_listed_by_what_freshdesk_filters_by(desk: Desk) -> None:
    seed(desk.account, {"contacts": 130})
    gone = next(iter(desk.account.contacts))
    desk.run("delete_contact", {"contact_id": gone})

    first = desk.run("list_contacts")
    rest = desk.run("list_contacts", {"page": first.data["next_page"]})
    names = [one["name"] for one in first.data["contacts"] + rest.data["contacts"]]

    assert names == sorted(names, key=str.casefold)
    assert (len(names), rest.data["next_page"]) == (129, None)
    deleted = desk.run("list_contacts", {"state": "deleted"})
    assert [one["id"] for one in deleted.data["contacts"]] == [gone]
    later = stamp_of(desk.account.clock.now() - timedelta(minutes=5))
    recent = desk.run("list_contacts", {"state": "deleted", "updated_since": later})
    assert [one["id"] for one in recent.data["contacts"]] == [gone]
    assert desk.run("list_contacts", {"email": "person7@people.example"}).data["contacts"]


def test_a_contact_is_put_into_companies(desk: Desk) -> None:
    one = desk.run("create_company", {"name": "One Ltd", "domains": ["one.example"]})
    two = desk.run("create_company", {"name": "Two Ltd", "domains": ["two.example"]})
    first, second = one.data["company_id"], two.data["company_id"]
    contact_id = desk.run("create_contact", MIRA).data["contact_id"]
    link: dict[str, Any] = {"contact_id": contact_id}

    assert desk.run("link_contact_to_company", {**link, "domain": "one.example"}).data["changed"]
    further = {**link, "company": "two ltd", "additional": True, "view_all_tickets": True}
    assert desk.run("link_contact_to_company", further).data["changed"]
    stored = desk.account.contacts[contact_id]
    assert stored["company_id"] == first
    assert stored["other_companies"] == [{"company_id": second, "view_all_tickets": True}]

    before = dict(stored)
    assert not desk.run("link_contact_to_company", further).data["changed"]
    assert not desk.run("link_contact_to_company", {**link, "company_id": first}).data["changed"]
    assert desk.account.contacts[contact_id] == before

    moved = desk.run("link_contact_to_company", {**link, "company_id": second})
    assert moved.data["previous_company_id"] == first
    assert (stored["company_id"], stored["other_companies"]) == (second, [])
