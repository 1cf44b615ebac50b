"""Deterministic data: the same request on an empty account gives the same records.

``POST /__sim/seed`` takes counts (``contacts``, ``sales_accounts``, ``deals``, ``leads``,
``tasks``, ``notes``, ``appointments``), ``seed``, and the shape of time: ``created_within_days``
spreads creation over the days before now (default 25), ``updated_within_days`` the last update
over the days before now, never before creation (default: a while after creation),
``same_updated_at`` gives so many contacts one identical ``updated_at``, ``deleted_share`` puts that
part of the contacts into the recycle bin. ``email_domain`` and ``first_number`` shape the
addresses: ``contact-1@seed.example``. Ages are relative to the account's clock: freeze it for
stamps that repeat as well.
"""

import random
from collections.abc import Mapping
from typing import Any, Final

from local.freshsales.account import Account, Record
from local.freshsales.composite import new_email
from local.freshsales.custom_fields import empty_custom_field
from local.freshsales.deal_model import add_up
from local.freshsales.model import Model
from local.freshsales.models import APPOINTMENT, CONTACT, DEAL, LEAD, NOTE, SALES_ACCOUNT, TASK
from local.freshsales.records import index
from local.freshsales.settings import SettingError
from local.freshsales.stamps import stamp_of

_DAY_S: Final = 86_400
_FIRST: Final = ("Ana", "Ben", "Chloe", "Dev", "Elif", "Femi", "Gita", "Hugo", "Ines", "Jun")
_LAST: Final = ("Ruiz", "Okafor", "Larsen", "Mehta", "Kaya", "Adeyemi", "Rossi", "Novak", "Silva")
_CITIES: Final = (("Lima", "Peru"), ("Oslo", "Norway"), ("Pune", "India"), ("Leeds", "UK"))
_JOBS: Final = ("CTO", "Buyer", "Head of Support", "Founder", None)
_DEFAULTS: Final[Mapping[str, Any]] = {
    "contacts": 0, "sales_accounts": 0, "deals": 0, "leads": 0, "tasks": 0, "notes": 0,
    "appointments": 0, "seed": 1, "created_within_days": 25.0, "updated_within_days": None,
    "same_updated_at": 0, "deleted_share": 0.0, "email_domain": "seed.example",
    "first_number": 1,
}  # fmt: skip
_COUNTS: Final = ("sales_accounts", "contacts", "deals", "leads", "tasks", "notes", "appointments")


def seed(account: Account, wanted: Mapping[str, Any]) -> dict[str, int]:
    """Add what is asked for; how many records each table has then. Raises SettingError."""
    chosen = {**_DEFAULTS, **wanted}
    _check(chosen, account)
    chance = random.Random(chosen["seed"])  # noqa: S311 - made-up data, not secrecy
    dates = _Dates(account, chance, chosen)
    _seed_accounts(account, chance, dates, chosen["sales_accounts"])
    _seed_contacts(account, chance, dates, chosen)
    _seed_deals(account, chance, dates, chosen["deals"])
    _seed_leads(account, chance, dates, chosen)
    for model in (TASK, NOTE, APPOINTMENT):
        _seed_activities(account, chance, dates, model, chosen[model.table])
    account.writes += 1
    return {name: len(account.table(name)) for name in _COUNTS}


def _check(chosen: Mapping[str, Any], account: Account) -> None:
    if unknown := chosen.keys() - _DEFAULTS.keys():
        known = ", ".join(_DEFAULTS)
        raise SettingError(f"unknown option {', '.join(sorted(unknown))}; known: {known}")
    for name, value in chosen.items():
        if name == "email_domain" or (value is None and name == "updated_within_days"):
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise SettingError(f"{name} takes a number >= 0, not {value!r}")
    if chosen["leads"] and not account.settings.classic:
        raise SettingError("only a classic account has leads")


class _Dates:
    """Creation and update stamps; ids grow with creation as in an account that lived."""

    def __init__(self, account: Account, chance: random.Random, chosen: Mapping[str, Any]) -> None:
        self._chance, self._chosen = chance, chosen
        self.now = account.clock.seconds()
        self._offset = account.settings.utc_offset_minutes

    def births(self, count: int) -> list[float]:
        spread = self._chosen["created_within_days"] * _DAY_S
        return sorted(self.now - self._chance.random() * spread for _ in range(count))

    def date(self, record: Record, born: float) -> None:
        within = self._chosen["updated_within_days"]
        if within is None:
            changed = born + self._chance.random() * min(self.now - born, 5 * _DAY_S)
        else:
            changed = max(born, self.now - self._chance.random() * within * _DAY_S)
        record["created_at"] = self.stamp(born)
        record["updated_at"] = self.stamp(changed)

    def stamp(self, at: float) -> str:
        return stamp_of(int(at), self._offset)


def _put(account: Account, model: Model, record: Record) -> None:
    """Stored without announcement: nothing happened, it always was so."""
    account.table(model.table)[record["id"]] = record
    index(account, model, record)


def _seed_accounts(account: Account, chance: random.Random, dates: _Dates, count: int) -> None:
    owners = list(account.table("users"))
    custom = empty_custom_field(account, "sales_accounts")
    for born in dates.births(count):
        record = SALES_ACCOUNT.blank(account, account.next_id("sales_account"))
        number = record["id"] % 10_000_000
        city, country = chance.choice(_CITIES)
        record |= {
            "name": f"{chance.choice(_LAST)} Works {number}", "city": city, "country": country,
            "website": f"works-{number}.example", "owner_id": chance.choice(owners),
            "number_of_employees": chance.choice((1, 11, 51, 201)),
            "creater_id": owners[0], "custom_field": dict(custom),
        }  # fmt: skip
        dates.date(record, born)
        _put(account, SALES_ACCOUNT, record)


def _seed_contacts(
    account: Account, chance: random.Random, dates: _Dates, chosen: Mapping[str, Any]
) -> None:
    owners, companies = list(account.table("users")), list(account.table("sales_accounts"))
    custom = empty_custom_field(account, "contacts")
    births = dates.births(chosen["contacts"])
    equal = min(int(chosen["same_updated_at"]), len(births))
    same = dates.stamp(births[equal - 1]) if equal else ""
    for place, born in enumerate(births):
        record = CONTACT.blank(account, account.next_id("contact"))
        number = place + int(chosen["first_number"])
        _fill_contact(account, chance, record, number, chosen["email_domain"])
        record["owner_id"], record["creater_id"] = chance.choice(owners), owners[0]
        if companies:
            record["sales_accounts"] = [{"id": chance.choice(companies), "is_primary": True}]
        record["custom_field"] = {**custom, "cf_tier": chance.choice(("Gold", "Silver", None))}
        dates.date(record, born)
        record["last_contacted"] = record["updated_at"]
        if place < equal:
            record["updated_at"] = same
        account.table("contacts")[record["id"]] = record
        if chance.random() < chosen["deleted_share"]:
            record["is_deleted"] = True
        else:
            index(account, CONTACT, record)


def _fill_contact(
    account: Account, chance: random.Random, record: Record, number: int, domain: str
) -> None:
    city, country = chance.choice(_CITIES)
    first, last = chance.choice(_FIRST), chance.choice(_LAST)
    address = f"contact-{number}@{domain}"
    record |= {
        "first_name": first, "last_name": last, "display_name": f"{first} {last}",
        "email": address, "emails": [new_email(account, address, primary=True)],
        "job_title": chance.choice(_JOBS), "city": city, "country": country,
        "mobile_number": f"+1555{number:08d}", "lead_score": chance.randrange(100),
        "tags": ["seeded"],
    }  # fmt: skip


def _seed_deals(account: Account, chance: random.Random, dates: _Dates, count: int) -> None:
    owners, companies = list(account.table("users")), list(account.table("sales_accounts"))
    people, stages = list(account.table("contacts")), list(account.table("deal_stages").values())
    custom, touched = empty_custom_field(account, "deals"), set()
    for born in dates.births(count):
        record = DEAL.blank(account, account.next_id("deal"))
        number, stage = record["id"] % 10_000_000, chance.choice(stages)
        amount = str(float(chance.randrange(100, 20_000)))
        record |= {
            "name": f"Deal {number}", "amount": amount, "base_currency_amount": amount,
            "deal_stage_id": stage["id"], "deal_pipeline_id": stage["deal_pipeline_id"],
            "probability": stage["probability"], "owner_id": chance.choice(owners),
            "expected_deal_value": str(round(float(amount) * stage["probability"] / 100, 2)),
            "sales_account_id": chance.choice(companies) if companies else None,
            "contact_ids": [chance.choice(people)] if people else [],
            "creater_id": owners[0], "custom_field": dict(custom),
        }  # fmt: skip
        dates.date(record, born)
        record["stage_updated_time"] = record["updated_at"]
        if stage["forecast_type"] != "Open":
            record["closed_date"] = record["updated_at"][:10]
        _put(account, DEAL, record)
        touched |= set(DEAL.parents(record))
    for parent, parent_id in touched:
        add_up(account, parent, parent_id)


def _seed_leads(
    account: Account, chance: random.Random, dates: _Dates, chosen: Mapping[str, Any]
) -> None:
    owners, custom = list(account.table("users")), empty_custom_field(account, "leads")
    for place, born in enumerate(dates.births(chosen["leads"])):
        record = LEAD.blank(account, account.next_id("lead"))
        number = place + int(chosen["first_number"])
        first, last = chance.choice(_FIRST), chance.choice(_LAST)
        record |= {
            "first_name": first, "last_name": last, "display_name": f"{first} {last}",
            "email": f"lead-{number}@{chosen['email_domain']}", "owner_id": chance.choice(owners),
            "creater_id": owners[0], "custom_field": dict(custom),
        }  # fmt: skip
        dates.date(record, born)
        record["stage_updated_time"] = record["created_at"]
        _put(account, LEAD, record)


def _seed_activities(
    account: Account, chance: random.Random, dates: _Dates, model: Model, count: int
) -> None:
    owners, people = list(account.table("users")), list(account.table("contacts"))
    if count and not people:
        raise SettingError(f"{model.table} need contacts to hang on")
    for born in dates.births(count):
        record = model.blank(account, account.next_id(model.singular))
        record["targetables"] = [{"id": chance.choice(people), "type": "Contact"}]
        record["creater_id"] = owners[0]
        dates.date(record, born)
        due = dates.now + (chance.random() - 0.5) * 10 * _DAY_S
        text = f"{model.class_name} {record['id'] % 10_000_000}"
        for name, value in (
            ("title", text), ("description", f"About {text}."), ("due_date", dates.stamp(due)),
            ("from_date", dates.stamp(due)), ("end_date", dates.stamp(due + 1800)),
            ("owner_id", chance.choice(owners)),
        ):  # fmt: skip
            if name in record:
                record[name] = value
        _put(account, model, record)
