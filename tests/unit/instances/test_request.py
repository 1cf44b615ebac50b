"""A request to connect an account is read, or refused naming all that is wrong at once."""

from __future__ import annotations

from typing import Any

import pytest

from freshbridge.instances.request import InvalidIntegration, read_integration

GOOD: dict[str, Any] = {
    "platform": "freshdesk",
    "name": " Acme ",
    "credentials": {"domain": "acme", "api_key": " key-made-up "},
}


def test_a_complete_request_is_read_without_the_blanks_around() -> None:
    wanted = read_integration(
        GOOD | {"config": {"default_group_id": 7, "sync_objects": ["tickets"]}}
    )

    assert (wanted.element.key, wanted.name) == ("freshdeskv2", "Acme")
    assert wanted.configuration["subdomain"] == "acme"
    assert wanted.credentials == {"username": "key-made-up"}
    assert wanted.config == {"default_group_id": 7, "sync_objects": ["tickets"]}
    assert "key-made-up" not in repr(wanted)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, {"platform", "name", "credentials.domain", "credentials.api_key"}),
        (GOOD | {"credentials": "acme"}, {"credentials.domain", "credentials.api_key"}),
        (GOOD | {"name": " ", "platform": "zendesk"}, {"name", "platform"}),
        (GOOD | {"credentials": GOOD["credentials"] | {"apikey": "x"}}, {"credentials.apikey"}),
        (GOOD | {"config": []}, {"config"}),
        (GOOD | {"config": None}, {"config"}),
        (GOOD | {"config": {"sync_objects": "tickets"}}, {"config.sync_objects"}),
        (GOOD | {"config": {"sync_objects": 7}}, {"config.sync_objects"}),
        (GOOD | {"config": {"sync_objects": ["tickets", "agents"]}}, {"config.sync_objects"}),
    ],
)
def test_all_that_is_wrong_is_named_at_once(body: dict[str, Any], named: set[str]) -> None:
    with pytest.raises(InvalidIntegration) as raised:
        read_integration(body)
    assert {field.field for field in raised.value.fields} == named
