"""One mail is handed to SES once; what SES says decides whether it is tried again."""

from __future__ import annotations

from typing import Any, cast

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from freshbridge.errors import (
    Forbidden,
    FreshbridgeError,
    InvalidRequest,
    Misconfigured,
    ProviderDown,
    Reject,
    Retry,
    Throttled,
    Unreachable,
)
from freshbridge.mail.ses import OVER_QUOTA_S, Mailer

SENDER = "support@acme.example"


class Ses:
    """Stands for the SES client: remembers what it was given, and answers or raises."""

    def __init__(self, answer: Exception | None = None) -> None:
        self.answer = answer
        self.sent: list[dict[str, Any]] = []

    def send_email(self, **request: Any) -> dict[str, str]:
        """Take one mail."""
        self.sent.append(request)
        if self.answer is not None:
            raise self.answer
        return {"MessageId": "0100-made-up"}


def mailer(ses: Ses, *domains: str) -> Mailer:
    return Mailer(SENDER, domains, cast("Any", ses))


def refusal(code: str, status: int = 400) -> ClientError:
    error = {"Code": code, "Message": "about asha@customer.example"}
    return ClientError(
        {"Error": error, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]  # what is read of it
        "SendEmail",
    )


def test_a_mail_is_sent_as_the_stack_s_sender() -> None:
    ses = Ses()

    sent = mailer(ses).send(
        to=["a@acme.example"], cc=["b@acme.example"], bcc=["c@acme.example"],
        reply_to=["d@acme.example"], subject="Ü", text="t", html="<p>h",
    )  # fmt: skip
    mailer(ses).send(to=["a@acme.example"], subject="s", html="<p>h")

    assert sent == "0100-made-up"
    first, second = ses.sent
    assert first["FromEmailAddress"] == SENDER
    assert first["Destination"] == {
        "ToAddresses": ["a@acme.example"],
        "CcAddresses": ["b@acme.example"],
        "BccAddresses": ["c@acme.example"],
    }
    assert first["ReplyToAddresses"] == ["d@acme.example"]
    simple = first["Content"]["Simple"]
    assert simple["Subject"] == {"Data": "Ü", "Charset": "UTF-8"}
    assert {kind: part["Data"] for kind, part in simple["Body"].items()} == {
        "Text": "t", "Html": "<p>h",
    }  # fmt: skip
    assert set(second["Content"]["Simple"]["Body"]) == {"Html"}


def test_a_recipient_outside_the_domains_keeps_the_mail_back() -> None:
    ses = Ses()

    with pytest.raises(InvalidRequest, match=r"1 recipients are outside.*EmailRecipientDomains"):
        mailer(ses, "acme.example").send(
            to=["a@acme.example"], bcc=["asha@customer.example"], subject="s", text="t"
        )

    assert ses.sent == []


@pytest.mark.parametrize(
    ("answer", "kind", "after", "unknown"),
    [
        (refusal("TooManyRequestsException", 429), Throttled, None, False),
        (refusal("LimitExceededException"), Throttled, OVER_QUOTA_S, False),
        (refusal("InternalFailure", 500), ProviderDown, None, True),
        (EndpointConnectionError(endpoint_url="x"), Unreachable, None, False),
        (ConnectTimeoutError(endpoint_url="x"), Unreachable, None, False),
        (ReadTimeoutError(endpoint_url="x"), Unreachable, None, True),
        (ConnectionClosedError(endpoint_url="x"), Unreachable, None, True),
    ],
)
def test_what_may_come_right_is_tried_again(
    answer: Exception, kind: type[Retry], after: float | None, unknown: bool
) -> None:
    ses = Ses(answer)

    with pytest.raises(kind) as raised:
        mailer(ses).send(to=["a@acme.example"], subject="s", text="t")

    assert (raised.value.after, raised.value.outcome_unknown) == (after, unknown)
    assert len(ses.sent) == 1


@pytest.mark.parametrize(
    ("code", "kind", "advice"),
    [
        ("MessageRejected", Reject, "sandbox"),
        ("MailFromDomainNotVerifiedException", Misconfigured, "Verify"),
        ("NotFoundException", Misconfigured, "Verify"),
        ("AccountSuspendedException", Forbidden, "suspended"),
        ("SendingPausedException", Forbidden, "resume"),
        ("AccessDeniedException", Forbidden, "deploy"),
        ("BadRequestException", InvalidRequest, "Correct"),
    ],
)
def test_a_refusal_is_final_and_says_what_to_do(
    code: str, kind: type[FreshbridgeError], advice: str
) -> None:
    with pytest.raises(kind) as raised:
        mailer(Ses(refusal(code))).send(to=["a@acme.example"], subject="s", text="t")

    assert type(raised.value) is kind
    assert advice in str(raised.value)
    assert "asha@" not in str(raised.value)


def test_a_function_without_credentials_fails_as_itself() -> None:
    with pytest.raises(NoCredentialsError):
        mailer(Ses(NoCredentialsError())).send(to=["a@acme.example"], subject="s", text="t")
