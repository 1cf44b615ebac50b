"""Users and rotation on the deployed stack, with IAM enforced."""

import pytest
import requests

from freshbridge.instances.users import AGE_S
from local.api_client import ConnectorApi
from local.scenario import Scenario
from tests.e2e.conftest import eventually

pytestmark = pytest.mark.e2e
# A warm function may go on with what it read of a user for this long.
REVOKED_S = AGE_S + 30


def as_user(scenario: Scenario, secret: str) -> ConnectorApi:
    return ConnectorApi(scenario.api.url, secret, scenario.api.organization_secret)


def status(api: ConnectorApi) -> int:
    return api.send("GET", "/api/integrations").status_code


def test_a_user_is_added_calls_rotates_and_is_revoked(connected: Scenario) -> None:
    # Given a second user
    added = connected.api.call("POST", "/api/users", {"name": "CI robot"})
    first = as_user(connected, added["secret"])
    assert added["id"] >= 2
    assert status(first) == 200

    # When it rotates its own secret
    rotated = first.call("POST", f"/api/users/{added['id']}/rotate", {"grace_hours": 1})
    second = as_user(connected, rotated["secret"])

    # Then the new one works, and the old one does within the grace
    eventually(lambda: status(second) == 200, "the new secret to work")
    assert status(first) == 200
    listed = {user["id"]: user for user in first.call("GET", "/api/users")}
    assert listed[1]["name"] == "owner"
    assert listed[added["id"]]["revoked"] is False
    assert not [user for user in listed.values() if "secret" in user]

    # and when it is revoked, neither does
    connected.api.call("DELETE", f"/api/users/{added['id']}")
    for api in (first, second):
        eventually(lambda api=api: status(api) == 401, "the secret to be refused", REVOKED_S)  # type: ignore[misc]  # mypy infers no type for a default
    refusal = second.send("GET", "/api/integrations").json()
    assert (refusal["success"], refusal["code"]) == (False, "access_denied")


def test_the_deploys_secrets_are_rotated_and_the_old_ones_still_open(connected: Scenario) -> None:
    api = connected.api

    user = api.call("POST", "/api/users/1/rotate")["secret"]
    organization = api.call("POST", "/api/organization/rotate")["secret"]

    # The other tests of this session go on with the old ones.
    new = ConnectorApi(api.url, user, organization)
    eventually(lambda: status(new) == 200, "the new secrets to work")
    assert status(api) == 200
    assert api.send("DELETE", "/api/users/1").status_code == 409


def test_strangers_are_refused(connected: Scenario) -> None:
    api = connected.api

    assert status(ConnectorApi(api.url, "wrong", api.organization_secret)) == 401
    assert status(ConnectorApi(api.url, api.user_secret, "wrong")) == 401
    assert requests.get(f"{api.url}/api/users", timeout=30).status_code == 401
