"""email.send: who gets what, and that nobody gets it twice."""

from __future__ import annotations

from typing import Any

import pytest

from freshbridge.actions.action import Outcome
from freshbridge.actions.catalogue import CATALOGUE, InvalidParameters, validate
from freshbridge.actions.email.messages import EmailSwitchedOff
from freshbridge.actions.once import OutcomeUnknown
from freshbridge.errors import Throttled, Unreachable
from tests.fakes.actions import earlier_attempt, run_action
from tests.fakes.provider import FakeTransport

MAIL = {"to": "on-call@acme.example", "subject": "Urgent", "text": "Ticket 7"}


class Outbox:
    """Implements `freshbridge.actions.context.Mail`: keeps what it is given, or raises."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.sent: list[dict[str, Any]] = []

    def send(self, **mail: Any) -> str:
        """Take one mail."""
        if self.error is not None:
            raise self.error
        self.sent.append(mail)
        return f"mail-{len(self.sent)}"


class NoClient:
    """Stands for the client that an action without an account does not have."""

    wrote = False


def send(parameters: dict[str, Any], mail: Outbox | None, **given: Any) -> Outcome:
    return run_action(
        "send", parameters, FakeTransport(), platform="email", client=NoClient(), mail=mail, **given
    )


def test_a_mail_is_sent_to_all_of_them() -> None:
    outbox = Outbox()

    outcome = send(
        {
            **MAIL,
            "cc": ["Lead <lead@acme.example>"],
            "bcc": "log@acme.example",
            "reply_to": ["help@acme.example"],
            "subject": "Urgent:\r\n Bcc: x@evil.example",
            "html": "<p>Ticket 7</p>",
        },
        outbox,
    )

    assert outbox.sent == [
        {
            "to": ["on-call@acme.example"],
            "cc": ['"Lead" <lead@acme.example>'],
            "bcc": ["log@acme.example"],
            "reply_to": ["help@acme.example"],
            "subject": "Urgent: Bcc: x@evil.example",
            "text": "Ticket 7",
            "html": "<p>Ticket 7</p>",
        }
    ]
    assert outcome == Outcome({"message_id": "mail-1", "recipients": 3}, "E-mail sent")


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"to": []}, "to"),
        ({"to": "nobody"}, "to"),
        ({"to": 7}, "to"),
        ({"cc": ["a@acme.example", 7]}, "cc"),
        ({"subject": ""}, "subject"),
        ({"text": ""}, ""),
        ({"to": [f"a{i}@acme.example" for i in range(40)],
          "bcc": [f"b{i}@acme.example" for i in range(11)]}, ""),
        ({"from": "ceo@acme.example"}, "from"),
    ],
)  # fmt: skip
def test_what_cannot_be_sent_is_refused(changed: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidParameters) as raised:
        validate(CATALOGUE.find("email", "send"), {**MAIL, **changed})

    assert [field.field for field in raised.value.fields] == [named]


def test_a_stack_without_a_sender_says_how_to_get_one() -> None:
    with pytest.raises(EmailSwitchedOff, match=r"sends no e-mail.*EmailSender"):
        send(MAIL, None)


def test_a_lost_answer_is_never_followed_by_a_second_mail() -> None:
    lost = Unreachable("No complete reply from Amazon SES", outcome_unknown=True)
    with pytest.raises(Unreachable) as raised:
        send(MAIL, Outbox(lost))
    outbox = Outbox()
    with pytest.raises(OutcomeUnknown, match="does not tell whether"):
        send(MAIL, outbox, unsure=earlier_attempt())

    assert raised.value.after == 30
    assert outbox.sent == []


def test_a_throttled_mail_waits_as_long_as_ses_says() -> None:
    with pytest.raises(Throttled) as raised:
        send(MAIL, Outbox(Throttled("Amazon SES sends no more for now", after=900)))

    assert (raised.value.after, raised.value.outcome_unknown) == (900, False)
