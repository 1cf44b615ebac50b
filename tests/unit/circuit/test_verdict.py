"""What a reply says about its provider: throttling in disguise says as little as a 429."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, cast

import pytest

from freshbridge.budget.budgeted_transport import BudgetExhausted, Budgets, Waiting
from freshbridge.budget.ledger import Use
from freshbridge.budget.limits import Freshsales
from freshbridge.circuit.circuits import Circuits
from freshbridge.circuit.verdict import Sign, sign_of
from freshbridge.errors import Retry, Throttled
from freshbridge.http_message import ProviderReply, ProviderRequest
from freshbridge.instances.connection import Connections
from freshbridge.instances.model import Instance
from tests import builders
from tests.fakes.provider import FakeTransport, empty_reply
from tests.unit.budget.world import MemoryStore as BudgetStore
from tests.unit.circuit.memory_store import MemoryStore

API = "https://acme.myfreshworks.com/crm/sales/api"
READ = ProviderRequest(method="GET", url=f"{API}/contacts/7")
BULK = ProviderRequest(method="POST", url=f"{API}/contacts/bulk_upsert")
INTERNAL = ProviderReply(400, {}, b'{"errors":{"message":["UCR :: response_code :: 429 :: x"]}}')


@pytest.mark.parametrize(
    ("reply", "request_", "platform", "sign"),
    [
        (ProviderReply(429), READ, "freshsales", Sign.NONE),
        (INTERNAL, READ, "freshsales", Sign.NONE),
        (INTERNAL, READ, "freshdesk", Sign.ANSWERED),
        (ProviderReply(405), BULK, "freshsales", Sign.NONE),
        (ProviderReply(405), READ, "freshsales", Sign.ANSWERED),
        (ProviderReply(400), READ, "freshsales", Sign.ANSWERED),
        (ProviderReply(503), READ, "freshsales", Sign.FAILED),
    ],
)
def test_what_means_a_429_is_no_sign_where_it_means_one(
    reply: ProviderReply, request_: ProviderRequest, platform: str, sign: Sign
) -> None:
    assert sign_of(reply, request_, platform) is sign


class OneInstance:
    """The registry and the vault of one Freshsales account."""

    def get(self, instance_id: str) -> Instance:
        return builders.instance(
            instance_id=instance_id, platform="freshsales", element="freshsales",
            origin="https://acme.myfreshworks.com",
        )  # fmt: skip

    def credentials(self, _instance_id: str) -> dict[str, str]:
        return {"api_key": "key"}


def test_throttling_in_disguise_reaches_the_budget_and_leaves_the_circuit_as_it_is() -> None:
    # Given an account that has failed once, and then says within a 400 that it is called too often
    path = "/crm/sales/api/contacts/7"
    provider = FakeTransport().on("GET", path, empty_reply(503), INTERNAL)
    now, table = 1_800_000_000.0, MemoryStore()
    held = cast("Any", OneInstance())
    connections = Connections(
        held,
        held,
        lambda: provider,
        budgets=Budgets(BudgetStore(), {"freshsales": Freshsales()}, clock=lambda: now),
        circuits=Circuits(table, clock=lambda: now),
    )

    def read() -> None:
        connections.use(
            builders.INSTANCE_ID,
            lambda client, _: client.contacts.get(7),
            platform="freshsales",
            waiting=Waiting(1.0, use=Use(within_s=0.0, background=False)),
        )

    with suppress(Retry):
        read()
    doubted = table.writes
    assert doubted == 1

    with pytest.raises(Throttled) as throttled:
        read()
    assert not isinstance(throttled.value, BudgetExhausted)

    # Then the next call waits for its slot, and the doubt about the provider stays
    sent = len(provider.requests)
    with pytest.raises(BudgetExhausted):
        read()
    assert len(provider.requests) == sent
    assert table.writes == doubted
