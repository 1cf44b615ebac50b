"""Search, lookup, filtered search, and the lag of their index."""

from typing import Any

import pytest

from tests.simulators.freshsales.conftest import RunningSimulator


async def found(suite: RunningSimulator, *rules: tuple[str, str, Any], **body: Any) -> list[str]:
    """The addresses of the contacts that hold to the rules."""
    listed = [{"attribute": a, "operator": o, "value": v} for a, o, v in rules]
    answer = await suite.post("/filtered_search/contact", {"filter_rule": listed, **body})
    assert answer.status == 200, answer.content
    return [one["email"] for one in answer.body["contacts"]]


async def test_search_answers_a_bare_array_with_ids_as_text(suite: RunningSimulator) -> None:
    account = await suite.made("sales_accounts", name="Ruiz Labs", website="ruiz.example")
    contact = await suite.contact("ana@x.example", sales_account_id=account["id"])
    await suite.made("deals", name="Ruiz seats", amount=1)
    body = (await suite.get("/search", q="ruiz", include="contact,sales_account,deal,user")).body
    assert [(one["type"], one["id"]) for one in body[:2]] == [
        ("contact", str(contact["id"])), ("sales_account", str(account["id"]))
    ]  # fmt: skip
    assert body[0]["primary_sales_account_name"] == "Ruiz Labs"
    assert body[1]["website"] == "ruiz.example"
    assert body[0]["owner"]["name"] == "Mia Stone"
    assert [one["type"] for one in body] == ["contact", "sales_account", "deal"]
    assert len((await suite.get("/search", q="ruiz", include="contact,deal", per_page=1)).body) == 1
    people = (await suite.get("/search", q="noor", include="user")).body
    assert [one["type"] for one in people] == ["user"]
    assert (await suite.get("/search", include="contact")).status == 400


async def test_lookup_nests_a_list_per_kind(suite: RunningSimulator) -> None:
    contact = await suite.contact("ana@x.example", custom_field={"cf_tier": "Gold"}, city="Lima")
    account = await suite.made("sales_accounts", name="Ruiz Labs")
    body = (await suite.get("/lookup", q="ANA@x.example", f="email", entities="contact")).body
    assert body["contacts"]["meta"] == {"total": 1}
    assert body["contacts"]["contacts"][0]["id"] == contact["id"]
    body = (
        await suite.get("/lookup", q="ruiz labs", f="name", entities="contact,sales_account")
    ).body
    assert body["contacts"] == {"contacts": [], "meta": {"total": 0}}
    assert [one["id"] for one in body["sales_accounts"]["sales_accounts"]] == [account["id"]]
    for value, attribute in (("gold", "cf_tier"), ("Lima", "city"), ("Ruiz", "name")):
        body = (await suite.get("/lookup", q=value, f=attribute, entities="contact")).body
        assert body["contacts"]["meta"] == {"total": 1}, attribute


@pytest.mark.parametrize(
    "query",
    [
        {"q": "a", "f": "email"},
        {"f": "email", "entities": "contact"},
        {"q": "a", "f": "email", "entities": "ship"},
        {"q": "a", "f": "email", "entities": "lead"},
    ],
)
async def test_a_lookup_that_lacks_something(
    suite: RunningSimulator, query: dict[str, str]
) -> None:
    assert (await suite.get("/lookup", **query)).status == 400


async def test_filtered_rows_are_partial_unless_detail_is_asked(suite: RunningSimulator) -> None:
    await suite.contact("ana@x.example", custom_field={"cf_tier": "Gold"})
    body = {"filter_rule": [{"attribute": "cf_tier", "operator": "is", "value": "Gold"}]}
    short = (await suite.post("/filtered_search/contact", body)).body
    assert set(short["meta"]) == {"total", "avatar_data"}
    assert short["contacts"][0]["partial"] is True
    assert "custom_field" not in short["contacts"][0]
    full = (await suite.post("/filtered_search/contact", {**body, "detail": True})).body
    assert full["contacts"][0]["custom_field"]["cf_tier"] == "Gold"


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (("contact_email.email", "is_in", ["A@x.example", "z@x.example"]), ["a@x.example"]),
        (("contact_email.email", "is", "b@x.example"), ["b@x.example"]),
        (("city", "is_not", "Lima"), ["b@x.example"]),
        (("city", "is_not_in", ["Lima", "Oslo"]), ["b@x.example"]),
        (("city", "contains", "im"), ["a@x.example"]),
        (("city", "starts_with", "li"), ["a@x.example"]),
        (("cf_seats", "is_gt", 5), ["b@x.example"]),
        (("cf_seats", "is_lt", 5), ["a@x.example"]),
        (("name", "equals", "Ana Ruiz"), ["a@x.example"]),
        (("created_at", "is_after", "2026-03-03T10:00:00Z"), ["b@x.example"]),
        (("created_at", "is_before", "2026-03-03T12:00:30+02:00"), ["a@x.example"]),
        (("deleted", "is", 1), ["gone@x.example"]),
    ],
)
async def test_rules(
    suite: RunningSimulator, rule: tuple[str, str, Any], expected: list[str]
) -> None:
    await suite.control("/clock", {"freeze": "2026-03-03T10:00:00Z"})
    await suite.contact("a@x.example", first_name="Ana", city="Lima", custom_field={"cf_seats": 3})
    await suite.control("/clock", {"advance_s": 60})
    await suite.contact("b@x.example", custom_field={"cf_seats": 10})
    gone = await suite.contact("gone@x.example", city="Lima")
    await suite.delete(f"/contacts/{gone['id']}")
    assert await found(suite, rule) == expected


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"attribute": "nonsense", "operator": "is", "value": 1}, "Attribute is invalid"),
        ({"attribute": "city", "operator": "like", "value": 1}, "Operator is invalid"),
        ({"attribute": "updated_at", "operator": "is_after", "value": "soon"}, "Value is invalid"),
        ({"attribute": "city", "operator": "is_gt", "value": [1, 2]}, "Value is invalid"),
        ({"operator": "is", "value": 1}, "Filter rule is invalid"),
    ],
)
async def test_a_rule_that_cannot_be_understood(
    suite: RunningSimulator, rule: dict[str, Any], message: str
) -> None:
    answer = await suite.post("/filtered_search/contact", {"filter_rule": [rule]})
    assert (answer.status, answer.messages) == (400, [message])


async def test_a_filtered_search_is_paged_and_sorted_from_body_or_query(
    suite: RunningSimulator,
) -> None:
    await suite.control("/seed", {"contacts": 30})
    rule = {"attribute": "updated_at", "operator": "is_after", "value": "2000-01-01T00:00:00Z"}
    order = {"sort": "updated_at", "sort_type": "desc", "page": 2, "per_page": 10}
    body = {"filter_rule": [rule]}
    inside = (await suite.post("/filtered_search/contact", {**body, **order})).body
    beside = (await suite.post("/filtered_search/contact", body, **order)).body
    assert inside == beside
    assert inside["meta"]["total"] == 30
    stamps = [one["updated_at"] for one in inside["contacts"]]
    assert stamps == sorted(stamps, reverse=True)
    assert len(stamps) == 10
    assert (await suite.post("/filtered_search/ship", body)).status == 400
    assert (await suite.post("/filtered_search/contact", {})).status == 400


async def test_rules_about_accounts_and_boxes(suite: RunningSimulator) -> None:
    account = (await suite.made("sales_accounts", name="A"))["id"]
    await suite.contact("a@x.example", sales_account_id=account, custom_field={"cf_is_active": 1})
    await suite.contact("b@x.example", custom_field={"cf_is_active": False})
    assert await found(suite, ("sales_account_id", "is", account)) == ["a@x.example"]
    assert await found(suite, ("cf_is_active", "is", True)) == ["a@x.example"]
    assert await found(suite, ("cf_is_active", "is", "false")) == ["b@x.example"]
    # What to include may stand in the body as well.
    body = {"filter_rule": [], "include": "owner", "detail": True}
    rows = (await suite.post("/filtered_search/contact", body)).body
    assert rows["users"][0]["id"] == rows["contacts"][0]["owner_id"]
    rows = (await suite.post("/filtered_search/contact", {**body, "detail": False})).body
    assert rows["users"][0]["id"] == rows["contacts"][0]["owner_id"]
    assert rows["contacts"][0]["partial"] is True


async def test_search_looks_at_every_address(suite: RunningSimulator) -> None:
    await suite.made("contacts", last_name="R", emails=["a@x.example", "other@y.example"])
    hits = (await suite.get("/search", q="y.example", include="contact")).body
    assert [one["email"] for one in hits] == ["a@x.example"]


async def test_the_index_lags_behind_writes(suite: RunningSimulator) -> None:
    await suite.control("/clock", {"freeze": "2026-03-03T10:00:00Z"})
    old = await suite.contact("old@x.example", city="Lima")
    await suite.control("/config", {"search_index_lag_s": 5})
    new = await suite.contact("new@x.example", city="Lima")
    await suite.put(f"/contacts/{old['id']}", {"contact": {"city": "Oslo"}})

    async def looked_up(address: str) -> int:
        body = (await suite.get("/lookup", q=address, f="email", entities="contact")).body
        total: int = body["contacts"]["meta"]["total"]
        return total

    assert await found(suite, ("city", "is", "Lima")) == ["old@x.example"]
    assert (await looked_up("new@x.example"), await looked_up("old@x.example")) == (0, 1)
    # The records themselves and the check for duplicates do not wait for it.
    assert (await suite.get(f"/contacts/{new['id']}")).body["contact"]["city"] == "Lima"
    twin = await suite.post("/contacts", {"contact": {"emails": "new@x.example"}})
    assert twin.messages == ["Email is not unique"]
    await suite.control("/clock", {"advance_s": 3})
    await suite.put(f"/contacts/{old['id']}", {"contact": {"city": "Pune"}})
    await suite.control("/clock", {"advance_s": 3})
    lima = await found(suite, ("city", "is", "Lima"))
    assert sorted(lima) == ["new@x.example", "old@x.example"]
    await suite.control("/clock", {"advance_s": 3})
    assert await found(suite, ("city", "is", "Pune")) == ["old@x.example"]
    assert await looked_up("new@x.example") == 1
    await suite.delete(f"/contacts/{new['id']}")
    assert await looked_up("new@x.example") == 1
    await suite.control("/clock", {"advance_s": 6})
    assert await looked_up("new@x.example") == 0
