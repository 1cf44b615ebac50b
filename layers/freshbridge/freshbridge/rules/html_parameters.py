"""Which parameters of an action are HTML, so that what a template puts there is escaped. Pure.

A customer writes a ticket's subject; in a note it is text, not markup. A test holds this list to
the parameters that the actions' own models describe as HTML.
"""

from __future__ import annotations

from typing import Any

HTML = {
    "create_ticket": ("description",),
    "update_ticket": ("description",),
    "merge_tickets": ("note_in_primary.body", "note_in_secondary.body"),
    "forward_ticket": ("body",),
    "outbound_email": ("description",),
    "add_note": ("body",),
    "add_reply": ("body",),
    "edit_note": ("body",),
    "bulk_update_tickets": ("reply.body",),
    "send": ("html",),
}
_PLATFORMS = ("freshdesk", "email")
_ROWS = ("rows", "defaults")


def html_parameters(platform: str, action: str, parameters: dict[str, Any]) -> frozenset[str]:
    """Dotted paths within the parameters; steps into a list are not counted."""
    if platform not in _PLATFORMS:
        return frozenset()
    if action != "batch":
        return frozenset(HTML.get(action, ()))
    inner = str(parameters.get("action", ""))
    # Which action a template will name is not known yet: escape whatever is HTML in one of them.
    names = [n for names in HTML.values() for n in names] if "{" in inner else HTML.get(inner, ())
    return frozenset(f"{place}.{name}" for place in _ROWS for name in names)
