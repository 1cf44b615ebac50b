"""A link in a stack, and what both providers answer to its function."""

from __future__ import annotations

import json
from typing import Any

from freshbridge.customers.link import Link
from freshbridge.customers.link_reading import read_link
from freshbridge.customers.link_store import LinkStore
from freshbridge.customers.work import RUN, CustomerWork
from freshbridge.http_message import ProviderReply, ProviderRequest
from freshbridge.instances.registry import Registry
from freshbridge.instances.vault import Vault
from tests import builders
from tests.fakes.freshsales import ORIGIN, ROOT, freshsales_instance
from tests.fakes.provider import FakeTransport, PagedList, json_reply
from tests.integration.conftest import STACK_NAME, Stack

CONTACT = {
    "id": 41, "name": "Mira Holt", "email": "mira@client.example", "job_title": "Controller",
    "phone": None, "mobile": None, "address": None, "unique_external_id": None,
    "updated_at": "2026-03-03T12:00:00Z",
}  # fmt: skip
STAMP = "2026-03-03T14:00:05+02:00"


def connect_both(stack: Stack) -> None:
    """Both instances with their keys."""
    stack.connect()
    instance = freshsales_instance()
    Registry(stack.names["InstanceTable"]).create(instance)
    Vault(STACK_NAME).create(
        instance.instance_id,
        credentials={"api_key": builders.API_KEY},
        webhook_secret=builders.WEBHOOK_SECRET,
    )


def linked(stack: Stack, **given: Any) -> Link:
    """A link of both instances, of contacts unless it is said."""
    connect_both(stack)
    body = {
        "freshdesk_instance_id": builders.INSTANCE_ID,
        "freshsales_instance_id": "193000002",
        "objects": {"contacts": {}},
        **given,
    }
    link = read_link(body, link_id="lnk_1", created_at="t", updated_at="t")
    LinkStore(stack.names["CustomerTable"]).put(link)
    return link


def work(**given: str) -> CustomerWork:
    """A message that asks for a run."""
    usual = {"job": RUN, "run_id": "run_1", "requested_at": "2026-03-03T12:02:40Z"}
    return CustomerWork(instance_id=builders.INSTANCE_ID, **({"link_id": "lnk_1"} | usual | given))


class SalesSide:
    """A Freshsales account that takes bulk upserts of contacts and lists them."""

    def __init__(self, provider: FakeTransport) -> None:
        self.people: list[dict[str, Any]] = []
        self.jobs = 0
        filters = {"filters": [{"id": 7, "name": "All Contacts"}, {"id": 8, "name": "Recycle Bin"}]}
        provider.on("GET", f"{ROOT}/contacts/filters", json_reply(filters))
        provider.on("GET", f"{ROOT}/contacts/view/7", self._list)
        provider.on("POST", f"{ROOT}/contacts/bulk_upsert", self._bulk)
        provider.on("GET", f"{ROOT}/job_statuses/5", self._job)

    def _list(self, _request: ProviderRequest) -> ProviderReply:
        meta = {"total_pages": 1, "total": len(self.people)}
        return json_reply({"contacts": self.people, "meta": meta})

    def _bulk(self, request: ProviderRequest) -> ProviderReply:
        for item in (request.json or {})["contacts"]:
            fields = {"email": item.get("emails"), **item["data"]}
            self.people.append({"id": 900 + len(self.people), "updated_at": STAMP, **fields})
        return json_reply({"job_status_url": f"{ORIGIN}{ROOT}/job_statuses/5", "message": "…"})

    def _job(self, _request: ProviderRequest) -> ProviderReply:
        self.jobs += 1
        data = {"record_status": {"succeeded": 1, "failed": 0}, "detailed_failure_report": []}
        return json_reply({"status": "SUCCESS", "progress": 100, "data": json.dumps(data)})


def desk_side(provider: FakeTransport, *contacts: dict[str, Any]) -> None:
    """A Freshdesk account that lists these contacts."""
    provider.on("GET", "/api/v2/contacts", PagedList(list(contacts)))
