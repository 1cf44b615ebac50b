"""Freshdesk contacts: create, update, read. Source: https://developers.freshdesk.com/api/#contacts"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, StrictBool, model_validator

from freshbridge.actions.action import Action, Effect, Outcome, Parameters, Reconciliation
from freshbridge.actions.freshdesk.contact_attributes import (
    IDENTITIES,
    ContactAttributes,
    contact_url,
    shown_contact,
)
from freshbridge.actions.freshdesk.contact_duplicates import (
    UNIQUE,
    earlier_contact,
    existing_contact,
    made_by_this_request,
    refusal,
)
from freshbridge.actions.freshdesk.contact_state import (
    delete_contact_once,
    restore_contact_once,
    update_contact_in_any_state,
)
from freshbridge.actions.freshdesk.fields import RecordId
from freshbridge.actions.once import reconciled
from freshbridge.errors import Conflict

if TYPE_CHECKING:
    from freshbridge.actions.attempt_marks import Unsure
    from freshbridge.actions.context import Context

ContactId = RecordId


class CreateContact(ContactAttributes):
    """Create a contact: a name, and an email, phone, mobile, twitter_id or unique_external_id.

    An e-mail address, a twitter_id and a unique_external_id belong to one contact only.
    """

    name: str = Field(min_length=1, max_length=255, description="Full name")
    on_duplicate: Literal["fail", "return", "update"] = Field(
        default="fail",
        description="What to do when the contact exists already: fail naming it, return it as it "
        "is, or update it with the attributes given here",
    )
    restore: StrictBool = Field(
        default=False, description="With on_duplicate update: bring a deleted contact back for it"
    )

    @model_validator(mode="after")
    def _can_be_told_from_others(self) -> CreateContact:
        if not any(getattr(self, name) for name in IDENTITIES):
            raise ValueError(f"give at least one of {', '.join(IDENTITIES)}")
        return self


def create_contact(context: Context, parameters: CreateContact) -> Outcome:
    """Create one; one that has nothing unique is created again when this is repeated."""
    fields = _fields(parameters)
    try:
        contact = context.client.create_contact(fields)
    except Conflict as conflict:
        return _settled(context, parameters, fields, conflict)
    return shown_contact(context, contact, "Contact created", created=True, updated=False)


def _fields(parameters: CreateContact) -> dict[str, Any]:
    return parameters.model_dump(
        exclude={"on_duplicate", "restore"}, exclude_unset=True, exclude_none=True
    )


def _created_before(context: Context, unsure: Unsure, parameters: CreateContact) -> Outcome | None:
    contact = earlier_contact(context, unsure, _fields(parameters))
    if contact is None:
        return None
    return shown_contact(context, contact, "Contact created", created=True, updated=False)


def _settled(
    context: Context, parameters: CreateContact, fields: dict[str, Any], conflict: Conflict
) -> Outcome:
    existing = existing_contact(context.client, fields, conflict)
    if existing is None:
        raise refusal(conflict, None) from conflict
    if made_by_this_request(context, fields, existing):
        made = shown_contact(context, existing, "Contact created", created=True, updated=False)
        return reconciled(made)
    if parameters.on_duplicate == "fail":
        raise refusal(conflict, existing) from conflict
    if parameters.on_duplicate == "return":
        state = "is deleted" if existing.get("deleted") else "is returned as it is"
        message = f"The contact exists already and {state}"
        return shown_contact(context, existing, message, created=False, updated=False)
    contact, restored = update_contact_in_any_state(
        context.client, existing["id"], fields, restore=parameters.restore
    )
    message = "The contact existed already and was updated"
    return shown_contact(context, contact, message, created=False, updated=True, restored=restored)


class UpdateContact(ContactAttributes):
    """Change the fields given and leave the others as they are; null clears a field."""

    contact_id: ContactId = Field(description="The contact's id")
    restore: StrictBool = Field(
        default=False, description="Bring the contact back first if it is deleted"
    )

    @model_validator(mode="after")
    def _changes_something(self) -> UpdateContact:
        if self.model_fields_set <= {"contact_id", "restore"}:
            raise ValueError("give at least one field to change")
        if "name" in self.model_fields_set and self.name is None:
            raise ValueError("name cannot be null; leave it out to keep it")
        return self


def update_contact(context: Context, parameters: UpdateContact) -> Outcome:
    """Update one; safe to repeat, since it sets values."""
    changes = parameters.model_dump(exclude={"contact_id", "restore"}, exclude_unset=True)
    contact, restored = update_contact_in_any_state(
        context.client, parameters.contact_id, changes, restore=parameters.restore
    )
    message = "Contact restored and updated" if restored else "Contact updated"
    return shown_contact(context, contact, message, restored=restored)


class GetContact(Parameters):
    """Read one contact, also a deleted one."""

    contact_id: ContactId = Field(description="The contact's id")


def get_contact(context: Context, parameters: GetContact) -> Outcome:
    """Read one."""
    return shown_contact(context, context.client.contact(parameters.contact_id), "Contact read")


class DeleteContact(Parameters):
    """Delete a contact; restore_contact brings it back, unless it is DESTROYED WITH ITS TICKETS.

    That is what `permanently` does, whether the contact was deleted before or not.
    """

    contact_id: ContactId = Field(description="The contact's id")
    permanently: StrictBool = Field(
        default=False,
        description="DESTROY the contact and every ticket it requested, conversations and "
        "attachments included. This cannot be undone",
    )


def delete_contact(context: Context, parameters: DeleteContact) -> Outcome:
    """Delete one; one that is deleted already stays so."""
    contact_id = parameters.contact_id
    if parameters.permanently:
        context.client.destroy_contact(contact_id)
        return Outcome(
            {"contact_id": contact_id, "deleted": True, "permanently": True},
            "Contact and its tickets destroyed for good",
        )
    changed = delete_contact_once(context.client, contact_id)
    message = "Contact deleted; restore_contact brings it back"
    return Outcome(
        {"contact_id": contact_id, "deleted": True, "permanently": False, "changed": changed},
        message if changed else "The contact was deleted already",
    )


class RestoreContact(Parameters):
    """Bring a deleted contact back."""

    contact_id: ContactId = Field(description="The contact's id")


def restore_contact(context: Context, parameters: RestoreContact) -> Outcome:
    """Restore one; one that is not deleted stays as it is."""
    contact_id = parameters.contact_id
    restored = restore_contact_once(context.client, contact_id)
    return Outcome(
        {
            "contact_id": contact_id,
            "contact_url": contact_url(context, contact_id),
            "restored": restored,
        },
        "Contact restored" if restored else "The contact was not deleted",
    )


_CONTACT = {"contact_id": 88001204168}

ACTIONS = (
    Action(
        "freshdesk",
        "create_contact",
        CreateContact,
        create_contact,
        Effect.ADD,
        {
            "name": "John Doe",
            "email": "john.doe@example.com",
            "phone": "+1-555-123-4567",
            "company_id": 789,
            "tags": ["vip", "enterprise"],
        },
        credits_note="One to four more to look up and update a contact that exists already",
        reconcile=Reconciliation(
            _created_before,
            makes="contact_id",
            doubles=lambda asked: not any(getattr(asked, name) for name in UNIQUE),
        ),
    ),
    Action(
        "freshdesk",
        "update_contact",
        UpdateContact,
        update_contact,
        Effect.SET,
        {**_CONTACT, "job_title": "Controller", "tags": ["vip"]},
        credits_note="Two more when it has to be restored first",
    ),
    Action("freshdesk", "get_contact", GetContact, get_contact, Effect.READ, _CONTACT),
    Action(
        "freshdesk",
        "delete_contact",
        DeleteContact,
        delete_contact,
        Effect.SET,
        _CONTACT,
        credits_note="One more when it is deleted already",
    ),
    Action(
        "freshdesk",
        "restore_contact",
        RestoreContact,
        restore_contact,
        Effect.SET,
        _CONTACT,
        credits_note="One more when it is not deleted",
    ),
)
