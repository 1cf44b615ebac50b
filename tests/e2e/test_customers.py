"""Customers kept the same on the deployed stack, with IAM enforced: by a run, and by an event."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from local.api_client import ConnectorApi
from local.scenario import Scenario
from tests.e2e.conftest import eventually
from tests.e2e.test_freshsales import Crm

ADDRESS = "mira.holt@customers.example"


@pytest.fixture(scope="module")
def crm(connected: Scenario) -> Crm:
    return Crm(connected.stack)


def linked(connected: Scenario, crm: Crm) -> tuple[ConnectorApi, str]:
    """A link of contacts that are created in Freshsales only."""
    body: dict[str, Any] = {
        "freshdesk_instance_id": str(connected.instance["id"]),
        "freshsales_instance_id": crm.path.rpartition("/")[2],
        "direction": "to_freshsales",
        "objects": {"contacts": {}},
    }
    made = crm.api.call("POST", "/api/customer-links", body)
    return crm.api, f"/api/customer-links/{made['link_id']}"


def test_a_run_brings_freshdesks_contacts_to_freshsales(connected: Scenario, crm: Crm) -> None:
    # Given a contact of Freshdesk's, and a link
    simulator = connected.stack.simulators["freshdesk"]
    session = requests.Session()
    session.trust_env = False
    session.auth = (simulator.api_key, "X")
    contact = {"name": "Mira Holt", "email": ADDRESS, "job_title": "CFO"}
    session.post(f"{simulator.url}/api/v2/contacts", json=contact, timeout=30).raise_for_status()
    api, path = linked(connected, crm)

    # When a run is asked for
    api.call("POST", f"{path}/sync", {})
    state = eventually(lambda: done(api, path), "the run") or {}

    # Then the contact is in Freshsales, and the link table and the report know of it
    (person,) = [one for one in crm.truth("contacts") if one["email"] == ADDRESS]
    assert (person["first_name"], person["job_title"]) == ("Mira", "CFO")
    assert state["counts"]["created_freshsales"] >= 1
    listed = api.call("GET", f"{path}/links?email={ADDRESS}")["customers"]
    assert [one["freshsales_id"] for one in listed] == [str(person["id"])]
    created = api.call("GET", f"{path}/report?outcome=created")["rows"]
    assert str(person["id"]) in [row["freshsales_id"] for row in created]

    # And nothing is left of the link once it is deleted
    api.call("DELETE", path)
    assert path.rpartition("/")[2] not in [
        one["link_id"] for one in api.call("GET", "/api/customer-links")
    ]


def done(api: ConnectorApi, path: str) -> dict[str, Any] | None:
    """The run, once it has ended."""
    run: dict[str, Any] | None = api.call("GET", path)["run"]
    return run if run is not None and run["state"] == "done" else None
