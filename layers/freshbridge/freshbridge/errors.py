"""The errors of the whole package: each type answers "what should the caller do?".

    FreshbridgeError
    ├── Retry                  try again later, not before `after` seconds
    │   ├── Throttled          the provider's rate limit is used up (429)
    │   ├── ProviderDown       5xx, HTML where JSON was due, a reply that makes no sense
    │   └── Unreachable        DNS, connect, TLS, time-outs, resets: no complete reply came
    └── Reject                 never send it again as it is
        ├── Misconfigured      the address or the key cannot be used; nothing was sent
        ├── InvalidRequest     the parameters are wrong (400), with the fields named
        ├── Unauthorized       the key is not accepted (401)
        ├── Forbidden          the key is known but may not do this (403)
        ├── NotFound           no such record or path (404)
        ├── WrongState         the record's state or the verb forbids it (405)
        ├── Conflict           it exists already (409), with its id when the provider tells it
        ├── PayloadTooLarge    the request is larger than the provider takes (413)
        ├── UnsupportedFormat  the media type is not one the provider speaks (406, 415)
        ├── Redirected         the address answers with another address (3xx)
        ├── ReplyTooLarge      the reply is larger than this process will hold
        └── PageLimitReached   the provider lists no further; narrow the question and start again

The text of an error can be logged and shown: it holds no request or reply body, no query string,
and e-mail addresses in a provider's words are masked. This module imports the standard library
only, so that every room can raise these errors at no cost.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, TypedDict, Unpack

# What ends an address in running text, in a URL or in JSON. `%40` is an address in an encoded URL.
_EMAIL = re.compile(
    r"""(?<![^\s@<>"'(),;:\[\]=?&/])[^\s@<>"'(),;:\[\]=?&/]+?(?:@|%40)[^\s@<>"'(),;:\[\]=?&/]+"""
)
# A provider's sentence is quoted up to this length: long enough for any validation message seen,
# short enough for a log line, an SQS attribute and a database record.
_QUOTE_LIMIT = 500
# Read this far before masking, so that an address on the quote's edge is masked as a whole.
_SCAN_LIMIT = 4096


def mask_emails(text: str) -> str:
    """Replace every e-mail address in `text`, plain or percent-encoded, by `[e-mail]`."""
    return _EMAIL.sub("[e-mail]", text)


def _quotable(text: str) -> str:
    # A line break inside a quoted sentence would let a provider forge a second log line.
    masked = " ".join(mask_emails(text[:_SCAN_LIMIT]).split())
    return masked if len(masked) <= _QUOTE_LIMIT else masked[: _QUOTE_LIMIT - 1] + "…"


class Context(TypedDict, total=False):
    """What any error may carry beside its sentence."""

    where: str
    advice: str
    status: int | None
    provider_code: str
    provider_message: str
    provider_request_id: str


class FreshbridgeError(Exception):
    """Base of all errors; raised as one of its two branches, never itself.

    `what` says what was wrong, `where` the verb and path (or the parameter), `advice` what to do
    about it. `status` is the HTTP status or None when no reply came. `provider_code` and
    `provider_message` are the provider's own, masked; `provider_request_id` is what its support
    asks for.
    """

    code: ClassVar[str] = "error"
    default_advice: ClassVar[str] = ""
    action_id: str = ""
    """The recorded action that it ended, where there is one."""

    def __init__(self, what: str, **context: Unpack[Context]) -> None:
        self.what = _quotable(what)
        super().__init__(self.what)
        self.where = _quotable(context.get("where", ""))
        self.advice = _quotable(context.get("advice", "")) or self.default_advice
        self.status = context.get("status")
        self.provider_code = _quotable(context.get("provider_code", ""))
        self.provider_message = _quotable(context.get("provider_message", ""))
        self.provider_request_id = _quotable(context.get("provider_request_id", ""))

    def _detail(self) -> str:
        """Return the provider's words as they belong in the sentence, or an empty string."""
        return self.provider_message

    @property
    def headline(self) -> str:
        """What was wrong, in the provider's words where it had any, without place and advice."""
        detail = self._detail()
        return f"{self.what}: {detail.rstrip('.')}" if detail else self.what

    @property
    def told(self) -> str:
        """What a caller of the API is told as the message; place and advice go beside it.

        What no provider said is told whole.
        """
        if self.status is None:
            return str(self)
        return f"{self.headline}." if ". " in self.headline else self.headline

    def __str__(self) -> str:
        sentence = self.headline
        place = [self.where] if self.where else []
        if self.status is not None:
            place.append(f"HTTP {self.status}")
        if place:
            sentence += f" ({', '.join(place)})"
        return f"{sentence}. {self.advice}".rstrip()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"


class Retry(FreshbridgeError):
    """Try again later.

    `after` is the least wait in seconds the provider asked for, or None when it named none; it is
    a floor under the caller's own backoff, never a replacement. `outcome_unknown` tells that the
    request may have taken effect: look for its trace before sending it a second time. Where it
    `costs_no_attempt`, nothing was tried: `after` is exactly when to come back, however often.
    """

    code = "retry"
    costs_no_attempt: ClassVar[bool] = False
    default_advice = "Try again later."

    def __init__(
        self,
        what: str,
        *,
        after: float | None = None,
        outcome_unknown: bool = False,
        **context: Unpack[Context],
    ) -> None:
        super().__init__(what, **context)
        self.after = max(0.0, after) if after is not None and math.isfinite(after) else None
        self.outcome_unknown = outcome_unknown


class Throttled(Retry):
    """The provider's rate limit is used up (429); the request had no effect."""

    code = "throttled"
    default_advice = "Wait for the rate limit to refill and send it again."


class ProviderDown(Retry):
    """The provider failed (5xx) or answered with something that is not its API."""

    code = "provider_down"
    default_advice = "The provider is not answering properly. Try again later."


class Unreachable(Retry):
    """No complete reply came: DNS, connect, TLS, time-out or reset."""

    code = "unreachable"
    default_advice = "Check the address and the network, or try again later."


class Reject(FreshbridgeError):
    """Never send this again as it is: something has to change first."""

    code = "rejected"
    default_advice = "Change the request before sending it again."


class Misconfigured(Reject):
    """The address or the credential cannot be used; nothing was sent."""

    code = "misconfigured"
    default_advice = "Correct the instance's configuration."


@dataclass(frozen=True, slots=True)
class FieldError:
    """A field the provider refused (`custom_fields.cf_x` for a custom one), why, and its code."""

    field: str
    message: str
    code: str = ""

    def __str__(self) -> str:
        text = f"{self.field}: {self.message}" if self.field else self.message
        return f"{text.rstrip('.')} [{self.code}]" if self.code else text


def _quotable_field(error: FieldError) -> FieldError:
    return FieldError(_quotable(error.field), _quotable(error.message), _quotable(error.code))


class InvalidRequest(Reject):
    """The parameters are wrong (400, or refused before sending); `fields` names them."""

    code = "invalid_request"
    default_advice = "Correct the parameters and send it again."

    def __init__(
        self, what: str, *, fields: Sequence[FieldError] = (), **context: Unpack[Context]
    ) -> None:
        super().__init__(what, **context)
        self.fields = tuple(_quotable_field(field) for field in fields)

    def _detail(self) -> str:
        named = "; ".join(str(field) for field in self.fields)
        return ": ".join(part for part in (self.provider_message, named) if part)


class Unauthorized(Reject):
    """The credential is missing, wrong or withdrawn (401)."""

    code = "unauthorized"
    default_advice = "Check the instance's API key: it may have been reset."

    @property
    def told(self) -> str:
        """The sentence that callers compare; the provider's own words vary."""
        return self.what if self.status is not None else str(self)


class Forbidden(Reject):
    """The credential is known but may not do this (403)."""

    code = "forbidden"
    default_advice = "Give the key's owner the role this needs, or use another key."


class NotFound(Reject):
    """No such record, path or account (404)."""

    code = "not_found"
    default_advice = "Check the id; the record may have been deleted."


class WrongState(Reject):
    """The record is deleted, spam or blocked, or the path has no such verb (405)."""

    code = "wrong_state"
    default_advice = "Restore the record first if it was deleted or marked as spam."


class Conflict(Reject):
    """It exists already (409); `existing_id` is its id when the provider tells it."""

    code = "conflict"
    default_advice = "Use the existing record, or change the value that must be unique."

    def __init__(
        self,
        what: str,
        *,
        existing_id: int | None = None,
        fields: Sequence[FieldError] = (),
        **context: Unpack[Context],
    ) -> None:
        super().__init__(what, **context)
        self.existing_id = existing_id
        self.fields = tuple(_quotable_field(field) for field in fields)


class PayloadTooLarge(Reject):
    """The request is larger than the provider takes (413)."""

    code = "payload_too_large"
    default_advice = "Send less, or smaller attachments."


class UnsupportedFormat(Reject):
    """The provider does not speak the media type sent or asked for (406, 415)."""

    code = "unsupported_format"
    default_advice = "Send JSON, or multipart where files are allowed."


class Redirected(Reject):
    """The address answers with another address; following it could hand the key to a stranger."""

    code = "redirected"
    default_advice = "Redirects are not followed. Configure the account's own API address."


class ReplyTooLarge(Reject):
    """The reply is larger than this process will hold; a write behind it has taken effect."""

    code = "reply_too_large"
    default_advice = "Ask for less at a time: a smaller page or fewer embedded resources."


class PageLimitReached(Reject):
    """The provider lists no further pages although more records exist."""

    code = "page_limit_reached"
    default_advice = "Start again at page 1 with a narrower question."


_CLASS_OF_STATUS: dict[int, type[Reject]] = {
    400: InvalidRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    405: WrongState,
    406: UnsupportedFormat,
    409: Conflict,
    413: PayloadTooLarge,
    415: UnsupportedFormat,
    422: InvalidRequest,
}


def class_for_status(status: int) -> type[Retry] | type[Reject]:
    """Return the error type for an HTTP status that is not a success (RFC 9110, section 15).

    408 and 425 ask for the same request again; a status outside 300-599 is no HTTP at all and
    counts as a provider that is down.
    """
    if status == 429:
        return Throttled
    if status in (408, 425):
        return ProviderDown
    if 300 <= status < 400:
        return Redirected
    if 400 <= status < 500:
        return _CLASS_OF_STATUS.get(status, Reject)
    return ProviderDown
