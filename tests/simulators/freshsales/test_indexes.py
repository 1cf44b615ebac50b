"""Whatever is written in whatever order, the indexes say what a look through all records says."""

from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from local.freshsales import records
from local.freshsales.account import Account
from local.freshsales.app import Simulator
from local.freshsales.errors import ApiError
from local.freshsales.model import folded
from local.freshsales.models import CONTACT, DEAL, SALES_ACCOUNT

ADDRESSES = st.sampled_from([f"{letter}@x.example" for letter in "abcdAB"])
NUMBERS = st.sampled_from(["1", "2", None])
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["create", "update", "delete", "forget", "account", "deal", "wait"]),
        st.integers(0, 5),
        st.lists(ADDRESSES, max_size=2, unique_by=str.lower),
        NUMBERS,
    ),
    max_size=25,
)


def pick(account: Account, table: str, place: int) -> dict[str, Any] | None:
    rows = [one for one in account.table(table).values() if not one["is_deleted"]]
    return rows[place % len(rows)] if rows else None


def step(account: Account, what: str, place: int, emails: list[str], number: str | None) -> None:
    contact = pick(account, "contacts", place)
    company = pick(account, "sales_accounts", place)
    values: dict[str, Any] = {"last_name": "R", "emails": emails, "mobile_number": number}
    if company is not None:
        values["sales_account_id"] = company["id"]
    people = [contact["id"]] if contact else []
    deal = {"name": "D", "amount": place, "contacts_added_list": people}
    always: dict[str, Callable[[], object]] = {
        "create": lambda: records.create(account, CONTACT, values, {}),
        "account": lambda: records.create(account, SALES_ACCOUNT, {"name": f"A{place}"}, {}),
        "deal": lambda: records.create(account, DEAL, deal, {}),
        "wait": lambda: account.clock.advance(place),
    }
    if what in always:
        always[what]()
    elif contact is not None and what == "update":
        records.update(account, CONTACT, contact, values, {})
    elif contact is not None:
        (records.delete if what == "delete" else records.forget)(account, CONTACT, contact)


@given(STEPS)
def test_indexes_agree_with_the_records(
    steps: list[tuple[str, int, list[str], str | None]],
) -> None:
    account = Account()
    Simulator(account)
    account.clock.freeze(1_800_000_000)
    for one in steps:
        before = {i: dict(record) for i, record in account.table("contacts").items()}
        try:
            step(account, *one)
        except ApiError:
            assert account.table("contacts") == before

    live = [one for one in account.table("contacts").values() if not one["is_deleted"]]
    check_keys(account, live)
    check_links(account, live)


def check_keys(account: Account, live: list[dict[str, Any]]) -> None:
    """Every key finds its one owner, every order holds each record once."""
    taken = [folded(email["value"]) for one in live for email in one["emails"]]
    assert len(taken) == len(set(taken))
    for one in live:
        for email in one["emails"]:
            assert records.find_by(account, CONTACT, "emails", email["value"]) == [one]
        if one["mobile_number"]:
            assert records.find_by(account, CONTACT, "mobile_number", one["mobile_number"]) == [one]
    for name in records.IN_ORDER:
        expected = sorted((one[name], one["id"]) for one in live)
        assert list(account.in_order["contacts", name]) == expected


def check_links(account: Account, live: list[dict[str, Any]]) -> None:
    """Parents know the children that name them, and no others; sums are those of the deals."""
    for company in account.table("sales_accounts").values():
        held = records.children(account, "contacts", "SalesAccount", company["id"])
        naming = [one for one in live if company["id"] in {x["id"] for x in one["sales_accounts"]}]
        assert sorted(one["id"] for one in held) == sorted(one["id"] for one in naming)
    for one in live:
        deals = records.children(account, "deals", "Contact", one["id"])
        assert one["open_deals_count"] == len(deals)
        assert float(one["open_deals_amount"]) == sum(float(deal["amount"]) for deal in deals)
