"""AWS Signature Version 4 for a POST of JSON, in one function.

Pure: standard library only, the time is an argument. botocore signs the same way; importing it
takes longer than all else that the webhook's function does.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Keys:
    """Credentials of AWS; `session_token` is "" for those of a user. Their repr shows none."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)


def signed(
    headers: Mapping[str, str],
    body: bytes,
    *,
    keys: Keys,
    region: str,
    service: str,
    now: float,
    path: str = "/",
) -> dict[str, str]:
    """The headers with date, token and `Authorization` added.

    `headers` must hold `host`, in lower case as all of them; all are signed. `now` is seconds since
    the epoch.
    """
    moment = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    told = {**headers, "x-amz-date": moment}
    if keys.session_token:
        told["x-amz-security-token"] = keys.session_token
    names = ";".join(sorted(told))
    request = "\n".join(
        (
            "POST",
            path,
            "",
            *(f"{name}:{' '.join(told[name].split())}" for name in sorted(told)),
            "",
            names,
            hashlib.sha256(body).hexdigest(),
        )
    )
    scope = f"{moment[:8]}/{region}/{service}/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"AWS4{keys.secret_access_key}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    told["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={keys.access_key_id}/{scope}, "
        f"SignedHeaders={names}, Signature={signature}"
    )
    return told
