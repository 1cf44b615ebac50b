"""Automation rules end to end: the API that keeps them, and what tickets set off."""

import json
from base64 import b64decode
from collections.abc import AsyncIterator
from typing import Any

import pytest

from local.freshdesk import automation_rules as rules_api
from local.freshdesk.account import Account, Actor, Record
from local.freshdesk.errors import ApiError
from local.freshdesk.people import new_contact
from local.freshdesk.routing import Request
from local.freshdesk.settings import changed
from local.freshdesk.starting_records import fill
from local.freshdesk.ticket_writes import add_conversation, change_ticket, open_ticket, set_deleted
from local.freshdesk.webhook_delivery import LOG_TABLE
from tests.simulators.freshdesk.webhook_receiver import Receiver, listening, until

CREATION, HOURLY, UPDATE = 1, 3, 4
MARCH_6_2026 = 1_772_755_200.0


class HelpDesk:
    """An account with its agents, one contact, and running automations."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.dana = account.agents[min(account.agents)]
        self.mira = new_contact(
            account, "Mira Holt", email="mira@client.example", unique_external_id="crm-4471"
        )
        self.as_agent = Actor("agent", self.dana["id"])

    def request(self, method: str, rule_type: int, body: Any = None, **ids: int) -> Request:
        path = f"/api/v2/automations/{rule_type}/rules"
        all_ids = {"type": rule_type, **ids}
        return Request(self.account, self.dana, method, path, ids=all_ids, body=body)

    def rule(self, rule_type: int, **fields: Any) -> Any:
        body = {"name": "Tell the connector", **fields}
        return rules_api.create_rule(self.request("POST", rule_type, body)).body

    def webhook_rule(self, rule_type: int, url: str, *events: Record, **action: Any) -> Any:
        more = {"events": list(events)} if rule_type == UPDATE else {}
        return self.rule(rule_type, actions=[webhook(url, **action)], **more)

    def ticket(self, **fields: Any) -> Record:
        defaults = {
            "requester_id": self.mira["id"],
            "subject": "Invoice PDF is blank",
            "description": "<div>The invoice opens empty.</div>",
        }
        return open_ticket(self.account, {**defaults, **fields}, actor=self.as_agent)

    def change(self, ticket: Record, **changes: Any) -> None:
        change_ticket(self.account, ticket, changes, actor=self.as_agent)

    def note(self, ticket: Record, body: str, *, private: bool) -> None:
        fields = {"body": body, "private": private}
        add_conversation(self.account, ticket, "note", fields, actor=self.as_agent)

    @property
    def deliveries(self) -> list[Record]:
        return list(self.account.table(LOG_TABLE).values())


def webhook(url: str, **fields: Any) -> Record:
    return {
        "field_name": "trigger_webhook",
        "request_type": "POST",
        "url": url,
        "content_type": "JSON",
        "content_layout": "1",
        "content": {"ticket_id": "{{ticket.id}}", "triggered_event": "{{triggered_event}}"},
        **fields,
    }


@pytest.fixture
async def desk() -> AsyncIterator[HelpDesk]:
    account = Account()
    account.clock.freeze(MARCH_6_2026)
    fill(account)
    async with rules_api.running_automations(account):
        yield HelpDesk(account)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with listening() as receiver:
        yield receiver


async def test_a_new_ticket_is_sent_to_the_receiver(desk: HelpDesk, receiver: Receiver) -> None:
    rule = desk.webhook_rule(CREATION, receiver.url)
    ticket = desk.ticket()
    # The API's answer did not wait: nothing has left yet.
    assert receiver.bodies == []
    assert await receiver.body() == {
        "freshdesk_webhook": {
            "ticket_id": ticket["id"],
            "triggered_event": "{ticket_action:created}",
        }
    }
    assert [(d["rule_id"], d["ticket_id"]) for d in desk.deliveries] == [(rule["id"], ticket["id"])]


async def test_every_property_people_can_tick(desk: HelpDesk, receiver: Receiver) -> None:
    # Given a ticket with everything filled in
    group = next(iter(desk.account.groups.values()))
    company = {"id": 5, "name": "Client Ltd", "domains": [], "custom_fields": {}}
    desk.account.companies[5] = company
    ticket = desk.ticket(
        status=3, priority=2, source=1, type="Problem", tags=["billing", "pdf"], company_id=5,
        group_id=group["id"], responder_id=desk.dana["id"], due_by="2026-03-06T22:00:00Z",
        custom_fields={"cf_region": "EMEA"},
    )  # fmt: skip
    desk.note(ticket, "<div>We are looking.</div>", private=False)
    desk.note(ticket, "<div>Checked logs.</div>", private=True)
    # When a public note sets off a rule that ticks it all
    keys = [
        "ticket_id", "ticket_subject", "ticket_description", "ticket_url", "ticket_portal_url",
        "ticket_due_by_time", "ticket_tags", "ticket_latest_public_comment",
        "ticket_latest_private_comment", "ticket_group_name", "ticket_agent_name",
        "ticket_agent_email", "ticket_status", "ticket_priority", "ticket_source",
        "ticket_ticket_type", "ticket_cf_region", "ticket_company_name", "ticket_contact_name",
        "ticket_contact_email", "ticket_contact_unique_external_id", "helpdesk_name",
        "ticket_portal_name", "ticket_product_description", "ticket_satisfaction_survey",
        "triggered_event",
    ]  # fmt: skip
    desk.webhook_rule(
        UPDATE, receiver.url, {"field_name": "note_type", "value": "public"}, content=keys
    )
    desk.note(ticket, "<div>Thanks, we reproduced it.</div>", private=False)
    # Then values are what people see: labels, names, local prose times
    assert (await receiver.body())["freshdesk_webhook"] == {
        "ticket_id": ticket["id"],
        "ticket_subject": "Invoice PDF is blank",
        "ticket_description": "<div>The invoice opens empty.</div>",
        "ticket_url": f"https://acmedemo.freshdesk.com/helpdesk/tickets/{ticket['id']}",
        "ticket_portal_url": f"https://acmedemo.freshdesk.com/support/tickets/{ticket['id']}",
        "ticket_due_by_time": "March 06 2026 at 05:00 PM EST",
        "ticket_tags": "billing,pdf",
        "ticket_latest_public_comment": "Dana Roe : <div>Thanks, we reproduced it.</div>",
        "ticket_latest_private_comment": "Dana Roe : <div>Checked logs.</div>",
        "ticket_group_name": group["name"],
        "ticket_agent_name": "Dana Roe",
        "ticket_agent_email": "dana@acmedemo.example",
        "ticket_status": "Pending",
        "ticket_priority": "Medium",
        "ticket_source": "Email",
        "ticket_ticket_type": "Problem",
        "ticket_cf_region": "EMEA",
        "ticket_company_name": "Client Ltd",
        "ticket_contact_name": "Mira Holt",
        "ticket_contact_email": "mira@client.example",
        "ticket_contact_unique_external_id": "crm-4471",
        "helpdesk_name": "Acme Demo",
        "ticket_portal_name": "Acme Demo",
        "ticket_product_description": "",
        "ticket_satisfaction_survey": "",
        "triggered_event": "{note_type:public}",
    }


async def test_a_quote_in_a_ticket_breaks_an_advanced_template(
    desk: HelpDesk, receiver: Receiver
) -> None:
    template = '{"subject":"{{ticket.subject}}","group":{{ticket.group_id}}}'
    desk.webhook_rule(CREATION, receiver.url, content_layout="2", content=template)
    desk.ticket(subject='The "blank" one')
    await until(lambda: len(receiver.bodies) == 1)
    assert receiver.bodies[0] == b'{"subject":"The "blank" one","group":}'


async def test_layout_and_type_may_stand_inside_content(desk: HelpDesk, receiver: Receiver) -> None:
    action = webhook(
        receiver.url,
        content={"content_layout": "2", "content_type": "XML", "content": "<id>{{ticket.id}}</id>"},
    )
    del action["content_layout"], action["content_type"]
    desk.rule(CREATION, actions=[action])
    ticket = desk.ticket()
    await until(lambda: len(receiver.bodies) == 1)
    assert receiver.bodies[0] == f"<id>{ticket['id']}</id>".encode()
    assert receiver.headers[0]["Content-Type"] == "application/xml"


async def test_custom_headers_and_basic_credentials_arrive(
    desk: HelpDesk, receiver: Receiver
) -> None:
    desk.webhook_rule(
        CREATION,
        receiver.url,
        custom_headers={"X-Connector-Secret": "s3cret"},
        auth_header={"username": "hook", "password": "pass:word"},
    )
    desk.ticket()
    await until(lambda: len(receiver.bodies) == 1)
    assert receiver.headers[0]["X-Connector-Secret"] == "s3cret"
    scheme, _, credentials = receiver.headers[0]["Authorization"].partition(" ")
    assert (scheme, b64decode(credentials)) == ("Basic", b"hook:pass:word")
    assert receiver.headers[0]["Content-Type"] == "application/json"
    assert "s3cret" not in json.dumps(desk.deliveries)


async def test_an_api_key_is_sent_as_the_user_with_password_x(
    desk: HelpDesk, receiver: Receiver
) -> None:
    desk.webhook_rule(CREATION, receiver.url, api_key="k1")
    desk.ticket()
    await until(lambda: len(receiver.bodies) == 1)
    assert b64decode(receiver.headers[0]["Authorization"].split()[1]) == b"k1:X"


async def test_each_kind_of_update_prints_its_event(desk: HelpDesk, receiver: Receiver) -> None:
    events = [
        {"field_name": "status", "from": "--", "to": "--"},
        {"field_name": "responder_id", "from": "", "to": "--"},
        {"field_name": "note_type", "value": "private"},
        {"field_name": "reply_sent"},
        {"field_name": "ticket_action", "value": "deleted"},
    ]
    desk.webhook_rule(UPDATE, receiver.url, *events)
    ticket = desk.ticket()
    desk.change(ticket, status=3, priority=4)
    desk.change(ticket, responder_id=desk.dana["id"])
    desk.change(ticket, subject="No rule listens to this")
    desk.note(ticket, "<p>Private</p>", private=True)
    desk.note(ticket, "<p>Public</p>", private=False)
    add_conversation(desk.account, ticket, "reply", {"body": "<p>Hi</p>"}, actor=desk.as_agent)
    set_deleted(desk.account, ticket, deleted=True, actor=desk.as_agent)
    await until(lambda: len(receiver.bodies) == 5)
    sent = [json.loads(body)["freshdesk_webhook"]["triggered_event"] for body in receiver.bodies]
    assert sorted(sent) == sorted(
        [
            "{status:{from:2,to:3}}",
            f"{{responder_id:{{from:,to:{desk.dana['id']}}}}}",
            "{note_type:private}",
            "{reply_sent:sent}",
            "{ticket_action:deleted}",
        ]
    )


async def test_an_agents_rule_ignores_the_requester(desk: HelpDesk, receiver: Receiver) -> None:
    desk.rule(
        UPDATE,
        performer={"type": 1},
        events=[{"field_name": "reply_sent"}],
        actions=[webhook(receiver.url)],
    )
    ticket = desk.ticket()
    customer = Actor("requester", desk.mira["id"])
    add_conversation(desk.account, ticket, "requester_reply", {"body": "<p>?</p>"}, actor=customer)
    assert desk.deliveries == []
    add_conversation(desk.account, ticket, "reply", {"body": "<p>!</p>"}, actor=desk.as_agent)
    assert len(desk.deliveries) == 1


async def test_creation_rules_stop_at_the_first_match(desk: HelpDesk, receiver: Receiver) -> None:
    urgent = [{"field_name": "priority", "operator": "is", "value": 4, "resource_type": "ticket"}]
    desk.rule(
        CREATION,
        conditions=[{"name": "condition_set_1", "match_type": "all", "properties": urgent}],
        actions=[webhook(receiver.url)],
    )
    second = desk.webhook_rule(CREATION, receiver.url)
    third = desk.webhook_rule(CREATION, receiver.url)
    desk.ticket(priority=1)
    assert [one["rule_id"] for one in desk.deliveries] == [second["id"]]
    # Unless the account cascades
    desk.account.settings = changed(desk.account.settings, {"features": ["cascading_automations"]})
    desk.ticket(priority=1)
    assert [one["rule_id"] for one in desk.deliveries[1:]] == [second["id"], third["id"]]


async def test_every_matching_update_rule_fires(desk: HelpDesk, receiver: Receiver) -> None:
    ticket = desk.ticket()
    for _ in range(2):
        desk.webhook_rule(UPDATE, receiver.url, {"field_name": "status"})
    inactive = desk.webhook_rule(UPDATE, receiver.url, {"field_name": "status"})
    rules_api.update_rule(desk.request("PUT", UPDATE, {"active": False}, id=inactive["id"]))
    desk.change(ticket, status=4)
    assert len(desk.deliveries) == 2


async def test_what_a_rule_changes_sets_off_no_other_rule(
    desk: HelpDesk, receiver: Receiver
) -> None:
    for performer in (3, 4):
        desk.rule(
            UPDATE,
            performer={"type": performer},
            events=[{"field_name": "priority"}, {"field_name": "note_type"}],
            actions=[webhook(receiver.url)],
        )
    desk.rule(
        UPDATE,
        events=[{"field_name": "status", "from": "--", "to": 3}],
        actions=[
            {"field_name": "priority", "value": 4},
            {"field_name": "add_tag", "value": "late"},
            {"field_name": "add_note", "value": "Raised #{{ticket.id}}"},
        ],
    )
    ticket = desk.ticket(tags=["billing"])
    desk.change(ticket, status=3)
    assert (ticket["priority"], ticket["tags"]) == (4, ["billing", "late"])
    notes = [one["body"] for one in desk.account.conversations.values()]
    assert notes == [f"Raised #{ticket['id']}"]
    assert desk.deliveries == []


async def test_tickets_that_rules_do_not_touch(desk: HelpDesk, receiver: Receiver) -> None:
    desk.webhook_rule(CREATION, receiver.url)
    desk.webhook_rule(UPDATE, receiver.url, {"field_name": "status"})
    # The requester is an agent
    desk.change(desk.ticket(requester_id=desk.dana["id"]), status=3)
    assert desk.deliveries == []
    # An outbound e-mail: its creation is skipped, its updates are not
    outbound = desk.ticket(source=10)
    assert desk.deliveries == []
    desk.change(outbound, status=3)
    assert len(desk.deliveries) == 1


def failure(call: Any, request: Request) -> tuple[int, list[tuple[str, str]]]:
    with pytest.raises(ApiError) as caught:
        call(request)
    body = caught.value.body
    errors = body["errors"] if isinstance(body, dict) else []
    return caught.value.status, [(one["field"], one["code"]) for one in errors]


ACTIONS = [{"field_name": "status", "value": 3}]


@pytest.mark.parametrize(
    ("rule_type", "body", "errors"),
    [
        (CREATION, {"actions": ACTIONS}, [("name", "missing_field")]),
        (CREATION, {"name": "x"}, [("actions", "missing_field")]),
        (CREATION, {"name": "x", "actions": []}, [("actions", "invalid_value")]),
        (CREATION, {"name": 1, "actions": ACTIONS}, [("name", "datatype_mismatch")]),
        (
            CREATION,
            {"name": "x", "actions": ACTIONS, "colour": 1},
            [("colour", "invalid_field")],
        ),
        (UPDATE, {"name": "x", "actions": ACTIONS}, [("events", "missing_field")]),
        (
            UPDATE,
            {"name": "x", "actions": ACTIONS, "events": [{"from": 1}]},
            [("events.field_name", "missing_field")],
        ),
        (
            CREATION,
            {"name": "x", "actions": [{"field_name": "explode"}]},
            [("actions.field_name", "invalid_value")],
        ),
        (
            CREATION,
            {"name": "x", "actions": [{"field_name": "trigger_webhook", "content_layout": "3"}]},
            [
                ("actions.request_type", "missing_field"),
                ("actions.url", "missing_field"),
                ("actions.content_layout", "invalid_value"),
            ],
        ),
        (
            CREATION,
            {"name": "x", "actions": [webhook("https://a.example", custom_headers={"X Y": "1"})]},
            [("actions.custom_headers", "invalid_value")],
        ),
        (
            CREATION,
            {
                "name": "x",
                "actions": ACTIONS,
                "conditions": [{"properties": [{"field_name": "status", "operator": "like"}]}],
            },
            [("conditions.properties.operator", "invalid_value")],
        ),
    ],
)
async def test_a_wrong_rule_is_refused(
    desk: HelpDesk, rule_type: int, body: Record, errors: list[tuple[str, str]]
) -> None:
    request = desk.request("POST", rule_type, body)
    assert failure(rules_api.create_rule, request) == (400, errors)
    assert desk.account.automation_rules == {}


async def test_rules_are_kept_listed_changed_and_deleted(desk: HelpDesk) -> None:
    first = desk.rule(CREATION, actions=ACTIONS)
    second = desk.rule(CREATION, actions=ACTIONS, active=False)
    desk.rule(HOURLY, actions=ACTIONS)
    listed: Any = rules_api.list_rules(desk.request("GET", CREATION)).body
    assert listed["meta"] == {"count": 2, "cascading_rules": False}
    assert [(one["id"], one["position"]) for one in listed["rules"]] == [
        (first["id"], 1),
        (second["id"], 2),
    ]
    change = desk.request("PUT", CREATION, {"name": "Renamed"}, id=second["id"])
    assert rules_api.update_rule(change).body["name"] == "Renamed"
    viewed: Any = rules_api.view_rule(desk.request("GET", CREATION, id=second["id"])).body
    assert (viewed["name"], viewed["active"]) == ("Renamed", False)
    deleted = rules_api.delete_rule(desk.request("DELETE", CREATION, id=first["id"]))
    assert (deleted.status, deleted.body) == (204, None)
    assert failure(rules_api.view_rule, desk.request("GET", CREATION, id=first["id"])) == (404, [])


async def test_a_rule_is_found_under_its_own_type_only(desk: HelpDesk) -> None:
    rule = desk.rule(CREATION, actions=ACTIONS)
    assert failure(rules_api.view_rule, desk.request("GET", UPDATE, id=rule["id"])) == (404, [])
    assert failure(rules_api.list_rules, desk.request("GET", 2)) == (404, [])
