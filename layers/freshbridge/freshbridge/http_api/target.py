"""Which URL a path leads to: always below the origin that the instance was allowed. Pure.

A path is often filled from an event, that is by a customer: it must not become another host, climb
out of where the rule put it, or carry a second header.
"""

from __future__ import annotations

from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

from freshbridge.errors import FieldError, InvalidRequest

LONGEST_URL = 8_000
_KEPT = "/%:@!$&'()*+,;=~-._"
_KEPT_IN_QUERY = _KEPT + "?"


class InvalidPath(InvalidRequest):
    """The path cannot be called, or leads elsewhere than below the base URL."""

    code = "invalid_path"


def target_url(base_url: str, path: str) -> str:
    """The URL of `path`: below the base URL's own path, or a whole URL of the same origin.

    What no URL may hold is percent-encoded; what is encoded already stays.

    Raises:
        InvalidPath: naming what is wrong with it.
    """
    base, given = _parts(base_url), _parts(path)
    if "\\" in unquote(path) or not path.isprintable():
        raise _invalid("holds a character that no path has")
    if given.fragment or path.endswith("#"):
        raise _invalid("has a #: what follows it is never sent; write it as %23")
    if given.scheme or given.netloc:
        if (given.scheme.lower(), given.netloc.lower()) != (
            base.scheme.lower(),
            base.netloc.lower(),
        ):
            raise _invalid("is a URL of another origin than the base URL's")
        whole = given.path or "/"
    else:
        whole = f"{base.path.rstrip('/')}/{given.path.lstrip('/')}" if given.path else base.path
    if any(step in (".", "..") for step in unquote(whole).split("/")):
        raise _invalid("has a step . or .., which would lead elsewhere")
    query = given.query or base.query
    url = urlunsplit(
        (
            base.scheme,
            base.netloc,
            quote(whole, safe=_KEPT),
            quote(query, safe=_KEPT_IN_QUERY),
            "",
        )
    )
    if len(url) > LONGEST_URL:
        raise _invalid(f"makes a URL of over {LONGEST_URL} characters")
    return url


def _parts(text: str) -> SplitResult:
    try:
        return urlsplit(text)
    except ValueError:
        raise _invalid("cannot be read") from None


def _invalid(why: str) -> InvalidPath:
    return InvalidPath(f"http.request: path {why}", fields=[FieldError("path", why, "invalid")])
