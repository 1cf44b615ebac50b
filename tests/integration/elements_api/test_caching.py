"""cachingEnabled, maxCacheSize and cacheTimeToLive: one choice, two faces."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.fakes.provider import FakeTransport
from tests.integration.elements_api.calls import INSTANCES, Api

NAMES = ("cachingEnabled", "maxCacheSize", "cacheTimeToLive")
OFF = {"cachingEnabled": False, "maxCacheSize": 0, "cacheTimeToLive": 0}
CHOSEN = {"cachingEnabled": True, "maxCacheSize": 500, "cacheTimeToLive": 60}


def shown(body: dict[str, Any]) -> dict[str, Any]:
    return {name: body[name] for name in NAMES}


def test_patch_changes_what_is_given_and_put_the_rest_too(
    api: Api, freshdesk: FakeTransport
) -> None:
    made = api.create()
    freshdesk.requests.clear()
    path = f"{INSTANCES}/{made['id']}"
    mapping = {"custom_field_mapping": {"cf_category": "category"}}
    api("PATCH", f"/api/integrations/{made['id']}", {"config": mapping})

    assert shown(made) == OFF
    assert shown(api("PATCH", path, CHOSEN).body) == CHOSEN
    assert shown(api("PATCH", path, {"cacheTimeToLive": 90}).body) == CHOSEN | {
        "cacheTimeToLive": 90
    }
    assert shown(api("PATCH", path, {"name": "Renamed"}).body)["maxCacheSize"] == 500
    assert shown(api("PUT", path, {"name": "Again", "maxCacheSize": 7}).body) == OFF | {
        "maxCacheSize": 7
    }
    kept = api("GET", f"/api/integrations/{made['id']}").body["data"]["config"]
    assert kept == mapping | OFF | {"maxCacheSize": 7}
    assert freshdesk.requests == [], "nothing about it is the provider's business"


@pytest.mark.usefixtures("freshdesk")
def test_a_client_may_send_back_what_it_was_shown(api: Api) -> None:
    made = api.create()
    path = f"{INSTANCES}/{made['id']}"
    whole = api("PATCH", path, CHOSEN).body

    again = api("PATCH", path, {name: whole[name] for name in ("name", "tags", *NAMES)})

    assert (again.status, shown(again.body)) == (200, CHOSEN)


@pytest.mark.usefixtures("freshdesk")
@pytest.mark.parametrize(
    "body",
    [
        {"cachingEnabled": "perhaps"},
        {"maxCacheSize": -1},
        {"cacheTimeToLive": 86_401},
        {"cacheTimeToLive": True},
    ],
)
def test_what_cannot_be_kept_is_named(api: Api, body: dict[str, Any]) -> None:
    made = api.create()

    answer = api("PATCH", f"{INSTANCES}/{made['id']}", body)

    assert answer.status == 400
    assert next(iter(body)) in json.dumps(answer.body)
    assert shown(api("GET", f"{INSTANCES}/{made['id']}").body) == OFF


@pytest.mark.usefixtures("freshdesk")
def test_the_other_face_has_them_in_config_and_null_takes_an_entry_out(api: Api) -> None:
    made = api.create()
    path = f"/api/integrations/{made['id']}"

    api("PATCH", path, {"config": CHOSEN | {"default_group_id": 123}})
    assert shown(api("GET", f"{INSTANCES}/{made['id']}").body) == CHOSEN
    left = api("PATCH", path, {"config": {"default_group_id": None, "maxCacheSize": None}})

    assert left.body["data"]["config"] == {"cachingEnabled": True, "cacheTimeToLive": 60}
    wrong = api("PATCH", path, {"config": {"custom_field_mapping": {"cf_a": "x", "cf_b": "x"}}})
    assert wrong.status == 400
    assert "config.custom_field_mapping.cf_a" in json.dumps(wrong.body)
