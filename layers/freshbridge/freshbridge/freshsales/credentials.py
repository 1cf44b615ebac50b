"""The API key and how it is sent. Pure: no I/O.

Facts: https://developers.freshworks.com/crm/api/#authentication
"""

from __future__ import annotations

from freshbridge.errors import Misconfigured

_UNFIT = frozenset(" \"',;")


def authorization(api_key: str) -> str:
    """The Authorization header's value, `Token token=…`.

    Blanks around the key are dropped, for a secret pasted from a page often ends in a line break,
    and so is the prefix where the whole header was pasted. Raises Misconfigured for a key that
    cannot be one.
    """
    key = api_key.strip()
    if key.lower().startswith("token token="):
        key = key[len("token token=") :].strip().strip('"')
    if not key or not key.isascii() or not key.isprintable() or _UNFIT & set(key):
        raise Misconfigured(
            "The Freshsales API key is empty or holds a character no key has",
            where="configuration.api_key",
            advice="Copy the key again from your profile's API settings in Freshsales.",
        )
    return f"Token token={key}"
