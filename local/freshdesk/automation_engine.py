"""Runs automation rules on what happens to tickets, and performs their actions.

Creation rules stop at the first that fires unless the account cascades; every update rule that
matches fires. What a rule changes sets off no further rule. Rules do not run when the requester is
an agent, nor on archived tickets; creation rules do not run for outbound e-mail tickets.

Source: Freshdesk help centre on automation rules; developers.freshdesk.com/api, Automations.
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Any, Final

from local.freshdesk.account import SYSTEM, Account, Record, TicketEvent
from local.freshdesk.automation_matching import (
    CREATION,
    UPDATE,
    Kind,
    Occurrence,
    Performer,
    conditions_match,
    performer_matches,
    triggered_event,
)
from local.freshdesk.people import person
from local.freshdesk.placeholders import placeholder_values
from local.freshdesk.ticket_writes import add_conversation, change_ticket
from local.freshdesk.webhook_content import JSON, SIMPLE, Value, build_body, substitute, webhook_url
from local.freshdesk.webhook_delivery import WebhookSender
from local.simulator.outgoing import OutgoingCall

# Named like the vendor's other features: switch it with the ``features`` knob.
CASCADING: Final = "cascading_automations"
OUTBOUND_EMAIL: Final = 10
WEBHOOK: Final = "trigger_webhook"
USER_AGENT: Final = "Freshdesk"

_PERFORMERS: Final = {
    "agent": Performer.AGENT,
    "requester": Performer.REQUESTER,
    "system": Performer.SYSTEM,
}


class AutomationEngine:
    """Listens to ticket events; ``sender`` makes the webhooks' calls."""

    def __init__(self, account: Account, sender: WebhookSender) -> None:
        self._account = account
        self._sender = sender

    def handle(self, event: TicketEvent) -> None:
        """Fire the rules that match; quick, because webhooks leave by a task of their own."""
        if event.by_automation or not self._applies(event):
            return
        occurrence = occurrence_of(event)
        # All decisions are made on the ticket as the event left it, before any action changes it.
        for rule, text in list(self._firing(event, occurrence)):
            self._perform(rule, event, text)

    def _applies(self, event: TicketEvent) -> bool:
        ticket = event.ticket
        if ticket.get("archived") or ticket["requester_id"] in self._account.agents:
            return False
        return not (event.kind == "created" and ticket["source"] == OUTBOUND_EMAIL)

    def _firing(self, event: TicketEvent, occurrence: Occurrence) -> Iterator[tuple[Record, str]]:
        creating = occurrence.kind is Kind.CREATED
        first_only = creating and not self._account.has_feature(CASCADING)
        rules = rules_of(self._account, CREATION if creating else UPDATE)
        active = [rule for rule in rules if rule["active"]]
        resources = resources_of(self._account, event.ticket) if active else {}
        for rule in active:
            if not creating and not performer_matches(rule, occurrence):
                continue
            text = triggered_event(rule, occurrence)
            if text is not None and conditions_match(rule, resources):
                yield rule, text
                if first_only:
                    return

    def _perform(self, rule: Record, event: TicketEvent, triggered: str) -> None:
        changes: Record = {}
        for action in rule["actions"]:
            name = action["field_name"]
            if name == WEBHOOK:
                continue
            if name in {"add_note", "add_comment"}:
                self._add_note(action, event, triggered)
            else:
                changes |= property_change({**event.ticket, **changes}, action)
        if changes:
            change_ticket(self._account, event.ticket, changes, actor=SYSTEM, by_automation=True)
        # Last, so that a webhook carries what the same rule set.
        for action in rule["actions"]:
            if action["field_name"] == WEBHOOK:
                values = placeholder_values(self._account, event, triggered)
                call = webhook_call(action, values)
                self._sender.enqueue(rule_id=rule["id"], ticket_id=event.ticket["id"], call=call)

    def _add_note(self, action: Record, event: TicketEvent, triggered: str) -> None:
        values = placeholder_values(self._account, event, triggered)
        note = {
            "body": substitute(str(action.get("value") or ""), values),
            "private": action["field_name"] == "add_note",
        }
        add_conversation(
            self._account, event.ticket, "note", note, actor=SYSTEM, by_automation=True
        )


def rules_of(account: Account, rule_type: int) -> list[Record]:
    """The account's rules of one type in the order they run."""
    rules = (one for one in account.automation_rules.values() if one["rule_type"] == rule_type)
    return sorted(rules, key=lambda rule: (rule["position"], rule["id"]))


def occurrence_of(event: TicketEvent) -> Occurrence:
    """A ticket event in the words of automation rules."""
    kind = Kind.CREATED if event.kind == "created" else Kind.UPDATED
    changes = {
        name.removeprefix("custom_fields."): change for name, change in event.changes.items()
    }
    actions: dict[str, str] = {}
    if event.kind in {"updated", "deleted", "restored", "created"}:
        actions["ticket_action"] = event.kind
    elif event.kind == "note_added" and event.conversation is not None:
        actions["note_type"] = "private" if event.conversation["private"] else "public"
    else:
        actions["reply_sent"] = "sent"
    performer = _PERFORMERS[event.actor.kind]
    return Occurrence(kind, performer, event.actor.user_id, changes, actions)


def resources_of(account: Account, ticket: Record) -> dict[str, Mapping[str, Any]]:
    """What conditions look at: the ticket, its contact and company, custom fields included."""
    contact = person(account, ticket["requester_id"]) or {}
    company = account.companies.get(ticket["company_id"] or 0) or {}
    return {
        name: {**record, **(record.get("custom_fields") or {})}
        for name, record in (("ticket", ticket), ("contact", contact), ("company", company))
    }


def property_change(ticket: Record, action: Record) -> Record:
    """The attributes an action sets. Shapes: ``{"field_name": "status", "value": 4}``,
    ``{"field_name": "add_tag", "value": "vip"}`` (or a list)."""
    name, value = action["field_name"], action.get("value")
    if name in {"add_tag", "add_tags"}:
        tags = value if isinstance(value, list) else str(value).split(",")
        fresh = [tag for tag in dict.fromkeys(tags) if tag not in ticket["tags"]]
        return {"tags": [*ticket["tags"], *fresh]} if fresh else {}
    return {"type" if name == "ticket_type" else name: value}


def webhook_call(action: Record, values: Mapping[str, Value]) -> OutgoingCall:
    """What a ``trigger_webhook`` action sends for these values.

    ``content_layout`` and ``content_type`` are taken from the action or from inside ``content``,
    where the vendor's page also shows them.
    """
    content = action.get("content")
    layout = content_setting(action, "content_layout", SIMPLE)
    encoding = content_setting(action, "content_type", JSON).upper()
    body = build_body(
        method=action["request_type"],
        layout=layout,
        encoding=encoding,
        content=_bare_content(content),
        values=values,
    )
    headers = {"User-Agent": USER_AGENT, "Accept": "*/*", **_authorization(action)}
    if body.content_type is not None:
        headers["Content-Type"] = body.content_type
    headers |= {name: str(value) for name, value in (action.get("custom_headers") or {}).items()}
    url = webhook_url(action["url"], values)
    return OutgoingCall(action["request_type"], url, headers, body.content)


def content_setting(action: Record, name: str, default: str) -> str:
    """``content_layout`` or ``content_type``, beside ``content`` or inside it."""
    content = action.get("content")
    inner = content.get(name) if isinstance(content, dict) else None
    return str(action.get(name) or inner or default)


def _bare_content(content: Any) -> Any:
    if not isinstance(content, dict) or not {"content_layout", "content_type"} & content.keys():
        return content
    if "content" in content:
        return content["content"]
    settings = {"content_layout", "content_type"}
    return {name: value for name, value in content.items() if name not in settings}


def _authorization(action: Record) -> dict[str, str]:
    """Basic credentials: user name and password, or an API key as the user with password X."""
    credentials = action.get("auth_header") or {}
    if "username" in credentials:
        pair = f"{credentials['username']}:{credentials.get('password') or ''}"
    elif key := action.get("api_key") or credentials.get("api_key"):
        pair = f"{key}:X"
    else:
        return {}
    return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
