"""Every change to a record: checked, written, indexed, announced.

Source of the refusals: developers.freshworks.com/crm/api and recorded answers (a blank mandatory
attribute, a value of a wrong type and every clash of a unique one are told in one 400).
"""

from typing import Any

from local.freshsales.account import Account, Event, Record
from local.freshsales.custom_fields import custom_fields_of, empty_custom_field
from local.freshsales.errors import ApiError, Message
from local.freshsales.fields import CHECKS, Changes, Writing, Wrong
from local.freshsales.model import Model, folded

# What a write of composite values must see done first.
_FIRST = ("emails", "sales_accounts")


def create(account: Account, model: Model, values: Record, user: Record) -> Record:
    """A new record. Raises ApiError 400 with a message per fault."""
    changes = _checked(account, model, None, values)
    record = model.blank(account, account.next_id(model.singular))
    stamp = account.stamp()
    record["created_at"] = record["updated_at"] = stamp
    record["creater_id"] = user.get("id")
    if "custom_field" in record:
        record["custom_field"] = empty_custom_field(account, model.table)
    record.update(changes)
    if "owner_id" in record and "owner_id" not in values:
        record["owner_id"] = user.get("id")
    model.derive(account, record, None)
    _keep_for_search(account, model, record["id"], None)
    account.table(model.table)[record["id"]] = record
    index(account, model, record)
    account.announce(Event("created", model.table, record))
    return record


def update(account: Account, model: Model, record: Record, values: Record, user: Record) -> Record:
    """Change what ``values`` name and nothing else. Raises ApiError 400."""
    changes = _checked(account, model, record, values)
    before = dict(record)
    _keep_for_search(account, model, record["id"], before)
    unindex(account, model, record)
    record.update(changes)
    record["updated_at"] = changes.get("updated_at", account.stamp())
    if "updater_id" in record:
        record["updater_id"] = user.get("id")
    model.derive(account, record, before)
    index(account, model, record)
    account.announce(Event("updated", model.table, record, _differences(before, record)))
    return record


def delete(account: Account, model: Model, record: Record) -> None:
    """To the recycle bin: views and unique keys let go of it."""
    _keep_for_search(account, model, record["id"], dict(record))
    unindex(account, model, record, keep_keys=account.settings.deleted_keep_keys)
    record["is_deleted"] = True
    record["updated_at"] = account.stamp()
    account.announce(Event("deleted", model.table, record))


def forget(account: Account, model: Model, record: Record) -> None:
    """For good."""
    _keep_for_search(account, model, record["id"], None)
    unindex(account, model, record)
    account.table(model.table).pop(record["id"], None)
    account.announce(Event("forgotten", model.table, record))


def live(account: Account, model: Model, record_id: int) -> Record | None:
    record = account.table(model.table).get(record_id)
    return None if record is None or record.get("is_deleted") else record


def find_by(account: Account, model: Model, attribute: str, value: object) -> list[Record]:
    """Live records by a unique attribute or id, oldest first."""
    if attribute == "id":
        found = live(account, model, int(str(value))) if str(value).isdecimal() else None
        return [] if found is None else [found]
    table = account.table(model.table)
    matches = account.by_key.get((model.table, attribute, folded(value)), {})
    return [table[one] for one in matches if one in table and not table[one].get("is_deleted")]


# What lists are most often asked to be sorted by: kept in order, where others are sorted each time.
IN_ORDER = ("id", "created_at", "updated_at")


def index(account: Account, model: Model, record: Record) -> None:
    """A live record into every index."""
    for name in IN_ORDER:
        account.in_order[model.table, name].add((record[name], record["id"]))
    for key in model.unique:
        for value in key.values(record):
            account.by_key[model.table, key.attribute, value][record["id"]] = None
    for parent in model.parents(record):
        account.children[(model.table, *parent)][record["id"]] = None


def unindex(account: Account, model: Model, record: Record, *, keep_keys: bool = False) -> None:
    """Out again, with the attributes that it went in with; nothing for what is not there."""
    for name in IN_ORDER:
        account.in_order[model.table, name].discard((record[name], record["id"]))
    for key in model.unique if not keep_keys else ():
        for value in key.values(record):
            owners = account.by_key[model.table, key.attribute, value]
            owners.pop(record["id"], None)
            if not owners:
                del account.by_key[model.table, key.attribute, value]
    for parent in model.parents(record):
        account.children[(model.table, *parent)].pop(record["id"], None)


def children(account: Account, table: str, parent: str, parent_id: int) -> list[Record]:
    """The records of ``table`` that hang on a parent, oldest first."""
    every = account.table(table)
    return [every[one] for one in account.children.get((table, parent, parent_id), {})]


def _checked(account: Account, model: Model, record: Record | None, values: Record) -> Record:
    changes, wrongs = _converted(Writing(account, model.table, record, values), model)
    wrongs += _blanks(account, model, record, values, changes)
    if not wrongs:
        wrongs += model.complaints(account, record, changes)
    wrongs += _clashes(account, model, record, changes)
    if wrongs:
        raise ApiError(400, *wrongs)
    return changes


def _converted(writing: Writing, model: Model) -> tuple[Record, list[Message | str]]:
    """The values as they are kept, by attribute, and what is wrong with the others.

    Names that the model does not know are passed over, as the vendor does.
    """
    changes: Record = {}
    wrongs: list[Message | str] = []
    for name in sorted(writing.values, key=lambda name: name not in _FIRST):
        field = model.named(name)
        if field is None or field.kind == "read_only":
            continue
        given = writing.values[name]
        try:
            found = None if given is None else CHECKS[field.kind](writing, field, given)
        except Wrong as wrong:
            wrongs.append(wrong.message)
            continue
        if isinstance(found, Changes):
            changes.update(found)
        elif found is not None or field.kind not in _COMPOSITE:
            changes[field.target or name] = found
    return changes, wrongs


# Null changes nothing in what is made of parts.
_COMPOSITE = frozenset(
    {"emails", "email", "custom", "account_links", "account_link", "contacts_added", "attendees",
     "contacts_removed", "target_type", "task_users", "phone_numbers"}
)  # fmt: skip


def _blanks(
    account: Account, model: Model, record: Record | None, values: Record, changes: Record
) -> list[Message]:
    """Mandatory attributes that a new record lacks, or that an update would empty."""
    demanded = {
        name.partition(".")[2]
        for name in account.settings.required_fields
        if name.partition(".")[0] == model.table
    }
    found = []
    for field in model.fields:
        if not field.required and field.name not in demanded:
            continue
        given = changes.get(field.name, values.get(field.name))
        if (record is None or field.name in values) and given in (None, "", [], {}):
            found.append(Message("blank", field.name, field.label))
    if record is None and "custom_field" not in values:
        found += [
            Message("blank", label=one["label"])
            for one in custom_fields_of(account, model.table).values()
            if one["required"]
        ]
    return found


def _clashes(
    account: Account, model: Model, record: Record | None, changes: Record
) -> list[Message]:
    own = None if record is None else record["id"]
    found = []
    for key in model.unique:
        # A key of no message is for finding, not for refusing.
        taken = (
            account.by_key.get((model.table, key.attribute, value)) for value in key.values(changes)
        )
        if key.message and any(owners and (set(owners) - {own}) for owners in taken):
            found.append(Message(key.message, key.attribute, key.label))
    return found


def _differences(before: Record, after: Record) -> dict[str, tuple[Any, Any]]:
    found = {
        name: (before.get(name), value)
        for name, value in after.items()
        if before.get(name) != value and name not in {"updated_at", "updater_id", "custom_field"}
    }
    old, new = before.get("custom_field") or {}, after.get("custom_field") or {}
    for name in new:
        if old.get(name) != new[name]:
            found[f"custom_field.{name}"] = (old.get(name), new[name])
    return found


def _keep_for_search(account: Account, model: Model, record_id: int, before: Record | None) -> None:
    """Let the search index go on showing what was there, for as long as it lags."""
    lag = account.settings.search_index_lag_s
    if lag <= 0:
        return
    place = (model.table, record_id)
    account.writes += 1
    kept = account.unindexed.get(place, (before, 0))[0]
    behind = account.writes
    account.unindexed[place] = (kept, behind)

    def catch_up() -> None:
        if account.unindexed.get(place, (None, 0))[1] == behind:
            del account.unindexed[place]

    account.schedule.after(lag, catch_up)
