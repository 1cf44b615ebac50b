"""Freshdesk conversation actions. Source: https://developers.freshdesk.com/api/#conversations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from freshbridge.actions.action import (
    MAIL_SETTLE_S,
    Action,
    Effect,
    Outcome,
    Parameters,
    Reconciliation,
)
from freshbridge.actions.earlier import unknown
from freshbridge.actions.freshdesk.attachments import Attachments, described, file_parts
from freshbridge.actions.freshdesk.earlier_entries import NOTE, REPLY, earlier_conversation
from freshbridge.actions.freshdesk.fields import EmailAddress, RecordId, TicketId
from freshbridge.actions.freshdesk.html import Sanitise, as_asked
from freshbridge.errors import WrongState

if TYPE_CHECKING:
    from freshbridge.actions.attempt_marks import Unsure
    from freshbridge.actions.context import Context
    from freshbridge.freshdesk.paging import Record
    from freshbridge.http_message import FilePart


class _Said(Parameters):
    """What a note and a reply have in common."""

    ticket_id: TicketId
    body: str = Field(min_length=1, description="HTML")
    user_id: RecordId | None = Field(
        default=None, description="Who says it; the key's owner when left out"
    )
    attachments: Attachments = Field(default_factory=list)
    sanitise: Sanitise = False


class AddNote(_Said):
    """Add a note to a ticket; agents see it, and the customer only when it is not private."""

    private: bool = Field(default=True, description="Whether only agents see it")
    incoming: bool = Field(default=False, description="Show it as the customer's own words")
    notify_emails: list[EmailAddress] = Field(
        default_factory=list, description="Agents who are told of it by e-mail"
    )


def add_note(context: Context, parameters: AddNote) -> Outcome:
    """Add one note; repeating it adds another."""
    body = as_asked(parameters.body, sanitise=parameters.sanitise, field="body")
    files = file_parts(context, parameters.attachments)
    note = context.client.add_note(
        parameters.ticket_id,
        body,
        private=parameters.private,
        incoming=parameters.incoming,
        notify_emails=parameters.notify_emails,
        user_id=parameters.user_id,
        files=files,
    )
    return _said(context, parameters.ticket_id, note, files, "Note added")


def _noted_before(context: Context, unsure: Unsure, parameters: AddNote) -> Outcome | None:
    asked = parameters.model_dump()
    note = earlier_conversation(context, unsure, parameters.ticket_id, NOTE, asked)
    return None if note is None else _said(context, parameters.ticket_id, note, (), "Note added")


class AddReply(_Said):
    """Reply to a ticket's requester by e-mail."""

    cc_emails: list[EmailAddress] = Field(default_factory=list, description="Copied in")
    bcc_emails: list[EmailAddress] = Field(
        default_factory=list, description="Copied in without the others seeing it"
    )
    from_email: EmailAddress | None = Field(
        default=None, description="One of the account's support addresses; the ticket's by default"
    )


def add_reply(context: Context, parameters: AddReply) -> Outcome:
    """Send one reply; repeating it mails the customer again."""
    body = as_asked(parameters.body, sanitise=parameters.sanitise, field="body")
    files = file_parts(context, parameters.attachments)
    reply = context.client.add_reply(
        parameters.ticket_id,
        body,
        cc_emails=parameters.cc_emails,
        bcc_emails=parameters.bcc_emails,
        from_email=parameters.from_email,
        user_id=parameters.user_id,
        files=files,
    )
    return _said(context, parameters.ticket_id, reply, files, "Reply sent")


def _replied_before(context: Context, unsure: Unsure, parameters: AddReply) -> Outcome | None:
    asked = {**parameters.model_dump(), "incoming": False}
    reply = earlier_conversation(context, unsure, parameters.ticket_id, REPLY, asked)
    return None if reply is None else _said(context, parameters.ticket_id, reply, (), "Reply sent")


class EditNote(Parameters):
    """Replace the text of a note, or attach files to it; a reply cannot be edited.

    Attached files are added to those that are there.
    """

    conversation_id: RecordId = Field(description="The note's id")
    body: str | None = Field(default=None, min_length=1, description="HTML; replaces the text")
    attachments: Attachments = Field(default_factory=list)
    sanitise: Sanitise = False

    @model_validator(mode="after")
    def _changes_something(self) -> EditNote:
        if self.body is None and not self.attachments:
            raise ValueError("give body, attachments or both")
        return self


def edit_note(context: Context, parameters: EditNote) -> Outcome:
    """Change one note; repeating it attaches its files again."""
    changes: dict[str, Any] = {}
    if parameters.body is not None:
        changes["body"] = as_asked(parameters.body, sanitise=parameters.sanitise, field="body")
    files = file_parts(context, parameters.attachments)
    try:
        note = context.client.edit_note(parameters.conversation_id, changes, files=files)
    except WrongState as error:
        raise WrongState(
            "This conversation cannot be edited",
            where=error.where,
            status=error.status,
            provider_message=error.provider_message,
            provider_request_id=error.provider_request_id,
            advice="Only notes can be edited, and not on a deleted ticket. Add a note instead.",
        ) from error
    return _said(context, note["ticket_id"], note, files, "Note changed")


def _edited_before(_context: Context, _unsure: Unsure, _parameters: EditNote) -> Outcome | None:
    """Which files a note has cannot be asked without its ticket."""
    raise unknown("attachment", "Freshdesk shows no single note")


class DeleteConversation(Parameters):
    """Remove a note or a reply from its ticket for good; a mail that was sent stays sent."""

    conversation_id: RecordId = Field(description="The note's or reply's id")


def delete_conversation(context: Context, parameters: DeleteConversation) -> Outcome:
    """Delete one conversation."""
    context.client.delete_conversation(parameters.conversation_id)
    return Outcome({"conversation_id": parameters.conversation_id}, "Conversation deleted")


class DeleteAttachment(Parameters):
    """Remove a file from its ticket or conversation for good."""

    attachment_id: RecordId = Field(description="As its ticket or conversation lists it")


def delete_attachment(context: Context, parameters: DeleteAttachment) -> Outcome:
    """Delete one attachment."""
    context.client.delete_attachment(parameters.attachment_id)
    return Outcome({"attachment_id": parameters.attachment_id}, "Attachment deleted")


def _said(
    context: Context, ticket_id: int, entry: Record, files: tuple[FilePart, ...], message: str
) -> Outcome:
    data = {
        "ticket_id": ticket_id,
        "ticket_url": context.ticket_url(ticket_id),
        "conversation_id": entry["id"],
        "conversation": entry,
    }
    return Outcome(data | ({"attached": described(files)} if files else {}), message)


ACTIONS = (
    Action(
        "freshdesk",
        "add_note",
        AddNote,
        add_note,
        Effect.ADD,
        {"ticket_id": 12345, "body": "Internal note for team reference", "private": True},
        reconcile=Reconciliation(_noted_before, makes="conversation_id"),
    ),
    Action(
        "freshdesk",
        "add_reply",
        AddReply,
        add_reply,
        Effect.ADD,
        {
            "ticket_id": 12345,
            "body": "Thank you for contacting us. We'll resolve this shortly.",
            "cc_emails": ["manager@company.example"],
        },
        reconcile=Reconciliation(_replied_before, makes="conversation_id", settle_s=MAIL_SETTLE_S),
    ),
    Action(
        "freshdesk",
        "edit_note",
        EditNote,
        edit_note,
        Effect.ADD,
        {"conversation_id": 88035131398, "body": "<div>Checked the logs twice.</div>"},
        reconcile=Reconciliation(_edited_before, doubles=lambda asked: bool(asked.attachments)),
    ),
    Action(
        "freshdesk",
        "delete_conversation",
        DeleteConversation,
        delete_conversation,
        Effect.SET,
        {"conversation_id": 88035131398},
    ),
    Action(
        "freshdesk",
        "delete_attachment",
        DeleteAttachment,
        delete_attachment,
        Effect.SET,
        {"attachment_id": 88013284906},
    ),
)
