"""What a new account has before anybody writes to it: users, selectors, views, custom fields."""

from typing import Final

from local.freshsales import selectors
from local.freshsales.account import Account, Record
from local.freshsales.custom_fields import add_custom_field
from local.freshsales.models import CRM, MODELS
from local.freshsales.views import add_views

_PEOPLE: Final = (
    ("Mia Stone", "mia@acme.example"),
    ("Noor Haddad", "noor@acme.example"),
    ("Ola Berg", "ola@acme.example"),
)
# ``cf_marker`` is what a test tells its own records by.
_CUSTOM: Final = (
    ("contacts", "Marker", "text", ()),
    ("contacts", "Tier", "dropdown", ("Bronze", "Silver", "Gold")),
    ("contacts", "Colours", "multi_select_dropdown", ("Red", "Green", "Blue")),
    ("contacts", "Is active", "checkbox", ()),
    ("contacts", "Seats", "number", ()),
    ("contacts", "Customer since", "date", ()),
    ("contacts", "Freshdesk id", "text", ()),
    ("sales_accounts", "Marker", "text", ()),
    ("sales_accounts", "Is VIP", "checkbox", ()),
    ("sales_accounts", "Tier", "dropdown", ("Bronze", "Silver", "Gold")),
    ("sales_accounts", "Freshdesk id", "text", ()),
    ("deals", "Marker", "text", ()),
    ("deals", "Region", "dropdown", ("North", "South")),
    ("leads", "Marker", "text", ()),
    ("leads", "Region", "dropdown", ("North", "South")),
    ("sales_activities", "Marker", "text", ()),
)


def add_user(account: Account, name: str, email: str) -> Record:
    """A salesperson; territories are those that "my territory" views go by."""
    user: Record = {
        "id": account.next_id("user"), "display_name": name, "email": email, "is_active": True,
        "work_number": None, "mobile_number": None, "territory_ids": [],
    }  # fmt: skip
    account.table("users")[user["id"]] = user
    return user


def fill(account: Account) -> None:
    """The demo key belongs to the first user."""
    users = [add_user(account, name, email) for name, email in _PEOPLE]
    account.api_keys[account.first_api_key] = users[0]["id"]
    selectors.fill(account)
    users[0]["territory_ids"] = list(account.table("territories"))[:1]
    for model in CRM:
        if account.settings.persona in model.personas:
            add_views(account, model)
    for model in MODELS:
        # Tables exist from the start, so that the truth about an empty one can be asked for.
        account.table(model.table)
    for table, label, kind, choices in _CUSTOM:
        add_custom_field(account, table, label, kind, choices)
