"""What was synced is downloaded, from the query to the file: deployed, with IAM enforced."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from local.scenario import Scenario
from local.stack import Stack
from tests.e2e.conftest import eventually
from tests.e2e.receiver import Receiver

pytestmark = pytest.mark.e2e
PATH = "/downloads/e2e"
BULK = "/elements/api-v2/hubs/helpdesk/bulk"


class Client:
    """A client of Open Connectors with its Element token and no organization."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        made = scenario.api.call("POST", f"/api/integrations/{scenario.instance['id']}/token")
        self._access = f"User {scenario.api.user_secret}, Element {made['token']}"

    def __call__(self, method: str, path: str, **more: Any) -> requests.Response:
        headers = {"Authorization": self._access, **more.pop("headers", {})}
        url = self._scenario.stack.api_url + BULK + path
        return requests.request(
            method, url, headers=headers, timeout=30, allow_redirects=False, **more
        )


@pytest.fixture
def synced(stack: Stack) -> Iterator[Scenario]:
    """An account whose tickets are in the lake."""
    made = Scenario(stack)
    made.freshdesk.steer("POST", "/seed", {"tickets": 40, "contacts": 5, "seed": 3})
    made.connect()
    path = f"/api/integrations/{made.instance['id']}/sync"
    made.api.call("POST", path)

    def copied() -> bool:
        made.read_lake()
        return len({row["id"] for row in made.rows}) >= 40

    eventually(copied, "the tickets to reach the lake")
    yield made
    made.api.call("DELETE", f"/api/integrations/{made.instance['id']}")


def test_a_bulk_download_and_an_export_hold_what_the_account_does(
    synced: Scenario, receiver: Receiver
) -> None:
    client = Client(synced)
    found = synced.freshdesk.steer("GET", "/truth?object=tickets")
    truth = {t["id"]: t["subject"] for t in found if not t["deleted"] and not t["spam"]}

    # When a client of Open Connectors asks for the tickets
    begun = client(
        "POST",
        "/query",
        params={"q": "select id, subject from incidents"},
        headers={"Elements-Async-Callback-Url": receiver.origin + PATH},
    )
    assert begun.status_code == 200, begun.text
    job_id = begun.json()["id"]
    eventually(lambda: receiver.of(PATH), "the callback")

    # Then it is told of the end, and the file holds them
    assert client("GET", f"/{job_id}/status").json()["status"] == "COMPLETED"
    array = client("GET", f"/{job_id}/incidents", headers={"Accept": "application/json"})
    assert {one["id"]: one["subject"] for one in array.json()} == truth

    # And the action's file lies where its URL says
    asked = {"action": "export_object", "parameters": {"object": "tickets", "raw": True}}
    path = f"/api/integrations/{synced.instance['id']}/actions"
    action = synced.api.send("POST", path, asked).json()["action_id"]

    def done() -> Any:
        record = synced.api.call("GET", f"/api/actions/{action}")
        return record["state"] == "succeeded" and record["data"]

    url = eventually(done, "the export")["url"]
    key = url.partition("?")[0].partition("/exports/")[2]
    bucket = synced.stack.deployment.resources["PayloadBucket"]
    kept = synced.stack.clients.client("s3").get_object(Bucket=bucket, Key=f"exports/{key}")
    rows = csv.DictReader(io.StringIO(kept["Body"].read().decode(), newline=""))
    assert {int(row["id"]): row["subject"] for row in rows} == truth
