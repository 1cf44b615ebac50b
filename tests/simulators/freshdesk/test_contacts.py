"""Contacts over HTTP: rules of creation, clashes, lists, the ways to delete, merge, make_agent."""

from typing import Any

import pytest
from aiohttp import FormData
from hypothesis import given
from hypothesis import strategies as st

from local.freshdesk.directory import completed
from tests.simulators.freshdesk.conftest import Answer, RunningSimulator

LIST_OMITS = {"tags", "other_emails", "view_all_tickets", "avatar", "deleted"}


async def contact(simulator: RunningSimulator, **fields: Any) -> dict[str, Any]:
    answer = await simulator.post("/contacts", {"name": "Mira Holt", **fields})
    assert answer.status == 201, answer.content
    made: dict[str, Any] = answer.body
    return made


def codes(answer: Answer) -> list[tuple[str, str]]:
    return [(one["field"], one["code"]) for one in answer.errors]


def names(answer: Answer) -> list[str]:
    assert answer.status == 200, answer.content
    return [one["name"] for one in answer.body]


async def test_a_created_contact_has_every_key_and_a_location(simulator: RunningSimulator) -> None:
    answer = await simulator.post(
        "/contacts",
        {
            "name": "Mira Holt", "email": "mira@client.example", "tags": ["vip"],
            "custom_fields": {"department": "Finance"}, "unique_external_id": "crm-4471",
        },
    )  # fmt: skip
    made = answer.body
    assert answer.status == 201
    assert answer.headers["Location"] == f"{simulator.url}/api/v2/contacts/{made['id']}"
    assert set(made) == {
        "active", "address", "deleted", "description", "email", "id", "job_title", "language",
        "mobile", "name", "phone", "time_zone", "twitter_id", "custom_fields", "tags",
        "other_emails", "facebook_id", "created_at", "updated_at", "csat_rating",
        "preferred_source", "company_id", "view_all_tickets", "other_companies",
        "unique_external_id", "avatar", "first_name", "last_name", "visitor_id",
        "org_contact_id", "other_phone_numbers",
    }  # fmt: skip
    assert (made["first_name"], made["last_name"], made["deleted"]) == ("Mira", "Holt", False)
    assert made["custom_fields"]["department"] == "Finance"
    assert made["custom_fields"]["membership"] is None
    assert made["org_contact_id"] > 2**53
    assert (await simulator.get(f"/contacts/{made['id']}")).body == made


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"email": "a@b.example"}, [("name", "missing_field")]),
        ({"name": "x"}, [("email", "missing_field")]),
        ({"name": "x", "email": "nonsense"}, [("email", "invalid_value")]),
        ({"name": "x", "phone": 5}, [("phone", "datatype_mismatch")]),
        ({"name": "x", "phone": "5", "colour": "red"}, [("colour", "invalid_field")]),
        ({"name": "x", "phone": "5", "company_id": 1}, [("company_id", "invalid_value")]),
        (
            {"name": "x", "phone": "5", "custom_fields": {"membership": "Lead"}},
            [("custom_fields.membership", "invalid_value")],
        ),
        (
            {"name": "x", "phone": "5", "custom_fields": {"cf_department": "x"}},
            [("custom_fields.cf_department", "invalid_field")],
        ),
        (
            {"name": "x", "phone": "5", "other_emails": [f"a{n}@b.example" for n in range(10)]},
            [("other_emails", "invalid_value")],
        ),
    ],
)
async def test_a_wrong_contact_is_refused(
    simulator: RunningSimulator, body: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    answer = await simulator.post("/contacts", body)
    assert (answer.status, codes(answer)) == (400, expected)
    assert (await simulator.get("/contacts")).body == []


@pytest.mark.parametrize("key", ["email", "twitter_id", "unique_external_id"])
async def test_a_unique_value_in_use_names_its_owner(simulator: RunningSimulator, key: str) -> None:
    owner = await contact(simulator, **{key: "one@client.example"})
    answer = await simulator.post("/contacts", {"name": "Other", key: "ONE@client.example"})
    assert answer.status == 409
    assert answer.errors[0]["field"] == key
    assert answer.errors[0]["code"] == "duplicate_value"
    assert answer.errors[0]["additional_info"] == {"user_id": owner["id"]}


async def test_other_addresses_and_agents_count_for_uniqueness(simulator: RunningSimulator) -> None:
    first = await contact(simulator, email="a@c.example", other_emails=["b@c.example"])
    answer = await simulator.post("/contacts", {"name": "Other", "email": "b@c.example"})
    assert answer.errors[0]["additional_info"] == {"user_id": first["id"]}
    me = (await simulator.get("/agents/me")).body
    answer = await simulator.post("/contacts", {"name": "x", "email": me["contact"]["email"]})
    assert answer.errors[0]["additional_info"] == {"user_id": me["id"]}


async def test_an_update_may_keep_its_own_email_but_not_take_anothers(
    simulator: RunningSimulator,
) -> None:
    first = await contact(simulator, email="a@c.example")
    second = await contact(simulator, email="b@c.example")
    path = f"/contacts/{second['id']}"
    answer = await simulator.put(path, {"email": "b@c.example", "name": "Ann Lee Moor"})
    assert answer.status == 200
    assert (answer.body["first_name"], answer.body["last_name"]) == ("Ann", "Lee Moor")
    taken = await simulator.put(path, {"email": "a@c.example"})
    assert (taken.status, taken.errors[0]["additional_info"]) == (409, {"user_id": first["id"]})
    # A changed address is free again
    assert (await simulator.put(path, {"email": "c@c.example"})).status == 200
    assert (await contact(simulator, email="b@c.example"))["id"] not in {first["id"], second["id"]}


async def test_a_contact_joins_the_company_of_its_domain(simulator: RunningSimulator) -> None:
    company = await simulator.post(
        "/companies", {"name": "Client Ltd", "domains": ["Client.example"]}
    )
    made = await contact(simulator, email="mira@client.example")
    assert made["company_id"] == company.body["id"]


async def test_the_list_is_alphabetical_and_shorter_than_the_view(
    simulator: RunningSimulator,
) -> None:
    for name in ("cora", "Abel", "Bea"):
        await contact(simulator, name=name, email=f"{name}@c.example")
    first = await simulator.get("/contacts", per_page=2)
    assert names(first) == ["Abel", "Bea"]
    assert 'rel="next"' in first.headers["link"]
    last = await simulator.get("/contacts", per_page=2, page=2)
    assert names(last) == ["cora"]
    assert "link" not in last.headers
    assert not LIST_OMITS & set(first.body[0])
    assert "org_contact_id" in first.body[0]


async def test_a_renamed_contact_moves_in_the_list(simulator: RunningSimulator) -> None:
    await contact(simulator, name="Bea", email="b@c.example")
    last = await contact(simulator, name="Cora", email="c@c.example")
    assert names(await simulator.get("/contacts")) == ["Bea", "Cora"]
    await simulator.put(f"/contacts/{last['id']}", {"name": "Ada"})
    assert names(await simulator.get("/contacts")) == ["Ada", "Bea"]


async def test_list_filters(simulator: RunningSimulator) -> None:
    company = (await simulator.post("/companies", {"name": "Client Ltd"})).body
    await contact(simulator, name="A", email="a@c.example", phone="1", company_id=company["id"])
    await contact(simulator, name="B", email="b@c.example", phone="1", mobile="2")
    deleted = await contact(simulator, name="C", email="c@c.example")
    await simulator.delete(f"/contacts/{deleted['id']}")
    for query, expected in (
        ({"email": "A@c.example"}, ["A"]),
        ({"phone": "1"}, ["A", "B"]),
        ({"phone": "1", "mobile": "2"}, ["B"]),
        ({"company_id": company["id"]}, ["A"]),
        ({"state": "deleted"}, ["C"]),
        ({"state": "verified"}, []),
        ({"state": "unverified"}, ["A", "B"]),
        ({"state": "blocked"}, []),
        ({"contact_type": "visitor"}, []),
        ({"contact_type": "contact"}, ["A", "B"]),
    ):
        assert names(await simulator.get("/contacts", **query)) == expected, query
    unknown = await simulator.get("/contacts", colour="red")
    assert (unknown.status, codes(unknown)) == (400, [("colour", "invalid_field")])


@pytest.mark.parametrize("parameter", ["updated_since", "_updated_since"])
async def test_the_list_since_a_moment(simulator: RunningSimulator, parameter: str) -> None:
    simulator.account.clock.freeze(1_772_755_200.0)
    await contact(simulator, name="A", email="a@c.example")
    simulator.account.clock.advance(60)
    await contact(simulator, name="B", email="b@c.example")
    since = {parameter: simulator.account.clock.stamp()}
    assert names(await simulator.get("/contacts", **since)) == ["B"]


async def test_a_deleted_contact_is_gone_from_lists_and_refuses_writes(
    simulator: RunningSimulator,
) -> None:
    made = await contact(simulator, email="a@c.example")
    path = f"/contacts/{made['id']}"
    assert (await simulator.delete(path)).status == 204
    assert (await simulator.get("/contacts")).body == []
    assert (await simulator.get(path)).body["deleted"] is True
    for answer in (await simulator.put(path, {"name": "x"}), await simulator.delete(path)):
        assert answer.status == 405
        assert "It should be one of these method(s): GET" in answer.body["message"]
    assert (await simulator.put(f"{path}/restore")).status == 204
    assert names(await simulator.get("/contacts")) == ["Mira Holt"]


async def test_deleting_for_good_needs_a_deleted_contact_or_force(
    simulator: RunningSimulator,
) -> None:
    ticket = await simulator.ticket(email="a@c.example")
    path = f"/contacts/{ticket['requester_id']}"
    refused = await simulator.delete(f"{path}/hard_delete")
    assert (refused.status, refused.content) == (400, b"")
    assert (await simulator.delete(f"{path}/hard_delete?force=true")).status == 204
    assert (await simulator.get(path)).status == 404
    assert (await simulator.get(f"/tickets/{ticket['id']}")).status == 404
    assert (await simulator.get("/tickets")).body == []
    # The address is free again
    assert (await contact(simulator, email="a@c.example"))["id"] != ticket["requester_id"]


async def test_an_avatar_comes_with_a_multipart_body(simulator: RunningSimulator) -> None:
    form = FormData()
    form.add_field("name", "Mira Holt")
    form.add_field("email", "a@c.example")
    form.add_field("tags[]", "vip")
    form.add_field("avatar", b"png bytes", filename="me.png", content_type="image/png")
    answer = await simulator.send("POST", "/api/v2/contacts", data=form)
    assert answer.status == 201, answer.content
    assert answer.body["tags"] == ["vip"]
    assert answer.body["avatar"]["name"] == "me.png"
    assert answer.body["avatar"]["avatar_url"].startswith(simulator.url)
    form = FormData()
    form.add_field("avatar", b"x", filename="me.gif", content_type="image/gif")
    wrong = await simulator.send("PUT", f"/api/v2/contacts/{answer.body['id']}", data=form)
    assert (wrong.status, codes(wrong)) == (400, [("avatar", "invalid_value")])


async def test_search_and_autocomplete(simulator: RunningSimulator) -> None:
    await contact(
        simulator, name="Ann Moore", email="ann@c.example", tags=["vip"],
        custom_fields={"department": "Finance", "loyalty_points": 7},
    )  # fmt: skip
    await contact(simulator, name="Joan Annis", phone="1")
    for query, expected in (
        ("email:'ann@c.example'", ["Ann Moore"]),
        ("tag:'vip' AND active:false", ["Ann Moore"]),
        ("email:null", ["Joan Annis"]),
        ("department:'Finance' OR phone:'1'", ["Ann Moore", "Joan Annis"]),
        ("loyalty_points:>7", ["Ann Moore"]),
        ("created_at:<'2000-01-01'", []),
    ):
        answer = await simulator.get("/search/contacts", query=f'"{query}"')
        assert answer.body["total"] == len(expected), query
        assert [one["name"] for one in answer.body["results"]] == expected
    found = await simulator.get("/contacts/autocomplete", term="ANN")
    assert names(found) == ["Ann Moore", "Joan Annis"]
    assert set(found.body[0]) == {"id", "name"}
    assert names(await simulator.get("/contacts/autocomplete", term="oan")) == []
    assert (await simulator.get("/contacts/autocomplete")).status == 400


async def test_a_merge_moves_tickets_and_addresses(simulator: RunningSimulator) -> None:
    primary = await contact(simulator, email="a@c.example", phone="1")
    second = await contact(simulator, email="b@c.example", mobile="2")
    ticket = await simulator.ticket(email="b@c.example")
    merge = {"primary_contact_id": primary["id"], "secondary_contact_ids": [second["id"]]}
    assert (await simulator.post("/contacts/merge", merge)).status == 204
    merged = (await simulator.get(f"/contacts/{primary['id']}")).body
    assert (merged["email"], merged["other_emails"]) == ("a@c.example", ["b@c.example"])
    assert (merged["phone"], merged["mobile"]) == ("1", "2")
    assert (await simulator.get(f"/contacts/{second['id']}")).status == 404
    view = await simulator.get(f"/tickets/{ticket['id']}")
    assert view.body["requester_id"] == primary["id"]
    clash = await simulator.post("/contacts", {"name": "x", "email": "b@c.example"})
    assert clash.errors[0]["additional_info"] == {"user_id": primary["id"]}


async def test_a_merge_must_say_which_phone_stays(simulator: RunningSimulator) -> None:
    primary = await contact(simulator, email="a@c.example", phone="1")
    second = await contact(simulator, email="b@c.example", phone="2")
    merge: dict[str, Any] = {
        "primary_contact_id": primary["id"],
        "secondary_contact_ids": [second["id"]],
    }
    answer = await simulator.post("/contacts/merge", merge)
    assert (answer.status, codes(answer)) == (400, [("contact.phone", "missing_field")])
    assert (await simulator.get(f"/contacts/{second['id']}")).status == 200
    answer = await simulator.post("/contacts/merge", {**merge, "contact": {"phone": "2"}})
    assert answer.status == 204
    assert (await simulator.get(f"/contacts/{primary['id']}")).body["phone"] == "2"


async def test_a_contact_becomes_an_agent_with_the_same_id(simulator: RunningSimulator) -> None:
    made = await contact(simulator, email="a@c.example", other_emails=["b@c.example"], phone="1")
    answer = await simulator.put(f"/contacts/{made['id']}/make_agent", {"occasional": True})
    assert answer.status == 200, answer.content
    assert answer.body["id"] == made["id"]
    assert answer.body["other_emails"] == []
    assert (answer.body["agent"]["occasional"], answer.body["agent"]["ticket_scope"]) == (True, 1)
    agent = (await simulator.get(f"/agents/{made['id']}")).body
    assert (agent["contact"]["email"], agent["contact"]["phone"]) == ("a@c.example", "1")
    assert (await simulator.get(f"/contacts/{made['id']}")).status == 404


async def test_make_agent_needs_an_email_and_a_seat(simulator: RunningSimulator) -> None:
    made = await contact(simulator, phone="1")
    answer = await simulator.put(f"/contacts/{made['id']}/make_agent")
    assert (answer.status, codes(answer)) == (400, [("email", "inconsistent_state")])
    await simulator.control("/config", {"max_agents": 3})
    made = await contact(simulator, email="a@c.example")
    answer = await simulator.put(f"/contacts/{made['id']}/make_agent")
    assert (answer.status, answer.body["code"]) == (403, "max_agents_reached")
    assert (await simulator.get(f"/contacts/{made['id']}")).status == 200


@given(st.lists(st.text(st.characters(codec="ascii", categories=["L"]), min_size=1), min_size=1))
def test_a_term_completes_the_start_of_any_word_and_nothing_else(words: list[str]) -> None:
    record = {"name": " ".join(words)}
    starts = {word[:end].lower() for word in words for end in range(1, len(word) + 1)}
    pieces = {
        word[start:end].lower()
        for word in words
        for start in range(len(word))
        for end in range(start + 1, len(word) + 1)
    }
    for piece in pieces:
        found = completed(piece.upper(), [record], lambda one: [one["name"]])
        assert bool(found) is (piece in starts)


async def test_far_pages_show_every_write(simulator: RunningSimulator) -> None:
    await simulator.control("/clock", {"freeze": "2026-03-03T11:00:00Z"})
    await simulator.control("/seed", {"contacts": 620})

    async def far(**query: str) -> list[int]:
        answer = await simulator.get("/contacts", per_page=100, page=6, **query)
        assert answer.status == 200, answer.content
        return [one["id"] for one in answer.body]

    async def expected(since: str = "") -> list[int]:
        records = await simulator.control("/truth?object=contacts")
        live = [one for one in records if not one["deleted"] and one["updated_at"] >= since]
        live.sort(key=lambda one: (one["name"].casefold(), one["id"]))
        return [one["id"] for one in live][500:600]

    since = "2026-01-01T00:00:00Z"
    ids = await far()
    assert ids == await expected()
    assert await far(updated_since=since) == ids
    made = (await simulator.post("/contacts", {"name": "Aa", "email": "aa@x.example"})).body["id"]
    assert await far() == await expected() != ids
    await simulator.put(f"/contacts/{made}", {"name": "Zz"})
    assert await far() == await expected() == ids
    await simulator.delete(f"/contacts/{ids[0]}")
    assert await far() == await expected() == await far(updated_since=since)
    assert ids[0] not in await far()
    await simulator.put(f"/contacts/{ids[0]}/restore")
    assert await far() == ids
    await simulator.control("/seed", {"contacts": 30, "seed": 2})
    assert await far() == await expected() != ids
    await simulator.control("/reset", {})
    assert await far() == []
