"""The Freshsales client: one room of calls a kind of record, in the files beside this one.

    client = FreshsalesClient(transport, "https://acme.myfreshworks.com", api_key)
    contact = client.contacts.create({"last_name": "Ruiz", "emails": "ana@acme.example"})

Facts: https://developers.freshworks.com/crm/api/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from freshbridge.freshsales import roots
from freshbridge.freshsales.activities import Appointments, Notes, SalesActivities, Tasks
from freshbridge.freshsales.caller import Caller, OnReply
from freshbridge.freshsales.contacts import Contacts
from freshbridge.freshsales.deals import Deals
from freshbridge.freshsales.directory import Directory
from freshbridge.freshsales.leads import Leads
from freshbridge.freshsales.sales_accounts import SalesAccounts

if TYPE_CHECKING:
    from freshbridge.http_message import Timeouts
    from freshbridge.transport import Transport

__all__ = ["FreshsalesClient", "OnReply"]


class FreshsalesClient(Caller):
    """Every call of one Freshsales account; Caller tells what it is made of and raises."""

    def __init__(
        self,
        transport: Transport,
        origin: str,
        api_key: str,
        *,
        on_reply: OnReply | None = None,
        timeouts: Timeouts | None = None,
        known: roots.Roots = roots.KNOWN,
    ) -> None:
        super().__init__(
            transport, origin, api_key, on_reply=on_reply, timeouts=timeouts, known=known
        )
        self.contacts = Contacts(self)
        self.sales_accounts = SalesAccounts(self)
        self.deals = Deals(self)
        self.leads = Leads(self)
        self.tasks = Tasks(self)
        self.appointments = Appointments(self)
        self.notes = Notes(self)
        self.sales_activities = SalesActivities(self)
        self.directory = Directory(self)
