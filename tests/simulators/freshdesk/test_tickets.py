"""Tickets: what creating and changing takes, and what it answers."""

import pytest

from tests.simulators.freshdesk.conftest import RunningSimulator, basic

VIEW_KEYS = {
    "cc_emails", "fwd_emails", "reply_cc_emails", "ticket_cc_emails", "ticket_bcc_emails",
    "fr_escalated", "spam", "email_config_id", "group_id", "priority", "requester_id",
    "responder_id", "source", "company_id", "status", "subject", "association_type",
    "support_email", "to_emails", "product_id", "id", "type", "due_by", "fr_due_by",
    "is_escalated", "description", "description_text", "structured_description",
    "custom_fields", "created_at", "updated_at", "tags", "attachments",
    "source_additional_info", "form_id", "nr_due_by", "nr_escalated", "sentiment_score",
    "initial_sentiment_score",
}  # fmt: skip


async def test_create_answers_201_with_location_defaults_and_every_key(
    simulator: RunningSimulator,
) -> None:
    body = {"email": "a@b.example", "subject": "Hi", "description": "<p>One &amp; two</p>"}
    answer = await simulator.post("/tickets", body)
    assert answer.status == 201
    assert answer.headers["Location"] == f"{simulator.url}/api/v2/tickets/1"
    ticket = answer.body
    assert ticket.keys() == VIEW_KEYS
    assert (ticket["id"], ticket["status"], ticket["priority"], ticket["source"]) == (1, 2, 1, 2)
    assert ticket["description"] == "<p>One &amp; two</p>"
    assert ticket["description_text"] == "One & two"
    assert (await simulator.get("/tickets/1")).body == ticket


async def test_due_dates_are_null_at_first_and_filled_by_the_sla_engine(
    simulator: RunningSimulator,
) -> None:
    await simulator.control("/clock", {"freeze": "2026-03-03T11:00:00Z"})
    created = await simulator.ticket(priority=4)
    assert (created["due_by"], created["fr_due_by"]) == (None, None)
    await simulator.control("/clock", {"advance_s": 2})
    ticket = (await simulator.get("/tickets/1")).body
    assert ticket["fr_due_by"] == "2026-03-03T12:00:00Z"
    assert ticket["due_by"] == "2026-03-03T15:00:00Z"
    assert ticket["updated_at"] == created["updated_at"]


async def test_due_dates_that_were_sent_stay(simulator: RunningSimulator) -> None:
    await simulator.control("/clock", {"freeze": "2026-03-03T11:00:00Z"})
    dates = {"due_by": "2026-03-05T12:00:00+02:00", "fr_due_by": "2026-03-04"}
    created = await simulator.ticket(**dates)
    await simulator.control("/clock", {"advance_s": 60})
    ticket = (await simulator.get("/tickets/1")).body
    assert created["due_by"] == ticket["due_by"] == "2026-03-05T10:00:00Z"
    assert ticket["fr_due_by"] == "2026-03-04T00:00:00Z"


@pytest.mark.parametrize(
    ("dates", "field"),
    [
        ({"due_by": "2099-01-01"}, "fr_due_by"),
        ({"due_by": "2001-01-02", "fr_due_by": "2001-01-01"}, "due_by"),
        ({"due_by": "2099-01-01", "fr_due_by": "2099-01-02"}, "fr_due_by"),
        ({"due_by": "tomorrow", "fr_due_by": "2099-01-02"}, "due_by"),
    ],
)
async def test_impossible_due_dates_are_refused(
    simulator: RunningSimulator, dates: dict[str, str], field: str
) -> None:
    body = {"email": "a@b.example", "subject": "s", "description": "d", **dates}
    answer = await simulator.post("/tickets", body)
    assert (answer.status, answer.errors[0]["field"]) == (400, field)


@pytest.mark.parametrize(
    ("field", "value", "message", "code"),
    [
        (
            "status", "2",
            "Value set is of type String.It should be one of these values: '2,3,4,5,6,7'",
            "datatype_mismatch",
        ),
        ("status", 9, "It should be one of these values: '2,3,4,5,6,7'", "invalid_value"),
        ("priority", 5, "It should be one of these values: '1,2,3,4'", "invalid_value"),
        (
            "responder_id", "88",
            "Value set is of type String. It should be a/an Integer.", "datatype_mismatch",
        ),
        (
            "tags", "billing",
            "Value set is of type String. It should be a/an Array.", "datatype_mismatch",
        ),
        ("foo", 1, "Unexpected/invalid field in request", "invalid_field"),
        ("created_at", "2026-01-01", "Unexpected/invalid field in request", "invalid_field"),
        ("email", "nobody", "It should be in the 'valid email address' format", "invalid_value"),
        ("group_id", 7, "There is no group matching the given group_id", "invalid_value"),
    ],
)  # fmt: skip
async def test_wrong_attributes_answer_the_vendors_words(
    simulator: RunningSimulator, field: str, value: object, message: str, code: str
) -> None:
    body = {"email": "a@b.example", "subject": "s", "description": "d", field: value}
    answer = await simulator.post("/tickets", body)
    assert answer.status == 400
    assert answer.errors == [{"field": field, "message": message, "code": code}]
    assert simulator.account.tickets == {}


async def test_every_offence_is_reported_at_once(simulator: RunningSimulator) -> None:
    answer = await simulator.post("/tickets", {"priority": "1", "foo": 1, "email": "a@b.example"})
    assert [one["field"] for one in answer.errors] == ["priority", "foo"]


async def test_custom_fields_are_checked_by_the_accounts_form(simulator: RunningSimulator) -> None:
    body = {"email": "a@b.example", "subject": "s", "description": "d"}
    wrong = {"cf_region": "Mars", "cf_vip": "yes", "cf_renewal_date": "2026-02-30", "cf_no": 1}
    answer = await simulator.post("/tickets", {**body, "custom_fields": wrong})
    assert [(one["field"], one["code"]) for one in answer.errors] == [
        ("custom_fields.cf_region", "invalid_value"),
        ("custom_fields.cf_vip", "datatype_mismatch"),
        ("custom_fields.cf_renewal_date", "invalid_value"),
        ("custom_fields.cf_no", "invalid_field"),
    ]
    assert answer.errors[0]["message"] == "It should be one of these values: 'EMEA,APAC,AMER'"


async def test_subject_and_description_are_mandatory_by_the_form(
    simulator: RunningSimulator,
) -> None:
    answer = await simulator.post("/tickets", {"email": "a@b.example"})
    assert answer.errors == [
        {"field": name, "message": "Mandatory attribute missing", "code": "missing_field"}
        for name in ("description", "subject")
    ]


async def test_a_field_required_for_closure_is_asked_for_on_closing_only(
    simulator: RunningSimulator,
) -> None:
    for definition in simulator.account.ticket_fields.values():
        definition["required_for_closure"] = definition["name"] == "cf_region"
    await simulator.ticket()
    assert (await simulator.put("/tickets/1", {"status": 3})).status == 200
    refused = await simulator.put("/tickets/1", {"status": 4})
    assert refused.errors[0]["field"] == "custom_fields.cf_region"
    taken = await simulator.put("/tickets/1", {"status": 4, "custom_fields": {"cf_region": "EMEA"}})
    assert taken.body["status"] == 4


async def test_a_requester_is_found_by_any_identifier_or_made(simulator: RunningSimulator) -> None:
    by_email = await simulator.ticket(email="Mira@Client.example", name="Mira Holt")
    again = await simulator.ticket(email="mira@client.example")
    by_id = await simulator.ticket(email=None, requester_id=by_email["requester_id"])
    by_phone = await simulator.ticket(email=None, phone="+42 1", name="Tomas")
    external = await simulator.ticket(email=None, unique_external_id="crm-1")
    assert by_email["requester_id"] == again["requester_id"] == by_id["requester_id"]
    assert len({one["requester_id"] for one in (by_email, by_phone, external)}) == 3
    view = (await simulator.get("/tickets/1", include="requester")).body["requester"]
    assert view == {
        "id": by_email["requester_id"], "name": "Mira Holt", "email": "Mira@Client.example",
        "mobile": None, "phone": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("who", "field"),
    [
        ({}, "requester_id"), ({"name": "Nobody"}, "requester_id"), ({"phone": "1"}, "name"),
        ({"requester_id": 5}, "requester_id"), ({"facebook_id": "f"}, "facebook_id"),
    ],
)  # fmt: skip
async def test_a_ticket_needs_a_requester(
    simulator: RunningSimulator, who: dict[str, object], field: str
) -> None:
    answer = await simulator.post("/tickets", {"subject": "s", "description": "d", **who})
    assert (answer.status, answer.errors[0]["field"]) == (400, field)


async def test_update_replaces_tags_merges_custom_fields_and_moves_updated_at(
    simulator: RunningSimulator,
) -> None:
    await simulator.control("/clock", {"freeze": True})
    await simulator.ticket(tags=["a", "b"], custom_fields={"cf_order_id": "7", "cf_vip": True})
    await simulator.control("/clock", {"advance_s": 5})
    change = {"tags": ["c"], "custom_fields": {"cf_vip": False}, "priority": 3}
    ticket = (await simulator.put("/tickets/1", change)).body
    assert (ticket["tags"], ticket["priority"]) == (["c"], 3)
    assert (ticket["custom_fields"]["cf_order_id"], ticket["custom_fields"]["cf_vip"]) == (
        "7",
        False,
    )
    assert ticket["updated_at"] > ticket["created_at"]


@pytest.mark.parametrize("field", ["cc_emails", "related_ticket_ids", "description_html", "spam"])
async def test_update_refuses_what_only_create_takes(
    simulator: RunningSimulator, field: str
) -> None:
    await simulator.ticket()
    answer = await simulator.put("/tickets/1", {field: []})
    assert answer.errors[0] == {
        "field": field, "message": "Unexpected/invalid field in request", "code": "invalid_field",
    }  # fmt: skip


async def test_a_deleted_ticket_can_be_seen_and_restored_but_not_changed(
    simulator: RunningSimulator,
) -> None:
    await simulator.ticket()
    assert (await simulator.put("/tickets/1/restore")).status == 404
    gone = await simulator.delete("/tickets/1")
    assert (gone.status, gone.content) == (204, b"")
    refused = await simulator.put("/tickets/1", {"priority": 2})
    assert refused.status == 405
    assert refused.body == {
        "message": "PUT method is not allowed. It should be one of these method(s): GET"
    }
    assert (await simulator.delete("/tickets/1")).status == 405
    assert (await simulator.post("/tickets/1/notes", {"body": "x"})).status == 405
    assert (await simulator.get("/tickets/1")).body["deleted"] is True
    assert (await simulator.put("/tickets/1/restore")).status == 204
    assert "deleted" not in (await simulator.get("/tickets/1")).body
    assert (await simulator.put("/tickets/1", {"priority": 2})).status == 200


async def test_stats_follow_the_life_of_a_ticket(simulator: RunningSimulator) -> None:
    clock = "2026-03-03T10:00:00Z"
    await simulator.control("/clock", {"freeze": clock})
    await simulator.ticket()
    seen = []
    steps = (
        ("POST", "/tickets/1/notes", {"body": "private"}),
        ("POST", "/tickets/1/reply", {"body": "hello"}),
        ("PUT", "/tickets/1", {"status": 3}),
        ("POST", "/tickets/1/notes", {"body": "hi", "private": False, "incoming": True}),
        ("PUT", "/tickets/1", {"status": 4}),
        ("PUT", "/tickets/1", {"status": 5}),
        ("PUT", "/tickets/1", {"status": 2}),
    )
    for verb, path, body in steps:
        await simulator.control("/clock", {"advance_s": 60})
        answer = await (simulator.put if verb == "PUT" else simulator.post)(path, body)
        assert answer.status in {200, 201}
        stats = (await simulator.get("/tickets/1", include="stats")).body["stats"]
        seen.append({name: stamp[14:16] for name, stamp in stats.items() if stamp})
    assert seen == [
        {"status_updated_at": "00"},
        {"status_updated_at": "00", "agent_responded_at": "02", "first_responded_at": "02"},
        {"status_updated_at": "03", "agent_responded_at": "02", "first_responded_at": "02",
         "pending_since": "03"},
        {"status_updated_at": "03", "agent_responded_at": "02", "first_responded_at": "02",
         "pending_since": "03", "requester_responded_at": "04"},
        {"status_updated_at": "05", "agent_responded_at": "02", "first_responded_at": "02",
         "requester_responded_at": "04", "resolved_at": "05"},
        {"status_updated_at": "06", "agent_responded_at": "02", "first_responded_at": "02",
         "requester_responded_at": "04", "resolved_at": "05", "closed_at": "06"},
        {"status_updated_at": "07", "agent_responded_at": "02", "first_responded_at": "02",
         "requester_responded_at": "04", "reopened_at": "07"},
    ]  # fmt: skip


async def test_an_outbound_email_is_closed_and_cannot_be_reworded(
    simulator: RunningSimulator,
) -> None:
    mailbox = next(iter(simulator.account.table("email_configs")))
    body = {"email": "a@b.example", "subject": "News", "email_config_id": mailbox}
    answer = await simulator.post("/tickets/outbound_email", body)
    assert answer.status == 201
    dana = next(iter(simulator.account.agents))
    ticket = answer.body
    assert (ticket["status"], ticket["source"], ticket["responder_id"]) == (5, 10, dana)
    refused = await simulator.put("/tickets/1", {"subject": "Olds"})
    assert refused.errors[0]["code"] == "incompatible_field"
    missing = await simulator.post("/tickets/outbound_email", {"email": "a@b.example"})
    assert {one["field"] for one in missing.errors} == {"subject", "email_config_id"}


async def test_an_agent_sees_only_tickets_of_its_scope(simulator: RunningSimulator) -> None:
    account = simulator.account
    dana, bao, _ = account.agents.values()
    group = next(iter(account.groups))
    other_group = list(account.groups)[1]
    account.api_keys["bao"] = bao["id"]
    bao["ticket_scope"], bao["group_ids"] = 2, [group]
    await simulator.ticket(group_id=group)
    await simulator.ticket(group_id=other_group)
    await simulator.ticket(group_id=other_group, responder_id=bao["id"])
    await simulator.ticket(responder_id=dana["id"])
    headers = {"Authorization": basic("bao")}
    shown = await simulator.send("GET", "/api/v2/tickets", headers=headers)
    assert {one["id"] for one in shown.body} == {1, 3}
    assert (await simulator.send("GET", "/api/v2/tickets/2", headers=headers)).status == 403
    bao["ticket_scope"] = 3
    shown = await simulator.send("GET", "/api/v2/tickets", headers=headers)
    assert [one["id"] for one in shown.body] == [3]


async def test_internal_owners_need_the_shared_ownership_feature(
    simulator: RunningSimulator,
) -> None:
    body = {"internal_group_id": next(iter(simulator.account.groups))}
    await simulator.ticket()
    refused = await simulator.put("/tickets/1", body)
    assert refused.errors[0]["code"] == "inaccessible_field"
    await simulator.control("/config", {"plan": "enterprise"})
    taken = await simulator.put("/tickets/1", body)
    assert taken.body["internal_group_id"] == body["internal_group_id"]


async def test_ticket_fields_show_choices_in_their_several_shapes(
    simulator: RunningSimulator,
) -> None:
    fields = {one["name"]: one for one in (await simulator.get("/ticket_fields")).body}
    assert fields["status"]["choices"]["2"] == ["Open", "Being Processed"]
    assert fields["priority"]["choices"]["Urgent"] == 4
    assert fields["ticket_type"]["choices"][0] == "Question"
    assert fields["cf_region"]["choices"] == ["EMEA", "APAC", "AMER"]
    assert set(fields["group"]["choices"]) == {"Billing", "Technical Support"}
    assert fields["agent"]["choices"]["Dana Roe"] in simulator.account.agents
    only = (await simulator.get("/ticket_fields", type="default_status")).body
    assert [one["name"] for one in only] == ["status"]


async def test_an_accounts_own_status_is_taken(simulator: RunningSimulator) -> None:
    definition = next(
        one for one in simulator.account.ticket_fields.values() if one["name"] == "status"
    )
    definition["choices"] = {**definition["choices"], "8": ["Escalated", "Being Processed"]}
    assert (await simulator.ticket(status=8))["status"] == 8
    wrong = await simulator.put("/tickets/1", {"status": "8"})
    assert wrong.errors[0]["message"].endswith("'2,3,4,5,6,7,8'")
