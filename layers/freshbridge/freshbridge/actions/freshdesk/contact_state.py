"""Contacts that are deleted: refused with words that say what to do, or restored first.

Freshdesk answers 405 to an update of a contact that is deleted or blocked:
https://developers.freshdesk.com/api/#update_contact
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from freshbridge.errors import NotFound, WrongState

if TYPE_CHECKING:
    from freshbridge.freshdesk.client import FreshdeskClient
    from freshbridge.freshdesk.paging import Record


def update_contact_in_any_state(
    client: FreshdeskClient, contact_id: int, changes: Mapping[str, Any], *, restore: bool
) -> tuple[Record, bool]:
    """Update a contact and return it, and whether it had to be restored for that.

    Raises:
        WrongState: it is deleted and `restore` is False, or it is blocked.
        Whatever the client raises.
    """
    try:
        return client.update_contact(contact_id, changes), False
    except WrongState as error:
        if not client.contact(contact_id).get("deleted"):
            raise WrongState(
                "The contact cannot be changed as it is",
                where=error.where,
                status=error.status,
                advice="It is probably blocked; unblock it in Freshdesk.",
            ) from error
        if not restore:
            raise WrongState(
                "The contact is deleted",
                where=error.where,
                status=error.status,
                advice="Run restore_contact first, or set restore to true.",
            ) from error
    client.restore_contact(contact_id)
    return client.update_contact(contact_id, changes), True


def restore_contact_once(client: FreshdeskClient, contact_id: int) -> bool:
    """Bring a contact back; False when it is not deleted.

    Raises:
        NotFound: there is no such contact.
    """
    try:
        client.restore_contact(contact_id)
    except (NotFound, WrongState):
        # Freshdesk says the same of a contact that is there and of one that is not.
        if client.contact(contact_id).get("deleted"):
            raise
        return False
    return True


def delete_contact_once(client: FreshdeskClient, contact_id: int) -> bool:
    """Mark a contact as deleted; False when it is already.

    Raises:
        NotFound: there is no such contact.
        WrongState: it is blocked.
    """
    try:
        client.delete_contact(contact_id)
    except WrongState:
        if not client.contact(contact_id).get("deleted"):
            raise
        return False
    return True
