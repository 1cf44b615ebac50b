"""Changing and deleting, by id and by token; the old key stays until a new one is accepted."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from freshbridge.instances.token import GRACE_S, new_token
from tests.fakes.provider import FakeTransport, json_reply
from tests.integration.elements_api.calls import (
    INSTANCES,
    KEY,
    MASK,
    ME,
    MISSING_OR_WRONG,
    OTHER_KEY,
    REFUSED,
    Answer,
    Api,
    creation,
    held,
    hosts,
    printed,
    secrets_left,
)

Call = Callable[..., Answer]


@pytest.fixture(params=["by id", "Element", "Token", "by element"])
def one(
    request: pytest.FixtureRequest, api: Api, freshdesk: FakeTransport
) -> tuple[dict[str, Any], Call]:
    """An instance, and a way to call for it."""
    made = api.create()
    freshdesk.requests.clear()

    def call(method: str, rest: str = "", body: Any = None) -> Answer:
        if request.param in ("Element", "Token"):
            return api(method, INSTANCES + rest, body, token=made["token"], keyword=request.param)
        path = INSTANCES
        if request.param == "by element" and not rest:
            path = "/elements/api-v2/elements/freshdeskv2/instances"
        return api(method, f"{path}/{made['id']}{rest}", body)

    return made, call


def test_patch_changes_what_is_given_and_put_replaces(
    one: tuple[dict[str, Any], Call], api: Api, freshdesk: FakeTransport
) -> None:
    made, call = one

    # When a part is given
    named = call("PATCH", body={"name": "Renamed"})
    tagged = call("PATCH", body={"tags": []})
    configured = call("PATCH", body={"configuration": {"event.objects": "contacts"}})

    # Then the rest stays
    assert (named.status, named.body["name"], named.body["tags"]) == (200, "Renamed", ["Docs"])
    assert (tagged.body["name"], tagged.body["tags"]) == ("Renamed", [])
    expected = made["configuration"] | {"event.objects": "contacts"}
    assert configured.body["configuration"] == expected
    assert configured.body["token"] == MASK
    assert freshdesk.requests == []

    # When all is replaced by what was read, secrets as stars
    body = api("GET", f"{INSTANCES}/{made['id']}").body | {"name": "Put", "tags": ["a", "b"]}
    del body["configuration"]["event.objects"]
    put = call("PUT", body=body)

    # Then what was left out is gone, and the key is the one that it was
    assert put.status == 200
    assert (put.body["name"], put.body["tags"]) == ("Put", ["a", "b"])
    assert put.body["configuration"] == made["configuration"]
    assert held(made) == {"username": KEY}
    assert freshdesk.requests == []
    assert api("GET", f"{INSTANCES}/{made['id']}").body == put.body

    # and a new key takes the old one's place
    body["configuration"]["username"] = OTHER_KEY
    assert call("PUT", body=body).status == 200
    assert held(made) == {"username": OTHER_KEY}
    assert len(freshdesk.requests) == 1
    assert "missing: username" in call("PUT", body=creation(configuration={"username": ""})).text


def test_a_deleted_instance_s_token_is_refused_like_a_wrong_one(
    one: tuple[dict[str, Any], Call], api: Api
) -> None:
    made, call = one

    deleted = call("DELETE")

    assert (deleted.status, deleted.body) == (200, {})
    assert api("GET", f"{INSTANCES}/{made['id']}").status == 404
    refused = [
        api("GET", f"{INSTANCES}/configuration", token=token)
        for token in (made["token"], made["token"][:-6] + "AAAA==", "x", "AAAA", "ключ", None)
    ]
    assert {
        (a.status, a.body["message"].partition(". ")[0]) for a in refused[:4] + refused[5:]
    } == {(401, MISSING_OR_WRONG)}
    assert refused[4].status == 401
    assert secrets_left() == []


def test_it_is_disabled_and_enabled(one: tuple[dict[str, Any], Call], api: Api) -> None:
    made, call = one

    assert call("DELETE", "/enabled").status == 200
    assert api("GET", f"{INSTANCES}/{made['id']}").body["disabled"] is True
    # Its token still opens what is about the instance itself.
    assert api("GET", f"{INSTANCES}/configuration", token=made["token"]).status == 200
    assert call("PUT", "/enabled").status == 200
    assert api("GET", f"{INSTANCES}/{made['id']}").body["disabled"] is False


def test_entries_are_listed_read_and_changed(
    one: tuple[dict[str, Any], Call], freshdesk: FakeTransport
) -> None:
    made, call = one
    entries = {entry["key"]: entry for entry in call("GET", "/configuration").body}
    nulls, key = entries["filter.response.nulls"], entries["username"]

    assert {k: e["propertyValue"] for k, e in entries.items()} == made["configuration"]
    assert len({entry["id"] for entry in entries.values()}) == len(entries)
    assert set(nulls) >= {
        "id", "key", "name", "description", "propertyValue", "type", "required", "active",
        "hideFromConsole",
    }  # fmt: skip
    assert (nulls["type"], key["type"], key["propertyValue"]) == ("BOOLEAN_YESNO", "PASSWORD", MASK)
    assert call("GET", f"/configuration/{nulls['id']}").body == nulls

    # When an entry is changed, and the secret one
    path = f"/configuration/{nulls['id']}"
    changed = call("PATCH", path, {"propertyValue": False, "active": True})
    rotated = call("PATCH", f"/configuration/{key['id']}", {"propertyValue": OTHER_KEY})

    # Then it is kept as a text; the secret was checked, kept in the vault, and not shown
    assert (changed.status, changed.body) == (200, nulls | {"propertyValue": "false"})
    assert call("GET", path).body["propertyValue"] == "false"
    assert (rotated.status, rotated.body) == (200, key)
    assert held(made) == {"username": OTHER_KEY}
    assert len(freshdesk.requests) == 1
    assert call("PATCH", path, {"value": "x"}).status == 400
    assert call("PATCH", path, {"propertyValue": "perhaps"}).status == 400
    assert call("GET", "/configuration/9999").status == 404


@pytest.mark.parametrize("body", [{"name": 7}, {"configuration": "x"}, {"tags": [None]}])
def test_a_wrong_type_changes_nothing(
    api: Api, freshdesk: FakeTransport, body: dict[str, Any]
) -> None:
    made = api.create()
    path = f"{INSTANCES}/{made['id']}"

    assert api("PATCH", path, body).status == 400
    assert api("PUT", path, body).status == 400

    assert api("GET", path).body == made | {"token": MASK}
    assert len(freshdesk.requests) == 1


@pytest.mark.parametrize("face", ["elements", "api", "entry"])
def test_a_refused_new_key_leaves_the_old_one(api: Api, provider: FakeTransport, face: str) -> None:
    provider.on("GET", ME, json_reply({"id": 55}), REFUSED)
    made = api.create()

    if face == "elements":
        body: dict[str, Any] = {"name": "New", "configuration": {"username": OTHER_KEY}}
        answer = api("PATCH", f"{INSTANCES}/{made['id']}", body)
    elif face == "api":
        body = {"name": "New", "credentials": {"api_key": OTHER_KEY}}
        answer = api("PATCH", f"/api/integrations/{made['id']}", body)
    else:
        path = f"{INSTANCES}/{made['id']}/configuration/username"
        answer = api("PATCH", path, {"propertyValue": OTHER_KEY})

    assert answer.status == 401
    assert answer.body["message"] == "Authentication failed: Invalid API key"
    assert held(made) == {"username": KEY}
    assert api("GET", f"{INSTANCES}/{made['id']}").body["name"] == "API Instance"
    assert len({r.headers["authorization"] for r in provider.requests}) == 2


def test_another_account_is_asked_before_the_address_changes(
    api: Api, provider: FakeTransport
) -> None:
    provider.on("GET", ME, json_reply({"id": 55}), json_reply({"id": 56}), REFUSED)
    made = api.create()
    path = f"{INSTANCES}/{made['id']}"

    # Where a key may not go, it does not
    for typed in (
        "acme.freshdesk.com.evil.example",
        "http://127.0.0.1",
        "https://evil.example",
        "",
    ):
        assert api("PATCH", path, {"configuration": {"subdomain": typed}}).status == 400
    assert hosts(provider) == ["acme.freshdesk.com"]

    # An accepted address is kept, a refused one is not
    other = api("PATCH", path, {"configuration": {"subdomain": "other"}})
    third = api("PATCH", path, {"configuration": {"subdomain": "third"}})
    assert (other.status, third.status) == (200, 401)
    assert hosts(provider) == [f"{name}.freshdesk.com" for name in ("acme", "other", "third")]
    assert api("GET", path).body["configuration"]["subdomain"] == "other"
    assert api("GET", f"/api/integrations/{made['id']}").body["data"]["domain"] == (
        "other.freshdesk.com"
    )


def test_the_older_element_s_user_name_is_checked_and_no_key_becomes_one(
    api: Api, provider: FakeTransport
) -> None:
    provider.on("GET", ME, json_reply({"id": 55}), REFUSED)
    made = api("POST", INSTANCES, printed("create_freshdesk.json")["body"]).body
    path = f"{INSTANCES}/{made['id']}"

    answer = api("PATCH", path, {"configuration": {"username": "other@sample.example"}})
    assert (answer.status, answer.body["message"]) == (
        401, "Authentication failed: Invalid username or password",
    )  # fmt: skip
    assert api("GET", path).body["configuration"]["username"] == "sample@sample.example"

    # An API key would be shown where that element has a user's name.
    credentials = {"credentials": {"api_key": OTHER_KEY}}
    refused = api("PATCH", f"/api/integrations/{made['id']}", credentials)
    assert refused.status == 400
    assert "credentials.api_key" in refused.body["message"]


@pytest.mark.parametrize(
    ("method", "rest"),
    [("GET", "/configuration"), ("PATCH", ""), ("PUT", ""), ("DELETE", ""), ("DELETE", "/enabled"),
     ("PUT", "/enabled"), ("GET", "/configuration/1"), ("PATCH", "/configuration/1")],
)  # fmt: skip
def test_a_token_that_only_names_a_living_instance_opens_nothing(
    api: Api, freshdesk: FakeTransport, method: str, rest: str
) -> None:
    # Given a token of the instance's id and somebody's random bytes, and another instance's own
    made, other = api.create(), api.create()
    forged = new_token(str(made["id"]), b"x" * 32)
    body = {"name": "Theirs", "propertyValue": "theirs"} if method in ("PATCH", "PUT") else None

    for shown in (forged, None):
        answer = api(method, INSTANCES + rest, body, token=shown)
        assert answer.status == 401
    assert api("GET", f"{INSTANCES}/{made['id']}").body == made | {"token": MASK}
    assert api("GET", f"{INSTANCES}/{other['id']}").body == other | {"token": MASK}
    assert len(freshdesk.requests) == 2


def test_after_a_rotation_both_tokens_open_within_the_grace(
    api: Api, freshdesk: FakeTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = api.create()
    fresh = api("POST", f"/api/integrations/{made['id']}/token").body["data"]["token"]
    api.tokens.append(fresh)

    def opens(shown: str) -> bool:
        return api("GET", f"{INSTANCES}/configuration", token=shown).status == 200

    assert (opens(made["token"]), opens(fresh)) == (True, True)
    later = time.time() + GRACE_S + 1
    monkeypatch.setattr("connector_api.instances.time.time", lambda: later)
    assert (opens(made["token"]), opens(fresh)) == (False, True)
    assert freshdesk.requests
