"""A person's own names for custom fields, in place of the provider's, both ways.

Pure. An instance's `custom_field_mapping`, {"cf_category": "category"}, holds for every action and
every event: what is sent may use either name, what comes back uses the person's. The provider's
name is then gone from results, errors and events, so that there is one name to write a rule for.

One mapping serves tickets, contacts and companies. A name is only changed where the record has a
field of the provider's name, as far as that is known, so "cf_category" → "category" for tickets
leaves a contact's own field "category" alone.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from freshbridge.errors import FieldError
from freshbridge.events.normalised import Event
from freshbridge.instances.config import field_mapping

FIELDS = "custom_fields"
_PREFIX = "cf_"
_NAMED_AT_MOST = 20
# A name in a query ends in a colon: https://developers.freshdesk.com/api/#filter_tickets
_QUERIED = re.compile(r"\b[^\W\d]\w*(?=\s*:)")


class NamedTwice(ValueError):
    """A field was given under both of its names."""


@dataclass(frozen=True)
class FieldNames:
    """`shown` maps the provider's names to the person's."""

    shown: Mapping[str, str]

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> FieldNames:
        """Those of an instance's `config`."""
        return cls(field_mapping(config))

    def sent(
        self, fields: Mapping[str, Any], known: Collection[str] | None = None
    ) -> dict[str, Any]:
        """Custom fields under the provider's names.

        `known` are the provider's names of this record's fields, None when they cannot be told.

        Raises:
            NamedTwice: "category and cf_category are one field".
        """
        found: dict[str, Any] = {}
        origin: dict[str, str] = {}
        for name, value in fields.items():
            target = self.sent_name(name, known)
            if target in found:
                raise NamedTwice(f"{origin[target]} and {name} are one field; give one of the two")
            found[target], origin[target] = value, name
        return found

    def sent_name(self, name: str, known: Collection[str] | None = None) -> str:
        """The provider's name for a person's, or the name itself."""
        for provider_name, own in self.shown.items():
            if own == name and (known is None or provider_name in known or name not in known):
                return provider_name
        return name

    def sent_query(self, query: str, known: Collection[str] | None = None) -> str:
        """A search query with the provider's names; what stands in single quotes is a value."""
        parts = query.split("'")
        parts[::2] = [
            _QUERIED.sub(lambda found: self.sent_name(found[0], known), part) for part in parts[::2]
        ]
        return "'".join(parts)

    def shown_fields(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Custom fields under the person's names; a name that is taken is not given twice."""
        return {
            name if self.shown.get(name, name) in fields else self.shown.get(name, name): value
            for name, value in fields.items()
        }

    def shown_data(self, data: Any) -> Any:
        """The same data with every object `custom_fields` in it under the person's names."""
        if not self.shown:
            return data
        if isinstance(data, list):
            return [self.shown_data(entry) for entry in data]
        if not isinstance(data, dict):
            return data
        return {
            name: self.shown_fields(value)
            if name == FIELDS and isinstance(value, dict)
            else self.shown_data(value)
            for name, value in data.items()
        }

    def shown_path(self, path: str) -> str:
        """`custom_fields.cf_category`, as an error names a field, to `custom_fields.category`."""
        steps = path.split(".")
        return ".".join(
            self.shown.get(step, step)
            if (place == 0 or steps[place - 1] == FIELDS) and step != FIELDS
            else step
            for place, step in enumerate(steps)
        )

    def shown_event(self, event: Event) -> Event:
        """The event with its ticket's and contact's custom fields, and changes, under own names."""
        if not self.shown:
            return event
        return replace(
            event,
            ticket=self.shown_data(event.ticket),
            contact=self.shown_data(event.contact),
            changes=self.shown_fields(event.changes),
        )


def names_in(definitions: Collection[Mapping[str, Any]]) -> set[str]:
    """The names of the custom fields that an account's field definitions hold.

    A dependent field's lower levels are in `nested_ticket_fields`, or `dependent_fields` in the
    administrators' view. Source: https://developers.freshdesk.com/api/#ticket-fields
    """
    found: set[str] = set()
    for definition in definitions:
        if definition.get("default") is True:
            continue
        levels = [
            *(definition.get("nested_ticket_fields") or ()),
            *(definition.get("dependent_fields") or ()),
        ]
        found |= {str(level["name"]) for level in (definition, *levels) if level.get("name")}
    return found


def unknown_field(path: str, name: str, record: str, known: Collection[str]) -> FieldError:
    """What is said of a custom field that the account does not have; `known` are shown names."""
    near = nearest(name, known)
    if near is not None:
        hint = f'did you mean "{near}"?'
    else:
        listed = ", ".join(sorted(known)[:_NAMED_AT_MOST])
        hint = f"it has {listed or 'no custom fields'}"
    return FieldError(path, f"the account has no such {record} field; {hint}", "unknown_field")


def nearest(name: str, known: Collection[str]) -> str | None:
    """The name that was probably meant: letter case, blanks and the prefix cf_ do not count."""
    plain: dict[str, str] = {}
    for candidate in sorted(known):
        plain.setdefault(_plain(candidate), candidate)
    close = difflib.get_close_matches(_plain(name), plain, n=1)
    return plain[close[0]] if close else None


def _plain(name: str) -> str:
    return "_".join(name.casefold().split()).replace("-", "_").removeprefix(_PREFIX)
