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
)
