"""What an earlier attempt has made in Freshsales is found, or shown to be absent, or neither."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freshbridge import timestamps
from freshbridge.actions.action import Effect, Outcome
from freshbridge.actions.catalogue import CATALOGUE
from freshbridge.actions.freshsales.same_record import addresses, likeness, same
from freshbridge.actions.likeness import Likeness
from freshbridge.actions.once import OutcomeUnknown
from freshbridge.errors import Conflict, InvalidRequest
from freshbridge.http_message import ProviderReply, ProviderRequest
from tests.fakes.actions import NOW, FakeClaims, earlier_attempt
from tests.fakes.freshsales import ORIGIN, ROOT, run_freshsales
from tests.fakes.provider import FakeTransport, json_reply

MADE_AT = timestamps.to_text(NOW - timedelta(seconds=50))
LONG_AGO = "2026-02-03T12:00:00+01:00"
ABOUT = {"targetable_type": "Contact", "targetable_id": 3}
EMAIL = "ana@acme.example"
CONTACT = {"last_name": "Ruiz", "emails": EMAIL, "tags": ["vip"]}
REFUSED = json_reply({"errors": {"code": 400, "message": ["Correo ya existe"]}}, 400)


def contact(record_id: int = 7, **fields: Any) -> dict[str, Any]:
    return {
        "id": record_id, "last_name": "Ruiz", "email": EMAIL, "tags": ["vip"],
        "emails": [{"id": 1, "value": EMAIL.upper(), "is_primary": True}],
        "created_at": MADE_AT, **fields,
    }  # fmt: skip


def looked_up(
    *rows: dict[str, Any], plural: str = "contacts", total: int | None = None
) -> ProviderReply:
    meta = {"total": len(rows) if total is None else total}
    return json_reply({plural: {plural: list(rows), "meta": meta}})


def listed(plural: str, *pages: list[dict[str, Any]], **meta: Any) -> list[ProviderReply]:
    return [json_reply({plural: page, "meta": meta}) for page in pages]


def provider(**answers: Any) -> FakeTransport:
    """Makes contact 99; a name such as `GET_lookup` is a verb and a path."""
    made = FakeTransport()
    for place, given_ in answers.items():
        verb, _, path = place.partition("_")
        replies = given_ if isinstance(given_, list) else [given_]
        made.on(verb, f"{ROOT}/{path.replace('__', '/')}", *replies)
    for path, wrapper in (
        ("contacts", "contact"), ("sales_accounts", "sales_account"), ("deals", "deal"),
        ("leads", "lead"), ("tasks", "task"), ("notes", "note"), ("appointments", "appointment"),
        ("sales_activities", "sales_activity"),
    ):  # fmt: skip
        if f"POST_{path}" not in answers:
            made.on("POST", f"{ROOT}/{path}", json_reply({wrapper: {"id": 99}}))
    return made


def create(name: str, asked: dict[str, Any], made: FakeTransport, **given_: Any) -> Outcome:
    return run_freshsales(name, asked, made, **{"unsure": earlier_attempt(), **given_})


def sent(made: FakeTransport) -> list[str]:
    return [request.where for request in made.requests]


def test_every_action_that_adds_can_be_reconciled() -> None:
    for action in CATALOGUE:
        if action.platform == "freshsales":
            assert (action.reconcile is not None) is (action.effect is Effect.ADD), action.name


def test_a_contact_that_is_there_is_found_with_one_call() -> None:
    made, claims = provider(GET_lookup=looked_up(contact())), FakeClaims()

    outcome = create("create_contact", CONTACT, made, claims=claims)

    assert (outcome.data["contact_id"], outcome.data["reconciled"]) == (7, True)
    assert outcome.message.startswith("Contact created (found: ")
    assert len(made.requests) == 1
    assert list(claims.claims) == [f"{ORIGIN}#contact#7#{MADE_AT}"]


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [contact(created_at=LONG_AGO)],
        [contact(email="bo@acme.example", emails=[])],
    ],
)
def test_one_that_is_not_there_is_made(rows: list[dict[str, Any]]) -> None:
    made = provider(GET_lookup=looked_up(*rows))

    assert create("create_contact", CONTACT, made).data["contact_id"] == 99
    assert len(made.requests) == 2


@pytest.mark.parametrize(
    "lookup",
    [
        looked_up({"id": 7, "email": EMAIL, "last_name": "Ruiz"}),
        looked_up(contact(), {"id": 8, "email": EMAIL, "last_name": "Ruiz"}),
        REFUSED,
    ],
)
def test_what_a_lookup_does_not_tell_the_latest_changes_do(lookup: ProviderReply) -> None:
    made = provider(
        GET_lookup=lookup,
        POST_filtered_search__contact=listed("contacts", [contact()], total=1),
    )

    assert create("create_contact", CONTACT, made).data["contact_id"] == 7
    assert len(made.requests) == 2


def test_what_was_altered_since_proves_it_when_it_is_the_only_one() -> None:
    altered = provider(GET_lookup=looked_up(contact(tags=[])))
    assert create("create_contact", CONTACT, altered).data["contact_id"] == 7

    both = provider(GET_lookup=looked_up(contact(tags=[]), contact(8, tags=["x"])))
    with pytest.raises(OutcomeUnknown, match="2 may be it") as raised:
        create("create_contact", CONTACT, both)
    assert "contact 7, 8" in str(raised.value)
    assert EMAIL not in str(raised.value)


def test_another_action_s_record_is_no_proof() -> None:
    claims = FakeClaims(**{f"{ORIGIN}#contact#7#{MADE_AT}": "another"})
    made = provider(GET_lookup=looked_up(contact()), POST_contacts=REFUSED)

    with pytest.raises(Conflict):
        create("create_contact", CONTACT, made, claims=claims)
    assert made.requests[1].method == "POST"


def test_without_anything_to_look_up_by_what_changed_since_is_searched() -> None:
    asked = {"last_name": "Ruiz"}
    rows = [contact(8, created_at=NOW.isoformat(), last_name="Berg"), contact()]
    made = provider(POST_filtered_search__contact=listed("contacts", rows, total=2))

    outcome = create("create_contact", asked, made)

    assert outcome.data["contact_id"] == 7
    body: Any = made.requests[0].json
    since = timestamps.to_text(NOW - timedelta(seconds=60 + 120))
    assert body["filter_rule"] == [
        {"attribute": "updated_at", "operator": "is_after", "value": since}
    ]
    assert (body["sort"], body["sort_type"], body["per_page"]) == ("created_at", "desc", 100)


def page_from(first: int, count: int, **fields: Any) -> list[dict[str, Any]]:
    return [contact(first + number, last_name="Berg", **fields) for number in range(count)]


def test_more_than_two_calls_show_prove_nothing_unless_it_is_among_them() -> None:
    pages = listed("contacts", page_from(100, 100), page_from(200, 100), total=999)
    made = provider(POST_filtered_search__contact=pages)

    with pytest.raises(OutcomeUnknown, match="more than 2 calls show"):
        create("create_contact", {"last_name": "Ruiz"}, made)
    assert len(made.requests) == 2

    found = listed("contacts", page_from(100, 100), [contact()], total=999)
    made = provider(POST_filtered_search__contact=found)
    assert create("create_contact", {"last_name": "Ruiz"}, made).data["contact_id"] == 7


def test_a_list_that_goes_back_to_before_the_attempt_is_long_enough() -> None:
    rows = [*page_from(100, 5, created_at=MADE_AT), *page_from(200, 1, created_at=LONG_AGO)]
    ordered = provider(POST_filtered_search__contact=listed("contacts", rows, total=999))
    assert create("create_contact", {"last_name": "Ruiz"}, ordered).data["contact_id"] == 99
    assert len(ordered.requests) == 2

    # Nothing says so where the order is another one.
    mixed = [rows[-1], *rows[:-1]]
    pages = listed("contacts", mixed, page_from(300, 5), total=999)
    with pytest.raises(OutcomeUnknown):
        create(
            "create_contact", {"last_name": "Ruiz"}, provider(POST_filtered_search__contact=pages)
        )


def test_a_lookup_that_does_not_show_all_is_followed_by_a_search() -> None:
    made = provider(
        GET_lookup=looked_up(contact(5, created_at=LONG_AGO), plural="contacts", total=40),
        POST_filtered_search__contact=listed("contacts", [contact()], total=1),
    )

    assert create("create_contact", CONTACT, made).data["contact_id"] == 7
    assert len(made.requests) == 2


@pytest.mark.parametrize(
    ("name", "asked", "plural", "row"),
    [
        ("create_account", {"name": "Acme Ltd"}, "sales_accounts", {"name": "ACME  Ltd"}),
        ("create_deal", {"name": "Seats", "amount": 5600}, "deals",
         {"name": "Seats", "amount": "5600.0"}),
        ("create_lead", {"email": EMAIL, "last_name": "Ruiz"}, "leads",
         {"email": EMAIL, "last_name": "Ruiz"}),
        ("create_contact", {"mobile_number": "+51 955 500"}, "contacts",
         {"mobile_number": "+51955500"}),
    ],
)  # fmt: skip
def test_each_kind_is_looked_up_by_what_identifies_it(
    name: str, asked: dict[str, Any], plural: str, row: dict[str, Any]
) -> None:
    found = {"id": 7, "created_at": MADE_AT, **row}
    made = provider(GET_lookup=looked_up({**found, "id": 5, "created_at": LONG_AGO}, found,
                                         plural=plural))  # fmt: skip
    word = name.removeprefix("create_")

    outcome = create(name, asked, made)

    assert (outcome.data[f"{word}_id"], outcome.data["reconciled"]) == (7, True)
    assert len(made.requests) == 1


def test_equal_deals_are_two_and_each_action_has_its_own() -> None:
    rows = [{"id": n, "name": "Seats", "amount": "5.0", "created_at": MADE_AT} for n in (7, 8)]
    made, claims = provider(GET_lookup=looked_up(*rows, plural="deals")), FakeClaims()
    asked = {"name": "Seats", "amount": 5}

    first = create("create_deal", asked, made, claims=claims)
    claims.claims = dict.fromkeys(claims.claims, "another")
    second = create("create_deal", asked, made, claims=claims)

    assert {first.data["deal_id"], second.data["deal_id"]} == {7, 8}


TASK = {"title": "Call", "due_date": "2026-03-06T09:00:00Z"}
DEMO = {"title": "Demo", "from_date": "2026-03-06T09:00:00Z", "end_date": "2026-03-06T10:00:00Z"}
PAST = {"title": "Demo", "from_date": "2026-03-01T09:00:00Z", "end_date": "2026-03-01T10:00:00Z"}
CALL = {
    "title": "Call", "start_date": "2026-03-03T12:00:00Z", "end_date": "2026-03-03T12:10:00Z",
    "sales_activity_type_id": 5, **ABOUT,
}  # fmt: skip
NOTE = {"description": "Asked for a quote today", **ABOUT}
ACTIVITIES = [
    ("create_task", TASK, "tasks", "tasks", {"filter": "open"}),
    ("create_task", {**TASK, "status": 1}, "tasks", "tasks", {"filter": "completed"}),
    ("create_task", {**TASK, **ABOUT}, "contacts/3/tasks", "tasks", {}),
    ("create_appointment", DEMO, "appointments", "appointments", {"filter": "upcoming"}),
    ("create_appointment", PAST, "appointments", "appointments", {"filter": "past"}),
    ("create_appointment", {**DEMO, **ABOUT}, "contacts/3/appointments", "appointments", {}),
    ("create_note", NOTE, "contacts/3/notes", "notes", {}),
    ("create_sales_activity", CALL, "sales_activities", "sales_activities", {}),
]


def shown_as(asked: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """As Freshsales shows it: with the account's zone, and what it is about as a list."""
    row = {name: value for name, value in asked.items() if not name.startswith("targetable")}
    for name in ("due_date", "from_date", "end_date", "start_date"):
        if name in row:
            row[name] = row[name].replace("Z", "+00:00")
    if "targetable_id" in asked:
        row["targetables"] = [{"id": 3, "type": "Contact"}]
    return {"id": 7, "created_at": MADE_AT, **row, **fields}


@pytest.mark.parametrize(("name", "asked", "path", "plural", "query"), ACTIVITIES)
def test_what_is_about_a_record_is_found_there(
    name: str, asked: dict[str, Any], path: str, plural: str, query: dict[str, str]
) -> None:
    word = name.removeprefix("create_")
    title = "description" if word == "note" else "title"
    rows = [
        shown_as(asked, id=5, **{title: "Something else altogether"}),
        shown_as(asked, id=6, created_at=LONG_AGO),
        shown_as(asked),
    ]
    made = FakeTransport().on("GET", f"{ROOT}/{path}", *listed(plural, rows, total=3))

    outcome = create(name, asked, made)

    assert (outcome.data[f"{word}_id"], outcome.data["reconciled"]) == (7, True)
    (request,) = made.requests
    assert query.items() <= dict(request.params).items()


@pytest.mark.parametrize(("name", "asked", "path", "plural", "query"), ACTIVITIES)
def test_what_is_not_among_all_of_them_is_made(
    name: str, asked: dict[str, Any], path: str, plural: str, query: dict[str, str]
) -> None:
    del query
    word = name.removeprefix("create_")
    made = provider()
    made.on("GET", f"{ROOT}/{path}", *listed(plural, [shown_as(asked, id=6, created_at=LONG_AGO)],
                                             []))  # fmt: skip

    assert create(name, asked, made).data[f"{word}_id"] == 99
    assert len(made.requests) <= 3


@pytest.mark.parametrize(("name", "asked", "path", "plural", "query"), ACTIVITIES)
def test_more_of_them_than_two_calls_show_prove_nothing(
    name: str, asked: dict[str, Any], path: str, plural: str, query: dict[str, str]
) -> None:
    del query
    title = "description" if name == "create_note" else "title"
    pages = [
        [shown_as(asked, id=first + number, **{title: "Other"}) for number in range(100)]
        for first in (100, 200, 300)
    ]
    made = FakeTransport().on("GET", f"{ROOT}/{path}", *listed(plural, *pages))

    with pytest.raises(OutcomeUnknown, match="more than 2 calls show"):
        create(name, asked, made)
    assert len(made.requests) == 2


@pytest.mark.parametrize("ended_s", [-60, 60])
@pytest.mark.parametrize("which", ["past", "upcoming"])
def test_an_appointment_that_ends_about_now_is_looked_for_in_both_lists(
    which: str, ended_s: int
) -> None:
    end = timestamps.to_text(NOW - timedelta(seconds=ended_s))
    asked = {**DEMO, "from_date": "2026-03-03T11:00:00Z", "end_date": end}

    def answer(request: ProviderRequest) -> ProviderReply:
        rows = [shown_as(asked)] if dict(request.params)["filter"] == which else []
        return listed("appointments", rows, total=len(rows))[0]

    made = provider(GET_appointments=answer)

    assert create("create_appointment", asked, made).data["appointment_id"] == 7
    assert len(made.requests) == 2


def test_one_of_both_lists_that_goes_on_proves_nothing() -> None:
    asked = {**DEMO, "from_date": "2026-03-03T11:00:00Z", "end_date": timestamps.to_text(NOW)}
    other = shown_as(asked, title="Other")
    made = provider(GET_appointments=listed("appointments", [other], [other], total=5))

    with pytest.raises(OutcomeUnknown, match="more than 2 calls show"):
        create("create_appointment", asked, made)
    assert len(made.requests) == 2


def test_a_task_that_does_not_say_what_it_is_about_is_taken_by_the_rest() -> None:
    asked = {**TASK, **ABOUT}
    row = {name: value for name, value in shown_as(asked).items() if name != "targetables"}
    made = provider(GET_contacts__3__tasks=listed("tasks", [row], total=1))

    assert create("create_task", asked, made).data["task_id"] == 7


@pytest.mark.parametrize("there", [True, False])
def test_what_an_upsert_may_have_made_is_looked_for_first(there: bool) -> None:
    asked = {**NOTE, "marker": "Asked for"}
    rows = [shown_as(NOTE)] if there else []
    made = provider(GET_contacts__3__notes=listed("notes", rows, total=len(rows)))

    outcome = create("upsert_note", asked, made)

    assert (outcome.data["note_id"], outcome.data["created"]) == (7 if there else 99, True)
    assert outcome.data.get("reconciled", False) is there


def test_a_note_is_known_by_its_words() -> None:
    def note(description: str, **fields: Any) -> FakeTransport:
        row = shown_as(NOTE, description=description, **fields)
        return provider(GET_contacts__3__notes=listed("notes", [row], total=1))

    html = note("<div>Asked for a <b>quote</b> today</div>")
    assert create("create_note", NOTE, html).data["note_id"] == 7
    other = note("Asked for a quote today", targetables=[{"id": 4, "type": "Contact"}])
    assert create("create_note", NOTE, other).data["note_id"] == 99
    with pytest.raises(OutcomeUnknown):
        create("create_note", NOTE, note("Asked for a quote today, sent by Ravi"))


# A conversion tells by the lead


@pytest.mark.parametrize(
    ("lead", "contact_id"),
    [
        ({"id": 7, "converted_at": MADE_AT}, None),
        ({"id": 7, "converted_contact_id": 5}, 5),
        ({"id": 7, "contact_id": 5, "converted": True}, 5),
    ],
)
def test_a_lead_that_is_converted_is_not_converted_again(
    lead: dict[str, Any], contact_id: int | None
) -> None:
    made = provider(GET_leads__7=json_reply({"lead": lead}))

    outcome = create("convert_lead", {"lead_id": 7}, made)

    assert (outcome.data["lead_id"], outcome.data["reconciled"]) == (7, True)
    assert outcome.data.get("contact_id") == contact_id
    assert len(made.requests) == 1


def test_a_lead_that_is_as_it_was_is_converted() -> None:
    made = provider(
        GET_leads__7=json_reply({"lead": {"id": 7, "last_name": "Berg"}}),
        POST_leads__7__convert=json_reply({"contact": {"id": 5}}),
    )

    assert create("convert_lead", {"lead_id": 7}, made).data["contact_id"] == 5


GONE = json_reply({"errors": {"code": 404}}, 404)
DELETED = json_reply({"lead": {"id": 7, "email": EMAIL, "is_deleted": True}})


@pytest.mark.parametrize("asked", [{"lead_id": 7}, {"lead_id": 7, "email": EMAIL}])
def test_a_lead_that_is_gone_is_proved_converted_by_its_contact(asked: dict[str, Any]) -> None:
    made = provider(GET_leads__7=DELETED, GET_lookup=looked_up(contact(5)))

    outcome = create("convert_lead", asked, made)

    assert (outcome.data["contact_id"], outcome.data["reconciled"]) == (5, True)
    assert len(made.requests) == 2


@pytest.mark.parametrize(
    ("lead", "rows", "asked"),
    [
        (DELETED, [], {}),
        (DELETED, [contact(created_at=LONG_AGO)], {}),
        (DELETED, [contact(email="bo@acme.example", emails=[])], {}),
        (json_reply({"lead": {"id": 7, "is_deleted": True}}), [contact()], {}),
        (GONE, [contact()], {}),
        (GONE, [], {"email": EMAIL}),
    ],
)
def test_a_lead_that_is_gone_proves_nothing_by_itself(
    lead: ProviderReply, rows: list[dict[str, Any]], asked: dict[str, Any]
) -> None:
    made = provider(GET_leads__7=lead, GET_lookup=looked_up(*rows))
    made.on("GET", "/api/selector/owners", GONE)

    with pytest.raises(OutcomeUnknown, match="converted or deleted"):
        create("convert_lead", {"lead_id": 7, **asked}, made)
    assert all(request.read_only for request in made.requests)


# What exists already


def again(name: str, asked: dict[str, Any], made: FakeTransport, **given_: Any) -> Outcome:
    return run_freshsales(name, asked, made, **given_)


def test_a_refusal_in_any_language_leads_to_the_record_that_has_the_value() -> None:
    made = provider(POST_contacts=REFUSED, GET_lookup=looked_up(contact()))

    with pytest.raises(Conflict, match="The contact exists already") as raised:
        again("create_contact", CONTACT, made)

    assert (raised.value.existing_id, raised.value.status) == (7, 400)
    assert raised.value.provider_message == "Correo ya existe"
    assert "contact 7" in raised.value.advice
    assert [request.method for request in made.requests] == ["POST", "GET"]


def test_it_is_returned_or_updated_where_that_was_asked_for() -> None:
    updated = json_reply({"contact": contact(job_title="CTO")})
    made = provider(POST_contacts=REFUSED, GET_lookup=looked_up(contact()), PUT_contacts__7=updated)

    returned = again("create_contact", {**CONTACT, "on_duplicate": "return"}, made)
    changed = again("create_contact", {**CONTACT, "on_duplicate": "update"}, made)

    assert (returned.data["created"], returned.data["updated"]) == (False, False)
    assert (changed.data["created"], changed.data["updated"]) == (False, True)
    assert made.requests[-1].json == {"contact": {**CONTACT, "emails": [EMAIL]}}
    assert changed.data["contact"]["job_title"] == "CTO"


@pytest.mark.parametrize(
    ("asked", "rows"),
    [
        (CONTACT, []),
        # A lookup may find what only begins like it.
        (CONTACT, [contact(email="diana@acme.example", emails=[])]),
    ],
)
def test_a_refusal_that_no_record_explains_is_a_refusal(
    asked: dict[str, Any], rows: list[dict[str, Any]]
) -> None:
    made = provider(POST_contacts=REFUSED, GET_lookup=looked_up(*rows))

    with pytest.raises(InvalidRequest) as raised:
        again("create_contact", asked, made)
    assert not isinstance(raised.value, Conflict)
    assert raised.value.provider_message == "Correo ya existe"


def test_each_unique_value_is_looked_up_until_one_is_found() -> None:
    asked = {
        "emails": [EMAIL, "ana@home.example"], "email": EMAIL, "external_id": "crm-1",
        "mobile_number": "+51 955 500",
    }  # fmt: skip
    hit = contact(mobile_number="+51955500", external_id="crm-9")
    answers = {
        EMAIL: looked_up(),
        "ana@home.example": looked_up(),
        "+51 955 500": REFUSED,
        "crm-1": looked_up({**hit, "external_id": "CRM-1"}),
    }
    values = []

    def answer(request: ProviderRequest) -> ProviderReply:
        value = dict(request.params)["q"]
        values.append(value)
        return answers[value]

    made = provider(POST_contacts=REFUSED, GET_lookup=answer)

    with pytest.raises(Conflict) as raised:
        again("create_contact", asked, made)
    assert raised.value.existing_id == 7
    assert values == [EMAIL, "ana@home.example", "+51 955 500", "crm-1"]


def test_what_another_status_refuses_is_no_duplicate() -> None:
    made = provider(POST_contacts=json_reply({"message": "no"}, 422))

    with pytest.raises(InvalidRequest):
        again("create_contact", CONTACT, made)
    assert len(made.requests) == 1


def test_a_deal_is_never_a_duplicate() -> None:
    made = provider(POST_deals=REFUSED)

    with pytest.raises(InvalidRequest):
        again("create_deal", {"name": "Seats", "amount": 5}, made)
    assert len(made.requests) == 1


@pytest.mark.parametrize(
    ("found", "own"),
    [(contact(), True), (contact(created_at=LONG_AGO), False), (contact(tags=[]), False)],
)
def test_what_the_index_did_not_hold_in_time_is_found_by_the_refusal(
    found: dict[str, Any], *, own: bool
) -> None:
    # Given an index that shows the record only after the second creation was refused
    made = provider(POST_contacts=REFUSED, GET_lookup=[looked_up(), looked_up(found)])

    if not own:
        with pytest.raises(Conflict):
            create("create_contact", CONTACT, made)
        return
    outcome = create("create_contact", CONTACT, made)

    assert (outcome.data["contact_id"], outcome.data["created"]) == (7, True)
    assert outcome.data["reconciled"] is True


def test_an_upsert_that_met_another_one_updates_what_that_one_made() -> None:
    asked = {"unique_identifier": {"emails": EMAIL}, "job_title": "CTO"}
    made = provider(
        POST_contacts__upsert=REFUSED, GET_lookup=looked_up(contact()),
        PUT_contacts__7=json_reply({"contact": contact()}),
    )  # fmt: skip

    outcome = again("upsert_contact", asked, made)

    assert (outcome.data["contact_id"], outcome.data["created"]) == (7, False)
    assert made.requests[-1].json == {"contact": {"job_title": "CTO"}}
    lost = provider(POST_contacts__upsert=REFUSED, GET_lookup=looked_up())
    with pytest.raises(InvalidRequest):
        again("upsert_contact", asked, lost)


# Whether two values are one

VALUES = st.none() | st.booleans() | st.integers() | st.text() | st.decimals(allow_nan=False)


@given(VALUES)
def test_a_value_is_itself_however_it_is_written(value: Any) -> None:
    assert same(value, value)
    if not isinstance(value, bool) and value is not None:
        assert same(value, str(value))
        assert same([value], [str(value), "more"])
        assert same({"a": value}, {"a": str(value), "b": 1})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (5600, "5600.0"),
        ("5600.00", 5600.0),
        ("2026-03-06T09:00:00Z", "2026-03-06T10:00:00+01:00"),
        (" Acme  Ltd", "acme ltd"),
        (5, {"id": 5, "name": "x"}),
        ([{"id": 5}], [{"id": 5, "partial": True}, {"id": 6}]),
        ([5], [{"id": 5}]),
    ],
)
def test_values_that_are_one(one: Any, other: Any) -> None:
    assert same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [(5, 6), ("a", "b"), (True, 1), (0, False), ([5], []), ([5], None), ({"a": 1}, None),
     ("2026-03-06T09:00:00Z", "2026-03-06T09:00:00+01:00"), ("NaN", "Infinity"), (5, None)],
)  # fmt: skip
def test_values_that_are_two(one: Any, other: Any) -> None:
    assert not same(one, other)


@given(st.dictionaries(st.sampled_from(["name", "city", "tags"]), VALUES))
def test_what_a_record_does_not_tell_is_no_difference(asked: dict[str, Any]) -> None:
    assert likeness(("name",), asked, {}) is Likeness.SAME
    assert likeness(("name",), asked, asked) is Likeness.SAME
    changed = {name: [object()] for name in asked}
    if "name" in asked:
        assert likeness(("name",), asked, changed) is Likeness.OTHER
    elif asked:
        assert likeness(("name",), asked, changed) is Likeness.ALTERED


@given(st.lists(st.emails(), max_size=3))
def test_addresses_are_read_in_every_form(listed_: list[str]) -> None:
    wanted = {one.strip().casefold() for one in listed_}
    objects = [{"value": one, "is_primary": True} for one in listed_]

    assert addresses({"emails": listed_}) == addresses({"emails": objects}) == wanted
    if listed_:
        assert addresses({"emails": listed_[0]}) == addresses({"email": listed_[0]})
