"""Users in DynamoDB and the deploy's secrets in Secrets Manager, with a clock that is moved."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from freshbridge import aws
from freshbridge.instances import users
from freshbridge.instances.access import secret_hash, user_secret
from freshbridge.instances.deployed_secret import AGE_S, HOUR_S, RECHECK_S, DeployedSecret
from freshbridge.instances.users import (
    CREATE_ATTEMPTS,
    IdsTaken,
    UnknownUser,
    UserRevoked,
    UserStore,
)
from tests.fakes.aws_failures import Failing
from tests.integration.conftest import USER_SECRET, Stack

CREATED = "2026-03-03T12:02:40Z"


@dataclass
class Clock:
    """Starts in the present, since the emulated Secrets Manager dates versions by it."""

    now: float

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock(time.time())


def secret_of(letter: str) -> Callable[[int], str]:
    return lambda user_id: user_secret(user_id, letter.encode() * 32)


@pytest.fixture
def table(stack: Stack) -> str:
    return stack.names["AccessTable"]


# ---------------------------------------------------------------- users


def test_ids_count_up_from_two_and_only_hashes_are_stored(
    stack: Stack, table: str, clock: Clock
) -> None:
    store = UserStore(table, clock=clock)

    first = store.add("Ravi", "ravi@acme.example", CREATED, secret_of("a"))
    second = store.add("Mira", "", CREATED, secret_of("b"))

    assert (first.user_id, second.user_id) == (2, 3)
    assert store.all() == [first, second]
    stored = json.dumps(stack.items("AccessTable"))
    assert secret_hash(secret_of("a")(2)) in stored
    assert secret_of("a")(2) not in stored
    assert secret_of("b")(3) not in stored


def test_two_who_add_at_once_get_two_ids(table: str, clock: Clock) -> None:
    # Given a second caller who adds a user after the first has looked which ids are free
    other = UserStore(table, clock=clock)
    real = aws.dynamodb()

    def late_put(**arguments: Any) -> Any:
        if not other.all():
            other.add("Mira", "", CREATED, secret_of("b"))
        return real.put_item(**arguments)

    client: Any = Failing(real, put_item=late_put)

    # When the first one's write comes
    made = UserStore(table, client, clock=clock).add("Ravi", "", CREATED, secret_of("a"))

    # Then nobody's user is overwritten, and each secret names its own
    assert [(u.user_id, u.name) for u in other.all()] == [(2, "Mira"), (3, "Ravi")]
    assert made.user_id == 3
    assert other.accepts(2, secret_of("b")(2))
    assert other.accepts(3, secret_of("a")(3))


def test_when_every_id_is_taken_by_others_it_gives_up_without_overwriting(
    stack: Stack, table: str, clock: Clock
) -> None:
    real = aws.dynamodb()
    puts: list[str] = []

    def taken(**arguments: Any) -> Any:
        puts.append(arguments["Item"]["pk"]["S"])
        real.put_item(
            TableName=table, Item={"pk": arguments["Item"]["pk"], "other": {"BOOL": True}}
        )
        return real.put_item(**arguments)

    client: Any = Failing(real, put_item=taken)

    with pytest.raises(IdsTaken):
        UserStore(table, client, clock=clock).add("Ravi", "", CREATED, secret_of("a"))

    assert puts == [f"user#{number}" for number in range(2, 2 + CREATE_ATTEMPTS)]
    assert all("other" in item for item in stack.items("AccessTable"))


def test_a_listing_goes_on_where_a_page_ends(table: str, clock: Clock) -> None:
    store = UserStore(table, clock=clock)
    for number in range(5):
        store.add(f"user {number}", "", CREATED, secret_of("a"))
    real = aws.dynamodb()

    class SmallPages:
        def get_paginator(self, name: str) -> Any:
            real_pages = real.get_paginator(name)  # type: ignore[call-overload]  # its literals

            class Pages:
                def paginate(self, **arguments: Any) -> Any:
                    return real_pages.paginate(**arguments, PaginationConfig={"PageSize": 2})

            return Pages()

    client: Any = SmallPages()

    assert [u.user_id for u in UserStore(table, client).all()] == [2, 3, 4, 5, 6]


def test_a_rotated_secret_opens_until_its_grace_ends(table: str, clock: Clock) -> None:
    store = UserStore(table, clock=clock)
    user = store.add("Ravi", "", CREATED, secret_of("a"))
    old, new = secret_of("a")(2), secret_of("b")(2)
    assert store.accepts(2, old)

    store.rotate(user.user_id, new, previous_until=clock.now + HOUR_S)

    assert store.accepts(2, new)
    assert store.accepts(2, old)
    clock.now += HOUR_S - 0.5
    assert store.accepts(2, old)
    # The end counts to the second, whatever a warm function still remembers.
    clock.now += 0.5
    assert not store.accepts(2, old)
    assert store.accepts(2, new)


def test_rotating_twice_ends_the_oldest_at_once(table: str, clock: Clock) -> None:
    store = UserStore(table, clock=clock)
    store.add("Ravi", "", CREATED, secret_of("a"))

    for letter in "bc":
        store.rotate(2, secret_of(letter)(2), previous_until=clock.now + HOUR_S)

    opened = [letter for letter in "abc" if store.accepts(2, secret_of(letter)(2))]
    assert opened == ["b", "c"]


def test_a_revocation_is_seen_at_once_here_and_within_a_minute_elsewhere(
    stack: Stack, table: str, clock: Clock
) -> None:
    # Given two warm functions that both know the user, whose old secret is in its grace
    here, elsewhere = UserStore(table, clock=clock), UserStore(table, clock=clock)
    here.add("Ravi", "", CREATED, secret_of("a"))
    old, new = secret_of("a")(2), secret_of("b")(2)
    here.rotate(2, new, previous_until=clock.now + 100 * HOUR_S)
    assert here.accepts(2, new)
    assert elsewhere.accepts(2, new)

    # When one revokes it
    revoked = here.revoke(2)

    # Then neither secret opens there any more, and elsewhere once its memory is a minute old
    assert revoked.revoked
    assert not here.accepts(2, new)
    assert not here.accepts(2, old)
    clock.now += users.AGE_S - 1
    assert elsewhere.accepts(2, new)
    clock.now += 1
    assert not elsewhere.accepts(2, new)
    assert not elsewhere.accepts(2, old)
    # and the table holds no hash of it, though the id stays taken
    (item,) = stack.items("AccessTable")
    assert not {"secret_hash", "previous_hash"} & item.keys()
    assert here.add("Mira", "", CREATED, secret_of("c")).user_id == 3
    assert here.revoke(2) == revoked


def test_a_revoked_user_gets_no_new_secret_and_an_unknown_one_neither(
    stack: Stack, table: str, clock: Clock
) -> None:
    store = UserStore(table, clock=clock)
    store.add("Ravi", "", CREATED, secret_of("a"))
    store.revoke(2)

    with pytest.raises(UserRevoked, match="user 2"):
        store.rotate(2, secret_of("b")(2), previous_until=clock.now)
    with pytest.raises(UnknownUser, match="user 9"):
        store.rotate(9, secret_of("b")(9), previous_until=clock.now)
    with pytest.raises(UnknownUser, match="user 9"):
        store.revoke(9)

    assert not store.accepts(2, secret_of("b")(2))
    assert len(stack.items("AccessTable")) == 1


def test_a_new_secret_is_known_everywhere_within_seconds(table: str, clock: Clock) -> None:
    here, elsewhere = UserStore(table, clock=clock), UserStore(table, clock=clock)
    here.add("Ravi", "", CREATED, secret_of("a"))
    assert elsewhere.accepts(2, secret_of("a")(2))

    here.rotate(2, secret_of("b")(2), previous_until=clock.now + HOUR_S)

    clock.now += users.RECHECK_S
    assert elsewhere.accepts(2, secret_of("b")(2))


def test_strangers_fill_no_memory_and_cost_few_reads(table: str, clock: Clock) -> None:
    counting: Any = Failing(aws.dynamodb())
    store = UserStore(table, counting, clock=clock)
    UserStore(table).add("Ravi", "", CREATED, secret_of("a"))

    # A known id with wrong secrets is looked up once in five seconds, however often it is tried,
    assert not any(store.accepts(2, secret_of("x")(2)) for _ in range(20))
    assert counting.calls.count("get_item") == 1
    # and unknown ids are not remembered.
    assert not any(store.accepts(number, secret_of("x")(number)) for number in range(100, 150))
    assert list(store._kept) == [2]


def test_the_memory_is_bounded_and_drops_the_oldest(
    table: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users, "MOST_KEPT", 2)
    store = UserStore(table, clock=clock)
    for number in range(2, 6):
        store.add("x", "", CREATED, secret_of("a"))
        assert store.accepts(number, secret_of("a")(number))

    assert list(store._kept) == [4, 5]


def test_a_clock_set_back_is_no_reason_to_trust_the_memory(table: str, clock: Clock) -> None:
    store, elsewhere = UserStore(table, clock=clock), UserStore(table, clock=clock)
    store.add("Ravi", "", CREATED, secret_of("a"))
    assert elsewhere.accepts(2, secret_of("a")(2))
    store.revoke(2)

    clock.now -= 3600

    assert not elsewhere.accepts(2, secret_of("a")(2))


# ---------------------------------------------------------------- the deploy's two secrets


@pytest.fixture
def secret_id(stack: Stack) -> str:
    return stack.names["UserSecret"]


def test_the_generated_secret_opens_and_nothing_else(secret_id: str, clock: Clock) -> None:
    secret = DeployedSecret(secret_id, clock=clock)

    assert secret.accepts(USER_SECRET)
    assert not secret.accepts(USER_SECRET + "x")
    assert not secret.accepts("")


def test_an_operators_rotation_leaves_the_old_one_valid_for_a_day(
    secret_id: str, clock: Clock
) -> None:
    # Given an operator who calls `aws secretsmanager put-secret-value` with a file
    aws.secretsmanager().put_secret_value(SecretId=secret_id, SecretString="from-a-file\n")
    secret = DeployedSecret(secret_id, clock=clock)

    # Then both open for 24 hours, whichever function asks, and then only the new one
    assert secret.accepts("from-a-file")
    assert secret.accepts(USER_SECRET)
    clock.now += 24 * HOUR_S - 60
    assert secret.accepts(USER_SECRET)
    assert DeployedSecret(secret_id, clock=clock).accepts(USER_SECRET)
    clock.now += 120
    assert not secret.accepts(USER_SECRET)
    assert not DeployedSecret(secret_id, clock=clock).accepts(USER_SECRET)
    assert secret.accepts("from-a-file")


@pytest.mark.parametrize("hours", [0, 6, 24, 168])
def test_a_rotation_here_sets_the_grace_with_the_secret(
    secret_id: str, clock: Clock, hours: int
) -> None:
    secret = DeployedSecret(secret_id, clock=clock)

    until = secret.rotate("new-made-up", grace_hours=hours, random=b"r" * 16)

    assert until == clock.now + hours * HOUR_S
    elsewhere = DeployedSecret(secret_id, clock=clock)
    for one in (secret, elsewhere):
        assert one.accepts("new-made-up")
    # The service dates the version to the second, some time around this clock's present.
    clock.now += hours * HOUR_S - 60
    assert secret.accepts(USER_SECRET) == (hours > 0)
    clock.now += 120
    assert not secret.accepts(USER_SECRET)
    assert not elsewhere.accepts(USER_SECRET)


def test_an_operators_rotation_does_not_inherit_the_grace_of_the_one_before(
    secret_id: str, clock: Clock
) -> None:
    DeployedSecret(secret_id, clock=clock).rotate("second", grace_hours=0, random=b"r" * 16)
    aws.secretsmanager().put_secret_value(SecretId=secret_id, SecretString="third")

    secret = DeployedSecret(secret_id, clock=clock)

    assert [s for s in (USER_SECRET, "second", "third") if secret.accepts(s)] == ["second", "third"]


def test_a_rotation_elsewhere_is_noticed_within_seconds_by_who_shows_the_new_secret(
    secret_id: str, clock: Clock
) -> None:
    secret = DeployedSecret(secret_id, clock=clock)
    assert secret.accepts(USER_SECRET)
    aws.secretsmanager().put_secret_value(SecretId=secret_id, SecretString="new-made-up")

    clock.now += RECHECK_S
    assert secret.accepts("new-made-up")


def test_a_leaked_secret_rotated_elsewhere_is_refused_within_a_minute(
    secret_id: str, clock: Clock
) -> None:
    secret, elsewhere = (DeployedSecret(secret_id, clock=clock) for _ in range(2))
    assert secret.accepts(USER_SECRET)
    elsewhere.rotate("new-made-up", grace_hours=0, random=b"r" * 16)
    assert not elsewhere.accepts(USER_SECRET)

    clock.now += AGE_S - 1
    assert secret.accepts(USER_SECRET)
    clock.now += 1
    assert not secret.accepts(USER_SECRET)


def test_strangers_make_it_read_once_in_five_seconds(secret_id: str, clock: Clock) -> None:
    counting: Any = Failing(aws.secretsmanager())
    secret = DeployedSecret(secret_id, counting, clock=clock)
    clock.now += 48 * HOUR_S

    for _ in range(20):
        assert not secret.accepts("wrong")
        assert not secret.accepts("")
    assert counting.calls.count("get_secret_value") == 1

    clock.now += RECHECK_S
    assert not secret.accepts("wrong")
    assert counting.calls.count("get_secret_value") == 2


@pytest.mark.parametrize("value", [{"SecretString": " "}, {"SecretBinary": b"bytes"}])
def test_a_secret_without_text_opens_to_no_one(
    secret_id: str, clock: Clock, value: dict[str, Any]
) -> None:
    DeployedSecret(secret_id, clock=clock).rotate("x", grace_hours=0, random=b"r" * 16)
    aws.secretsmanager().put_secret_value(SecretId=secret_id, **value)
    clock.now += 48 * HOUR_S
    secret = DeployedSecret(secret_id, clock=clock)

    assert [s for s in ("", " ", "bytes", "x", USER_SECRET) if secret.accepts(s)] == []
