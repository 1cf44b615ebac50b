"""The kinds of records of Freshsales, and how one is answered with.

An answer has the record's id and address beside it, under the word that people use: an account is
`sales_account` to the API.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from freshbridge.actions.action import Outcome
from freshbridge.freshsales.roots import SUITE

if TYPE_CHECKING:
    from freshbridge.actions.context import Context
    from freshbridge.freshsales.client import FreshsalesClient
    from freshbridge.freshsales.records import CrmRecords
    from freshbridge.freshsales.wire import Record


@dataclass(frozen=True)
class Kind:
    """One kind. `word` is what people call it, `collection` its plural in the API's paths.

    `has_page`: people open it at an address of its own.
    """

    word: str
    collection: str
    has_page: bool = True

    @property
    def id_name(self) -> str:
        """What an answer calls its id."""
        return f"{self.word}_id"

    @property
    def plural(self) -> str:
        """What an answer calls several."""
        return f"{self.word}s" if not self.word.endswith("y") else f"{self.word[:-1]}ies"

    @property
    def noun(self) -> str:
        """What a sentence calls it."""
        return self.word.replace("_", " ")

    def calls(self, client: FreshsalesClient) -> Any:
        """The client's calls on it."""
        return getattr(client, self.collection)


CONTACT = Kind("contact", "contacts")
ACCOUNT = Kind("account", "sales_accounts")
DEAL = Kind("deal", "deals")
LEAD = Kind("lead", "leads")
TASK = Kind("task", "tasks", has_page=False)
APPOINTMENT = Kind("appointment", "appointments", has_page=False)
NOTE = Kind("note", "notes", has_page=False)
SALES_ACTIVITY = Kind("sales_activity", "sales_activities", has_page=False)
PARENTS = {"Contact": CONTACT, "SalesAccount": ACCOUNT, "Deal": DEAL, "Lead": LEAD}
"""What tasks and the like can be about, by what the API calls it in `targetable_type`."""


def parent_calls(client: FreshsalesClient, targetable_type: str) -> CrmRecords:
    """The client's calls on what a task or the like is about."""
    found: CrmRecords = PARENTS[targetable_type].calls(client)
    return found


def page_of(context: Context[FreshsalesClient], kind: Kind, record_id: int) -> str:
    """Where people open a record: `https://acme.myfreshworks.com/crm/sales/contacts/7`."""
    product = "/crm/sales" if context.client.root == SUITE else ""
    return f"{context.instance.origin}{product}/{kind.collection}/{record_id}"


def answer(
    context: Context[FreshsalesClient],
    kind: Kind,
    record: Record,
    message: str,
    *,
    asked: Mapping[str, Any] | None = None,
    **more: Any,
) -> Outcome:
    """The answer of an action whose result is one record.

    Custom fields among those `asked` that the record does not have were passed over by Freshsales
    without a word; they are named.
    """
    data: dict[str, Any] = {kind.id_name: record["id"]}
    if kind.has_page:
        data[f"{kind.word}_url"] = page_of(context, kind, record["id"])
    passed_over = _passed_over(asked or {}, record)
    if passed_over:
        data["ignored_fields"] = passed_over
        message += f"; there is no custom field {', '.join(passed_over)}"
    return Outcome({**data, **more, kind.word: record}, message)


def _passed_over(asked: Mapping[str, Any], record: Record) -> list[str]:
    given, held = asked.get("custom_field"), record.get("custom_field")
    if not isinstance(given, dict) or not isinstance(held, dict):
        return []
    return sorted(name for name in given if name not in held)
