"""Rules and events to show in the documentation; each is one that the API takes."""

from __future__ import annotations

from typing import Any

URGENT: dict[str, Any] = {
    "trigger": {
        "platform": "freshdesk",
        "event": "ticket_created",
        "conditions": {"priority": 4, "type": "Incident"},
    },
    "actions": [
        {
            "platform": "freshdesk",
            "action": "add_note",
            "parameters": {
                "ticket_id": "{{ ticket.id }}",
                "body": "Urgent: reported by {{ contact.name }}",
            },
        }
    ],
}
WHOLE: dict[str, Any] = {
    "name": "Escalate refunds of big customers",
    "run": "ordered",
    "on_failure": "stop",
    "missing": "empty",
    "schedule": {
        "days": ["monday", "tuesday", "wednesday", "thursday", "friday"],
        "from": "09:00",
        "to": "17:30",
        "time_zone": "Europe/Berlin",
        "outside": "wait",
    },
    "rate_cap": {"runs": 60, "per": "minute"},
    "loop_guard": {"runs": 3, "per": "hour"},
    "trigger": {
        "platform": "freshdesk",
        "event": "ticket_updated",
        "conditions": {
            "priority": {"gte": "High"},
            "subject": {"matches": "(?i)refund|money back"},
            "any": [{"tags": "vip"}, {"contact.email": {"contains": "@bigcustomer.example"}}],
            "not": {"status": {"changed_to": ["Resolved", "Closed"]}},
        },
    },
    "actions": [
        {
            "name": "refund",
            "platform": "freshdesk",
            "action": "create_ticket",
            "parameters": {
                "subject": "Refund: {{ ticket.subject }}",
                "description": "Asked for by {{ contact.name }}",
                "email": "{{ contact.email }}",
                "priority": 3,
                "status": 2,
            },
        },
        {
            "platform": "freshdesk",
            "action": "add_note",
            "delay_s": 60,
            "parameters": {
                "ticket_id": "{{ ticket.id }}",
                "body": "See ticket {{ steps.refund.data.ticket_id }}",
            },
        },
    ],
}
EVENT: dict[str, Any] = {
    "type": "ticket_created",
    "ticket": {"id": 7, "priority": 4, "type": "Incident", "subject": "Printer on fire"},
    "contact": {"name": "Asha", "email": "asha.example@customer.example"},
}
WEBHOOK: dict[str, Any] = {
    "freshdesk_webhook": {
        "ticket_id": 7,
        "ticket_priority": "Urgent",
        "ticket_ticket_type": "Incident",
        "triggered_event": "{ticket_action:created}",
    }
}
