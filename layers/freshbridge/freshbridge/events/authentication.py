"""Does a webhook come from who it says it does?

Pure. Freshdesk cannot sign a webhook, but it can send a custom header or Basic credentials with
it, so the secret travels in one of those. It fails closed: no secret set, none shown, or a wrong
one are all refused, in the same time and with the same words.
Source: https://support.freshdesk.com/support/solutions/articles/132589
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping

from freshbridge.errors import Unauthorized

SECRET_HEADER = "x-freshbridge-secret"  # noqa: S105 - the header's name, not its value


class NotAuthenticated(Unauthorized):
    """The webhook shows no secret, or a wrong one."""

    code = "webhook_not_authenticated"


def authenticate(headers: Mapping[str, str], *, secret: str) -> None:
    """Let the webhook pass or raise.

    `headers` has lower-case names. The secret is taken from `X-Freshbridge-Secret`, else from the
    password of Basic credentials.

    Raises:
        NotAuthenticated: without saying which of the reasons it was.
    """
    shown = headers.get(SECRET_HEADER) or _basic_password(headers.get("authorization", ""))
    if not hmac.compare_digest(shown.encode(), secret.encode()) or not secret:
        raise NotAuthenticated(
            "webhook secret missing or wrong",
            advice="Send the instance's webhook secret in the header X-Freshbridge-Secret, "
            "or as the password of Basic credentials.",
        )


def _basic_password(authorization: str) -> str:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
    return text.partition(":")[2]
