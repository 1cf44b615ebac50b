"""What a request to add a user may hold."""

from __future__ import annotations

from typing import Any

import pytest

from freshbridge.instances.users import InvalidUser, read_user


def test_a_name_is_enough_and_an_address_may_stand_beside_it() -> None:
    assert read_user({"name": " CI robot "}) == ("CI robot", "")
    assert read_user({"name": "Ravi", "email": None}) == ("Ravi", "")
    assert read_user({"name": "Ravi", "email": "ravi@acme.example"}) == (
        "Ravi",
        "ravi@acme.example",
    )


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"name"}),
        ({"name": ""}, {"name"}),
        ({"name": "  "}, {"name"}),
        ({"name": 7}, {"name"}),
        ({"name": "x" * 129}, {"name"}),
        ({"name": "a", "email": "ravi"}, {"email"}),
        ({"name": "a", "email": "ravi@"}, {"email"}),
        ({"name": "a", "email": "@acme.example"}, {"email"}),
        ({"name": "a", "email": "a@b@c.example"}, {"email"}),
        ({"name": "a", "email": " a@c.example"}, {"email"}),
        ({"name": "a", "email": "a b@c.example"}, {"email"}),
        ({"name": "a", "email": ""}, {"email"}),
        ({"name": "a", "email": 7}, {"email"}),
        ({"name": "a", "email": "a" * 250 + "@c.example"}, {"email"}),
        ({"name": "a", "secret": "mine", "id": 1}, {"secret", "id"}),
        ({"nam": "a", "email": 7}, {"nam", "name", "email"}),
    ],
)
def test_all_that_is_wrong_is_named_at_once(body: dict[str, Any], fields: set[str]) -> None:
    with pytest.raises(InvalidUser) as raised:
        read_user(body)

    assert {field.field for field in raised.value.fields} == fields
