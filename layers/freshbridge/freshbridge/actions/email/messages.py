"""Sending an e-mail through Amazon SES, as the sender that the stack was deployed with.

A mail whose answer was lost is not sent again: nobody can take one back, and SES does not tell
whether it went out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from freshbridge.actions.action import (
    MAIL_SETTLE_S,
    Action,
    Effect,
    Outcome,
    Parameters,
    Reconciliation,
)
from freshbridge.actions.once import OutcomeUnknown
from freshbridge.errors import Misconfigured
from freshbridge.mail.addresses import MOST_RECIPIENTS, read_address

if TYPE_CHECKING:
    from freshbridge.actions.attempt_marks import Unsure
    from freshbridge.actions.context import Context

LONGEST_BODY = 500_000
ADVICE = "Deploy the stack with the parameter EmailSender, an address that SES has verified."


def _read(value: object) -> object:
    """One address may stand for a list of one."""
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise ValueError("an address, or a list of addresses")
    return [read_address(one) for one in given]


Addresses = Annotated[
    list[str],
    BeforeValidator(_read, json_schema_input_type=str | list[str]),
    Field(max_length=MOST_RECIPIENTS),
]


class SendEmail(Parameters):
    """Send an e-mail as the stack's own sender."""

    to: Annotated[Addresses, Field(min_length=1, description="One address, or a list")]
    cc: Addresses = Field([], description="As `to`")
    bcc: Addresses = Field([], description="As `to`; nobody sees them")
    reply_to: Addresses = Field([], description="Where answers go; to the sender else")
    subject: Annotated[str, StringConstraints(min_length=1, max_length=998)] = Field(
        description="A line of plain text", examples=["Urgent: Cannot log in"]
    )
    text: Annotated[str, StringConstraints(max_length=LONGEST_BODY)] = Field(
        "", description="Plain text"
    )
    html: Annotated[str, StringConstraints(max_length=LONGEST_BODY)] = Field(
        "", description="HTML, beside the plain text or instead of it"
    )

    @model_validator(mode="after")
    def _can_be_sent(self) -> SendEmail:
        if not (self.text or self.html):
            raise ValueError("give a text, or html, or both")
        if len(self.to) + len(self.cc) + len(self.bcc) > MOST_RECIPIENTS:
            raise ValueError(f"to, cc and bcc are at most {MOST_RECIPIENTS} together")
        return self


class EmailSwitchedOff(Misconfigured):
    """The stack was deployed without a sender."""

    code = "email_switched_off"
    default_advice = ADVICE


def send(context: Context[None], parameters: SendEmail) -> Outcome:
    """Hand it over once."""
    mailer = context.services.mail
    if mailer is None:
        raise EmailSwitchedOff("this stack sends no e-mail")
    message_id = mailer.send(
        to=parameters.to,
        cc=parameters.cc,
        bcc=parameters.bcc,
        reply_to=parameters.reply_to,
        # A line break would begin another header.
        subject=" ".join(parameters.subject.split()),
        text=parameters.text,
        html=parameters.html,
    )
    recipients = len(parameters.to) + len(parameters.cc) + len(parameters.bcc)
    return Outcome({"message_id": message_id, "recipients": recipients}, "E-mail sent")


def _earlier(_context: Context[None], _unsure: Unsure, _parameters: SendEmail) -> Outcome:
    raise OutcomeUnknown("Amazon SES does not tell whether the e-mail was sent")


ACTIONS = (
    Action(
        platform="email",
        name="send",
        parameters=SendEmail,
        run=send,
        effect=Effect.ADD,
        example={
            "to": ["on-call@acme.example"],
            "subject": "Urgent: Cannot log in",
            "text": "Ticket 1042 was opened a moment ago.",
        },
        credits=0,
        credits_note="Amazon SES has its own sending rate and daily quota",
        reconcile=Reconciliation(_earlier, settle_s=MAIL_SETTLE_S),
    ),
)
