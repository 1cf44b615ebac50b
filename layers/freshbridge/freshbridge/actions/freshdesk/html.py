"""HTML that came from outside, made safe to show: only where the caller asks for it.

Otherwise HTML is sent as it was given; nothing here or elsewhere escapes it. The work is done by
ammonia, an HTML5 parser with allow-lists: https://nh3.readthedocs.io
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from freshbridge.errors import FieldError, InvalidRequest

Sanitise = Annotated[
    bool,
    Field(
        description="Take scripts, event handlers, forms, frames and unsafe links out of the HTML; "
        "otherwise it is sent as it is"
    ),
]
"""The type of a parameter `sanitise`, whose default is False."""

# Enough to look like what a person wrote in an editor; nothing that leaves its place on the page.
_STYLES = frozenset(
    {
        "background-color",
        "border",
        "border-collapse",
        "border-color",
        "border-style",
        "border-width",
        "color",
        "font-family",
        "font-size",
        "font-style",
        "font-weight",
        "height",
        "line-height",
        "margin",
        "margin-bottom",
        "margin-left",
        "margin-right",
        "margin-top",
        "padding",
        "padding-bottom",
        "padding-left",
        "padding-right",
        "padding-top",
        "text-align",
        "text-decoration",
        "vertical-align",
        "white-space",
        "width",
    }
)
_ATTRIBUTES_OF_ALL = frozenset({"class", "dir", "lang", "style", "title"})
_SCHEMES = frozenset({"http", "https", "mailto", "tel", "cid"})


def sanitised(html: str) -> str:
    """`html` without what could run or deceive; text and formatting stay.

    Scripts and styles go with what is in them, other unknown tags leave their text. Sanitising
    twice changes nothing more.
    """
    import nh3  # noqa: PLC0415 - most requests ask for no sanitising, and it is native code

    attributes = {tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()}
    attributes["*"] = set(_ATTRIBUTES_OF_ALL)
    return nh3.clean(
        html,
        attributes=attributes,
        filter_style_properties=set(_STYLES),
        url_schemes=set(_SCHEMES),
    )


def as_asked(html: str, *, sanitise: bool, field: str) -> str:
    """`html` as it is to be sent: sanitised when asked for.

    Raises:
        InvalidRequest: naming `field`, when sanitising leaves nothing to send.
    """
    if not sanitise:
        return html
    clean = sanitised(html)
    if html.strip() and not clean.strip():
        raise InvalidRequest(
            "Nothing is left of the HTML",
            fields=[FieldError(field, "sanitising leaves nothing of it", "invalid_value")],
        )
    return clean
