"""A user and the organization, both, or nothing; a refusal never says which was wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from freshbridge.instances.access import AccessDenied, user_secret
from freshbridge.instances.callers import Callers

SECOND = user_secret(2, b"s" * 32)
OWNER = "owner-made-up"
ORGANIZATION = "organization-made-up"


@dataclass
class OneSecret:
    """Accepts one secret and remembers what it was shown."""

    secret: str
    shown: list[str] = field(default_factory=list)

    def accepts(self, shown: str) -> bool:
        self.shown.append(shown)
        return shown == self.secret


class OneUser:
    """Knows user 2."""

    def accepts(self, user_id: int, shown: str) -> bool:
        return (user_id, shown) == (2, SECOND)


def callers(organization: str = ORGANIZATION, owner: str = OWNER) -> Callers:
    parts: Any = (OneSecret(organization), OneSecret(owner), OneUser())
    return Callers(*parts)


@pytest.mark.parametrize(("secret", "user_id"), [(OWNER, 1), (SECOND, 2)])
def test_a_known_user_of_the_organization_is_let_in_by_number(secret: str, user_id: int) -> None:
    caller = callers().identify(f"organization {ORGANIZATION},USER {secret}, Token t1")

    assert (caller.user_id, caller.element_token) == (user_id, "t1")
    assert "t1" not in repr(caller)


REFUSED = [
    "",
    f"User {OWNER}",
    f"Organization {ORGANIZATION}",
    f"User wrong, Organization {ORGANIZATION}",
    f"User {OWNER}, Organization wrong",
    f"User {SECOND}, Organization wrong",
    f"User {user_secret(2, b't' * 32)}, Organization {ORGANIZATION}",
    f"User {user_secret(3, b's' * 32)}, Organization {ORGANIZATION}",
    f"User {user_secret(1, b's' * 32)}, Organization {ORGANIZATION}",
    f"User {ORGANIZATION}, Organization {OWNER}",
    f"User {OWNER}, User {OWNER}, Organization {ORGANIZATION}",
    f"User {OWNER}, Element t1",
]


def test_every_refusal_sounds_the_same() -> None:
    said = set()
    for header in REFUSED:
        with pytest.raises(AccessDenied) as raised:
            callers().identify(header)
        said.add((str(raised.value), raised.value.code))
    assert len(said) == 1


def test_a_token_stands_in_for_the_organization_only_where_the_route_allows_it() -> None:
    header = f"User {OWNER}, Element t1"

    caller = callers().identify(header, token_stands_in=True)

    assert (caller.user_id, caller.element_token) == (1, "t1")


@pytest.mark.parametrize(
    "header",
    [
        f"User {OWNER}",
        "Element t1",
        "User wrong, Element t1",
        f"User {OWNER}, Organization wrong, Element t1",
    ],
)
def test_a_token_does_not_make_up_for_anything_else(header: str) -> None:
    with pytest.raises(AccessDenied):
        callers().identify(header, token_stands_in=True)


def test_a_secret_the_operator_chose_may_look_like_another_users() -> None:
    chosen = user_secret(77, b"c" * 32)

    header = f"User {chosen}, Organization {ORGANIZATION}"

    assert callers(owner=chosen).identify(header).user_id == 1


def test_other_users_do_not_make_the_owners_secret_be_read() -> None:
    known = callers()

    known.identify(f"User {SECOND}, Organization {ORGANIZATION}")

    assert cast(OneSecret, known.owner).shown == []
