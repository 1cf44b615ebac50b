"""Clients of the emulator for a run of many minutes.

The project's own try once, for a test should see the first answer. Here connections lie idle
between runs until the emulator closes them, and the next call finds out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.config import Config

from local.emulator_clients import Clients

TRIES = 4


@dataclass
class PatientClients(Clients):
    """Tries a call again whose connection broke."""

    def client(self, service: str) -> Any:
        """A boto3 client for any service."""
        config = Config(retries={"total_max_attempts": TRIES, "mode": "standard"}, proxies={})
        return self._session.client(service, endpoint_url=self.url, config=config)  # type: ignore[call-overload] # the service is not a literal
