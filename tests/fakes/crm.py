"""A Freshsales account in memory, behind a FakeTransport: contacts, their fields, owners."""

from __future__ import annotations

from typing import Any

from freshbridge import timestamps
from freshbridge.http_message import ProviderReply, ProviderRequest
from tests.fakes.provider import FakeTransport, json_reply, query_of

ROOT = "/crm/sales/api"
MIA = {"id": 9, "display_name": "Mia Stone", "email": "mia@acme.example", "is_active": True}


def field(name: str, kind: str = "text", **more: Any) -> dict[str, Any]:
    """One field of the account's description."""
    return {"name": name, "label": name.title(), "type": kind, "default": True, "choices": [],
            "required": False, **more}  # fmt: skip


FIELDS = [
    *(field(name) for name in ("first_name", "last_name", "city", "mobile_number", "job_title")),
    field("emails", "group_field"),
    field(
        "cf_tier",
        "dropdown",
        default=False,
        choices=[{"id": 1, "value": "Gold"}, {"id": 2, "value": "Silver"}],
    ),
    field("cf_member", "checkbox", default=False),
]


class FakeCrm:
    """Holds contacts by id; an address belongs to one of them."""

    def __init__(self, provider: FakeTransport) -> None:
        self.provider = provider
        self.contacts: dict[int, dict[str, Any]] = {}
        provider.on("GET", f"{ROOT}/selector/owners", json_reply({"users": [MIA]}))
        provider.on("GET", f"{ROOT}/settings/contacts/fields", json_reply({"fields": FIELDS}))
        provider.on("POST", f"{ROOT}/contacts", self.create)
        provider.on("POST", f"{ROOT}/contacts/upsert", self.create)
        provider.on("POST", f"{ROOT}/filtered_search/contact", self.search)
        provider.on("GET", f"{ROOT}/lookup", self.lookup)

    def create(self, request: ProviderRequest) -> ProviderReply:
        """Make one, unless its address is taken."""
        fields = (request.json or {})["contact"]
        if self.having([str(fields.get("emails"))]):
            said = {"errors": {"code": 400, "message": ["Email is not unique"]}}
            return json_reply(said, 400)
        now = timestamps.to_text(timestamps.now())
        number = 100 + len(self.contacts)
        email = fields.get("emails")
        made = {**fields, "id": number, "email": email, "created_at": now, "updated_at": now}
        made["emails"] = [{"value": email, "is_primary": True}]
        self.contacts[number] = made
        self.provider.on("PUT", f"{ROOT}/contacts/{number}", self.update)
        self.provider.on("GET", f"{ROOT}/contacts/{number}", json_reply({"contact": made}))
        return json_reply({"contact": made})

    def update(self, request: ProviderRequest) -> ProviderReply:
        """Change one."""
        held = self.contacts[int(request.path.rpartition("/")[2])]
        changes = {k: v for k, v in (request.json or {})["contact"].items() if k != "emails"}
        held.update(changes)
        return json_reply({"contact": held})

    def having(self, addresses: list[str]) -> list[dict[str, Any]]:
        """The contacts of these addresses."""
        wanted = {one.casefold() for one in addresses}
        return [one for one in self.contacts.values() if str(one["email"]).casefold() in wanted]

    def search(self, request: ProviderRequest) -> ProviderReply:
        """Those that a rule names."""
        (rule,) = (request.json or {})["filter_rule"]
        found = self.having(rule["value"])
        return json_reply({"contacts": found, "meta": {"total": len(found)}})

    def lookup(self, request: ProviderRequest) -> ProviderReply:
        """Those of one address."""
        found = self.having([query_of(request)["q"]])
        return json_reply({"contacts": {"contacts": found, "meta": {"total": len(found)}}})
