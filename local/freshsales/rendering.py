"""What views show of records: the attributes, the includes, links, side-loads and the envelope.

Facts from recorded answers: side-loaded arrays stand at top level before the record; relations'
ids appear with their include only; nested records are cut and marked ``partial``.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from local.freshsales.account import Account, Record
from local.freshsales.model import Include, Model
from local.freshsales.models import BY_TABLE

_COMMON_LINKS = {
    "conversations": "conversations/all?per_page=3",
    "document_associations": "document_associations",
    "notes": "notes?include=creater",
    "tasks": "tasks?include=creater,owner,updater,targetable,users,task_type",
    "appointments": (
        "appointments?include=creater,owner,updater,targetable,appointment_attendees,"
        "conference,note"
    ),
}
_CONTACT_LINKS = {
    **_COMMON_LINKS,
    "conversations": "conversations/all?include=email_conversation_recipients&per_page=3",
    "timeline_feeds": "timeline_feeds",
    "reminders": "reminders?include=creater,owner,updater,targetable",
    "duplicates": "duplicates",
    "connections": "connections",
}
_LINKS = {
    "contacts": _CONTACT_LINKS,
    "sales_accounts": _COMMON_LINKS,
    "deals": _COMMON_LINKS,
    "leads": {**_COMMON_LINKS, "timeline_feeds": "timeline_feeds"},
}

# Of users, whose territories only "my territory" views need.
_HIDDEN = frozenset({"territory_ids"})


class View:
    """Shows records of one kind with one list of includes, gathering the side-loads."""

    def __init__(self, account: Account, model: Model, includes: Sequence[str] = ()) -> None:
        self._account, self._model = account, model
        self._includes = {name: model.includes[name] for name in includes if name in model.includes}
        asked = set(includes)
        self._hidden = set(model.hidden)
        for field in model.fields:
            if field.with_includes and not asked & set(field.with_includes):
                self._hidden.add(field.name)
        prefix = "" if account.settings.classic else "/crm/sales"
        self._links = [
            (name, f"{prefix}/{model.table}/", f"/{rest}")
            for name, rest in _LINKS.get(model.table, {}).items()
        ]
        self.side: dict[str, dict[int, Record]] = {
            include.key: {} for include in self._includes.values() if include.key
        }

    def show(self, record: Record) -> Record:
        hidden = self._hidden
        shown = {name: value for name, value in record.items() if name not in hidden}
        if record.get("products"):
            shown["products"] = record["products"]
        if self._links:
            own = str(record["id"])
            shown["links"] = {name: first + own + rest for name, first, rest in self._links}
        return shown | self.included(record)

    def included(self, record: Record) -> Record:
        """What the includes add to a record; what they load beside it is kept for later."""
        shown: Record = {}
        for name, include in self._includes.items():
            self._include(name, include, record, shown)
        return shown

    def _include(self, name: str, include: Include, record: Record, shown: Record) -> None:
        ids = include.ids(self._account, record)
        table = self._account.table(include.table)
        found = [table[one] for one in ids if one in table and not table[one].get("is_deleted")]
        if include.key:
            target = self.side[include.key]
            for one in found:
                if one["id"] not in target:
                    target[one["id"]] = _beside(include, one)
            if include.listing:
                many = not include.listing.endswith("_id")
                shown[include.listing] = ids if many else next(iter(ids), None)
            return
        nested = [part(one, include.partial) for one in found]
        if name == "sales_accounts":
            primary = {link["id"]: link["is_primary"] for link in record["sales_accounts"]}
            for one in nested:
                one["is_primary"] = primary[one["id"]]
        shown[name] = nested

    def side_loads(self) -> dict[str, list[Record]]:
        return {key: list(found.values()) for key, found in self.side.items()}


def part(record: Record, names: Iterable[str]) -> Record:
    return {"partial": True, **{name: record.get(name) for name in names}}


def _beside(include: Include, record: Record) -> Record:
    return part(record, include.partial) if include.partial else side_loaded(include.table, record)


def side_loaded(table: str, record: Record) -> Record:
    """A whole record of another kind, as it stands beside."""
    model = BY_TABLE.get(table)
    hidden = model.hidden if model is not None else _HIDDEN
    return {name: value for name, value in record.items() if name not in hidden}


def single_view(account: Account, model: Model, record: Record, includes: Sequence[str]) -> Any:
    """``{"users": […], "contact": {…}, "meta": null}``."""
    view = View(account, model, includes)
    shown = view.show(record)
    return {**view.side_loads(), model.singular: shown, "meta": None}


def list_view(
    account: Account, model: Model, records: Iterable[Record], includes: Sequence[str], meta: Record
) -> Any:
    """``{"users": […], "contacts": […], "meta": {…}}``."""
    view = View(account, model, includes)
    rows = [view.show(record) for record in records]
    return {**view.side_loads(), model.table: rows, "meta": meta}
