"""A link's configuration is read, checked and shown."""

from __future__ import annotations

from typing import Any

import pytest

from freshbridge.customers.link import Deletions, Direction, Kind, Policy, Side
from freshbridge.customers.link_reading import InvalidLink, read_link, write_link

IDS = {"freshdesk_instance_id": "1", "freshsales_instance_id": "2"}
NAME = {"freshdesk": "name", "freshsales": "name"}


def contacts(*fields: Any, **rules: Any) -> dict[str, Any]:
    return IDS | {"objects": {"contacts": {"fields": [NAME, *fields], **rules}}}


def test_what_is_not_said_is_as_usual() -> None:
    link = read_link(IDS, link_id="lnk_1")

    assert [one.kind for one in link.kinds] == [Kind.COMPANIES, Kind.CONTACTS]
    assert (link.direction, link.policy) == (Direction.BOTH, Policy.NEWEST)
    assert (link.deletions, link.creates) == (Deletions.IGNORE, frozenset(Side))
    # The address of a company leads one way only, for to write one domain drops the others.
    website = link.kinds[0].fields[1]
    assert (website.name, website.direction) == ("domains", Direction.TO_FRESHSALES)
    assert not link.writes(website, Side.FRESHDESK)


def test_contacts_alone_have_no_company() -> None:
    link = read_link(IDS | {"objects": ["contacts"]}, link_id="lnk_1")

    (rules,) = link.kinds
    assert "company_id" not in [rule.name for rule in rules.fields]
    assert link.rules(Kind.COMPANIES) is None


def test_a_link_that_is_shown_reads_as_itself() -> None:
    body = contacts(
        {
            "freshdesk": "custom_fields.tier", "freshsales": "custom_field.cf_tier",
            "values": {"gold": "Gold"}, "conflict": "freshdesk_wins",
            "direction": "to_freshsales", "default_freshsales": "Bronze",
        },
        match=["external_id", "email"],
    ) | {"direction": "both", "create": ["freshsales"], "freshdesk_instance_id": 193}  # fmt: skip
    link = read_link(body, link_id="lnk_1", created_at="t", updated_at="u")

    assert read_link(write_link(link), link_id="lnk_1", created_at="t", updated_at="u") == link
    assert link.freshdesk_instance_id == "193"
    tier = link.kinds[0].fields[1]
    assert link.policy_of(tier) is Policy.FRESHDESK_WINS
    assert (tier.convert, link.kinds[0].fields[0].convert) == ("text", "full_name")
    assert not link.may_create(Side.FRESHDESK)
    assert (link.side_of("193"), link.side_of("2"), link.side_of("3")) == (
        Side.FRESHDESK, Side.FRESHSALES, None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("body", "place", "said"),
    [
        ({}, "freshdesk_instance_id", "give the id"),
        (IDS | {"colour": 1}, "colour", "is unknown"),
        (IDS | {"enabled": "yes"}, "enabled", "true or false"),
        (IDS | {"name": 7}, "name", "text of up to"),
        (IDS | {"direction": "up"}, "direction", "both, to_freshsales, to_freshdesk"),
        (IDS | {"conflict": None}, "conflict", "newest"),
        (IDS | {"deletions": "burn"}, "deletions", "ignore, unlink, delete"),
        (IDS | {"create": "freshdesk"}, "create", "list of the sides"),
        (IDS | {"create": ["slack"]}, "create", "list of the sides"),
        (IDS | {"objects": {}}, "objects", "companies or contacts"),
        (IDS | {"objects": {"deals": {}}}, "objects", "companies or contacts"),
        (IDS | {"objects": {"contacts": 1}}, "objects.contacts", "match and fields"),
        (contacts(match=["name"]), "objects.contacts.match", "email, external_id"),
        (contacts(match=[]), "objects.contacts.match", "in the order"),
        (IDS | {"objects": {"contacts": {"fields": []}}}, "objects.contacts.fields", "1 to 60"),
        (contacts({"freshdesk": "tags", "freshsales": "tags"}),
         "objects.contacts.fields.1.freshdesk", "list does not show it"),
        (contacts({"freshdesk": "a b", "freshsales": "x"}),
         "objects.contacts.fields.1.freshdesk", "custom_fields.<name>"),
        (contacts({"freshdesk": "x", "freshsales": "custom_fields.y"}),
         "objects.contacts.fields.1.freshsales", "custom_field.cf_<name>"),
        (contacts({"freshdesk": "x", "freshsales": "y", "convert": "rot13"}),
         "objects.contacts.fields.1.convert", "full_name"),
        (contacts({"freshdesk": "x", "freshsales": "y", "colour": 1}),
         "objects.contacts.fields.1.colour", "is unknown"),
        (contacts({"freshdesk": "x", "freshsales": "y", "values": {"a": "b", "c": "b"}}),
         "objects.contacts.fields.1.values", "each of these once"),
        (contacts({"freshdesk": "x", "freshsales": "y", "default_freshdesk": 5}),
         "objects.contacts.fields.1.default_freshdesk", "text of up to"),
        (contacts({"freshdesk": "x", "freshsales": "y", "conflict": "loudest"}),
         "objects.contacts.fields.1.conflict", "freshdesk_wins"),
        (contacts("no object"), "objects.contacts.fields.1", "must be an object"),
        (contacts({"freshdesk": "name", "freshsales": "last_name"}),
         "objects.contacts.fields", "name of freshdesk is in two pairs"),
        (contacts({"freshdesk": "company_id", "freshsales": "sales_account_id"}),
         "objects.contacts.fields", "where companies are linked too"),
        (IDS | {"objects": {"contacts": {"fields": [{"freshdesk": "email",
                                                     "freshsales": "email"}]}}},
         "objects.contacts.fields", "nothing can be created without"),
        (IDS | {"objects": {"companies": {"fields": [
            NAME, {"freshdesk": "domains", "freshsales": "website", "direction": "both"}]}}},
         "objects.companies.fields.1.direction", "would drop the others"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_place(body: Any, place: str, said: str) -> None:
    with pytest.raises(InvalidLink) as refused:
        read_link(body, link_id="lnk_1")

    found = {one.field: one.message for one in refused.value.fields}
    assert said in found[place]


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(InvalidLink) as refused:
        read_link({"direction": "up", "create": 1}, link_id="lnk_1")

    assert len(refused.value.fields) == 4
