"""Does a webhook come from who it says it does?

Pure. Freshdesk and Freshsales cannot sign a webhook, but they can send a custom header or Basic
credentials with it, so the secret travels in one of those; whoever can sign does not have to show
it. It fails closed: no secret set, none shown, or a wrong one are all refused, in the same time and
with the same words, and a signature that does not fit is not made up for by a secret beside it.
Only who has signed with the secret is told that the time of it was wrong.
Source: https://support.freshdesk.com/support/solutions/articles/132589
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable, Mapping

from freshbridge.errors import Unauthorized
from freshbridge.events.signature import SIGNATURE_HEADER, TOLERANCE_S, is_in_time, signed_at

SECRET_HEADER = "x-freshbridge-secret"  # noqa: S105 - the header's name, not its value


class NotAuthenticated(Unauthorized):
    """The webhook shows no secret and no signature, or a wrong one."""

    code = "webhook_not_authenticated"


def authenticate(
    headers: Mapping[str, str], *, secrets: Iterable[str], body: bytes, now: float
) -> None:
    """Let the webhook pass or raise.

    `headers` has lower-case names; `secrets` are those that open at `now`, seconds since the epoch.
    What is shown is, in this order: the signature in `X-Freshbridge-Signature`, the secret itself
    in `X-Freshbridge-Secret`, or the secret as the password of Basic credentials (or as their user
    name where the password is "X", as Freshdesk sends what it calls an API key).

    Raises:
        NotAuthenticated: without saying which of the reasons it was, but to who has the secret.
    """
    opening = [secret for secret in secrets if secret]
    header = headers.get(SIGNATURE_HEADER)
    if header is not None:
        moment = signed_at(header, body, opening)
        if moment is not None and not is_in_time(moment, now):
            raise _out_of_time(moment, now)
        passes = moment is not None
    else:
        shown = headers.get(SECRET_HEADER) or _basic(headers.get("authorization", ""))
        passes = _is_one_of(shown, opening)
    if not passes:
        raise NotAuthenticated(
            "webhook secret missing or wrong",
            advice="Send the instance's webhook secret in the header X-Freshbridge-Secret, "
            "or as the password of Basic credentials, or sign with it.",
        )


def _out_of_time(moment: int, now: float) -> NotAuthenticated:
    off, side = round(abs(now - moment)), "behind" if moment < now else "ahead of"
    return NotAuthenticated(
        f"the signature is right, but its time is {off} seconds {side} this clock; "
        f"{TOLERANCE_S:.0f} are allowed",
        advice="Sign anew each time it is sent, with t in seconds since the epoch and a clock "
        "that is right.",
    )


def _is_one_of(shown: str, secrets: Iterable[str]) -> bool:
    found = False
    for secret in secrets:
        # A header can hold half a surrogate pair, which plain UTF-8 could not encode.
        left, right = (text.encode(errors="surrogatepass") for text in (shown, secret))
        found |= hmac.compare_digest(left, right)
    return found


def _basic(authorization: str) -> str:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
    user, _, password = text.partition(":")
    return user if password == "X" else password  # noqa: S105 - Freshdesk's filler, no secret
