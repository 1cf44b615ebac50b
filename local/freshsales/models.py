"""Every kind of record by its table and its singular name."""

from collections.abc import Mapping
from typing import Final

from local.freshsales.activity_models import APPOINTMENT, NOTE, SALES_ACTIVITY, TASK
from local.freshsales.contact_model import CONTACT
from local.freshsales.deal_model import DEAL
from local.freshsales.lead_model import LEAD
from local.freshsales.model import Model
from local.freshsales.sales_account_model import SALES_ACCOUNT

__all__ = [
    "APPOINTMENT", "BY_SINGULAR", "BY_TABLE", "CONTACT", "CRM", "DEAL", "LEAD",
    "MODELS", "NOTE", "SALES_ACCOUNT", "SALES_ACTIVITY", "TASK",
]  # fmt: skip

# What has views, upserts and a recycle bin.
CRM: Final = (CONTACT, SALES_ACCOUNT, DEAL, LEAD)
MODELS: Final = (*CRM, TASK, APPOINTMENT, NOTE, SALES_ACTIVITY)
BY_TABLE: Final[Mapping[str, Model]] = {model.table: model for model in MODELS}
BY_SINGULAR: Final[Mapping[str, Model]] = {model.singular: model for model in MODELS}
