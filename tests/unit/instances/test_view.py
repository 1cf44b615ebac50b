"""Whatever an instance holds, what is shown of it has no secret, and texts for values."""

from __future__ import annotations

import json

from freshbridge.instances import elements, view
from freshbridge.instances.token import new_token, token_hash
from tests import builders

MASK = "********"
TOKEN = new_token(builders.INSTANCE_ID, b"a" * 32)
LEGACY = builders.instance(
    element="freshdesk",
    configuration={"subdomain": "https://acme.freshdesk.com", "username": "a@acme.example"},
    secret_entries=("password",),
)


def test_the_token_is_shown_only_where_it_is_given() -> None:
    held = builders.instance(tokens=(token_hash(TOKEN),))

    assert view.instance_view(held, now=0.0, token=TOKEN)["token"] == TOKEN
    shown = json.dumps(
        [view.instance_view(held, now=0.0), view.abridged_view(held, now=0.0),
         view.integration_view(held), view.entries_view(held)]
    )  # fmt: skip
    assert TOKEN not in shown
    assert held.tokens[0].hash not in shown
    assert view.instance_view(held, now=0.0)["token"] == MASK


def test_each_secret_entry_is_eight_stars_also_one_that_no_element_knows() -> None:
    held = builders.instance(secret_entries=("username", "oauth.api.secret"))

    shown = view.configuration_view(held)
    listed = {entry["key"]: entry for entry in view.entries_view(held)}

    assert (shown["username"], shown["oauth.api.secret"]) == (MASK, MASK)
    assert {key: entry["propertyValue"] for key, entry in listed.items()} == shown
    assert listed["oauth.api.secret"]["type"] == "PASSWORD"
    assert view.integration_view(held)["credentials"] == dict.fromkeys(held.secret_entries, MASK)


def test_a_secret_s_name_hides_a_value_that_was_once_kept_in_clear() -> None:
    held = builders.instance(
        configuration={"username": "key-made-up"}, secret_entries=("username",)
    )
    assert view.configuration_view(held)["username"] == MASK


def test_the_older_element_has_what_its_clients_read() -> None:
    shown = view.configuration_view(LEGACY)

    assert shown == {
        "base.url": "https://{subdomain}.freshdesk.com",
        "pagination.max": "30",
        "pagination.offset": "false",
        "subdomain": "https://acme.freshdesk.com",
        "username": "a@acme.example",
        "password": MASK,
    }
    assert view.element_view(elements.find("freshdesk"))["parameters"][0]["elementId"] == 130
    assert view.integration_view(LEGACY)["domain"] == "acme.freshdesk.com"


def test_events_are_enabled_by_their_entry() -> None:
    on = builders.instance(configuration={"event.notification.enabled": "true"})
    assert view.instance_view(on, now=0.0)["eventsEnabled"] is True
    assert view.instance_view(LEGACY, now=0.0)["eventsEnabled"] is False


def test_entry_ids_are_places_among_the_element_s_entries() -> None:
    listed = view.entries_view(builders.instance())
    entries = elements.find("freshdeskv2").entries

    for entry in listed:
        assert entries[entry["id"] - 1].key == entry["key"]


def test_an_item_of_a_list_leaves_the_element_s_texts_out() -> None:
    whole = view.instance_view(LEGACY, now=0.0)
    short = view.abridged_view(LEGACY, now=0.0)

    assert {**whole, "element": None} == {**short, "element": None}
    assert short["element"].items() <= whole["element"].items()
    assert "description" not in short["element"]
