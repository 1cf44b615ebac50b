"""The record that a key is of, one call a key or one for a hundred.

The provider's index lags behind writes by seconds, so a record that was just made may not be found.
Source: https://developers.freshworks.com/crm/api/#lookup, #search
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from freshbridge.actions.freshsales.same_record import addresses, identified
from freshbridge.destinations.lookup_kinds import RECORDS, WantedRecord
from freshbridge.destinations.preparation import InvalidRecord, folded_key, key_value
from freshbridge.destinations.resource_types import TYPES, ResourceType
from freshbridge.destinations.transforms import text_of
from freshbridge.errors import FieldError, InvalidRequest, NotFound

if TYPE_CHECKING:
    from freshbridge.freshsales.client import FreshsalesClient
    from freshbridge.freshsales.wire import Record

_LOOKED_UP_AS = {"emails": "email"}
_SEARCHED_AS = {
    ("contacts", "emails"): "contact_email.email",
    ("leads", "emails"): "lead_email.email",
}
_MOST_PAGES = 3
"""Of a hundred rows each: names need not be unique."""


def by_key(client: FreshsalesClient, kind: ResourceType, key: str, value: Any) -> Record | None:
    """The one record that has this key; None for none.

    Raises:
        InvalidRecord: several have it.
    """
    if key == "id":
        try:
            return client.record("GET", f"/{kind.name}/{int(value)}", kind.wrapper).record
        except NotFound:
            return None
    field = _LOOKED_UP_AS.get(key, key)
    rows, _whole = _calls(client, kind).lookup(field, text_of(value))
    found = {row["id"]: row for row in rows if identified(field, text_of(value), row)}
    if len(found) > 1:
        said = f"{len(found)} records have this {key}: {', '.join(map(str, list(found)[:5]))}"
        raise InvalidRecord("no single record", fields=[FieldError(key, said, "ambiguous")])
    return next(iter(found.values()), None)


def by_keys(
    client: FreshsalesClient, kind: ResourceType, key: str, values: Sequence[Any]
) -> dict[str, list[Record]] | None:
    """The records by their key as `folded_key` writes it; None where it cannot be searched by."""
    attribute = _SEARCHED_AS.get((kind.name, key), key)
    wanted = {folded_key(value) for value in values}
    rule = {"attribute": attribute, "operator": "is_in", "value": [*values]}
    found: dict[str, list[Record]] = {}
    try:
        pages = _calls(client, kind).search([rule], sort="created_at", sort_type="asc")
        for page in islice(pages, _MOST_PAGES):
            for row in page.records:
                for one in _keys(key, row) & wanted:
                    found.setdefault(one, []).append(row)
            if page.last:
                return found
    except InvalidRequest:
        return None
    # More have these keys than were seen: what was not seen is no proof.
    return None


def full(client: FreshsalesClient, kind: ResourceType, record_id: int) -> Record:
    """All of a record."""
    return client.record("GET", f"/{kind.name}/{record_id}", kind.wrapper).record


class KnownIds:
    """Ids of records that values were looked up for, kept for a while within one process."""

    def __init__(self, most: int = 10_000, age_s: float = 600.0) -> None:
        """`most`: entries, the oldest go first."""
        self._most = most
        self._age_s = age_s
        self._kept: dict[tuple[str, WantedRecord], tuple[float, int]] = {}

    def resolved(
        self, client: FreshsalesClient, fields: dict[str, Any], *, now: float
    ) -> dict[str, Any]:
        """The fields with an id in place of each record that is wanted.

        Raises:
            InvalidRecord: naming the fields whose record is not there.
        """
        wrong: list[FieldError] = []
        found = self._within(client, fields, "", now, wrong)
        if wrong:
            raise InvalidRecord("the record is not sent", fields=wrong)
        made: dict[str, Any] = found
        return made

    def _within(
        self,
        client: FreshsalesClient,
        value: dict[str, Any],
        place: str,
        now: float,
        wrong: list[FieldError],
    ) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, one in value.items():
            path = f"{place}{name}"
            if isinstance(one, WantedRecord):
                found = self._id(client, one, path, now, wrong)
                if found is not None:
                    # The accounts of a contact are a list of objects.
                    listed = name == "sales_accounts"
                    made[name] = [{"id": found, "is_primary": True}] if listed else found
            elif isinstance(one, dict):
                made[name] = self._within(client, one, f"{path}.", now, wrong)
            else:
                made[name] = one
        return made

    def _id(
        self,
        client: FreshsalesClient,
        wanted: WantedRecord,
        path: str,
        now: float,
        wrong: list[FieldError],
    ) -> int | None:
        key = (client.fingerprint, wanted)
        at, known = self._kept.get(key, (float("-inf"), 0))
        if now - at < self._age_s:
            return known
        kind = TYPES[RECORDS[wanted.kind].collection]
        try:
            found = by_key(client, kind, wanted.by, wanted.value)
        except InvalidRecord as error:
            wrong.append(FieldError(path, error.fields[0].message, "ambiguous"))
            return None
        if found is None:
            if not wanted.optional:
                said = f"the account has no {wanted.kind} with this {wanted.by}"
                wrong.append(FieldError(path, said, "lookup_missing"))
            return None
        while len(self._kept) >= self._most:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = (now, int(found["id"]))
        return int(found["id"])


def _calls(client: FreshsalesClient, kind: ResourceType) -> Any:
    return getattr(client, kind.name)


def _keys(key: str, row: Record) -> set[str]:
    if key == "emails":
        return addresses(row)
    value = key_value(key, row)
    return set() if value is None else {folded_key(value)}
