"""Every resource family and background service of the server: the one list to extend.

``FAMILIES`` holds each family's ``ROUTES`` table, below the API's root; ``CONTROL_FAMILIES`` the
same below ``/__sim`` (no key, no limits); ``LISTENERS`` are called once with the account, to hear
of its writes; ``SERVICES`` are asynchronous context managers entered with the account when the
server starts and left when it stops.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from local.freshsales import (
    activities,
    bulk,
    conversion,
    crm,
    deal_model,
    files,
    lists,
    metadata,
    quotes,
    related,
    search,
    selectors,
    views,
    webhook_delivery,
    workflows,
)
from local.freshsales.account import Account
from local.freshsales.routing import Route

FAMILIES: tuple[tuple[Route, ...], ...] = (
    crm.ROUTES,
    views.ROUTES,
    activities.ROUTES,
    related.ROUTES,
    selectors.ROUTES,
    metadata.ROUTES,
    bulk.ROUTES,
    search.ROUTES,
    conversion.ROUTES,
    lists.ROUTES,
    files.ROUTES,
    quotes.ROUTES,
)

CONTROL_FAMILIES: tuple[tuple[Route, ...], ...] = (
    workflows.CONTROL_ROUTES,
    webhook_delivery.CONTROL_ROUTES,
)

LISTENERS: tuple[Callable[[Account], None], ...] = (deal_model.keep_sums,)

SERVICES: tuple[Callable[[Account], AbstractAsyncContextManager[object]], ...] = (
    webhook_delivery.sending_webhooks,
)
