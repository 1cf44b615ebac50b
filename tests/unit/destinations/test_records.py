"""A record made ready: mapped, checked against the account's fields, its key found."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freshbridge.bulk.rows import Row
from freshbridge.destinations.checks import Described
from freshbridge.destinations.decision import decided
from freshbridge.destinations.difference import differing, unshown
from freshbridge.destinations.lookup_kinds import WantedRecord
from freshbridge.destinations.model import InvalidDestination, read_settings, write_settings
from freshbridge.destinations.preparation import InvalidRecord, Prepared, prepared
from freshbridge.destinations.quarantine import (
    columns_of,
    csv_lines,
    json_lines,
    mended,
)
from freshbridge.destinations.record_rows import RecordChecker
from freshbridge.destinations.resource_types import resource_type
from freshbridge.errors import FieldError
from tests.fakes.crm import FIELDS, MIA, field

OWNERS = {"owner": [MIA]}
NAMED = field("industry_type_id", "dropdown", choices=[{"id": "4", "value": "Retail"}])
MORE = [
    *FIELDS,
    NAMED,
    {"name": "group", "fields": [field("age", "number"), field("born", "date"),
                                 field("seen", "date_time_split")]},
    field("cf_colours", "multi_select_dropdown", default=False,
          choices=[{"id": 1, "value": "Red"}, {"id": 2, "value": "Blue"}]),
    field("cf_must", default=False, required=True),
    field("nick", required=True),
]  # fmt: skip


def ready(record: dict[str, Any], fields: Any = FIELDS, **more: Any) -> Prepared:
    given_ = {"name": "x", "template": "create_resource", "resource_type": "contacts"}
    chosen = read_settings({**given_, **more})
    return prepared(chosen, record, Described.of(fields), lambda kind: OWNERS.get(kind, []))


def problems(found: Prepared) -> dict[str, str]:
    return {one.field: one.message for one in found.problems}


@pytest.mark.parametrize(
    ("record", "wrong"),
    [
        ({"emails": "ana@fair.example"}, []),
        ({"emails": "ana@fair.example; leo@fair.example"}, []),
        ({"emails": [{"value": "ana@fair.example"}, "leo@fair.example"]}, []),
        ({"emails": "bad mail"}, ["emails"]),
        ({"email": "ana.fair.example"}, ["email"]),
        ({"emails": ["ana@fair.example", "x y@fair.example"]}, ["emails"]),
        ({"emails": [{"value": "nobody"}]}, ["emails"]),
        ({"emails": "", "last_name": "Ruiz"}, []),
    ],
)
def test_what_is_no_e_mail_address_is_told_before_it_is_sent(
    record: dict[str, Any], wrong: list[str]
) -> None:
    assert list(problems(ready(record))) == wrong
    if wrong:
        assert problems(ready(record))[wrong[0]] == "must be an e-mail address"


@pytest.mark.parametrize("label", ["Create resource", "create-resource", " CREATE_Resource "])
def test_a_template_may_be_written_as_it_is_labelled(label: str) -> None:
    given_ = {"name": "x", "template": label, "resource_type": "contacts"}
    assert read_settings(given_).template == "create_resource"
    by_hand = {"name": "x", "template": "Manual", "url": "https://{domain}/api/contacts"}
    assert write_settings(read_settings(by_hand))["template"] == "manual"


def test_what_only_creates_cannot_only_update() -> None:
    with pytest.raises(InvalidDestination) as raised:
        ready({}, mode="update_only")
    assert "only creates" in raised.value.fields[0].message
    assert ready({"last_name": "Ruiz"}, mode="create_only").problems == ()


def test_fields_come_from_where_the_rules_say() -> None:
    mapping = {
        "emails": {"from": "contact.mail", "transforms": ["lower"]},
        "last_name": {"template": "{{ record.first }} {{ record.last | upper }}"},
        "city": {"value": "Lima"},
        "job_title": {"from": "title", "default": "None"},
        "cf_tier": "tier",
        "owner_id": {"from": "seller", "lookup": "owner"},
        "sales_account_id": {"from": "firm", "lookup": {"kind": "account", "missing": "skip"}},
        "mobile_number": {"from": "nowhere"},
    }
    record = {"contact": {"mail": "A@B.example"}, "first": "Ana", "last": "Ruiz", "tier": "gold",
              "seller": "mia STONE", "firm": "Ruiz Labs"}  # fmt: skip

    found = ready(record, mapping=mapping)

    assert found.problems == ()
    assert found.fields == {
        "emails": "a@b.example", "last_name": "Ana RUIZ", "city": "Lima", "job_title": "None",
        "custom_field": {"cf_tier": "Gold"}, "owner_id": 9,
        "sales_account_id": WantedRecord("account", "name", "Ruiz Labs", optional=True),
    }  # fmt: skip
    assert "Ruiz" not in repr(found)


def test_what_no_rule_takes_is_passed_on_or_left_out() -> None:
    record = {"emails": "a@b.example", "Town": "Lima", "city": "Oslo", "cf_member": "no",
              "custom_field": {"cf_tier": "1"}}  # fmt: skip
    assert ready(record, exclude=["Town"]).fields == {
        "emails": "a@b.example", "city": "Oslo", "custom_field": {"cf_member": False,
                                                                  "cf_tier": "Gold"},
    }  # fmt: skip
    only = ready(record, mapping={"emails": "emails"})
    assert only.fields == {"emails": "a@b.example"}
    both = ready(record, mapping={"city": "Town"}, pass_unmapped=True, exclude=["cf_member"])
    assert both.fields["city"] == "Lima"
    assert both.fields["custom_field"] == {"cf_tier": "Gold"}


def test_every_mistake_is_named_at_once() -> None:
    found = ready(
        {"e": "x", "Tier": "tin", "n": "many", "s": "nobody", "b": "?"},
        MORE,
        mapping={"e_mail": "e", "cf_tier": "Tier", "age": "n", "cf_member": "b",
                 "owner_id": {"from": "s", "lookup": "owner"},
                 "first_name": {"from": "n", "transforms": ["number"]},
                 "city": {"template": "{{ record.e }}"}, "nick": {"value": ["a"]}},
    )  # fmt: skip

    assert problems(found) == {
        "owner_id": "the account has no owner of this name",
        "first_name": "number: is no number",
        "e_mail": "the account has no such field",
        "custom_field.cf_tier": "must be one of Gold, Silver",
        "age": "is no number",
        "custom_field.cf_member": "is neither yes nor no",
        "nick": "must be a text",
        "emails": "give one of emails, email, mobile_number, external_id, last_name",
        "custom_field.cf_must": "the account requires it",
    }
    with pytest.raises(InvalidRecord):
        found.refuse()


def test_values_are_written_as_the_api_takes_them() -> None:
    given_ = {"emails": "a@b.example", "age": "41", "born": "2000-01-02", "nick": "x",
              "seen": "2026-03-03T12:00:00+02:00", "industry_type_id": "retail",
              "cf_colours": "blue; RED", "cf_must": 1}  # fmt: skip
    found = ready(given_, MORE)
    assert found.problems == ()
    assert found.fields == {
        "emails": "a@b.example", "age": 41, "born": "2000-01-02", "nick": "x",
        "seen": "2026-03-03T10:00:00Z", "industry_type_id": 4,
        "custom_field": {"cf_colours": "Blue;Red", "cf_must": 1},
    }  # fmt: skip


@pytest.mark.parametrize(("policy", "sent"), [("drop", False), ("send", True)])
def test_unknown_fields_go_as_the_destination_says(policy: str, sent: bool) -> None:
    found = ready({"emails": "a@b.example", "odd": 1, "cf_odd": 2}, unknown_fields=policy)
    assert found.problems == ()
    assert ("odd" in found.fields, "custom_field" in found.fields) == (sent, sent)


def test_a_field_that_is_nearly_one_is_hinted_at() -> None:
    assert (
        "did you mean cf_tier?"
        in problems(ready({"emails": "a", "cf_Tier": 1}))["custom_field.cf_Tier"]
        or "did you mean cf_tier?" in problems(ready({"emails": "a", "tier": 1}))["tier"]
    )


@pytest.mark.parametrize(
    ("key", "record", "expected"),
    [
        ("emails", {"email": "a@b.example"}, "a@b.example"),
        ("emails", {"emails": [{"value": "a@b.example"}]}, "a@b.example"),
        ("id", {"id": " 17 ", "city": "x"}, 17),
        ("cf_tier", {"cf_tier": "Gold", "city": "x"}, "Gold"),
    ],
)
def test_the_key_is_found(key: str, record: dict[str, Any], expected: Any) -> None:
    found = ready(record, template="update", match_key=key)
    assert (found.key, found.problems) == (expected, ())
    assert "id" not in found.fields


@pytest.mark.parametrize(
    ("key", "record"), [("emails", {"city": "x"}), ("id", {"id": "x7"}), ("id", {"id": 0})]
)
def test_a_record_without_a_key_is_invalid(key: str, record: dict[str, Any]) -> None:
    assert key in problems(ready(record, template="update", match_key=key))


def test_a_deletion_needs_its_key_alone() -> None:
    found = ready({"id": 5, "odd": 1}, template="delete", match_key="id")
    assert (found.key, found.fields, found.problems) == (5, {}, ())


def test_what_a_new_record_lacks_does_not_stop_an_update() -> None:
    found = ready(
        {"name": "Firm", "city": "x"}, None, template="upsert", resource_type="deals",
        match_key="name",
    )  # fmt: skip
    assert found.problems == ()
    assert [one.field for one in found.missing] == ["amount"]
    with pytest.raises(InvalidRecord):
        found.refuse(creates=True)


def test_a_record_with_nothing_to_send_is_invalid() -> None:
    assert problems(ready({"Town": "x"}, mapping={"city": "Nowhere"}, template="update",
                          match_key="emails"))  # fmt: skip


TEXT = st.text(max_size=20)


@given(st.dictionaries(TEXT, TEXT | st.integers() | st.none() | st.lists(TEXT, max_size=3)))
@settings(max_examples=50)
def test_any_record_is_either_sent_or_told_what_is_wrong(record: dict[str, Any]) -> None:
    found = ready(record)
    known = {"emails", "email", "mobile_number", "external_id", "last_name"}
    assert found.problems or known & set(found.fields)
    assert set(found.fields) <= {*record, "custom_field"}


def rows(*records: dict[str, Any]) -> list[Row]:
    return [Row(number, 0, record) for number, record in enumerate(records, 1)]


@pytest.mark.parametrize(
    ("duplicates", "states"),
    [("first", ["waiting", "failed"]), ("last", ["failed", "waiting"]),
     ("send", ["waiting", "waiting"])],
)  # fmt: skip
def test_of_records_with_one_key_one_is_sent(duplicates: str, states: list[str]) -> None:
    chosen = read_settings({"name": "x", "template": "create_resource",
                            "resource_type": "contacts", "duplicates": duplicates})  # fmt: skip
    checker = RecordChecker(
        "act_1", "dst_1", chosen,
        lambda record: prepared(chosen, record, Described(None), lambda _kind: []),
    )  # fmt: skip
    held = [*rows({"emails": "A@b.example"}, {"email": "a@B.example "})]
    broken = Row(3, 4, {}, (FieldError("", "line 4: not JSON", "not_json"),))
    if checker.looks_ahead:
        checker.look_ahead([*held, broken])

    found = [checker.check(row) for row in [*held, broken]]

    assert [one.item.state.value for one in found[:2]] == states
    assert (found[2].item.outcome, found[2].kept) == ("invalid", True)
    assert checker.duplicates == (0 if duplicates == "send" else 1)


def test_a_quarantined_record_comes_back_as_it_was() -> None:
    record = {"phone": "+51 1", "name": "Ana", "custom_field": {"cf_a": "=x", "n": 1}, "none": None}
    chosen = read_settings({"name": "x", "template": "create_resource",
                            "resource_type": "contacts"})  # fmt: skip
    prepare = lambda one: prepared(chosen, one, Described.of(FIELDS), lambda _kind: [])  # noqa: E731 - short
    (checked,) = [RecordChecker("a", "d", chosen, prepare).check(one) for one in rows(record)]
    refused = [(checked.item, record)]

    header, line = csv_lines(refused, columns_of(refused))
    assert header.strip().split(",")[5:] == ["phone", "name", "custom_field.cf_a",
                                             "custom_field.n", "none"]  # fmt: skip
    assert "'+51 1" in line
    assert "'=x" in line
    back = {"_row": "1", "_reason": "x", "phone": "'+51 1", "custom_field": {"cf_a": "'=x"}}
    assert mended(back) == {"phone": "+51 1", "custom_field": {"cf_a": "=x"}}
    assert mended({"phone": "'+51 1"}) == {"phone": "'+51 1"}
    (told,) = json_lines(refused)
    assert '"_outcome":"invalid"' in told
    (plain,) = json_lines(refused, plain=True)
    assert "_row" not in plain


@pytest.mark.parametrize(
    ("template", "found", "more", "expected"),
    [
        ("upsert", None, {}, "upserted"),
        ("upsert", [], {}, "created"),
        ("upsert", [{"id": 1, "city": "x"}], {}, "unchanged"),
        ("upsert", [{"id": 1, "city": "y"}], {}, "updated"),
        ("upsert", [{"id": 1}, {"id": 2}], {}, "invalid"),
        ("upsert", [], {"mode": "update_only"}, "rejected"),
        ("upsert", [{"id": 1}], {"mode": "create_only"}, "unchanged"),
        ("update", [], {}, "rejected"),
        ("update", None, {}, "updated"),
        ("delete", [], {}, "unchanged"),
        ("delete", [{"id": 1}], {}, "deleted"),
        ("create_resource", [{"id": 1}], {}, "rejected"),
        ("create_resource", [{"id": 1}], {"on_duplicate": "skip"}, "unchanged"),
        ("create_resource", [{"id": 1}], {"on_duplicate": "update"}, "updated"),
    ],
)
def test_what_is_to_become_of_a_record(
    template: str, found: Any, more: dict[str, Any], expected: str
) -> None:
    chosen = read_settings({"name": "x", "template": template, "resource_type": "contacts", **more})
    made = Prepared({}, {"city": "x"}, "a@b.example")
    assert decided(chosen, made, {"city": "x"}, found, compare=True).outcome == expected


def test_a_new_record_that_lacks_something_is_invalid() -> None:
    chosen = read_settings({"name": "x", "template": "upsert", "resource_type": "deals"})
    lacking = Prepared({}, {}, "x", missing=(FieldError("amount", "is required"),))
    found = decided(chosen, lacking, {}, [], compare=True)
    assert (found.outcome, found.code) == ("invalid", "invalid_record")


def test_differences_are_named() -> None:
    held = {"id": 1, "email": "A@b.example", "emails": [{"value": "a@b.example"}], "amount": "5.0",
            "tags": ["a", "b"], "custom_field": {"cf_a": "1"}}  # fmt: skip
    same = {"emails": "a@b.example", "amount": 5, "tags": ["b", "a"], "custom_field": {"cf_a": 1}}
    assert differing(same, held) == []
    assert differing({"tags": ["a"], "city": "x", "amount": 6}, held) == ["tags", "city", "amount"]
    assert unshown({"city": 1}, held)
    assert not unshown({"email": 1}, held)


@pytest.mark.parametrize(
    ("text", "name", "wrapper"),
    [
        ("Accounts", "sales_accounts", "sales_account"),
        ("sales activity", "sales_activities", "sales_activity"),
        ("lists", "lists", ""),
        ("custom_module/cm_project", "custom_module/cm_project", "cm_project"),
        ("countries", "countries", "country"),
        ("products", "cpq/products", "product"),
    ],
)
def test_kinds_by_whatever_name(text: str, name: str, wrapper: str) -> None:
    found = resource_type(text)
    assert (found.name, found.wrapper) == (name, wrapper)


@pytest.mark.parametrize(
    "body",
    [
        {"template": "create_resource"},
        {"template": "create_resource", "resource_type": "../x"},
        {"template": "create_resource", "resource_type": "contacts", "url": "x"},
        {"template": "create_resource", "resource_type": "contacts", "batch": {"mode": True}},
        {"template": "upsert", "resource_type": "contacts", "match_key": "city"},
        {"template": "upsert", "resource_type": "tasks"},
        {"template": "update", "resource_type": "tasks", "match_key": "title"},
        {"template": "bulk_upsert", "resource_type": "leads"},
        {"template": "manual"},
        {"template": "manual", "url": "x", "body": "text"},
        {"template": "manual", "url": "x", "content_format": "xml", "body": "t",
         "batch": {"mode": True}},
        {"template": "manual", "url": "x", "headers": {"Authorization": "x"}},
        {"template": "manual", "url": "x", "headers": {"X": "a\nb"}},
        {"template": "create_resource", "resource_type": "contacts", "mapping": {"a": {}}},
        {"template": "create_resource", "resource_type": "contacts", "mapping": 7},
        {"template": "create_resource", "resource_type": "contacts",
         "mapping": {"a": {"from": "b", "lookup": "nothing"}}},
        {"template": "create_resource", "resource_type": "contacts",
         "mapping": {"a": {"from": "b", "lookup": {"kind": "owner", "by": "x"}}}},
        {"template": "create_resource", "resource_type": "contacts",
         "mapping": {"a": {"from": "b", "transforms": ["shout"]}}},
        {"template": "create_resource", "resource_type": "contacts",
         "mapping": {"a": {"template": "{{ ticket.id }}"}}},
        {"template": "create_resource", "resource_type": "contacts",
         "mapping": {"a": {"template": "{{ record. }}"}}},
    ],
)  # fmt: skip
def test_what_could_never_work_is_not_saved(body: dict[str, Any]) -> None:
    with pytest.raises(InvalidDestination):
        read_settings({"name": "x", **body})


def test_what_is_saved_is_read_as_it_was() -> None:
    body = {"name": "x", "template": "bulk_upsert", "resource_type": "contacts",
            "match_key": "email", "batch.mode": False,
            "mapping": {"city": {"from": "Town", "lookup": None}}}  # fmt: skip
    chosen = read_settings(body)
    assert read_settings(write_settings(chosen)) == chosen
    assert (chosen.key, chosen.batch.mode, chosen.keeps_unmapped) == ("emails", False, False)
