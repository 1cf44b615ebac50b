"""All that can be done in Freshsales, family by family."""

from __future__ import annotations

from freshbridge.actions.freshsales import (
    accounts,
    appointments,
    contacts,
    deals,
    leads,
    notes,
    sales_activities,
    send_record,
    send_records,
    tasks,
)

FAMILIES = (
    contacts.ACTIONS,
    accounts.ACTIONS,
    deals.ACTIONS,
    leads.ACTIONS,
    tasks.ACTIONS,
    notes.ACTIONS,
    appointments.ACTIONS,
    sales_activities.ACTIONS,
    send_record.ACTIONS,
    send_records.ACTIONS,
)
