"""The emulator in a run of many minutes: patient clients, and a budget that has learned nothing.

The project's own try once, for a test should see the first answer. Here connections lie idle
between runs until the emulator closes them, and the next call finds out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.config import Config

from local.emulator_clients import Clients
from local.stack import Stack

TRIES = 4


@dataclass
class PatientClients(Clients):
    """Tries a call again whose connection broke."""

    def client(self, service: str) -> Any:
        """A boto3 client for any service."""
        config = Config(retries={"total_max_attempts": TRIES, "mode": "standard"}, proxies={})
        return self._session.client(service, endpoint_url=self.url, config=config)  # type: ignore[call-overload] # the service is not a literal


def forget_budget(stack: Stack) -> None:
    """Empty the ledger of the rate budget: what a run before has learned of an account's limit."""
    table = stack.outputs["BudgetTableName"]
    dynamodb = stack.clients.dynamodb
    for page in dynamodb.get_paginator("scan").paginate(TableName=table):
        for item in page["Items"]:
            dynamodb.delete_item(TableName=table, Key={"pk": item["pk"]})
