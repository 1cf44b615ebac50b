"""Every resource family and background service of the server: the one list to extend.

``FAMILIES`` holds each family's ``ROUTES`` table, below ``/api/v2``; ``CONTROL_FAMILIES`` the same
below ``/__sim`` (no key, no limits); ``SERVICES`` are asynchronous context managers entered with
the account when the server starts and left when it stops (the webhook sender is one).
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from local.freshdesk import (
    account_info,
    admin_views,
    agents,
    attachments,
    automation_rules,
    companies,
    contact_merge,
    contacts,
    content_writes,
    conversations,
    custom_attributes,
    customer,
    groups,
    mailboxes,
    people_exports,
    people_field_writes,
    people_imports,
    portal_content,
    reference_data,
    satisfaction_ratings,
    skills,
    solution_translations,
    ticket_associations,
    ticket_bulk,
    ticket_field_admin,
    ticket_field_sections,
    ticket_fields,
    ticket_listing,
    ticket_search,
    ticket_summary,
    tickets,
    time_entries,
    webhook_delivery,
)
from local.freshdesk.account import Account
from local.freshdesk.routing import Route

FAMILIES: tuple[tuple[Route, ...], ...] = (
    tickets.ROUTES,
    ticket_listing.ROUTES,
    ticket_search.ROUTES,
    ticket_bulk.ROUTES,
    ticket_associations.ROUTES,
    ticket_fields.ROUTES,
    conversations.ROUTES,
    attachments.ROUTES,
    account_info.ROUTES,
    automation_rules.ROUTES,
    contacts.ROUTES,
    contact_merge.ROUTES,
    companies.ROUTES,
    agents.ROUTES,
    groups.ROUTES,
    time_entries.ROUTES,
    satisfaction_ratings.ROUTES,
    custom_attributes.ROUTES,
    people_field_writes.ROUTES,
    people_exports.ROUTES,
    people_imports.ROUTES,
    reference_data.ROUTES,
    skills.ROUTES,
    mailboxes.ROUTES,
    portal_content.ROUTES,
    content_writes.ROUTES,
    solution_translations.ROUTES,
    admin_views.ROUTES,
    ticket_field_admin.ROUTES,
    ticket_field_sections.ROUTES,
    ticket_summary.ROUTES,
)

CONTROL_FAMILIES: tuple[tuple[Route, ...], ...] = (
    customer.CONTROL_ROUTES,
    webhook_delivery.CONTROL_ROUTES,
)

SERVICES: tuple[Callable[[Account], AbstractAsyncContextManager[object]], ...] = (
    automation_rules.running_automations,
)
