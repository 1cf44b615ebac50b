"""Sign a notification, so that its receiver knows who sent it and that nobody changed it. Pure.

`elements-webhook-signature: sha256=<base64>`: the HMAC-SHA256 of the body's bytes, as they are
sent, under the instance's `event.notification.signature.key`.
Source: https://docs.cloud-elements.com, "Event Management: Security"
"""

from __future__ import annotations

import base64
import hmac

ID_HEADER = "elements-webhook-id"
SIGNATURE_HEADER = "elements-webhook-signature"


def signature(body: bytes, key: str) -> str:
    """The header's value for a body."""
    digest = hmac.digest(key.encode(errors="surrogatepass"), body, "sha256")
    return f"sha256={base64.b64encode(digest).decode()}"
