"""An action's custom fields: the person's names to the provider's, and no unknown one among them.

Which fields an account has is looked up, so that a wrong name is refused with the nearest right one
before anything is sent. Where the key may not look it up, the provider judges. Searches check their
names by themselves, for they know which fields can be searched.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from freshbridge.actions.catalogue import InvalidParameters
from freshbridge.actions.mapping import FIELDS, FieldNames, NamedTwice, names_in, unknown_field
from freshbridge.errors import FieldError, Forbidden, NotFound

if TYPE_CHECKING:
    from freshbridge.actions.context import Context

Places = dict[str, dict[str, Any]]
"""Each object `custom_fields` by its path in the parameters."""

BATCH = "batch"
QUERY = "query"
_SEARCH = "search_"


def record_of(action: str) -> str:
    """Whose custom fields an action's parameters and results hold, by the action's name."""
    if "contact" in action:
        return "contact"
    return "company" if "compan" in action else "ticket"


def sent_parameters(
    context: Context, parameters: Mapping[str, Any], names: FieldNames
) -> dict[str, Any]:
    """The parameters with custom fields under the provider's names, in a search query too.

    The rows of a batch are requests of their own, each seen here in turn; the batch is left alone.

    Raises:
        InvalidParameters: the account has no such field, or one was given under two names.
    """
    action = context.request.action
    if action == BATCH or context.request.platform != "freshdesk":
        return dict(parameters)
    if action.startswith(_SEARCH):
        return _sent_search(context, parameters, names)
    given = _places(parameters)
    asked = {name for fields in given.values() for name in fields}
    if not asked:
        return dict(parameters)
    known = _known(context, names, asked)
    return _with(parameters, _sent(context, given, names, known))


def _sent_search(
    context: Context, parameters: Mapping[str, Any], names: FieldNames
) -> dict[str, Any]:
    given, query = _places(parameters), parameters.get(QUERY)
    query = query if isinstance(query, str) else ""
    own = set(names.shown.values())
    in_fields = any(own & fields.keys() for fields in given.values())
    if not in_fields and names.sent_query(query) == query:
        return dict(parameters)
    known, _ = _read(context)
    changed = _with(parameters, _sent(context, given, names, known, judge=False))
    return {**changed, QUERY: names.sent_query(query, known)} if query else changed


def _sent(
    context: Context,
    given: Places,
    names: FieldNames,
    known: set[str] | None,
    *,
    judge: bool = True,
) -> Places:
    wrong: list[FieldError] = []
    sent: Places = {}
    for path, fields in given.items():
        try:
            sent[path] = names.sent(fields, known)
        except NamedTwice as error:
            wrong.append(FieldError(path, str(error), "named_twice"))
        if judge:
            wrong += _unknown(context, path, fields, names, known)
    if wrong:
        request = context.request
        raise InvalidParameters(
            f"{request.platform}.{request.action}: parameters refused", fields=wrong
        )
    return sent


def _unknown(
    context: Context,
    path: str,
    fields: Mapping[str, Any],
    names: FieldNames,
    known: set[str] | None,
) -> list[FieldError]:
    if known is None:
        return []
    shown = {names.shown.get(name, name) for name in known}
    record = record_of(context.request.action)
    return [
        unknown_field(f"{path}.{name}", name, record, shown)
        for name in fields
        if names.sent_name(name, known) not in known
    ]


def _known(context: Context, names: FieldNames, asked: set[str]) -> set[str] | None:
    """The account's custom fields; asked for anew when those that are kept lack one."""
    known, cached = _read(context)
    if known is None or not cached:
        return known
    if {names.sent_name(name, known) for name in asked} <= known:
        return known
    return _read(context, refresh=True)[0]


def _read(context: Context, *, refresh: bool = False) -> tuple[set[str] | None, bool]:
    """The account's custom fields, None when they cannot be told, and whether they were kept."""
    try:
        found = context.reference(f"{record_of(context.request.action)}_fields", refresh=refresh)
    except (Forbidden, NotFound):
        return None, False
    # Every form has fields that come with Freshdesk: an empty one says nothing.
    return (names_in(found.records) if found.records else None), found.cached


def _places(parameters: Mapping[str, Any], prefix: str = "") -> Places:
    found: Places = {}
    for name, value in parameters.items():
        if isinstance(value, dict):
            path = f"{prefix}{name}"
            found |= {path: value} if name == FIELDS else _places(value, f"{path}.")
    return found


def _with(parameters: Mapping[str, Any], sent: Places, prefix: str = "") -> dict[str, Any]:
    changed = dict(parameters)
    for name, value in parameters.items():
        if isinstance(value, dict):
            path = f"{prefix}{name}"
            changed[name] = sent[path] if path in sent else _with(value, sent, f"{path}.")
    return changed
