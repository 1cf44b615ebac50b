"""Sends one e-mail through Amazon SES, once: nothing is tried again here.

SES has no key by which a repeated request is known, so one whose answer was lost may have been
sent.
Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
)

from freshbridge import aws
from freshbridge.errors import (
    FieldError,
    Forbidden,
    FreshbridgeError,
    InvalidRequest,
    Misconfigured,
    ProviderDown,
    Reject,
    Throttled,
    Unreachable,
)
from freshbridge.mail.addresses import outside

if TYPE_CHECKING:
    from types_boto3_sesv2 import SESV2Client
    from types_boto3_sesv2.type_defs import BodyTypeDef, ContentTypeDef

OVER_QUOTA_S = 900.0
"""A day's quota refills bit by bit over the day."""
_WHERE = "SES SendEmail"
_THROTTLED = {"TooManyRequestsException": None, "Throttling": None, "ThrottlingException": None,
              "LimitExceededException": OVER_QUOTA_S}  # fmt: skip
_REFUSALS: dict[str, tuple[type[Reject], str]] = {
    "MessageRejected": (
        Reject,
        "SES says what is wrong with it. In its sandbox every recipient has to be verified too.",
    ),
    "MailFromDomainNotVerifiedException": (
        Misconfigured,
        "Verify the domain of EmailSender in Amazon SES.",
    ),
    "NotFoundException": (Misconfigured, "Verify EmailSender in Amazon SES."),
    "AccountSuspendedException": (Forbidden, "Amazon SES has suspended this AWS account."),
    "SendingPausedException": (Forbidden, "Sending is paused in Amazon SES: resume it there."),
    "AccessDeniedException": (
        Forbidden,
        "The function may send as EmailSender only: deploy the stack again.",
    ),
}


class Mailer:
    """Sends as one sender."""

    def __init__(
        self, sender: str, domains: tuple[str, ...] = (), client: SESV2Client | None = None
    ) -> None:
        """`domains`: whom it may write to; () for anybody."""
        self._sender = sender
        self._domains = domains
        self._injected = client

    @property
    def _client(self) -> SESV2Client:
        return self._injected or aws.mail()

    def send(
        self,
        *,
        to: Sequence[str],
        subject: str,
        cc: Sequence[str] = (),
        bcc: Sequence[str] = (),
        reply_to: Sequence[str] = (),
        text: str = "",
        html: str = "",
    ) -> str:
        """Hand a mail over to SES, and return SES's id of it.

        Addresses are as `read_address` gives them.

        Raises:
            InvalidRequest: a recipient is outside the domains; nothing was sent.
            Throttled, ProviderDown, Unreachable: try again; see `outcome_unknown`.
            Reject: SES will not send it.
        """
        others = outside((*to, *cc, *bcc), self._domains)
        if others:
            raise InvalidRequest(
                f"{others} recipients are outside the domains that this stack may write to",
                fields=[FieldError("to", f"only to {', '.join(self._domains)}", "not_allowed")],
                advice="Its deployer sets them by the parameter EmailRecipientDomains.",
            )
        try:
            answer = self._client.send_email(
                FromEmailAddress=self._sender,
                Destination={
                    "ToAddresses": list(to),
                    "CcAddresses": list(cc),
                    "BccAddresses": list(bcc),
                },
                ReplyToAddresses=list(reply_to),
                Content={"Simple": {"Subject": _utf8(subject), "Body": _body(text, html)}},
            )
        except ClientError as error:
            raise _refusal(error) from None  # the original may quote an address
        except (EndpointConnectionError, ConnectTimeoutError) as error:
            raise Unreachable("No connection to Amazon SES", where=_WHERE) from error
        except (ConnectionClosedError, HTTPClientError) as error:
            raise Unreachable(
                "No complete reply from Amazon SES", where=_WHERE, outcome_unknown=True
            ) from error
        return answer["MessageId"]


def _body(text: str, html: str) -> BodyTypeDef:
    body: BodyTypeDef = {}
    if text:
        body["Text"] = _utf8(text)
    if html:
        body["Html"] = _utf8(html)
    return body


def _utf8(text: str) -> ContentTypeDef:
    return {"Data": text, "Charset": "UTF-8"}


def _refusal(error: ClientError) -> FreshbridgeError:
    code = aws.error_name(error)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    told: Any = {
        "where": _WHERE,
        "status": status,
        "provider_code": code,
        "provider_message": str(error.response.get("Error", {}).get("Message", "")),
    }
    if code in _THROTTLED:
        return Throttled("Amazon SES sends no more for now", after=_THROTTLED[code], **told)
    if code in _REFUSALS:
        kind, advice = _REFUSALS[code]
        return kind("Amazon SES refuses the e-mail", advice=advice, **told)
    if status is None or status >= 500:
        return ProviderDown("Amazon SES failed", outcome_unknown=True, **told)
    return InvalidRequest("Amazon SES refuses the e-mail", **told)
